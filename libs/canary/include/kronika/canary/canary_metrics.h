// When a stage saw the canary of each partition: kronika_canary_last_seen_timestamp_seconds and
// kronika_end_to_end_seconds{source="canary"}.
//
//   CanaryMetrics canary(registry, "state");
//   canary.seen(partition, record.timestamp);       // once what it led to is visible
//
// Thread: any.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <kronika/base/clock.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::canary {

class CanaryMetrics {
 public:
  /// `stage`: state, indicator or view. `registry` must outlive this object.
  CanaryMetrics(telemetry::Registry& registry, const std::string& stage);
  ~CanaryMetrics();
  CanaryMetrics(const CanaryMetrics&) = delete;
  CanaryMetrics& operator=(const CanaryMetrics&) = delete;

  /// `published`: the timestamp that the canary's publisher gave its record.
  void seen(std::int32_t partition, Instant published);
  /// Publication time of the newest canary seen of a partition.
  [[nodiscard]] std::optional<Instant> newest(std::int32_t partition) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
  telemetry::Histogram end_to_end_;
  telemetry::Registration listed_;
};

}  // namespace kronika::canary
