// Finds the record that breaks a task, across restarts (style 2.6). A broken invariant aborts the
// process; a signal handler writes which record was being handled. An exception out of a task
// writes the same line and aborts only the transaction. A kill from outside writes nothing. Two
// faults without a commit between them isolate:
//   - a fault in process() names its record: that record alone gets a transaction of its own;
//   - a fault in flush() names only the last record of the batch: every record up to it gets one of
//   its own.
// A record that faults alone is the culprit; the next attempt dead-letters it.
//
// The file is text, a line a fault: "<topic index> <offset> process|flush batch|alone".
// Thread: one FaultLog belongs to its task's stream thread; the handler reads that thread's current
// record.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kronika::bus {

class FaultLog {
 public:
  /// `path` empty: kept in memory alone.
  explicit FaultLog(std::string path);
  ~FaultLog();
  FaultLog(const FaultLog&) = delete;
  FaultLog& operator=(const FaultLog&) = delete;

  enum class Stage : std::uint8_t { kProcess, kFlush };

  /// The record must be alone in its transaction.
  [[nodiscard]] bool isolates(int topic_index, std::int64_t offset) const {
    return !faults_.empty() && isolates_slow(topic_index, offset);
  }
  /// The record is known to break the task.
  [[nodiscard]] bool is_culprit(int topic_index, std::int64_t offset) const;

  /// What the signal handler would write from now on, on this thread.
  void enter(int topic_index, std::int64_t offset, Stage stage, bool alone) noexcept;
  /// The task is not running: a crash from here on is not its fault.
  static void leave() noexcept;
  /// The task failed in the record last entered, and the process lives.
  void failed();
  /// A transaction of the task committed up to `next_offsets`.
  void committed(const std::vector<std::int64_t>& next_offsets);

  /// Installs the handler for SIGABRT, SIGSEGV, SIGBUS, SIGFPE and SIGILL; it writes and re-raises.
  /// Call once.
  static void install_handler();

 private:
  struct Fault {
    int topic_index = 0;
    std::int64_t offset = 0;
    Stage stage = Stage::kProcess;
    bool alone = false;
  };
  [[nodiscard]] bool isolates_slow(int topic_index, std::int64_t offset) const;
  void load();

  const std::string path_;
  int fd_ = -1;
  std::vector<Fault> faults_;
};

}  // namespace kronika::bus
