// The two records by which the log itself says how a task's compacted partition began, so that a
// rebuild (A8) can be told from a loss, by this task with an empty disk and by its siblings.
//
//   "genesis/<partition>"  the partition's first record: when this task began, everything derived
//   was empty. Value = text: "1 <clock ms> <target>*", targets only where the task began with a
//   rebuild
//   "rebuilt/<partition>"  that rebuild is complete. Value = "1"
//
// Neither key is ever written again, so compaction keeps both, and genesis in front. No key is 16
// bytes long: they are no citizens. Tasks and views do not see or skip them.
#pragma once

#include "position.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kronika::bus {

[[nodiscard]] std::string genesis_key(std::int32_t partition);
[[nodiscard]] std::string rebuilt_key(std::int32_t partition);
[[nodiscard]] bool is_genesis_key(std::string_view key);
[[nodiscard]] bool is_rebuilt_key(std::string_view key);

[[nodiscard]] std::string encode_genesis(const Rebuild& rebuild);
/// The rebuild that the partition began with, phase kReading; phase kNone where it began without
/// one. Nothing when the bytes are no genesis record for `inputs` topics.
[[nodiscard]] std::optional<Rebuild> decode_genesis(std::string_view value, std::size_t inputs);

}  // namespace kronika::bus
