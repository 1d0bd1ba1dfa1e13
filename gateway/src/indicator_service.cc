#include "indicator_service.h"

#include "citizen_answer.h"
#include "figures.h"
#include "text.h"

#include <algorithm>

#include <kronika/domain/standards.h>
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

std::string table_names(const domain::IndicatorInfo& info) {
  std::string text;
  for (const domain::TableKind table : domain::tables_of(info))
    text += (text.empty() ? "" : ", ") + std::string(domain::name_of(table));
  return "the tables of " + std::string(domain::id_of(info.indicator)) + " are " + text +
         "; REGION_* of all programmes together";
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
      out.set_standard(domain::standards_text(services_.rules, info.indicator,
                                              domain::civil_date_of(services_.clock.now())));
      out.set_basis(std::string(info.basis));
      out.set_computed(computed(info.indicator));
      for (const domain::TableKind table : domain::tables_of(info))
        out.add_tables(std::string(domain::name_of(table)));
      out.set_rolling(info.rolling != domain::Rolling::kNone);
      out.set_rate_per(info.rate_per);
      out.set_second(std::string(info.second));
      for (const domain::Standard* s : domain::standards_of(
               services_.rules, info.indicator, domain::civil_date_of(services_.clock.now())))
        fill_standard(*s, *out.add_standards());
    }
    return {};
  });
}

Result<std::shared_ptr<const domain::PublishedIndicator>> IndicatorService::tables(
    const domain::IndicatorInfo& info, domain::Quarter quarter, bool rolling,
    const Budget& budget) {
  // Read before the cells: what is written meanwhile makes the entry stale, never the answer too
  // new. Incidence is of those who are no cases yet.
  std::uint64_t version = services_.view.cells_version(info.indicator);
  if (info.population == domain::PopulationBase::kFirstDayWithoutCase)
    version += services_.view.cells_version(domain::Indicator::kI01Prevalence);
  const Key key{info.indicator, quarter, rolling};
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = cache_.find(key);
        found != cache_.end() && found->second.version == version) {
      return found->second.tables;
    }
  }
  domain::TableMaker maker(services_.rules, services_.tables,
                           [&](domain::Indicator indicator, domain::Quarter of,
                               bool own_rolling) -> Result<domain::AreaCells> {
                             if (auto ok = budget.check(); !ok) return tl::unexpected(ok.error());
                             return services_.view.cells(indicator, of, own_rolling);
                           });
  auto made = maker.make(info, quarter, rolling);
  if (!made) return made;
  const std::lock_guard lock(mutex_);
  if (cache_.size() >= kMostCached) cache_.clear();
  cache_[key] = {version, *made};
  return made;
}

Result<void> IndicatorService::reporting(const Question& asked,
                                         query::v1::IndicatorTable& response) const {
  domain::ReportingCells all;
  for (int q = asked.rolling ? 3 : 0; q >= 0; --q) {
    const auto cells = services_.view.reporting(asked.quarter - q);
    if (!cells) return tl::unexpected(cells.error());
    all.insert(cells->begin(), cells->end());
  }
  const domain::ReportingCompleteness answer(services_.rules, asked.quarter, all);
  for (const domain::PublishedRow& row : answer.rows(asked.table))
    fill_row(row, *response.add_rows());
  fill_row(answer.total(asked.table), *response.mutable_total());
  return {};
}

Result<void> IndicatorService::one_table(const Question& asked, const Budget& budget,
                                         query::v1::IndicatorTable& response) {
  const auto published = tables(asked.info, asked.quarter, asked.rolling, budget);
  if (!published) return tl::unexpected(published.error());
  const auto standards =
      domain::standards_of(services_.rules, asked.info.indicator, domain::last_day(asked.quarter));
  const auto fill = [&](const domain::PublishedRow& row, query::v1::IndicatorRow& out) {
    fill_row(row, out);
    for (const domain::Standard* s : standards) fill_verdict(domain::verdict(*s, row), out);
  };
  for (const domain::PublishedRow& row : (*published)->rows(asked.table, asked.programme))
    fill(row, *response.add_rows());
  fill((*published)->total(asked.programme), *response.mutable_total());
  if (const auto gap = domain::gap_of(**published, asked.info, asked.table, asked.programme))
    fill_gap(*gap, *response.add_gaps());
  const domain::TableMaker maker(services_.rules, services_.tables, {});
  for (std::string& note : maker.notes(asked.info, asked.quarter, asked.rolling))
    response.add_notes(std::move(note));
  return {};
}

// I-23: what the tables by education say, subtracted.
Result<void> IndicatorService::education_gap(const Question& asked, const Budget& budget,
                                             query::v1::IndicatorTable& response) {
  for (const domain::Indicator indicator : domain::education_gap_indicators()) {
    const domain::IndicatorInfo& info = *domain::indicator_info(indicator);
    if (asked.rolling && info.rolling == domain::Rolling::kNone) {
      response.add_notes(std::string(domain::id_of(indicator)) +
                         " is a state at the end of a period: it has no rolling gap");
      continue;
    }
    const auto published = tables(info, asked.quarter, asked.rolling, budget);
    if (!published) return tl::unexpected(published.error());
    const auto gap = domain::gap_of(**published, info, asked.table, asked.programme);
    if (gap) fill_gap(*gap, *response.add_gaps());
  }
  return {};
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
  if (!table) return fail(code(Errc::kTableUnknown), table_names(*info));
  domain::ProgrammeIndex programme = domain::kNoProgramme;
  if (!request.programme().empty()) {
    programme = services_.rules.programme(request.programme());
    if (programme == domain::kNoProgramme) {
      return fail(code(Errc::kProgrammeUnknown),
                  "no programme has this id; data/reference/programmes.csv lists them");
    }
  }
  if (!domain::is_offered(*info, *table, programme)) {
    return fail(code(Errc::kTableUnknown), table_names(*info));
  }
  const Question question{*info, period->quarter, period->rolling, *table, programme};
  Result<void> answered;
  switch (*indicator) {
    case domain::Indicator::kI23EducationGap:
      answered = education_gap(question, budget, response);
      break;
    case domain::Indicator::kI24ReportingCompleteness:
      answered = reporting(question, response);
      break;
    default:
      answered = one_table(question, budget, response);
  }
  if (!answered) return answered;

  response.set_indicator(std::string(domain::id_of(*indicator)));
  response.set_title(std::string(info->title));
  response.set_period(request.period());
  response.set_table(std::string(domain::name_of(*table)));
  response.set_programme(request.programme());
  response.set_unit(std::string(info->unit));
  response.set_standard(
      domain::standards_text(services_.rules, *indicator, domain::last_day(period->quarter)));
  response.set_rate_per(info->rate_per);
  response.set_second(std::string(info->second));
  for (const domain::Standard* s :
       domain::standards_of(services_.rules, *indicator, domain::last_day(period->quarter)))
    fill_standard(*s, *response.add_standards());
  response.set_live(true);
  if (const auto as_of = services_.view.indicators_as_of())
    set_time(*as_of, response.mutable_as_of_time());
  fill_generation(services_.rules, *response.mutable_rules());
  response.set_includes_simulated(services_.view.counts().simulated > 0);
  return {};
}

}  // namespace kronika::gateway
