#include "report_command.h"

#include "documents/final.h"
#include "documents/organisation_reports.h"
#include "gateway_client.h"
#include "times.h"

#include <algorithm>
#include <fstream>
#include <iostream>

#include <google/protobuf/util/json_util.h>

#include <kronika/base/clock.h>
#include <kronika/domain/time.h>

namespace kronika::cli {
namespace {

using query::v1::IndicatorService;
using query::v1::ReportService;

/// Where the answer goes: a file, or what the command would print.
int write(const Context& context, const ReportOptions& options, const std::string& text) {
  if (options.output.empty()) {
    context.out << text;
    return kDone;
  }
  std::ofstream file(options.output, std::ios::binary);
  file << text;
  if (!file.flush().good()) return report(context, "cannot write " + options.output, kNotDone);
  return kDone;
}

int write(const Context& context, const ReportOptions& options,
          const documents::Document& document) {
  return write(context, options,
               options.html ? documents::html(document) : documents::markdown(document));
}

std::string json_of(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions how;
  how.preserve_proto_field_names = true;
  how.always_print_primitive_fields = true;
  std::string text;
  (void)google::protobuf::util::MessageToJsonString(message, &text, how).ok();
  return text + "\n";
}

/// A sentence where a time cannot be read.
template <class Request>
std::string fill(const ReportOptions& options, Request& request) {
  request.set_organisation(options.organisation);
  return fill_clocks(options, request);
}

grpc::Status table(GatewayClient& client, const std::string& indicator, const std::string& period,
                   const std::string& kind, query::v1::IndicatorTable& out) {
  query::v1::GetIndicatorRequest request;
  request.set_indicator(indicator);
  request.set_period(period);
  request.set_table(kind);
  return client.call(&IndicatorService::Stub::GetIndicator, client.indicators(), request, out);
}

/// Why a table could not be had is said in its place; only a gateway that does not answer ends the
/// report.
grpc::Status read_indicator(GatewayClient& client, const std::string& quarter,
                            documents::IndicatorAnswer& answer) {
  // What happens in a period is told for 12 months; a state has no such figure.
  const std::string period = quarter + (answer.info.rolling() ? "-R" : "");
  const auto& offered = answer.info.tables();
  for (const std::string& name : documents::wanted_tables()) {
    if (std::find(offered.begin(), offered.end(), name) == offered.end()) continue;
    query::v1::IndicatorTable out;
    const grpc::Status status = table(client, answer.info.id(), period, name, out);
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE ||
        status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
      return status;
    }
    if (status.ok()) {
      answer.tables[name] = std::move(out);
    } else {
      answer.problem = status.error_message();
    }
  }
  if (answer.tables.empty() && answer.problem.empty()) answer.problem = "no table is offered";
  return {};
}

}  // namespace

int report_goals(const Context& context, const ReportOptions& options) {
  query::v1::ListGoalsRequest request;
  if (const std::string fault = fill(options, request); !fault.empty()) {
    return report(context, fault, kUsage);
  }
  request.set_area(options.area);
  GatewayClient client(context);
  query::v1::GoalRegister goals;
  const grpc::Status status =
      client.call(&ReportService::Stub::ListGoals, client.reports(), request, goals);
  if (!status.ok()) return report(context, status);
  if (context.json) return write(context, options, json_of(goals));
  return write(context, options, documents::goals_document(goals));
}

int report_annual(const Context& context, const ReportOptions& options) {
  query::v1::GetAnnualDocumentationRequest request;
  if (const std::string fault = fill(options, request); !fault.empty()) {
    return report(context, fault, kUsage);
  }
  request.set_year(options.year);
  GatewayClient client(context);
  query::v1::AnnualDocumentation annual;
  const grpc::Status status =
      client.call(&ReportService::Stub::GetAnnualDocumentation, client.reports(), request, annual);
  if (!status.ok()) return report(context, status);
  if (context.json) return write(context, options, json_of(annual));
  return write(context, options, documents::annual_document(annual));
}

int report_final(const Context& context, const ReportOptions& options) {
  documents::FinalInput input;
  const auto today = domain::civil_date_of(SystemClock().now());
  input.period =
      options.period.empty() ? domain::to_text(domain::quarter_of(today) - 1) : options.period;
  if (!domain::parse_quarter(input.period)) {
    return report(context, "--period is a quarter like 2026Q3; rolling figures end with it",
                  kUsage);
  }
  if (!options.texts.empty()) {
    std::ifstream file(options.texts);
    if (!file) return report(context, "cannot read " + options.texts, kUsage);
    std::string fault;
    auto texts = documents::read_texts(file, fault);
    if (!texts) return report(context, options.texts + ", " + fault, kUsage);
    input.texts = std::move(*texts);
  }
  query::v1::ListGoalsRequest goals;
  query::v1::ListFinalAnswersRequest answers;
  for (const std::string& fault : {fill(options, goals), fill(options, answers)}) {
    if (!fault.empty()) return report(context, fault, kUsage);
  }
  GatewayClient client(context);
  grpc::Status status =
      client.call(&ReportService::Stub::ListGoals, client.reports(), goals, input.goals);
  if (status.ok()) {
    status = client.call(&ReportService::Stub::ListFinalAnswers, client.reports(), answers,
                         input.answers);
  }
  query::v1::ListIndicatorsResponse list;
  if (status.ok()) {
    status = client.call(&IndicatorService::Stub::ListIndicators, client.indicators(),
                         query::v1::ListIndicatorsRequest(), list);
  }
  if (!status.ok()) return report(context, status);
  for (query::v1::IndicatorInfo& info : *list.mutable_indicators()) {
    documents::IndicatorAnswer& answer = input.indicators.emplace_back();
    answer.info = std::move(info);
    if (!answer.info.computed()) {
      answer.problem = "UNIMPLEMENTED in this build";
      continue;
    }
    status = read_indicator(client, input.period, answer);
    if (!status.ok()) return report(context, status);
  }
  if (context.json) return write(context, options, documents::final_json(input) + "\n");
  return write(context, options, documents::final_document(input));
}

}  // namespace kronika::cli
