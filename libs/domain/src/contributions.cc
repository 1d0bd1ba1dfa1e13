#include "contributor.h"

#include <algorithm>
#include <tuple>

#include <kronika/domain/fold.h>

namespace kronika::domain {

namespace {

bool same_line(const Contribution& a, const Contribution& b) {
  return a.indicator == b.indicator && a.rolling == b.rolling && a.at == b.at;
}

}  // namespace

void ContributionList::add(Indicator indicator, const Dimensions& at, Quarter q,
                           const CellValue& value, bool rolling) {
  Contribution& c = list_.emplace_back();
  c.indicator = indicator;
  c.rolling = rolling;
  c.at = at;
  c.from = c.to = q;
  c.value = value;
}

void ContributionList::add_state(Line& line, Indicator indicator, const Dimensions& at, Quarter q,
                                 const CellValue& value) {
  if (line.index != SIZE_MAX) {
    Contribution& last = list_[line.index];
    if (last.to + 1 == q && last.at == at && last.value == value) {
      last.to = q;
      return;
    }
  }
  line.index = list_.size();
  add(indicator, at, q, value);
}

std::vector<Contribution> ContributionList::finish() {
  std::sort(list_.begin(), list_.end(), [](const Contribution& a, const Contribution& b) {
    return std::tie(a.indicator, a.rolling, a.at, a.from) <
           std::tie(b.indicator, b.rolling, b.at, b.from);
  });
  std::vector<Contribution> out;
  out.reserve(list_.size());
  for (Contribution& c : list_) {
    if (!out.empty() && same_line(out.back(), c)) {
      Contribution& last = out.back();
      if (last.from == c.from && last.to == c.to) {  // several units in one quarter
        last.value += c.value;
        continue;
      }
    }
    out.push_back(std::move(c));
  }
  // Joining comes last: a sum may equal its neighbour.
  std::size_t kept = 0;
  for (std::size_t i = 1; i < out.size(); ++i) {
    if (same_line(out[kept], out[i]) && out[kept].to + 1 == out[i].from &&
        out[kept].value == out[i].value) {
      out[kept].to = out[i].to;
    } else if (++kept != i) {
      out[kept] = std::move(out[i]);
    }
  }
  if (!out.empty()) out.resize(kept + 1);
  return out;
}

std::vector<Contribution> Contributor::run() {
  if (!s_.contacts.empty()) stays_ = stays_of(s_, as_of_);
  make_points();
  for (const ProgrammeFacts& facts : s_.facts) states(facts);
  diabetes();
  for (const Episode& ep : s_.episodes) {
    wait(ep);
    right_offer(ep);
    uptake(ep);
    completion_and_dropout(ep);
    outcomes(ep);
  }
  for (std::size_t i = 0; i < stays_.size(); ++i) {
    readmission(i);
    kol_stay(i);
    heart_rehab(stays_[i]);
    avoidable(stays_[i]);
  }
  kol_mortality();
  reporting();
  return list_.finish();
}

/// I-24: the cell of a sender's municipality counts the citizens it sent an event of; whoever
/// counts municipalities or regions asks only whether it is above 0.
void Contributor::reporting() {
  for (const Reported& r : s_.reported) {
    Dimensions at;
    at.municipality = r.municipality;
    at.detail = static_cast<std::uint8_t>(r.sector);
    CellValue v;
    v.numerator = 1;
    list_.add(Indicator::kI24ReportingCompleteness, at, r.from, v);
    list_.extend(r.to);
  }
}

Dimensions Contributor::at(CivilDate date, ProgrammeIndex programme) const {
  Dimensions d;
  d.municipality = s_.municipality_on(date);
  d.programme = programme;
  if (programme != kNoProgramme) d.level = s_.level_on(programme, date);
  d.education = s_.education_on(date);
  d.sex = s_.sex;
  d.age = age_band(age(date));
  return d;
}

std::optional<int> Contributor::age(CivilDate date) const {
  if (!s_.birth_date) return std::nullopt;
  return age_on(*s_.birth_date, date);
}

Contributor::End Contributor::end_of(const Episode& ep) const {
  if (ep.moved != kNoDate && today_ - ep.moved > kTakeoverWindow) {
    return {State::kMovedOut, ep.moved + (kTakeoverWindow + 1)};
  }
  if (is_active(ep.state)) return {};
  return {ep.state, civil_date_of(ep.ended)};
}

bool Contributor::died_within(CivilDate from, int days) const {
  if (!s_.deceased()) return false;
  const int after = civil_date_of(s_.death) - from;
  return after >= 0 && after <= days;
}

std::vector<Contribution> Fold::contributions(const CitizenState& state, Instant as_of) const {
  return Contributor(*tables_, state, as_of).run();
}

void contribution_deadlines(const FoldTables& tables, const CitizenState& state,
                            const std::vector<Stay>& stays, CivilDate today, Deadlines& deadlines) {
  for (const Stay& stay : stays) {
    const bool kol = stay.admission && stay.in(StaySet::kKol);
    if (kol) deadlines.past(civil_date_of(stay.start), kReadmissionWindow);
    if (!stay.discharged_alive) continue;
    const CivilDate discharged = civil_date_of(stay.end);
    if (stay.admission) deadlines.past(discharged, kReadmissionWindow);
    if (kol) deadlines.past(discharged, kEarlyStartWindow);
    if (stay.in(StaySet::kAmi) || stay.in(StaySet::kRevasc)) {
      deadlines.past(discharged, kHeartStartWindow);
    }
  }
  bool active = false;
  for (const Episode& ep : state.episodes) {
    active = active || is_active(ep.state);
    for (const Wait& wait : ep.waits) deadlines.past(civil_date_of(wait.start), kUptakeWindow);
    if (ep.rehab_start != kNoInstant) {
      deadlines.past(civil_date_of(ep.rehab_start), kCompletionWindow);
    }
    deadlines.past(ep.final_interview, kSatisfactionWindow);
    if (ep.programme == tables.ihd) {
      for (const Step& step : ep.steps) {
        if (step.rehab_start) deadlines.past(civil_date_of(step.at), kHeartOutcomeWindow);
      }
    }
    if (ep.programme == tables.kol && ep.outcome == Outcome::kFull) {
      deadlines.past(civil_date_of(ep.ended), kFullRehabWindow);
    }
  }
  // After death nothing is a state any more.
  if (state.deceased()) return;
  const auto watch = [&](const std::vector<Run>& runs) {
    for (const Run& run : runs) deadlines.past(run.last, window_of(run.series));
  };
  watch(state.runs);
  bool is_case = state.diabetes.case_date != kNoDate;
  if (is_case) deadlines.on(state.diabetes.case_date + kDiabetesYear);
  for (const ProgrammeFacts& f : state.facts) {
    is_case = is_case || f.case_date != kNoDate;
    watch(f.contact);
    if (!f.levels.empty()) deadlines.past(civil_date_of(f.levels.back().at), kLevelWindow);
  }
  // Ages are watched by evaluate(): a birthday changes Evaluation::age. So is the transfer timer.
  if (is_case || active) deadlines.on(first_day(quarter_of(today) + 1));
}

}  // namespace kronika::domain
