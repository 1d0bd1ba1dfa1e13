#include "world.h"

#include <algorithm>

namespace kronika::scenario {

using namespace domain;

void World::receive(const std::vector<const Arrival*>& arrivals) {
  std::int64_t offset = 0;
  for (const Arrival* arrival : arrivals) {
    lines_.emplace(uuid_text(arrival->event.event_id), arrival->line);
    if (arrival->refused) {
      refused_.emplace(arrival->line, std::string(slug(*arrival->refused)));
      continue;
    }
    JournalEntry incoming;
    incoming.event = arrival->event;
    incoming.origin.offset = ++offset;
    admit_one(incoming, arrival->line);
  }
  for (const auto& [key, journal] : journals_) {
    const EffectiveSet all = effective_events(journal, {});
    if (!(fold_.refold(key, all.events) == states_[key])) ++divergences_;
  }
}

void World::admit_one(const JournalEntry& incoming, int line) {
  auto& journal = journals_[incoming.event.person_key];
  const bool known = std::any_of(journal.begin(), journal.end(), [&](const JournalEntry& entry) {
    return entry.event.event_id == incoming.event.event_id ||
           same_fact(entry.event, incoming.event);
  });
  const Receipt receipt = domain::receive(journal, incoming);
  switch (receipt.admission) {
    case Admission::kDuplicate:
      ++duplicates_;
      break;
    case Admission::kSuperseded:
      ++superseded_;
      break;
    case Admission::kApplied:
      break;
    case Admission::kConflict:
      refused_.emplace(line, "VERSION_CONFLICT");
      break;
    case Admission::kEventIdReused:
      refused_.emplace(line, "EVENT_ID_REUSED");
      break;
  }
  append_or_refold(incoming, receipt.journal_changed, !known);
}

/// What the citizen task does (architecture A7): append where it may, else fold again.
void World::append_or_refold(const JournalEntry& incoming, bool news, bool new_fact) {
  const PersonKey& key = incoming.event.person_key;
  const auto known = states_.find(key);
  if (known != states_.end() && !news) return;
  if (known != states_.end() && new_fact && incoming.event.op == Op::kCreate &&
      fold_.can_append(known->second, incoming.event)) {
    (void)fold_.append(known->second, incoming.event);
    return;
  }
  const EffectiveSet all = effective_events(journals_[key], {});
  states_.insert_or_assign(key, fold_.refold(key, all.events));
}

std::map<PersonKey, World::Link> World::links(Instant known_at) const {
  std::vector<Link> found;
  for (const auto& [key, journal] : journals_) {
    for (const JournalEntry* e : effective_events(journal, {Instant::max(), known_at}).events) {
      if (e->event.type() == EventType::kCprReplaced) found.push_back({key, e});
    }
  }
  // Of several links of one key the one that sorts last wins.
  std::sort(found.begin(), found.end(), [](const Link& a, const Link& b) {
    return sorts_before(a.entry->event, b.entry->event);
  });
  std::map<PersonKey, Link> by_old;
  for (const Link& link : found) {
    by_old.insert_or_assign(std::get<CprReplaced>(link.entry->event.payload).old_person_key, link);
  }
  // The link of a cycle that sorts last is void.
  for (auto it = found.rbegin(); it != found.rend(); ++it) {
    const PersonKey start = std::get<CprReplaced>(it->entry->event.payload).old_person_key;
    const auto own = by_old.find(start);
    if (own == by_old.end() || own->second.entry != it->entry) continue;
    PersonKey at = it->to;
    for (std::size_t steps = 0; steps <= by_old.size() && at != start; ++steps) {
      const auto next = by_old.find(at);
      if (next == by_old.end()) break;
      at = next->second.to;
    }
    if (at == start) by_old.erase(start);
  }
  return by_old;
}

PersonKey World::resolve(const PersonKey& key, Instant known_at) const {
  const auto by_old = links(known_at);
  PersonKey at = key;
  for (auto next = by_old.find(at); next != by_old.end(); next = by_old.find(at)) {
    at = next->second.to;
  }
  return at;
}

std::vector<JournalEntry> World::journal_of(const PersonKey& key, Instant known_at) const {
  std::vector<JournalEntry> all;
  const auto by_old = links(known_at);
  for (const auto& [own, journal] : journals_) {
    std::vector<Hop> path;
    PersonKey at = own;
    for (auto next = by_old.find(at); next != by_old.end(); next = by_old.find(at)) {
      const Event& link = next->second.entry->event;
      path.push_back(
          {at, link.source_system, link.source_message_id, link.recorded_at, sort_key(link).time});
      at = next->second.to;
    }
    if (at != key) continue;
    for (JournalEntry entry : journal) {
      entry.path = path;
      all.push_back(std::move(entry));
    }
  }
  return all;
}

std::optional<View> World::view(const PersonKey& key, Instant as_of, Instant known_at) const {
  const PersonKey person = resolve(key, known_at);
  const std::vector<JournalEntry> journal = journal_of(person, known_at);
  const EffectiveSet visible = effective_events(journal, {as_of, known_at});
  if (visible.events.empty()) return std::nullopt;
  View v{fold_.refold(person, visible.events), {}, visible.revised_without_create.size()};
  v.evaluation = fold_.evaluate(v.state, as_of);
  return v;
}

Quarantine World::quarantine() const {
  Quarantine all = refused_;
  for (const auto& [key, state] : states_) {
    for (const ExcludedMeasurement& m : state.excluded_measurements) {
      const auto line = lines_.find(uuid_text(m.event_id));
      if (line == lines_.end()) continue;
      all.emplace(line->second,
                  std::string(slug(m.fev_order ? Reason::kFevOrder : Reason::kBpOrder)));
    }
  }
  return all;
}

}  // namespace kronika::scenario
