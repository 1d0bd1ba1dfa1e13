// Outcomes of rehabilitation (domain.md 10.3, I-21 and I-22): the baseline and end value of each
// measure and the satisfaction of an episode, kept while values pass by. Values of the last 30 days
// are kept with the person, because which of them is a baseline or an end shows only later.
#include "applier.h"

#include <algorithm>
#include <cstdlib>

namespace kronika::domain {

namespace {

constexpr int kRecentDays = 30;      // the longest look back
constexpr int kBaselineBefore = 30;  // before the entry into REHAB_ACTIVE
constexpr int kBaselineAfter = 7;    // after it
constexpr int kEndDays = 30;         // either side of the final interview
constexpr int kSatisfactionBefore = 14;
constexpr int kSatisfactionAfter = 60;

OutcomeValue& outcome_of(Episode& ep, MeasureIndex measure) {
  auto it = ep.outcomes.begin();
  while (it != ep.outcomes.end() && it->measure < measure) ++it;
  if (it == ep.outcomes.end() || it->measure != measure) {
    it = ep.outcomes.insert(it, OutcomeValue{});
    it->measure = measure;
  }
  return *it;
}

void set_baseline(OutcomeValue& o, const RecentValue& v, bool marked) {
  o.baseline = v.value;
  o.baseline_at = v.at;
  o.baseline_marked = marked;
}

void set_end(OutcomeValue& o, const RecentValue& v, bool marked) {
  o.end = v.value;
  o.end_at = v.at;
  o.end_marked = marked;
}

/// An unmarked end is the value nearest the final interview; of equally near ones the earlier.
void nearest_end(OutcomeValue& o, const RecentValue& v, CivilDate final_interview) {
  const auto distance = [&](Instant at) { return std::abs(civil_date_of(at) - final_interview); };
  if (o.end_marked || distance(v.at) > kEndDays) return;
  // The end is another value than the baseline.
  if (o.baseline_at == v.at && o.baseline == v.value) return;
  if (o.end_at == kNoInstant || distance(v.at) < distance(o.end_at)) set_end(o, v, false);
}

}  // namespace

void Applier::keep_outcome(MeasureIndex measure, double number, Timepoint timepoint) {
  std::erase_if(s_.recent,
                [&](const RecentValue& v) { return date_ - civil_date_of(v.at) > kRecentDays; });
  const RecentValue& v = s_.recent.emplace_back(RecentValue{measure, timepoint, at_, number});
  std::uint32_t seen = 0;
  for (std::size_t i = s_.episodes.size(); i-- > 0;) {
    Episode& ep = s_.episodes[i];
    const bool is_current = (seen >> ep.programme & 1U) == 0;
    seen |= 1U << ep.programme;
    if (ep.wait_clock == kNoInstant) continue;
    if (measure == t_.satisfaction) {
      if (ep.final_interview != kNoDate && date_ - ep.final_interview <= kSatisfactionAfter) {
        set_end(outcome_of(ep, measure), v, false);
      }
      continue;
    }
    const bool before_final = ep.final_interview == kNoDate && is_active(ep.state);
    if (timepoint == Timepoint::kEnd) {
      if (is_current && ep.rehab_start != kNoInstant) set_end(outcome_of(ep, measure), v, true);
    } else if (ep.final_interview != kNoDate) {
      if (date_ - ep.final_interview <= kEndDays) {
        nearest_end(outcome_of(ep, measure), v, ep.final_interview);
      }
    } else if (before_final && timepoint == Timepoint::kBaseline) {
      set_baseline(outcome_of(ep, measure), v, true);
    } else if (before_final && ep.rehab_start != kNoInstant &&
               date_ - civil_date_of(ep.rehab_start) <= kBaselineAfter) {
      OutcomeValue& o = outcome_of(ep, measure);
      if (!o.baseline_marked) set_baseline(o, v, false);
    }
  }
}

void Applier::baselines(Episode& ep) {
  for (const RecentValue& v : s_.recent) {
    if (v.measure == t_.satisfaction || v.timepoint == Timepoint::kEnd) continue;
    if (date_ - civil_date_of(v.at) > kBaselineBefore) continue;
    OutcomeValue& o = outcome_of(ep, v.measure);
    if (!o.baseline_marked) set_baseline(o, v, false);  // the latest stays
  }
}

void Applier::ends(Episode& ep) {
  ep.final_interview = date_;
  for (const RecentValue& v : s_.recent) {
    if (v.measure == t_.satisfaction) {
      if (date_ - civil_date_of(v.at) <= kSatisfactionBefore) {
        set_end(outcome_of(ep, v.measure), v, false);
      }
    } else if (v.timepoint != Timepoint::kEnd) {
      nearest_end(outcome_of(ep, v.measure), v, date_);
    }
  }
}

}  // namespace kronika::domain
