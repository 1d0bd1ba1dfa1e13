// Measurements and questionnaires: latest values, detection (T01m), and the few sums that flags and
// case rules need. The number of measurements never shows in the size of the state.
#include "applier.h"

#include <algorithm>
#include <cmath>

#include <kronika/domain/checks.h>

namespace kronika::domain {

namespace {

constexpr double kDiabetesHba1c = 48;   // mmol/mol, DSAM
constexpr int kDetectionDays = 365;     // own rule
constexpr double kObstruction = 0.70;   // FEV1/FVC after bronchodilator, DrKOL
constexpr int kWeightWindowDays = 90;   // domain.md 6.8
constexpr double kBmiDifference = 1.0;  // domain.md 6.5
constexpr double kHba1cDifference = 2;  // mmol/mol, domain.md 6.5
// Classes of indicators, domain.md 10.3.
constexpr double kLowDyspnoea = 2;     // I-04
constexpr double kHba1cOnTarget = 59;  // I-15
constexpr double kHba1cHigh = 75;      // I-15
constexpr double kHeartLdl = 1.8;      // I-18e
constexpr double kHeartSbp = 140;      // I-18f

}  // namespace

void Applier::measurement(const MeasurementRecorded& p) {
  if (p.preliminary) {  // stored, not used (domain.md 6.6)
    note(kNoProgramme, 0, "measurement", "preliminary: not used");
    return;
  }
  const std::optional<int> age =
      s_.birth_date ? std::optional(age_on(*s_.birth_date, date_)) : std::nullopt;
  const std::optional<CanonicalValue> canonical_value = canonical(t_.rules, p, age);
  if (!canonical_value) {  // the checks refuse it before it gets here, unless the tables changed
    irregular_ = true;
    note(kNoProgramme, 0, "irregular", "not readable with these tables: no effect");
    return;
  }
  const CanonicalValue& v = *canonical_value;
  measured();
  value(v.measure, v.value, v.soft_range, p.timepoint);
  if (v.measure == t_.hba1c) {
    cross_check_hba1c(v.value, p.unit != t_.rules.measures[v.measure].ucum_unit);
  }
  if (v.measure == t_.fev1_fvc && v.value < kObstruction && p.method == "POST_BRONCHODILATOR") {
    detect(t_.kol);
  }
  note(kNoProgramme, 0, "measurement", t_.rules.measures[v.measure].key);
}

void Applier::questionnaire(const QuestionnaireAnswered& p) {
  measured();
  for (const Score& score : p.scores) {
    const MeasureIndex m = t_.rules.measure(score.measure_key);
    if (m == kNoMeasure) {
      irregular_ = true;
      note(kNoProgramme, 0, "irregular", "a score of an unknown measure: left out");
      continue;
    }
    const Measure& measure = t_.rules.measures[m];
    const bool soft = (measure.soft_min && score.value < *measure.soft_min) ||
                      (measure.soft_max && score.value > *measure.soft_max);
    value(m, score.value, soft, p.timepoint);
    note(kNoProgramme, 0, "measurement", measure.key);
  }
}

void Applier::measured() {
  s_.last_measurement = date_;
  keep(s_.runs, Series::kMeasured, 0);
}

void Applier::keep_runs(MeasureIndex measure, double number) {
  const bool heart = s_.facts_of(t_.ihd) != nullptr;
  const auto found = [&](Series series, bool higher_class = false) {
    keep(s_.runs, series, higher_class ? 1 : 0);
  };
  if (measure == t_.mrc || measure == t_.mmrc) {
    // At the same time MRC counts (domain.md 6.7).
    if (measure == t_.mmrc) {
      const LatestValue* mrc = s_.latest_of(t_.mrc);
      if (mrc != nullptr && mrc->at == at_) return;
    }
    found(Series::kDyspnoea, (measure == t_.mmrc ? number + 1 : number) > kLowDyspnoea);
  } else if (measure == t_.hba1c) {
    keep(s_.runs, Series::kHba1c, number < kHba1cOnTarget ? 0 : number < kHba1cHigh ? 1 : 2);
  } else if (measure == t_.sbp) {
    found(Series::kSbp);
    if (heart) found(Series::kHeartSbp, number < kHeartSbp);
  } else if (measure == t_.uacr) {
    found(Series::kUacr);
  } else if (measure == t_.eye_exam) {
    if (t_.is_value(measure, number, "DONE")) found(Series::kEye);
  } else if (measure == t_.foot_exam) {
    if (t_.is_value(measure, number, "DONE")) found(Series::kFoot);
  } else if (measure == t_.smoking) {
    found(Series::kSmoking);
    if (heart) found(Series::kHeartSmoking);
  } else if (heart && measure == t_.work_capacity) {
    found(Series::kHeartWork);
  } else if (heart && measure == t_.ldl) {
    found(Series::kHeartLdl, number < kHeartLdl);
  }
}

void Applier::value(MeasureIndex measure, double number, bool soft, Timepoint timepoint) {
  auto it = s_.latest.begin();
  while (it != s_.latest.end() && it->measure < measure) ++it;
  if (it == s_.latest.end() || it->measure != measure) {
    it = s_.latest.insert(it, LatestValue{});
    it->measure = measure;
  } else if (it->at == at_) {
    if (it->at_same_time < 0xff) ++it->at_same_time;
  } else {
    it->at_same_time = 1;
  }
  it->at = at_;
  it->value = number;
  it->soft_range = soft;
  it->cross_check = false;
  it->event_id = e_.event_id;

  if (measure == t_.hba1c && number >= kDiabetesHba1c) {
    DiabetesFacts& d = s_.diabetes;
    const CivilDate before = d.last_high;
    d.last_high = date_;
    // Two civil dates at most 365 days apart; on the date of `before` itself it was tried already.
    if (before != kNoDate && before != date_ && date_ - before <= kDetectionDays &&
        current(t_.t1d) == nullptr) {
      detect(t_.t2d);
    }
    diabetes_sign();
  }
  if (t_.in_runs[measure]) keep_runs(measure, number);
  if (t_.in_outcomes[measure]) keep_outcome(measure, number, timepoint);
  if (measure == t_.weight) keep_weight(number);
  if (measure == t_.weight || measure == t_.height || measure == t_.bmi) cross_check_bmi();
}

void Applier::detect(ProgrammeIndex programme) {
  if (programme == kNoProgramme || current(programme) != nullptr) return;
  open(programme, State::kDetected, "T01m");
}

void Applier::keep_weight(double kilograms) {
  auto& days = s_.weights;
  std::erase_if(days, [&](const WeightDay& d) { return date_ - d.date > kWeightWindowDays; });
  if (!days.empty() && days.back().date == date_) {
    days.back().highest = std::max(days.back().highest, kilograms);
    return;
  }
  days.push_back({date_, kilograms});
}

/// The latest of each unit, if both are of this date.
void Applier::cross_check_hba1c(double number, bool percent) {
  DiabetesFacts& d = s_.diabetes;
  (percent ? d.percent_date : d.molar_date) = date_;
  (percent ? d.percent : d.molar) = number;
  if (d.percent_date != d.molar_date) return;
  for (LatestValue& v : s_.latest) {
    if (v.measure == t_.hba1c) v.cross_check = std::abs(d.percent - d.molar) > kHba1cDifference;
  }
}

void Applier::cross_check_bmi() {
  const auto find = [&](MeasureIndex m) -> LatestValue* {
    for (LatestValue& v : s_.latest) {
      if (v.measure == m) return &v;
    }
    return nullptr;
  };
  LatestValue* bmi = find(t_.bmi);
  const LatestValue* weight = find(t_.weight);
  const LatestValue* height = find(t_.height);
  if (bmi == nullptr || weight == nullptr || height == nullptr) return;
  const CivilDate day = civil_date_of(bmi->at);
  if (civil_date_of(weight->at) != day || civil_date_of(height->at) != day) return;
  bmi->cross_check =
      std::abs(bmi->value - weight->value / (height->value * height->value)) > kBmiDifference;
}

}  // namespace kronika::domain
