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
  constexpr std::array kTables{domain::TableKind::kNation, domain::TableKind::kRegion,
                               domain::TableKind::kMunicipality};
  const auto compare = [&](const domain::PublishedIndicator& mine, const domain::AreaCells& cells,
                           TableQuery query) -> Result<void> {
    std::set<domain::ProgrammeIndex> programmes{domain::kNoProgramme};
    for (const auto& [key, value] : cells) programmes.insert(key.programme);
    for (const domain::ProgrammeIndex programme : programmes) {
      for (const auto table : kTables) {
        query.programme = programme;
        query.table = table;
        if (auto ok = compare_rows(mine.rows(table, programme), mine.total(programme), query); !ok)
          return ok;
      }
    }
    return {};
  };

  const auto& computed = domain::computed_indicators();
  for (const auto& [period, cells] : periods) {
    const domain::IndicatorInfo* info = domain::indicator_info(period.indicator);
    if (info == nullptr ||
        std::find(computed.begin(), computed.end(), period.indicator) == computed.end())
      continue;
    const TableQuery query{period.indicator, period.quarter, period.rolling, {}, {}};
    if (auto ok = compare({rules, *info, period.quarter, cells}, cells, query); !ok) return ok;
    if (period.rolling || info->rolling != domain::Rolling::kSum) continue;
    static const domain::AreaCells kNone;
    std::array<const domain::AreaCells*, 5> window{};
    domain::AreaCells sum;
    for (int q = 0; q < 5; ++q) {
      const auto at = periods.find({period.indicator, period.quarter - (4 - q), false});
      window[static_cast<std::size_t>(q)] = at == periods.end() ? &kNone : &at->second;
      if (q > 0)
        sum.insert(window[static_cast<std::size_t>(q)]->begin(),
                   window[static_cast<std::size_t>(q)]->end());
    }
    const auto rolling = domain::PublishedIndicator::rolling(
        rules, *info, period.quarter, *window[0], {window[1], window[2], window[3], window[4]});
    TableQuery of_year = query;
    of_year.rolling = true;
    if (auto ok = compare(rolling, sum, of_year); !ok) return ok;
  }
  for (const auto& [quarter, cells] : reporting) {
    const domain::ReportingCompleteness mine(rules, quarter, cells);
    for (const auto table : kTables) {
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
