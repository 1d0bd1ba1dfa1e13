// Opens a task's store on disk, or starts it afresh where what lies there is damaged, another's, or
// too old.
#pragma once

#include "position.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <kronika/base/clock.h>
#include <kronika/bus/task.h>
#include <kronika/store/state_store.h>

namespace kronika::bus {

struct StoreFolder {
  std::string path;
  const TaskSpec* spec = nullptr;
  std::int32_t partition = 0;
  std::string cluster_id;
  std::shared_ptr<store::MemoryBudget> memory;
  std::size_t memtable_bytes = 8U << 20;
  /// A store that has not been written for longer may have missed tombstones: the compacted topic's
  /// delete.retention.ms.
  std::chrono::milliseconds max_age = std::chrono::hours(24 * 7);
};

struct OpenedStore {
  std::unique_ptr<store::StateStore> store;
  Position position;
  std::string moved_aside;  ///< why the former store was moved aside; empty: it was not
};

/// Errors: store_locked, store_io, store_options.
[[nodiscard]] Result<OpenedStore> open_store(const StoreFolder& folder, Instant now);
/// Moves the folder to `<path>.aside`, in place of an older one. The store must be closed.
[[nodiscard]] Result<void> move_aside(const std::string& path);

}  // namespace kronika::bus
