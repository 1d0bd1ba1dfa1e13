// An event as a record: key (person key, or sender on rapport), Confluent wire prefix, CloudEvents
// headers and traceparent (architecture A13).
//
//   EventRecord record;                                      // kept and reused: no allocation once
//   bus.publish(record.make(event, traceparent), {});        // its buffers have grown
//
// Use from one thread.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include <kronika/base/clock.h>
#include <kronika/bus/task.h>
#include <kronika/domain/event.h>

namespace kronika::edge {

/// Of every record that comes of a dead letter sent once more: "dead-letter/<partition>/<offset>".
inline constexpr std::string_view kReplayOf = "kronika-replay-of";

class EventRecord {
 public:
  /// Points into this object and into `event`, until the next call. `timestamp`: of the record;
  /// nothing is the time of publishing. `replay_of`: of the header kReplayOf; empty: none.
  [[nodiscard]] bus::Outgoing make(const domain::Event& event, std::string_view traceparent,
                                   std::optional<Instant> timestamp = {},
                                   std::string_view replay_of = {});

 private:
  std::string value_, id_, source_, type_, time_, traceparent_;
  std::array<bus::Header, 8> headers_;
};

}  // namespace kronika::edge
