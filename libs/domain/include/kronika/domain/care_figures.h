// Figures of care for time series that are kept (domain.md 7.5): how many pathways have which timer
// running, by region and by programme. A series of days tells more than a table, so three things
// keep it from telling of a person:
//   - CareCounts::cells() suppresses each day's counts as publications are (suppression.h);
//   - a figure is rounded to five, and one below five is not served at all, 0 included;
//   - a StandingFigure moves only once the count has moved by five since it last did.
//
//   CareCounts counts(rules, today);
//   for (each citizen) counts.add(state, fold.evaluate(state, now), now);
//   for (const CareCell& cell : counts.cells())
//     figures[cell.key] = moved(figures.find(cell.key), cell);
//
// Pure. Thread: one.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <kronika/domain/care_timers.h>
#include <kronika/domain/rules.h>

namespace kronika::domain {

/// Which count. By region: classes of days, all programmes; by programme: the whole country, all
/// classes. kAll stands for what is not divided.
struct CareKey {
  static constexpr std::string_view kAll = "all";
  std::string timer;      ///< name_of(CareTimer)
  std::string days;       ///< of classes_of(), or kAll
  std::string region;     ///< code, "UNKNOWN", or kAll
  std::string programme;  ///< id, or kAll
  friend auto operator<=>(const CareKey&, const CareKey&) = default;
};

struct CareCell {
  CareKey key;
  std::int64_t count = 0;
  bool hidden = false;  ///< small, or a small one would follow from it
};

class CareCounts {
 public:
  /// Regions are those of `day`. `rules` must outlive the object.
  CareCounts(const Rules& rules, CivilDate day);
  /// Nothing of a canary.
  void add(const CitizenState& state, const Evaluation& evaluation, Instant as_of);
  /// All cells that there can be, also those that count nothing: of a programme whose timers can
  /// never run, too.
  [[nodiscard]] std::vector<CareCell> cells() const;

 private:
  std::vector<CareCell> cells_of(CareTimer timer) const;

  const Rules& rules_;
  const CivilDate day_;
  std::vector<std::string> regions_;  ///< codes, "UNKNOWN" last
  std::map<std::tuple<CareTimer, std::uint8_t, std::string>, std::int64_t> by_region_;
  std::map<std::pair<CareTimer, ProgrammeIndex>, std::int64_t> by_programme_;
};

/// A count as it is served from day to day.
struct StandingFigure {
  std::int64_t basis = 0;  ///< the count when the figure last moved; less than five from the count
  bool hidden = false;     ///< today
  /// Rounded to five; nothing where it is hidden, or below five.
  [[nodiscard]] std::optional<std::int64_t> served() const;
  friend bool operator==(const StandingFigure&, const StandingFigure&) = default;
};
/// The figure of the day after `before` (nullptr: there was none).
[[nodiscard]] StandingFigure moved(const StandingFigure* before, const CareCell& today);

}  // namespace kronika::domain
