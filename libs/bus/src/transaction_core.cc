#include "transaction_core.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include <kronika/bus/errc.h>
#include <kronika/bus/topics.h>

namespace kronika::bus {
namespace {

Disposition disposition_of(const Result<void>& r) { return r.error().code.disposition(); }

}  // namespace

TransactionCore::Part& TransactionCore::part(const TaskCore& task) {
  return *std::find_if(parts_.begin(), parts_.end(),
                       [&](const Part& p) { return p.task == &task; });
}

Result<void> TransactionCore::touch(TaskCore& task) {
  if (!open_) {
    if (auto r = output_.begin(); !r) return r;
    open_ = true;
    begun_ = std::chrono::steady_clock::now();
  }
  for (const Part& p : parts_) {
    if (p.task == &task) return {};
  }
  parts_.push_back({&task, limits_.max_deadlines});
  return {};
}

Result<TransactionCore::Handled> TransactionCore::handle(TaskCore& task, const Record& record) {
  const auto index = static_cast<std::size_t>(record.topic_index);
  const std::int64_t expected = task.next_offset(index);
  if (record.offset < expected) return Handled::kDropped;
  if (record.offset > expected && task.spec().gaps_are_errors &&
      !written_by_transactions(record.topic)) {
    return fail(code(Errc::kLogGap), std::string(record.topic) + "-" +
                                         std::to_string(record.partition) + ": expected offset " +
                                         std::to_string(expected) + ", got " +
                                         std::to_string(record.offset));
  }
  const bool alone = task.faults().isolates(record.topic_index, record.offset);
  if (alone && open_) return Handled::kCommitFirst;
  if (auto r = end_reading(task); !r) return tl::unexpected(r.error());
  if (auto r = touch(task); !r) return tl::unexpected(r.error());
  alone_ = alone;

  task.clock().handled(index, record.timestamp);
  if (auto r = wake(task); !r) return tl::unexpected(r.error());
  if (auto r = process(task, record, alone); !r) return tl::unexpected(r.error());
  task.advance(index, record.offset + 1);
  task.remember(record);
  ++task.handled[index];
  ++records_;
  if (probe_ != nullptr) received_.push_back(record.timestamp);
  bytes_ += record.key.size() + record.value.size();
  Part& p = part(task);
  p.last_topic = record.topic_index;
  p.last_offset = record.offset;
  return Handled::kDone;
}

Result<void> TransactionCore::process(TaskCore& task, const Record& record, bool alone) {
  if (alone && task.faults().is_culprit(record.topic_index, record.offset)) {
    const std::string_view reason = slug(Errc::kInternalInvariant);
    task.dead_letter(record,
                     {task.spec().name, reason, "it broke the task each time it was handled"});
    task.task().on_rejected(record, reason, task);
    return task.take_send_error();
  }
  task.faults().enter(record.topic_index, record.offset, FaultLog::Stage::kProcess, alone);
  auto done = guarded([&] { return task.task().process(record, task); });
  if (!done && disposition_of(done) == Disposition::kRejectRecord) {
    const Error& error = done.error();
    task.dead_letter(record, {task.spec().name, error.code.slug(), error.context});
    task.task().on_rejected(record, error.code.slug(), task);
    done = {};
  }
  // A failed send is Kafka's fault, not the record's, and comes before what the task made of it.
  if (auto sent = task.take_send_error(); !sent) {
    FaultLog::leave();
    return sent;
  }
  done = note_failure(task, std::move(done));
  FaultLog::leave();
  return done;
}

Result<void> TransactionCore::note_failure(TaskCore& task, Result<void> result) {
  if (!result && disposition_of(result) == Disposition::kAbortTxn) task.faults().failed();
  return result;
}

void TransactionCore::end_seen(TaskCore& task, std::size_t topic_index, std::int64_t offset) {
  // Records below may still be on their way to us only if the end was seen before a seek.
  if (offset >= task.next_offset(topic_index)) task.clock().end_seen(topic_index);
}

Result<void> TransactionCore::end_reading(TaskCore& task) {
  if (!task.rebuilding()) return {};
  const bool open =
      std::any_of(parts_.begin(), parts_.end(), [&](const Part& p) { return p.task == &task; });
  return open || !task.rebuild_read() ? Result<void>{} : task.begin_emitting();
}

bool TransactionCore::due(TaskCore& task) const {
  if (task.rebuilding() && task.rebuild_read()) return true;
  const auto deadline = task.task().next_deadline();
  return deadline && *deadline <= task.clock().candidate(wall_.now());
}

Result<void> TransactionCore::wake(TaskCore& task) {
  if (auto r = end_reading(task); !r) return r;
  const Instant wall = wall_.now();
  const Instant candidate = task.clock().candidate(wall);
  const auto deadline = task.task().next_deadline();
  if (!deadline || *deadline > candidate) {
    task.clock().advance_to(candidate);
    return {};
  }
  if (auto r = touch(task); !r) return r;
  Part& p = part(task);
  // The clock stands just before the first deadline that is not fired yet, so that nobody is seen
  // at a time whose deadlines are still to come.
  const auto stand_before = [&](Instant next) {
    if (next > Instant::min()) task.clock().advance_to(Instant{next.ms - 1});
  };
  if (p.deadlines_left == 0) {
    stand_before(*deadline);
    return {};
  }
  const std::size_t limit = p.deadlines_left;
  FaultLog::leave();
  TaskClock& clock = task.clock();
  // The task sees the candidate as its clock while it fires, and folds each citizen as of its own
  // deadline.
  const auto more = clock.fire_at(
      candidate, [&] { return guarded([&] { return task.task().punctuate(limit, task); }); });
  if (!more) return tl::unexpected(more.error());
  if (auto sent = task.take_send_error(); !sent) return sent;
  if (!*more) {
    clock.advance_to(candidate);
    p.deadlines_left = std::max<std::size_t>(1, p.deadlines_left - 1);
    return {};
  }
  p.deadlines_left = 0;
  const auto next = task.task().next_deadline();
  if (next && *next <= candidate) {
    stand_before(*next);
  } else {
    clock.advance_to(candidate);
  }
  return {};
}

bool TransactionCore::must_commit() const {
  return open_ && (alone_ || records_ >= limits_.max_records || bytes_ >= limits_.max_bytes);
}

Result<void> TransactionCore::commit() {
  if (!open_) return {};
  commit_begun_ = std::chrono::steady_clock::now();
  offsets_.clear();
  for (Part& p : parts_) {
    TaskCore& task = *p.task;
    // Deadlines that became due by the records of this batch.
    if (auto r = wake(task); !r) return r;
    if (p.last_topic >= 0) {
      task.faults().enter(p.last_topic, p.last_offset, FaultLog::Stage::kFlush, alone_);
    }
    task.send_opening_mark();
    auto flushed = guarded([&] { return task.task().flush(task); });
    if (flushed) task.send_closing_mark();
    if (auto sent = task.take_send_error(); !sent) {
      FaultLog::leave();
      return sent;
    }
    if (p.last_topic >= 0) flushed = note_failure(task, std::move(flushed));
    FaultLog::leave();
    if (!flushed) return flushed;
    for (std::size_t i = 0; i < task.next_offsets().size(); ++i) {
      if (task.next_offset(i) < 0) continue;
      offsets_.push_back({task.spec().input_topics[i], task.partition(), task.next_offset(i)});
    }
  }
  if (auto r = output_.commit(offsets_); !r) return r;

  // The outcome is known and good. From here on a failure is the store's alone, and restore makes
  // it good.
  Result<void> applied;
  for (const Part& p : parts_) {
    TaskCore& task = *p.task;
    Position position = task.position();
    ++position.transaction_number;
    position.clock = task.clock().now();
    position.next_offsets.assign(task.next_offsets().begin(), task.next_offsets().end());
    position.state_offsets = position.next_offsets;
    auto r = task.apply_commit(std::move(position), output_.compacted_end(task.partition()));
    if (!r) {
      applied = std::move(r);
      continue;
    }
    task.clock().commit();
    task.faults().committed(task.position().next_offsets);
    task.task().on_committed();
  }
  report(true, {});
  for (const Part& p : parts_) {
    p.task->sent = 0;
    p.task->handled.assign(p.task->handled.size(), 0);
  }
  parts_.clear();
  open_ = alone_ = false;
  records_ = bytes_ = 0;
  received_.clear();
  return applied;
}

Result<void> TransactionCore::abort(std::string_view reason) {
  aborted_.clear();
  if (!open_) return {};
  if (commit_begun_ < begun_) commit_begun_ = std::chrono::steady_clock::now();
  auto r = output_.abort();
  report(false, reason);
  for (const Part& p : parts_) {
    p.task->roll_back();
    p.task->task().on_aborted();
    aborted_.push_back(p.task);
  }
  parts_.clear();
  open_ = alone_ = false;
  records_ = bytes_ = 0;
  received_.clear();
  return r;
}

void TransactionCore::forget(const TaskCore& task) {
  std::erase_if(parts_, [&](const Part& p) { return p.task == &task; });
  std::erase(aborted_, &task);
}

void TransactionCore::report(bool committed, std::string_view reason) {
  if (probe_ == nullptr) return;
  TransactionReport t;
  t.committed = committed;
  t.duration = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - commit_begun_);
  t.records = records_;
  t.reason = reason;
  for (const Part& p : parts_) {
    t.produced += p.task->sent;
    if (!committed) continue;
    for (std::size_t i = 0; i < p.task->handled.size(); ++i) {
      if (p.task->handled[i] > 0) {
        probe_->on_consumed({p.task->spec().input_topics[i], p.task->handled[i]});
      }
    }
  }
  if (committed) probe_->on_visible(received_, wall_.now());
  probe_->on_transaction(t);
}

}  // namespace kronika::bus
