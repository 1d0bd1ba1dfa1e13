// Why a message got no account. All but the last mean: nothing is lost, send the same bytes again.
#pragma once

#include <kronika/base/result.h>

namespace kronika::edge {

namespace rows {
inline constexpr ErrorRow kBusy{"edge_busy", Disposition::kRetryCall};
inline constexpr ErrorRow kKafkaAway{"edge_kafka_away", Disposition::kRetryCall};
inline constexpr ErrorRow kStopping{"edge_stopping", Disposition::kRetryCall};
inline constexpr ErrorRow kTooLarge{"edge_message_too_large", Disposition::kRejectRecord};
}  // namespace rows

/// As much is under way as the settings allow (ingest.max_inflight_*).
inline constexpr ErrorCode kBusy{rows::kBusy};
/// Kafka did not acknowledge everything in time (ingest.ack_timeout_ms), or not at all.
inline constexpr ErrorCode kKafkaAway{rows::kKafkaAway};
/// The process ends; another replica takes the message.
inline constexpr ErrorCode kStopping{rows::kStopping};
/// Longer than ingest.max_message_bytes, or than the topics take: it can neither be read nor kept.
inline constexpr ErrorCode kTooLarge{rows::kTooLarge};

}  // namespace kronika::edge
