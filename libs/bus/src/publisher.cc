#include "client_conf.h"
#include "client_watch.h"
#include "message_view.h"
#include "rdkafka_error.h"

#include <atomic>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <utility>

#include <kronika/bus/publisher.h>

namespace kronika::bus {
namespace {

class KafkaPublisher final : public Publisher {
 public:
  explicit KafkaPublisher(ClientOptions client) : client_(std::move(client)) {}

  ~KafkaPublisher() override {
    stop_ = true;
    if (poller_.joinable()) poller_.join();
    // What has no result yet gets one: nobody may wait for ever.
    if (producer_) {
      rd_kafka_purge(producer_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
      rd_kafka_flush(producer_.get(), 1000);
    }
  }

  Result<void> start(const Options& options) {
    wait_when_full_ = options.wait_when_full;
    Properties own = idempotent_producer();
    own.emplace_back("delivery.timeout.ms", std::to_string(options.delivery_timeout.count()));
    own.emplace_back("queue.buffering.max.messages", std::to_string(options.max_queue_messages));
    own.emplace_back("queue.buffering.max.kbytes", std::to_string(options.max_queue_kbytes));
    add_statistics(own);
    auto conf = make_conf(client_, own);
    if (!conf) return tl::unexpected(conf.error());
    rd_kafka_conf_set_dr_msg_cb(conf->get(), &KafkaPublisher::on_delivery);
    rd_kafka_conf_set_opaque(conf->get(), this);
    watch_client(conf->get(), true);
    auto client = make_client(RD_KAFKA_PRODUCER, std::move(*conf));
    if (!client) return tl::unexpected(client.error());
    producer_ = std::move(*client);
    poller_ = std::thread([this] {
      while (!stop_) rd_kafka_poll(producer_.get(), 50);
    });
    return {};
  }

  Result<void> publish(const Outgoing& record, OnResult on_result) override {
    rd_kafka_topic_t* topic = topic_of(record.topic);
    if (topic == nullptr) {
      return tl::unexpected(error_of(rd_kafka_last_error(), "naming a topic"));
    }
    auto waiting = std::make_unique<OnResult>(std::move(on_result));
    // The macros below cast; plain variables keep the casts from meeting expressions.
    const std::int32_t partition = record.partition.value_or(RD_KAFKA_PARTITION_UA);
    const std::int64_t timestamp = record.timestamp ? record.timestamp->ms : 0;  // 0: now
    const char* value = record.tombstone ? nullptr : record.value.data();
    const std::size_t value_bytes = record.tombstone ? 0 : record.value.size();
    if (!record.tombstone && value == nullptr) value = "";  // empty is not null
    RdHeaders headers(copy_headers(record.headers));
    for (;;) {
      const auto err = rd_kafka_producev(
          producer_.get(), RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition),
          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
          RD_KAFKA_V_KEY(record.key.data(), record.key.size()),
          RD_KAFKA_V_VALUE(const_cast<char*>(value), value_bytes), RD_KAFKA_V_TIMESTAMP(timestamp),
          RD_KAFKA_V_HEADERS(headers.get()), RD_KAFKA_V_OPAQUE(waiting.get()), RD_KAFKA_V_END);
      if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        // Both belong to the message now, and only now.
        (void)headers.release();
        (void)waiting.release();
        return {};
      }
      if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        return tl::unexpected(error_of(err, "publishing to " + std::string(record.topic)));
      }
      if (!wait_when_full_) {
        return fail(code(Errc::kTransient), "the queue to Kafka is full");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // poller_ is emptying it
    }
  }

  Result<void> flush(std::chrono::milliseconds timeout) override {
    if (rd_kafka_flush(producer_.get(), static_cast<int>(timeout.count())) !=
        RD_KAFKA_RESP_ERR_NO_ERROR) {
      return fail(code(Errc::kTimedOut),
                  "flushing: " + std::to_string(rd_kafka_outq_len(producer_.get())) +
                      " records have no answer yet; is the broker up?");
    }
    return {};
  }

  Stats stats() const override {
    return {acked_.load(), failed_.load(),
            static_cast<std::uint64_t>(rd_kafka_outq_len(producer_.get()))};
  }

 private:
  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    auto& self = *static_cast<KafkaPublisher*>(opaque);
    const std::unique_ptr<OnResult> waiting(static_cast<OnResult*>(message->_private));
    const bool ok = message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
    ++(ok ? self.acked_ : self.failed_);
    if (!*waiting) return;
    if (ok) {
      (*waiting)(Published{message->partition, message->offset});
    } else if (message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
               message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT) {
      (*waiting)(fail(code(Errc::kUndelivered), "the publisher stopped before an answer came"));
    } else {
      (*waiting)(tl::unexpected(
          error_of(message->err, "delivering", rd_kafka_topic_name(message->rkt), "Write")));
    }
  }

  rd_kafka_topic_t* topic_of(std::string_view name) {
    {
      const std::shared_lock lock(mutex_);
      const auto it = topics_.find(name);
      if (it != topics_.end()) return it->second.get();
    }
    const std::unique_lock lock(mutex_);
    auto& slot = topics_[std::string(name)];
    if (!slot) {
      slot.reset(rd_kafka_topic_new(producer_.get(), (client_.prefix + std::string(name)).c_str(),
                                    nullptr));
    }
    return slot.get();
  }

  const ClientOptions client_;
  bool wait_when_full_ = true;
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> acked_{0};
  std::atomic<std::uint64_t> failed_{0};
  RdClient producer_;  // before topics_, which must go first
  std::shared_mutex mutex_;
  std::map<std::string, RdTopic, std::less<>> topics_;  ///< guarded by mutex_; entries stay
  std::thread poller_;
};

}  // namespace

Result<std::unique_ptr<Publisher>> Publisher::open(const ClientOptions& client,
                                                   const Options& options) {
  auto p = std::make_unique<KafkaPublisher>(client);
  if (auto r = p->start(options); !r) return tl::unexpected(r.error());
  return p;
}

}  // namespace kronika::bus
