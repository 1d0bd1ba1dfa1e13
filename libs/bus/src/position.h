// The two records that the runtime keeps in a store's meta column family: whose store it is, and
// which positions its content covers.
//
//   "identity" = text lines: format, cluster id, task name, partition, input topics, compacted
//   topic "position" = 0x02 | transaction number | clock ms | saved-at ms | compacted next offset |
//   count (4) | next offsets | state offsets | last topic (4) | last offset | last checksum |
//   rebuild phase (1) | rebuild clock ms | rebuild targets (count of them, none without a phase)
//                all little-endian int64 unless said
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/bus/task.h>

namespace kronika::bus {

inline constexpr std::string_view kIdentityKey = "identity";
inline constexpr std::string_view kPositionKey = "position";
inline constexpr std::int64_t kUnknownOffset = -1;

/// Where a rebuild (A8) stands. kReading: up to `targets`, nothing derived is emitted. kEmitting:
/// one record a citizen.
enum class RebuildPhase : std::uint8_t { kNone, kReading, kEmitting };
struct Rebuild {
  RebuildPhase phase = RebuildPhase::kNone;
  Instant clock;                      ///< when the targets were taken
  std::vector<std::int64_t> targets;  ///< by topic index: the ends of the log then

  friend bool operator==(const Rebuild&, const Rebuild&) = default;
};

/// The record handled or replayed last: a store belongs to the log only if the log still says the
/// same there.
struct LastRecord {
  std::int32_t topic = -1;  ///< topic index; -1: none yet
  std::int64_t offset = 0;
  std::uint64_t checksum = 0;

  friend bool operator==(const LastRecord&, const LastRecord&) = default;
};
/// FNV-1a of 64 bits over key and value.
[[nodiscard]] std::uint64_t checksum_of(std::string_view key, std::string_view value);

struct Position {
  std::int64_t transaction_number = 0;
  Instant clock = Instant::min();
  Instant saved_at;  ///< wall time of the write
  std::int64_t compacted_next =
      kUnknownOffset;  ///< next offset of the compacted topic to restore from
  std::vector<std::int64_t>
      next_offsets;  ///< by topic index, that the journal covers; kUnknownOffset: none
  std::vector<std::int64_t>
      state_offsets;  ///< by topic index, that the state covers; ahead only amid a restore
  LastRecord last;
  Rebuild rebuild;

  friend bool operator==(const Position&, const Position&) = default;
};

[[nodiscard]] std::string encode_position(const Position& position);
/// Nothing when the bytes are not a position.
[[nodiscard]] std::optional<Position> decode_position(std::string_view bytes);

[[nodiscard]] std::string encode_identity(const TaskSpec& spec, std::int32_t partition,
                                          std::string_view cluster_id);

}  // namespace kronika::bus
