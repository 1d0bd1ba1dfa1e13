// CitizenService: one method a file section; see proto/kronika/query/v1/query.proto for what each
// answers.
#pragma once

#include "arena_allocator.h"
#include "call.h"
#include "citizen_lookup.h"

#include <kronika/gateway/server.h>
#include <kronika/query/v1/query.grpc.pb.h>

namespace kronika::gateway {

class CitizenService final : public query::v1::CitizenService::CallbackService {
 public:
  CitizenService(const ServerOptions& options, const Services& services);

  grpc::ServerUnaryReactor* GetCitizen(grpc::CallbackServerContext* context,
                                       const query::v1::GetCitizenRequest* request,
                                       query::v1::Citizen* response) override;
  grpc::ServerUnaryReactor* ListTimeline(grpc::CallbackServerContext* context,
                                         const query::v1::ListTimelineRequest* request,
                                         query::v1::ListTimelineResponse* response) override;
  grpc::ServerUnaryReactor* ListMeasurements(
      grpc::CallbackServerContext* context, const query::v1::ListMeasurementsRequest* request,
      query::v1::ListMeasurementsResponse* response) override;
  grpc::ServerUnaryReactor* ExplainLevel(grpc::CallbackServerContext* context,
                                         const query::v1::ExplainLevelRequest* request,
                                         query::v1::LevelExplanation* response) override;

 private:
  Result<void> get_citizen(const query::v1::GetCitizenRequest& request, const Budget& budget,
                           query::v1::Citizen& response) const;
  Result<void> list_timeline(const query::v1::ListTimelineRequest& request, const Budget& budget,
                             query::v1::ListTimelineResponse& response) const;
  Result<void> list_measurements(const query::v1::ListMeasurementsRequest& request,
                                 const Budget& budget,
                                 query::v1::ListMeasurementsResponse& response) const;
  Result<void> explain_level(const query::v1::ExplainLevelRequest& request, const Budget& budget,
                             query::v1::LevelExplanation& response) const;

  const ServerOptions& options_;
  const Services& services_;
  const CitizenLookup lookup_;
  const Method get_, timeline_, measurements_, explain_;
  ArenaAllocator<query::v1::GetCitizenRequest, query::v1::Citizen> get_memory_;
  ArenaAllocator<query::v1::ListTimelineRequest, query::v1::ListTimelineResponse> timeline_memory_;
  ArenaAllocator<query::v1::ListMeasurementsRequest, query::v1::ListMeasurementsResponse>
      measurements_memory_;
  ArenaAllocator<query::v1::ExplainLevelRequest, query::v1::LevelExplanation> explain_memory_;
};

}  // namespace kronika::gateway
