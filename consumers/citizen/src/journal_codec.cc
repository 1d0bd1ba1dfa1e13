#include "journal_codec.h"

#include <kronika/base/bytes.h>
#include <kronika/citizen/errc.h>
#include <kronika/codec/event_codec.h>

namespace kronika::citizen {
namespace {

constexpr std::size_t kGlanceBytes = 16 + 8;
constexpr std::size_t kHeadBytes = kGlanceBytes + 8 + 1 + 4 + 8 + 1;

void append_text(std::string_view text, std::string& out) {
  append_be(out, static_cast<std::uint16_t>(text.size()));
  out.append(text);
}

/// Reads a value front to back; every take fails once the bytes run out.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  bool take(T& value) {
    if (bytes_.size() < sizeof(T)) return false;
    value = read_be<T>(bytes_, 0);
    bytes_.remove_prefix(sizeof(T));
    return true;
  }
  bool take_bytes(std::size_t n, std::string_view& value) {
    if (bytes_.size() < n) return false;
    value = bytes_.substr(0, n);
    bytes_.remove_prefix(n);
    return true;
  }
  bool take_text(std::string& value) {
    std::uint16_t n = 0;
    std::string_view view;
    if (!take(n) || !take_bytes(n, view)) return false;
    value = view;
    return true;
  }
  [[nodiscard]] std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
};

bool read_hop(Reader& reader, domain::Hop& hop) {
  std::string_view person;
  std::uint64_t recorded = 0;
  std::uint64_t occurred = 0;
  if (!reader.take_bytes(kPersonBytes, person) || !reader.take(recorded) || !reader.take(occurred))
    return false;
  hop.person_key = *PersonKey::from_bytes(person);
  hop.link_recorded_at = Instant{static_cast<std::int64_t>(recorded)};
  hop.link_occurred_at = Instant{static_cast<std::int64_t>(occurred)};
  return reader.take_text(hop.link_source_system) && reader.take_text(hop.link_source_message_id);
}

}  // namespace

std::string fact_prefix(const PersonKey& person, std::uint64_t fact_hash) {
  std::string key;
  key.reserve(kJournalKeyBytes);
  key.append(person.view());
  append_be(key, fact_hash);
  return key;
}

std::uint64_t path_hash(const std::vector<domain::Hop>& path) {
  if (path.empty()) return 0;
  std::uint64_t hash = 0;
  for (const auto& hop : path) {
    hash = hash * 0x9e3779b97f4a7c15ULL +
           domain::fact_hash(hop.link_source_system, hop.link_source_message_id) +
           read_be<std::uint64_t>(hop.person_key.view(), 0);
  }
  return hash == 0 ? 1 : hash;
}

std::uint64_t way_hash(std::span<const domain::Hop> path) {
  std::uint64_t hash = 0;
  const auto add = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
    hash ^= hash >> 32;
  };
  for (const auto& hop : path) {
    add(read_be<std::uint64_t>(hop.person_key.view(), 0));
    add(read_be<std::uint64_t>(hop.person_key.view(), 8));
    add(domain::fact_hash(hop.link_source_system, hop.link_source_message_id));
    add(static_cast<std::uint64_t>(hop.link_recorded_at.ms));
    add(static_cast<std::uint64_t>(hop.link_occurred_at.ms));
  }
  return hash;
}

void append_link(const Link& link, std::string& out) {
  append_be(out, static_cast<std::uint8_t>(link.cycles.size()));
  for (const auto& cycle : link.cycles) {
    append_be(out, cycle.own);
    append_be(out, cycle.way);
  }
  codec::encode_event(link.replacement, out);
}

Result<void> read_link(std::string_view value, Link& out) {
  Reader reader(value);
  std::uint8_t count = 0;
  bool whole = reader.take(count);
  out.cycles.resize(count);
  for (auto& cycle : out.cycles) whole = whole && reader.take(cycle.own) && reader.take(cycle.way);
  if (whole && codec::decode_event(reader.rest(), out.replacement)) return {};
  return fail(code<Errc::kJournalDamaged>(),
              "a link of a replaced CPR number does not read back; the store is rebuilt");
}

std::string journal_key(const PersonKey& person, const domain::JournalEntry& entry,
                        std::uint8_t slot) {
  const auto& event = entry.event;
  std::string key =
      fact_prefix(person, domain::fact_hash(event.source_system, event.source_message_id));
  append_be(key, event.source_version);
  append_be(key, event.adapter_revision);
  append_be(key, path_hash(entry.path));
  append_be(key, slot);
  return key;
}

void append_journal_value(const domain::JournalEntry& entry, std::string_view event_bytes,
                          std::string& out) {
  out.append(entry.event.event_id.view());
  append_be(out, static_cast<std::uint64_t>(domain::visible_from(entry.event).ms));
  append_be(out, static_cast<std::uint64_t>(entry.origin.timestamp.ms));
  append_be(out, entry.origin.topic);
  append_be(out, static_cast<std::uint32_t>(entry.origin.partition));
  append_be(out, static_cast<std::uint64_t>(entry.origin.offset));
  append_be(out, static_cast<std::uint8_t>(entry.path.size()));
  for (const auto& hop : entry.path) {
    out.append(hop.person_key.view());
    append_be(out, static_cast<std::uint64_t>(hop.link_recorded_at.ms));
    append_be(out, static_cast<std::uint64_t>(hop.link_occurred_at.ms));
    append_text(hop.link_source_system, out);
    append_text(hop.link_source_message_id, out);
  }
  out.append(event_bytes);
}

std::optional<JournalGlance> glance(std::string_view key, std::string_view value) {
  if (key.size() != kJournalKeyBytes || value.size() < kHeadBytes) return std::nullopt;
  JournalGlance seen;
  seen.fact_hash = read_be<std::uint64_t>(key, kPersonBytes);
  seen.event_id = *EventId::from_bytes(value.substr(0, 16));
  seen.visible_from = Instant{static_cast<std::int64_t>(read_be<std::uint64_t>(value, 16))};
  seen.direct = read_be<std::uint64_t>(key, kJournalKeyBytes - 1 - 8) == 0;
  seen.further_copy = key.back() != 0;
  return seen;
}

Result<void> read_journal_value(std::string_view value, domain::JournalEntry& out) {
  const auto damaged = [] {
    return fail(code<Errc::kJournalDamaged>(),
                "a journal record does not read back; the store is rebuilt from the log");
  };
  if (value.size() < kHeadBytes) return damaged();
  Reader reader(value.substr(kGlanceBytes));
  std::uint64_t timestamp = 0;
  std::uint64_t offset = 0;
  std::uint32_t partition = 0;
  std::uint8_t hops = 0;
  reader.take(timestamp);
  reader.take(out.origin.topic);
  reader.take(partition);
  reader.take(offset);
  reader.take(hops);
  out.origin.timestamp = Instant{static_cast<std::int64_t>(timestamp)};
  out.origin.partition = static_cast<std::int32_t>(partition);
  out.origin.offset = static_cast<std::int64_t>(offset);
  out.path.resize(hops);
  for (auto& hop : out.path) {
    if (!read_hop(reader, hop)) return damaged();
  }
  if (!codec::decode_event(reader.rest(), out.event)) return damaged();
  return {};
}

std::string_view event_bytes_of(std::string_view value) {
  Reader reader(value.substr(kHeadBytes));
  domain::Hop hop;
  for (auto hops = static_cast<std::uint8_t>(value[kHeadBytes - 1]); hops > 0; --hops) {
    if (!read_hop(reader, hop)) return {};
  }
  return reader.rest();
}

}  // namespace kronika::citizen
