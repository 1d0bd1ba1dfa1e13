// Indicators taken at the end of a quarter (of the running one: at as_of), and I-02.
#include "contributor.h"

#include <algorithm>

namespace kronika::domain {

namespace {

constexpr int kAdult = 18;

CellValue one_of_one(bool numerator) {
  CellValue v;
  v.numerator = numerator ? 1 : 0;
  v.denominator = 1;
  return v;
}

CellValue unknown_unit() {
  CellValue v;
  v.unknown = 1;
  return v;
}

CellValue excluded_unit() {
  CellValue v;
  v.excluded = 1;
  return v;
}

CellValue counted() {
  CellValue v;
  v.numerator = 1;
  return v;
}

/// Walks a list in order of time; `date_of` is asked once an element.
template <class T>
class Cursor {
 public:
  explicit Cursor(const std::vector<T>& list) : list_(list) { read(); }
  /// The last element at or before the end of `date`; nullptr: none. Dates come in order.
  const T* up_to(CivilDate date) {
    while (next_ < list_.size() && next_date_ <= date) {
      date_ = next_date_;
      ++next_;
      read();
    }
    return next_ == 0 ? nullptr : &list_[next_ - 1];
  }
  [[nodiscard]] CivilDate date() const { return date_; }  ///< of that element

 private:
  void read() {
    if (next_ < list_.size()) next_date_ = civil_date_of(list_[next_].at);
  }
  const std::vector<T>& list_;
  std::size_t next_ = 0;
  CivilDate next_date_;
  CivilDate date_ = kNoDate;
};

}  // namespace

void Contributor::make_points() {
  CivilDate first{INT32_MAX};
  const auto begins = [&](CivilDate date) {
    if (date != kNoDate) first = std::min(first, date);
  };
  for (const ProgrammeFacts& f : s_.facts) begins(f.case_date);
  begins(s_.diabetes.case_date);
  for (const Episode& ep : s_.episodes) begins(civil_date_of(ep.started));
  if (first > today_) return;
  const CivilDate death = s_.deceased() ? civil_date_of(s_.death) : CivilDate{INT32_MAX};
  const Quarter last = quarter_of(today_);
  Quarter q = quarter_of(first);
  points_.reserve(static_cast<std::size_t>(last.value - q.value + 1));
  for (; q <= last; q = q + 1) {
    const CivilDate date = std::min(last_day(q), today_);
    if (death <= date) break;
    Point& p = points_.emplace_back();
    p.quarter = q;
    p.date = date;
    p.age = age(date);
    p.at.municipality = s_.municipality_on(date);
    p.at.education = s_.education_on(date);
    p.at.sex = s_.sex;
    p.at.age = age_band(p.age);
  }
}

std::size_t Contributor::first_point(CivilDate date) const {
  if (date == kNoDate || points_.empty()) return points_.size();
  const int i = quarter_of(date).value - points_.front().quarter.value;
  return std::min(static_cast<std::size_t>(std::max(i, 0)), points_.size());
}

void Contributor::read_levels(const ProgrammeFacts* facts) {
  levels_.assign(points_.size(), Level{});
  if (facts == nullptr || facts->levels.empty()) return;
  Cursor<LevelEntry> cursor(facts->levels);
  for (std::size_t i = 0; i < points_.size(); ++i) {
    if (const LevelEntry* entry = cursor.up_to(points_[i].date); entry != nullptr) {
      levels_[i] = {entry->level, cursor.date()};
    }
  }
}

Dimensions Contributor::at(std::size_t point, ProgrammeIndex programme) const {
  Dimensions d = points_[point].at;
  d.programme = programme;
  d.level = levels_[point].level;
  return d;
}

void Contributor::states(const ProgrammeFacts& facts) {
  incidence(facts.case_date, facts.programme);
  if (points_.empty()) return;
  read_levels(&facts);
  instances(facts);
  cases(facts);
}

/// I-02, at the case date.
void Contributor::incidence(CivilDate case_date, ProgrammeIndex programme) {
  if (case_date == kNoDate) return;
  const Dimensions d = at(case_date, programme);
  if (d.municipality == 0) return;  // no Danish municipality: excluded
  list_.add(Indicator::kI02Incidence, d, quarter_of(case_date), counted());
}

/// I-03 and I-11: instances in DIAGNOSED to FOLLOW_UP. At most one of a programme is active, so an
/// instance is a person here.
void Contributor::instances(const ProgrammeFacts& facts) {
  ContributionList::Line stratified;
  ContributionList::Line lost;
  for (const Episode& ep : s_.episodes) {
    if (ep.programme != facts.programme) continue;
    const End end = end_of(ep);
    Cursor<Step> steps(ep.steps);
    for (std::size_t i = first_point(civil_date_of(ep.started)); i < points_.size(); ++i) {
      const Point& p = points_[i];
      if (end.state != State::kNone && end.date <= p.date) break;
      const Step* step = steps.up_to(p.date);
      if (step == nullptr || step->state < State::kDiagnosed || !is_active(step->state)) continue;
      const Dimensions d = at(i, ep.programme);
      const Level& level = levels_[i];
      list_.add_state(stratified, Indicator::kI03StratifiedShare, d, p.quarter,
                      one_of_one(level.level != 0 && p.date - level.date <= kLevelWindow));
      const bool in_contact = latest_class(facts.contact, Series::kContact, p.date) ||
                              latest_class(s_.runs, Series::kMeasured, p.date);
      list_.add_state(lost, Indicator::kI11LostToFollowUp, d, p.quarter, one_of_one(!in_contact));
    }
  }
}

/// I-01, and of KOL I-04 and I-17.
void Contributor::cases(const ProgrammeFacts& facts) {
  ContributionList::Line prevalence;
  ContributionList::Line referred;
  ContributionList::Line smoking;
  const bool kol = facts.programme == t_.kol;
  for (std::size_t i = first_point(facts.case_date); i < points_.size(); ++i) {
    const Point& p = points_[i];
    const Dimensions d = at(i, facts.programme);
    if (d.municipality != 0) {  // no Danish municipality: excluded from I-01
      list_.add_state(prevalence, Indicator::kI01Prevalence, d, p.quarter, counted());
    }
    if (!kol) continue;
    const auto smoking_known = latest_class(s_.runs, Series::kSmoking, p.date).has_value();
    list_.add_state(smoking, Indicator::kI17SmokingStatus, d, p.quarter, one_of_one(smoking_known));
    const auto dyspnoea = latest_class(s_.runs, Series::kDyspnoea, p.date);
    CellValue v;
    if (full_rehab_before(p.date)) {
      v = excluded_unit();
    } else if (!dyspnoea) {
      v = unknown_unit();
    } else if (*dyspnoea == 0) {  // MRC 2 or less needs no rehab
      continue;
    } else {
      v = one_of_one(latest_class(s_.runs, Series::kRehabReferral, p.date).has_value());
    }
    list_.add_state(referred, Indicator::kI04RehabReferralKol, d, p.quarter, v);
  }
}

bool Contributor::full_rehab_before(CivilDate date) const {
  return std::any_of(s_.episodes.begin(), s_.episodes.end(), [&](const Episode& ep) {
    if (ep.programme != t_.kol || ep.outcome != Outcome::kFull) return false;
    const int days = date - civil_date_of(ep.ended);
    return days >= 0 && days <= kFullRehabWindow;
  });
}

/// T1D if the latest typed code says so.
ProgrammeIndex Contributor::diabetes_type(CivilDate date) const {
  ProgrammeIndex p = t_.t2d;
  for (const DiabetesType& type : s_.diabetes.types) {
    if (type.from <= date) p = type.type1 ? t_.t1d : t_.t2d;
  }
  return p;
}

/// I-01 and I-02 of diabetes, I-15, I-16.
void Contributor::diabetes() {
  const CivilDate case_date = s_.diabetes.case_date;
  if (case_date == kNoDate) return;
  incidence(case_date, diabetes_type(case_date));
  struct Check {
    Indicator indicator;
    Series series;
    ContributionList::Line line;
  };
  std::array<Check, 4> checks{{{Indicator::kI16aBloodPressure, Series::kSbp, {}},
                               {Indicator::kI16bUacr, Series::kUacr, {}},
                               {Indicator::kI16cEye, Series::kEye, {}},
                               {Indicator::kI16dFoot, Series::kFoot, {}}}};
  ContributionList::Line prevalence;
  ContributionList::Line hba1c;
  ProgrammeIndex type = kNoProgramme;
  for (std::size_t i = first_point(case_date); i < points_.size(); ++i) {
    const Point& p = points_[i];
    if (const ProgrammeIndex now = diabetes_type(p.date); now != type) {
      type = now;
      read_levels(s_.facts_of(type));
    }
    const Dimensions d = at(i, type);
    if (d.municipality != 0) {
      list_.add_state(prevalence, Indicator::kI01Prevalence, d, p.quarter, counted());
    }
    if (p.age && *p.age < kAdult) continue;
    CellValue v = unknown_unit();  // also where the age is unknown
    if (const auto latest = latest_class(s_.runs, Series::kHba1c, p.date); p.age && latest) {
      v = one_of_one(*latest == 0);
      v.numerator2 = *latest == 2 ? 1 : 0;
    }
    list_.add_state(hba1c, Indicator::kI15Hba1cOnTarget, d, p.quarter, v);
    if (p.date - case_date < kDiabetesYear) continue;
    for (Check& check : checks) {
      const bool done = latest_class(s_.runs, check.series, p.date).has_value();
      list_.add_state(check.line, check.indicator, d, p.quarter,
                      p.age ? one_of_one(done) : unknown_unit());
    }
  }
}

}  // namespace kronika::domain
