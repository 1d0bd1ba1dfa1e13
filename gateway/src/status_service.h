// StatusService: how far the view has read, and what it holds.
#pragma once

#include "call.h"

#include <kronika/gateway/server.h>
#include <kronika/query/v1/query.grpc.pb.h>

namespace kronika::gateway {

class StatusService final : public query::v1::StatusService::CallbackService {
 public:
  StatusService(const ServerOptions& options, const Services& services);
  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const query::v1::GetStatusRequest* request,
                                      query::v1::Status* response) override;

 private:
  void fill(query::v1::Status& response) const;

  const ServerOptions& options_;
  const Services& services_;
  const Method get_;
};

}  // namespace kronika::gateway
