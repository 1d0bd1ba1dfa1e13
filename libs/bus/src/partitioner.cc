#include <kronika/bus/partitioner.h>

namespace kronika::bus {

std::uint32_t murmur2(std::string_view key) {
  constexpr std::uint32_t kMix = 0x5bd1e995U;
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(key[i]));
  };
  std::uint32_t h = 0x9747b28cU ^ static_cast<std::uint32_t>(key.size());
  std::size_t i = 0;
  for (; i + 4 <= key.size(); i += 4) {
    std::uint32_t k = byte(i) | byte(i + 1) << 8U | byte(i + 2) << 16U | byte(i + 3) << 24U;
    k *= kMix;
    k ^= k >> 24U;
    k *= kMix;
    h *= kMix;
    h ^= k;
  }
  switch (key.size() - i) {
    case 3:
      h ^= byte(i + 2) << 16U;
      [[fallthrough]];
    case 2:
      h ^= byte(i + 1) << 8U;
      [[fallthrough]];
    case 1:
      h ^= byte(i);
      h *= kMix;
      break;
    case 0:
      break;
  }
  h ^= h >> 13U;
  h *= kMix;
  h ^= h >> 15U;
  return h;
}

std::int32_t partition_of(std::string_view key, std::int32_t partition_count) {
  return static_cast<std::int32_t>((murmur2(key) & 0x7fffffffU) %
                                   static_cast<std::uint32_t>(partition_count));
}

}  // namespace kronika::bus
