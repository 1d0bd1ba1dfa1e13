// What can go wrong between a task and the log, and what the runtime does about it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <kronika/base/result.h>

namespace kronika::bus {

enum class Errc : std::uint8_t {
  kTransient = 1,   ///< Kafka asked for a retry: broker away, leader moved, coordinator loading
  kTimedOut,        ///< no answer within the deadline; the outcome of a pure read, so retry
  kAbortable,       ///< the transaction must abort
  kFenced,          ///< another producer with our transactional.id, or an old generation
  kOutcomeUnknown,  ///< a commit was sent and its answer never came
  kClientFatal,     ///< the client instance is unusable (fenced instance id, corrupted client)
  kConfig,         ///< a setting that the client or the broker refuses, or an authorisation that is
                   ///< missing
  kTopicMismatch,  ///< a topic is missing or has another partition count or setting than ours
  kLogGap,         ///< an offset of an input topic that must have none is missing
  kLogTruncated,   ///< the log no longer (or not yet) holds the position that we need
  kPositionsMissing,   ///< state exists, but neither committed offsets nor a progress record
  kStoreForeign,       ///< the store on disk belongs to another cluster, partition, task or log
  kInternalInvariant,  ///< the task threw or broke an invariant while it handled a record
  kRecordTooLarge,     ///< one record exceeds what the topic takes
  kUndelivered,        ///< a record could not be delivered within its deadline
  kWireMagic,          ///< the value does not begin with the wire format's zero byte
  kWireTruncated,      ///< the value ends inside the wire prefix
  kShutdownDeadline,   ///< a thread did not end in time
  kUnauthenticated,    ///< the brokers do not take our certificate or password, or we theirs
  kLast = kUnauthenticated
};

constexpr std::string_view slug(Errc e) {
  switch (e) {
    case Errc::kTransient:
      return "bus_transient";
    case Errc::kTimedOut:
      return "bus_timed_out";
    case Errc::kAbortable:
      return "bus_abortable";
    case Errc::kFenced:
      return "bus_fenced";
    case Errc::kOutcomeUnknown:
      return "bus_outcome_unknown";
    case Errc::kClientFatal:
      return "bus_client_fatal";
    case Errc::kConfig:
      return "bus_config";
    case Errc::kTopicMismatch:
      return "bus_topic_mismatch";
    case Errc::kLogGap:
      return "bus_log_gap";
    case Errc::kLogTruncated:
      return "bus_log_truncated";
    case Errc::kPositionsMissing:
      return "bus_positions_missing";
    case Errc::kStoreForeign:
      return "bus_store_foreign";
    case Errc::kInternalInvariant:
      return "internal_invariant";
    case Errc::kRecordTooLarge:
      return "bus_record_too_large";
    case Errc::kUndelivered:
      return "bus_undelivered";
    case Errc::kWireMagic:
      return "wire_magic";
    case Errc::kWireTruncated:
      return "wire_truncated";
    case Errc::kShutdownDeadline:
      return "bus_shutdown_deadline";
    case Errc::kUnauthenticated:
      return "bus_unauthenticated";
  }
  return {};
}

constexpr Disposition disposition(Errc e) {
  switch (e) {
    case Errc::kTransient:
      return Disposition::kRetryCall;
    case Errc::kTimedOut:
      return Disposition::kRetryCall;
    case Errc::kAbortable:
      return Disposition::kAbortTxn;
    case Errc::kFenced:
      return Disposition::kTaskMigrated;
    case Errc::kOutcomeUnknown:
      return Disposition::kTaskCorrupted;
    case Errc::kClientFatal:
      return Disposition::kFatal;
    case Errc::kConfig:
      return Disposition::kFatal;
    case Errc::kTopicMismatch:
      return Disposition::kFatal;
    case Errc::kLogGap:
      return Disposition::kFatal;
    case Errc::kLogTruncated:
      return Disposition::kFatal;
    case Errc::kPositionsMissing:
      return Disposition::kFatal;
    case Errc::kStoreForeign:
      return Disposition::kTaskCorrupted;
    case Errc::kInternalInvariant:
      return Disposition::kAbortTxn;
    case Errc::kRecordTooLarge:
      return Disposition::kRejectRecord;
    case Errc::kUndelivered:
      return Disposition::kRetryCall;
    case Errc::kWireMagic:
      return Disposition::kRejectRecord;
    case Errc::kWireTruncated:
      return Disposition::kRejectRecord;
    case Errc::kShutdownDeadline:
      return Disposition::kFatal;
    case Errc::kUnauthenticated:
      return Disposition::kFatal;
  }
  return Disposition::kFatal;
}

namespace detail {
inline constexpr auto kRows = [] {
  std::array<ErrorRow, static_cast<std::size_t>(Errc::kLast)> rows{};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto e = static_cast<Errc>(i + 1);
    rows[i] = {slug(e), disposition(e)};
  }
  return rows;
}();
}  // namespace detail

/// The row of `e`; equal codes point to the same row.
constexpr ErrorCode code(Errc e) {
  return ErrorCode{detail::kRows[static_cast<std::size_t>(e) - 1]};
}

}  // namespace kronika::bus
