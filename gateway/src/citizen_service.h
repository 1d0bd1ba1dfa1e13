// CitizenService: one method a file section; see proto/kronika/query/v1/query.proto for what each
// answers.
#pragma once

#include "answer_cache.h"
#include "arena_allocator.h"
#include "call.h"
#include "citizen_lookup.h"

#include <kronika/gateway/server.h>
#include <kronika/query/v1/query.grpc.pb.h>

namespace kronika::gateway {

// GetCitizen takes and gives bytes: a kept answer goes out as it lies, without being built or
// copied.
template <class Base>
using RawGetCitizen = query::v1::CitizenService::WithRawCallbackMethod_GetCitizen<Base>;
template <class Base>
using ListTimelineMethod = query::v1::CitizenService::WithCallbackMethod_ListTimeline<Base>;
template <class Base>
using ListMeasurementsMethod = query::v1::CitizenService::WithCallbackMethod_ListMeasurements<Base>;
template <class Base>
using ExplainLevelMethod = query::v1::CitizenService::WithCallbackMethod_ExplainLevel<Base>;
using CitizenServiceBase = RawGetCitizen<ListTimelineMethod<
    ListMeasurementsMethod<ExplainLevelMethod<query::v1::CitizenService::Service>>>>;

class CitizenService final : public CitizenServiceBase {
 public:
  CitizenService(const ServerOptions& options, const Services& services);

  grpc::ServerUnaryReactor* GetCitizen(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
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
                           grpc::ByteBuffer& response);
  /// The answer for now from the stored state, kept for the next call. Nothing where the state was
  /// folded by other rules than ours.
  Result<std::optional<grpc::Slice>> answer_from_state(const PersonKey& person, Instant as_of);
  Result<grpc::Slice> answer_from_journal(const query::v1::GetCitizenRequest& request,
                                          const PersonKey& person, const Asked& asked,
                                          const Budget& budget) const;
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
  AnswerCache answers_;
  ArenaAllocator<query::v1::ListTimelineRequest, query::v1::ListTimelineResponse> timeline_memory_;
  ArenaAllocator<query::v1::ListMeasurementsRequest, query::v1::ListMeasurementsResponse>
      measurements_memory_;
  ArenaAllocator<query::v1::ExplainLevelRequest, query::v1::LevelExplanation> explain_memory_;
};

}  // namespace kronika::gateway
