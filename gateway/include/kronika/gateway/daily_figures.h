// The figures about people that this process serves as time series: clinical timers by region and
// by programme (kronika_care_timers), and the four target pictures (kronika_indicator_*).
// Prometheus keeps history, so they change once a civil day, from 06:00 in Copenhagen on, and say
// no small number: not on one day, and not by what differs between two.
//
//   DailyFigures figures(options, rules, fold, view, clock, registry, caught_up);
//   figures.start();
//
// A pass over all citizens goes in slices, between which the thread rests nine times as long as a
// slice took: a tenth of one core at most, and queries find the view as free as before. What was
// served is kept in a file: a restart changes no figure, and the day's figures are made once.
// Indicators are read from publications alone, which everybody may read.
//
// Thread: start() begins one; turn() is for it, or for a test that has none.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>

#include <kronika/base/clock.h>
#include <kronika/domain/fold.h>
#include <kronika/domain/rules.h>
#include <kronika/domain/time.h>
#include <kronika/gateway/view.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::gateway {

struct DailyFiguresOptions {
  std::filesystem::path memory;  ///< where what was served is kept
  std::size_t slice = 256;       ///< citizens between two rests
};

/// The civil day whose figures are served at `now`: they change at 06:00 local, when the events of
/// the day before have come and the night's publications are made.
[[nodiscard]] domain::CivilDate figures_day(Instant now);

class DailyFigures {
 public:
  /// All must outlive this object. What the file holds is served at once; a new day begins once
  /// `caught_up` is true and the view knows a citizen.
  DailyFigures(DailyFiguresOptions options, const domain::Rules& rules, const domain::Fold& fold,
               const View& view, const Clock& clock, telemetry::Registry& registry,
               const std::atomic<bool>& caught_up);
  ~DailyFigures();

  void start();
  /// One step: begins a day's figures, passes over a slice, or finds nothing to do. How long to
  /// rest.
  std::chrono::milliseconds turn();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kronika::gateway
