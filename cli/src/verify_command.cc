#include "commands.h"
#include "gateway_client.h"
#include "table.h"
#include "times.h"

#include <iostream>
#include <map>

#include <nlohmann/json.hpp>

#include <kronika/base/result.h>
#include <kronika/bus/topics.h>
#include <kronika/domain/fold.h>
#include <kronika/refdata/loader.h>
#include <kronika/refdata/residents.h>
#include <kronika/verify/verify.h>

namespace kronika::cli {
namespace {

constexpr ErrorRow kGatewayRow{"cli_gateway", Disposition::kRetryCall};

Error error_of(const grpc::Status& status) {
  return {ErrorCode(kGatewayRow), "the gateway: " + status.error_message()};
}

domain::FigureStatus status_of(query::v1::FigureStatus status) {
  if (status == query::v1::FIGURE_STATUS_SHOWN) return domain::FigureStatus::kShown;
  if (status == query::v1::FIGURE_STATUS_SUPPRESSED) return domain::FigureStatus::kSuppressed;
  return domain::FigureStatus::kNoData;
}
domain::Figure figure(const query::v1::Figure& f) { return {status_of(f.status()), f.value()}; }
domain::Rate rate(const query::v1::Rate& r) { return {status_of(r.status()), r.value()}; }

// The gateway as a client sees it.
class Gateway final : public verify::GatewaySource {
 public:
  Gateway(const Context& context, const domain::Rules& rules) : client_(context), rules_(rules) {}

  Result<std::map<std::int32_t, std::int64_t>> positions() override {
    query::v1::Status status;
    const grpc::Status done = client_.call(&query::v1::StatusService::Stub::GetStatus,
                                           client_.status(), query::v1::GetStatusRequest(), status);
    if (!done.ok()) return tl::unexpected(error_of(done));
    std::map<std::int32_t, std::int64_t> out;
    for (const auto& p : status.positions()) {
      if (p.topic() == bus::kIndicatorState) out[p.partition()] = p.next_offset();
    }
    return out;
  }

  Result<std::vector<domain::PublishedRow>> table(const verify::TableQuery& query) override {
    query::v1::GetIndicatorRequest request;
    request.set_indicator(std::string(domain::id_of(query.indicator)));
    request.set_period(domain::to_text(query.period) + (query.rolling ? "-R" : ""));
    request.set_table(std::string(domain::name_of(query.table)));
    if (query.programme < rules_.programmes.size())
      request.set_programme(rules_.programmes[query.programme].id);
    query::v1::IndicatorTable answer;
    const grpc::Status done = client_.call(&query::v1::IndicatorService::Stub::GetIndicator,
                                           client_.indicators(), request, answer);
    if (!done.ok()) return tl::unexpected(error_of(done));
    std::vector<domain::PublishedRow> rows;
    const auto add = [&](const query::v1::IndicatorRow& r) {
      rows.push_back({r.key(), r.name(), r.by(), figure(r.numerator()), figure(r.denominator()),
                      figure(r.unknown()), figure(r.excluded()), rate(r.rate()), rate(r.median()),
                      rate(r.p90()), rate(r.mean()), figure(r.second()), rate(r.second_rate())});
    };
    for (const auto& row : answer.rows()) add(row);
    add(answer.total());
    return rows;
  }

  Result<std::vector<std::string>> reports(Instant as_of) override {
    query::v1::ListGoalsRequest request;
    set_time(as_of, request.mutable_as_of());
    query::v1::GoalRegister answer;
    const grpc::Status done = client_.call(&query::v1::ReportService::Stub::ListGoals,
                                           client_.reports(), request, answer);
    if (!done.ok()) return tl::unexpected(error_of(done));
    domain::Reporting reporting;
    const query::v1::ReportBasis& basis = answer.basis();
    reporting.tally = {basis.records(),   basis.effective(), basis.superseded(),
                       basis.cancelled(), basis.duplicate(), basis.refused_count()};
    for (const query::v1::GoalArea& area : answer.areas()) {
      for (const query::v1::Goal& goal : area.goals()) {
        domain::GoalRow& row = reporting.goals.emplace_back();
        row.area = goal.area();
        row.organisation = goal.organisation();
        row.owner = goal.owner();
        row.measurable_target = goal.measurable_target();
        row.steps.resize(static_cast<std::size_t>(goal.steps_size()));
        for (std::uint8_t s = 1; s <= 4; ++s) {
          const auto status = static_cast<domain::GoalStatus>(s);
          if (domain::name_of(status) == goal.status()) row.status = status;
        }
      }
    }
    return verify::lines_of(reporting);
  }

 private:
  GatewayClient client_;
  const domain::Rules& rules_;
};

void print(const Context& context, const verify::Report& report) {
  std::ostream& out = context.out;
  for (const std::string& note : report.notes) out << "note: " << note << '\n';
  if (report.awaiting_refold > 0) {
    out << "NOT COMPLETE: at least " << report.awaiting_refold
        << " citizens are still to be folded with the consumer's rules; run it again when `kronika "
           "status` says no more of it\n";
    return;
  }
  if (!report.differences.empty()) {
    Table table({"difference", "where", "what"});
    for (const verify::Difference& d : report.differences) table.row({d.kind, d.where, d.detail});
    table.print(out);
    const auto more =
        report.difference_count - static_cast<std::int64_t>(report.differences.size());
    if (more > 0) out << "and " << grouped(more) << " more\n";
  }
  if (!report.shared_facts.empty()) {
    Table table({"fact under two persons", "and"});
    for (const verify::SharedFact& f : report.shared_facts) table.row({f.first, f.second});
    table.print(out);
    out << grouped(report.shared_fact_count)
        << " in all (K_TWO_PERSONS): tell the sender; each person keeps the fact\n";
  }
  out << (report.agrees() ? "OK: " : "DIFFERENT: ") << grouped(report.events) << " events, "
      << grouped(report.refused) << " refused, " << grouped(report.citizens) << " citizens, "
      << grouped(report.cells) << " cells, " << grouped(report.tables) << " tables of the gateway, "
      << grouped(report.reports) << " reports; " << grouped(report.difference_count)
      << " differences\n";
}

void print_json(const Context& context, const verify::Report& report) {
  nlohmann::json differences = nlohmann::json::array();
  for (const verify::Difference& d : report.differences) {
    differences.push_back({{"kind", d.kind}, {"where", d.where}, {"detail", d.detail}});
  }
  nlohmann::json shared = nlohmann::json::array();
  for (const verify::SharedFact& f : report.shared_facts) {
    shared.push_back({{"first", f.first}, {"second", f.second}});
  }
  context.out << nlohmann::json{{"agrees", report.agrees()},
                                {"events", report.events},
                                {"refused", report.refused},
                                {"citizens", report.citizens},
                                {"moved", report.moved},
                                {"cells", report.cells},
                                {"tables", report.tables},
                                {"reports", report.reports},
                                {"awaiting_refold", report.awaiting_refold},
                                {"difference_count", report.difference_count},
                                {"differences", differences},
                                {"shared_fact_count", report.shared_fact_count},
                                {"shared_facts", shared},
                                {"notes", report.notes}}
                     .dump()
              << '\n';
}

}  // namespace

int verify(const Context& context, const VerifyOptions& options) {
  const config::Settings& settings = context.settings();
  const auto rules = refdata::load(settings.reference.dir, settings.reference.organisations_file,
                                   settings.reference.generation);
  if (!rules) return report(context, rules.error());
  const domain::Fold fold(**rules);
  auto log = verify::open_kafka_source(client_options(context));
  if (!log) return report(context, log.error());
  auto tables = refdata::table_settings(settings.gateway.residents_file, settings.data_dir,
                                        settings.gateway.data_start, **rules);
  if (!tables) return report(context, tables.error());
  verify::Options how;
  how.tables = std::move(*tables);
  how.max_differences = static_cast<std::size_t>(options.max_differences);
  how.shared_facts = options.shared_facts;
  if (!context.json) how.progress = [&](const std::string& line) { context.err << line << '\n'; };
  verify::Verifier verifier(**rules, fold, **log, how);
  Gateway gateway(context, **rules);
  const auto done = verifier.run(options.gateway ? &gateway : nullptr);
  if (!done) {
    if (done.error().code == ErrorCode(kGatewayRow)) {
      return report(context, done.error().context + " (kronika verify --no-gateway leaves it out)",
                    kUnreachable);
    }
    return report(context, done.error());
  }
  if (context.json) {
    print_json(context, verifier.report());
  } else {
    print(context, verifier.report());
  }
  return verifier.report().agrees() ? kDone : kNotDone;
}

}  // namespace kronika::cli
