#include "kafka_output.h"

#include "client_conf.h"
#include "client_watch.h"
#include "message_view.h"
#include "position.h"
#include "rdkafka_error.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace kronika::bus {
namespace {

using namespace std::chrono_literals;
constexpr unsigned kPollEverySends = 1000;
// A message's opaque says that its delivery moves the compacted topic's end.
int compacted_mark = 0;

/// The topic that a message of the client library names in quotes; empty where it names none.
std::string_view quoted_in(std::string_view text) {
  const auto begin = text.find('"');
  const auto end = begin == std::string_view::npos ? begin : text.find('"', begin + 1);
  return end == std::string_view::npos ? "" : text.substr(begin + 1, end - begin - 1);
}

}  // namespace

KafkaOutput::~KafkaOutput() {
  // What is still queued belongs to a transaction that will not commit.
  if (producer_) {
    rd_kafka_purge(producer_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(producer_.get(), 0);
  }
}

Result<void> KafkaOutput::init(const std::atomic<bool>& stop) {
  Properties own = transactional_producer(settings_.client, settings_.transactional_id,
                                          static_cast<int>(settings_.transaction_timeout.count()));
  add_statistics(own);
  auto conf = make_conf(settings_.client, own);
  if (!conf) return tl::unexpected(conf.error());
  rd_kafka_conf_set_dr_msg_cb(conf->get(), &KafkaOutput::on_delivery);
  rd_kafka_conf_set_error_cb(conf->get(), &KafkaOutput::on_error);
  rd_kafka_conf_set_opaque(conf->get(), this);
  watch_client(conf->get(), false);
  auto client = make_client(RD_KAFKA_PRODUCER, std::move(*conf));
  if (!client) return tl::unexpected(client.error());
  producer_ = std::move(*client);
  for (;;) {
    const RdError error(rd_kafka_init_transactions(producer_.get(), 1000));
    if (!error) return {};
    if (rd_kafka_error_is_retriable(error.get()) == 0) {
      const std::string refused =
          missing_acl(rd_kafka_error_code(error.get()),
                      settings_.client.prefix + settings_.transactional_id, "Write");
      if (!refused.empty()) return fail(code(Errc::kConfig), "starting the producer: " + refused);
      return tl::unexpected(error_of(*error, Errc::kClientFatal, "starting the producer"));
    }
    rd_kafka_poll(producer_.get(), 50);
    if (auto refused = refusal_.definite("starting the producer")) {
      return tl::unexpected(std::move(*refused));
    }
    if (stop) return fail(code(Errc::kTransient), "stopped while the broker was away");
  }
}

std::string KafkaOutput::cluster_id() {
  char* raw = rd_kafka_clusterid(producer_.get(), 5000);
  if (raw == nullptr) return {};
  std::string id(raw);
  rd_kafka_mem_free(producer_.get(), raw);
  return id;
}

void KafkaOutput::on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto& self = *static_cast<KafkaOutput*>(opaque);
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    // The commit fails too, and says less: the topic is named here alone.
    const std::string refused =
        missing_acl(message->err, rd_kafka_topic_name(message->rkt), "Write");
    if (!refused.empty()) self.refused_ = "producing: " + refused;
    return;
  }
  if (message->offset < 0) self.placeless_ = true;
  if (message->_private != &compacted_mark) return;
  auto& ends = self.compacted_ends_;
  const auto index = static_cast<std::size_t>(message->partition);
  if (index >= ends.size()) ends.resize(index + 1, kUnknownOffset);
  ends[index] = std::max(ends[index], message->offset + 1);
}

void KafkaOutput::on_error(rd_kafka_t*, int err, const char* reason, void* opaque) {
  auto& self = *static_cast<KafkaOutput*>(opaque);
  auto* probe = self.settings_.probe;
  const auto rd_err = static_cast<rd_kafka_resp_err_t>(err);
  self.refusal_.note(rd_err, reason);
  if (probe != nullptr) {
    probe->on_client_error(
        err == RD_KAFKA_RESP_ERR__FATAL ? ClientErrorKind::kFatal : ClientErrorKind::kTransient,
        rd_kafka_err2name(rd_err));
  }
}

std::int64_t KafkaOutput::compacted_end(std::int32_t partition) const {
  const auto index = static_cast<std::size_t>(partition);
  return index < compacted_ends_.size() ? compacted_ends_[index] : kUnknownOffset;
}

Result<void> KafkaOutput::begin() {
  const RdError error(rd_kafka_begin_transaction(producer_.get()));
  if (error) {
    return tl::unexpected(error_of(*error, Errc::kOutcomeUnknown, "beginning a transaction"));
  }
  placeless_ = false;
  return {};
}

rd_kafka_topic_t* KafkaOutput::topic_of(std::string_view name) {
  if (name == last_name_) return last_topic_;
  auto it = topics_.find(name);
  if (it == topics_.end()) {
    RdTopic topic(rd_kafka_topic_new(
        producer_.get(), (settings_.client.prefix + std::string(name)).c_str(), nullptr));
    if (!topic) return nullptr;
    it = topics_.emplace(std::string(name), std::move(topic)).first;
  }
  last_name_ = it->first;
  last_topic_ = it->second.get();
  return last_topic_;
}

Result<void> KafkaOutput::send(const Outgoing& record) {
  rd_kafka_topic_t* topic = topic_of(record.topic);
  if (topic == nullptr) {
    return tl::unexpected(error_of(rd_kafka_last_error(), "naming a topic"));
  }
  if (++unpolled_ >= kPollEverySends) {
    unpolled_ = 0;
    poll();
  }
  // The macros below cast; plain variables keep the casts from meeting expressions.
  const std::int32_t partition = record.partition.value_or(RD_KAFKA_PARTITION_UA);
  const std::int64_t timestamp = record.timestamp ? record.timestamp->ms : 0;  // 0: now
  const char* value = record.tombstone ? nullptr : record.value.data();
  const std::size_t value_bytes = record.tombstone ? 0 : record.value.size();
  // A tombstone is a null value; an empty value is not, so its pointer must not be null.
  if (!record.tombstone && value == nullptr) value = "";
  int* mark = record.topic == settings_.compacted_topic ? &compacted_mark : nullptr;
  RdHeaders headers(copy_headers(record.headers));
  const auto deadline = std::chrono::steady_clock::now() + settings_.transaction_timeout;
  for (;;) {
    const auto err = rd_kafka_producev(
        producer_.get(), RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(record.key.data(), record.key.size()),
        RD_KAFKA_V_VALUE(const_cast<char*>(value), value_bytes), RD_KAFKA_V_TIMESTAMP(timestamp),
        RD_KAFKA_V_HEADERS(headers.get()), RD_KAFKA_V_OPAQUE(mark), RD_KAFKA_V_END);
    if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      (void)headers.release();  // the message owns them now, and only now
      return {};
    }
    if (err == RD_KAFKA_RESP_ERR__QUEUE_FULL && std::chrono::steady_clock::now() < deadline) {
      rd_kafka_poll(producer_.get(), 10);
      continue;
    }
    Error error = error_of(err, "sending to " + std::string(record.topic));
    // Whatever refused it, the transaction cannot go on without it: fenced and too large keep their
    // own names.
    if (error.code != code(Errc::kFenced) && error.code != code(Errc::kRecordTooLarge) &&
        error.code != code(Errc::kConfig)) {
      error.code = code(Errc::kAbortable);
    }
    return tl::unexpected(std::move(error));
  }
}

template <class Call>
Result<void> KafkaOutput::repeat(std::string_view doing, Errc otherwise, Errc at_deadline,
                                 const Call& call) {
  const auto deadline = std::chrono::steady_clock::now() + 2 * settings_.transaction_timeout;
  for (;;) {
    const RdError error(call());
    if (!error) return {};
    const Errc e = errc_of(*error, otherwise);
    if (settings_.probe != nullptr) {
      const auto kind = e == Errc::kAbortable   ? ClientErrorKind::kAbortable
                        : e == Errc::kTransient ? ClientErrorKind::kTransient
                                                : ClientErrorKind::kFatal;
      settings_.probe->on_client_error(kind, rd_kafka_error_name(error.get()));
    }
    const std::string forbidden = missing_acl(
        rd_kafka_error_code(error.get()), quoted_in(rd_kafka_error_string(error.get())), "Write");
    if (!forbidden.empty()) {
      // Not every message of the library puts the topic in quotes; then it is told whole.
      const std::string_view said = rd_kafka_error_string(error.get());
      return fail(code(Errc::kConfig),
                  std::string(doing) + ": " + forbidden +
                      (quoted_in(said).empty() ? "; the client says: " + std::string(said) : ""));
    }
    if (e != Errc::kTransient && !refused_.empty()) return fail(code(Errc::kConfig), refused_);
    if (e != Errc::kTransient) return tl::unexpected(error_of(*error, otherwise, doing));
    if (std::chrono::steady_clock::now() > deadline) {
      Error last = error_of(*error, otherwise, doing);
      last.code = code(at_deadline);
      return tl::unexpected(std::move(last));
    }
    std::this_thread::sleep_for(20ms);
  }
}

Result<void> KafkaOutput::send_offsets(std::span<const TopicOffset> offsets) {
  const auto list = new_partitions(static_cast<int>(offsets.size()));
  for (const TopicOffset& o : offsets) {
    rd_kafka_topic_partition_list_add(
        list.get(), (settings_.client.prefix + std::string(o.topic)).c_str(), o.partition)
        ->offset = o.next_offset;
  }
  const RdGroupMetadata metadata(rd_kafka_consumer_group_metadata(consumer_));
  if (!metadata) {
    return fail(code(Errc::kAbortable), "the consumer is not a member of its group now");
  }
  return repeat("sending offsets", Errc::kAbortable, Errc::kAbortable, [&] {
    return rd_kafka_send_offsets_to_transaction(producer_.get(), list.get(), metadata.get(), -1);
  });
}

Result<void> KafkaOutput::commit(std::span<const TopicOffset> offsets) {
  if (offsets.empty()) {
    return fail(code(Errc::kInternalInvariant), "a transaction without an offset fences nobody");
  }
  if (auto r = send_offsets(offsets); !r) return r;
  return commit_alone();
}

Result<void> KafkaOutput::commit_alone() {
  // The commit waits for the deliveries itself; here, because one without a place proves nothing
  // (KafkaPublisher::on_delivery). What does not come in time the commit tells.
  (void)rd_kafka_flush(producer_.get(), static_cast<int>(settings_.transaction_timeout.count()));
  if (placeless_) {
    return fail(code(Errc::kAbortable), "Kafka did not say where a record stands");
  }
  return repeat("committing", Errc::kOutcomeUnknown, Errc::kOutcomeUnknown,
                [&] { return rd_kafka_commit_transaction(producer_.get(), -1); });
}

Result<void> KafkaOutput::abort() {
  // An abort that does not go through leaves the transaction in doubt: a new producer's init ends
  // it.
  return repeat("aborting", Errc::kOutcomeUnknown, Errc::kOutcomeUnknown,
                [&] { return rd_kafka_abort_transaction(producer_.get(), -1); });
}

}  // namespace kronika::bus
