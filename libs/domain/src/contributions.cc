// What one citizen adds to indicator cells (domain.md 10): a pure function of the state and as_of.
// Indicators computed here: I-01 prevalence, I-05 wait, I-12 readmission. The others are
// UNIMPLEMENTED (computed_indicators() says so).
#include "fold_tables.h"

#include <algorithm>
#include <tuple>

#include <kronika/domain/fold.h>

namespace kronika::domain {

namespace {

constexpr int kReadmissionDays = 30;

/// Collects contributions and brings them into canonical order: by indicator, dimensions and
/// quarter, units of one cell summed, equal neighbours joined to runs.
class Builder {
 public:
  void add(Indicator indicator, const Dimensions& at, Quarter q, const CellValue& value) {
    if (!list_.empty()) {
      Contribution& last = list_.back();
      if (last.indicator == indicator && last.at == at && last.to + 1 == q && last.value == value &&
          joinable(indicator)) {
        last.to = q;
        return;
      }
    }
    Contribution& c = list_.emplace_back();
    c.indicator = indicator;
    c.at = at;
    c.from = c.to = q;
    c.value = value;
  }

  std::vector<Contribution> finish() {
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

 private:
  /// State indicators have one unit a quarter, so runs can be built at once; events of one quarter
  /// must stay apart until they are summed.
  static bool joinable(Indicator indicator) { return indicator == Indicator::kI01Prevalence; }
  static bool same_line(const Contribution& a, const Contribution& b) {
    return a.indicator == b.indicator && a.rolling == b.rolling && a.at == b.at;
  }
  std::vector<Contribution> list_;
};

class Contributor {
 public:
  Contributor(const FoldTables& tables, const CitizenState& state, Instant as_of)
      : t_(tables), s_(state), as_of_(as_of), today_(civil_date_of(as_of)) {}

  std::vector<Contribution> run() {
    if (!s_.contacts.empty()) stays_ = stays_of(s_, as_of_);
    prevalence();
    wait();
    readmission();
    return builder_.finish();
  }

 private:
  [[nodiscard]] Dimensions at(CivilDate date, ProgrammeIndex programme) const {
    Dimensions d;
    d.municipality = s_.municipality_on(date);
    d.programme = programme;
    if (programme != kNoProgramme) d.level = s_.level_on(programme, date);
    d.education = s_.education_on(date);
    d.sex = s_.sex;
    if (s_.birth_date) d.age = age_band(age_on(*s_.birth_date, date));
    return d;
  }

  /// I-01: alive at the end of the quarter (the running one: at as_of), case date not after it.
  void prevalence_of(CivilDate case_date, ProgrammeIndex programme) {
    if (case_date == kNoDate) return;
    CellValue one;
    one.numerator = 1;
    const CivilDate death = s_.deceased() ? civil_date_of(s_.death) : CivilDate{INT32_MAX};
    for (Quarter q = quarter_of(case_date); q <= quarter_of(today_); q = q + 1) {
      const CivilDate date = std::min(last_day(q), today_);
      if (death <= date) break;
      ProgrammeIndex p = programme;
      if (p == kNoProgramme) {  // diabetes: T1D if the latest typed code says so
        p = t_.t2d;
        for (const DiabetesType& type : s_.diabetes.types) {
          if (type.from <= date) p = type.type1 ? t_.t1d : t_.t2d;
        }
      }
      const Dimensions d = at(date, p);
      if (d.municipality == 0) continue;  // no Danish municipality: excluded from I-01
      builder_.add(Indicator::kI01Prevalence, d, q, one);
    }
  }

  void prevalence() {
    for (const ProgrammeFacts& f : s_.facts) prevalence_of(f.case_date, f.programme);
    prevalence_of(s_.diabetes.case_date, kNoProgramme);
  }

  /// I-05: days from the wait clock to REHAB_ACTIVE; second figure: days of them touched by a stay.
  void wait() {
    for (const Episode& ep : s_.episodes) {
      if (ep.rehab_start == kNoInstant || ep.wait_clock == kNoInstant) continue;
      const CivilDate from = civil_date_of(ep.wait_clock);
      const CivilDate to = civil_date_of(ep.rehab_start);
      CellValue v;
      v.denominator = 1;
      v.sum_thousandths = static_cast<std::int64_t>(to - from) * 1000;
      v.buckets = {{to - from, 1}};
      v.numerator2 = paused_days(from, to);
      builder_.add(Indicator::kI05Wait, at(to, ep.programme), quarter_of(to), v);
    }
  }

  /// Civil dates after `from` up to `to` that a stay touches. Stays do not overlap, but two of them
  /// may touch one date.
  [[nodiscard]] int paused_days(CivilDate from, CivilDate to) const {
    int days = 0;
    CivilDate next = from + 1;
    for (const Stay& stay : stays_) {
      const CivilDate first = std::max(next, civil_date_of(stay.start));
      const CivilDate last = stay.open() ? to : std::min(to, civil_date_of(stay.end));
      if (last < first) continue;
      days += last - first + 1;
      next = last + 1;
    }
    return days;
  }

  /// I-12: an admission discharged alive, followed within 30 days by an acute one.
  void readmission() {
    for (std::size_t i = 0; i < stays_.size(); ++i) {
      const Stay& stay = stays_[i];
      if (!stay.admission || !stay.discharged_alive) continue;
      const CivilDate discharged = civil_date_of(stay.end);
      CellValue v;
      if (today_ - discharged <= kReadmissionDays) {
        v.unknown = 1;  // the window is open, whatever has happened already
      } else {
        bool acute = false;
        bool perhaps = false;
        for (std::size_t j = i + 1; j < stays_.size(); ++j) {
          const Stay& later = stays_[j];
          if (civil_date_of(later.start) - discharged > kReadmissionDays) break;
          if (!later.admission || later.start <= stay.end) continue;
          acute = acute || later.acute == Tri::kTrue;
          perhaps = perhaps || later.acute == Tri::kUnknown;
        }
        if (acute) {
          v.numerator = v.denominator = 1;
        } else if (perhaps) {
          v.unknown = 1;
        } else {
          v.denominator = 1;
        }
      }
      builder_.add(Indicator::kI12Readmission, at(discharged, kNoProgramme), quarter_of(discharged),
                   v);
    }
  }

  const FoldTables& t_;
  const CitizenState& s_;
  const Instant as_of_;
  const CivilDate today_;
  std::vector<Stay> stays_;
  Builder builder_;
};

}  // namespace

std::vector<Contribution> Fold::contributions(const CitizenState& state, Instant as_of) const {
  return Contributor(*tables_, state, as_of).run();
}

void contribution_deadlines(const FoldTables& /*tables*/, const CitizenState& state,
                            const std::vector<Stay>& stays, CivilDate today, Deadlines& deadlines) {
  for (const Stay& stay : stays) {
    if (stay.admission && stay.discharged_alive) {
      deadlines.past(civil_date_of(stay.end), kReadmissionDays);
    }
  }
  // Ages are watched by evaluate(): a birthday changes Evaluation::age.
  const bool is_case = state.diabetes.case_date != kNoDate ||
                       std::any_of(state.facts.begin(), state.facts.end(),
                                   [](const ProgrammeFacts& f) { return f.case_date != kNoDate; });
  if (is_case && !state.deceased()) deadlines.on(first_day(quarter_of(today) + 1));
}

}  // namespace kronika::domain
