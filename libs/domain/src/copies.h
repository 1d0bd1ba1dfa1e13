// What the journal's files know of copies of one fact: which are of one version, which represents
// the others, and the order that brings them together.
#pragma once

#include <cstdint>
#include <tuple>

#include <kronika/domain/journal.h>

namespace kronika::domain {

/// Equal copies are represented by the one recorded first, then by the smallest id.
inline bool represents_before(const Event& a, const Event& b) {
  return std::tie(a.recorded_at, a.event_id) < std::tie(b.recorded_at, b.event_id);
}

/// An entry with the hash of its fact, which most comparisons end at.
struct Grouped {
  std::uint64_t hash;
  const JournalEntry* entry;
};
inline Grouped grouped(const JournalEntry& entry) {
  return {fact_hash(entry.event.source_system, entry.event.source_message_id), &entry};
}

/// Facts together, highest version first, within a version in the order of receipt.
inline bool group_before(const Grouped& a, const Grouped& b) {
  if (a.hash != b.hash) return a.hash < b.hash;
  const Event& x = a.entry->event;
  const Event& y = b.entry->event;
  return std::tie(x.source_system, x.source_message_id, y.source_version, y.adapter_revision,
                  a.entry->origin) < std::tie(y.source_system, y.source_message_id,
                                              x.source_version, x.adapter_revision,
                                              b.entry->origin);
}

}  // namespace kronika::domain
