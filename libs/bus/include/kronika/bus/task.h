// What a consumer gives to the runtime, and what it gets from it. The runtime owns the exactly-once
// protocol (architecture A4-A9): it polls, hands records to the Task one by one, sends what the
// Task emits inside one Kafka transaction with the input offsets, and after the commit applies the
// Task's staged writes, together with the positions they cover, as one RocksDB batch. A Task never
// talks to Kafka and never writes its store directly.
//
// Life of a task for partition i (one Task object, one StateStore; both belong to one stream
// thread):
//
//   CREATED -> RESTORING -> RUNNING -> CLOSED        any state --fault--> CLOSED (dirty), then
//   CREATED again
//
//   restore:  on_state_record()* for the compacted topic, then on_journal_record()* for the event
//   topics from the stored
//             to the committed offsets, then on_restored().
//   running:  process()* [punctuate()*] flush() -> commit -> on_committed(), or on_aborted() and
//   the records come again.
//
// Rebuild (A8), where everything derived is empty but the log is not: the same calls while
// TaskContext::rebuilding() is true, with the state left for later; then on_rebuild_read(), after
// which the task asks to be punctuated until rebuilt().
//
// The same Task runs unchanged under TaskTestDriver (task_test_driver.h), in memory and without a
// broker.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/base/result.h>
#include <kronika/store/state_store.h>

namespace kronika::bus {

struct Header {
  std::string_view key{};
  std::string_view value{};
};

/// One consumed record. Every view points into the client's message and lives until process()
/// returns.
struct Record {
  std::string_view topic{};
  int topic_index = 0;  ///< index into TaskSpec::input_topics; -1 for the compacted topic
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  Instant timestamp;  ///< record timestamp set by the producer
  std::string_view key{};
  std::string_view value{};
  bool tombstone = false;  ///< value was null
  std::span<const Header> headers{};
};

/// One record to be produced inside the current transaction. The views are copied by send().
struct Outgoing {
  std::string_view topic{};
  std::optional<std::int32_t> partition{};  ///< default: murmur2_random on the key
  std::string_view key{};
  std::string_view value{};
  bool tombstone = false;
  std::span<const Header> headers{};
  std::optional<Instant> timestamp{};  ///< default: now
};

struct DeadLetter {
  std::string_view stage{};   ///< e.g. "citizen"
  std::string_view reason{};  ///< reason code or error slug
  std::string_view detail{};  ///< one sentence; no patient data
};

/// The runtime's side, valid only inside Task calls.
class TaskContext {
 public:
  virtual ~TaskContext() = default;
  virtual void send(const Outgoing& record) = 0;
  /// Copies a consumed record, unchanged, to the dead-letter topic with its fault in kronika-dlq-*
  /// headers.
  virtual void dead_letter(const Record& record, const DeadLetter& fault) = 0;
  /// Staged writes of this transaction; applied after the commit, dropped on abort. Not readable
  /// before the commit.
  virtual store::WriteSet& writes() = 0;
  virtual const store::StateStore& store() const = 0;
  virtual std::int32_t partition() const = 0;
  /// The task's clock (A9): the smallest over the inputs of the last handled record's timestamp, or
  /// wall time where the end was seen. Never goes back.
  virtual Instant task_clock() const = 0;
  /// Number of the transaction being built: counts up by one with each commit of this task, stored
  /// with its positions and in the progress record; continues after a restart.
  virtual std::int64_t transaction_number() const = 0;
  /// Next offset to be consumed per input topic, by topic index, as this transaction will commit
  /// it.
  virtual std::span<const std::int64_t> next_offsets() const = 0;
  /// A rebuild still reads (A8): what would be overwritten by the next record is not to be emitted
  /// (state, differences); what is emitted once an input record is (ledger, moves), except in
  /// on_journal_record(), whose records an earlier life has handled.
  virtual bool rebuilding() const = 0;
};

/// A consumer's logic for one partition. All calls come from one thread.
class Task {
 public:
  virtual ~Task() = default;

  /// A record of the task's compacted topic during restore: keep it as the state (A5). Writes go to
  /// `ctx.writes()`. Progress records come here too, after read_progress() has seen them; ignore
  /// what is no state. Nothing may be sent before on_restored() has returned. Writes are applied
  /// (and ctx.writes() emptied) every few MiB.
  [[nodiscard]] virtual Result<void> on_state_record(const Record& record, TaskContext& ctx) = 0;
  /// A record of an input topic during restore, before the committed offset: journal only, emit
  /// nothing. While ctx.rebuilding() no state says which records were refused: judge them again, as
  /// process() does; on_rejected() follows a kRejectRecord error then.
  [[nodiscard]] virtual Result<void> on_journal_record(const Record& record, TaskContext& ctx) = 0;
  /// The store covers the committed offsets now. `transaction_number` is the last committed one (0:
  /// none).
  [[nodiscard]] virtual Result<void> on_restored(TaskContext& ctx) = 0;

  /// Handles one record. A kRejectRecord error must come before anything was sent or staged for the
  /// record; it dead-letters the record in the same transaction (the runtime calls ctx.dead_letter
  /// with the error's slug, then on_rejected) and the partition goes on. Any other error stops the
  /// task according to its disposition; an exception counts as internal_invariant (kAbortTxn): at
  /// the third attempt the record is handled alone, at the fourth it is dead-lettered.
  [[nodiscard]] virtual Result<void> process(const Record& record, TaskContext& ctx) = 0;
  /// The runtime or process() itself refused this record and it was dead-lettered; named in what
  /// flush() emits (A12).
  virtual void on_rejected(const Record& record, std::string_view reason, TaskContext& ctx) = 0;

  /// Fires at most `limit` deadlines due at ctx.task_clock(), earliest first, each folded as of its
  /// own deadline; returns whether more are due (A9). While more are due the clock stands just
  /// before the first of them. Called whenever the clock would pass next_deadline(), before the
  /// record that moves it, and at idle inputs.
  [[nodiscard]] virtual Result<bool> punctuate(std::size_t limit, TaskContext& ctx) = 0;
  /// The earliest deadline, so that an idle task wakes for it; nothing when there is none. Asked
  /// before each record: keep it cheap. Instant::min() asks to be called now, e.g. for a refold
  /// after a rule change (A8).
  [[nodiscard]] virtual std::optional<Instant> next_deadline() const = 0;

  /// Last call before the commit: emits coalesced outputs and the progress record, stages the
  /// state.
  [[nodiscard]] virtual Result<void> flush(TaskContext& ctx) = 0;
  /// Between the commit and the store's batch, so that the task may keep new states in memory and
  /// write them when they have changed some more: what was committed can be read again from the
  /// compacted topic. Stages at least the states that memory alone has held since a transaction
  /// numbered below `before`. Returns the smallest number of a transaction whose states memory
  /// alone still holds; nothing: the store holds them all.
  [[nodiscard]] virtual std::optional<std::int64_t> keep_states(std::int64_t /*before*/,
                                                                store::WriteSet& /*writes*/) {
    return std::nullopt;
  }
  /// The transaction committed and its writes are in the store.
  virtual void on_committed() = 0;
  /// The transaction aborted: forget everything since the last on_committed().
  virtual void on_aborted() = 0;

  /// A rebuild has read every input to where it ended when the rebuild began, and everything staged
  /// is in the store. From now on the task emits: it returns Instant::min() as its next_deadline()
  /// until each state is out. May be called again after an error or a restart.
  [[nodiscard]] virtual Result<void> on_rebuild_read(TaskContext& /*ctx*/) { return {}; }
  /// Asked behind flush(), after on_rebuild_read(): with this transaction every state is out.
  [[nodiscard]] virtual bool rebuilt() const { return true; }

  /// Positions that a progress record (a record of the compacted topic whose key is not 16 bytes)
  /// holds: the next offset by topic index and the transaction number. Used where the group's
  /// committed offsets are missing or lower (A9).
  struct Progress {
    std::vector<std::int64_t> next_offsets;
    std::int64_t transaction_number = 0;
    Instant as_of;
  };
  [[nodiscard]] virtual std::optional<Progress> read_progress(const Record& record) const = 0;
};

/// What the runtime must know of a consumer. Topics are names without prefix.
struct TaskSpec {
  std::string
      name;  ///< "citizen": group kronika-citizen, transactional.id kronika-citizen-<pod>-<thread>
  std::vector<std::string> input_topics;  ///< co-partitioned; their order fixes topic_index
  std::string compacted_topic;  ///< the task's own changelog; restored from before running
  bool rebuilds_journal =
      false;  ///< replay input topics from stored to committed offsets (citizen: yes)
  bool gaps_are_errors =
      true;  ///< false where an input topic is written by transactions (markers take offsets)
  /// Besides the compacted topic, what is derived from this task's output: a rebuild (A8) starts
  /// only where all of them are empty. Empty: the task has no rebuild mode.
  std::vector<std::string> derived_topics;
  /// From how many waiting records of a partition on an empty system is rebuilt, not handled
  /// record by record. Where the group's offsets say that records were handled before, any number
  /// is enough. 0: never.
  std::int64_t rebuild_min_records = 0;
  std::vector<store::ColumnFamilyOptions> column_families;
  std::function<std::unique_ptr<Task>(std::int32_t partition, const store::StateStore& store)>
      make_task;
};

}  // namespace kronika::bus
