// The journal on disk, one record a (fact key, version, path) of a citizen (architecture A6, A16).
// Grammar, all integers big-endian:
//
//   key    = person_key(16) fact_hash(8) source_version(8) adapter_revision(4) path_hash(8) slot(1)
//   value  = event_id(16) visible_from_ms(8) timestamp_ms(8) topic(1) partition(4) offset(8)
//   path_count(1) hop* event hop    = person_key(16) recorded_at_ms(8) occurred_at_ms(8) text text
//   link's source_system, source_message_id text   = length(2) bytes event  = the protobuf bytes of
//   kronika.event.v1.Event, to the end
//
// Beside them, under the 24 bytes of person_key and fact_hash alone, lies a link that moves this
// citizen to another key (A16):
//
//   link   = voided(1) event                                   the effective version of the
//   CprReplaced
//
// path_hash is 0 for an event that arrived under its own key. slot is 0 unless two facts of one
// citizen share a fact_hash; then the later one takes the next free slot.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <kronika/base/result.h>
#include <kronika/domain/journal.h>

namespace kronika::citizen {

inline constexpr std::size_t kPersonBytes = 16;
inline constexpr std::size_t kFactPrefixBytes = kPersonBytes + 8;
inline constexpr std::size_t kJournalKeyBytes = kFactPrefixBytes + 8 + 4 + 8 + 1;

[[nodiscard]] std::string fact_prefix(const PersonKey& person, std::uint64_t fact_hash);
[[nodiscard]] std::string journal_key(const PersonKey& person, const domain::JournalEntry& entry,
                                      std::uint8_t slot);
[[nodiscard]] std::uint64_t path_hash(const std::vector<domain::Hop>& path);

/// `event_bytes` is the encoded entry.event: the received bytes where nothing was merged into it.
void append_journal_value(const domain::JournalEntry& entry, std::string_view event_bytes,
                          std::string& out);

/// What a scan needs of each record without reading its event: the first 24 bytes of the value and
/// 8 of the key.
struct JournalGlance {
  std::uint64_t fact_hash = 0;
  EventId event_id;
  Instant visible_from;
};
[[nodiscard]] std::optional<JournalGlance> glance(std::string_view key, std::string_view value);
/// The event's bytes within a journal value. Pre: read_journal_value() succeeded.
[[nodiscard]] std::string_view event_bytes_of(std::string_view value);

/// Errors: citizen_journal_damaged (kTaskCorrupted).
[[nodiscard]] Result<void> read_journal_value(std::string_view value, domain::JournalEntry& out);

}  // namespace kronika::citizen
