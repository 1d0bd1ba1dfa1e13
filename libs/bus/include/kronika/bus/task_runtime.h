// Runs a TaskSpec against Kafka, exactly once, on N stream threads: one consumer and one
// transactional producer each, one Task and one StateStore a partition (architecture A4-A9, A15).
//
//   auto runtime = TaskRuntime::start(spec, options);      // returns at once; tasks restore and
//   run in the background
//   ... until a signal, or (*runtime)->failure() ...
//   return TaskRuntime::exit_code((*runtime)->stop(20s));
//
// Thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <kronika/base/clock.h>
#include <kronika/base/result.h>
#include <kronika/bus/options.h>
#include <kronika/bus/probe.h>
#include <kronika/bus/task.h>

namespace kronika::bus {

struct RuntimeOptions {
  ClientOptions client;
  /// group.instance.id and transactional.id end in <pod>-<thread>: must be stable over restarts and
  /// unique.
  std::string pod = "local-0";
  int threads = 1;
  std::string state_folder;  ///< stores live in <state_folder>/<task name>/<partition>
  TransactionLimits limits;
  std::chrono::milliseconds session_timeout{20'000};
  /// Bounds how long a dead process's open transaction blocks read_committed readers; also of
  /// message.timeout.ms.
  std::chrono::milliseconds transaction_timeout{15'000};
  /// Fetched ahead, all threads together, as long as no more than sixteen input partitions are full
  /// at once: each partition has a queue of its own and may hold a sixteenth. A record of 200 bytes
  /// costs the client some 450 bytes of memory.
  int consumer_queue_kbytes = 16'384;
  /// Shared by all stores; null: one of store_cache_bytes with store_memtables_bytes of memtables
  /// is made.
  std::shared_ptr<store::MemoryBudget> memory;
  std::size_t store_cache_bytes = 48U << 20;
  std::size_t store_memtables_bytes = 24U << 20;
  std::size_t memtable_bytes = 8U << 20;  ///< a column family's
  /// A store not written for longer starts afresh: the compacted topic's delete.retention.ms
  /// (tombstones may be gone).
  std::chrono::milliseconds max_store_age = std::chrono::hours(24 * 7);
  /// Write the record in hand to the fault log when the process crashes (SIGABRT, SIGSEGV, ...).
  /// Off in tests that have their own handlers.
  bool install_crash_handler = true;
  const Clock* clock = nullptr;   ///< null: the system's; outlives the runtime
  RuntimeProbe* probe = nullptr;  ///< outlives the runtime
  /// Called once, from a stream thread, when a thread ends by itself. The process should exit with
  /// exit_code().
  std::function<void(const Error&)> on_failure;
};

class TaskRuntime {
 public:
  /// Errors: bus_config. The broker need not be up yet.
  [[nodiscard]] static Result<std::unique_ptr<TaskRuntime>> start(TaskSpec spec,
                                                                  RuntimeOptions options);
  /// Stops within a few seconds, without caring for the result.
  virtual ~TaskRuntime() = default;

  /// Finishes the batch, commits, flushes the stores and closes. Errors: the failure() of a thread;
  /// bus_shutdown_deadline: a thread did not end in time; the process should exit at once, nothing
  /// is lost.
  [[nodiscard]] virtual Result<void> stop(std::chrono::milliseconds deadline) = 0;
  /// Why a thread ended by itself; nothing while all run.
  [[nodiscard]] virtual std::optional<Error> failure() const = 0;
  [[nodiscard]] virtual RuntimeSnapshot snapshot() const = 0;

  /// operations.md section 6: 0 clean, 2 configuration, 3 fatal Kafka, 4 store unusable, 5 deadline
  /// in shutdown.
  [[nodiscard]] static int exit_code(const Result<void>& stopped);
  [[nodiscard]] static int exit_code(const Error& error);

 protected:
  TaskRuntime() = default;
};

}  // namespace kronika::bus
