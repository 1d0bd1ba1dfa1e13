// The platform without Kafka, for tests: events are published into a log in memory, a plain fold
// stands in for the consumers, and the log's records are handed to a View or to verify.
// Deliberately simple: no fast path, no increments.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/bus/task.h>
#include <kronika/domain/fold.h>
#include <kronika/domain/indicators.h>
#include <kronika/gateway/view.h>

namespace kronika::testing {

struct LogRecord {
  std::int64_t offset = 0;
  Instant timestamp;
  std::string key;
  std::string value;
  bool tombstone = false;
  std::vector<std::pair<std::string, std::string>> headers;
};

class FakePlatform {
 public:
  FakePlatform();

  [[nodiscard]] const domain::Rules& rules() const { return *rules_; }
  [[nodiscard]] const domain::Fold& fold() const { return *fold_; }

  /// A person key that is the same for the same name.
  static PersonKey person(std::string_view name);
  /// An event of this person with sensible envelope fields; the fact key is its own unless `fact`
  /// names one.
  domain::Event event(const PersonKey& person, const std::string& local_time,
                      domain::Payload payload, const std::string& fact = {},
                      std::uint64_t version = 1);

  /// Appends to the event's topic.
  void publish(const domain::Event& event);
  /// Bytes that nobody can read, under the person's key.
  void publish_garbage(const PersonKey& person, std::string_view topic);
  /// One transaction a partition of the citizen consumer, and one of the indicator consumer, at
  /// this clock.
  void consume(Instant as_of);
  void consume(const std::string& local_time);

  static constexpr int kPartitions = 2;
  using Partition = std::vector<LogRecord>;
  [[nodiscard]] Partition& log(std::string_view topic, int partition) {
    return log_[{std::string(topic), partition}];
  }
  static int partition_of(const PersonKey& person) { return person.bytes[0] % kPartitions; }

  /// Hands everything to the view that it has not seen.
  void feed(gateway::View& view);

 private:
  void consume_partition(int partition, Instant as_of);
  void sum_deltas(int partition, Instant as_of);
  LogRecord& append(std::string_view topic, int partition, std::string key, std::string value,
                    Instant timestamp);

  std::shared_ptr<const domain::Rules> rules_;
  std::unique_ptr<domain::Fold> fold_;
  std::map<std::pair<std::string, int>, Partition> log_;
  std::map<PersonKey, std::vector<domain::Contribution>> emitted_;
  std::map<PersonKey, std::string>
      written_;  // the record without its transaction number, to emit changes only
  std::map<int, std::int64_t> transaction_;
  std::map<int, std::map<domain::CellKey, domain::CellValue>> cells_;
  std::map<int, std::int64_t> summed_;  // next offset of indicator-delta
  std::uint64_t next_fact_ = 1;
};

[[nodiscard]] Instant at(const std::string& local_time);  ///< "2025-01-06 09:00"

// Payloads with their required fields.
[[nodiscard]] domain::Payload assessed(const std::string& programme, std::uint32_t level);
[[nodiscard]] domain::Payload referral(const std::string& referral_id,
                                       const std::string& programme);
[[nodiscard]] domain::Payload accepted(const std::string& referral_id);
[[nodiscard]] domain::Payload spo2(double percent);

}  // namespace kronika::testing
