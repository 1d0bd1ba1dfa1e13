// The seam between the transaction protocol and where records go: KafkaOutput in a stream thread,
// MemoryOutput under the test driver. One instance belongs to one thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <kronika/base/result.h>
#include <kronika/bus/task.h>

namespace kronika::bus {

/// A position to be committed: the next offset to be read.
struct TopicOffset {
  std::string_view topic;
  std::int32_t partition = 0;
  std::int64_t next_offset = 0;
};

class TransactionalOutput {
 public:
  virtual ~TransactionalOutput() = default;
  [[nodiscard]] virtual Result<void> begin() = 0;
  /// Copies the record. Errors surface here or at commit().
  [[nodiscard]] virtual Result<void> send(const Outgoing& record) = 0;
  /// Commits offsets and records as one. Errors: kAbortTxn, kTaskMigrated, kTaskCorrupted (outcome
  /// unknown), kFatal.
  [[nodiscard]] virtual Result<void> commit(std::span<const TopicOffset> offsets) = 0;
  [[nodiscard]] virtual Result<void> abort() = 0;
  /// After a commit: the offset behind the last record that this output has ever written to the
  /// task's compacted topic in `partition`; -1 for none.
  [[nodiscard]] virtual std::int64_t compacted_end(std::int32_t partition) const = 0;
};

}  // namespace kronika::bus
