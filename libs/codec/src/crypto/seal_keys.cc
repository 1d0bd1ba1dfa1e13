#include "crypto/files.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <kronika/base/ids.h>
#include <kronika/codec/errc.h>
#include <kronika/codec/seal_keys.h>
#include <kronika/domain/time.h>

namespace kronika::codec {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::string_view kDestroyed = "destroyed";

std::string_view bytes_of(const SealKeys::Bytes& key) {
  return {reinterpret_cast<const char*>(key.data()), key.size()};
}

/// The day of UTC, which domain::CivilDate counts as it does those of Copenhagen.
domain::CivilDate day_of(Instant t) {
  const std::int64_t days = t.ms >= 0 ? t.ms / kDayMs : -((-t.ms + kDayMs - 1) / kDayMs);
  return {static_cast<std::int32_t>(days)};
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  constexpr std::string_view kBlanks = " \t\r";
  for (std::size_t at = 0; (at = line.find_first_not_of(kBlanks, at)) != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

std::optional<SealKeys::Bytes> key_of(std::string_view hex) {
  const auto raw = from_hex(hex);
  if (!raw || raw->size() != SealKeys::kKeyBytes) return std::nullopt;
  SealKeys::Bytes key{};
  std::memcpy(key.data(), raw->data(), key.size());
  return key;
}

}  // namespace

SealMonth seal_month_of(Instant t) {
  const auto date = domain::year_month_day(day_of(t));
  return {date.year * 12 + date.month - 1};
}

Instant begin_of(SealMonth month) {
  const auto date = domain::civil_date(month.value / 12, month.value % 12 + 1, 1);
  return {static_cast<std::int64_t>(date->days) * kDayMs};
}

std::string to_text(SealMonth month) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d", month.value / 12, month.value % 12 + 1);
  return text.data();
}

std::optional<SealMonth> parse_seal_month(std::string_view text) {
  const auto first = domain::parse_date(std::string(text) + "-01");
  if (!first) return std::nullopt;
  const auto date = domain::year_month_day(*first);
  return SealMonth{date.year * 12 + date.month - 1};
}

Result<SealKeys> SealKeys::from_file(const std::filesystem::path& file) {
  struct stat info{};
  if (stat(file.c_str(), &info) == 0 && (info.st_mode & S_IROTH) != 0) {
    return fail(kKeyFile, file.string() + ": everyone can read these keys; run chmod 600 on it");
  }
  const auto content = read_key_file(file);
  if (!content) {
    return fail(kKeyFile, file.string() +
                              ": cannot be read; `kronika keys make` makes one, a deployment "
                              "mounts its own");
  }
  if (content->size() == kKeyBytes) {
    Bytes key{};
    std::memcpy(key.data(), content->data(), kKeyBytes);
    return SealKeys(key);
  }
  return from_text(*content, file.string());
}

Result<SealKeys> SealKeys::from_text(std::string_view text, const std::string& name) {
  SealKeys all;
  int number = 0;
  const auto malformed = [&](const std::string& what) {
    return fail(kKeyFile, name + ":" + std::to_string(number) + ": " + what);
  };
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const auto words = words_of(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words.empty() || words.front().starts_with('#')) continue;
    const auto month = words.size() > 1 ? parse_seal_month(words.front()) : std::nullopt;
    if (words.size() > 1 && !month) return malformed("a line begins with its month, as 2026-11");
    if (words.size() == 4 && words[1] == kDestroyed) {
      const auto id = from_hex(words[2]);
      if (!id || id->size() != kIdBytes) return malformed("the id of a destroyed key is 8 digits");
      all.destroyed_.push_back({*month, *id, std::string(words[3])});
      continue;
    }
    const auto key = words.size() <= 2 ? key_of(words.back()) : std::nullopt;
    if (!key)
      return malformed("a sealing key is 64 hex digits (AES-256), with its month before it");
    all.add(month, *key);
    const std::string& id = all.keys_.back().id;
    // Under two months, destroying one would leave its originals readable.
    if (all.find(id) != &all.keys_.back()) return malformed("this key stands here twice");
    if (all.find_destroyed(id) != nullptr) return malformed("this key counts as destroyed");
  }
  if (all.keys_.empty()) {
    return fail(kKeyFile, name + ": holds no sealing key; `kronika keys make` adds some");
  }
  return all;
}

std::string SealKeys::text() const {
  std::string out =
      "# Sealing keys by month of UTC (docs/data_protection.md). Written by `kronika keys`.\n";
  std::vector<const Key*> sorted;
  for (const Key& key : keys_) sorted.push_back(&key);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Key* a, const Key* b) { return a->month < b->month; });
  for (const Destroyed& gone : destroyed_) {
    out += to_text(gone.month) + ' ' + std::string(kDestroyed) + ' ' + to_hex(gone.id) + ' ' +
           gone.day + '\n';
  }
  for (const Key* key : sorted) {
    if (key->month) out += to_text(*key->month) + ' ';
    out += to_hex(bytes_of(key->bytes)) + '\n';
  }
  return out;
}

Result<void> SealKeys::write(const std::filesystem::path& file) const {
  const auto cannot = [&](const char* what) {
    return fail(kKeyFile, file.string() + ": " + what + ": " + std::strerror(errno));
  };
  std::error_code ignored;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), ignored);
  const std::string fresh = file.string() + ".new";
  unlink(fresh.c_str());
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) return cannot("cannot be written");
  const std::string content = text();
  const bool whole =
      ::write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()) &&
      fsync(fd) == 0;
  close(fd);
  if (!whole || rename(fresh.c_str(), file.c_str()) != 0) {
    const int why = errno;
    unlink(fresh.c_str());
    errno = why;
    return cannot("cannot be replaced");
  }
  return {};
}

const SealKeys::Key& SealKeys::sealing(Instant now) const {
  const SealMonth month = seal_month_of(now);
  const Key* best = nullptr;
  const Key* first = &keys_.front();
  for (const Key& key : keys_) {
    if (key.month < first->month) first = &key;
    if (key.month && *key.month > month) continue;
    // A key of no month counts as older than all.
    if (best == nullptr || key.month >= best->month) best = &key;
  }
  return best != nullptr ? *best : *first;
}

bool SealKeys::covers(Instant now) const {
  const Key& key = sealing(now);
  return key.month ? *key.month == seal_month_of(now) : !by_month();
}

std::optional<Instant> SealKeys::end(Instant now) const {
  if (!by_month()) return std::nullopt;
  SealMonth month = seal_month_of(now);
  if (covers(now)) {
    while (covers(begin_of(month))) month = month + 1;
    return begin_of(month);
  }
  const Key& key = sealing(now);
  return begin_of(key.month && *key.month < month ? *key.month + 1 : month);
}

bool SealKeys::by_month() const {
  return std::any_of(keys_.begin(), keys_.end(), [](const Key& k) { return k.month.has_value(); });
}

const SealKeys::Key* SealKeys::find(std::string_view id) const {
  const auto at =
      std::find_if(keys_.begin(), keys_.end(), [&](const Key& key) { return key.id == id; });
  return at == keys_.end() ? nullptr : &*at;
}

const SealKeys::Destroyed* SealKeys::find_destroyed(std::string_view id) const {
  const auto at = std::find_if(destroyed_.begin(), destroyed_.end(),
                               [&](const Destroyed& gone) { return gone.id == id; });
  return at == destroyed_.end() ? nullptr : &*at;
}

void SealKeys::add(std::optional<SealMonth> month, const Bytes& key) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(key.data(), key.size(), digest.data());
  keys_.push_back({month, key, {reinterpret_cast<const char*>(digest.data()), kIdBytes}});
}

std::vector<SealMonth> SealKeys::make(SealMonth first, int count) {
  std::vector<SealMonth> made;
  for (SealMonth month = first; month < first + count; month = month + 1) {
    const auto of_month = [&](const auto& one) { return one.month == month; };
    if (std::any_of(keys_.begin(), keys_.end(), of_month) ||
        std::any_of(destroyed_.begin(), destroyed_.end(), of_month)) {
      continue;
    }
    Bytes key{};
    if (RAND_bytes(key.data(), kKeyBytes) != 1) std::abort();  // a guessable key is worse than none
    add(month, key);
    made.push_back(month);
  }
  return made;
}

std::size_t SealKeys::destroy(SealMonth month, Instant now) {
  std::size_t count = 0;
  std::erase_if(keys_, [&](const Key& key) {
    if (key.month != month) return false;
    destroyed_.push_back({month, key.id, domain::to_text(day_of(now))});
    ++count;
    return true;
  });
  return count;
}

}  // namespace kronika::codec
