#include "commands.h"
#include "figures.h"
#include "gateway_client.h"
#include "table.h"
#include "times.h"

#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/domain/time.h>
#include <kronika/refdata/loader.h>

namespace kronika::cli {

namespace {

/// What a gateway may offer; it refuses what an indicator does not have.
constexpr const char* kTables[] = {
    "NATION",   "REGION",       "MUNICIPALITY",     "LEVEL",      "EDUCATION",      "SEX",
    "AGE_BAND", "REGION_LEVEL", "REGION_EDUCATION", "REGION_SEX", "REGION_AGE_BAND"};

/// The table without what counts nothing; false where nothing is left.
bool keep_what_counts(query::v1::IndicatorTable& table) {
  query::v1::IndicatorTable kept;
  for (auto& row : *table.mutable_rows()) {
    if (counts_anything(row)) kept.mutable_rows()->Add(std::move(row));
  }
  table.mutable_rows()->Swap(kept.mutable_rows());
  return table.rows_size() > 0 || counts_anything(table.total());
}

Result<std::vector<std::string>> programmes_of(const Context& context) {
  const config::Settings& settings = context.settings();
  const auto rules = refdata::load(settings.reference.dir, settings.reference.organisations_file,
                                   settings.reference.generation);
  if (!rules) return tl::unexpected(rules.error());
  std::vector<std::string> programmes{""};
  for (const domain::Programme& p : (*rules)->programmes) programmes.push_back(p.id);
  return programmes;
}

/// Prints the tables of one indicator and period; how the last call went, unless it was refused
/// because the table is not offered.
grpc::Status print_tables(const Context& context, GatewayClient& client,
                          const std::vector<std::string>& programmes,
                          query::v1::GetIndicatorRequest request) {
  for (const char* name : kTables) {
    request.set_table(name);
    for (const std::string& programme : programmes) {
      request.set_programme(programme);
      query::v1::IndicatorTable table;
      const grpc::Status status = client.call(&query::v1::IndicatorService::Stub::GetIndicator,
                                              client.indicators(), request, table);
      // Not offered: this table, this period, or this table of one programme.
      if (status.error_code() == grpc::StatusCode::FAILED_PRECONDITION ||
          status.error_code() == grpc::StatusCode::INVALID_ARGUMENT) {
        break;
      }
      if (!status.ok()) return status;
      if (keep_what_counts(table)) print_json(context, table);
    }
  }
  return grpc::Status::OK;
}

}  // namespace

void print_table(const Context& context, const query::v1::IndicatorTable& table,
                 const std::string& provenance, bool all_rows) {
  std::ostream& out = context.out;
  out << table.indicator() << ' ' << table.title() << ", " << table.period() << ", by "
      << table.table() << ", "
      << (table.programme().empty() ? "all programmes" : table.programme());
  if (!table.standard().empty()) out << ", standard " << table.standard();
  out << "\n  counts " << table.unit() << "; " << provenance
      << (table.includes_simulated() ? "; SIMULATED citizens are among them" : "") << '\n';
  Table rows({"area",
              "name",
              {"numerator", Table::kRight},
              {"denominator", Table::kRight},
              {"rate", Table::kRight},
              {"median", Table::kRight},
              {"P90", Table::kRight},
              {"mean", Table::kRight},
              {"unknown", Table::kRight},
              {"excluded", Table::kRight}});
  const auto add = [&](const query::v1::IndicatorRow& r) {
    rows.row({r.key(), r.name(), text_of(r.numerator()), text_of(r.denominator()),
              percent(r.rate()), number(r.median()), number(r.p90()), number(r.mean()),
              text_of(r.unknown()), text_of(r.excluded())});
  };
  for (const auto& row : table.rows()) {
    if (all_rows || counts_anything(row)) add(row);
  }
  add(table.total());
  rows.print(out, "  ");
  out << "  * suppressed: 1 to 4, or hidden to protect such a count\n";
}

int indicator_show(const Context& context, const IndicatorOptions& options) {
  query::v1::GetIndicatorRequest request;
  request.set_indicator(options.indicator);
  request.set_period(options.period.empty() ? domain::to_text(domain::quarter_of(
                                                  domain::civil_date_of(SystemClock().now())))
                                            : options.period);
  request.set_table(options.table);
  request.set_programme(options.programme);
  GatewayClient client(context);
  query::v1::IndicatorTable table;
  const grpc::Status status = client.call(&query::v1::IndicatorService::Stub::GetIndicator,
                                          client.indicators(), request, table);
  if (!status.ok()) return report(context, status);
  if (context.json) {
    print_json(context, table);
    return kDone;
  }
  print_table(
      context, table,
      "live figures, for operations only" +
          (table.has_as_of_time() ? ", as of " + local_text(table.as_of_time()) : std::string()),
      options.all_rows);
  return kDone;
}

int indicator_list(const Context& context) {
  GatewayClient client(context);
  query::v1::ListIndicatorsResponse list;
  const grpc::Status status =
      client.call(&query::v1::IndicatorService::Stub::ListIndicators, client.indicators(),
                  query::v1::ListIndicatorsRequest(), list);
  if (!status.ok()) return report(context, status);
  if (context.json) {
    print_json(context, list);
    return kDone;
  }
  Table table({"id", "title", "counts", "standard", "basis", "computed"});
  for (const auto& i : list.indicators()) {
    table.row({i.id(), i.title(), i.unit(), i.standard().empty() ? "-" : i.standard(), i.basis(),
               i.computed() ? "yes" : "UNIMPLEMENTED"});
  }
  table.print(context.out);
  return kDone;
}

int indicator_tables(const Context& context, const TablesOptions& options) {
  const domain::Quarter now = domain::quarter_of(domain::civil_date_of(SystemClock().now()));
  const auto from = options.from.empty() ? now : domain::parse_quarter(options.from);
  const auto to = options.to.empty() ? now : domain::parse_quarter(options.to);
  if (!from || !to) return report(context, "--from and --to are quarters like 2025Q1", kUsage);
  const auto programmes = programmes_of(context);
  if (!programmes) return report(context, programmes.error());
  GatewayClient client(context);
  std::vector<std::string> indicators = options.indicators;
  if (indicators.empty()) {
    query::v1::ListIndicatorsResponse list;
    const grpc::Status status =
        client.call(&query::v1::IndicatorService::Stub::ListIndicators, client.indicators(),
                    query::v1::ListIndicatorsRequest(), list);
    if (!status.ok()) return report(context, status);
    for (const auto& i : list.indicators()) {
      if (i.computed()) indicators.push_back(i.id());
    }
  }
  query::v1::GetIndicatorRequest request;
  for (const std::string& indicator : indicators) {
    request.set_indicator(indicator);
    for (domain::Quarter quarter = *from; quarter <= *to; quarter = quarter + 1) {
      for (const char* rolling : {"", "-R"}) {
        request.set_period(domain::to_text(quarter) + rolling);
        const grpc::Status status = print_tables(context, client, *programmes, request);
        if (!status.ok()) return report(context, status);
      }
    }
  }
  return kDone;
}

}  // namespace kronika::cli
