// A Kafka that keeps records in memory and answers at flush(). Its answers come on the thread that
// flushes, as the real one's come on the publisher's. Not thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <kronika/bus/errc.h>
#include <kronika/bus/publisher.h>

namespace kronika::edge {

inline constexpr ErrorRow kFakeRow{"fake_undelivered", Disposition::kRetryCall};

class FakeBus final : public bus::Publisher {
 public:
  struct Kept {
    std::string topic, key, value;
    std::optional<Instant> timestamp;
    std::vector<std::pair<std::string, std::string>> headers;
    [[nodiscard]] std::string header(std::string_view name) const {
      for (const auto& [key_, value_] : headers) {
        if (key_ == name) return value_;
      }
      return {};
    }
  };
  std::vector<Kept> records;
  int fail_from = -1;   ///< index of the first record that Kafka does not take
  bool refuse = false;  ///< publish() itself fails
  std::function<std::optional<Error>(const Kept&)> refuse_record;  ///< publish() of this one fails

  Result<void> publish(const bus::Outgoing& record, OnResult on_result) override {
    if (refuse) return fail(ErrorCode{kFakeRow}, "no broker answers");
    Kept kept{std::string(record.topic),
              std::string(record.key),
              std::string(record.value),
              record.timestamp,
              {}};
    for (const auto& h : record.headers) kept.headers.emplace_back(h.key, h.value);
    if (refuse_record) {
      if (const auto error = refuse_record(kept)) return tl::unexpected(*error);
    }
    records.push_back(std::move(kept));
    waiting_.push_back(std::move(on_result));
    return {};
  }
  /// Answers what waits, and what is published while it answers.
  Result<void> flush(std::chrono::milliseconds) override {
    while (!waiting_.empty()) flush_once();
    return {};
  }
  /// Answers what waits now, and nothing that this brings.
  void flush_once() {
    for (auto& on_result : std::exchange(waiting_, {})) {
      const auto index = answered_++;
      if (!on_result) continue;
      if (fail_from >= 0 && index >= fail_from) {
        on_result(fail(ErrorCode{kFakeRow}, "no broker answers"));
      } else {
        on_result(bus::Published{3, index});
      }
    }
  }
  [[nodiscard]] Stats stats() const override { return {0, 0, waiting_.size()}; }
  [[nodiscard]] std::vector<Kept> on(std::string_view topic) const {
    std::vector<Kept> found;
    for (const auto& r : records) {
      if (r.topic == topic) found.push_back(r);
    }
    return found;
  }

 private:
  std::vector<OnResult> waiting_;
  std::int64_t answered_ = 0;
};

}  // namespace kronika::edge
