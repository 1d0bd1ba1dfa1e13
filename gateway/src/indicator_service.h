// IndicatorService: tables of indicators, suppressed before they leave. Exact cells never pass this
// class's answers.
#pragma once

#include "arena_allocator.h"
#include "call.h"

#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include <kronika/domain/completeness.h>
#include <kronika/domain/published_table.h>
#include <kronika/domain/table_maker.h>
#include <kronika/gateway/server.h>
#include <kronika/query/v1/query.grpc.pb.h>

namespace kronika::gateway {

class IndicatorService final : public query::v1::IndicatorService::CallbackService {
 public:
  IndicatorService(const ServerOptions& options, const Services& services);

  grpc::ServerUnaryReactor* GetIndicator(grpc::CallbackServerContext* context,
                                         const query::v1::GetIndicatorRequest* request,
                                         query::v1::IndicatorTable* response) override;
  grpc::ServerUnaryReactor* ListIndicators(grpc::CallbackServerContext* context,
                                           const query::v1::ListIndicatorsRequest* request,
                                           query::v1::ListIndicatorsResponse* response) override;

 private:
  using Key = std::tuple<domain::Indicator, domain::Quarter, bool>;  // rolling
  struct Cached {
    std::uint64_t version = 0;
    std::shared_ptr<const domain::PublishedIndicator> tables;
  };
  Result<void> get_indicator(const query::v1::GetIndicatorRequest& request, const Budget& budget,
                             query::v1::IndicatorTable& response);
  // All tables of the period, from the cache while no cell of the indicator has changed.
  Result<std::shared_ptr<const domain::PublishedIndicator>> tables(
      const domain::IndicatorInfo& info, domain::Quarter quarter, bool rolling,
      const Budget& budget);
  struct Question {
    const domain::IndicatorInfo& info;
    domain::Quarter quarter;
    bool rolling = false;
    domain::TableKind table = domain::TableKind::kNation;
    domain::ProgrammeIndex programme = domain::kNoProgramme;
  };
  Result<void> one_table(const Question& asked, const Budget& budget,
                         query::v1::IndicatorTable& response);
  Result<void> education_gap(const Question& asked, const Budget& budget,
                             query::v1::IndicatorTable& response);
  // I-24, which counts organisations and is not suppressed.
  Result<void> reporting(const Question& asked, query::v1::IndicatorTable& response) const;

  const ServerOptions& options_;
  const Services& services_;
  const Method get_, list_;
  ArenaAllocator<query::v1::GetIndicatorRequest, query::v1::IndicatorTable> get_memory_;
  std::mutex mutex_;
  std::map<Key, Cached> cache_;  // guarded by mutex_
};

}  // namespace kronika::gateway
