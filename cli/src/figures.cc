#include "figures.h"

#include "table.h"

#include <cstdio>

namespace kronika::cli {
namespace {

// Not "<5": a suppressed figure may be larger, and which ones are small stays hidden.
constexpr const char* kSuppressed = "*";
constexpr const char* kNone = "-";

std::string with(const query::v1::Rate& rate, double factor, const char* format) {
  if (rate.status() == query::v1::FIGURE_STATUS_SUPPRESSED) return kSuppressed;
  if (rate.status() != query::v1::FIGURE_STATUS_SHOWN) return kNone;
  char text[40];
  std::snprintf(text, sizeof text, format, rate.value() * factor);
  return text;
}

}  // namespace

std::string text_of(const query::v1::Figure& figure) {
  if (figure.status() == query::v1::FIGURE_STATUS_SUPPRESSED) return kSuppressed;
  if (figure.status() != query::v1::FIGURE_STATUS_SHOWN) return kNone;
  return grouped(figure.value());
}

std::string percent(const query::v1::Rate& rate) { return with(rate, 100, "%.1f %%"); }
std::string number(const query::v1::Rate& rate) { return with(rate, 1, "%g"); }

bool counts_anything(const query::v1::IndicatorRow& row) {
  const auto counts = [](const query::v1::Figure& f) {
    return f.status() == query::v1::FIGURE_STATUS_SUPPRESSED || f.value() != 0;
  };
  return counts(row.numerator()) || counts(row.denominator()) || counts(row.unknown()) ||
         counts(row.excluded());
}

}  // namespace kronika::cli
