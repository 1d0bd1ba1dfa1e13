// Events of our own making (the simulator's) to Kafka, without message and account:
// edge::EventRecord through bus::Publisher, not waiting for each. Failures are counted and the
// first is kept; finish() waits for all.
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
#include <memory>
#include <mutex>
#include <optional>

#include <kronika/base/result.h>
#include <kronika/bus/publisher.h>
#include <kronika/domain/event.h>
#include <kronika/edge/event_record.h>
#include <kronika/edge/trace.h>

namespace kronika::publisher {

class EventPublisher {
 public:
  explicit EventPublisher(bus::Publisher& bus) : bus_(&bus), tally_(std::make_shared<Tally>()) {}

  /// Queues the event for its topic. Errors: those of bus::Publisher::publish.
  [[nodiscard]] Result<void> publish(const domain::Event& event);

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
  edge::Trace trace_;
  edge::EventRecord record_;
};

}  // namespace kronika::publisher
