#include "commands.h"
#include "common.h"
#include "kafka.h"

#include <chrono>
#include <iostream>
#include <map>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include <kronika/bus/topic_admin.h>

namespace kronika::bench {
namespace {

using std::chrono::steady_clock;

struct Sample {
  std::string key, value;
  std::vector<std::pair<std::string, std::string>> headers;
  bool tombstone = false;
};

/// One topic of the consumer's output: how much it wrote, and some of its records, evenly spread.
struct Output {
  std::string name;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  ///< of keys, values and headers
  std::vector<Sample> samples;
  std::uint64_t sent = 0;
};

Sample copy_of(const rd_kafka_message_t& message) {
  Sample sample;
  if (message.key != nullptr)
    sample.key.assign(static_cast<const char*>(message.key), message.key_len);
  sample.tombstone = message.payload == nullptr;
  if (!sample.tombstone)
    sample.value.assign(static_cast<const char*>(message.payload), message.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return sample;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    sample.headers.emplace_back(name, std::string(static_cast<const char*>(value), size));
  }
  return sample;
}

std::size_t size_of(const Sample& sample) {
  std::size_t size = sample.key.size() + sample.value.size();
  for (const auto& [name, value] : sample.headers) size += name.size() + value.size();
  return size;
}

Output read_output(const KafkaPlace& kafka, std::string_view topic) {
  constexpr std::uint64_t kSamples = 20'000;
  Output output;
  output.name = topic;
  const auto consumer =
      make_consumer(kafka, kafka.prefix + "bench-outputs-" + std::to_string(getpid()));
  const auto partitions = all_partitions(kafka, {topic});
  const auto total = static_cast<std::uint64_t>(end_of(consumer.get(), *partitions));
  const std::uint64_t every = std::max<std::uint64_t>(1, total / kSamples);
  check(rd_kafka_assign(consumer.get(), partitions.get()), "reading outputs");
  for (int ended = 0; ended < partitions->cnt;) {
    const Message message(rd_kafka_consumer_poll(consumer.get(), 10'000));
    if (!message) die("no more records on " + output.name + ", but its end was not reached");
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      ++ended;
      continue;
    }
    check(message->err, "reading outputs");
    if (output.records++ % every == 0) {
      output.samples.push_back(copy_of(*message));
      output.bytes += size_of(output.samples.back()) * every;
    }
  }
  return output;
}

/// The records that go out, one transaction after the other.
class Sink {
 public:
  Sink(const KafkaPlace& kafka, const std::string& id, rd_kafka_t* consumer)
      : kafka_(kafka), producer_(make_transactional_producer(kafka, id)), consumer_(consumer) {}

  rd_kafka_topic_t* topic(const std::string& name) {
    auto& topic = topics_[name];
    if (!topic)
      topic.reset(rd_kafka_topic_new(producer_.get(), (kafka_.prefix + name).c_str(), nullptr));
    return topic.get();
  }

  void begin() { check(rd_kafka_begin_transaction(producer_.get()), "beginning a transaction"); }

  void send(rd_kafka_topic_t* topic, const void* key, std::size_t key_size, const void* value,
            std::size_t size, rd_kafka_headers_t* headers) {
    if (++sent_ % 1000 == 0) rd_kafka_poll(producer_.get(), 0);
    for (;;) {
      // The macros below cast; plain variables keep the casts from meeting expressions.
      void* payload = const_cast<void*>(value);
      rd_kafka_headers_t* own = headers == nullptr ? nullptr : rd_kafka_headers_copy(headers);
      const auto err = rd_kafka_producev(
          producer_.get(), RD_KAFKA_V_RKT(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
          RD_KAFKA_V_KEY(key, key_size), RD_KAFKA_V_VALUE(payload, size), RD_KAFKA_V_HEADERS(own),
          RD_KAFKA_V_END);
      if (err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
      if (own != nullptr) rd_kafka_headers_destroy(own);
      if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL) check(err, "producing");
      rd_kafka_poll(producer_.get(), 10);
    }
  }

  void commit(const rd_kafka_topic_partition_list_t& offsets) {
    const GroupMetadata group(rd_kafka_consumer_group_metadata(consumer_));
    check(rd_kafka_send_offsets_to_transaction(producer_.get(), &offsets, group.get(), -1),
          "sending offsets");
    check(rd_kafka_commit_transaction(producer_.get(), -1), "committing");
  }

  [[nodiscard]] std::uint64_t sent() const { return sent_; }

 private:
  const KafkaPlace& kafka_;
  Client producer_;
  rd_kafka_t* consumer_;
  std::map<std::string, Topic> topics_;
  std::uint64_t sent_ = 0;
};

}  // namespace

int passthrough(const KafkaPlace& kafka, const PassthroughOptions& options) {
  const bool plain = options.mode == "plain";
  std::vector<Output> outputs;
  if (!plain) {
    for (const auto topic : kOutputTopics) {
      outputs.push_back(read_output(kafka, topic));
      if (outputs.back().records == 0) outputs.pop_back();
    }
    if (outputs.empty()) die("the consumer has written nothing under this prefix");
  }
  // A set of topics of its own, so that the consumer's outputs stay as they are.
  const std::string id = "bench-" + options.mode + "-" + std::to_string(getpid());
  KafkaPlace target = kafka;
  target.prefix = kafka.prefix + id + "-";
  bus::ClientOptions admin;
  admin.bootstrap_servers = kafka.bootstrap_servers;
  admin.prefix = target.prefix;
  need(bus::ensure_topics(admin, {.partitions = kafka.partitions}), "creating the topics");

  const auto consumer = make_consumer(kafka, id);
  const auto partitions = all_partitions(kafka, {std::begin(kEventTopics), std::end(kEventTopics)});
  const auto total = static_cast<std::uint64_t>(end_of(consumer.get(), *partitions));
  std::map<std::pair<std::string, std::int32_t>, rd_kafka_topic_partition_t*> positions;
  for (int i = 0; i < partitions->cnt; ++i) {
    positions[{partitions->elems[i].topic, partitions->elems[i].partition}] = &partitions->elems[i];
  }
  Sink sink(target, id, consumer.get());
  std::map<std::string, rd_kafka_topic_t*> plain_target;
  for (const auto topic : kEventTopics) {
    plain_target[kafka.prefix + std::string(topic)] = sink.topic(std::string(topic));
  }
  std::vector<rd_kafka_topic_t*> output_topics;
  for (const auto& output : outputs) output_topics.push_back(sink.topic(output.name));
  check(rd_kafka_assign(consumer.get(), partitions.get()), "assigning");

  std::uint64_t consumed = 0;
  std::uint64_t transactions = 0;
  bool open = false;
  steady_clock::time_point begun;
  steady_clock::time_point first;
  double cpu_before = 0;
  // The last topic and position looked up, by handle: records come in runs of one partition.
  const rd_kafka_topic_t* last_topic = nullptr;
  std::int32_t last_partition = -1;
  rd_kafka_topic_partition_t* position = nullptr;
  rd_kafka_topic_t* out = nullptr;
  const auto forward = [&](const rd_kafka_message_t& message) {
    if (message.rkt != last_topic || message.partition != last_partition) {
      last_topic = message.rkt;
      last_partition = message.partition;
      position = positions.at({rd_kafka_topic_name(message.rkt), message.partition});
      out = plain_target.at(rd_kafka_topic_name(message.rkt));
    }
    position->offset = message.offset + 1;
    ++consumed;
    if (plain) {
      rd_kafka_headers_t* headers = nullptr;
      rd_kafka_message_headers(&message, &headers);
      sink.send(out, message.key, message.key_len, message.payload, message.len, headers);
      return;
    }
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      Output& output = outputs[i];
      const auto due =
          static_cast<std::uint64_t>(static_cast<double>(output.records) *
                                     static_cast<double>(consumed) / static_cast<double>(total));
      for (; output.sent < due; ++output.sent) {
        const Sample& sample = output.samples[output.sent % output.samples.size()];
        rd_kafka_headers_t* headers =
            sample.headers.empty() ? nullptr : rd_kafka_headers_new(sample.headers.size());
        for (const auto& [name, value] : sample.headers) {
          rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                              static_cast<ssize_t>(value.size()));
        }
        sink.send(output_topics[i], sample.key.data(), sample.key.size(),
                  sample.tombstone ? nullptr : sample.value.data(), sample.value.size(), headers);
        if (headers != nullptr) rd_kafka_headers_destroy(headers);
      }
    }
  };

  while (consumed < total) {
    const Message message(rd_kafka_consumer_poll(consumer.get(), open ? 5 : 1000));
    if (message && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      check(message->err, "consuming");
      const auto now = steady_clock::now();
      if (consumed == 0) {
        first = now;
        cpu_before = own_cost().cpu_seconds;
      }
      if (!open) {
        sink.begin();
        open = true;
        begun = now;
      }
      forward(*message);
    }
    if (open && (consumed == total || steady_clock::now() - begun >=
                                          std::chrono::milliseconds(options.commit_interval_ms))) {
      sink.commit(*partitions);
      ++transactions;
      open = false;
    }
  }
  const double seconds = seconds_since(first);
  const double cpu = own_cost().cpu_seconds - cpu_before;

  nlohmann::json wrote = nlohmann::json::object();
  for (const auto& output : outputs)
    wrote[output.name] = {{"records", output.records}, {"bytes", output.bytes}};
  std::cout << nlohmann::json{{"mode", options.mode},
                              {"events", consumed},
                              {"produced", sink.sent()},
                              {"seconds", seconds},
                              {"transactions", transactions},
                              {"events_per_second", static_cast<double>(consumed) / seconds},
                              {"cpu_us_per_event", cpu * 1e6 / static_cast<double>(consumed)},
                              {"outputs", wrote}}
                   .dump()
            << '\n';
  rd_kafka_consumer_close(consumer.get());
  return 0;
}

}  // namespace kronika::bench
