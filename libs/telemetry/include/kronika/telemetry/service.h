// What every long-running program has beside its work: the metrics page with process_* and build
// figures, the health states, and the proof that its loops still turn.
//
//   auto service = Service::open({.component = "kronika-citizen", .version = "0.1.0"}, "127.0.0.1",
//   9464); Loop poll = service->loop("poll");
//   ...  poll.turned();                         // each turn of the loop
//   service->set_ready(true);                   // when it has caught up once; or set_ready_when()
//
// Health is served as gauges: kronika_health_serving{service="startup|ready|live"} is 1 or 0.
// `live` is computed: every loop turned within the stall limit. The gateway answers gRPC health
// from the same object. Thread: any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/base/result.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::telemetry {

/// A loop's sign of life; copies share it. A default-made one does nothing. turned() costs one
/// clock read.
class Loop {
 public:
  Loop() = default;
  void turned() const;
  /// The loop ended on purpose: it no longer counts for `live`.
  void ended() const;

 private:
  friend class Service;
  struct State {
    std::string name;
    std::atomic<std::int64_t> last_turn_ms{0};  // since 1970; 0: ended
  };
  explicit Loop(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

struct ServiceInfo {
  std::string config_hash = {};  ///< equal on all replicas of a rollout: config::config_hash()
  Labels library_versions = {};  ///< e.g. {"librdkafka", "2.0.2"}
  std::chrono::milliseconds loop_stall{30'000};
  PageSecurity page = {};  ///< how the metrics page may be reached
  /// Certificates that this process uses, by purpose ("gateway", "metrics", "kafka_client",
  /// "kafka_ca", "door"): shown as kronika_certificate_not_after_timestamp_seconds. Empty paths are
  /// left out.
  std::vector<std::pair<std::string, std::filesystem::path>> certificates = {};
};

/// Of this build: the project's version, and the source's revision where the build was told it
/// (KRONIKA_REVISION).
[[nodiscard]] std::string_view version();
[[nodiscard]] std::string_view revision();

class Service {
 public:
  /// Errors: metrics_port.
  [[nodiscard]] static Result<std::unique_ptr<Service>> open(const ServiceInfo& info,
                                                             const std::string& address,
                                                             std::uint16_t port);
  ~Service();

  [[nodiscard]] Registry& registry();
  [[nodiscard]] std::uint16_t metrics_port() const;

  /// Loops of one name share a line, which shows the one that is furthest behind.
  [[nodiscard]] Loop loop(const std::string& name);
  /// A loop that keeps its own time: `last_turn` is asked at each scrape and probe, from their
  /// threads; a zero Instant means that it does not run now. It must stay callable until the
  /// Service is destroyed.
  void watch_loop(const std::string& name, std::function<Instant()> last_turn);

  void set_started(
      bool started);           ///< configuration valid, store opened, client made, restore begun
  void set_ready(bool ready);  ///< restored and caught up once
  /// Ready from the first scrape or probe on at which `is_ready` says so; asked from their threads
  /// until then. It must stay callable until the Service is destroyed.
  void set_ready_when(std::function<bool()> is_ready);
  /// A fault that only a restart cures (fatal Kafka error): `live` stays 0 from here on.
  void set_failed();

  [[nodiscard]] bool started() const;
  [[nodiscard]] bool ready() const;
  [[nodiscard]] bool live() const;

 private:
  Service();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// process_resident_memory_bytes and its kin, read from /proc/self at each scrape.
[[nodiscard]] std::vector<Registration> register_process_metrics(Registry& registry);

}  // namespace kronika::telemetry
