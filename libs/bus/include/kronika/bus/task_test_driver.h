// Runs a Task in memory, without a broker, over the same transaction and restore code as a stream
// thread, against a real StateStore in a folder of the test's. Unlike a mock it can abort, crash,
// lose its store and lose its offsets.
//
//   auto driver = TaskTestDriver::create(spec, {.folder = tmp});           // one task a partition,
//   restored, running
//   (*driver)->pipe(kMaaling, key, value);
//   ASSERT_TRUE((*driver)->run());                                         // read all, fire
//   deadlines, commit
//   (*driver)->log().read(kCitizenState);
//   ASSERT_TRUE((*driver)->crash());                                       // drop the uncommitted,
//   reopen, restore
//
// Wall time stands still until advance_to(). Thread: one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <kronika/base/clock.h>
#include <kronika/base/result.h>
#include <kronika/bus/memory_log.h>
#include <kronika/bus/options.h>
#include <kronika/bus/probe.h>
#include <kronika/bus/task.h>

namespace kronika::bus {

class TaskTestDriver {
 public:
  struct Options {
    std::string folder{};         ///< stores live in <folder>/<partition>
    std::int32_t partitions = 1;  ///< of every topic; ignored where `log` is given
    Instant start{1'700'000'000'000};
    TransactionLimits limits{};        ///< commit_interval is ignored: the test commits
    std::shared_ptr<MemoryLog> log{};  ///< shared with other drivers; null: one of its own
    RuntimeProbe* probe = nullptr;
  };
  /// Opens the stores and restores the tasks. Errors: those of store, restore and task.
  [[nodiscard]] static Result<std::unique_ptr<TaskTestDriver>> create(TaskSpec spec,
                                                                      Options options);
  virtual ~TaskTestDriver() = default;

  /// Appends an input record as an edge would; partition by key, timestamp = wall time unless
  /// given.
  virtual std::int64_t pipe(std::string_view topic, std::string_view key, std::string_view value,
                            std::span<const Header> headers = {},
                            std::optional<Instant> timestamp = std::nullopt) = 0;
  virtual MemoryLog& log() = 0;

  /// Handles up to `limit` waiting records, oldest timestamp first, without committing (limits and
  /// poison isolation may commit). Returns how many; marks the end of inputs that are read to their
  /// end. Errors: as they came from the task; nothing is aborted yet.
  [[nodiscard]] virtual Result<std::size_t> poll(std::size_t limit = SIZE_MAX) = 0;
  [[nodiscard]] virtual Result<void> commit() = 0;
  /// Aborts the open transaction; its records come again.
  [[nodiscard]] virtual Result<void> abort() = 0;
  /// Polls and commits until nothing waits and no deadline is due, own outputs included. Aborts and
  /// goes on where the runtime would, at most 10 times in a row; returns other errors.
  [[nodiscard]] virtual Result<void> run() = 0;

  /// kill -9 now, and a restart: what is not committed is gone, the stores are opened and restored
  /// again.
  [[nodiscard]] virtual Result<void> crash() = 0;
  /// Sends the commit to the log and dies before the stores are written.
  [[nodiscard]] virtual Result<void> crash_after_commit() = 0;
  /// crash() with an empty disk.
  [[nodiscard]] virtual Result<void> lose_store() = 0;
  /// Clean stop and start.
  [[nodiscard]] virtual Result<void> restart() = 0;
  /// The next `count` commits fail: as an abortable error.
  virtual void fail_commits(int count) = 0;

  /// Moves wall time forward. Deadlines fire at the next poll() or run().
  virtual void advance_to(Instant t) = 0;
  [[nodiscard]] virtual Instant now() const = 0;

  [[nodiscard]] virtual Task& task(std::int32_t partition = 0) = 0;
  [[nodiscard]] virtual const store::StateStore& store(std::int32_t partition = 0) const = 0;
  [[nodiscard]] virtual Instant task_clock(std::int32_t partition = 0) const = 0;
  /// Number of the last committed transaction.
  [[nodiscard]] virtual std::int64_t transaction_number(std::int32_t partition = 0) const = 0;

 protected:
  TaskTestDriver() = default;
};

}  // namespace kronika::bus
