#include <algorithm>
#include <map>
#include <mutex>
#include <vector>

#include <kronika/busmetrics/runtime_metrics.h>
#include <kronika/canary/canary_metrics.h>

namespace kronika::canary {
namespace {

constexpr std::size_t kMaxPartitions = 130;
/// A partition that moved away vanishes; a pipeline that stands still must stay visible far longer
/// than any alert waits.
constexpr std::int64_t kForgetAfterMs = 30L * 60 * 1000;

}  // namespace

struct CanaryMetrics::State {
  struct Seen {
    Instant at, published;
  };
  std::mutex mutex;
  std::map<std::int32_t, Seen> by_partition;  // guarded by mutex
};

CanaryMetrics::CanaryMetrics(telemetry::Registry& registry, const std::string& stage)
    : state_(std::make_shared<State>()),
      end_to_end_(busmetrics::end_to_end(registry, stage, "canary")),
      listed_(registry.sampled(
          telemetry::SampleKind::kGauge, "kronika_canary_last_seen_timestamp_seconds",
          "When the stage last saw the canary of the partition", [state = state_, stage] {
            const std::int64_t now = SystemClock().now().ms;
            const std::scoped_lock lock(state->mutex);
            std::erase_if(state->by_partition,
                          [&](const auto& s) { return now - s.second.at.ms > kForgetAfterMs; });
            std::vector<telemetry::Sample> samples;
            for (const auto& [partition, seen] : state->by_partition) {
              if (samples.size() >= kMaxPartitions) break;
              samples.push_back({{{"stage", stage}, {"partition", std::to_string(partition)}},
                                 static_cast<double>(seen.at.ms) / 1000});
            }
            return samples;
          })) {}

CanaryMetrics::~CanaryMetrics() = default;

void CanaryMetrics::seen(std::int32_t partition, Instant published) {
  const Instant now = SystemClock().now();
  end_to_end_.observe(static_cast<double>(std::max<std::int64_t>(0, now.ms - published.ms)) / 1000);
  const std::scoped_lock lock(state_->mutex);
  auto& seen = state_->by_partition[partition];
  seen = {now, std::max(seen.published, published)};
}

std::optional<Instant> CanaryMetrics::newest(std::int32_t partition) const {
  const std::scoped_lock lock(state_->mutex);
  const auto found = state_->by_partition.find(partition);
  if (found == state_->by_partition.end()) return std::nullopt;
  return found->second.published;
}

}  // namespace kronika::canary
