// The four target pictures (domain.md 12) as time series, from publications alone: what they show
// is public, so a series of it tells nothing that they do not. Of each indicator the newest quarter
// that is published; a figure that its latest revision withholds is read in the one before, as
// readers of publications do.
// Pure but for reading the view. Thread: any.
#pragma once

#include <cstddef>
#include <vector>

#include <kronika/base/result.h>
#include <kronika/domain/rules.h>
#include <kronika/gateway/view.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::gateway {

struct IndicatorFigures {
  std::vector<telemetry::Sample> value;       ///< picture, indicator, region ("all": the nation)
  std::vector<telemetry::Sample> suppressed;  ///< picture, indicator: places without a figure
  std::vector<telemetry::Sample> target;      ///< picture, indicator, direction
  std::vector<telemetry::Sample> period_end;  ///< indicator: end of the quarter that is shown
};

/// Errors: view_record_unreadable, store_*.
[[nodiscard]] Result<IndicatorFigures> indicator_figures(const View& view,
                                                         const domain::Rules& rules);

/// Three significant digits: what a panel can show, and no more than a publication says.
[[nodiscard]] double rounded(double value);

/// The most series that indicator_figures() can give where there are so many regions.
[[nodiscard]] std::size_t most_indicator_series(std::size_t regions);

}  // namespace kronika::gateway
