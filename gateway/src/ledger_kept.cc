// What is kept of messages beside their events: the sealed original on the topic raw, and the dead
// letter. Which dead letters are open, and whether everything stands where messages say it does.
//
// The topic raw is not read. Its places are given once, so a loss shows without reading: a message
// names a place behind the topic's end, two messages name the same one (the end was lost, and
// written anew), or the topic begins behind it before its time.
#include "ledger_values.h"

#include <algorithm>

#include <kronika/domain/checks.h>
#include <kronika/gateway/view.h>

namespace kronika::gateway {

using namespace ledger_keys;  // NOLINT(google-build-using-namespace)

namespace {

// Places compared in one step, as of events.
constexpr std::size_t kPlacesOfStep = 200'000;
constexpr std::string_view kStages[] = {"edge", "citizen", "indicators"};
// Of a runtime that gave up on a record, beside the reasons of domain.md 4.3.
constexpr std::string_view kGivenUp = "internal_invariant";
constexpr std::string_view kOther = "other";
constexpr std::int64_t kBeyond = (std::int64_t{1} << 48) - 1;  // behind every offset of a key

std::uint16_t day_of(Instant t) {
  return static_cast<std::uint16_t>(std::clamp(domain::civil_date_of(t).days, 0, 0xffff));
}

/// Labels of metrics come from these lists alone, whatever stands in a header.
std::string stage_of(std::string_view text) {
  const bool known = std::find(std::begin(kStages), std::end(kStages), text) != std::end(kStages);
  return std::string(known ? text : kOther);
}
std::string reason_of(std::string_view text) {
  const bool known = text == kGivenUp || domain::reason_from_slug(text).has_value();
  return std::string(known ? text : kOther);
}

std::string start_of(std::string_view hash) { return std::string(hash.substr(0, kIdBytes)); }

}  // namespace

/// One partition of raw or dead-letter at one step.
struct Ledger::Kept {
  std::uint8_t topic = 0;
  std::int32_t partition = 0;
  std::int64_t begin = 0, end = 0;
  std::uint16_t first_day = 0;  ///< what was received earlier may have been deleted
  std::size_t* budget = nullptr;
};

Result<void> Ledger::stage_letter(const bus::Record& record, RecordAt at, store::WriteSet& writes) {
  if (record.timestamp < since()) return {};
  Letter letter;
  letter.time = record.timestamp;
  letter.stage = letter.reason = kOther;
  for (const bus::Header& header : record.headers) {
    if (header.key == "kronika-dlq-stage") letter.stage = stage_of(header.value);
    if (header.key == "kronika-dlq-reason") letter.reason = reason_of(header.value);
    if (header.key == "kronika-dlq-hash")
      letter.hash = start_of(from_hex(header.value).value_or(""));
  }
  auto closed = store_.get(kFamily, place_key(at, kClosed));
  if (!closed) return tl::unexpected(closed.error());
  letter.open = !*closed && !batch_closed_.contains(at);
  writes.put(kFamily, place_key(at, kStands), value_of(letter));
  mark(at, day_of(letter.time), writes);
  if (letter.open) {
    writes.put(kFamily, open_key(letter, at), "");
    count_letter(letter, 1);
  }
  batch_letters_[at] = std::move(letter);
  return {};
}

/// The record that tells so may be read before the letter itself: topics are read side by side.
Result<void> Ledger::close_letter(const codec::RecordPlace& place, std::uint16_t day,
                                  store::WriteSet& writes) {
  const RecordAt at{kDeadLetterTopic, place.partition, place.offset};
  std::optional<Letter> letter;
  if (const auto here = batch_letters_.find(at); here != batch_letters_.end()) {
    letter = here->second;
  } else {
    const auto stored = store_.get(kFamily, place_key(at, kStands));
    if (!stored) return tl::unexpected(stored.error());
    if (*stored) letter = read_letter(**stored);
  }
  if (!letter) {
    writes.put(kFamily, place_key(at, kClosed), "");
    mark(at, day, writes);
    batch_closed_.insert(at);
    return {};
  }
  if (!letter->open) return {};
  writes.erase(kFamily, open_key(*letter, at));
  letter->open = false;
  writes.put(kFamily, place_key(at, kStands), value_of(*letter));
  count_letter(*letter, -1);
  batch_letters_[at] = std::move(*letter);
  return {};
}

void Ledger::count_letter(const Letter& letter, int by) {
  const std::lock_guard lock(mutex_);
  const auto found = open_letters_.try_emplace({letter.stage, letter.reason}).first;
  found->second += static_cast<std::uint64_t>(by);
  if (found->second == 0) open_letters_.erase(found);
}

Result<void> Ledger::load_letters() {
  return store_.scan_prefix(kFamily, "o", [&](std::string_view key, std::string_view) {
    const std::size_t stage = key.find('\0');
    const std::size_t reason = key.find('\0', stage + 1);
    Letter letter;
    letter.stage = key.substr(1, stage - 1);
    letter.reason = key.substr(stage + 1, reason - stage - 1);
    count_letter(letter, 1);
    return true;
  });
}

/// Of [from, to): they are gone from the topic, or older than what the ledger keeps.
Result<void> Ledger::forget_letters(const RecordAt& from, const RecordAt& to) {
  store::WriteSet writes;
  const auto done = store_.scan_range(kFamily, place_key(from), place_key(to),
                                      [&](std::string_view key, std::string_view value) {
                                        if (key[1 + kPlaceBytes] != kStands) return true;
                                        Letter letter = read_letter(value);
                                        if (!letter.open) return true;
                                        writes.erase(kFamily, open_key(letter, read_place(key, 1)));
                                        letter.open = false;
                                        writes.put(kFamily, key, value_of(letter));
                                        count_letter(letter, -1);
                                        return true;
                                      });
  if (!done) return done;
  return writes.empty() ? Result<void>() : store_.apply(writes);
}

Result<std::vector<OpenLetters>> Ledger::open_letters() const {
  std::vector<OpenLetters> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [kind, count] : open_letters_) {
      all.push_back({kind.first, kind.second, count, {}});
    }
  }
  for (OpenLetters& kind : all) {
    const std::string prefix = open_prefix(kind.stage, kind.reason);
    const auto done =
        store_.scan_prefix(kFamily, prefix, [&](std::string_view key, std::string_view) {
          kind.oldest.ms = static_cast<std::int64_t>(read_48(key, prefix.size()));
          return false;
        });
    if (!done) return tl::unexpected(done.error());
  }
  // Closed between the two looks.
  std::erase_if(all, [](const OpenLetters& kind) { return kind.oldest == Instant{}; });
  return all;
}

void Ledger::stage_claim(const codec::MessageReceived& received, RecordAt message, RecordAt kept,
                         std::uint16_t day, store::WriteSet& writes) {
  const Claim claim{message, day, start_of(received.sha256)};
  writes.put(kFamily, claim_key(kept, message), value_of(claim));
  mark(kept, day, writes);
  const std::lock_guard lock(mutex_);
  const auto compared = compared_.find({kept.topic, kept.partition});
  if (compared == compared_.end() || compared->second <= kept.offset) return;
  compared->second = kept.offset;
  std::string value;
  append_be(value, static_cast<std::uint64_t>(kept.offset));
  writes.put(kFamily, part_key('v', kept.topic, kept.partition), value);
}

Result<void> Ledger::check_kept(const Log& log, Instant now) {
  std::size_t budget = kPlacesOfStep;
  const auto keep = [&](char prefix, const Kept& part, std::int64_t offset) {
    store::WriteSet writes;
    std::string value;
    append_be(value, static_cast<std::uint64_t>(offset));
    writes.put(kFamily, part_key(prefix, part.topic, part.partition), value);
    return store_.apply(writes);
  };
  for (const auto& [at, end] : log.ends) {
    if (at.first != kRawTopic && at.first != kDeadLetterTopic) continue;
    const auto begin = log.begins.find(at);
    if (begin == log.begins.end()) continue;
    Kept part{at.first, at.second, begin->second, end, 0, &budget};
    // A day's grace: the setting may be longer than what the topic was told so far.
    const int days = at.first == kRawTopic ? terms_.raw_days : terms_.dead_letter_days;
    part.first_day = day_of(Instant{now.ms - (days - 1) * 86'400'000LL});
    std::int64_t done = 0;
    if (std::int64_t& judged = begins_[at]; judged < part.begin) {
      if (auto ok = compare_kept(part, judged, part.begin, done); !ok) return ok;
      if (at.first == kDeadLetterTopic) {
        const RecordAt from{at.first, at.second, judged}, to{at.first, at.second, done};
        if (auto ok = forget_letters(from, to); !ok) return ok;
      }
      judged = done;
      if (auto ok = keep('b', part, done); !ok) return ok;
    }
    std::int64_t from = 0, to = end;
    {
      const std::lock_guard lock(mutex_);
      if (const auto compared = compared_.find(at); compared != compared_.end()) {
        from = compared->second;
      }
    }
    if (at.first == kDeadLetterTopic) {
      const auto read = log.read.find(at);
      to = std::min(to, read == log.read.end() ? 0 : read->second);
    }
    if (from < to) {
      if (auto ok = compare_kept(part, from, to, done); !ok) return ok;
      if (auto ok = keep('v', part, done); !ok) return ok;
      const std::lock_guard lock(mutex_);
      compared_[at] = done;
    }
    // Named after Kafka had acknowledged it, and read before the end was asked for.
    if (auto ok = compare_kept(part, end, kBeyond, done); !ok) return ok;
  }
  return {};
}

Result<void> Ledger::compare_kept(const Kept& part, std::int64_t from, std::int64_t to,
                                  std::int64_t& done) {
  store::WriteSet writes;
  std::optional<RecordAt> open;
  std::vector<Claim> claims;
  std::optional<Letter> letter;
  Result<void> judged;
  const auto close = [&] {
    if (open && judged) judged = judge(part, *open, claims, letter, writes);
    open.reset();
    claims.clear();
    letter.reset();
  };
  done = to;
  const auto scanned = store_.scan_range(kFamily, place_key({part.topic, part.partition, from}),
                                         place_key({part.topic, part.partition, to}),
                                         [&](std::string_view key, std::string_view value) {
                                           const RecordAt at = read_place(key, 1);
                                           if (!open || *open != at) {
                                             close();
                                             if (*part.budget == 0 || !judged) {
                                               done = at.offset;
                                               return false;
                                             }
                                             --*part.budget;
                                             open = at;
                                           }
                                           const char what = key[1 + kPlaceBytes];
                                           if (what == kClaimed)
                                             claims.push_back(read_claim(key, value));
                                           if (what == kStands) letter = read_letter(value);
                                           return true;
                                         });
  if (!scanned) return scanned;
  close();
  if (!judged) return judged;
  if (writes.empty()) return {};
  put_touched(writes);
  return store_.apply(writes);
}

/// Of several messages that name one place of raw, the last one has written it.
Result<std::string> Ledger::written_last(const std::vector<Claim>& claims) const {
  if (claims.size() == 1) return claims.front().hash;
  Instant latest;
  std::string hash;
  for (const Claim& claim : claims) {
    const auto stored = store_.get(kFamily, place_key(claim.message, kMessage));
    if (!stored) return tl::unexpected(stored.error());
    codec::MessageReceived received;
    if (!*stored || !codec::decode_message_received(**stored, received)) continue;
    if (received.received_at < latest) continue;
    latest = received.received_at;
    hash = claim.hash;
  }
  return hash;
}

Result<void> Ledger::judge(const Kept& part, const RecordAt& at, const std::vector<Claim>& claims,
                           const std::optional<Letter>& letter, store::WriteSet& writes) {
  const bool deleted = at.offset < part.begin, beyond = at.offset >= part.end;
  std::string stands;  // hash of the message that the record there is of; empty: of none
  if (letter) {
    stands = letter->hash;
  } else if (part.topic == kRawTopic && !beyond && !claims.empty()) {
    auto written = written_last(claims);
    if (!written) return tl::unexpected(written.error());
    stands = std::move(*written);
  }
  for (const Claim& claim : claims) {
    const bool gone = deleted ? claim.day > part.first_day : claim.hash != stands;
    if (!gone) continue;
    if (auto ok = note_lost(claim, at, writes); !ok) return ok;
  }
  return {};
}

Result<void> Ledger::note_lost(const Claim& claim, const RecordAt& at, store::WriteSet& writes) {
  const auto stored = store_.get(kFamily, place_key(claim.message, kMessage));
  if (!stored) return tl::unexpected(stored.error());
  codec::MessageReceived received;
  if (!*stored || !codec::decode_message_received(**stored, received)) return {};  // forgotten
  const std::uint64_t sender = sender_code(received.sender_org);
  const std::string key = missing_key(claim.day, sender, at, EventFate::kNotOnTopic);
  const auto before = store_.get(kFamily, key);
  if (!before) return tl::unexpected(before.error());
  if (*before) return {};
  writes.put(kFamily, key, "");
  const std::lock_guard lock(mutex_);
  SenderDay& counts = counts_of(claim.day, sender);
  ++(at.topic == kRawTopic ? counts.without_original : counts.without_letter);
  return {};
}

}  // namespace kronika::gateway
