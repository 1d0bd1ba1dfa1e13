// What the Kafka clients of a process tell about the brokers and about the ends of partitions. One
// watch for all clients of the process, as with set_client_log(): libs/busmetrics turns it into
// metrics, and a program installs it with one line, before its first client:
//
//   busmetrics::ClientMetrics kafka(service->registry(), settings.kafka.topic_prefix);
//
// Thread: called from whatever thread serves a client; must not block.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/bus/probe.h>

namespace kronika::bus {

struct BrokerStats {
  std::string broker;  ///< node id; "bootstrap" as long as no broker has named itself
  bool up = false;
  double silent_seconds = 0;              ///< since the broker last said anything to this client
  std::optional<double> rtt_p99_seconds;  ///< nothing where no request was answered lately
};

/// A partition that the client fetches.
struct PartitionStats {
  std::string topic;  ///< with prefix
  std::int32_t partition = 0;
  std::int64_t high_watermark = 0;
  std::int64_t last_stable_offset = 0;  ///< below the watermark while a transaction is open
};

struct ClientStats {
  std::string client;  ///< librdkafka's name of it, unique in the process
  std::vector<BrokerStats> brokers;
  std::vector<PartitionStats> partitions;
  std::uint64_t queued_records = 0;  ///< of a producer: sent and not yet answered
};

class ClientWatch {
 public:
  virtual ~ClientWatch() = default;
  /// Every few seconds from each long-lived client.
  virtual void on_client_stats(const ClientStats& stats) = 0;
  /// Errors of clients that have no probe of their own (publishers, readers of the log).
  virtual void on_client_error(ClientErrorKind kind, std::string_view error_code) = 0;
  /// Certificates or the password of a long-lived client were replaced: it is made anew; or
  /// `fault` says why they cannot be used, and it goes on with what it has.
  virtual void on_credentials(const std::optional<std::string>& fault) = 0;
};

/// For all clients of the process; null: nobody listens. Waits for a call that is under way, so
/// that the watch may be destroyed behind it.
void set_client_watch(ClientWatch* watch);

/// Version of the client library, e.g. "2.0.2".
[[nodiscard]] std::string client_library_version();

}  // namespace kronika::bus
