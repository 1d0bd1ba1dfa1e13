// The two records that the runtime keeps in a store's meta column family: whose store it is, and
// which positions its content covers.
//
//   "identity" = text lines: format, cluster id, task name, partition, input topics, compacted
//   topic "position" = 0x01 | transaction number | clock ms | saved-at ms | compacted next offset |
//   count (4) | next offsets | state offsets
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

  friend bool operator==(const Position&, const Position&) = default;
};

[[nodiscard]] std::string encode_position(const Position& position);
/// Nothing when the bytes are not a position.
[[nodiscard]] std::optional<Position> decode_position(std::string_view bytes);

[[nodiscard]] std::string encode_identity(const TaskSpec& spec, std::int32_t partition,
                                          std::string_view cluster_id);

}  // namespace kronika::bus
