// The journal on disk, one record a (fact key, version, path, content) of a citizen (architecture
// A6, A16).
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
//   link   = cycle_count(1) cycle* event        the effective version of the CprReplaced
//   cycle  = own(8) way(8)                      citizen_moves.cc
//
// path_hash is 0 for an event that arrived under its own key. slot tells copies of one version
// apart that contradict each other (and facts that share a fact_hash): each takes the next free
// one.
#pragma once

#include "citizen_slot.h"

#include <cstdint>
#include <optional>
#include <span>
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
/// Of every word of the hops, times included.
[[nodiscard]] std::uint64_t way_hash(std::span<const domain::Hop> path);

void append_link(const Link& link, std::string& out);
/// Errors: citizen_journal_damaged (kTaskCorrupted).
[[nodiscard]] Result<void> read_link(std::string_view value, Link& out);

/// Contradicting copies of one version that are kept, those received first; further ones are
/// dead-lettered alone. Bounds what a broken sender can make of one fact.
inline constexpr std::size_t kMostCopies = 64;
[[nodiscard]] std::uint64_t path_hash(const std::vector<domain::Hop>& path);

/// `event_bytes` is the encoded entry.event: the received bytes where nothing was merged into it.
void append_journal_value(const domain::JournalEntry& entry, std::string_view event_bytes,
                          std::string& out);

/// What a scan needs of each record without reading its event: the first 24 bytes of the value and
/// the key.
struct JournalGlance {
  std::uint64_t fact_hash = 0;
  EventId event_id;
  Instant visible_from;
  bool direct = false;        ///< arrived under this key
  bool further_copy = false;  ///< not the first entry of its version
};
[[nodiscard]] std::optional<JournalGlance> glance(std::string_view key, std::string_view value);
/// The event's bytes within a journal value. Pre: read_journal_value() succeeded.
[[nodiscard]] std::string_view event_bytes_of(std::string_view value);

/// Errors: citizen_journal_damaged (kTaskCorrupted).
[[nodiscard]] Result<void> read_journal_value(std::string_view value, domain::JournalEntry& out);

}  // namespace kronika::citizen
