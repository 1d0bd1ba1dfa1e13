// Where verify reads the log: whole partitions, committed records only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <kronika/base/result.h>
#include <kronika/bus/log_reader.h>
#include <kronika/bus/options.h>
#include <kronika/bus/task.h>

namespace kronika::verify {

class LogSource {
 public:
  virtual ~LogSource() = default;
  [[nodiscard]] virtual Result<std::int32_t> partitions(const std::string& topic) = 0;
  /// Hands over the records of one partition from its beginning to where it ends now, and perhaps
  /// some that came meanwhile. Returns the offset behind the last. The visitor's error ends the
  /// reading.
  using Visit = std::function<Result<void>(const bus::Record&)>;
  [[nodiscard]] virtual Result<std::int64_t> read(const std::string& topic, std::int32_t partition,
                                                  const Visit& visit) = 0;
  /// As read(), but records at or behind `end` are not wanted.
  [[nodiscard]] virtual Result<void> read_to(const std::string& topic, std::int32_t partition,
                                             std::int64_t end, const Visit& visit) = 0;
};

/// Errors: bus_*.
[[nodiscard]] Result<std::unique_ptr<LogSource>> open_kafka_source(
    const bus::ClientOptions& client);

}  // namespace kronika::verify
