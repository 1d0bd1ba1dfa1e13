// What one citizen adds to indicator cells (domain.md 10): a pure function of the state and as_of.
// contributions.cc has what is common, contributions_state.cc the indicators taken at quarter ends,
// contributions_pathway.cc those of wait periods and episodes, contributions_stay.cc those of
// stays.
#pragma once

#include "fold_tables.h"

#include <vector>

#include <kronika/domain/indicators.h>

namespace kronika::domain {

// Follow-up windows and look-back windows in days (domain.md 10.3), for the figures and for the
// deadlines alike.
inline constexpr int kTakeoverWindow = 60;       // 7.3
inline constexpr int kLevelWindow = 365;         // I-03
inline constexpr int kFullRehabWindow = 730;     // I-04
inline constexpr int kEarlyStartWindow = 28;     // I-06
inline constexpr int kUptakeWindow = 90;         // I-08
inline constexpr int kCompletionWindow = 365;    // I-09, I-10
inline constexpr int kReadmissionWindow = 30;    // I-12 to I-14
inline constexpr int kDiabetesYear = 365;        // I-16
inline constexpr int kHeartStartWindow = 90;     // I-18a
inline constexpr int kSatisfactionWindow = 60;   // I-22
inline constexpr int kHeartOutcomeWindow = 182;  // I-18b to f

/// Collects contributions and brings them into canonical order: by indicator, dimensions and
/// quarter, units of one cell summed, equal neighbours joined to runs.
class ContributionList {
 public:
  /// A unit of quarter `q`.
  void add(Indicator indicator, const Dimensions& at, Quarter q, const CellValue& value,
           bool rolling = false);
  /// The last unit added holds up to and including `to`.
  void extend(Quarter to) { list_.back().to = to; }
  /// The run that a state indicator is building; one for each indicator and unit.
  struct Line {
    std::size_t index = SIZE_MAX;
  };
  /// A state at the end of `q`; quarters come in order, so that a run is built at once.
  void add_state(Line& line, Indicator indicator, const Dimensions& at, Quarter q,
                 const CellValue& value);
  [[nodiscard]] std::vector<Contribution> finish();

 private:
  std::vector<Contribution> list_;
};

class Contributor {
 public:
  Contributor(const FoldTables& tables, const CitizenState& state, Instant as_of)
      : t_(tables), s_(state), as_of_(as_of), today_(civil_date_of(as_of)) {}
  std::vector<Contribution> run();

 private:
  /// The end of a quarter, or as_of in the running one, while the person lives.
  struct Point {
    Quarter quarter;
    CivilDate date;
    std::optional<int> age;
    Dimensions at;  ///< without programme and level
  };
  struct Level {
    std::uint8_t level = 0;
    CivilDate date = kNoDate;
  };
  /// How an episode ended, the transfer timer included; kNone: it has not.
  struct End {
    State state = State::kNone;
    CivilDate date = kNoDate;
  };

  [[nodiscard]] Dimensions at(CivilDate date, ProgrammeIndex programme) const;
  [[nodiscard]] End end_of(const Episode& ep) const;
  /// The window of `days` after `index` is still open.
  [[nodiscard]] bool open_window(CivilDate index, int days) const { return today_ - index <= days; }
  [[nodiscard]] bool died_within(CivilDate from, int days) const;

  // contributions_state.cc
  void make_points();
  [[nodiscard]] std::size_t first_point(CivilDate date) const;
  void read_levels(const ProgrammeFacts* facts);
  [[nodiscard]] Dimensions at(std::size_t point, ProgrammeIndex programme) const;
  void states(const ProgrammeFacts& facts);
  void instances(const ProgrammeFacts& facts);
  void cases(const ProgrammeFacts& facts);
  void diabetes();
  void incidence(CivilDate case_date, ProgrammeIndex programme);
  [[nodiscard]] bool full_rehab_before(CivilDate date) const;
  [[nodiscard]] ProgrammeIndex diabetes_type(CivilDate date) const;

  // contributions_pathway.cc
  void wait(const Episode& ep);
  [[nodiscard]] int paused_days(CivilDate from, CivilDate to) const;
  void right_offer(const Episode& ep);
  void uptake(const Episode& ep);
  void completion_and_dropout(const Episode& ep);
  void outcomes(const Episode& ep);

  /// I-24.
  void reporting();

  // contributions_stay.cc
  void readmission(std::size_t stay);
  [[nodiscard]] Tri readmitted(std::size_t stay) const;
  void kol_stay(std::size_t stay);
  void kol_mortality();
  void heart_rehab(const Stay& stay);
  void avoidable(const Stay& stay);
  /// First rehab start of the programme on `from` or up to `days` after it; kNoDate: none.
  [[nodiscard]] CivilDate rehab_start(ProgrammeIndex programme, CivilDate from, int days) const;
  [[nodiscard]] bool in_rehab(ProgrammeIndex programme, Instant at) const;
  /// Of the day `date`; nothing where the birth date is unknown.
  [[nodiscard]] std::optional<int> age(CivilDate date) const;

  const FoldTables& t_;
  const CitizenState& s_;
  const Instant as_of_;
  const CivilDate today_;
  std::vector<Stay> stays_;
  std::vector<Point> points_;
  std::vector<Level> levels_;  ///< of the programme at hand, one a point
  ContributionList list_;
};

}  // namespace kronika::domain
