#include "client_conf.h"
#include "client_watch.h"
#include "credentials.h"
#include "message_view.h"
#include "rdkafka_error.h"

#include <algorithm>
#include <map>
#include <thread>
#include <utility>

#include <kronika/bus/log_reader.h>

namespace kronika::bus {
namespace {

using namespace std::chrono_literals;
constexpr int kCallTimeoutMs = 5'000;
constexpr auto kWatermarkPatience = 10s;
constexpr auto kHeardLately = 8s;  // statistics come every five seconds

class KafkaLogReader final : public LogReader {
 public:
  KafkaLogReader(ClientOptions client, Options options)
      : client_(std::move(client)),
        options_(std::move(options)),
        credentials_(client_),
        refusal_(client_) {}

  ~KafkaLogReader() override { leave(); }

  Result<void> start() {
    Properties own = reader(client_.prefix + options_.group, true, options_.queue_kbytes);
    if (options_.watched) add_statistics(own);
    auto conf = make_conf(client_, own);
    if (!conf) return tl::unexpected(conf.error());
    if (options_.watched) rd_kafka_conf_set_stats_cb(conf->get(), &KafkaLogReader::on_stats);
    rd_kafka_conf_set_error_cb(conf->get(), &KafkaLogReader::on_error);
    rd_kafka_conf_set_opaque(conf->get(), this);
    auto client = make_client(RD_KAFKA_CONSUMER, std::move(*conf));
    if (!client) return tl::unexpected(client.error());
    leave();
    topics_.clear();  // of the client before
    consumer_ = std::move(*client);
    rd_kafka_poll_set_consumer(consumer_.get());
    return {};
  }

  Result<void> assign(const std::vector<PartitionOffset>& from) override {
    parts_.clear();
    for (const PartitionOffset& p : from) {
      parts_.push_back({p.topic, client_.prefix + p.topic, p.partition,
                        std::max<std::int64_t>(p.offset, 0), p.offset < 0, false});
    }
    last_ = 0;
    return place();
  }

  Result<Met> poll(std::chrono::milliseconds timeout, const Visit& visit) override {
    if (options_.watched && credentials_.renewed(std::chrono::steady_clock::now())) {
      uncommitted_.reset();
      if (auto r = start(); !r) return tl::unexpected(r.error());
      if (auto r = place(); !r) return tl::unexpected(r.error());
    }
    const RdMessage message(
        rd_kafka_consumer_poll(consumer_.get(), static_cast<int>(timeout.count())));
    if (!message) return Met::kNothing;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const int index = find(*message);
      if (index < 0) return Met::kNothing;
      Part& p = parts_[static_cast<std::size_t>(index)];
      if (message->offset < p.next) return Met::kNothing;  // of before an assign()
      const Record record = view_of(*message, p.topic, index, headers_);
      if (auto r = visit(record); !r) return tl::unexpected(r.error());
      p.next = message->offset + 1;
      p.from_beginning = false;
      p.at_end = false;
      return Met::kRecord;
    }
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      const int index = find(*message);
      if (index < 0) return Met::kNothing;
      Part& p = parts_[static_cast<std::size_t>(index)];
      p.next = std::max(p.next, message->offset);
      p.from_beginning = false;
      p.at_end = true;
      return Met::kEnd;
    }
    const Error error =
        error_of(message->err, "reading the log",
                 message->rkt != nullptr ? rd_kafka_topic_name(message->rkt) : "", "Read");
    const bool passing = error.code.disposition() == Disposition::kRetryCall ||
                         error.code == code(Errc::kUnauthenticated);  // a password under change
    if (passing) return Met::kNothing;
    return tl::unexpected(error);
  }

  std::chrono::milliseconds silence() const override {
    if (!options_.watched) return 0ms;
    const auto silent = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - heard_at_);
    return silent < kHeardLately ? 0ms : silent;
  }
  std::int64_t position(std::size_t index) const override { return parts_.at(index).next; }
  bool at_end(std::size_t index) const override { return parts_.at(index).at_end; }

  Result<void> read_to(const std::vector<PartitionOffset>& ends, const Visit& visit,
                       std::chrono::milliseconds patience) override {
    auto moved = std::chrono::steady_clock::now();
    std::vector<bool> reached(parts_.size());
    std::size_t left = parts_.size();
    const auto check = [&](std::size_t i) {
      if (!reached[i] && parts_[i].next >= ends.at(i).offset) {
        reached[i] = true;
        --left;
      }
    };
    for (std::size_t i = 0; i < parts_.size(); ++i) check(i);
    while (left > 0) {
      const auto met = poll(100ms, visit);
      if (!met) return tl::unexpected(met.error());
      const auto now = std::chrono::steady_clock::now();
      if (*met == Met::kNothing) {
        if (now - moved > patience) {
          return fail(code(Errc::kTimedOut),
                      "reading the log: nothing came, and the end was not "
                      "reached; is the broker up, is a transaction open?");
        }
        continue;
      }
      if (*met == Met::kRecord) moved = now;
      check(last_);
    }
    return {};
  }

  Result<std::vector<PartitionOffset>> ends(
      const std::vector<PartitionOffset>& partitions) override {
    return watermarks(partitions, true);
  }
  Result<std::vector<PartitionOffset>> beginnings(
      const std::vector<PartitionOffset>& partitions) override {
    return watermarks(partitions, false);
  }

  Result<std::vector<PartitionOffset>> offsets_at(const std::vector<PartitionOffset>& partitions,
                                                  Instant time) override {
    auto out = watermarks(partitions, true);  // also waits for the brokers
    if (!out) return out;
    const auto list = new_partitions(static_cast<int>(partitions.size()));
    for (const auto& p : partitions) {
      rd_kafka_topic_partition_list_add(list.get(), (client_.prefix + p.topic).c_str(), p.partition)
          ->offset = time.ms;
    }
    const auto err = rd_kafka_offsets_for_times(uncommitted_.get(), list.get(), kCallTimeoutMs);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return tl::unexpected(error_of(err, "looking for the records since a time"));
    }
    for (std::size_t i = 0; i < out->size(); ++i) {
      const auto& found = list->elems[i];
      if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return tl::unexpected(error_of(found.err, "looking for the records since a time"));
      }
      if (found.offset >= 0) (*out)[i].offset = found.offset;
    }
    return out;
  }

  Result<std::vector<PartitionOffset>> committed(
      const std::string& group, const std::vector<PartitionOffset>& partitions) override {
    auto conf = make_conf(client_, reader(client_.prefix + group, true, 1024));
    if (!conf) return tl::unexpected(conf.error());
    const auto client = make_client(RD_KAFKA_CONSUMER, std::move(*conf));
    if (!client) return tl::unexpected(client.error());
    const auto list = new_partitions(static_cast<int>(partitions.size()));
    for (const auto& p : partitions) {
      rd_kafka_topic_partition_list_add(list.get(), (client_.prefix + p.topic).c_str(),
                                        p.partition);
    }
    const auto err = rd_kafka_committed(client->get(), list.get(), kCallTimeoutMs);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return tl::unexpected(error_of(err, "reading committed offsets of " + group));
    }
    auto out = partitions;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto& found = list->elems[i];
      if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return tl::unexpected(error_of(found.err, "reading committed offsets of " + group));
      }
      out[i].offset = found.offset >= 0 ? found.offset : -1;
    }
    return out;
  }

  Result<std::string> cluster_id() override {
    char* raw = rd_kafka_clusterid(consumer_.get(), kCallTimeoutMs);
    if (raw == nullptr) {
      return tl::unexpected(told({code(Errc::kTimedOut), "asking for the cluster's id"}));
    }
    std::string id(raw);
    rd_kafka_mem_free(consumer_.get(), raw);
    return id;
  }

  Result<std::int32_t> partition_count(const std::string& topic) override {
    const std::string full = client_.prefix + topic;
    const RdTopic handle(rd_kafka_topic_new(consumer_.get(), full.c_str(), nullptr));
    const rd_kafka_metadata_t* raw = nullptr;
    const auto err = rd_kafka_metadata(consumer_.get(), 0, handle.get(), &raw, kCallTimeoutMs);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return tl::unexpected(
          told(error_of(err, "reading the metadata of " + full, full, "Describe")));
    }
    const RdMetadata metadata(raw);
    if (metadata->topic_cnt == 1) {
      const std::string refused = missing_acl(metadata->topics[0].err, full, "Describe");
      if (!refused.empty()) return fail(code(Errc::kConfig), "reading the metadata: " + refused);
    }
    if (metadata->topic_cnt != 1 || metadata->topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR ||
        metadata->topics[0].partition_cnt == 0) {
      return fail(code(Errc::kTopicMismatch), "topic " + full + " does not exist");
    }
    return metadata->topics[0].partition_cnt;
  }

 private:
  struct Part {
    std::string topic;
    std::string full_topic;
    std::int32_t partition = 0;
    std::int64_t next = 0;
    bool from_beginning = false;  ///< wherever that is: nothing was met yet
    bool at_end = false;
  };

  /// The library looks for the leaders of an unknown topic once a second; asked for, they are here
  /// in a round trip. Whatever fails here, polling tells.
  void learn_leaders() {
    bool unknown = false;
    for (const Part& p : parts_) {
      RdTopic& topic = topics_[p.full_topic];
      if (topic) continue;
      topic.reset(rd_kafka_topic_new(consumer_.get(), p.full_topic.c_str(), nullptr));
      unknown = true;
    }
    if (!unknown) return;
    const rd_kafka_metadata_t* raw = nullptr;
    (void)rd_kafka_metadata(consumer_.get(), 0, nullptr, &raw, kCallTimeoutMs);
    const RdMetadata metadata(raw);
  }

  /// Reads each partition from where it stands.
  Result<void> place() {
    const auto list = new_partitions(static_cast<int>(parts_.size()));
    for (const Part& p : parts_) {
      rd_kafka_topic_partition_list_add(list.get(), p.full_topic.c_str(), p.partition)->offset =
          p.from_beginning ? RD_KAFKA_OFFSET_BEGINNING : p.next;
    }
    learn_leaders();
    const auto err = rd_kafka_assign(consumer_.get(), parts_.empty() ? nullptr : list.get());
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(error_of(err, "assigning"));
    return {};
  }

  /// Assigned by hand: there is no group to leave, so nothing to wait for.
  void leave() {
    topics_.clear();  // of this client
    if (consumer_) rd_kafka_assign(consumer_.get(), nullptr);
  }

  /// An error of a call that only waits, with the reason where the brokers did not take us. Serving
  /// the error callback takes a poll, which must not take a record.
  Error told(Error error) {
    if (!parts_.empty()) return error;
    const RdMessage none(rd_kafka_consumer_poll(consumer_.get(), 0));
    return refusal_.told(std::move(error), "reaching Kafka");
  }

  int find(const rd_kafka_message_t& message) {
    const std::string_view topic = message.rkt != nullptr ? rd_kafka_topic_name(message.rkt) : "";
    const auto is = [&](const Part& p) {
      return p.partition == message.partition && p.full_topic == topic;
    };
    // Messages come in runs of one partition.
    if (last_ < parts_.size() && is(parts_[last_])) return static_cast<int>(last_);
    const auto it = std::find_if(parts_.begin(), parts_.end(), is);
    if (it == parts_.end()) return -1;
    last_ = static_cast<std::size_t>(it - parts_.begin());
    return static_cast<int>(last_);
  }

  Result<std::vector<PartitionOffset>> watermarks(const std::vector<PartitionOffset>& partitions,
                                                  bool high) {
    if (!uncommitted_) {
      // A read_committed client is told the last stable offset as the end; the watermark needs one
      // that is not.
      auto conf = make_conf(client_, reader(client_.prefix + options_.group, false, 1024));
      if (!conf) return tl::unexpected(conf.error());
      auto client = make_client(RD_KAFKA_CONSUMER, std::move(*conf));
      if (!client) return tl::unexpected(client.error());
      uncommitted_ = std::move(*client);
    }
    auto out = partitions;
    for (PartitionOffset& p : out) {
      std::int64_t low = 0;
      std::int64_t end = 0;
      const std::string full = client_.prefix + p.topic;
      const auto deadline = std::chrono::steady_clock::now() + kWatermarkPatience;
      for (;;) {
        const auto err = rd_kafka_query_watermark_offsets(uncommitted_.get(), full.c_str(),
                                                          p.partition, &low, &end, kCallTimeoutMs);
        if (err == RD_KAFKA_RESP_ERR_NO_ERROR) break;
        // A fresh client, or one whose broker has just come back, is told NOT_LEADER for a moment.
        Error error = error_of(err, "reading the ends of " + p.topic, full, "Describe");
        if (error.code.disposition() != Disposition::kRetryCall ||
            std::chrono::steady_clock::now() > deadline) {
          return tl::unexpected(std::move(error));
        }
        std::this_thread::sleep_for(100ms);
      }
      p.offset = high ? end : low;
    }
    return out;
  }

  static void on_error(rd_kafka_t*, int err, const char* reason, void* opaque) {
    auto& self = *static_cast<KafkaLogReader*>(opaque);
    const auto rd_err = static_cast<rd_kafka_resp_err_t>(err);
    self.refusal_.note(rd_err, reason);
    if (self.options_.watched) tell_error(rd_err);
  }
  static int on_stats(rd_kafka_t*, char* text, std::size_t bytes, void* opaque) {
    auto& self = *static_cast<KafkaLogReader*>(opaque);
    if (take_statistics({text, bytes})) self.heard_at_ = std::chrono::steady_clock::now();
    return 0;  // the library frees the text
  }

  const ClientOptions client_;
  const Options options_;
  CredentialWatch credentials_;
  Refusal refusal_;
  std::chrono::steady_clock::time_point heard_at_ = std::chrono::steady_clock::now();
  RdClient consumer_;
  RdClient uncommitted_;                   ///< for watermarks; made when first asked for
  std::map<std::string, RdTopic> topics_;  ///< whose leaders were asked for
  std::vector<Part> parts_;
  std::size_t last_ = 0;
  std::vector<Header> headers_;
};

}  // namespace

Result<std::unique_ptr<LogReader>> LogReader::open(const ClientOptions& client,
                                                   const Options& options) {
  auto r = std::make_unique<KafkaLogReader>(client, options);
  if (auto started = r->start(); !started) return tl::unexpected(started.error());
  return r;
}

}  // namespace kronika::bus
