// Events to records: key (person key, or sender on rapport), Confluent wire prefix, CloudEvents
// headers and traceparent (architecture A13), sent through bus::Publisher without waiting for each.
// Failures are counted and the first is kept; finish() waits for all.
//
//   EventPublisher out(*bus_publisher);
//   for (...) if (auto ok = out.publish(event); !ok) return ok;      // not even queued
//   auto totals = out.finish(30s);                                   // acknowledged by Kafka
//
// publish() makes no allocation of its own once its buffers have grown: some hundred thousand
// events a second. Use from one thread; results come on the bus publisher's.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <kronika/base/result.h>
#include <kronika/bus/publisher.h>
#include <kronika/domain/event.h>

namespace kronika::publisher {

/// W3C trace context of one message; every record that comes of it carries the same trace id.
class Trace {
 public:
  /// Random ids; sampled one in a hundred.
  Trace();
  /// "00-<trace id>-<span id>-<flags>" with a new span id. Refusals are always sampled.
  [[nodiscard]] std::string header(bool always_sampled = false);
  [[nodiscard]] std::string trace_id() const;

 private:
  std::uint64_t high_, low_;
};

class EventPublisher {
 public:
  explicit EventPublisher(bus::Publisher& bus) : bus_(&bus), tally_(std::make_shared<Tally>()) {}

  /// Queues the event for its topic. Errors: those of bus::Publisher::publish.
  [[nodiscard]] Result<void> publish(const domain::Event& event) { return publish(event, trace_); }
  [[nodiscard]] Result<void> publish(const domain::Event& event, Trace& trace);

  /// Queues any record and counts its result like an event's; `on_placed` runs on the bus
  /// publisher's thread.
  [[nodiscard]] Result<void> send(const bus::Outgoing& record,
                                  std::function<void(const bus::Published&)> on_placed = {});

  struct Totals {
    std::uint64_t acknowledged = 0;
    std::uint64_t failed = 0;
    std::optional<Error> first_failure;
  };
  /// Waits until every record has its result. Errors: bus_timed_out.
  [[nodiscard]] Result<Totals> finish(std::chrono::milliseconds timeout);

 private:
  /// Shared with callbacks that may outlive this object after a timeout.
  struct Tally {
    std::atomic<std::uint64_t> acknowledged{0};
    std::atomic<std::uint64_t> failed{0};
    std::mutex mutex;
    std::optional<Error> first_failure;  ///< guarded by mutex
  };

  bus::Publisher* bus_;
  std::shared_ptr<Tally> tally_;
  Trace trace_;  ///< of events that no message brought
  std::string value_, id_, source_, type_, time_, trace_header_;  ///< reused buffers
};

}  // namespace kronika::publisher
