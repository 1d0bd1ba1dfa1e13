// One task with everything that belongs to it: its store, staged writes, positions, clock and fault
// log. It is the TaskContext that the Task sees. Knows no Kafka; TransactionCore and TaskRestore
// drive it. Thread: its stream thread only.
#pragma once

#include "fault_log.h"
#include "position.h"
#include "task_clock.h"
#include "transactional_output.h"

#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <kronika/bus/errc.h>
#include <kronika/bus/probe.h>
#include <kronika/bus/task.h>

namespace kronika::bus {

class TaskCore final : public TaskContext {
 public:
  struct Parts {
    const TaskSpec* spec = nullptr;  ///< outlives the core
    std::int32_t partition = 0;
    std::unique_ptr<store::StateStore> store;
    Position position;  ///< as the store holds it
    TransactionalOutput* output = nullptr;
    const Clock* wall = nullptr;
    RuntimeProbe* probe = nullptr;  ///< may be null
    std::string fault_path;
  };
  explicit TaskCore(Parts parts);
  ~TaskCore() override;

  // TaskContext
  void send(const Outgoing& record) override;
  void dead_letter(const Record& record, const DeadLetter& fault) override;
  store::WriteSet& writes() override { return writes_; }
  const store::StateStore& store() const override { return *store_; }
  std::int32_t partition() const override { return partition_; }
  Instant task_clock() const override { return clock_.now(); }
  std::int64_t transaction_number() const override { return position_.transaction_number + 1; }
  std::span<const std::int64_t> next_offsets() const override { return next_offsets_; }
  bool rebuilding() const override { return position_.rebuild.phase == RebuildPhase::kReading; }

  // For the drivers of the core
  [[nodiscard]] Task& task() { return *task_; }
  [[nodiscard]] const TaskSpec& spec() const { return *spec_; }
  [[nodiscard]] TaskClock& clock() { return clock_; }
  [[nodiscard]] const TaskClock& clock() const { return clock_; }
  [[nodiscard]] FaultLog& faults() { return faults_; }
  [[nodiscard]] const Clock& wall() const { return *wall_; }
  /// What the store holds.
  [[nodiscard]] const Position& position() const { return position_; }
  [[nodiscard]] std::int64_t next_offset(std::size_t topic_index) const {
    return next_offsets_[topic_index];
  }
  void advance(std::size_t topic_index, std::int64_t next_offset) {
    next_offsets_[topic_index] = next_offset;
  }
  /// The first error of a send() since the last call; send() itself cannot return one.
  [[nodiscard]] Result<void> take_send_error();
  /// Remembers the record as the one handled last. Copies its bytes: they are summed once a commit.
  void remember(const Record& record) {
    last_topic_ = record.topic_index;
    last_offset_ = record.offset;
    last_key_bytes_ = record.key.size();
    last_bytes_.assign(record.key);
    last_bytes_.append(record.value);
  }
  /// The record remembered last; that of the store where none was since.
  [[nodiscard]] LastRecord last_record() const;

  /// The compacted partition is empty, and so is everything derived: the first transaction says so.
  void begin_with_mark() { genesis_due_ = true; }
  /// The rebuild has read each input to its target, or to its end.
  [[nodiscard]] bool rebuild_read() const;
  /// From reading to emitting. Pre: no transaction of this task is open.
  [[nodiscard]] Result<void> begin_emitting();
  /// Marks that belong into the open transaction in front of (behind) what flush() emits.
  void send_opening_mark();
  void send_closing_mark();

  /// Counters of the current transaction.
  std::size_t sent = 0;
  std::vector<std::size_t> handled;  ///< by topic index

  /// Writes the staged writes and `position` as one batch, and makes the position the task's own.
  [[nodiscard]] Result<void> apply(Position position);
  /// apply() behind a commit, after which the compacted topic ends at `compacted_end`
  /// (kUnknownOffset: as before). The position says from where the topic must be read again for the
  /// states that the task keeps in memory.
  [[nodiscard]] Result<void> apply_commit(Position position, std::int64_t compacted_end);
  /// Has the store hold every state. Pre: no transaction of this task is open.
  [[nodiscard]] Result<void> write_states();
  /// Returns positions and clock to the last commit and drops staged writes.
  void roll_back();
  void forbid_sending(bool forbidden) { sending_forbidden_ = forbidden; }
  /// The store survives the process with everything in it. Pre: as write_states().
  [[nodiscard]] Result<void> flush_store();

 private:
  // Constant after construction.
  const TaskSpec* spec_;
  const std::int32_t partition_;
  TransactionalOutput* output_;
  const Clock* wall_;
  RuntimeProbe* probe_;

  std::unique_ptr<store::StateStore> store_;  // before task_, which refers to it
  Position position_;
  std::vector<std::int64_t> next_offsets_;  ///< as the open transaction will commit them
  store::WriteSet writes_;
  TaskClock clock_;
  FaultLog faults_;
  int last_topic_ = -1;
  std::int64_t last_offset_ = 0;
  std::size_t last_key_bytes_ = 0;
  std::string last_bytes_;  ///< key, then value
  /// Where the compacted topic ended before each transaction whose states the store lacks, and when
  /// that was; by transaction number, without gaps.
  struct Begun {
    std::int64_t transaction;
    std::int64_t compacted_end;
    Instant at;
  };
  std::deque<Begun> unwritten_;
  std::int64_t compacted_end_ = kUnknownOffset;  ///< as far as known; never below the position's

  bool genesis_due_ = false;  ///< to be sent with the next commit
  bool marks_sent_ = false;   ///< a mark is part of the open transaction
  bool closing_ = false;      ///< ... the one that ends the rebuild
  bool sending_forbidden_ = false;
  std::optional<Error> send_error_;
  std::unique_ptr<Task> task_;
};

/// Runs `call`; an exception out of it becomes internal_invariant. Exceptions end at this wall
/// (style 2.6).
template <class Call>
auto guarded(const Call& call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::exception& e) {
    return fail(code(Errc::kInternalInvariant), std::string("the task threw: ") + e.what());
  } catch (...) {
    return fail(code(Errc::kInternalInvariant), "the task threw something that is no exception");
  }
}

}  // namespace kronika::bus
