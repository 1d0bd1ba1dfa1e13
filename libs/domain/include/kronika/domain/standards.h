// Standards that figures are compared with (domain.md 10.3), as data: data/reference/standards.csv.
//
//   for (const Standard* s : standards_of(rules, Indicator::kI15Hba1cOnTarget, last_day(quarter)))
//     verdict(*s, row);   // met, not met, or why nobody can say
//
// Pure. Thread: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <kronika/domain/indicators.h>
#include <kronika/domain/rules.h>

namespace kronika::domain {

struct PublishedRow;

/// "RATE".
[[nodiscard]] std::string_view name_of(StandardFigure figure);
[[nodiscard]] std::string_view name_of(StandardDirection direction);  ///< ">="
/// ">= 90 %", and of a second figure what it counts before that: "HbA1c >= 75 in < 20 %".
[[nodiscard]] std::string to_text(const Standard& standard);

/// Those valid on the date, in file order.
[[nodiscard]] std::vector<const Standard*> standards_of(const Rules& rules, Indicator indicator,
                                                        CivilDate date);

/// All of them, "; " between.
[[nodiscard]] std::string standards_text(const Rules& rules, Indicator indicator, CivilDate date);

enum class StandardVerdict : std::uint8_t { kMet, kNotMet, kSuppressed, kNoData };
/// Compared without rounding.
[[nodiscard]] StandardVerdict verdict(const Standard& standard, const PublishedRow& row);

}  // namespace kronika::domain
