#include "evaluator.h"

#include <algorithm>
#include <chrono>

#include <kronika/domain/fold.h>

namespace kronika::domain {

namespace {

constexpr int kSilentContactDays = 120;
constexpr std::chrono::hours kAdmission{12};
constexpr int kCancerLapseDays = 1825;
constexpr int kBackPainLapseDays = 365;
constexpr int kHighUseDays = 365;
constexpr int kSelfCareDays = 365;
constexpr int kWeightLossAge = 65;
constexpr double kWeightLossShare = 0.95;
constexpr int kTelemonitoringDays = 7;  // Varde uses twice weekly

CivilDate next_birthday(CivilDate birth, CivilDate today) {
  const YearMonthDay b = year_month_day(birth);
  for (int year = year_month_day(today).year;; ++year) {
    // A person born 29 February turns a year older on 1 March in other years.
    auto day = civil_date(year, b.month, b.day);
    if (!day) day = civil_date(year, 3, 1);
    if (!day || *day > today) return day.value_or(CivilDate{INT32_MAX});
  }
}

}  // namespace

Evaluation StateEvaluator::run(const CompiledRuleSet* what_if) {
  if (!s_.contacts.empty()) out_.stays = stays_of(s_, as_of_);
  person();
  care_setting();
  groups();
  high_use();
  measurements();
  out_.pathways.reserve(s_.episodes.size());
  std::uint32_t later = 0;  // programmes that have a later episode than the one at hand
  std::vector<bool> current(s_.episodes.size());
  for (std::size_t i = s_.episodes.size(); i-- > 0;) {
    const std::uint32_t bit = 1U << s_.episodes[i].programme;
    current[i] = (later & bit) == 0;
    later |= bit;
  }
  for (std::size_t i = 0; i < s_.episodes.size(); ++i) pathway(s_.episodes[i], current[i], what_if);
  coordination();
  contribution_deadlines(t_, s_, out_.stays, today_, deadlines_);
  out_.next_change = deadlines_.next();
  return std::move(out_);
}

void StateEvaluator::person() {
  // After death nobody grows older or moves.
  const CivilDate date = s_.deceased() ? std::min(today_, civil_date_of(s_.death)) : today_;
  if (s_.birth_date) {
    out_.age = age_on(*s_.birth_date, date);
    if (!s_.deceased()) deadlines_.on(next_birthday(*s_.birth_date, today_));
  }
  out_.municipality = s_.municipality_on(date);
  if (s_.self_care_date != kNoDate && !past(s_.self_care_date, kSelfCareDays)) {
    out_.self_care = s_.self_care;
  }
}

void StateEvaluator::care_setting() {
  if (s_.deceased()) {
    out_.care_setting = CareSetting::kEnded;
    return;
  }
  if (s_.contacts.empty() || !s_.contacts.back().open()) return;  // at most the last one is open
  const Contact& open = s_.contacts.back();
  deadlines_.at(out_.stays.back().start + kAdmission);
  // Nobody is in hospital that long without a word: an end was lost.
  if (past(civil_date_of(s_.last_stay_event), kSilentContactDays)) {
    out_.care_setting = CareSetting::kUnknown;
  } else {
    out_.care_setting = open.on_leave ? CareSetting::kOnLeave : CareSetting::kAdmitted;
  }
}

void StateEvaluator::groups() {
  const auto add = [&](GroupIndex group, CivilDate last) {
    if (group == kNoIndex) return;
    if (group == t_.cancer_group && past(last, kCancerLapseDays)) return;
    if (group == t_.lbp_group && past(last, kBackPainLapseDays)) return;
    out_.groups |= 1U << group;
  };
  for (const ProgrammeFacts& f : s_.facts) {
    if (f.diagnosed) add(t_.group_of[f.programme], f.last_diagnosis);
  }
  for (const GroupFacts& g : s_.groups) add(g.group, g.last);
  const int count = __builtin_popcount(out_.groups);
  const bool core = (out_.groups & t_.core_groups) != 0;
  out_.multimorbid = count >= 2 && core;
  out_.multimorbid_rh = count >= 3;
}

void StateEvaluator::high_use() {
  int acute = 0;
  int unknown = 0;
  for (const Stay& stay : out_.stays) {
    const CivilDate started = civil_date_of(stay.start);
    if (!stay.admission || past(started, kHighUseDays)) continue;
    if (stay.acute == Tri::kTrue) ++acute;
    if (stay.acute == Tri::kUnknown) ++unknown;
  }
  const bool four_groups = __builtin_popcount(out_.groups) >= 4;
  const auto many = [&](int n) { return n >= 3 || (n >= 2 && four_groups); };
  out_.high_use_risk = many(acute)             ? Tri::kTrue
                       : many(acute + unknown) ? Tri::kUnknown
                                               : Tri::kFalse;
}

void StateEvaluator::measurements() {
  if (s_.deceased()) return;
  const LatestValue* weight = s_.weights.empty() ? nullptr : s_.latest_of(t_.weight);
  if (weight != nullptr && out_.age && *out_.age >= kWeightLossAge) {
    double highest = 0;
    for (const WeightDay& day : s_.weights) highest = std::max(highest, day.highest);
    out_.weight_loss = weight->value <= kWeightLossShare * highest;
  }
  if (s_.telekol_since != kNoDate) {
    CivilDate last = s_.telekol_since;
    for (const MeasureIndex m : {t_.spo2, t_.pulse}) {
      if (const LatestValue* v = s_.latest_of(m); v != nullptr) {
        last = std::max(last, civil_date_of(v->at));
      }
    }
    out_.overdue_telemonitoring = past(last, kTelemonitoringDays);
  }
}

void StateEvaluator::coordination() {
  if (!out_.multimorbid || s_.deceased()) return;
  const bool level3 = std::any_of(
      out_.pathways.begin(), out_.pathways.end(),
      [](const PathwayEvaluation& p) { return p.current && is_active(p.state) && p.level == 3; });
  out_.coordination_indicated =
      level3 || out_.self_care == SelfCare::kLow || out_.high_use_risk == Tri::kTrue;
}

const LatestValue* StateEvaluator::fresh(MeasureIndex measure, int days) {
  const LatestValue* v = s_.latest_of(measure);
  if (v == nullptr || past(civil_date_of(v->at), days)) return nullptr;
  return v;
}

CivilDate StateEvaluator::last_discharge() const {
  for (std::size_t i = out_.stays.size(); i-- > 0;) {
    if (!out_.stays[i].open()) return civil_date_of(out_.stays[i].end);
  }
  return kNoDate;
}

Evaluation Fold::evaluate(const CitizenState& state, Instant as_of) const {
  return StateEvaluator(*tables_, state, as_of).run(nullptr);
}

Evaluation Fold::evaluate_with(const CitizenState& state, Instant as_of,
                               std::string_view ruleset_id, std::string_view version) const {
  return StateEvaluator(*tables_, state, as_of).run(tables_->rule_set(ruleset_id, version));
}

}  // namespace kronika::domain
