// The set of events of one citizen: what is kept of each record, which copies are the same, which
// of contradicting ones stands, which version is effective, and in which order effective events are
// folded (domain.md 4.2). Pure functions of the set; the citizen task keeps the entries in RocksDB,
// verify, the gateway and the scenario runner in memory.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <tuple>
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

/// One record of the journal: one (fact key, version, path, content). Contradicting copies of a
/// version are all kept; which of them counts is judged from the whole set: standings().
struct JournalEntry {
  Event event;
  Origin origin;          ///< smallest of the equal copies received
  std::vector<Hop> path;  ///< empty for an event that arrived under this key
};

/// Stable 64-bit hash of the fact key; part of the journal key on disk, so it never changes:
/// FNV-1a over source_system, one zero byte, source_message_id, then the finaliser of MurmurHash3.
[[nodiscard]] std::uint64_t fact_hash(std::string_view source_system,
                                      std::string_view source_message_id);

[[nodiscard]] inline bool same_fact(const Event& a, const Event& b) {
  return a.source_message_id == b.source_message_id && a.source_system == b.source_system;
}
[[nodiscard]] inline bool same_version(const Event& a, const Event& b) {
  return a.source_version == b.source_version && a.adapter_revision == b.adapter_revision &&
         same_fact(a, b);
}
/// Of one fact: whether `a` is the lower version.
[[nodiscard]] inline bool version_less(const Event& a, const Event& b) {
  return std::tie(a.source_version, a.adapter_revision) <
         std::tie(b.source_version, b.adapter_revision);
}

/// Whether two entries are copies of one record: same fact, version, path and content.
[[nodiscard]] bool same_copy(const JournalEntry& a, const JournalEntry& b);

/// Makes `kept` stand for both: the smallest (recorded_at, event_id), and the smallest origin.
/// Returns whether that changed it. Pre: same_copy().
bool merge_copy(JournalEntry& kept, const JournalEntry& incoming);

/// A whole journal from all records of a person, in any order; copies of one record become one
/// entry. Cost: n log n.
[[nodiscard]] std::vector<JournalEntry> merge_copies(std::vector<JournalEntry> arrived);

/// Whether a copy counts among all that are known of its person (domain.md 4.2 point 2).
enum class Standing : std::uint8_t {
  kStands,
  kConflict,       ///< VERSION_CONFLICT: other content of its version was received first
  kEventIdReused,  ///< EVENT_ID_REUSED: another fact of the person had its event id first
};

/// Judges every entry as if all had come in the order of their origins: each copy stands unless its
/// event id belongs to another fact, or its version to other content, of a copy that stands. So it
/// is a function of the set: no order of arrival, and no copy that came between, can matter. A
/// version is (source_version, adapter_revision). Copies that came several ways (A16) are one.
[[nodiscard]] std::vector<Standing> standings(std::span<const JournalEntry* const> entries);

enum class Admission : std::uint8_t {
  kApplied,        ///< a new fact, or a higher version of a known one
  kDuplicate,      ///< same fact and content, of the same version or another adapter revision
  kSuperseded,     ///< lower than the highest known version: stored, no effect
  kConflict,       ///< stored, does not stand (VERSION_CONFLICT)
  kEventIdReused,  ///< stored, does not stand (EVENT_ID_REUSED)
};

/// What a new entry is beside the others of its fact, given the standings of all of them.
[[nodiscard]] Admission admission_of(std::span<const JournalEntry* const> entries,
                                     std::span<const Standing> standings, std::size_t index);

/// What receive() did with a record.
struct Receipt {
  Admission admission = Admission::kApplied;
  bool journal_changed = false;
  bool others_changed = false;  ///< another copy lost its standing to it, or has it again
};
/// Puts one record into a journal held in memory: the plain form of what the citizen task does on
/// disk. Cost: n log n each; merge_copies() reads many at once.
Receipt receive(std::vector<JournalEntry>& journal, const JournalEntry& incoming);

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
