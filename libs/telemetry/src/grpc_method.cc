#include <string>

#include <kronika/telemetry/grpc_method.h>

namespace kronika::telemetry {
namespace {

constexpr std::array<std::string_view, 17> kCodeNames{
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

}  // namespace

GrpcMethod::GrpcMethod(Registry& registry, std::string_view service, std::string_view method,
                       std::string_view type) {
  const Labels labels{{"grpc_type", std::string(type)},
                      {"grpc_service", std::string(service)},
                      {"grpc_method", std::string(method)}};
  started_ = registry.counter("grpc_server_started_total", "Calls begun", labels);
  for (std::size_t i = 0; i < kCodes; ++i) {
    Labels with_code = labels;
    with_code.emplace_back("grpc_code", kCodeNames[i]);
    handled_[i] =
        registry.counter("grpc_server_handled_total", "Calls ended, by status", with_code);
  }
  seconds_ = registry.histogram("grpc_server_handling_seconds", "Time from begin to status",
                                Buckets::kFast, labels);
}

void GrpcMethod::handled(int status, std::chrono::nanoseconds elapsed) const {
  const auto i = static_cast<std::size_t>(status);
  handled_[i < kCodes ? i : 2].add();
  seconds_.observe(elapsed);
}

}  // namespace kronika::telemetry
