// A Kafka that keeps records in memory and answers at flush(), or at once.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <kronika/bus/publisher.h>

namespace kronika::publisher {

inline constexpr ErrorRow kFakeRow{"fake_undelivered", Disposition::kRetryCall};

class FakeBus final : public bus::Publisher {
 public:
  struct Kept {
    std::string topic, key, value;
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

  Result<void> publish(const bus::Outgoing& record, OnResult on_result) override {
    if (refuse) return fail(ErrorCode{kFakeRow}, "no broker answers");
    Kept kept{std::string(record.topic), std::string(record.key), std::string(record.value), {}};
    for (const auto& h : record.headers) kept.headers.emplace_back(h.key, h.value);
    records.push_back(std::move(kept));
    waiting_.push_back(std::move(on_result));
    return {};
  }
  Result<void> flush(std::chrono::milliseconds) override {
    for (auto& on_result : waiting_) {
      const auto index = answered_++;
      if (!on_result) continue;
      if (fail_from >= 0 && index >= fail_from) {
        on_result(fail(ErrorCode{kFakeRow}, "no broker answers"));
      } else {
        on_result(bus::Published{3, index});
      }
    }
    waiting_.clear();
    return {};
  }
  [[nodiscard]] Stats stats() const override { return {}; }
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

}  // namespace kronika::publisher
