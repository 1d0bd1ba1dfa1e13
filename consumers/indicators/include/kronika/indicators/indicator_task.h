// Sums indicator-delta into indicator-state, one task a partition: key of both = the cell's
// canonical bytes. A cell whose sum comes back to zero is deleted (tombstone): absent means zero.
//
// Nothing is replayed on restore (architecture A5): the compacted topic holds the sums, and the
// progress record says which deltas they contain.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <kronika/bus/task.h>

namespace kronika::indicators {

/// Column families of the task's store, after the store's own.
enum Family : store::ColumnFamily { kCells = 1 };

struct Options {
  /// Cells kept in memory to save a read a delta; about 150 bytes each.
  std::size_t cached_cells = 200'000;
  /// A canary came this far and is committed; with its publication time. From the task's thread.
  std::function<void(std::int32_t partition, Instant published)> on_canary = {};
};

[[nodiscard]] bus::TaskSpec indicator_task_spec(const Options& options);

}  // namespace kronika::indicators
