#include "indicator_service.h"

#include "citizen_answer.h"
#include "figures.h"
#include "text.h"

#include <algorithm>
#include <array>

#include <kronika/gateway/errc.h>

namespace kronika::gateway {
namespace {

constexpr std::string_view kService = "kronika.query.v1.IndicatorService";
constexpr std::size_t kMostCached = 256;

struct Period {
  domain::Quarter quarter;
  bool rolling = false;
};

Result<Period> read_period(const std::string& text) {
  Period period;
  std::string_view quarter = text;
  if (quarter.ends_with("-R")) {
    period.rolling = true;
    quarter.remove_suffix(2);
  }
  const auto parsed = domain::parse_quarter(quarter);
  if (!parsed) {
    return fail(code(Errc::kPeriodMalformed),
                "period is a quarter like 2025Q1, or 2025Q1-R for the 12 months that end with it");
  }
  period.quarter = *parsed;
  return period;
}

bool computed(domain::Indicator indicator) {
  const auto& list = domain::computed_indicators();
  return std::find(list.begin(), list.end(), indicator) != list.end();
}

}  // namespace

IndicatorService::IndicatorService(const ServerOptions& options, const Services& services)
    : options_(options),
      services_(services),
      get_(services.registry, kService, "GetIndicator"),
      list_(services.registry, kService, "ListIndicators") {
  SetMessageAllocatorFor_GetIndicator(&get_memory_);
}

grpc::ServerUnaryReactor* IndicatorService::GetIndicator(
    grpc::CallbackServerContext* context, const query::v1::GetIndicatorRequest* request,
    query::v1::IndicatorTable* response) {
  return serve(context, get_, options_,
               [&](const Budget& budget) { return get_indicator(*request, budget, *response); });
}

grpc::ServerUnaryReactor* IndicatorService::ListIndicators(
    grpc::CallbackServerContext* context, const query::v1::ListIndicatorsRequest*,
    query::v1::ListIndicatorsResponse* response) {
  return serve(context, list_, options_, [&](const Budget&) -> Result<void> {
    for (const domain::IndicatorInfo& info : domain::indicator_list()) {
      query::v1::IndicatorInfo& out = *response->add_indicators();
      out.set_id(std::string(domain::id_of(info.indicator)));
      out.set_title(std::string(info.title));
      out.set_unit(std::string(info.unit));
      out.set_standard(std::string(info.standard));
      out.set_basis(std::string(info.basis));
      out.set_computed(computed(info.indicator));
    }
    return {};
  });
}

Result<std::shared_ptr<const domain::PublishedIndicator>> IndicatorService::tables(
    const domain::IndicatorInfo& info, domain::Quarter quarter, bool rolling,
    const Budget& budget) {
  // Read before the cells: what is written meanwhile makes the entry stale, never the answer too
  // new.
  const std::uint64_t version = services_.view.cells_version(info.indicator);
  const Key key{info.indicator, quarter, rolling};
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = cache_.find(key);
        found != cache_.end() && found->second.version == version) {
      return found->second.tables;
    }
  }
  const bool own_rolling = rolling && info.rolling == domain::Rolling::kOwn;
  std::shared_ptr<const domain::PublishedIndicator> made;
  if (!rolling || own_rolling) {
    auto cells = services_.view.cells(info.indicator, quarter, own_rolling);
    if (!cells) return tl::unexpected(cells.error());
    made = std::make_shared<domain::PublishedIndicator>(services_.rules, info, quarter, *cells);
  } else {
    std::array<domain::AreaCells, 5>
        cells;  // the quarter that left the window, then the four of the window
    for (int q = 0; q < 5; ++q) {
      if (auto ok = budget.check(); !ok) return tl::unexpected(ok.error());
      auto read = services_.view.cells(info.indicator, quarter - (4 - q), false);
      if (!read) return tl::unexpected(read.error());
      cells[static_cast<std::size_t>(q)] = std::move(*read);
    }
    made = std::make_shared<domain::PublishedIndicator>(domain::PublishedIndicator::rolling(
        services_.rules, info, quarter, cells[0], {&cells[1], &cells[2], &cells[3], &cells[4]}));
  }
  const std::lock_guard lock(mutex_);
  if (cache_.size() >= kMostCached) cache_.clear();
  cache_[key] = {version, made};
  return made;
}

Result<domain::ReportingCompleteness> IndicatorService::reporting(domain::Quarter quarter,
                                                                  bool rolling) const {
  domain::ReportingCells all;
  for (int q = rolling ? 3 : 0; q >= 0; --q) {
    const auto cells = services_.view.reporting(quarter - q);
    if (!cells) return tl::unexpected(cells.error());
    all.insert(cells->begin(), cells->end());
  }
  return domain::ReportingCompleteness(services_.rules, quarter, all);
}

Result<void> IndicatorService::get_indicator(const query::v1::GetIndicatorRequest& request,
                                             const Budget& budget,
                                             query::v1::IndicatorTable& response) {
  if (auto ok = check_caught_up(services_); !ok) return ok;
  const auto indicator = domain::indicator_from_id(request.indicator());
  const domain::IndicatorInfo* info = indicator ? domain::indicator_info(*indicator) : nullptr;
  if (info == nullptr)
    return fail(code(Errc::kIndicatorUnknown),
                "no indicator has this id; ListIndicators names them");
  if (!computed(*indicator)) {
    return fail(code(Errc::kIndicatorUnimplemented), std::string(domain::id_of(*indicator)) + " (" +
                                                         std::string(info->title) +
                                                         ") is UNIMPLEMENTED in this build");
  }
  const auto period = read_period(request.period());
  if (!period) return tl::unexpected(period.error());
  if (period->rolling && info->rolling == domain::Rolling::kNone) {
    return fail(code(Errc::kPeriodNotRolling),
                std::string(domain::id_of(*indicator)) +
                    " is a state at the end of a period: it has no rolling figure");
  }
  const auto table = domain::table_from_name(request.table());
  if (!table) return fail(code(Errc::kTableUnknown), "table is NATION, REGION or MUNICIPALITY");
  domain::ProgrammeIndex programme = domain::kNoProgramme;
  if (!request.programme().empty()) {
    programme = services_.rules.programme(request.programme());
    if (programme == domain::kNoProgramme) {
      return fail(code(Errc::kProgrammeUnknown),
                  "no programme has this id; data/reference/programmes.csv lists them");
    }
  }
  if (*indicator == domain::Indicator::kI24ReportingCompleteness) {
    if (programme != domain::kNoProgramme) {
      return fail(code(Errc::kTableUnknown), "I-24 counts organisations: it has no programmes");
    }
    const auto answer = reporting(period->quarter, period->rolling);
    if (!answer) return tl::unexpected(answer.error());
    for (const domain::PublishedRow& row : answer->rows(*table))
      fill_row(row, *response.add_rows());
    fill_row(answer->total(*table), *response.mutable_total());
  } else {
    const auto published = tables(*info, period->quarter, period->rolling, budget);
    if (!published) return tl::unexpected(published.error());
    for (const domain::PublishedRow& row : (*published)->rows(*table, programme))
      fill_row(row, *response.add_rows());
    fill_row((*published)->total(programme), *response.mutable_total());
  }

  response.set_indicator(std::string(domain::id_of(*indicator)));
  response.set_title(std::string(info->title));
  response.set_period(request.period());
  response.set_table(std::string(domain::name_of(*table)));
  response.set_programme(request.programme());
  response.set_unit(std::string(info->unit));
  response.set_standard(std::string(info->standard));
  response.set_live(true);
  if (const auto as_of = services_.view.indicators_as_of())
    set_time(*as_of, response.mutable_as_of_time());
  fill_generation(services_.rules, *response.mutable_rules());
  response.set_includes_simulated(services_.view.counts().simulated > 0);
  return {};
}

}  // namespace kronika::gateway
