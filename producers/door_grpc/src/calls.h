// The calls that are open: whose they are and how many there may be, their metrics under the names
// that gRPC dashboards know, and the streams that a stop must reach.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include <grpcpp/server_context.h>

#include <kronika/edge/peers.h>
#include <kronika/telemetry/grpc_method.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::door_grpc {

class PublishStream;

/// Counted while it lives.
class OpenCall {
 public:
  OpenCall(edge::Place place, const telemetry::Gauge& open)
      : place_(std::move(place)), open_(open) {
    open_.add(1);
  }
  OpenCall(OpenCall&& other) noexcept : place_(std::move(other.place_)), open_(other.open_) {
    other.open_ = {};
  }
  OpenCall& operator=(OpenCall&&) = delete;
  ~OpenCall() { open_.add(-1); }
  [[nodiscard]] edge::Place& place() { return place_; }

 private:
  edge::Place place_;
  telemetry::Gauge open_;
};

/// Thread-safe.
class Calls {
 public:
  Calls(telemetry::Registry& registry, const edge::Peers::Options& bounds);

  /// Nothing: there are as many as may be, in all or of this peer.
  [[nodiscard]] std::optional<OpenCall> enter(const grpc::ServerContextBase& context);

  void add(PublishStream& stream);
  void remove(PublishStream& stream);
  /// Tells every stream to stop, now and those that come later.
  void stop();
  [[nodiscard]] bool stopping() const { return stopping_; }

  const telemetry::GrpcMethod unary, stream;

 private:
  const std::shared_ptr<edge::Peers> peers_;
  const telemetry::Gauge open_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::set<PublishStream*> streams_;  ///< guarded by mutex_
};

}  // namespace kronika::door_grpc
