// Brings one task from what its store holds to the committed positions (A5, A6, A9), step by step,
// so that a stream thread can poll for its other tasks in between.
//
//   COMMITTED -> STATE (compacted topic to its end) -> JOURNAL (each input, stored -> committed) ->
//   DONE
//
// Here it is also found out whether the task begins with a rebuild (A8): rebuild_plan.cc.
//
// A crash in the middle costs nothing: each step's records are applied with the position reached.
// Thread: its stream thread only.
#pragma once

#include "task_core.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include <kronika/base/result.h>
#include <kronika/bus/task.h>

namespace kronika::bus {

/// Where restore reads from; the seam between Kafka and the in-memory log.
class RestoreSource {
 public:
  virtual ~RestoreSource() = default;

  /// The group's committed next offsets by topic index, stable (no transaction pending on them);
  /// nothing where none is committed.
  [[nodiscard]] virtual Result<std::vector<std::optional<std::int64_t>>> committed(
      std::int32_t partition) = 0;
  struct Ends {
    std::int64_t low = 0;
    std::int64_t high = 0;  ///< the high watermark, open transactions included
  };
  [[nodiscard]] virtual Result<Ends> ends(std::string_view topic, std::int32_t partition) = 0;
  [[nodiscard]] virtual Result<std::int32_t> partitions(std::string_view topic) = 0;
  /// Starts reading one partition; ends what was read before.
  [[nodiscard]] virtual Result<void> open(std::string_view topic, std::int32_t partition,
                                          std::int64_t from) = 0;
  struct Reached {
    std::int64_t next = 0;  ///< offset behind everything handed out or skipped
    bool at_end = false;    ///< the partition's (last stable) end was seen at `next`
  };
  using Visit = std::function<Result<void>(const Record&)>;
  /// Hands over up to `limit` committed records; waits a little when there are none. `topic_index`
  /// is not set.
  [[nodiscard]] virtual Result<Reached> read(std::size_t limit, const Visit& visit) = 0;
  virtual void close() = 0;
};

class TaskRestore {
 public:
  TaskRestore(TaskCore& task, RestoreSource& source, RuntimeProbe* probe)
      : task_(task), source_(source), probe_(probe) {
    if (probe_ == nullptr) return;
    for (const auto kind : {RestoreKind::kState, RestoreKind::kJournal}) {
      probe_->on_restored(kind, task_.partition(), 0);  // counting begins at 0
    }
  }

  /// Does about `max_records` of work; true when the task may run from its next_offset()s.
  /// Errors: bus_positions_missing, bus_store_foreign (the store is ahead of the log: move it
  /// aside), those of the task, the store and the source; kRetryCall ones may be retried by calling
  /// again.
  [[nodiscard]] Result<bool> step(std::size_t max_records);
  /// Records still to read, estimated from offsets.
  [[nodiscard]] std::int64_t remaining() const;

 private:
  enum class Phase : std::uint8_t { kCommitted, kState, kPlan, kJournal, kDone };

  [[nodiscard]] Result<void> read_committed();
  [[nodiscard]] Result<void> restore_state(std::size_t max_records);
  [[nodiscard]] Result<void> plan();
  [[nodiscard]] Result<void> replay_journal(std::size_t max_records);
  [[nodiscard]] Result<void> finish();
  [[nodiscard]] Result<void> take_progress(const Task::Progress& progress);
  /// Whether the log still holds the record that the store names as its last.
  [[nodiscard]] Result<void> check_last_record();
  /// The one record at `offset`, or the first behind it; nothing at the end.
  [[nodiscard]] Result<bool> read_one(std::string_view topic, std::int32_t partition,
                                      std::int64_t offset, const RestoreSource::Visit& visit);
  void take_mark(const Record& record);
  /// Pre: the compacted partition is empty. Errors: bus_positions_missing: records were handled
  /// before, and what came of them is not to be had again.
  [[nodiscard]] Result<void> plan_rebuild();
  /// Nothing derived exists, or what exists was begun after a task had found nothing (A8).
  [[nodiscard]] Result<bool> nothing_derived();
  [[nodiscard]] Result<void> save();
  [[nodiscard]] std::size_t input_count() const { return task_.spec().input_topics.size(); }

  TaskCore& task_;
  RestoreSource& source_;
  RuntimeProbe* probe_;

  Phase phase_ = Phase::kCommitted;
  bool opened_ = false;  ///< source_ reads the partition of the current phase
  bool had_state_ = false;
  std::vector<std::optional<std::int64_t>> committed_;
  RestoreSource::Ends compacted_;
  Position position_;                  ///< what the store covers so far
  std::vector<std::int64_t> targets_;  ///< by topic index
  std::size_t journal_index_ = 0;
};

}  // namespace kronika::bus
