// TransactionalOutput over one transactional producer. Offsets are committed with the consumer's
// group metadata, read anew for each commit (KIP-447). Thread: its stream thread only.
#pragma once

#include "credentials.h"
#include "handles.h"
#include "transactional_output.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <kronika/bus/errc.h>
#include <kronika/bus/options.h>
#include <kronika/bus/probe.h>

namespace kronika::bus {

class KafkaOutput final : public TransactionalOutput {
 public:
  struct Settings {
    ClientOptions client;
    std::string transactional_id;
    std::chrono::milliseconds transaction_timeout{15'000};
    std::string compacted_topic;  ///< without prefix
    RuntimeProbe* probe = nullptr;
  };
  explicit KafkaOutput(Settings settings)
      : settings_(std::move(settings)), refusal_(settings_.client) {}
  ~KafkaOutput() override;

  /// Creates the producer and ends whatever an earlier instance left open. Must come before the
  /// consumer may fetch committed offsets. Blocks until the broker answers or `stop` is set
  /// (kRetryCall then).
  [[nodiscard]] Result<void> init(const std::atomic<bool>& stop);
  /// The consumer whose group the offsets belong to; outlives this or is replaced.
  void set_consumer(rd_kafka_t* consumer) { consumer_ = consumer; }
  /// Serves delivery reports; call now and then while no transaction commits.
  void poll() { rd_kafka_poll(producer_.get(), 0); }
  [[nodiscard]] std::string cluster_id();

  Result<void> begin() override;
  Result<void> send(const Outgoing& record) override;
  Result<void> commit(std::span<const TopicOffset> offsets) override;
  /// Commits records that belong to no consumed offset: the transactional.id alone fences.
  [[nodiscard]] Result<void> commit_alone();
  Result<void> abort() override;
  [[nodiscard]] std::int64_t compacted_end(std::int32_t partition) const override;

 private:
  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque);
  static void on_error(rd_kafka_t*, int err, const char* reason, void* opaque);
  rd_kafka_topic_t* topic_of(std::string_view name);
  [[nodiscard]] Result<void> send_offsets(std::span<const TopicOffset> offsets);
  /// Repeats `call` while librdkafka says retriable, for at most `settings_.transaction_timeout`
  /// (twice for a commit).
  template <class Call>
  [[nodiscard]] Result<void> repeat(std::string_view doing, Errc otherwise, Errc at_deadline,
                                    const Call& call);

  const Settings settings_;
  Refusal refusal_;
  rd_kafka_t* consumer_ = nullptr;
  RdClient producer_;  // before topics_, which must go first
  std::map<std::string, RdTopic, std::less<>> topics_;
  std::string_view last_name_;
  rd_kafka_topic_t* last_topic_ = nullptr;
  std::vector<std::int64_t> compacted_ends_;  ///< written by delivery reports, on this thread
  std::string refused_;                       ///< a delivery that an ACL forbids, as a sentence
  bool placeless_ = false;  ///< a record of this transaction was acknowledged without an offset
  unsigned unpolled_ = 0;
};

}  // namespace kronika::bus
