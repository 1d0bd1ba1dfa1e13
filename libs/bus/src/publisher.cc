#include "client_conf.h"
#include "client_watch.h"
#include "credentials.h"
#include "message_view.h"
#include "rdkafka_error.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <utility>
#include <vector>

#include <kronika/bus/publisher.h>

namespace kronika::bus {
namespace {

using std::chrono::steady_clock;

/// A librdkafka producer and its topics. Thread-safe.
class Client {
 public:
  Client(RdClient producer, std::string prefix)
      : producer_(std::move(producer)), prefix_(std::move(prefix)) {}

  [[nodiscard]] rd_kafka_t* get() const { return producer_.get(); }
  [[nodiscard]] int unanswered() const { return rd_kafka_outq_len(producer_.get()); }

  rd_kafka_topic_t* topic_of(std::string_view name) {
    {
      const std::shared_lock lock(mutex_);
      const auto it = topics_.find(name);
      if (it != topics_.end()) return it->second.get();
    }
    const std::unique_lock lock(mutex_);
    auto& slot = topics_[std::string(name)];
    if (!slot) {
      slot.reset(
          rd_kafka_topic_new(producer_.get(), (prefix_ + std::string(name)).c_str(), nullptr));
    }
    return slot.get();
  }

 private:
  const RdClient producer_;  // before topics_, which must go first
  const std::string prefix_;
  std::shared_mutex mutex_;
  std::map<std::string, RdTopic, std::less<>> topics_;  ///< guarded by mutex_; entries stay
};
using ClientPtr = std::shared_ptr<Client>;

class KafkaPublisher final : public Publisher {
 public:
  KafkaPublisher(ClientOptions client, const Options& options)
      : options_(options),
        client_options_(std::move(client)),
        credentials_(client_options_),
        refusal_(client_options_) {}

  ~KafkaPublisher() override {
    stop_ = true;
    if (poller_.joinable()) poller_.join();
    // What has no result yet gets one: nobody may wait for ever.
    for (const ClientPtr& client : {retiring_, client_}) {
      if (!client) continue;
      purge(*client);
      rd_kafka_flush(client->get(), 1000);
    }
  }

  Result<void> start() {
    auto made = make();
    if (!made) return tl::unexpected(made.error());
    client_ = std::move(*made);
    poller_ = std::thread([this] {
      while (!stop_) serve();
    });
    return {};
  }

  Result<void> publish(const Outgoing& record, OnResult on_result) override {
    auto waiting = std::make_unique<OnResult>(std::move(on_result));
    // The macros below cast; plain variables keep the casts from meeting expressions.
    const std::int32_t partition = record.partition.value_or(RD_KAFKA_PARTITION_UA);
    const std::int64_t timestamp = record.timestamp ? record.timestamp->ms : 0;  // 0: now
    const char* value = record.tombstone ? nullptr : record.value.data();
    const std::size_t value_bytes = record.tombstone ? 0 : record.value.size();
    if (!record.tombstone && value == nullptr) value = "";  // empty is not null
    RdHeaders headers(copy_headers(record.headers));
    const auto produce = [&] {
      // Held until the record is queued: a client that retires gets no more records.
      const std::shared_lock lock(mutex_);
      rd_kafka_topic_t* topic = client_->topic_of(record.topic);
      if (topic == nullptr) return rd_kafka_last_error();
      return rd_kafka_producev(
          client_->get(), RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition),
          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
          RD_KAFKA_V_KEY(record.key.data(), record.key.size()),
          RD_KAFKA_V_VALUE(const_cast<char*>(value), value_bytes), RD_KAFKA_V_TIMESTAMP(timestamp),
          RD_KAFKA_V_HEADERS(headers.get()), RD_KAFKA_V_OPAQUE(waiting.get()), RD_KAFKA_V_END);
    };
    for (;;) {
      const auto err = produce();
      if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        // Both belong to the message now, and only now.
        (void)headers.release();
        (void)waiting.release();
        return {};
      }
      if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        return tl::unexpected(error_of(err, "publishing to " + std::string(record.topic),
                                       client_options_.prefix + std::string(record.topic),
                                       "Write"));
      }
      if (!options_.wait_when_full) {
        return fail(code(Errc::kTransient), "the queue to Kafka is full");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // poller_ is emptying it
    }
  }

  Result<void> flush(std::chrono::milliseconds timeout) override {
    const auto until = steady_clock::now() + timeout;
    for (const ClientPtr& client : clients()) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(until - steady_clock::now());
      const int wait = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
      if (rd_kafka_flush(client->get(), wait) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return fail(code(Errc::kTimedOut), "flushing: " + std::to_string(client->unanswered()) +
                                               " records have no answer yet; is the broker up?");
      }
    }
    return {};
  }

  Stats stats() const override {
    Stats stats{acked_.load(), failed_.load(), 0};
    for (const ClientPtr& client : clients()) {
      stats.queued += static_cast<std::uint64_t>(client->unanswered());
    }
    return stats;
  }

  std::optional<Error> failure() const override {
    // Who was let in before is not turned away for good: a password is being changed.
    return acked_ > 0 ? std::nullopt : refusal_.definite("publishing");
  }

 private:
  Result<ClientPtr> make() {
    Properties own = idempotent_producer();
    own.emplace_back("delivery.timeout.ms", std::to_string(options_.delivery_timeout.count()));
    own.emplace_back("queue.buffering.max.messages", std::to_string(options_.max_queue_messages));
    own.emplace_back("queue.buffering.max.kbytes", std::to_string(options_.max_queue_kbytes));
    add_statistics(own);
    auto conf = make_conf(client_options_, own);
    if (!conf) return tl::unexpected(conf.error());
    rd_kafka_conf_set_dr_msg_cb(conf->get(), &KafkaPublisher::on_delivery);
    rd_kafka_conf_set_opaque(conf->get(), this);
    watch_client(conf->get(), false);
    rd_kafka_conf_set_error_cb(conf->get(), &KafkaPublisher::on_error);
    auto client = make_client(RD_KAFKA_PRODUCER, std::move(*conf));
    if (!client) return tl::unexpected(client.error());
    return std::make_shared<Client>(std::move(*client), client_options_.prefix);
  }

  /// One turn of the publisher's thread.
  void serve() {
    const ClientPtr client = current();
    rd_kafka_poll(client->get(), retiring_ ? 10 : 50);
    if (failure()) purge(*client);  // each waiting record is answered with the reason
    if (retiring_) {
      rd_kafka_poll(retiring_->get(), 10);
      if (retiring_->unanswered() > 0) return;
      ClientPtr done;  // destroyed when nobody waits for the lock
      const std::unique_lock lock(mutex_);
      done = std::move(retiring_);
    } else if (credentials_.renewed(steady_clock::now())) {
      renew();
    }
  }

  /// What is published from here on goes by a new client; the old one stays until it has answered
  /// everything that it was given, within the delivery timeout.
  void renew() {
    auto made = make();
    if (!made) return tell_credentials(made.error().context);
    const std::unique_lock lock(mutex_);
    retiring_ = std::exchange(client_, std::move(*made));
  }

  static void purge(const Client& client) {
    rd_kafka_purge(client.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  }

  ClientPtr current() const {
    const std::shared_lock lock(mutex_);
    return client_;
  }
  std::vector<ClientPtr> clients() const {
    const std::shared_lock lock(mutex_);
    if (retiring_) return {retiring_, client_};
    return {client_};
  }

  static void on_error(rd_kafka_t*, int err, const char* reason, void* opaque) {
    const auto rd_err = static_cast<rd_kafka_resp_err_t>(err);
    static_cast<KafkaPublisher*>(opaque)->refusal_.note(rd_err, reason);
    tell_error(rd_err);
  }

  /// Sends a delivered record once more. False: the queue has no room.
  static bool send_again(rd_kafka_t* client, const rd_kafka_message_t& message) {
    rd_kafka_headers_t* found = nullptr;
    RdHeaders headers;
    if (rd_kafka_message_headers(&message, &found) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      headers.reset(rd_kafka_headers_copy(found));
    }
    const auto err = rd_kafka_producev(
        client, RD_KAFKA_V_RKT(message.rkt), RD_KAFKA_V_PARTITION(message.partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(message.key, message.key_len),
        RD_KAFKA_V_VALUE(message.payload, message.len),
        RD_KAFKA_V_TIMESTAMP(rd_kafka_message_timestamp(&message, nullptr)),
        RD_KAFKA_V_HEADERS(headers.get()), RD_KAFKA_V_OPAQUE(message._private), RD_KAFKA_V_END);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
    (void)headers.release();
    return true;
  }

  static void on_delivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque) {
    auto& self = *static_cast<KafkaPublisher*>(opaque);
    bool ok = message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
    // Acknowledged without a place: the library sent a batch again and Kafka called it a duplicate.
    // Kafka says so of every batch behind the newest one that it has of a new producer, also where
    // the first one never arrived, so it proves nothing. A second copy changes nothing (A17).
    const bool placeless = ok && message->offset < 0;
    if (placeless && send_again(client, *message)) return;
    const std::unique_ptr<OnResult> waiting(static_cast<OnResult*>(message->_private));
    ok = ok && !placeless;
    ++(ok ? self.acked_ : self.failed_);
    if (!*waiting) return;
    if (ok) return (*waiting)(Published{message->partition, message->offset});
    if (placeless) {
      return (*waiting)(fail(code(Errc::kUndelivered),
                             "Kafka answered without saying where the record stands, and the "
                             "queue has no room to send it again"));
    }
    if (message->err != RD_KAFKA_RESP_ERR__PURGE_QUEUE &&
        message->err != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT) {
      return (*waiting)(tl::unexpected(
          error_of(message->err, "delivering", rd_kafka_topic_name(message->rkt), "Write")));
    }
    if (auto refused = self.failure()) return (*waiting)(tl::unexpected(std::move(*refused)));
    (*waiting)(fail(code(Errc::kUndelivered), "the publisher stopped before an answer came"));
  }

  const Options options_;
  const ClientOptions client_options_;
  CredentialWatch credentials_;  ///< the publisher's thread
  Refusal refusal_;
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> acked_{0};
  std::atomic<std::uint64_t> failed_{0};
  mutable std::shared_mutex mutex_;
  ClientPtr client_;    ///< guarded by mutex_
  ClientPtr retiring_;  ///< changed by the publisher's thread under mutex_; null but for a change
  std::thread poller_;
};

}  // namespace

Result<std::unique_ptr<Publisher>> Publisher::open(const ClientOptions& client,
                                                   const Options& options) {
  auto p = std::make_unique<KafkaPublisher>(client, options);
  if (auto r = p->start(); !r) return tl::unexpected(r.error());
  return p;
}

}  // namespace kronika::bus
