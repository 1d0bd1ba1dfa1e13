#include "row_changes.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <tuple>
#include <utility>

namespace kronika::verify {
namespace {

using domain::AreaKey;
using domain::CellValue;
using domain::Facet;
using domain::FacetValue;
using domain::ProgrammeIndex;
using domain::TableKind;

/// Cells of one indicator and period.
using Period = std::tuple<domain::Indicator, domain::Quarter, bool>;
Period period_of(const domain::CellKey& key) { return {key.indicator, key.period, key.rolling}; }

/// Table, programme, key, class.
using RowName = std::tuple<TableKind, std::string, std::string, std::string>;
using Rows = std::map<RowName, CellValue>;

class RowSums {
 public:
  RowSums(const domain::Rules& rules, const std::vector<std::string>& programmes,
          const Period& period)
      : rules_(rules),
        programmes_(programmes),
        info_(*domain::indicator_info(std::get<0>(period))),
        last_day_(domain::last_day(std::get<1>(period))),
        reasons_(domain::reason_values(rules)) {}

  [[nodiscard]] Rows rows_of(const domain::AreaCells& areas) const {
    Rows rows;
    for (const auto& [area, sum] : areas) add(area, sum, rows);
    return rows;
  }

 private:
  void add(const AreaKey& area, const CellValue& value, Rows& rows) const {
    const Facet facet = area.by.facet;
    if (facet == Facet::kNone) {
      for (const ProgrammeIndex programme : planes_of(area.programme)) {
        put(TableKind::kNation, programme, "DK", "", value, rows);
        put(TableKind::kRegion, programme, region_of(area.municipality), "", value, rows);
        put(TableKind::kMunicipality, programme, code_of(area.municipality), "", value, rows);
      }
      return;
    }
    const std::string by(key_of(area.by));
    if (area.municipality != domain::kAllMunicipalities) {
      put(*domain::table_by(facet, true), domain::kNoProgramme, region_of(area.municipality), by,
          value, rows);
      return;
    }
    const TableKind table = facet == Facet::kReason ? TableKind::kReason
                            : facet == Facet::kSet  ? TableKind::kSet
                                                    : *domain::table_by(facet, false);
    if (domain::is_detail(facet)) {  // its sum over programmes comes as an entry of its own
      if (area.programme == domain::kNoProgramme) return;
      put(table, area.programme == domain::kAllProgrammes ? domain::kNoProgramme : area.programme,
          by, "", value, rows);
      return;
    }
    for (const ProgrammeIndex programme : planes_of(area.programme))
      put(table, programme, by, "", value, rows);
  }

  /// The planes that a cell of the programme counts in; kNoProgramme: all together.
  static std::vector<ProgrammeIndex> planes_of(ProgrammeIndex programme) {
    if (programme == domain::kNoProgramme) return {domain::kNoProgramme};
    return {domain::kNoProgramme, programme};
  }
  void put(TableKind table, ProgrammeIndex programme, const std::string& key, const std::string& by,
           const CellValue& value, Rows& rows) const {
    if (!domain::is_offered(info_, table, programme)) return;
    rows[{table, programme < programmes_.size() ? programmes_[programme] : "", key, by}] += value;
  }
  [[nodiscard]] std::string region_of(domain::Municipality municipality) const {
    const std::string_view region = rules_.region_of(municipality, last_day_);
    return region.empty() ? "UNKNOWN" : std::string(region);
  }
  static std::string code_of(domain::Municipality municipality) {
    if (municipality == 0) return "UNKNOWN";
    char text[8];
    std::snprintf(text, sizeof text, "%04d", static_cast<int>(municipality));
    return text;
  }
  [[nodiscard]] std::string_view key_of(FacetValue by) const {
    // Reasons that are no dropout stand under UNKNOWN, as in the gateway's table.
    if (by.facet == Facet::kReason &&
        std::find(reasons_.begin(), reasons_.end(), by) == reasons_.end())
      by.value = 0;
    return domain::key_of(by, rules_);
  }

  const domain::Rules& rules_;
  const std::vector<std::string>& programmes_;
  const domain::IndicatorInfo& info_;
  const domain::CivilDate last_day_;
  const std::vector<FacetValue> reasons_;
};

}  // namespace

std::vector<RowChange> row_changes(const domain::Rules& rules,
                                   const std::vector<std::string>& programmes,
                                   const domain::CellDeltas& before,
                                   const domain::CellDeltas& difference) {
  std::vector<RowChange> changes;
  for (auto changed = difference.begin(); changed != difference.end();) {
    const Period period = period_of(changed->first);
    domain::AreaCells areas;
    for (; changed != difference.end() && period_of(changed->first) == period; ++changed)
      domain::add_cell(changed->first, changed->second, areas);
    const RowSums sums(rules, programmes, period);
    Rows added = sums.rows_of(areas);
    std::erase_if(added, [](const auto& row) { return row.second.is_zero(); });
    areas.clear();
    domain::CellKey first;
    std::tie(first.indicator, first.period, first.rolling) = period;
    first.at.programme = 0;
    for (auto cell = before.lower_bound(first);
         cell != before.end() && period_of(cell->first) == period; ++cell) {
      domain::add_cell(cell->first, cell->second, areas);
    }
    Rows present = sums.rows_of(areas);
    for (const auto& [name, value] : added) {
      const auto& [table, programme, key, by] = name;
      RowChange& row = changes.emplace_back();
      row.indicator = std::get<0>(period);
      row.period = domain::to_text(std::get<1>(period)) + (std::get<2>(period) ? "-R" : "");
      row.table = table;
      row.programme = programme;
      row.key = key;
      row.by = by;
      row.before = row.after = present[name];
      row.after += value;
    }
  }
  return changes;
}

}  // namespace kronika::verify
