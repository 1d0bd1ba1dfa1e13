// Publishes a canary a partition, every interval, as an edge would: idempotent, acknowledged by all
// replicas. The gateway runs one, because it also sees what comes out at the other end: several
// replicas publish in turn, for each leaves out a partition whose canary it has just seen.
//
//   auto publisher = CanaryPublisher::start(client, 30s, [&](int p) { return metrics.newest(p); });
//
// Thread: one of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include <kronika/base/clock.h>
#include <kronika/base/result.h>
#include <kronika/bus/options.h>

namespace kronika::canary {

class CanaryPublisher {
 public:
  using Newest = std::function<std::optional<Instant>(std::int32_t partition)>;
  /// Interval 0 starts nothing and returns null. `newest` is asked from the publisher's thread. The
  /// brokers need not be up. Errors: bus_config.
  [[nodiscard]] static Result<std::unique_ptr<CanaryPublisher>> start(
      const bus::ClientOptions& client, std::chrono::milliseconds interval, Newest newest);
  /// Ends within a second.
  virtual ~CanaryPublisher() = default;

 protected:
  CanaryPublisher() = default;
};

}  // namespace kronika::canary
