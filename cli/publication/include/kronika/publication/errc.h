// Why a publication was not made; nothing was written then.
#pragma once

#include <kronika/base/result.h>

namespace kronika::publication {

namespace rows {
inline constexpr ErrorRow kPeriodRunning{"publication_period_running", Disposition::kRejectRecord};
inline constexpr ErrorRow kToday{"publication_today_already", Disposition::kRejectRecord};
inline constexpr ErrorRow kNoFigures{"publication_no_figures", Disposition::kRejectRecord};
inline constexpr ErrorRow kNotRolling{"publication_not_rolling", Disposition::kRejectRecord};
inline constexpr ErrorRow kQuartersMissing{"publication_quarters_missing",
                                           Disposition::kRejectRecord};
}  // namespace rows

/// The period has not ended, or the consumers have not come to its end.
inline constexpr ErrorCode kPeriodRunning{rows::kPeriodRunning};
/// A revision of this indicator and period was made today (civil date in Copenhagen).
inline constexpr ErrorCode kToday{rows::kToday};
/// The indicator is not computed, has no tables of its own (I-23), or may not be published of this
/// period (I-02 while the data are young).
inline constexpr ErrorCode kNoFigures{rows::kNoFigures};
/// The indicator is a state at the end of a quarter: it has no rolling figure.
inline constexpr ErrorCode kNotRolling{rows::kNotRolling};
/// A rolling period is made of publications of five quarters, I-02 stands on I-01 of the quarter
/// before; some of them are missing.
inline constexpr ErrorCode kQuartersMissing{rows::kQuartersMissing};

}  // namespace kronika::publication
