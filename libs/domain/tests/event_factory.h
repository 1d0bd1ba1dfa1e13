// Small valid events for the tests of this library.
#pragma once

#include <string>
#include <utility>

#include <kronika/domain/event.h>
#include <kronika/domain/time.h>

namespace kronika::domain::testing {

inline EventId id(std::uint8_t n) {
  EventId e;
  e.bytes[0] = 1;
  e.bytes[15] = n;
  return e;
}

inline Event event(Payload payload, std::string message = "m1", std::uint64_t version = 1) {
  Event e;
  e.event_id = id(1);
  e.source_system = "SYS-A";
  e.source_message_id = std::move(message);
  e.source_version = version;
  e.op = version > 1 ? Op::kRevise : Op::kCreate;
  e.person_key.bytes[0] = 7;
  e.birth_date = civil_date(1950, 1, 1);
  e.occurred_at = parse_instant("2025-05-01T09:00:00Z").instant;
  e.time_precision = TimePrecision::kInstant;
  e.recorded_at = e.occurred_at;
  e.sender_org = "990000000000101";
  e.payload = std::move(payload);
  return e;
}

}  // namespace kronika::domain::testing
