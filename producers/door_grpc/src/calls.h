// The calls that are open: how many there may be, their metrics under the names that gRPC
// dashboards know, and the streams that a stop must reach.
#pragma once

#include <atomic>
#include <mutex>
#include <set>

#include <kronika/telemetry/grpc_method.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::door_grpc {

class PublishStream;

/// Thread-safe.
class Calls {
 public:
  Calls(telemetry::Registry& registry, int most);

  /// False: there are as many as may be; leave() is not to be called then.
  [[nodiscard]] bool enter();
  void leave();

  void add(PublishStream& stream);
  void remove(PublishStream& stream);
  /// Tells every stream to stop, now and those that come later.
  void stop();
  [[nodiscard]] bool stopping() const { return stopping_; }

  const telemetry::GrpcMethod unary, stream;

 private:
  const int most_;
  const telemetry::Gauge open_gauge_;
  std::atomic<int> open_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::set<PublishStream*> streams_;  ///< guarded by mutex_
};

}  // namespace kronika::door_grpc
