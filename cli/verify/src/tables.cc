// The gateway's tables against the suppression of the exact cells.
#include "impl.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include <kronika/domain/completeness.h>

namespace kronika::verify {
namespace {

using namespace std::chrono_literals;
constexpr int kTries = 20;

struct Period {
  domain::Indicator indicator;
  domain::Quarter quarter;
  bool rolling;
  friend auto operator<=>(const Period&, const Period&) = default;
};

}  // namespace

Result<void> Verifier::Impl::check_tables(GatewaySource& gateway) {
  // The answers and the cells are of the same moment only while the gateway has read what we read.
  const auto same_moment = [&]() -> Result<bool> {
    auto positions = gateway.positions();
    if (!positions) return tl::unexpected(positions.error());
    return std::all_of(state_ends.begin(), state_ends.end(),
                       [&](const auto& end) { return (*positions)[end.first] == end.second; });
  };
  bool still = false;
  for (int i = 0; i < kTries && !still; ++i) {
    if (i > 0) std::this_thread::sleep_for(250ms);
    const auto now = same_moment();
    if (!now) return tl::unexpected(now.error());
    still = *now;
  }
  if (!still) {
    report.notes.emplace_back(
        "the gateway's tables were not compared: figures changed meanwhile, run again when it is "
        "quieter");
    return {};
  }

  std::map<Period, domain::AreaCells> periods;
  std::map<domain::Quarter, domain::ReportingCells> reporting;
  for (const auto& [key, value] : actual) {
    if (key.indicator == domain::Indicator::kI24ReportingCompleteness) {
      domain::add_reporting(key, value, reporting[key.period]);
      continue;
    }
    domain::add_cell(key, value, periods[{key.indicator, key.period, key.rolling}]);
  }
  std::vector<Difference> found;
  std::int64_t compared = 0;
  const auto compare_rows = [&](std::vector<domain::PublishedRow> rows,
                                const domain::PublishedRow& total,
                                const TableQuery& query) -> Result<void> {
    const auto theirs = gateway.table(query);
    if (!theirs) return tl::unexpected(theirs.error());
    rows.push_back(total);
    ++compared;
    if (rows == *theirs) return {};
    std::string where = std::string(domain::id_of(query.indicator)) + " " +
                        domain::to_text(query.period) + (query.rolling ? "-R " : " ") +
                        std::string(domain::name_of(query.table));
    if (query.programme < rules.programmes.size())
      where += " " + rules.programmes[query.programme].id;
    found.push_back(
        {"table", where, "the gateway's rows are not the suppression of the exact cells"});
    return {};
  };
  const auto compare = [&](const domain::PublishedIndicator& mine,
                           const domain::IndicatorInfo& info, TableQuery query) -> Result<void> {
    std::vector<domain::ProgrammeIndex> programmes = mine.programmes();
    programmes.push_back(domain::kNoProgramme);
    for (const domain::ProgrammeIndex programme : programmes) {
      for (const domain::TableKind table : domain::tables_of(info)) {
        if (!domain::is_offered(info, table, programme)) continue;
        query.programme = programme;
        query.table = table;
        if (auto ok = compare_rows(mine.rows(table, programme), mine.total(programme), query); !ok)
          return ok;
      }
    }
    return {};
  };

  domain::TableMaker maker(rules, options.tables,
                           [&](domain::Indicator indicator, domain::Quarter quarter,
                               bool rolling) -> Result<domain::AreaCells> {
                             const auto at = periods.find({indicator, quarter, rolling});
                             return at == periods.end() ? domain::AreaCells() : at->second;
                           });
  const auto& computed = domain::computed_indicators();
  for (const auto& [period, cells] : periods) {
    const domain::IndicatorInfo* info = domain::indicator_info(period.indicator);
    if (info == nullptr ||
        std::find(computed.begin(), computed.end(), period.indicator) == computed.end())
      continue;
    std::vector<bool> kinds{period.rolling};
    if (!period.rolling && info->rolling == domain::Rolling::kSum) kinds.push_back(true);
    for (const bool rolling : kinds) {
      const auto mine = maker.make(*info, period.quarter, rolling);
      if (!mine) return tl::unexpected(mine.error());
      if (auto ok = compare(**mine, *info, {period.indicator, period.quarter, rolling, {}, {}});
          !ok)
        return ok;
    }
  }
  for (const auto& [quarter, cells] : reporting) {
    const domain::ReportingCompleteness mine(rules, quarter, cells);
    for (const auto table :
         domain::tables_of(*domain::indicator_info(domain::Indicator::kI24ReportingCompleteness))) {
      const TableQuery query{domain::Indicator::kI24ReportingCompleteness, quarter, false, table,
                             domain::kNoProgramme};
      if (auto ok = compare_rows(mine.rows(table), mine.total(table), query); !ok) return ok;
    }
  }
  const auto now = same_moment();
  if (!now) return tl::unexpected(now.error());
  if (!*now && !found.empty()) {
    report.notes.emplace_back(
        "figures changed while the gateway's tables were compared: run again when it is quieter");
    return {};
  }
  report.tables += compared;
  for (Difference& d : found) differ(std::move(d.kind), std::move(d.where), std::move(d.detail));
  say(std::to_string(report.tables) + " tables of the gateway");
  return {};
}

}  // namespace kronika::verify
