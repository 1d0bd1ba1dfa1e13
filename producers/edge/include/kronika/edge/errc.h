// Why a message got no account (of kRetryCall: nothing is lost, send the same bytes again), and why
// a door does not open.
#pragma once

#include <kronika/base/result.h>

namespace kronika::edge {

namespace rows {
inline constexpr ErrorRow kBusy{"edge_busy", Disposition::kRetryCall};
inline constexpr ErrorRow kThrottled{"edge_throttled", Disposition::kRetryCall};
inline constexpr ErrorRow kKafkaAway{"edge_kafka_away", Disposition::kRetryCall};
inline constexpr ErrorRow kStopping{"edge_stopping", Disposition::kRetryCall};
inline constexpr ErrorRow kTooLarge{"edge_message_too_large", Disposition::kRejectRecord};
inline constexpr ErrorRow kListen{"edge_listen", Disposition::kFatal};
}  // namespace rows

/// As much is under way as the settings allow (ingest.max_inflight_*).
inline constexpr ErrorCode kBusy{rows::kBusy};
/// The peer is over its own bounds (ingest.peer_*); others are served.
inline constexpr ErrorCode kThrottled{rows::kThrottled};
/// Kafka did not acknowledge everything in time (ingest.ack_timeout_ms), or not at all.
inline constexpr ErrorCode kKafkaAway{rows::kKafkaAway};
/// The process ends; another replica takes the message.
inline constexpr ErrorCode kStopping{rows::kStopping};
/// Longer than ingest.max_message_bytes, or than the topics take: it can neither be read nor kept.
inline constexpr ErrorCode kTooLarge{rows::kTooLarge};
/// A door cannot or may not listen where its settings say; stops the process at start.
inline constexpr ErrorCode kListen{rows::kListen};

}  // namespace kronika::edge
