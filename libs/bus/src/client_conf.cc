#include "client_conf.h"

#include "rdkafka_error.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>

namespace kronika::bus {

namespace {

std::atomic<ClientLog> client_log{nullptr};

void on_log(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  if (const ClientLog log = client_log.load()) {
    log(level, facility, text);
  } else {
    rd_kafka_log_print(client, level, facility, text);
  }
}

Result<std::string> password_of(const std::string& file) {
  std::ifstream in(file);
  std::string password;
  if (!std::getline(in, password) || password.empty()) {
    return fail(code(Errc::kConfig),
                file + ": no password in its first line (kafka.sasl_password_file)");
  }
  if (password.back() == '\r') password.pop_back();
  return password;
}

}  // namespace

void set_client_log(ClientLog log) { client_log = log; }

std::span<const std::string_view> refused_properties() {
  static constexpr std::array<std::string_view, 13> kRefused{"bootstrap.servers",
                                                             "client.id",
                                                             "enable.auto.commit",
                                                             "enable.auto.offset.store",
                                                             "auto.offset.reset",
                                                             "isolation.level",
                                                             "partitioner",
                                                             "transactional.id",
                                                             "enable.idempotence",
                                                             "acks",
                                                             "group.id",
                                                             "group.instance.id",
                                                             "partition.assignment.strategy"};
  return kRefused;
}

Result<RdConf> make_conf(const ClientOptions& options, const Properties& own) {
  RdConf conf(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(conf.get(), &on_log);
  std::array<char, 512> text{};
  const auto set = [&](const std::string& key, const std::string& value) -> Result<void> {
    if (rd_kafka_conf_set(conf.get(), key.c_str(), value.c_str(), text.data(), text.size()) ==
        RD_KAFKA_CONF_OK) {
      return {};
    }
    return fail(code(Errc::kConfig), "Kafka client property " + key + ": " + text.data());
  };
  const Properties common{{"bootstrap.servers", options.bootstrap_servers},
                          {"client.id", options.client_id},
                          {"statistics.interval.ms", "0"},
                          {"log.connection.close", "false"},
                          {"reconnect.backoff.ms", "50"},
                          {"reconnect.backoff.max.ms", "1000"},
                          {"socket.nagle.disable", "true"},
                          {"topic.metadata.refresh.interval.ms", "60000"}};
  for (const auto& [key, value] : common) {
    if (auto r = set(key, value); !r) return tl::unexpected(r.error());
  }
  for (const auto& [key, value] : options.properties) {
    const auto refused = refused_properties();
    if (std::find(refused.begin(), refused.end(), key) != refused.end()) {
      return fail(code(Errc::kConfig),
                  "Kafka client property " + key + " would break a guarantee and cannot be set");
    }
    if (auto r = set(key, value); !r) return tl::unexpected(r.error());
  }
  for (const auto& [key, value] : own) {
    if (auto r = set(key, value); !r) return tl::unexpected(r.error());
  }
  if (!options.password_file.empty()) {
    auto r = password_of(options.password_file).and_then([&](const std::string& password) {
      return set("sasl.password", password);
    });
    if (!r) return tl::unexpected(r.error());
  }
  return conf;
}

Result<RdClient> make_client(rd_kafka_type_t type, RdConf conf) {
  std::array<char, 512> text{};
  RdClient client(rd_kafka_new(type, conf.get(), text.data(), text.size()));
  if (!client)
    return fail(code(Errc::kConfig), std::string("creating a Kafka client: ") + text.data());
  // The client owns its configuration only where it was created.
  (void)conf.release();
  return client;
}

Properties transactional_producer(const ClientOptions& options, std::string_view transactional_id,
                                  int transaction_timeout_ms) {
  const std::string timeout = std::to_string(transaction_timeout_ms);
  // message.timeout.ms must not exceed the transaction's, or librdkafka refuses; socket.timeout.ms
  // by 100 at most.
  return {{"transactional.id", options.prefix + std::string(transactional_id)},
          {"transaction.timeout.ms", timeout},
          {"message.timeout.ms", timeout},
          {"socket.timeout.ms", timeout},
          {"partitioner", "murmur2_random"},
          {"compression.codec", "lz4"},
          {"linger.ms", "5"},
          {"batch.size", "524288"},
          {"message.max.bytes", "4194304"},
          {"queue.buffering.max.messages", "100000"},
          {"queue.buffering.max.kbytes", "32768"}};
}

Properties idempotent_producer() {
  return {{"enable.idempotence", "true"},
          {"acks", "all"},
          {"partitioner", "murmur2_random"},
          {"compression.codec", "lz4"},
          {"linger.ms", "2"},
          {"message.max.bytes", "8388608"},
          {"queue.buffering.max.messages", "200000"},
          {"queue.buffering.max.kbytes", "65536"}};
}

Properties reader(std::string_view group, bool committed_only, int queue_kbytes) {
  return {{"group.id", std::string(group)},
          {"enable.auto.commit", "false"},
          {"enable.auto.offset.store", "false"},
          {"auto.offset.reset", "error"},
          {"enable.partition.eof", "true"},
          {"isolation.level", committed_only ? "read_committed" : "read_uncommitted"},
          {"check.crcs", "false"},
          // librdkafka 2.0.2 looks at a full queue again only after a second, so the queue must
          // hold a second's work.
          {"queued.min.messages", "100000"},
          {"queued.max.messages.kbytes", std::to_string(queue_kbytes)},
          {"fetch.message.max.bytes", "1048576"},
          {"fetch.max.bytes", "8388608"},
          {"fetch.wait.max.ms", "100"},
          {"fetch.error.backoff.ms", "50"}};
}

}  // namespace kronika::bus
