// One task with everything that belongs to it: its store, staged writes, positions, clock and fault
// log. It is the TaskContext that the Task sees. Knows no Kafka; TransactionCore and TaskRestore
// drive it. Thread: its stream thread only.
#pragma once

#include "fault_log.h"
#include "position.h"
#include "task_clock.h"
#include "transactional_output.h"

#include <cstdint>
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

  // For the drivers of the core
  [[nodiscard]] Task& task() { return *task_; }
  [[nodiscard]] const TaskSpec& spec() const { return *spec_; }
  [[nodiscard]] TaskClock& clock() { return clock_; }
  [[nodiscard]] const TaskClock& clock() const { return clock_; }
  [[nodiscard]] FaultLog& faults() { return faults_; }
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
  /// Counters of the current transaction.
  std::size_t sent = 0;
  std::vector<std::size_t> handled;  ///< by topic index

  /// Writes the staged writes and `position` as one batch, and makes the position the task's own.
  [[nodiscard]] Result<void> apply(Position position);
  /// Returns positions and clock to the last commit and drops staged writes.
  void roll_back();
  void forbid_sending(bool forbidden) { sending_forbidden_ = forbidden; }
  [[nodiscard]] Result<void> flush_store() { return store_->flush(); }

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
