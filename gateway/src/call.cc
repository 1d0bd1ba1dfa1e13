#include "call.h"

#include "status.h"

#include <algorithm>
#include <string>

#include <kronika/gateway/errc.h>

namespace kronika::gateway {
namespace {

constexpr std::array<std::string_view, 17> kCodeNames{
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

}  // namespace

Budget::Budget(std::chrono::system_clock::time_point asked, const ServerOptions& options) {
  const auto now = std::chrono::system_clock::now();
  const bool none = asked == std::chrono::system_clock::time_point::max();
  deadline_ = none ? now + options.default_deadline : std::min(asked, now + options.max_deadline);
}

Result<void> Budget::check() const {
  if (std::chrono::system_clock::now() < deadline_) return {};
  return fail(code(Errc::kDeadlinePassed),
              "the call's time is up; ask for less, or allow more time");
}

Method::Method(telemetry::Registry& registry, std::string_view service, std::string_view method) {
  const telemetry::Labels labels{{"grpc_type", "unary"},
                                 {"grpc_service", std::string(service)},
                                 {"grpc_method", std::string(method)}};
  started_ = registry.counter("grpc_server_started_total", "Calls begun", labels);
  for (std::size_t i = 0; i < kCodes; ++i) {
    telemetry::Labels with_code = labels;
    with_code.emplace_back("grpc_code", kCodeNames[i]);
    handled_[i] =
        registry.counter("grpc_server_handled_total", "Calls ended, by status", with_code);
  }
  seconds_ = registry.histogram("grpc_server_handling_seconds", "Time from begin to status",
                                telemetry::Buckets::kFast, labels);
}

void Method::handled(grpc::StatusCode status, std::chrono::nanoseconds elapsed) const {
  const auto i = static_cast<std::size_t>(status);
  handled_[i < kCodes ? i : 2].add();
  seconds_.observe(elapsed);
}

grpc::Status finish(const Result<void>& result) {
  return result ? grpc::Status() : to_status(result.error());
}

}  // namespace kronika::gateway
