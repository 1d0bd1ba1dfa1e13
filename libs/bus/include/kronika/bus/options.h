// Plain settings of everything in this library. Programs fill them from their configuration;
// nothing here reads the environment, and of files those alone that prove who a client is.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace kronika::bus {

/// How to reach Kafka.
struct ClientOptions {
  std::string bootstrap_servers = "127.0.0.1:9092";
  std::string client_id = "kronika";
  /// Before every topic, group and transactional id; lets several installations share a cluster.
  /// Usually empty.
  std::string prefix;
  /// librdkafka properties passed through, e.g. security.protocol. Those that would break a
  /// guarantee are refused with bus_config: see refused_properties() in client_conf.h.
  std::map<std::string, std::string> properties;
  /// Its first line is the SASL password; read each time a client is made. Empty: none.
  std::string password_file;
};

/// Where the Kafka clients' own log lines go; syslog levels (3 error ... 7 debug). Called from the
/// clients' threads. They name brokers, topics and ids, never keys or values.
using ClientLog = void (*)(int level, std::string_view facility, std::string_view text);
/// For all clients of the process made afterwards; null: standard error. Thread-safe.
void set_client_log(ClientLog log);

/// When a transaction ends. Each costs 15-30 ms at the broker, so time is the ordinary limit.
struct TransactionLimits {
  std::chrono::milliseconds commit_interval{100};
  /// Sooner, where no input has anything more: steady traffic is not made to wait for company that
  /// does not come, while a backlog still fills its transactions.
  std::chrono::milliseconds quiet_interval{30};
  std::size_t max_records = 50'000;
  std::size_t max_bytes = 32U << 20;  ///< of consumed keys and values
  std::size_t max_deadlines = 500;    ///< woken in one transaction of one task (A9)
};

}  // namespace kronika::bus
