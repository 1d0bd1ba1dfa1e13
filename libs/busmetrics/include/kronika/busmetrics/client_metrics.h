// What the process's Kafka clients know of the brokers, as metrics: kronika_kafka_broker_up and
// _rtt, kronika_kafka_errors_total, kronika_kafka_producer_queue_records, kronika_lso_*. One object
// in every program, edges included, made before its first client and destroyed after its last:
//
//   busmetrics::ClientMetrics kafka(service->registry(), settings.kafka.topic_prefix);
//
// Thread: the watch's methods from any client's thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/bus/client_watch.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::busmetrics {

class ClientMetrics final : public bus::ClientWatch {
 public:
  /// `registry` and `clock` must outlive this object. Installs itself as the process's watch.
  ClientMetrics(telemetry::Registry& registry, std::string topic_prefix,
                const Clock* clock = nullptr);
  ~ClientMetrics() override;
  ClientMetrics(const ClientMetrics&) = delete;
  ClientMetrics& operator=(const ClientMetrics&) = delete;

  void on_client_stats(const bus::ClientStats& stats) override;
  void on_client_error(bus::ClientErrorKind kind, std::string_view error_code) override;
  void on_credentials(const std::optional<std::string>& fault) override;

 private:
  struct State;
  telemetry::Registry& registry_;
  const std::string prefix_;
  SystemClock system_clock_;
  const Clock& clock_;
  std::shared_ptr<State> state_;  ///< shared with the listings
  std::vector<telemetry::Registration> registrations_;
};

}  // namespace kronika::busmetrics
