// One event into the journal of a citizen: where it lies, whether it is a copy, and, where copies
// contradict each other, which of them stands now (domain.md 4.2 point 2). Copies that do not stand
// stay in the journal, so that what comes later is judged beside all of them.

#include "citizen_task_impl.h"
#include "journal_codec.h"

#include <algorithm>

#include <kronika/bus/wire.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/schema_ids.h>

namespace kronika::citizen {

using domain::Admission;
using domain::JournalEntry;
using domain::same_fact;
using domain::same_version;
using domain::Standing;

namespace {

std::vector<const JournalEntry*> pointers_to(const std::vector<JournalEntry>& entries) {
  std::vector<const JournalEntry*> pointers;
  pointers.reserve(entries.size());
  for (const auto& entry : entries) pointers.push_back(&entry);
  return pointers;
}

domain::Reason reason_of(Admission why) {
  return why == Admission::kConflict ? domain::Reason::kVersionConflict
                                     : domain::Reason::kEventIdReused;
}

/// The records of a citizen that do not stand, by origin: the end of CitizenRecord::refused.
void name_losers(const std::vector<JournalEntry>& entries, const std::vector<Standing>& standing,
                 std::vector<codec::RefusedRecord>& refused) {
  std::erase_if(refused, codec::loses_to_a_copy);
  std::vector<std::size_t> losers;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (standing[i] != Standing::kStands) losers.push_back(i);
  }
  std::sort(losers.begin(), losers.end(),
            [&](std::size_t a, std::size_t b) { return entries[a].origin < entries[b].origin; });
  for (const std::size_t i : losers) {
    const auto& origin = entries[i].origin;
    const auto why =
        standing[i] == Standing::kConflict ? Admission::kConflict : Admission::kEventIdReused;
    refused.push_back({std::string(input_topic_name(origin.topic)), origin.partition, origin.offset,
                       std::string(domain::slug(reason_of(why)))});
  }
}

/// Adds a CprReplaced of this fact, if any version of it is one: what it says may have changed.
void note_link(const std::vector<JournalEntry>& entries, const domain::Event& changed,
               std::vector<domain::Event>& links) {
  const auto of_fact = [&](const domain::Event& e) { return same_fact(e, changed); };
  if (std::any_of(links.begin(), links.end(), of_fact)) return;
  const auto link = std::find_if(entries.begin(), entries.end(), [&](const JournalEntry& e) {
    return e.event.type() == domain::EventType::kCprReplaced && of_fact(e.event);
  });
  if (link != entries.end()) links.push_back(link->event);
}

}  // namespace

void CitizenTask::put_entry(Slot& slot, std::string_view key, const JournalEntry& entry,
                            std::string_view event_bytes, Mode mode, bus::TaskContext& ctx) {
  buffer_.clear();
  append_journal_value(entry, event_bytes, buffer_);
  slot.staged.push_back(static_cast<std::uint32_t>(ctx.writes().size()));
  ctx.writes().put(kJournal, key, buffer_);
  slot.remember(hash_of(entry.event), hash_of(entry.event.event_id));
  if (mode == Mode::kLive && slot.record.moved_to) forward(slot, entry, event_bytes, false, ctx);
}

void CitizenTask::erase_entry(Slot& slot, const std::string& key, bus::TaskContext& ctx) {
  slot.staged.push_back(static_cast<std::uint32_t>(ctx.writes().size()));
  ctx.writes().erase(kJournal, key);
}

Result<CitizenTask::Place> CitizenTask::place_of(const Slot& slot, const JournalEntry& incoming,
                                                 bus::TaskContext& ctx) const {
  const auto records = journal_of(slot, fact_prefix(slot.person(), hash_of(incoming.event)), ctx);
  if (!records) return tl::unexpected(records.error());
  Place place;
  place.key = journal_key(slot.person(), incoming, 0);
  const std::string_view version = std::string_view(place.key).substr(0, kJournalKeyBytes - 1);
  std::vector<bool> used(256, false);
  std::size_t copies = 0;
  for (const auto& [key, value] : *records) {
    if (!key.starts_with(version)) continue;
    used[static_cast<std::uint8_t>(key.back())] = true;
    JournalEntry entry;
    if (auto done = read_journal_value(value, entry); !done) return tl::unexpected(done.error());
    if (domain::same_copy(entry, incoming)) {
      place.key = key;
      place.same = std::move(entry);
      place.last.reset();
      return place;
    }
    if (!same_version(entry.event, incoming.event)) continue;  // another fact of equal hash
    ++copies;
    if (!place.last || place.last->origin < entry.origin) {
      place.last = std::move(entry);
      place.last_key = key;
    }
  }
  if (copies < kMostCopies) {
    place.last.reset();
    const auto free = std::find(used.begin(), used.end(), false);
    place.key.back() = static_cast<char>(free - used.begin());
  } else {
    place.key = place.last_key;
  }
  return place;
}

Result<CitizenTask::Judged> CitizenTask::journal_event(Slot& slot, std::string_view event_bytes,
                                                       Mode mode, bus::TaskContext& ctx) {
  if (mode != Mode::kLive) touch(slot);
  if (entry_.event.canary) return journal_canary(slot, event_bytes, mode, ctx);
  if (slot.knows_fact(hash_of(entry_.event)) || slot.knows_id(hash_of(entry_.event.event_id))) {
    return judge_known(slot, event_bytes, mode, ctx);
  }
  put_entry(slot, journal_key(slot.person(), entry_, 0), entry_, event_bytes, mode, ctx);
  Judged judged{Admission::kApplied, true, false, {}};
  if (entry_.event.type() == domain::EventType::kCprReplaced) judged.links.push_back(entry_.event);
  return judged;
}

// A version every half minute for ever: what is superseded has no effect on any fold, so leaving it
// out keeps the journal bounded and the state what it is.
Result<CitizenTask::Judged> CitizenTask::journal_canary(Slot& slot, std::string_view event_bytes,
                                                        Mode mode, bus::TaskContext& ctx) {
  const std::uint64_t fact = hash_of(entry_.event);
  const auto records = journal_of(slot, fact_prefix(slot.person(), fact), ctx);
  if (!records) return tl::unexpected(records.error());
  const auto entries = entries_of(*records);
  if (!entries) return tl::unexpected(entries.error());
  Judged judged{Admission::kApplied, true, !entries->empty(), {}};
  for (const auto& kept : *entries) {
    if (domain::version_less(kept.event, entry_.event)) continue;
    judged.admission = domain::version_less(entry_.event, kept.event) ? Admission::kSuperseded
                                                                      : Admission::kDuplicate;
    judged.journal_changed = false;
    return judged;
  }
  for (const auto& [key, value] : *records) erase_entry(slot, key, ctx);
  slot.forget_fact(fact);
  put_entry(slot, journal_key(slot.person(), entry_, 0), entry_, event_bytes, mode, ctx);
  return judged;
}

Result<CitizenTask::Judged> CitizenTask::judge_known(Slot& slot, std::string_view event_bytes,
                                                     Mode mode, bus::TaskContext& ctx) {
  const auto& event = entry_.event;
  auto place = place_of(slot, entry_, ctx);
  if (!place) return tl::unexpected(place.error());
  Judged judged{Admission::kDuplicate, false, true, {}};
  if (place->last && place->last->origin < entry_.origin) {
    judged.admission = Admission::kConflict;  // too many were received before it
    return judged;
  }
  JournalEntry stored = place->same ? *place->same : entry_;
  judged.journal_changed = !place->same || domain::merge_copy(stored, entry_);
  if (mode != Mode::kReplay) {
    if (auto done = judge(slot, place->same ? &*place->same : nullptr, stored, judged, ctx); !done)
      return tl::unexpected(done.error());
  }
  if (!judged.journal_changed) return judged;
  if (place->last && slot.record.moved_to && mode == Mode::kLive) {
    std::string bytes;
    codec::encode_event(place->last->event, bytes);
    forward(slot, *place->last, bytes, true, ctx);
  }
  std::string merged_bytes;
  if (stored.event.event_id != event.event_id || stored.event.recorded_at != event.recorded_at) {
    codec::encode_event(stored.event, merged_bytes);
    event_bytes = merged_bytes;
  }
  put_entry(slot, place->key, stored, event_bytes, mode, ctx);
  return judged;
}

Result<void> CitizenTask::judge(Slot& slot, const JournalEntry* same, const JournalEntry& stored,
                                Judged& judged, bus::TaskContext& ctx) {
  // A known fact lies under its prefix; an event id can stand anywhere.
  const auto read = [&](bool whole) -> Result<std::vector<JournalEntry>> {
    const auto records = journal_of(slot,
                                    whole ? std::string(slot.person().view())
                                          : fact_prefix(slot.person(), hash_of(stored.event)),
                                    ctx);
    if (!records) return tl::unexpected(records.error());
    auto entries = entries_of(*records);
    // Moved entries meet the others in the fold alone, and are booked where they arrived.
    if (entries) std::erase_if(*entries, [](const JournalEntry& e) { return !e.path.empty(); });
    return entries;
  };
  auto entries = read(slot.contested);
  if (!entries) return tl::unexpected(entries.error());
  if (!slot.contested) {
    const auto own_id = [&](const JournalEntry& e) {
      return same_fact(e.event, stored.event) && e.event.event_id == entry_.event.event_id;
    };
    const auto rival = [&](const JournalEntry& e) {
      return same_version(e.event, stored.event) && !domain::same_copy(e, stored);
    };
    slot.contested = std::any_of(entries->begin(), entries->end(), rival) ||
                     (slot.knows_id(hash_of(entry_.event.event_id)) &&
                      std::none_of(entries->begin(), entries->end(), own_id));
    if (slot.contested) entries = read(true);
    if (!entries) return tl::unexpected(entries.error());
  }
  auto pointers = pointers_to(*entries);
  const auto before = domain::standings(pointers);
  std::size_t index = 0;
  while (index < entries->size() && !domain::same_copy((*entries)[index], stored)) ++index;
  if (index < entries->size()) {
    (*entries)[index] = stored;
  } else {
    entries->push_back(stored);
  }
  pointers = pointers_to(*entries);
  const auto after = domain::standings(pointers);
  if (judged.journal_changed) note_link(*entries, stored.event, judged.links);
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] == after[i]) continue;
    slot.refold = slot.changed = true;
    const auto& other = (*entries)[i];
    note_link(*entries, other.event, judged.links);
    if (i == index) continue;
    if (after[i] == Standing::kStands) {
      restore_standing(other);
    } else if (before[i] == Standing::kStands) {
      evict(slot, other, after[i], ctx);
    }
  }
  if (same == nullptr || after[index] != Standing::kStands)
    judged.admission = domain::admission_of(pointers, after, index);
  if (slot.contested) {
    name_losers(*entries, after, slot.record.refused);
    slot.changed = true;
  }
  return {};
}

void CitizenTask::refuse_copy(const bus::Record& record, Admission why, bus::TaskContext& ctx) {
  if (replaying_) return;  // said when it was first handled
  const auto reason = reason_of(why);
  ctx.dead_letter(
      record, {.stage = kStage, .reason = domain::slug(reason), .detail = domain::explain(reason)});
  ++counts_.rejected;
  booked_.push_back(booked_refused(record, domain::slug(reason)));
}

void CitizenTask::evict(Slot& slot, const JournalEntry& loser, Standing why,
                        bus::TaskContext& ctx) {
  std::string value;
  bus::append_wire_prefix(codec::kEventSchemaId, value);
  codec::encode_event(loser.event, value);
  bus::Record record;
  record.topic = input_topic_name(loser.origin.topic);
  record.topic_index = loser.origin.topic;
  record.partition = loser.origin.partition;
  record.offset = loser.origin.offset;
  record.timestamp = loser.origin.timestamp;
  record.key = slot.person().view();
  record.value = value;
  refuse_copy(record, why == Standing::kConflict ? Admission::kConflict : Admission::kEventIdReused,
              ctx);
}

void CitizenTask::restore_standing(const JournalEntry& entry) {
  if (replaying_) return;
  Booked booked;
  booked.entry.topic = input_topic_name(entry.origin.topic);
  booked.entry.partition = entry.origin.partition;
  booked.entry.offset = entry.origin.offset;
  booked.entry.event_id = entry.event.event_id;
  booked.entry.sender_org = entry.event.sender_org;
  booked.entry.record_time = entry.origin.timestamp;
  booked.entry.outcome = codec::LedgerOutcome::kApplied;
  ++counts_.applied;
  booked_.push_back(std::move(booked));
}

}  // namespace kronika::citizen
