// What the door counts beside the edge's own counters.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <kronika/telemetry/metrics.h>

namespace kronika::door_mllp {

/// Why a connection or a frame got no account.
enum class Trouble : std::uint8_t {
  kCut,        ///< a frame that never ended
  kStray,      ///< bytes outside a frame
  kTooLong,    ///< ingest.max_message_bytes
  kNoRoom,     ///< edge_mllp.max_buffered_bytes, and the peer's share of it
  kSlow,       ///< edge_mllp.message_timeout_ms
  kUnread,     ///< nobody took the answer
  kCrowded,    ///< edge_mllp.max_connections, ingest.peer_max_connections
  kHandshake,  ///< no TLS, or no certificate that is trusted
};
inline constexpr std::size_t kTroubles = 8;

class Probe {
 public:
  explicit Probe(telemetry::Registry* registry);
  void opened() { connections_.add(1); }
  void closed() { connections_.add(-1); }
  /// "AA", "CE", ...
  void answered(std::string_view code);
  void trouble(Trouble t) { troubles_[static_cast<std::size_t>(t)].add(); }

 private:
  telemetry::Gauge connections_;
  std::array<telemetry::Counter, 6> answers_;
  std::array<telemetry::Counter, kTroubles> troubles_;
};

}  // namespace kronika::door_mllp
