// Which partition a key belongs to: Kafka's murmur2, as Java clients and librdkafka's
// murmur2_random place it (A3).
#pragma once

#include <cstdint>
#include <string_view>

namespace kronika::bus {

[[nodiscard]] std::uint32_t murmur2(std::string_view key);
[[nodiscard]] std::int32_t partition_of(std::string_view key, std::int32_t partition_count);

}  // namespace kronika::bus
