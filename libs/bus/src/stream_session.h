// One life of a stream thread between two (re)joins: a producer, a consumer, and the tasks of the
// partitions that the group gave it. Ends cleanly when told to stop, or with an error whose
// disposition says what the thread does next: kTaskMigrated, kTaskCorrupted and kRetryCall = a new
// session, kFatal = the process ends.
//
//   slot:  ASSIGNED (an input is missing) | RESTORING (one at a time; the others run) -> RUNNING
//   error: gone
//
// Thread: its stream thread only; snapshot() from any.
#pragma once

#include "credentials.h"
#include "handles.h"
#include "input_queues.h"
#include "kafka_output.h"
#include "kafka_restore.h"
#include "store_folder.h"
#include "task_core.h"
#include "task_restore.h"
#include "transaction_core.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <kronika/bus/task_runtime.h>

namespace kronika::bus {

/// What a session shares with its thread; survives it.
struct StreamShared {
  const TaskSpec* spec = nullptr;
  const RuntimeOptions* options = nullptr;
  const Clock* wall = nullptr;
  std::string instance;  ///< <pod>-<thread>
  std::atomic<bool> stop{false};
  std::atomic<bool> again{false};           ///< the session ends cleanly, for another one to follow
  std::atomic<bool> known{false};           ///< the brokers have let a session of ours in
  std::atomic<std::int64_t> stop_by_ms{0};  ///< steady clock; how long closing may take
  std::atomic<std::int64_t> last_turn_ms{0};
  /// Since the process began, over all stores that this thread had.
  std::atomic<std::uint64_t> store_stall_micros{0}, store_background_errors{0};
  mutable std::mutex mutex;
  std::vector<TaskStatus> tasks;  ///< guarded by mutex
  bool caught_up = false;         ///< guarded by mutex

  void log(std::string_view code, const std::string& text) const {
    if (options->probe != nullptr) options->probe->on_log(code, text);
  }
};

class StreamSession {
 public:
  explicit StreamSession(StreamShared& shared);
  ~StreamSession();
  [[nodiscard]] Result<void> run();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Slot {
    std::int32_t partition = 0;
    TaskState state = TaskState::kAssigned;
    std::unique_ptr<TaskCore> core;
    std::unique_ptr<TaskRestore> restore;
    std::vector<bool> end_seen;  ///< by topic index, since it runs
    int wiped = 0;               ///< times its store was moved aside in this session
    SteadyTime retry_at{};
    SteadyTime locked_since{};  ///< its store was found locked by another
    store::Usage usage;         ///< as last asked
    SteadyTime told_at{};       ///< when the restore's progress was last logged
    std::int64_t left_then = 0;
  };

  [[nodiscard]] Result<void> set_up();
  [[nodiscard]] Result<void> loop();
  [[nodiscard]] Result<void> serve_consumer();
  [[nodiscard]] Result<void> on_message(const rd_kafka_message_t& message);
  [[nodiscard]] Result<void> on_client_message(const rd_kafka_message_t& message);
  [[nodiscard]] Result<void> commit();
  /// Aborts and reads again from the last commit where that mends it; otherwise hands the error on.
  [[nodiscard]] Result<void> recover(const Error& error);
  /// Assigns the inputs of every running task at its own position. The one way in which reading
  /// starts, moves or goes back: a seek may time out, and where it met a paused partition whose
  /// first offset was still being looked up (librdkafka 2.0.2), the partition was seen to stand
  /// still.
  [[nodiscard]] Result<void> place();
  [[nodiscard]] Result<void> housekeeping(SteadyTime now);
  [[nodiscard]] Result<void> restore_some();
  [[nodiscard]] Result<void> open_core(Slot& slot);
  [[nodiscard]] Result<void> rebalance();
  [[nodiscard]] Result<void> assign(const rd_kafka_topic_partition_list_t& partitions);
  [[nodiscard]] Result<void> revoke();
  void close_tasks();
  [[nodiscard]] Result<void> close_clean();
  void close_consumer(SteadyTime deadline);
  void tell_progress(Slot& slot, SteadyTime now);
  void look_at_stores();
  void publish_snapshot();
  [[nodiscard]] Slot* slot_of(std::int32_t partition);
  [[nodiscard]] int topic_index(const rd_kafka_message_t& message);

  static void on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t err,
                           rd_kafka_topic_partition_list_t* partitions, void* opaque);
  static int on_stats(rd_kafka_t*, char* text, std::size_t bytes, void* opaque);
  static void on_error(rd_kafka_t*, int err, const char* reason, void* opaque);

  StreamShared& shared_;
  const TaskSpec& spec_;
  const RuntimeOptions& options_;
  std::vector<std::string> full_topics_;  ///< inputs with prefix

  // Destroyed from the bottom: tasks and restore before the clients that they use.
  RdClient consumer_;
  std::unique_ptr<InputQueues> inputs_;
  std::unique_ptr<KafkaOutput> output_;
  std::unique_ptr<TransactionCore> core_;
  std::unique_ptr<KafkaRestoreSource> source_;
  std::string cluster_id_;
  std::vector<Slot> slots_;
  std::vector<Slot*> by_partition_;

  /// Set by the callback, handled by loop(): nothing may block inside a callback.
  struct Pending {
    rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;
    RdPartitions partitions;
    bool waiting = false;
  } pending_;
  bool consumer_fatal_ = false;
  Instant heard_at_;  ///< when the statistics last said that a broker answers
  int aborts_in_a_row_ = 0;
  std::string gap_;  ///< the last gap that was met, to tell a lost record from a passing fault
  SteadyTime next_tick_{};
  SteadyTime next_snapshot_{};
  SteadyTime next_usage_{};
  std::optional<CredentialWatch> credentials_;
  std::vector<std::pair<const void*, int>> topic_cache_;
  std::vector<Header> headers_;
};

}  // namespace kronika::bus
