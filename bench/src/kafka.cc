#include "kafka.h"

#include "common.h"

#include <array>

namespace kronika::bench {

void check(rd_kafka_resp_err_t err, std::string_view doing) {
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR) die(std::string(doing) + ": " + rd_kafka_err2str(err));
}

void check(rd_kafka_error_t* error, std::string_view doing) {
  if (error == nullptr) return;
  const std::string why = rd_kafka_error_string(error);
  rd_kafka_error_destroy(error);
  die(std::string(doing) + ": " + why);
}

Client make_client(rd_kafka_type_t type, const KafkaPlace& kafka,
                   std::initializer_list<std::pair<const char*, std::string>> properties) {
  std::array<char, 512> text{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const auto set = [&](const char* name, const std::string& value) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), text.data(), text.size()) !=
        RD_KAFKA_CONF_OK) {
      die(std::string("Kafka client property ") + name + ": " + text.data());
    }
  };
  set("bootstrap.servers", kafka.bootstrap_servers);
  set("socket.nagle.disable", "true");
  for (const auto& [name, value] : properties) set(name, value);
  Client client(rd_kafka_new(type, conf, text.data(), text.size()));
  if (!client) die(std::string("creating a Kafka client: ") + text.data());
  return client;  // and with it the configuration
}

Client make_consumer(const KafkaPlace& kafka, const std::string& group) {
  auto client = make_client(RD_KAFKA_CONSUMER, kafka,
                            {{"group.id", group},
                             {"enable.auto.commit", "false"},
                             {"enable.auto.offset.store", "false"},
                             {"auto.offset.reset", "earliest"},
                             {"isolation.level", "read_committed"},
                             {"check.crcs", "false"},
                             {"enable.partition.eof", "true"},
                             {"queued.min.messages", "100000"},
                             {"queued.max.messages.kbytes", "32768"},
                             {"fetch.message.max.bytes", "1048576"},
                             {"fetch.max.bytes", "8388608"},
                             {"fetch.wait.max.ms", "100"}});
  check(rd_kafka_poll_set_consumer(client.get()), "reading");
  return client;
}

Client make_transactional_producer(const KafkaPlace& kafka, const std::string& id) {
  auto client = make_client(RD_KAFKA_PRODUCER, kafka,
                            {{"transactional.id", id},
                             {"compression.codec", "lz4"},
                             {"partitioner", "murmur2_random"},
                             {"linger.ms", "5"},
                             {"batch.size", "524288"},
                             {"queue.buffering.max.messages", "200000"},
                             {"queue.buffering.max.kbytes", "65536"}});
  check(rd_kafka_init_transactions(client.get(), 30'000), "starting the producer");
  return client;
}

Partitions all_partitions(const KafkaPlace& kafka, const std::vector<std::string_view>& topics) {
  Partitions list(rd_kafka_topic_partition_list_new(32));
  for (const auto topic : topics) {
    for (int p = 0; p < kafka.partitions; ++p) {
      rd_kafka_topic_partition_list_add(list.get(), (kafka.prefix + std::string(topic)).c_str(), p)
          ->offset = RD_KAFKA_OFFSET_BEGINNING;
    }
  }
  return list;
}

std::int64_t end_of(rd_kafka_t* client, const rd_kafka_topic_partition_list_t& partitions) {
  std::int64_t sum = 0;
  for (int i = 0; i < partitions.cnt; ++i) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    check(rd_kafka_query_watermark_offsets(client, partitions.elems[i].topic,
                                           partitions.elems[i].partition, &low, &high, 10'000),
          "asking for the end of a topic");
    sum += high;
  }
  return sum;
}

}  // namespace kronika::bench
