// Audit records of a person's acts (topic audit). write() returns when Kafka has the record, so an
// act that waits for it is never done unseen.
//
//   AuditLog audit(*publisher);
//   if (auto ok = audit.write(record_of("dead-letter.open", place, purpose, now)); !ok) return ok;
//
// Thread: one at a time.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/base/result.h>
#include <kronika/bus/publisher.h>
#include <kronika/codec/ledger_codec.h>

namespace kronika::deadletters {

/// With the operating system's user and machine as the actor.
[[nodiscard]] codec::AuditRecord record_of(std::string action, const codec::RecordPlace& letter,
                                           std::string purpose, Instant now);

class AuditLog {
 public:
  explicit AuditLog(bus::Publisher& bus,
                    std::chrono::milliseconds timeout = std::chrono::seconds(15))
      : bus_(&bus), timeout_(timeout) {}
  /// Error: kAuditAway; some of them may have been written then.
  [[nodiscard]] Result<void> write(const std::vector<codec::AuditRecord>& records);

 private:
  bus::Publisher* bus_;
  std::chrono::milliseconds timeout_;
};

}  // namespace kronika::deadletters
