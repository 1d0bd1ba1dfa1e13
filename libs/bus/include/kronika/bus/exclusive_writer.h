// One writer at a time under a name, across all processes: for records of which each must follow
// from those before it, such as the revisions of a publication.
//
//   auto writer = ExclusiveWriter::open(client, "publikation");   // from here on no other writes
//   ... read the topic to its end: everything that earlier writers committed is there ...
//   (*writer)->write(records);                                    // all of them, or none
//
// A writer opened later takes the name away: the earlier one's write then fails with bus_fenced and
// leaves nothing. Thread: one at a time.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string_view>

#include <kronika/base/result.h>
#include <kronika/bus/options.h>
#include <kronika/bus/task.h>

namespace kronika::bus {

class ExclusiveWriter {
 public:
  /// Ends what an earlier writer of this name left open. Errors: bus_config, bus_transient where
  /// the brokers do not answer within `patience`.
  [[nodiscard]] static Result<std::unique_ptr<ExclusiveWriter>> open(
      const ClientOptions& client, std::string_view name,
      std::chrono::milliseconds patience = std::chrono::seconds(30));
  virtual ~ExclusiveWriter() = default;

  /// Commits the records as one. Errors: bus_fenced (a later writer has the name; nothing was
  /// written), bus_record_too_large, bus_outcome_unknown (read the topic to see), bus_*.
  [[nodiscard]] virtual Result<void> write(std::span<const Outgoing> records) = 0;
};

}  // namespace kronika::bus
