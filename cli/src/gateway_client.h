// Calls to the gateway, with a deadline each, and its errors in one sentence.
#pragma once

#include "context.h"

#include <chrono>
#include <memory>

#include <google/protobuf/message.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <kronika/query/v1/ledger.grpc.pb.h>
#include <kronika/query/v1/publication.grpc.pb.h>
#include <kronika/query/v1/query.grpc.pb.h>

namespace kronika::cli {

class GatewayClient {
 public:
  explicit GatewayClient(const Context& context);

  query::v1::CitizenService::Stub& citizens() { return *citizens_; }
  query::v1::IndicatorService::Stub& indicators() { return *indicators_; }
  query::v1::ReportService::Stub& reports() { return *reports_; }
  query::v1::PublicationService::Stub& publications() { return *publications_; }
  query::v1::LedgerService::Stub& ledger() { return *ledger_; }
  query::v1::StatusService::Stub& status() { return *status_; }

  /// `method` is a pointer to a stub's unary method.
  template <class Stub, class Request, class Response>
  grpc::Status call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    Stub& stub, const Request& request, Response& response) {
    grpc::ClientContext call;
    call.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    return (stub.*method)(&call, request, &response);
  }

 private:
  std::unique_ptr<query::v1::CitizenService::Stub> citizens_;
  std::unique_ptr<query::v1::IndicatorService::Stub> indicators_;
  std::unique_ptr<query::v1::ReportService::Stub> reports_;
  std::unique_ptr<query::v1::PublicationService::Stub> publications_;
  std::unique_ptr<query::v1::LedgerService::Stub> ledger_;
  std::unique_ptr<query::v1::StatusService::Stub> status_;
};

/// Prints the sentence of a failed call; the exit code is kUnreachable where nobody answered, else
/// kNotDone.
int report(const Context& context, const grpc::Status& status);
/// The message as one JSON object, with the field names of the .proto files.
void print_json(const Context& context, const google::protobuf::Message& message);

}  // namespace kronika::cli
