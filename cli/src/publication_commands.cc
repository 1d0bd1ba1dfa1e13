// `kronika publication create|list|show`: makes publications, and reads them as everyone does, from
// the gateway.
#include "commands.h"
#include "figures.h"
#include "gateway_client.h"
#include "table.h"
#include "times.h"

#include <iostream>

#include <nlohmann/json.hpp>

#include <kronika/base/clock.h>
#include <kronika/bus/errc.h>
#include <kronika/domain/publication.h>
#include <kronika/publication/create.h>
#include <kronika/publication/errc.h>
#include <kronika/refdata/loader.h>
#include <kronika/refdata/residents.h>

namespace kronika::cli {
namespace {

constexpr std::string_view kAllIndicators = "all";

std::optional<std::vector<domain::Indicator>> indicators_of(const std::string& id) {
  if (id == kAllIndicators) return domain::computed_indicators();
  const auto indicator = domain::indicator_from_id(id);
  if (!indicator) return std::nullopt;
  return std::vector{*indicator};
}

/// What `all` passes over: there is nothing to publish of it, today or at all.
bool is_passed_over(const Error& error) {
  return error.code == publication::kNoFigures || error.code == publication::kNotRolling ||
         error.code == publication::kToday;
}

}  // namespace

int publication_create(const Context& context, const PublicationOptions& options) {
  const auto indicators = indicators_of(options.indicator);
  if (!indicators) {
    return report(context, "no indicator has the id " + options.indicator + "; see indicator list",
                  kUsage);
  }
  const auto period = domain::parse_period(options.period);
  if (!period) {
    return report(
        context,
        "a period is a quarter like 2025Q1, or 2025Q1-R for the 12 months that end with it",
        kUsage);
  }
  const config::Settings& settings = context.settings();
  const auto rules = refdata::load(settings.reference.dir, settings.reference.organisations_file,
                                   settings.reference.generation);
  if (!rules) return report(context, rules.error());
  // Invented people must be marked as such; the gateway knows whether there are any.
  GatewayClient client(context);
  query::v1::Status status;
  const grpc::Status asked = client.call(&query::v1::StatusService::Stub::GetStatus,
                                         client.status(), query::v1::GetStatusRequest(), status);
  if (!asked.ok()) return report(context, asked);

  auto tables = refdata::table_settings(settings.gateway.residents_file, settings.data_dir,
                                        settings.gateway.data_start, **rules);
  if (!tables) return report(context, tables.error());
  auto maker = publication::Maker::open(client_options(context), **rules, std::move(*tables));
  if (!maker) return report(context, maker.error());
  nlohmann::json done = nlohmann::json::array();
  int exit_code = kDone;
  for (const domain::Indicator indicator : *indicators) {
    const auto made =
        (*maker)->create(indicator, *period, SystemClock().now(), status.simulated_citizens() > 0);
    const std::string id(domain::id_of(indicator));
    if (!made) {
      if (options.indicator != kAllIndicators) return report(context, made.error());
      if (!is_passed_over(made.error())) exit_code = report(context, made.error());
      if (made.error().code == bus::code(bus::Errc::kFenced)) return exit_code;
      done.push_back({{"indicator", id},
                      {"period", options.period},
                      {"published", false},
                      {"reason", made.error().code.slug()}});
      if (!context.json) context.out << id << ": " << made.error().context << '\n';
      continue;
    }
    const std::uint32_t revision = made->publication.revision;
    done.push_back({{"indicator", id},
                    {"period", options.period},
                    {"revision", made->published ? revision : revision - 1},
                    {"published", made->published}});
    if (context.json) continue;
    if (made->published) {
      context.out << id << ' ' << options.period << ": revision " << revision << " published\n";
    } else {
      context.out << id << ' ' << options.period << ": nothing new, revision " << revision - 1
                  << " stands\n";
    }
  }
  if (context.json) context.out << nlohmann::json{{"publications", done}}.dump() << '\n';
  return exit_code;
}

int publication_list(const Context& context, const PublicationOptions& options) {
  GatewayClient client(context);
  query::v1::ListPublicationsRequest request;
  request.set_indicator(options.indicator);
  request.set_period(options.period);
  query::v1::ListPublicationsResponse all;
  do {
    query::v1::ListPublicationsResponse page;
    const grpc::Status status = client.call(&query::v1::PublicationService::Stub::ListPublications,
                                            client.publications(), request, page);
    if (!status.ok()) return report(context, status);
    all.mutable_publications()->MergeFrom(page.publications());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (context.json) {
    print_json(context, all);
    return kDone;
  }
  if (all.publications().empty()) {
    context.out << "nothing is published; `kronika publication create` does\n";
    return kDone;
  }
  Table table({"indicator",
               "title",
               "period",
               {"revision", Table::kRight},
               "in force",
               "figures as of",
               "published",
               "rules"});
  for (const auto& p : all.publications()) {
    table.row({p.indicator(), p.title(), p.period(), std::to_string(p.revision()),
               p.latest() ? "yes" : "replaced", local_text(p.as_of_time()),
               local_text(p.published_time()),
               std::to_string(p.rules().ordinal()) + "/" + p.rules().hash()});
  }
  table.print(context.out);
  return kDone;
}

int publication_show(const Context& context, const PublicationOptions& options) {
  GatewayClient client(context);
  query::v1::GetPublicationRequest request;
  request.set_indicator(options.indicator);
  request.set_period(options.period);
  request.set_revision(options.revision);
  request.set_table(options.table);
  request.set_programme(options.programme);
  query::v1::PublicationTable answer;
  const grpc::Status status = client.call(&query::v1::PublicationService::Stub::GetPublication,
                                          client.publications(), request, answer);
  if (!status.ok()) return report(context, status);
  if (context.json) {
    print_json(context, answer);
    return kDone;
  }
  const auto& p = answer.publication();
  const std::string provenance = "revision " + std::to_string(p.revision()) +
                                 (p.latest() ? ", in force" : ", replaced by a later one") +
                                 "; published " + local_text(p.published_time()) +
                                 ", figures as of " + local_text(p.as_of_time());
  print_table(context, answer.table(), provenance, options.all_rows);
  return kDone;
}

}  // namespace kronika::cli
