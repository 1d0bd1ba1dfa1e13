#include <algorithm>
#include <set>
#include <utility>

#include <kronika/domain/published_table.h>

namespace kronika::domain {
namespace {

constexpr std::string_view kUnknownArea = "UNKNOWN";
constexpr std::string_view kNationCode = "DK";

std::string four_digits(Municipality code) {
  std::string text = std::to_string(code);
  return std::string(text.size() < 4 ? 4 - text.size() : 0, '0') + text;
}

Figure shown(std::int64_t value) { return {FigureStatus::kShown, value}; }
constexpr Figure kHiddenFigure{FigureStatus::kSuppressed, 0};

// Counts that stand in no line of the tables: primary suppression alone (point 3).
Figure primary_only(std::int64_t value) { return is_small(value) ? kHiddenFigure : shown(value); }

}  // namespace

void add_cell(const CellKey& key, const CellValue& value, AreaCells& into) {
  if (!key.canary) into[{key.at.municipality, key.at.programme}] += value;
}

std::optional<TableKind> table_from_name(std::string_view name) {
  for (const TableKind kind : {TableKind::kNation, TableKind::kRegion, TableKind::kMunicipality}) {
    if (name == name_of(kind)) return kind;
  }
  return std::nullopt;
}

std::string_view name_of(TableKind table) {
  switch (table) {
    case TableKind::kNation:
      return "NATION";
    case TableKind::kRegion:
      return "REGION";
    case TableKind::kMunicipality:
      return "MUNICIPALITY";
  }
  return "";
}

std::optional<std::int32_t> percentile(
    const std::vector<std::pair<std::int32_t, std::int64_t>>& buckets, int p) {
  std::int64_t n = 0;
  for (const auto& [value, count] : buckets) n += count;
  if (n <= 0) return std::nullopt;
  std::int64_t left = (p * n + 99) / 100;
  for (const auto& [value, count] : buckets) {
    left -= count;
    if (left <= 0) return value;
  }
  return buckets.back().first;
}

PublishedIndicator::PublishedIndicator(const Rules& rules, const IndicatorInfo& info,
                                       Quarter quarter, const AreaCells& cells)
    : PublishedIndicator(rules, info, quarter, cells, {}) {}

PublishedIndicator::PublishedIndicator(const Rules& rules, const IndicatorInfo& info,
                                       Quarter quarter, const AreaCells& cells,
                                       const std::vector<const PublishedIndicator*>& window)
    : info_(info) {
  std::set<ProgrammeIndex> programmes;
  for (const auto& [key, value] : cells) {
    if (key.programme != kNoProgramme) programmes.insert(key.programme);
  }
  lay_out(rules, quarter, cells, {programmes.begin(), programmes.end()});
  FigureSet set = figures();
  withhold_by_window(window, set);
  hidden_ = suppress(set);
}

PublishedIndicator PublishedIndicator::rolling(const Rules& rules, const IndicatorInfo& info,
                                               Quarter last, const AreaCells& before,
                                               const std::array<const AreaCells*, 4>& quarters) {
  AreaCells sum;
  std::vector<PublishedIndicator> published;
  published.reserve(5);
  // Regions are those of the window's end, so that the planes of all quarters line up.
  published.emplace_back(rules, info, last, before);
  for (const AreaCells* cells : quarters) {
    for (const auto& [key, value] : *cells) sum[key] += value;
    published.emplace_back(rules, info, last, *cells);
  }
  std::vector<const PublishedIndicator*> window;
  for (const PublishedIndicator& p : published) window.push_back(&p);
  return {rules, info, last, sum, window};
}

void PublishedIndicator::lay_out(const Rules& rules, Quarter quarter, const AreaCells& cells,
                                 const std::vector<ProgrammeIndex>& programmes) {
  const CivilDate date = last_day(quarter);
  std::map<std::string, std::pair<std::string, std::string>>
      municipalities;  // code -> name, region
  for (const MunicipalityRow& row : rules.municipalities) {
    if (row.code != 0 && row.validity.contains(date))
      municipalities[four_digits(row.code)] = {row.name, row.region};
  }
  // A cell of a municipality that the list does not hold is counted with UNKNOWN, never lost.
  std::map<std::string, std::string> regions;
  for (const Region& row : rules.regions) {
    if (row.validity.contains(date)) regions[row.code] = row.name;
  }
  for (const auto& [code, row] : municipalities)
    areas_.push_back({code, row.first, false, row.second});
  areas_.push_back({std::string(kUnknownArea), "unknown", false, std::string(kUnknownArea)});
  const std::size_t unknown = areas_.size() - 1;
  for (const auto& [code, name] : regions) areas_.push_back({code, name, true, ""});
  areas_.push_back({std::string(kUnknownArea), "unknown", true, ""});
  areas_.push_back({std::string(kNationCode), "Danmark", false, ""});
  const std::size_t nation = areas_.size() - 1;

  for (const ProgrammeIndex p : programmes) {
    planes_.emplace_back(p < rules.programmes.size() ? rules.programmes[p].id : std::to_string(p),
                         p);
  }
  std::sort(planes_.begin(), planes_.end());
  planes_.emplace_back("", kNoProgramme);
  values_.resize(areas_.size() * planes_.size());

  std::map<std::string_view, std::size_t> by_code;
  std::map<std::string_view, std::size_t> region_by_code;
  for (std::size_t i = 0; i < nation; ++i) {
    (areas_[i].is_region ? region_by_code : by_code)[areas_[i].code] = i;
  }
  for (const auto& [key, value] : cells) {
    const auto found = by_code.find(four_digits(key.municipality));
    const std::size_t area =
        key.municipality == 0 || found == by_code.end() ? unknown : found->second;
    const auto region = region_by_code.find(areas_[area].region);
    const std::size_t region_area =
        region == region_by_code.end() ? region_by_code.at(kUnknownArea) : region->second;
    std::vector<std::size_t> planes{planes_.size() - 1};
    if (const auto plane = plane_of(key.programme); plane && key.programme != kNoProgramme)
      planes.push_back(*plane);
    for (const std::size_t plane : planes) {
      for (const std::size_t a : {area, region_area, nation}) values_[index(a, plane)] += value;
    }
  }
}

std::int64_t PublishedIndicator::counted(const CellValue& value) const {
  return measured() ? value.denominator : value.numerator;
}

FigureSet PublishedIndicator::figures() const {
  FigureSet set;
  set.cells.resize(values_.size());
  for (std::size_t plane = 0; plane < planes_.size(); ++plane) {
    for (std::size_t area = 0; area < areas_.size(); ++area) {
      FigureCell& cell = set.cells[index(area, plane)];
      const CellValue& value = values_[index(area, plane)];
      cell.dimension = areas_[area].code + "/" + planes_[plane].first;
      // Where values are measured, only their number is a count.
      cell.numerator = counted(value);
      if (info_.kind != FigureKind::kCount) cell.denominator = value.denominator;
    }
  }

  const std::size_t nation = areas_.size() - 1;
  const auto geography = [&](std::size_t plane) {
    FigureLine all_municipalities{{}, index(nation, plane)}, all_regions{{}, index(nation, plane)};
    for (std::size_t region = 0; region < nation; ++region) {
      if (!areas_[region].is_region) {
        all_municipalities.cells.push_back(index(region, plane));
        continue;
      }
      all_regions.cells.push_back(index(region, plane));
      FigureLine line{{}, index(region, plane)};
      for (std::size_t a = 0; a < nation; ++a) {
        if (!areas_[a].is_region && areas_[a].region == areas_[region].code)
          line.cells.push_back(index(a, plane));
      }
      if (!line.cells.empty()) set.lines.push_back(std::move(line));
    }
    set.lines.push_back(std::move(all_municipalities));
    set.lines.push_back(std::move(all_regions));
  };
  const std::size_t all = planes_.size() - 1;
  for (std::size_t plane = 0; plane < all; ++plane) geography(plane);
  for (std::size_t area = 0; area < areas_.size() && all > 0; ++area) {
    FigureLine line{{}, index(area, all)};
    for (std::size_t plane = 0; plane < all; ++plane) line.cells.push_back(index(area, plane));
    set.lines.push_back(std::move(line));
  }
  geography(all);
  return set;
}

void PublishedIndicator::withhold_by_window(const std::vector<const PublishedIndicator*>& window,
                                            FigureSet& set) const {
  if (window.empty()) return;
  for (std::size_t plane = 0; plane < planes_.size(); ++plane) {
    for (std::size_t area = 0; area < areas_.size(); ++area) {
      const std::size_t here = index(area, plane);
      int hidden_numerators = 0, hidden_denominators = 0;
      std::int64_t numerator_sum = 0, denominator_sum = 0;
      for (std::size_t q = 0; q < window.size(); ++q) {
        const PublishedIndicator& quarter = *window[q];
        const auto p = quarter.plane_of(planes_[plane].second);
        if (!p) continue;  // nothing of the programme in that quarter: 0, shown
        const std::size_t there = quarter.index(area, *p);
        const bool numerator = quarter.hidden_.numerator[there],
                   denominator = quarter.hidden_.denominator[there];
        const bool entered_or_left = q == 0 || q + 1 == window.size();
        set.cells[here].withhold_numerator |= entered_or_left && numerator;
        set.cells[here].withhold_denominator |= entered_or_left && denominator;
        if (q == 0) continue;  // left the window: no part of the sum
        if (numerator) ++hidden_numerators, numerator_sum += counted(quarter.values_[there]);
        if (denominator)
          ++hidden_denominators, denominator_sum += quarter.values_[there].denominator;
      }
      const auto gives_away = [](int hidden, std::int64_t sum) {
        return hidden == 1 || (hidden > 1 && sum < 5);
      };
      set.cells[here].withhold_numerator |= gives_away(hidden_numerators, numerator_sum);
      set.cells[here].withhold_denominator |= gives_away(hidden_denominators, denominator_sum);
    }
  }
}

std::optional<std::size_t> PublishedIndicator::plane_of(ProgrammeIndex programme) const {
  if (programme == kNoProgramme) return planes_.size() - 1;
  for (std::size_t i = 0; i + 1 < planes_.size(); ++i) {
    if (planes_[i].second == programme) return i;
  }
  return std::nullopt;
}

PublishedRow PublishedIndicator::row(std::size_t area, std::optional<std::size_t> plane) const {
  PublishedRow out;
  out.key = areas_[area].code;
  out.name = areas_[area].name;
  static const CellValue kNothing;
  const CellValue& value = plane ? values_[index(area, *plane)] : kNothing;
  const bool hide_numerator = plane && hidden_.numerator[index(area, *plane)];
  const bool hide_denominator = plane && hidden_.denominator[index(area, *plane)];

  out.unknown = primary_only(value.unknown);
  out.excluded = primary_only(value.excluded);
  if (!measured()) out.numerator = hide_numerator ? kHiddenFigure : shown(value.numerator);
  if (info_.kind == FigureKind::kCount) return out;
  out.denominator = hide_denominator ? kHiddenFigure : shown(value.denominator);
  if (!hide_denominator && value.denominator == 0) return out;

  if (info_.kind == FigureKind::kShare) {
    const bool hide = hide_numerator || hide_denominator;
    out.rate = hide ? Rate{FigureStatus::kSuppressed, 0}
                    : Rate{FigureStatus::kShown, static_cast<double>(value.numerator) /
                                                     static_cast<double>(value.denominator)};
    return out;
  }
  if (info_.kind == FigureKind::kMean) {
    const bool hide = hide_denominator || value.denominator < kFewestForMedian;
    out.mean =
        hide ? Rate{FigureStatus::kSuppressed, 0}
             : Rate{FigureStatus::kShown, static_cast<double>(value.sum_thousandths) /
                                              (1000.0 * static_cast<double>(value.denominator))};
    return out;
  }
  const auto statistic = [&](int p, std::int64_t fewest) {
    const auto at = percentile(value.buckets, p);
    if (hide_denominator || value.denominator < fewest || !at)
      return Rate{FigureStatus::kSuppressed, 0};
    return Rate{FigureStatus::kShown, static_cast<double>(*at)};
  };
  out.median = statistic(50, kFewestForMedian);
  out.p90 = statistic(90, kFewestForP90);
  return out;
}

std::vector<PublishedRow> PublishedIndicator::rows(TableKind table,
                                                   ProgrammeIndex programme) const {
  const auto plane = plane_of(programme);
  std::vector<PublishedRow> out;
  const std::size_t nation = areas_.size() - 1;
  for (std::size_t area = 0; area < areas_.size(); ++area) {
    const TableKind kind = area == nation           ? TableKind::kNation
                           : areas_[area].is_region ? TableKind::kRegion
                                                    : TableKind::kMunicipality;
    if (kind == table) out.push_back(row(area, plane));
  }
  return out;
}

PublishedRow PublishedIndicator::total(ProgrammeIndex programme) const {
  PublishedRow out = row(areas_.size() - 1, plane_of(programme));
  out.key = "TOTAL";
  out.name = "total";
  return out;
}

}  // namespace kronika::domain
