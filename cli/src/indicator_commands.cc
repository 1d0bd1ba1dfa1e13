#include "commands.h"
#include "figures.h"
#include "gateway_client.h"
#include "table.h"
#include "times.h"

#include <iostream>

#include <kronika/base/clock.h>
#include <kronika/domain/time.h>

namespace kronika::cli {

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
  std::ostream& out = context.out;
  out << table.indicator() << ' ' << table.title() << ", " << table.period() << ", by "
      << table.table() << ", "
      << (table.programme().empty() ? "all programmes" : table.programme());
  if (!table.standard().empty()) out << ", standard " << table.standard();
  out << "\n  counts " << table.unit() << "; live figures"
      << (table.has_as_of_time() ? " as of " + local_text(table.as_of_time()) : "")
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
    if (options.all_rows || counts_anything(row)) add(row);
  }
  add(table.total());
  rows.print(out, "  ");
  out << "  * suppressed: 1 to 4, or hidden to protect such a count\n";
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

}  // namespace kronika::cli
