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
std::string rate_text(const query::v1::Rate& rate, std::int32_t rate_per) {
  return rate_per <= 1 ? percent(rate) : with(rate, 1, "%.2f");
}
std::string difference(const query::v1::Rate& rate) { return with(rate, 1, "%+.1f"); }

std::string text_of(query::v1::Verdict verdict) {
  switch (verdict) {
    case query::v1::VERDICT_MET:
      return "met";
    case query::v1::VERDICT_NOT_MET:
      return "not met";
    case query::v1::VERDICT_SUPPRESSED:
      return kSuppressed;
    default:
      return kNone;
  }
}

bool counts_anything(const query::v1::IndicatorRow& row) {
  const auto counts = [](const query::v1::Figure& f) {
    return f.status() == query::v1::FIGURE_STATUS_SUPPRESSED || f.value() != 0;
  };
  return counts(row.numerator()) || counts(row.denominator()) || counts(row.unknown()) ||
         counts(row.excluded());
}

}  // namespace kronika::cli
