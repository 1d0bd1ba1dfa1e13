// ReportService: what organisations report of their own work, folded from the view's records each
// time it is asked for (there are few).
#pragma once

#include "call.h"
#include "citizen_lookup.h"

#include <string>
#include <vector>

#include <kronika/domain/reporting.h>
#include <kronika/gateway/server.h>
#include <kronika/query/v1/query.grpc.pb.h>

namespace kronika::gateway {

class ReportService final : public query::v1::ReportService::CallbackService {
 public:
  ReportService(const ServerOptions& options, const Services& services);

  grpc::ServerUnaryReactor* ListGoals(grpc::CallbackServerContext* context,
                                      const query::v1::ListGoalsRequest* request,
                                      query::v1::GoalRegister* response) override;
  grpc::ServerUnaryReactor* GetAnnualDocumentation(
      grpc::CallbackServerContext* context, const query::v1::GetAnnualDocumentationRequest* request,
      query::v1::AnnualDocumentation* response) override;
  grpc::ServerUnaryReactor* ListFinalAnswers(grpc::CallbackServerContext* context,
                                             const query::v1::ListFinalAnswersRequest* request,
                                             query::v1::FinalAnswers* response) override;

 private:
  struct Folded {
    domain::Reporting reporting;
    domain::Visibility visibility;
  };
  // Errors: view_catching_up, time_invalid, organisation_malformed, deadline_passed.
  template <class Request>
  Result<Folded> fold(const Request& request, const Budget& budget) const;
  // SOR ids that a request names: nothing for all organisations.
  Result<std::vector<std::string>> organisations(const std::string& named) const;

  Result<void> goals(const query::v1::ListGoalsRequest& request, const Budget& budget,
                     query::v1::GoalRegister& response) const;
  Result<void> annual(const query::v1::GetAnnualDocumentationRequest& request, const Budget& budget,
                      query::v1::AnnualDocumentation& response) const;
  Result<void> answers(const query::v1::ListFinalAnswersRequest& request, const Budget& budget,
                       query::v1::FinalAnswers& response) const;

  const ServerOptions& options_;
  const Services& services_;
  const CitizenLookup lookup_;  // reads as_of and known_at
  const Method goals_, annual_, answers_;
};

}  // namespace kronika::gateway
