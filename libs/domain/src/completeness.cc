#include <algorithm>

#include <kronika/domain/completeness.h>

namespace kronika::domain {
namespace {

PublishedRow row_of(std::string key, std::string name, std::int64_t reported, std::size_t of) {
  PublishedRow row;
  row.key = std::move(key);
  row.name = std::move(name);
  row.numerator = {FigureStatus::kShown, reported};
  row.denominator = {FigureStatus::kShown, static_cast<std::int64_t>(of)};
  row.unknown = row.excluded = {FigureStatus::kShown, 0};
  if (of > 0) {
    row.rate = {FigureStatus::kShown, static_cast<double>(reported) / static_cast<double>(of)};
  }
  return row;
}

}  // namespace

void add_reporting(const CellKey& key, const CellValue& value, ReportingCells& into) {
  if (key.canary || key.indicator != Indicator::kI24ReportingCompleteness) return;
  if (value.numerator > 0) {
    into.emplace(key.at.municipality, static_cast<ReportingSector>(key.at.detail));
  }
}

ReportingCompleteness::ReportingCompleteness(const Rules& rules, Quarter quarter,
                                             const ReportingCells& cells) {
  const CivilDate p_end = last_day(quarter);
  std::set<std::string_view> reporting_regions;
  for (const auto& [municipality, sector] : cells) {
    if (sector == ReportingSector::kRegion) {
      reporting_regions.insert(rules.region_of(municipality, p_end));
    }
  }
  for (const MunicipalityRow& row : rules.municipalities) {
    if (row.code == 0 || !row.validity.contains(p_end)) continue;
    std::string code = std::to_string(row.code);
    code.insert(0, code.size() < 4 ? 4 - code.size() : 0, '0');
    municipalities_.push_back({std::move(code), row.name, row.region,
                               cells.contains({row.code, ReportingSector::kMunicipality})});
  }
  for (const Region& row : rules.regions) {
    if (!row.validity.contains(p_end)) continue;
    regions_.push_back({row.code, row.name, row.code, reporting_regions.contains(row.code)});
  }
  const auto by_code = [](const ReportingArea& a, const ReportingArea& b) {
    return a.code < b.code;
  };
  std::sort(municipalities_.begin(), municipalities_.end(), by_code);
  std::sort(regions_.begin(), regions_.end(), by_code);
}

std::vector<PublishedRow> ReportingCompleteness::rows(TableKind table) const {
  if (table == TableKind::kNation) {
    return {
        row_of("MUNICIPALITIES", "municipalities", count(municipalities_), municipalities_.size()),
        row_of("REGIONS", "regions", count(regions_), regions_.size())};
  }
  std::vector<PublishedRow> out;
  for (const ReportingArea& area : table == TableKind::kRegion ? regions_ : municipalities_) {
    out.push_back(row_of(area.code, area.name, area.reported ? 1 : 0, 1));
  }
  return out;
}

PublishedRow ReportingCompleteness::total(TableKind table) const {
  const auto& areas = table == TableKind::kRegion ? regions_ : municipalities_;
  return row_of("TOTAL", "total", count(areas), areas.size());
}

std::int64_t ReportingCompleteness::count(const std::vector<ReportingArea>& areas) {
  return std::count_if(areas.begin(), areas.end(),
                       [](const ReportingArea& area) { return area.reported; });
}

}  // namespace kronika::domain
