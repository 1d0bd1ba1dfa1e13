// Indicators of hospital stays: I-06, I-12 to I-14, I-18 to I-20.
#include "contributor.h"

#include <algorithm>

namespace kronika::domain {

namespace {

constexpr int kKolAge = 30;          // I-13, I-14
constexpr int kAcscAge = 15;         // I-19, on the first day of the quarter
constexpr int kPreventableAge = 65;  // I-20, at the start

void put(CellValue& v, Tri outcome) {
  if (outcome == Tri::kUnknown) {
    v.unknown = 1;
  } else {
    v.denominator = 1;
    v.numerator = outcome == Tri::kTrue ? 1 : 0;
  }
}

}  // namespace

/// Whether an acute admission follows within 30 days; unknown while the window is open, whatever
/// has happened already.
Tri Contributor::readmitted(std::size_t stay) const {
  const CivilDate discharged = civil_date_of(stays_[stay].end);
  if (open_window(discharged, kReadmissionWindow)) return Tri::kUnknown;
  bool perhaps = false;
  for (std::size_t i = stay + 1; i < stays_.size(); ++i) {
    const Stay& later = stays_[i];
    if (civil_date_of(later.start) - discharged > kReadmissionWindow) break;
    if (!later.admission || later.start <= stays_[stay].end) continue;
    if (later.acute == Tri::kTrue) return Tri::kTrue;
    perhaps = perhaps || later.acute == Tri::kUnknown;
  }
  return perhaps ? Tri::kUnknown : Tri::kFalse;
}

/// I-12: an admission discharged alive, followed within 30 days by an acute one.
void Contributor::readmission(std::size_t stay) {
  const Stay& s = stays_[stay];
  if (!s.admission || !s.discharged_alive) return;
  const CivilDate discharged = civil_date_of(s.end);
  CellValue v;
  put(v, readmitted(stay));
  list_.add(Indicator::kI12Readmission, at(discharged, kNoProgramme), quarter_of(discharged), v);
}

/// I-06 and I-13.
void Contributor::kol_stay(std::size_t stay) {
  const Stay& s = stays_[stay];
  if (!s.admission || !s.discharged_alive || !s.in(StaySet::kKol)) return;
  const CivilDate discharged = civil_date_of(s.end);
  const Dimensions d = at(discharged, t_.kol);
  const Quarter q = quarter_of(discharged);

  const bool rehab = rehab_start(t_.kol, discharged, kEarlyStartWindow) != kNoDate;
  CellValue start;
  if (in_rehab(t_.kol, s.start) || (!rehab && died_within(discharged, kEarlyStartWindow))) {
    start.excluded = 1;
  } else if (open_window(discharged, kEarlyStartWindow)) {
    start.unknown = 1;
  } else {
    put(start, rehab ? Tri::kTrue : Tri::kFalse);
  }
  list_.add(Indicator::kI06EarlyStart, d, q, start);

  const std::optional<int> years = age(civil_date_of(s.start));
  if (s.acute == Tri::kFalse || (years && *years < kKolAge)) return;
  CellValue again;
  if (died_within(discharged, kReadmissionWindow)) {
    again.excluded = 1;
  } else if (s.acute == Tri::kUnknown || !years) {
    again.unknown = 1;
  } else {
    put(again, readmitted(stay));
  }
  list_.add(Indicator::kI13KolReadmission, d, q, again);
}

/// I-14: the unit is a person, so that a quarter counts its first stay, and twelve months count
/// theirs: the rolling figure is no sum.
void Contributor::kol_mortality() {
  constexpr int kRollingQuarters = 4;
  Quarter of_quarter{INT32_MIN};
  Quarter done{INT32_MIN};  // rolling periods that end up to here have their stay
  for (const Stay& stay : stays_) {
    if (!stay.admission || stay.acute == Tri::kFalse || !stay.in(StaySet::kKol)) continue;
    const CivilDate started = civil_date_of(stay.start);
    const std::optional<int> years = age(started);
    if (years && *years < kKolAge) continue;
    CellValue v;
    if (stay.acute == Tri::kUnknown || !years || open_window(started, kReadmissionWindow)) {
      v.unknown = 1;
    } else {
      put(v, died_within(started, kReadmissionWindow) ? Tri::kTrue : Tri::kFalse);
    }
    const Dimensions d = at(started, t_.kol);
    const Quarter q = quarter_of(started);
    if (q != of_quarter) list_.add(Indicator::kI14KolMortality, d, q, v);
    of_quarter = q;
    for (int i = 0; i < kRollingQuarters; ++i) {
      const Quarter last = q + i;
      if (last > done) list_.add(Indicator::kI14KolMortality, d, last, v, true);
    }
    done = std::max(done, q + (kRollingQuarters - 1));
  }
}

/// I-18: a after AMI or revascularisation; b to f of those who started.
void Contributor::heart_rehab(const Stay& stay) {
  if (!stay.discharged_alive) return;
  if (!stay.in(StaySet::kAmi) && !stay.in(StaySet::kRevasc)) return;
  const CivilDate discharged = civil_date_of(stay.end);
  const Dimensions d = at(discharged, t_.ihd);
  const Quarter q = quarter_of(discharged);
  const CivilDate started = rehab_start(t_.ihd, discharged, kHeartStartWindow);

  CellValue start;
  put(start, open_window(discharged, kHeartStartWindow) ? Tri::kUnknown
             : started != kNoDate                       ? Tri::kTrue
                                                        : Tri::kFalse);
  list_.add(Indicator::kI18aHeartRehab, d, q, start);
  if (started == kNoDate) return;

  // A value within the window before the window's end is a value after the start.
  const CivilDate last = started + kHeartOutcomeWindow;
  const auto outcome = [&](Indicator indicator, Series series, bool by_class) {
    CellValue v;
    if (open_window(started, kHeartOutcomeWindow)) {
      v.unknown = 1;
    } else {
      const auto latest = latest_class(s_.runs, series, last);
      if (by_class) {
        put(v, !latest ? Tri::kUnknown : *latest == 1 ? Tri::kTrue : Tri::kFalse);
      } else {
        put(v, latest ? Tri::kTrue : Tri::kFalse);
      }
    }
    list_.add(indicator, d, q, v);
  };
  outcome(Indicator::kI18bWorkCapacity, Series::kHeartWork, false);
  outcome(Indicator::kI18cSmoking, Series::kHeartSmoking, false);
  outcome(Indicator::kI18dDiet, Series::kHeartDiet, false);
  outcome(Indicator::kI18eLdl, Series::kHeartLdl, true);
  outcome(Indicator::kI18fSbp, Series::kHeartSbp, true);
}

/// I-19 and I-20.
void Contributor::avoidable(const Stay& stay) {
  if (!stay.admission) return;
  const CivilDate started = civil_date_of(stay.start);
  const Quarter q = quarter_of(started);
  const bool died = !stay.open() && !stay.discharged_alive;
  const auto count = [&](Indicator indicator, std::optional<int> years, int from_age, bool off,
                         AcscSet set = AcscSet::kNone) {
    if (years && *years < from_age) return;
    Dimensions d = at(started, kNoProgramme);
    d.detail = static_cast<std::uint8_t>(set);
    if (d.municipality == 0) return;  // no Danish municipality: excluded from I-19 and I-20
    CellValue v;
    if (off) {
      v.excluded = 1;
    } else if (!years) {
      v.unknown = 1;
    } else {
      v.numerator = 1;
    }
    list_.add(indicator, d, q, v);
  };
  const AcscSet acsc = stay.in(StaySet::kAcscAsthma)     ? AcscSet::kAsthma
                       : stay.in(StaySet::kAcscKol)      ? AcscSet::kKol
                       : stay.in(StaySet::kAcscHf)       ? AcscSet::kHf
                       : stay.in(StaySet::kAcscDiabetes) ? AcscSet::kDiabetes
                                                         : AcscSet::kNone;
  if (acsc != AcscSet::kNone) {
    const bool same_day = !stay.open() && civil_date_of(stay.end) == started;
    count(Indicator::kI19Acsc, age(first_day(q)), kAcscAge,
          died || same_day || stay.in(StaySet::kBirth), acsc);
  }
  if (stay.in(StaySet::kPreventable)) {
    count(Indicator::kI20Preventable65, age(started), kPreventableAge, died);
  }
}

CivilDate Contributor::rehab_start(ProgrammeIndex programme, CivilDate from, int days) const {
  CivilDate first = kNoDate;
  for (const Episode& ep : s_.episodes) {
    if (ep.programme != programme) continue;
    for (const Step& step : ep.steps) {
      if (!step.rehab_start) continue;
      const CivilDate date = civil_date_of(step.at);
      if (date < from || date - from > days) continue;
      if (first == kNoDate || date < first) first = date;
    }
  }
  return first;
}

bool Contributor::in_rehab(ProgrammeIndex programme, Instant at) const {
  for (const Episode& ep : s_.episodes) {
    if (ep.programme != programme) continue;
    State state = State::kNone;
    for (const Step& step : ep.steps) {
      if (step.at <= at) state = step.state;
    }
    const End end = end_of(ep);
    const bool moved_out = end.state == State::kMovedOut && end.date <= civil_date_of(at);
    if (state == State::kRehabActive && !moved_out) return true;
  }
  return false;
}

}  // namespace kronika::domain
