#include <array>
#include <cstdio>

#include <kronika/domain/published_table.h>
#include <kronika/domain/standards.h>

namespace kronika::domain {
namespace {

bool holds(StandardDirection direction, double value, double limit) {
  switch (direction) {
    case StandardDirection::kAtLeast:
      return value >= limit;
    case StandardDirection::kMoreThan:
      return value > limit;
    case StandardDirection::kAtMost:
      return value <= limit;
    case StandardDirection::kLessThan:
      return value < limit;
  }
  return false;
}

}  // namespace

const Rate& figure_of(StandardFigure figure, const PublishedRow& row) {
  switch (figure) {
    case StandardFigure::kRate:
      return row.rate;
    case StandardFigure::kSecondRate:
      return row.second_rate;
    case StandardFigure::kMedian:
      return row.median;
    case StandardFigure::kP90:
      return row.p90;
    case StandardFigure::kMean:
      return row.mean;
  }
  return row.rate;
}

std::string_view name_of(StandardFigure figure) {
  static constexpr std::array<std::string_view, 5> kNames{"RATE", "SECOND_RATE", "MEDIAN", "P90",
                                                          "MEAN"};
  return kNames[static_cast<std::size_t>(figure)];
}

std::string_view name_of(StandardDirection direction) {
  static constexpr std::array<std::string_view, 4> kNames{">=", ">", "<=", "<"};
  return kNames[static_cast<std::size_t>(direction)];
}

std::string to_text(const Standard& standard) {
  std::string text;
  if (standard.figure == StandardFigure::kSecondRate) {
    const auto indicator = indicator_from_id(standard.indicator);
    const IndicatorInfo* info = indicator ? indicator_info(*indicator) : nullptr;
    text = (info == nullptr ? std::string("second") : std::string(info->second)) + " in ";
  } else if (standard.figure != StandardFigure::kRate) {
    text = std::string(name_of(standard.figure)) + " ";
  }
  std::array<char, 40> value{};
  std::snprintf(value.data(), value.size(), "%g", standard.value);
  return text + std::string(name_of(standard.direction)) + " " + value.data() + " " + standard.unit;
}

std::vector<const Standard*> standards_of(const Rules& rules, Indicator indicator, CivilDate date) {
  std::vector<const Standard*> out;
  for (const Standard& s : rules.standards) {
    if (s.indicator == id_of(indicator) && s.validity.contains(date)) out.push_back(&s);
  }
  return out;
}

std::string standards_text(const Rules& rules, Indicator indicator, CivilDate date) {
  std::string text;
  for (const Standard* s : standards_of(rules, indicator, date))
    text += (text.empty() ? "" : "; ") + to_text(*s);
  return text;
}

double limit_of(const Standard& standard) {
  // 0.9 x 100 is less than 90 in binary: the limit is brought to the rate's scale instead.
  return standard.unit == "%" ? standard.value / 100 : standard.value;
}

StandardVerdict verdict(const Standard& standard, const PublishedRow& row) {
  const Rate& rate = figure_of(standard.figure, row);
  if (rate.status == FigureStatus::kSuppressed) return StandardVerdict::kSuppressed;
  if (rate.status == FigureStatus::kNoData) return StandardVerdict::kNoData;
  return holds(standard.direction, rate.value, limit_of(standard)) ? StandardVerdict::kMet
                                                                   : StandardVerdict::kNotMet;
}

}  // namespace kronika::domain
