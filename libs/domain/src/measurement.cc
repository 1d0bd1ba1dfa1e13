#include "measurement.h"

#include <charconv>
#include <cmath>

namespace kronika::domain {
namespace {

// Decimal input is not exact in binary: 70 x 0.01 must not end beside a bound.
constexpr double kDecimalSlack = 1e-9;

double round_half_away(double value, int decimals) {
  const double scale = std::pow(10.0, decimals);
  const double scaled = value * scale;
  return std::round(scaled + std::copysign(kDecimalSlack, scaled)) / scale;
}

}  // namespace

bool is_number(double value) { return std::isfinite(value); }

bool is_integer(double value) { return std::nearbyint(value) == value; }

std::optional<double> number_of(const std::variant<std::monostate, double, std::string>& value) {
  if (const auto* number = std::get_if<double>(&value)) {
    return is_number(*number) ? std::optional<double>(*number) : std::nullopt;
  }
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return std::nullopt;
  const char* first = text->data();
  const char* const last = first + text->size();
  if (first != last && *first == '+' && last - first > 1 && first[1] != '-') ++first;
  double number = 0;
  const auto [end, error] = std::from_chars(first, last, number);
  if (error != std::errc{} || end != last || !is_number(number)) return std::nullopt;
  return number;
}

double converted(const UnitConversion& conversion, double value) {
  const double raw = conversion.factor * value + conversion.offset;
  // Nine decimals drop the noise of the multiplication (70 % x 0.01 must be 0.7).
  return round_half_away(raw, conversion.round ? *conversion.round : 9);
}

bool outside_hard_range(const Measure& measure, double value) {
  return (measure.hard_min && value < *measure.hard_min) ||
         (measure.hard_max && value > *measure.hard_max);
}

}  // namespace kronika::domain
