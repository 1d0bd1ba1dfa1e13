// The exactly-once protocol of one stream thread (A4, A5, A9), over any TransactionalOutput. The
// caller brings records and says when to commit; the core keeps the order that must never change:
//
//   begin -> handle()* -> flush every touched task -> commit records and offsets -> apply each
//   store batch
//
// After any error the caller calls abort() and reads again from each task's next_offset().
// Thread: its stream thread only.
#pragma once

#include "task_core.h"
#include "transactional_output.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include <kronika/bus/options.h>
#include <kronika/bus/probe.h>

namespace kronika::bus {

class TransactionCore {
 public:
  TransactionCore(TransactionalOutput& output, const TransactionLimits& limits, const Clock& wall,
                  RuntimeProbe* probe)
      : output_(output), limits_(limits), wall_(wall), probe_(probe) {}

  enum class Handled : std::uint8_t {
    kDone,
    kDropped,      ///< below the expected offset: a leftover of before a seek
    kCommitFirst,  ///< not handled: commit, then bring it again (poison isolation)
  };
  /// Errors: any of the task's or the output's; bus_log_gap.
  [[nodiscard]] Result<Handled> handle(TaskCore& task, const Record& record);
  void end_seen(TaskCore& task, std::size_t topic_index, std::int64_t offset);
  /// Fires the task's due deadlines, if any.
  [[nodiscard]] Result<void> wake(TaskCore& task);
  /// Whether wake() would call the task.
  [[nodiscard]] bool due(TaskCore& task) const;

  [[nodiscard]] bool open() const { return open_; }
  /// A limit is reached, or the record handled last must stay alone.
  [[nodiscard]] bool must_commit() const;
  [[nodiscard]] bool commit_due(std::chrono::steady_clock::time_point now) const {
    return open_ && (must_commit() || now - begun_ >= limits_.commit_interval);
  }
  /// As commit_due(), where the inputs are drained.
  [[nodiscard]] bool quiet_due(std::chrono::steady_clock::time_point now) const {
    return open_ && now - begun_ >= std::min(limits_.quiet_interval, limits_.commit_interval);
  }
  /// Nothing to do when no transaction is open. After an error: abort().
  [[nodiscard]] Result<void> commit();
  /// Drops everything since the last commit. The tasks that had part in it must be read again from
  /// their next_offset(). `reason` is the slug that is counted.
  [[nodiscard]] Result<void> abort(std::string_view reason);
  /// The tasks of the transaction that abort() ended last.
  [[nodiscard]] const std::vector<TaskCore*>& aborted() const { return aborted_; }
  /// The task is about to go away; it must not be part of an open transaction.
  void forget(const TaskCore& task);

 private:
  [[nodiscard]] Result<void> touch(TaskCore& task);
  /// Ends a rebuild's reading when it is at its targets and nothing of the task is open.
  [[nodiscard]] Result<void> end_reading(TaskCore& task);
  [[nodiscard]] Result<void> process(TaskCore& task, const Record& record, bool alone);
  [[nodiscard]] Result<void> note_failure(TaskCore& task, Result<void> result);
  void report(bool committed, std::string_view reason);

  TransactionalOutput& output_;
  const TransactionLimits limits_;
  const Clock& wall_;
  RuntimeProbe* probe_;

  bool open_ = false;
  bool alone_ = false;  ///< the record handled last is isolated
  std::chrono::steady_clock::time_point begun_;
  std::chrono::steady_clock::time_point commit_begun_;
  std::size_t records_ = 0;
  std::size_t bytes_ = 0;
  std::vector<Instant> received_;  ///< timestamps of the records handled
  struct Part {
    TaskCore* task;
    std::size_t deadlines_left;
    int last_topic = -1;  ///< of the record handled last, for the fault log; -1: only deadlines
    std::int64_t last_offset = 0;
  };
  [[nodiscard]] Part& part(const TaskCore& task);
  std::vector<Part> parts_;
  std::vector<TaskCore*> aborted_;
  std::vector<TopicOffset> offsets_;
};

}  // namespace kronika::bus
