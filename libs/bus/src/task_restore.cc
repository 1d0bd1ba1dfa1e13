#include "task_restore.h"

#include "rebuild_mark.h"

#include <algorithm>
#include <string>
#include <utility>

#include <kronika/bus/errc.h>

namespace kronika::bus {
namespace {

constexpr std::size_t kProgressKeyNot = 16;  // a progress record's key is not a person key (A9)
constexpr std::size_t kApplyBytes = 4U << 20;

}  // namespace

Result<bool> TaskRestore::step(std::size_t max_records) {
  task_.forbid_sending(true);
  Result<void> done;
  switch (phase_) {
    case Phase::kCommitted:
      done = read_committed();
      break;
    case Phase::kState:
      done = restore_state(max_records);
      break;
    case Phase::kPlan:
      done = plan();
      break;
    case Phase::kJournal:
      done = replay_journal(max_records);
      break;
    case Phase::kDone:
      break;
  }
  if (!done) return tl::unexpected(done.error());
  return phase_ == Phase::kDone;
}

std::int64_t TaskRestore::remaining() const {
  std::int64_t left = 0;
  if (phase_ == Phase::kState) {
    left += std::max<std::int64_t>(
        0, compacted_.high - std::max<std::int64_t>(0, position_.compacted_next));
  }
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    left += std::max<std::int64_t>(
        0, targets_[i] - std::max<std::int64_t>(0, position_.next_offsets[i]));
  }
  return left;
}

Result<void> TaskRestore::read_committed() {
  position_ = task_.position();
  had_state_ = position_.transaction_number > 0;
  // This order matters (A6): were the end read first, a commit in between could name state that
  // lies behind it.
  auto committed = source_.committed(task_.partition());
  if (!committed) return tl::unexpected(committed.error());
  auto ends = source_.ends(task_.spec().compacted_topic, task_.partition());
  if (!ends) return tl::unexpected(ends.error());
  if (position_.compacted_next > ends->high) {
    return fail(code(Errc::kStoreForeign),
                task_.spec().compacted_topic + ": the store is ahead of the compacted topic");
  }
  committed_ = std::move(*committed);
  compacted_ = *ends;
  if (position_.compacted_next < compacted_.low) position_.compacted_next = compacted_.low;
  if (auto r = check_last_record(); !r) return r;
  if (compacted_.low == compacted_.high && !task_.spec().derived_topics.empty()) {
    if (auto r = plan_rebuild(); !r) return r;
  }
  phase_ = Phase::kState;
  return {};
}

Result<void> TaskRestore::restore_state(std::size_t max_records) {
  if (position_.compacted_next >= compacted_.high) {
    phase_ = Phase::kPlan;
    return {};
  }
  if (!opened_) {
    auto r =
        source_.open(task_.spec().compacted_topic, task_.partition(), position_.compacted_next);
    if (!r) return r;
    opened_ = true;
  }
  std::size_t count = 0;
  const auto reached = source_.read(max_records, [&](const Record& found) -> Result<void> {
    ++count;
    Record record = found;
    record.topic = task_.spec().compacted_topic;
    record.topic_index = -1;
    if (is_genesis_key(record.key) || is_rebuilt_key(record.key)) {
      take_mark(record);
      return {};
    }
    if (record.key.size() != kProgressKeyNot) {
      if (const auto progress = task_.task().read_progress(record)) {
        if (auto r = take_progress(*progress); !r) return r;
      }
    }
    auto r = guarded([&] { return task_.task().on_state_record(record, task_); });
    if (r) r = task_.take_send_error();
    if (r && task_.writes().bytes() > kApplyBytes) {
      position_.compacted_next = record.offset + 1;
      r = save();
    }
    return r;
  });
  if (!reached) return tl::unexpected(reached.error());
  if (count > 0) {
    had_state_ = true;
    if (probe_ != nullptr) probe_->on_restored(RestoreKind::kState, task_.partition(), count);
  }
  position_.compacted_next = std::max(position_.compacted_next, reached->next);
  // An end below the watermark is only the last stable offset: a transaction is still open there.
  // Read on.
  if (reached->next >= compacted_.high) {
    source_.close();
    opened_ = false;
    phase_ = Phase::kPlan;
  }
  return count > 0 || phase_ == Phase::kPlan ? save() : Result<void>{};
}

Result<void> TaskRestore::take_progress(const Task::Progress& progress) {
  if (progress.next_offsets.size() != input_count()) {
    return fail(code(Errc::kPositionsMissing),
                "the progress record names " + std::to_string(progress.next_offsets.size()) +
                    " inputs, the task has " + std::to_string(input_count()));
  }
  position_.state_offsets = progress.next_offsets;
  position_.transaction_number = progress.transaction_number;
  position_.clock = std::max(position_.clock, progress.as_of);
  return {};
}

Result<void> TaskRestore::plan() {
  targets_.assign(input_count(), kUnknownOffset);
  bool any = false;
  for (std::size_t i = 0; i < input_count(); ++i) {
    std::int64_t& target = targets_[i];
    // Committed offsets expire and can be reset; what the state itself says it has seen counts then
    // (A9). A store holds only what was committed, so its own position is as good as a progress
    // record.
    target = std::max(target, committed_[i].value_or(kUnknownOffset));
    target = std::max({target, position_.state_offsets[i], position_.next_offsets[i]});
    any = any || target >= 0;
  }
  if (!any && had_state_) {
    return fail(code(Errc::kPositionsMissing),
                task_.spec().name + "-" + std::to_string(task_.partition()) +
                    ": state exists, but neither committed offsets nor a progress record say what "
                    "it covers; rebuild it from the log");
  }
  for (std::size_t i = 0; i < input_count(); ++i) {
    const std::string& topic = task_.spec().input_topics[i];
    const auto ends = source_.ends(topic, task_.partition());
    if (!ends) return tl::unexpected(ends.error());
    if (position_.next_offsets[i] > ends->high) {
      return fail(code(Errc::kStoreForeign), topic + ": the store is ahead of the log");
    }
    if (targets_[i] > ends->high) {
      return fail(code(Errc::kLogTruncated),
                  topic + "-" + std::to_string(task_.partition()) +
                      ": the committed position lies behind the end of the log; records were lost");
    }
    if (targets_[i] < 0) targets_[i] = ends->low;  // a new group, or an input added later
    std::int64_t& stored = position_.next_offsets[i];
    if (!task_.spec().rebuilds_journal) {
      stored = targets_[i];
    } else if (stored < 0) {
      stored = std::min(ends->low, targets_[i]);
    } else if (stored < ends->low) {
      return fail(
          code(Errc::kLogTruncated),
          topic + "-" + std::to_string(task_.partition()) +
              ": the log begins behind the stored position; the journal cannot be completed");
    }
  }
  journal_index_ = 0;
  phase_ = Phase::kJournal;
  // The store is marked before the first record is read (A8).
  return position_.rebuild.phase != RebuildPhase::kNone ? save() : Result<void>{};
}

Result<void> TaskRestore::replay_journal(std::size_t max_records) {
  while (journal_index_ < input_count() &&
         position_.next_offsets[journal_index_] >= targets_[journal_index_]) {
    ++journal_index_;
  }
  if (journal_index_ == input_count()) return finish();

  const std::string& topic = task_.spec().input_topics[journal_index_];
  std::int64_t& next = position_.next_offsets[journal_index_];
  const std::int64_t target = targets_[journal_index_];
  if (!opened_) {
    if (auto r = source_.open(topic, task_.partition(), next); !r) return r;
    opened_ = true;
  }
  std::size_t count = 0;
  const auto reached = source_.read(max_records, [&](const Record& found) -> Result<void> {
    if (found.offset >= target) return {};  // behind the committed position: process() will see it
    ++count;
    Record record = found;
    record.topic = topic;
    record.topic_index = static_cast<int>(journal_index_);
    auto r = guarded([&] { return task_.task().on_journal_record(record, task_); });
    // It was refused and dead-lettered when it was first seen; the journal leaves it out (A12).
    const bool refused = !r && (r.error().code.disposition() == Disposition::kRejectRecord ||
                                r.error().code == code(Errc::kInternalInvariant));
    if (refused && task_.rebuilding()) {
      task_.task().on_rejected(record, r.error().code.slug(), task_);
    }
    if (!r && r.error().code.disposition() == Disposition::kRejectRecord) r = {};
    if (refused && task_.rebuilding()) r = {};
    if (r) r = task_.take_send_error();
    if (r) task_.remember(record);
    if (r && task_.writes().bytes() > kApplyBytes) {
      next = record.offset + 1;
      r = save();
    }
    return r;
  });
  if (!reached) return tl::unexpected(reached.error());
  if (count > 0 && probe_ != nullptr) {
    probe_->on_restored(RestoreKind::kJournal, task_.partition(), count);
  }
  next = std::min(std::max(next, reached->next), target);
  if (next >= target) {
    source_.close();
    opened_ = false;
  }
  return count > 0 ? save() : Result<void>{};
}

Result<void> TaskRestore::finish() {
  position_.state_offsets = position_.next_offsets;
  if (auto r = save(); !r) return r;
  for (std::size_t i = 0; i < input_count(); ++i) task_.advance(i, position_.next_offsets[i]);
  task_.clock().start(position_.clock);
  if (auto r = guarded([&] { return task_.task().on_restored(task_); }); !r) return r;
  if (auto r = task_.take_send_error(); !r) return r;
  if (!task_.writes().empty()) {
    if (auto r = save(); !r) return r;
  }
  task_.forbid_sending(false);
  phase_ = Phase::kDone;
  return {};
}

Result<void> TaskRestore::save() { return task_.apply(position_); }

Result<bool> TaskRestore::read_one(std::string_view topic, std::int32_t partition,
                                   std::int64_t offset, const RestoreSource::Visit& visit) {
  constexpr int kTries =
      100;  // of 100 ms each at Kafka: an answer that takes longer is asked again
  if (auto r = source_.open(topic, partition, offset); !r) return tl::unexpected(r.error());
  bool found = false;
  const auto once = [&](const Record& record) {
    found = true;
    return visit(record);
  };
  Result<void> done = fail(code(Errc::kTimedOut), "reading one record of " + std::string(topic));
  for (int i = 0; i < kTries && !done; ++i) {
    const auto reached = source_.read(1, once);
    if (!reached) {
      done = tl::unexpected(reached.error());
      break;
    }
    if (found || reached->at_end) done = {};
  }
  source_.close();
  if (!done) return tl::unexpected(done.error());
  return found;
}

Result<void> TaskRestore::check_last_record() {
  const LastRecord& last = position_.last;
  if (last.topic < 0) return {};
  const std::string& topic = task_.spec().input_topics[static_cast<std::size_t>(last.topic)];
  const auto ends = source_.ends(topic, task_.partition());
  if (!ends) return tl::unexpected(ends.error());
  if (last.offset < ends->low) return {};  // expired there; whether that matters plan() says
  bool same = false;
  if (last.offset < ends->high) {
    const auto read =
        read_one(topic, task_.partition(), last.offset, [&](const Record& record) -> Result<void> {
          same = record.offset == last.offset &&
                 checksum_of(record.key, record.value) == last.checksum;
          return {};
        });
    if (!read) return tl::unexpected(read.error());
  }
  if (same) return {};
  return fail(code(Errc::kStoreForeign),
              topic + "-" + std::to_string(task_.partition()) + ": at offset " +
                  std::to_string(last.offset) +
                  " the log holds another record than the one the store took in last; the store "
                  "is of another log and is rebuilt");
}

}  // namespace kronika::bus
