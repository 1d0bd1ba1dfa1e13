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
struct Rate;

/// "RATE".
[[nodiscard]] std::string_view name_of(StandardFigure figure);
[[nodiscard]] std::string_view name_of(StandardDirection direction);  ///< ">="
/// The figure of the row that a standard, or whoever else, asks for.
[[nodiscard]] const Rate& figure_of(StandardFigure figure, const PublishedRow& row);
/// ">= 90 %", and of a second figure what it counts before that: "HbA1c >= 75 in < 20 %".
[[nodiscard]] std::string to_text(const Standard& standard);

/// Those valid on the date, in file order.
[[nodiscard]] std::vector<const Standard*> standards_of(const Rules& rules, Indicator indicator,
                                                        CivilDate date);

/// All of them, "; " between.
[[nodiscard]] std::string standards_text(const Rules& rules, Indicator indicator, CivilDate date);

/// The limit on the scale of the figure: of a share 0.9, not 90.
[[nodiscard]] double limit_of(const Standard& standard);

enum class StandardVerdict : std::uint8_t { kMet, kNotMet, kSuppressed, kNoData };
/// Compared without rounding.
[[nodiscard]] StandardVerdict verdict(const Standard& standard, const PublishedRow& row);

}  // namespace kronika::domain
