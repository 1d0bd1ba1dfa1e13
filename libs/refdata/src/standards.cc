// Standards that indicators are compared with.
#include "tables.h"

#include <algorithm>
#include <array>
#include <map>

#include <kronika/domain/indicator_info.h>
#include <kronika/domain/standards.h>

namespace kronika::refdata {
namespace {

using domain::StandardDirection;
using domain::StandardFigure;

template <class Enum, std::size_t N>
std::optional<Enum> from_name(const std::array<Enum, N>& all, std::string_view text) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](Enum e) { return domain::name_of(e) == text; });
  return found == all.end() ? std::nullopt : std::optional<Enum>(*found);
}

constexpr std::array kFigures{StandardFigure::kRate, StandardFigure::kSecondRate,
                              StandardFigure::kMedian, StandardFigure::kP90, StandardFigure::kMean};
constexpr std::array kDirections{StandardDirection::kAtLeast, StandardDirection::kMoreThan,
                                 StandardDirection::kAtMost, StandardDirection::kLessThan};

/// The unit in which the figure is given: a limit in another one could never be compared.
std::string_view unit_of(const domain::IndicatorInfo& info, StandardFigure figure) {
  if (figure == StandardFigure::kRate || figure == StandardFigure::kSecondRate) {
    return info.rate_per == 1 ? "%" : info.rate_per == 1000 ? "per 1000" : "per 100000";
  }
  return figure == StandardFigure::kMean ? "points" : "days";
}

bool has_figure(const domain::IndicatorInfo& info, StandardFigure figure) {
  using domain::FigureKind;
  switch (figure) {
    case StandardFigure::kRate:
      return info.kind == FigureKind::kShare || info.population != domain::PopulationBase::kNone;
    case StandardFigure::kSecondRate:
      return !info.second.empty();
    case StandardFigure::kMedian:
    case StandardFigure::kP90:
      return info.kind == FigureKind::kValues;
    case StandardFigure::kMean:
      return info.kind == FigureKind::kMean;
  }
  return false;
}

}  // namespace

void read_standards(const Table& table, domain::Rules& rules) {
  std::map<std::string, std::vector<domain::Validity>> earlier;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table[i];
    domain::Standard s;
    s.indicator = row.required("indicator");
    const auto indicator = domain::indicator_from_id(s.indicator);
    const domain::IndicatorInfo* info = indicator ? domain::indicator_info(*indicator) : nullptr;
    if (info == nullptr) {
      row.refuse("indicator '" + s.indicator + "' is unknown");
      return;
    }
    const auto figure = from_name(kFigures, row.required("figure"));
    if (!figure) row.refuse("figure is RATE, SECOND_RATE, MEDIAN, P90 or MEAN");
    s.figure = figure.value_or(StandardFigure::kRate);
    if (figure && !has_figure(*info, *figure))
      row.refuse("figure '" + row.text("figure") + "' is none of " + s.indicator);
    const auto direction = from_name(kDirections, row.required("direction"));
    if (!direction) row.refuse("direction is >=, >, <= or <");
    s.direction = direction.value_or(StandardDirection::kAtLeast);
    s.unit = row.required("unit");
    if (figure && s.unit != unit_of(*info, *figure))
      row.refuse("unit '" + s.unit + "' is not that of the figure, '" +
                 std::string(unit_of(*info, *figure)) + "'");
    const auto value = row.number("value");
    if (!value || *value < 0 || (s.unit == "%" && *value > 100))
      row.refuse("value is a number from 0, and to 100 where the unit is %");
    s.value = value.value_or(0);
    s.source = row.required("source");
    s.validity = row.validity();
    // Several limits of one figure may hold together (from 5 to 10 days), one from each side.
    const bool floor =
        s.direction == StandardDirection::kAtLeast || s.direction == StandardDirection::kMoreThan;
    auto& others = earlier[s.indicator + "/" + row.text("figure") + (floor ? "/floor" : "/roof")];
    for (const domain::Validity& other : others) {
      if (overlap(other, s.validity))
        row.refuse("the validity of this standard overlaps an earlier row's");
    }
    others.push_back(s.validity);
    rules.standards.push_back(std::move(s));
  }
}

}  // namespace kronika::refdata
