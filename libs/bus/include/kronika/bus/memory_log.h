// A Kafka log in memory, for tests: topics with partitions, committed group offsets, and the gap
// that a transaction's marker leaves behind. Holds committed records only. Several TaskTestDrivers
// may share one, so that one task's output is the next one's input. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kronika/base/clock.h>

namespace kronika::bus {

struct StoredRecord {
  std::int64_t offset = 0;
  Instant timestamp;
  std::string key;
  std::optional<std::string> value;  ///< nothing: a tombstone
  std::vector<std::pair<std::string, std::string>> headers;

  /// The header's value; nothing when it has none of that name.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

class MemoryLog {
 public:
  explicit MemoryLog(std::int32_t partitions) : partitions_(partitions) {}

  [[nodiscard]] std::int32_t partitions() const { return partitions_; }
  /// Appends and returns the offset; the record's own offset is ignored.
  std::int64_t append(std::string_view topic, std::int32_t partition, StoredRecord record);
  /// What a commit or abort marker does: takes one offset.
  void append_marker(std::string_view topic, std::int32_t partition);

  /// Deletes the topic and makes it anew: empty, and no group has a position in it.
  void recreate(std::string_view topic);

  [[nodiscard]] const std::vector<StoredRecord>& read(std::string_view topic,
                                                      std::int32_t partition) const;
  /// All partitions after each other.
  [[nodiscard]] std::vector<StoredRecord> read(std::string_view topic) const;
  /// The last value of each key that is not a tombstone.
  [[nodiscard]] std::map<std::string, std::string> compacted(std::string_view topic) const;
  /// The offset behind the last record or marker.
  [[nodiscard]] std::int64_t end(std::string_view topic, std::int32_t partition) const;

  /// Committed next offsets, by (group, topic, partition). Erase some to let them expire.
  std::map<std::tuple<std::string, std::string, std::int32_t>, std::int64_t> committed;

 private:
  struct Partition {
    std::vector<StoredRecord> records;
    std::int64_t end = 0;
  };
  const std::int32_t partitions_;
  std::map<std::string, std::vector<Partition>, std::less<>> topics_;
};

}  // namespace kronika::bus
