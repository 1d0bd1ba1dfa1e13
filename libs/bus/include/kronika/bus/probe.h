// What the runtime tells about itself. Telemetry implements RuntimeProbe (counters, histograms;
// called once a batch or state change, from stream threads) and reads TaskRuntime::snapshot() for
// gauges. No metrics library here.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/store/state_store.h>

namespace kronika::bus {

struct TransactionReport {
  bool committed = false;
  std::chrono::microseconds duration{0};  ///< begin of the commit (flush included) to its outcome
  std::size_t records = 0;                ///< consumed
  std::size_t produced = 0;
  std::string_view reason;  ///< error slug when aborted, else empty
};

struct ConsumedReport {
  std::string_view topic;
  std::size_t records = 0;
};

/// A record that went to the dead letters; the ids are empty where its headers have none.
struct RefusedReport {
  std::string_view topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::string_view stage, reason;
  std::string_view event_id;  ///< a UUID
  std::string_view trace_id;  ///< 32 hex digits
};

enum class RebalanceKind : std::uint8_t { kAssign, kRevoke, kLost };
enum class ClientErrorKind : std::uint8_t { kTransient, kAbortable, kFatal };
enum class RestoreKind : std::uint8_t { kState, kJournal };

/// All methods do nothing by default. Thread: any stream thread; must not block.
class RuntimeProbe {
 public:
  virtual ~RuntimeProbe() = default;
  virtual void on_transaction(const TransactionReport&) {}
  /// With each committed transaction, a call a topic.
  virtual void on_consumed(const ConsumedReport&) {}
  /// With each committed transaction: the timestamps of the records that it made visible, which
  /// say when an edge received them where edges wrote the input.
  virtual void on_visible(std::span<const Instant> /*received*/, Instant /*now*/) {}
  virtual void on_dead_letter(std::string_view /*stage*/, std::string_view /*reason*/) {}
  /// After on_dead_letter(), for the log.
  virtual void on_refused(const RefusedReport&) {}
  virtual void on_rebalance(RebalanceKind) {}
  virtual void on_client_error(ClientErrorKind, std::string_view /*code*/) {}
  virtual void on_restored(RestoreKind, std::int32_t /*partition*/, std::size_t /*records*/) {}
  /// One life-cycle line for the log; `code` is a stable identifier, `text` holds no payload.
  virtual void on_log(std::string_view /*code*/, std::string_view /*text*/) {}
};

/// kRebuilding: runs, but its states are not all out yet (A8).
enum class TaskState : std::uint8_t { kAssigned, kRestoring, kRebuilding, kRunning, kFailed };

struct InputStatus {
  std::string topic;
  std::int64_t position = -1;        ///< next offset, committed
  std::int64_t high_watermark = -1;  ///< as the client last heard; -1 unknown
  std::int64_t lag = 0;              ///< 0 when the partition's end was seen
  bool at_end = false;
  Instant position_time;  ///< record time of the last record handled; now, when the end was seen
};

struct TaskStatus {
  std::int32_t partition = 0;
  TaskState state = TaskState::kAssigned;
  std::int64_t transaction_number = 0;
  std::int64_t restore_remaining = 0;  ///< records, estimated from offsets
  Instant clock;
  std::vector<InputStatus> inputs;
  std::string store_path;
  store::Usage store = {};  ///< a few seconds old
};

struct RuntimeSnapshot {
  std::vector<TaskStatus> tasks;
  Instant last_turn;  ///< of the slowest thread's loop
  /// Of all stores since the process began.
  std::uint64_t store_stall_micros = 0, store_background_errors = 0;
  bool all_caught_up = false;  ///< every task runs and has seen the end of each input at least once
};

}  // namespace kronika::bus
