#include "calls.h"

#include "publish_stream.h"

#include <string>

namespace kronika::door_grpc {
namespace {

constexpr std::array<std::string_view, 17> kCodeNames{
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

}  // namespace

Method::Method(telemetry::Registry& registry, std::string_view type, std::string_view method) {
  const telemetry::Labels labels{{"grpc_type", std::string(type)},
                                 {"grpc_service", "kronika.ingest.v1.IngestService"},
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

Calls::Calls(telemetry::Registry& registry, int most)
    : unary(registry, "unary", "Publish"),
      stream(registry, "bidi_stream", "PublishStream"),
      most_(most),
      open_gauge_(registry.gauge("kronika_ingest_connections",
                                 "Open connections; of gRPC the open calls and streams",
                                 {{"protocol", "grpc"}})) {}

bool Calls::enter() {
  if (open_.fetch_add(1) < most_) {
    open_gauge_.add(1);
    return true;
  }
  open_.fetch_sub(1);
  return false;
}

void Calls::leave() {
  open_.fetch_sub(1);
  open_gauge_.add(-1);
}

void Calls::add(PublishStream& added) {
  {
    const std::lock_guard lock(mutex_);
    streams_.insert(&added);
  }
  if (stopping_) added.stop();
}

void Calls::remove(PublishStream& removed) {
  const std::lock_guard lock(mutex_);
  streams_.erase(&removed);
}

void Calls::stop() {
  stopping_ = true;
  const std::lock_guard lock(mutex_);
  for (PublishStream* each : streams_) each->stop();
}

}  // namespace kronika::door_grpc
