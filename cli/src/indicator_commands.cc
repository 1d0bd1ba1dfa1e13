#include "commands.h"
#include "figures.h"
#include "gateway_client.h"
#include "table.h"
#include "times.h"

#include <algorithm>
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
    "NATION",   "REGION",       "MUNICIPALITY",     "LEVEL",      "EDUCATION",       "SEX",
    "AGE_BAND", "REGION_LEVEL", "REGION_EDUCATION", "REGION_SEX", "REGION_AGE_BAND", "REASON",
    "SET"};

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

std::string table_of(const IndicatorOptions& options) {
  if (options.by.empty()) return options.table.empty() ? "REGION" : options.table;
  if (options.table.empty() || options.table == "NATION") return options.by;
  return options.table + "_" + options.by;
}

void print_head(std::ostream& out, const query::v1::IndicatorTable& table,
                const std::string& provenance) {
  out << table.indicator() << ' ' << table.title() << ", " << table.period() << ", by "
      << table.table() << ", " << (table.programme().empty() ? "all programmes" : table.programme())
      << "\n  counts " << table.unit();
  if (table.rate_per() > 1) out << ", rates per " << grouped(table.rate_per());
  if (!table.second().empty()) out << "; second: " << table.second();
  out << "; " << provenance
      << (table.includes_simulated() ? "; SIMULATED citizens are among them" : "") << '\n';
  // A publication names its standards in words alone.
  if (table.standards().empty() && !table.standard().empty())
    out << "  standard " << table.standard() << '\n';
  for (const query::v1::Standard& s : table.standards())
    out << "  standard " << s.text() << " (" << s.source() << ", from " << s.valid_from() << ")\n";
}

void print_gaps(std::ostream& out, const query::v1::IndicatorTable& table) {
  if (table.gaps().empty()) return;
  Table gaps({"gap",
              "title",
              "between",
              {"first", Table::kRight},
              {"second", Table::kRight},
              {"points", Table::kRight},
              {"unknown class", Table::kRight}});
  for (const query::v1::Gap& gap : table.gaps()) {
    gaps.row({gap.indicator(), gap.title(), gap.low().key() + " - " + gap.high().key(),
              percent(gap.low().rate()), percent(gap.high().rate()), difference(gap.points()),
              text_of(gap.unknown().denominator())});
  }
  gaps.print(out, "  ");
}

void print_rows(std::ostream& out, const query::v1::IndicatorTable& table, bool all_rows) {
  const bool by = std::any_of(table.rows().begin(), table.rows().end(),
                              [](const auto& row) { return !row.by().empty(); });
  const bool second = !table.second().empty();
  std::vector<Table::Column> columns{"key", "name"};
  if (by) columns.emplace_back("by");
  for (const char* title : {"numerator", "denominator", "rate"})
    columns.emplace_back(title, Table::kRight);
  if (second) {
    columns.emplace_back("second", Table::kRight);
    columns.emplace_back("rate", Table::kRight);
  }
  for (const char* title : {"median", "P90", "mean", "unknown", "excluded"})
    columns.emplace_back(title, Table::kRight);
  for (const query::v1::Standard& s : table.standards()) columns.emplace_back(s.text().c_str());
  Table rows(std::move(columns));
  const auto add = [&](const query::v1::IndicatorRow& r) {
    std::vector<std::string> cells{r.key(), r.name()};
    if (by) cells.push_back(r.by());
    cells.insert(cells.end(), {text_of(r.numerator()), text_of(r.denominator()),
                               rate_text(r.rate(), table.rate_per())});
    if (second) {
      cells.push_back(text_of(r.second()));
      cells.push_back(percent(r.second_rate()));
    }
    cells.insert(cells.end(), {number(r.median()), number(r.p90()), number(r.mean()),
                               text_of(r.unknown()), text_of(r.excluded())});
    for (const int verdict : r.verdicts())
      cells.push_back(text_of(static_cast<query::v1::Verdict>(verdict)));
    rows.row(std::move(cells));
  };
  for (const auto& row : table.rows()) {
    if (all_rows || counts_anything(row)) add(row);
  }
  add(table.total());
  rows.print(out, "  ");
}

}  // namespace

void print_table(const Context& context, const query::v1::IndicatorTable& table,
                 const std::string& provenance, bool all_rows) {
  std::ostream& out = context.out;
  print_head(out, table, provenance);
  if (table.has_total()) print_rows(out, table, all_rows);
  print_gaps(out, table);
  for (const std::string& note : table.notes()) out << "  " << note << '\n';
  out << "  * suppressed: 1 to 4, or hidden to protect such a count\n";
}

int indicator_show(const Context& context, const IndicatorOptions& options) {
  query::v1::GetIndicatorRequest request;
  request.set_indicator(options.indicator);
  request.set_period(options.period.empty() ? domain::to_text(domain::quarter_of(
                                                  domain::civil_date_of(SystemClock().now())))
                                            : options.period);
  // The gap has one table; whoever asks for it need not know.
  request.set_table(options.indicator == "I-23" && options.table.empty() && options.by.empty()
                        ? "EDUCATION"
                        : table_of(options));
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
  Table table({"id", "title", "counts", "standard", "basis", "computed", "rolling", "tables"});
  for (const auto& i : list.indicators()) {
    table.row({i.id(), i.title(), i.unit(), i.standard().empty() ? "-" : i.standard(), i.basis(),
               i.computed() ? "yes" : "UNIMPLEMENTED", i.rolling() ? "yes" : "no",
               std::to_string(i.tables_size())});
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
