#include "calls.h"

#include "publish_stream.h"

#include <string_view>

namespace kronika::door_grpc {
constexpr std::string_view kService = "kronika.ingest.v1.IngestService";

Calls::Calls(telemetry::Registry& registry, int most)
    : unary(registry, kService, "Publish"),
      stream(registry, kService, "PublishStream", "bidi_stream"),
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
