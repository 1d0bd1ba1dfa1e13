#include "publication_service.h"

#include "citizen_answer.h"
#include "figures.h"
#include "page.h"
#include "text.h"

#include <cstdio>
#include <optional>
#include <string>

#include <kronika/gateway/errc.h>

namespace kronika::gateway {
namespace {

constexpr std::string_view kService = "kronika.query.v1.PublicationService";

Result<domain::Indicator> read_indicator(const std::string& id) {
  const auto indicator = domain::indicator_from_id(id);
  if (indicator) return *indicator;
  return fail(code(Errc::kIndicatorUnknown), "no indicator has this id; ListIndicators names them");
}

Result<domain::PublicationPeriod> read_period(const std::string& text) {
  const auto period = domain::parse_period(text);
  if (period) return *period;
  return fail(code(Errc::kPeriodMalformed),
              "period is a quarter like 2025Q1, or 2025Q1-R for the 12 months that end with it");
}

void fill_rules(const domain::Generation& rules, query::v1::RuleGeneration& out) {
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(rules.hash));
  out.set_ordinal(rules.ordinal);
  out.set_hash(hash);
}

}  // namespace

PublicationService::PublicationService(const ServerOptions& options, const Services& services)
    : options_(options),
      services_(services),
      list_(services.registry, kService, "ListPublications"),
      get_(services.registry, kService, "GetPublication") {}

grpc::ServerUnaryReactor* PublicationService::ListPublications(
    grpc::CallbackServerContext* context, const query::v1::ListPublicationsRequest* request,
    query::v1::ListPublicationsResponse* response) {
  return serve(context, list_, options_, [&](const Budget&) { return list(*request, *response); });
}

grpc::ServerUnaryReactor* PublicationService::GetPublication(
    grpc::CallbackServerContext* context, const query::v1::GetPublicationRequest* request,
    query::v1::PublicationTable* response) {
  return serve(context, get_, options_, [&](const Budget&) { return get(*request, *response); });
}

Result<bool> PublicationService::is_latest(const domain::Publication& publication) const {
  const auto later = services_.view.publications(
      publication.indicator, publication.period,
      domain::PublicationName{publication.indicator, publication.period, publication.revision}, 1);
  if (!later) return tl::unexpected(later.error());
  return later->empty();
}

Result<void> PublicationService::fill_head(const domain::Publication& publication,
                                           query::v1::Publication& out) const {
  const auto latest = is_latest(publication);
  if (!latest) return tl::unexpected(latest.error());
  out.set_indicator(std::string(domain::id_of(publication.indicator)));
  if (const auto* info = domain::indicator_info(publication.indicator)) {
    out.set_title(std::string(info->title));
  }
  out.set_period(domain::to_text(publication.period));
  out.set_revision(publication.revision);
  out.set_latest(*latest);
  set_time(publication.as_of, out.mutable_as_of_time());
  set_time(publication.published_at, out.mutable_published_time());
  fill_rules(publication.rules, *out.mutable_rules());
  out.set_includes_simulated(publication.includes_simulated);
  for (const domain::CutPosition& position : publication.cut) {
    auto& p = *out.add_cut();
    p.set_partition(position.partition);
    p.set_next_offset(position.next_offset);
  }
  return {};
}

Result<void> PublicationService::list(const query::v1::ListPublicationsRequest& request,
                                      query::v1::ListPublicationsResponse& response) const {
  if (auto ok = check_caught_up(services_); !ok) return ok;
  domain::Indicator indicator = domain::Indicator::kNone;
  std::optional<domain::PublicationPeriod> period;
  if (!request.indicator().empty()) {
    const auto read = read_indicator(request.indicator());
    if (!read) return tl::unexpected(read.error());
    indicator = *read;
  }
  if (!request.period().empty()) {
    if (indicator == domain::Indicator::kNone) {
      return fail(code(Errc::kPeriodMalformed), "a period is asked for together with an indicator");
    }
    const auto read = read_period(request.period());
    if (!read) return tl::unexpected(read.error());
    period = *read;
  }
  const auto size = page_size(request.page_size(), options_);
  if (!size) return tl::unexpected(size.error());
  std::optional<domain::PublicationName> after;
  if (!request.page_token().empty()) {
    after = domain::parse_publication_key(request.page_token());
    if (!after) {
      return fail(code(Errc::kPageTokenInvalid), "page_token is none of ListPublications");
    }
  }
  const auto found = services_.view.publications(indicator, period, after, *size + 1);
  if (!found) return tl::unexpected(found.error());
  for (const domain::Publication& publication : *found) {
    if (static_cast<std::size_t>(response.publications_size()) == *size) {
      const auto& last = response.publications(response.publications_size() - 1);
      response.set_next_page_token(last.indicator() + "/" + last.period() + "/" +
                                   std::to_string(last.revision()));
      break;
    }
    if (auto ok = fill_head(publication, *response.add_publications()); !ok) return ok;
  }
  return {};
}

Result<void> PublicationService::get(const query::v1::GetPublicationRequest& request,
                                     query::v1::PublicationTable& response) const {
  if (auto ok = check_caught_up(services_); !ok) return ok;
  const auto indicator = read_indicator(request.indicator());
  if (!indicator) return tl::unexpected(indicator.error());
  const auto period = read_period(request.period());
  if (!period) return tl::unexpected(period.error());
  const auto kind = domain::table_from_name(request.table());
  if (!kind) {
    return fail(code(Errc::kTableUnknown), "the table is not on the list of docs/api.md");
  }
  if (!request.programme().empty() &&
      services_.rules.programme(request.programme()) == domain::kNoProgramme) {
    return fail(code(Errc::kProgrammeUnknown),
                "no programme has this id; data/reference/programmes.csv lists them");
  }
  const auto found = services_.view.publication({*indicator, *period, request.revision()});
  if (!found) return tl::unexpected(found.error());
  if (!*found) {
    return fail(code(Errc::kPublicationUnknown),
                "this is not published; ListPublications tells what is");
  }
  const domain::Publication& publication = **found;
  if (publication.table(*kind, "") == nullptr) {
    return fail(code(Errc::kTableUnknown), "the publication has no such table");
  }
  if (auto ok = fill_head(publication, *response.mutable_publication()); !ok) return ok;
  query::v1::IndicatorTable& out = *response.mutable_table();
  const domain::IndicatorInfo* info = domain::indicator_info(*indicator);
  out.set_indicator(request.indicator());
  out.set_period(request.period());
  out.set_table(request.table());
  out.set_programme(request.programme());
  out.set_title(std::string(info->title));
  out.set_unit(std::string(info->unit));
  const domain::CivilDate end = domain::last_day(publication.period.quarter);
  out.set_standard(domain::standards_text(services_.rules, *indicator, end));
  const auto standards = domain::standards_of(services_.rules, *indicator, end);
  for (const domain::Standard* s : standards) fill_standard(*s, *out.add_standards());
  out.set_rate_per(info->rate_per);
  out.set_second(std::string(info->second));
  out.set_live(false);
  out.set_includes_simulated(publication.includes_simulated);
  set_time(publication.as_of, out.mutable_as_of_time());
  fill_rules(publication.rules, *out.mutable_rules());
  const domain::PublishedTable* table = publication.table(*kind, request.programme());
  if (table == nullptr) return {};  // a programme that counted nothing
  const auto fill = [&](const domain::PublishedRow& row, query::v1::IndicatorRow& to) {
    fill_row(row, to);
    for (const domain::Standard* s : standards) fill_verdict(domain::verdict(*s, row), to);
  };
  for (const domain::PublishedRow& row : table->rows) fill(row, *out.add_rows());
  fill(table->total, *out.mutable_total());
  return {};
}

}  // namespace kronika::gateway
