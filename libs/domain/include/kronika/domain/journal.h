// The set of events of one citizen: what is kept of each record, which copies are the same, which
// version is effective, and in which order effective events are folded (domain.md 4.2). Pure; the
// citizen task keeps the entries in RocksDB, verify and the scenario runner in memory.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <kronika/domain/event.h>

namespace kronika::domain {

/// One leg of a moved event's way (architecture A16).
struct Hop {
  PersonKey person_key;            ///< the key it left
  std::string link_source_system;  ///< fact key of the CprReplaced that moved it
  std::string link_source_message_id;
  Instant link_recorded_at;
  Instant link_occurred_at;  ///< sort time of the CprReplaced
  friend bool operator==(const Hop&, const Hop&) = default;
};

/// One record of the journal: one (fact key, version, path).
struct JournalEntry {
  Event event;
  Origin origin;          ///< smallest of the equal copies received
  std::vector<Hop> path;  ///< empty for an event that arrived under this key
};

/// Stable 64-bit hash of the fact key; part of the journal key on disk, so it never changes:
/// FNV-1a over source_system, one zero byte, source_message_id, then the finaliser of MurmurHash3.
[[nodiscard]] std::uint64_t fact_hash(std::string_view source_system,
                                      std::string_view source_message_id);

enum class Admission : std::uint8_t {
  kApplied,        ///< a new fact, or a higher version of a known one
  kDuplicate,      ///< same fact, version and content
  kSuperseded,     ///< lower than the highest known version: stored, no effect
  kConflict,       ///< same fact and version, other content: the one received first stays
                   ///< (VERSION_CONFLICT)
  kEventIdReused,  ///< its event_id belongs to another fact of this person (EVENT_ID_REUSED)
};

struct Verdict {
  Admission admission = Admission::kApplied;
  /// Where the incoming entry must be stored (kApplied, kSuperseded), or an existing one changes: a
  /// duplicate with a smaller recorded_at, event_id or origin, or a conflict in which the incoming
  /// copy was received first.
  bool store_incoming = false;
  /// Index into `known` of the entry that the incoming one replaces (merged or evicted); the
  /// evicted one of a conflict is the one to dead-letter.
  std::optional<std::size_t> replaces;
  /// Further entries that leave, each to be dead-lettered: an event id that several versions of
  /// another fact carry, or a conflict and a reused id at once. Nearly always empty.
  std::vector<std::size_t> also_evicted;
  /// The entry to store: the incoming one, with merged origin, recorded_at and event_id where it is
  /// a duplicate.
  JournalEntry merged;
};

/// Judges `incoming` against the entries of the same person that share its fact key or its
/// event_id. Any order of arrival gives the same entries, with one exception: a copy that is
/// evicted is forgotten, so where three or more copies contradict each other, which of the losers
/// would have stood against another loser is not asked again.
///
/// A version is (source_version, adapter_revision); a copy of equal content under another
/// adapter_revision is stored as its own version and judged kDuplicate.
[[nodiscard]] Verdict admit(std::span<const JournalEntry* const> known,
                            const JournalEntry& incoming);

/// Sort key of the fold: (sort time, type rank, source_system, source_message_id).
struct SortKey {
  Instant time;           ///< occurred_at; DATE: 23:59:59.999 local of its date
  std::uint8_t rank = 0;  ///< type rank x 16, plus the order within ranks 11 and 12
};
[[nodiscard]] SortKey sort_key(const Event& event);
/// Full order, ids included.
[[nodiscard]] bool sorts_before(const Event& a, const Event& b);
/// First instant at which a query with this as_of sees the event: occurred_at, or 00:00 local of a
/// DATE.
[[nodiscard]] Instant visible_from(const Event& event);

/// Which entries a fold may use.
struct Visibility {
  Instant as_of = Instant::max();     ///< clinical time
  Instant known_at = Instant::max();  ///< recorded_at of the event (and of the links of its path)
};

/// The effective events in fold order, and the earliest instant after as_of at which a further one
/// becomes visible.
struct EffectiveSet {
  std::vector<const JournalEntry*> events;
  std::optional<Instant> next_visible;
  /// Those of `events` that are revisions of a fact of which no CREATE is known (event flag
  /// revise_without_create); unordered.
  std::vector<const JournalEntry*> revised_without_create;
};
[[nodiscard]] EffectiveSet effective_events(std::span<const JournalEntry> entries,
                                            const Visibility& visibility);

}  // namespace kronika::domain
