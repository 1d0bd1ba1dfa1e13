#include "applier.h"
#include "fold_tables.h"

#include <algorithm>
#include <tuple>

#include <kronika/domain/checks.h>
#include <kronika/domain/fold.h>

namespace kronika::domain {

namespace {

/// The measure of a final measurement; kNoMeasure for anything else.
MeasureIndex measure_of(const Rules& rules, const Event& event) {
  const auto* m = std::get_if<MeasurementRecorded>(&event.payload);
  if (m == nullptr || m->preliminary) return kNoMeasure;
  const MeasureCode* code = rules.measure_code(m->code_system, m->code);
  return code == nullptr ? kNoMeasure : code->measure;
}

/// Pairs that must not contradict each other at one instant (domain.md 6.4).
struct Pair {
  MeasureIndex low = kNoMeasure;  ///< must be below, or not above
  MeasureIndex high = kNoMeasure;
  bool fev = false;
  [[nodiscard]] bool contradicts(double low_value, double high_value) const {
    return fev ? low_value > high_value : low_value >= high_value;
  }
};
std::array<Pair, 2> pairs(const FoldTables& t) {
  return {Pair{t.dbp, t.sbp, false}, Pair{t.fev1, t.fvc, true}};
}

enum class Exclusion : std::uint8_t { kNone, kBp, kFev };

/// Marks the contradicting measurements among events[from, to), which share a sort time.
void mark_exclusions(const FoldTables& t, std::span<const JournalEntry* const> events,
                     std::size_t from, std::size_t to, std::vector<Exclusion>& marks) {
  struct Value {
    std::size_t event;
    MeasureIndex measure;
    double value;
  };
  std::vector<Value> values;
  for (std::size_t i = from; i < to; ++i) {
    const Event& e = events[i]->event;
    const MeasureIndex m = measure_of(t.rules, e);
    if (m == kNoMeasure || (m != t.sbp && m != t.dbp && m != t.fev1 && m != t.fvc)) continue;
    if (const auto v = canonical(t.rules, std::get<MeasurementRecorded>(e.payload), std::nullopt)) {
      values.push_back({i, m, v->value});
    }
  }
  for (const Pair& pair : pairs(t)) {
    for (const Value& low : values) {
      if (low.measure != pair.low) continue;
      for (const Value& high : values) {
        if (high.measure != pair.high || !pair.contradicts(low.value, high.value)) continue;
        if (marks.empty()) marks.resize(events.size());
        marks[low.event] = marks[high.event] = pair.fev ? Exclusion::kFev : Exclusion::kBp;
      }
    }
  }
}

}  // namespace

bool irregular(const TraceStep& step) {
  return step.row == "illegal" || step.row == "after_death" || step.row == "irregular" ||
         step.row == "BP_ORDER" || step.row == "FEV_ORDER";
}

Fold::Fold(const Rules& rules) : tables_(std::make_unique<const FoldTables>(rules)) {}
Fold::~Fold() = default;
Fold::Fold(Fold&&) noexcept = default;

bool Fold::handles(EventType type) {
  switch (type) {
    case EventType::kUnknown:
    case EventType::kCprReplaced:  // moves are made by the journal and the topic flytning (A16)
    case EventType::kGoalProgressReported:
    case EventType::kAnnualDocumentation:
    case EventType::kFinalReportAnswered:
      return false;
    default:
      return true;
  }
}

bool Fold::can_append(const CitizenState& state, const Event& event) const {
  if (!handles(event.type()) || state.events == 0) return true;
  const SortKey key = sort_key(event);
  const bool later = std::tie(state.last_time, state.last_rank, state.last_source_system,
                              state.last_source_message_id) <
                     std::tie(key.time, key.rank, event.source_system, event.source_message_id);
  if (!later) return false;
  // A birth date that only comes now must reach the case rules of earlier events.
  if (event.birth_date && !state.birth_date) return false;
  // At one instant, a contradiction excludes what is already applied.
  if (key.time == state.last_time && event.type() == EventType::kMeasurementRecorded) {
    const FoldTables& t = *tables_;
    const MeasureIndex m = measure_of(t.rules, event);
    for (const Pair& pair : pairs(t)) {
      if (m == kNoMeasure || (m != pair.low && m != pair.high)) continue;
      if (state.last_exclusion == key.time) return false;
      const LatestValue* partner = state.latest_of(m == pair.low ? pair.high : pair.low);
      if (partner == nullptr || partner->at != key.time) continue;
      const auto v = canonical(t.rules, std::get<MeasurementRecorded>(event.payload), std::nullopt);
      if (!v) continue;
      if (partner->at_same_time > 1) return false;
      if (m == pair.low ? pair.contradicts(v->value, partner->value)
                        : pair.contradicts(partner->value, v->value)) {
        return false;
      }
    }
  }
  return true;
}

bool Fold::append(CitizenState& state, const Event& event, Trace* trace) const {
  if (state.person.is_zero()) state.person = event.person_key;
  if (!handles(event.type())) return false;
  return Applier(*tables_, state, event, sort_key(event), trace).apply();
}

CitizenState Fold::refold(const PersonKey& person, std::span<const JournalEntry* const> events,
                          Trace* trace) const {
  CitizenState state;
  state.person = person;
  const FoldTables& t = *tables_;

  std::vector<SortKey> keys;
  keys.reserve(events.size());
  for (const JournalEntry* entry : events) {
    keys.push_back(sort_key(entry->event));
    if (!state.birth_date && entry->event.birth_date && handles(entry->event.type())) {
      state.birth_date = entry->event.birth_date;
    }
  }
  std::vector<Exclusion> marks;
  for (std::size_t from = 0, to = 0; from < events.size(); from = to) {
    for (to = from + 1; to < events.size() && keys[to].time == keys[from].time;) ++to;
    if (to - from > 1) mark_exclusions(t, events, from, to, marks);
  }
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i]->event;
    if (!handles(event.type())) continue;
    Applier applier(t, state, event, keys[i], trace);
    if (marks.empty() || marks[i] == Exclusion::kNone) {
      applier.apply();
    } else {
      applier.exclude(marks[i] == Exclusion::kFev);
    }
  }
  return state;
}

}  // namespace kronika::domain
