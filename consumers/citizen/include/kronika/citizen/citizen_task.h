// The citizen consumer's logic for one partition: journal, fold, state, deltas. It is where the
// stream column and the health column meet; the exactly-once protocol around it is libs/bus.
//
//   process()  decode, check, judge against the journal (duplicate, superseded, conflict), append
//   or mark for refolding flush()    fold what must be folded again, emit one citizen-state record,
//   the level changes and the cell
//              differences of every touched citizen, one ledger entry an event, and the progress
//              record
//
// A citizen is folded at the task's clock (architecture A9); what time alone changes wakes it
// through the deadline index, which is kept in memory and read again from the states when the task
// starts.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include <kronika/bus/task.h>
#include <kronika/domain/fold.h>
#include <kronika/domain/rules.h>
#include <kronika/domain/unknown_codes.h>

namespace kronika::citizen {

/// Column families of the task's store, after the store's own.
enum Family : store::ColumnFamily {
  kStates = 1,   ///< person_key -> the value of the citizen's record on citizen-state;
                 ///< "progress/<partition>" as well
  kJournal = 2,  ///< src/journal_codec.h
};

/// Index of a topic in TaskSpec::input_topics, and in domain::Origin::topic. Fixed: origins are
/// stored.
enum InputTopic : int {
  kHenvisning,
  kUdskrivning,
  kMaaling,
  kForloeb,
  kPerson,
  kFlytning,
  kInputTopics
};

/// Counts since start, added up per transaction; read by the metrics page from another thread.
struct Probe {
  std::atomic<std::uint64_t> applied{0}, duplicate{0}, superseded{0}, rejected{0}, irregular{0},
      unimplemented{0};
  std::atomic<std::uint64_t> late{0};       ///< received more than 72 hours after they occurred
  std::atomic<std::uint64_t> fast_path{0};  ///< events appended
  std::atomic<std::uint64_t> refolds{0};    ///< citizens folded again
  std::atomic<std::uint64_t> refolded_events{0};
  std::atomic<std::uint64_t> deadlines{0};
  std::atomic<std::uint64_t> cache_hits{0}, cache_misses{0};
  std::atomic<std::uint64_t> generation_refolds{0};
  /// Of applied events, and of events refused for their code; by domain::kCodeSystemLabels.
  std::array<std::atomic<std::uint64_t>, domain::kCodeSystemLabels.size()> unknown_codes{};
  /// Of one refold in 16: how long it took, its journal read, and its effective events. Set before
  /// the tasks; called from their threads.
  std::function<void(std::chrono::nanoseconds, std::size_t)> on_refold = {};
};

struct Options {
  std::shared_ptr<const domain::Rules> rules;
  std::size_t cache_bytes = 16U << 20;  ///< folded states kept in memory, a task
  /// TaskSpec::rebuild_min_records: records of a partition; 0: no rebuild mode.
  std::int64_t rebuild_backlog = 0;
  /// Partitions of indicator-delta and indicator-state. Fixed for the life of the topics: a cell's
  /// partition follows from it.
  std::int32_t indicator_partitions = 1;
  Probe* probe = nullptr;  ///< must outlive the tasks
  /// A canary's event of this partition is in the state and committed; with the timestamp of its
  /// record. Called from the task's thread.
  std::function<void(std::int32_t partition, Instant published)> on_canary = {};
};

/// "henvisning" ... Pre: 0 <= index < kInputTopics.
[[nodiscard]] std::string_view input_topic_name(int index);

[[nodiscard]] bus::TaskSpec citizen_task_spec(const Options& options);

}  // namespace kronika::citizen
