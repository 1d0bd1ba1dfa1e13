// What every unary call has: a deadline, metrics under the names that gRPC dashboards know, and one
// way from Result to status. A handler runs on the server's thread, to its end; long ones ask their
// Budget between steps.
#pragma once

#include <chrono>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <kronika/base/result.h>
#include <kronika/gateway/options.h>
#include <kronika/telemetry/grpc_method.h>

namespace kronika::gateway {

/// The time that a call has.
class Budget {
 public:
  Budget(std::chrono::system_clock::time_point asked, const ServerOptions& options);
  /// Error: deadline_passed.
  [[nodiscard]] Result<void> check() const;
  [[nodiscard]] std::chrono::system_clock::time_point deadline() const { return deadline_; }

 private:
  std::chrono::system_clock::time_point deadline_;
};

using Method = telemetry::GrpcMethod;

[[nodiscard]] grpc::Status finish(const Result<void>& result);

/// Runs `handler(const Budget&) -> Result<void>` and finishes the call with its outcome.
template <class Handler>
grpc::ServerUnaryReactor* serve(grpc::CallbackServerContext* context, const Method& method,
                                const ServerOptions& options, Handler&& handler) {
  const auto begin = std::chrono::steady_clock::now();
  method.started();
  const Budget budget(context->deadline(), options);
  Result<void> result = budget.check();
  if (result) result = handler(budget);
  grpc::Status status = finish(result);
  method.handled(status.error_code(), std::chrono::steady_clock::now() - begin);
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(std::move(status));
  return reactor;
}

}  // namespace kronika::gateway
