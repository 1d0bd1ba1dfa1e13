// The synthetic citizen of a partition: its key and its event.
//
//   PersonKey key = canary_key(3, 6);                 // the citizen of partition 3 of 6
//   auto event = encode_canary(key, now);             // a record of topic `maaling`
//
// All its events are versions of one fact, so that only the newest counts and only it is kept.
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <kronika/base/clock.h>
#include <kronika/base/ids.h>

namespace kronika::canary {

/// Whether a Kafka key is a canary's. A person key is the output of an HMAC and never begins so.
[[nodiscard]] constexpr bool is_canary_key(std::string_view key) {
  return key.size() == 16 && key.starts_with("kronika-canary");
}

/// The smallest canary key that `murmur2_random` places on `partition` of `partitions`.
/// Pre: 0 <= partition < partitions <= 10,000.
[[nodiscard]] PersonKey canary_key(std::int32_t partition, std::int32_t partitions);

/// The value of a record on topic `maaling` (wire prefix and Event): a pulse measured now, with the
/// canary flag. A later `now` is a higher version.
[[nodiscard]] std::string encode_canary(const PersonKey& key, Instant now);

}  // namespace kronika::canary
