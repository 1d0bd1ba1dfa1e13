// Arithmetic of measured values, shared by the checks and the canonical form (domain.md 6).
#pragma once

#include <optional>
#include <string>
#include <variant>

#include <kronika/domain/rules.h>

namespace kronika::domain {

/// A finite number: as sent, or read from a text, of which a leading "+" is dropped.
[[nodiscard]] std::optional<double> number_of(
    const std::variant<std::monostate, double, std::string>& value);
[[nodiscard]] bool is_number(double value);
[[nodiscard]] bool is_integer(double value);
/// factor x value + offset, rounded half away from zero where the unit says so.
[[nodiscard]] double converted(const UnitConversion& conversion, double value);
/// The bounds themselves are inside.
[[nodiscard]] bool outside_hard_range(const Measure& measure, double value);

}  // namespace kronika::domain
