// The metrics of docs/operations.md that an edge keeps. Every label value comes from a closed list:
// protocols, reasons and topics from the code, senders from the register of organisations (general
// practices summed by region, the rest of what is not known as "other").
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <kronika/codec/adapter.h>
#include <kronika/domain/checks.h>
#include <kronika/domain/rules.h>
#include <kronika/edge/account.h>
#include <kronika/edge/edge.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::edge {

enum class Stage : std::uint8_t { kTranslate, kSeal, kPublish, kBook };

class Probe {
 public:
  using Elapsed = std::chrono::nanoseconds;

  Probe(telemetry::Registry* registry, const domain::Rules& rules);

  void answered(const Account& account, std::size_t bytes, Elapsed elapsed);
  void unavailable(codec::Protocol protocol, std::string_view sender, Instant when);
  void too_large(codec::Protocol protocol);
  void stage(Stage stage, Elapsed elapsed) const;
  void produced(std::string_view topic, bool acked) const;

 private:
  enum Outcome : std::size_t { kAccepted, kRejected, kUnavailable, kOutcomes };
  static constexpr std::size_t kProtocols = static_cast<std::size_t>(codec::Protocol::kXml) + 1;
  static constexpr std::size_t kReasons =
      static_cast<std::size_t>(domain::Reason::kInternalInvariant) + 1;
  static constexpr std::size_t kMostSenders = 120;

  struct Sender {
    std::array<std::array<telemetry::Counter, kOutcomes>, kProtocols> messages;
    std::array<bool, kProtocols> known{};
    telemetry::Gauge last;  ///< not of "other"
  };
  struct OfProtocol {
    std::array<telemetry::Counter, kReasons> reasons;
    telemetry::Counter too_large;
    telemetry::Histogram ack, bytes;
  };
  struct OfTopic {
    std::string_view topic;
    telemetry::Counter acked, failed;
  };

  void message(codec::Protocol protocol, std::string_view sender, Outcome outcome, Instant when);
  [[nodiscard]] std::string label_of(std::string_view sender, Instant when) const;

  telemetry::Registry* registry_;
  const domain::Rules* rules_;
  std::array<OfProtocol, kProtocols> protocols_;
  std::array<telemetry::Histogram, 4> stages_;
  std::vector<OfTopic> topics_;
  std::mutex mutex_;
  std::unordered_map<std::string, Sender> senders_;  ///< guarded by mutex_; by label
};

}  // namespace kronika::edge
