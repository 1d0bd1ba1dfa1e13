#include "rebuild_mark.h"

#include <charconv>
#include <vector>

namespace kronika::bus {
namespace {

constexpr std::string_view kGenesis = "genesis/";
constexpr std::string_view kRebuilt = "rebuilt/";
constexpr std::string_view kVersion = "1";

std::string key_of(std::string_view prefix, std::int32_t partition) {
  std::string key = std::string(prefix) + std::to_string(partition);
  if (key.size() == 16) key.insert(prefix.size(), 1, '0');  // 16 bytes would be a citizen
  return key;
}

}  // namespace

std::string genesis_key(std::int32_t partition) { return key_of(kGenesis, partition); }
std::string rebuilt_key(std::int32_t partition) { return key_of(kRebuilt, partition); }
bool is_genesis_key(std::string_view key) { return key.size() != 16 && key.starts_with(kGenesis); }
bool is_rebuilt_key(std::string_view key) { return key.size() != 16 && key.starts_with(kRebuilt); }

std::string encode_genesis(const Rebuild& rebuild) {
  std::string out = std::string(kVersion) + " " + std::to_string(rebuild.clock.ms);
  if (rebuild.phase == RebuildPhase::kNone) return out;
  for (const std::int64_t target : rebuild.targets) out += " " + std::to_string(target);
  return out;
}

std::optional<Rebuild> decode_genesis(std::string_view value, std::size_t inputs) {
  if (!value.starts_with(kVersion)) return std::nullopt;
  value.remove_prefix(kVersion.size());
  std::vector<std::int64_t> numbers;
  while (!value.empty()) {
    if (value.front() != ' ') return std::nullopt;
    value.remove_prefix(1);
    std::int64_t number = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
    if (read.ec != std::errc()) return std::nullopt;
    value.remove_prefix(static_cast<std::size_t>(read.ptr - value.data()));
    numbers.push_back(number);
  }
  if (numbers.empty()) return std::nullopt;
  Rebuild rebuild;
  rebuild.clock.ms = numbers.front();
  if (numbers.size() == 1) return rebuild;
  if (numbers.size() != inputs + 1) return std::nullopt;
  rebuild.phase = RebuildPhase::kReading;
  rebuild.targets.assign(numbers.begin() + 1, numbers.end());
  return rebuild;
}

}  // namespace kronika::bus
