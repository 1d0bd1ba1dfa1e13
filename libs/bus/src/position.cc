#include "position.h"

#include <bit>
#include <cstring>

namespace kronika::bus {
namespace {

static_assert(std::endian::native == std::endian::little, "positions are copied as they lie");
constexpr char kVersion = 2;

template <class T>
void append(std::string& out, T value) {
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  out.append(raw, sizeof value);
}

template <class T>
bool take(std::string_view& in, T& value) {
  if (in.size() < sizeof value) return false;
  std::memcpy(&value, in.data(), sizeof value);
  in.remove_prefix(sizeof value);
  return true;
}

}  // namespace

std::string encode_position(const Position& position) {
  std::string out;
  out.push_back(kVersion);
  append(out, position.transaction_number);
  append(out, position.clock.ms);
  append(out, position.saved_at.ms);
  append(out, position.compacted_next);
  append(out, static_cast<std::uint32_t>(position.next_offsets.size()));
  for (const std::int64_t offset : position.next_offsets) append(out, offset);
  for (std::size_t i = 0; i < position.next_offsets.size(); ++i) {
    append(out, i < position.state_offsets.size() ? position.state_offsets[i] : kUnknownOffset);
  }
  append(out, position.last.topic);
  append(out, position.last.offset);
  append(out, position.last.checksum);
  append(out, static_cast<std::uint8_t>(position.rebuild.phase));
  append(out, position.rebuild.clock.ms);
  if (position.rebuild.phase == RebuildPhase::kNone) return out;
  for (std::size_t i = 0; i < position.next_offsets.size(); ++i) {
    append(out, i < position.rebuild.targets.size() ? position.rebuild.targets[i] : 0);
  }
  return out;
}

std::optional<Position> decode_position(std::string_view bytes) {
  if (bytes.empty() || bytes.front() != kVersion) return std::nullopt;
  bytes.remove_prefix(1);
  Position p;
  std::uint32_t count = 0;
  if (!take(bytes, p.transaction_number) || !take(bytes, p.clock.ms) ||
      !take(bytes, p.saved_at.ms) || !take(bytes, p.compacted_next) || !take(bytes, count) ||
      bytes.size() < 2 * count * sizeof(std::int64_t)) {
    return std::nullopt;
  }
  p.next_offsets.resize(count);
  p.state_offsets.resize(count);
  for (auto* offsets : {&p.next_offsets, &p.state_offsets}) {
    for (auto& offset : *offsets) {
      if (!take(bytes, offset)) return std::nullopt;
    }
  }
  std::uint8_t phase = 0;
  if (!take(bytes, p.last.topic) || !take(bytes, p.last.offset) || !take(bytes, p.last.checksum) ||
      !take(bytes, phase) || phase > static_cast<std::uint8_t>(RebuildPhase::kEmitting) ||
      !take(bytes, p.rebuild.clock.ms)) {
    return std::nullopt;
  }
  p.rebuild.phase = static_cast<RebuildPhase>(phase);
  if (p.rebuild.phase != RebuildPhase::kNone) p.rebuild.targets.resize(count);
  for (auto& target : p.rebuild.targets) {
    if (!take(bytes, target)) return std::nullopt;
  }
  if (!bytes.empty()) return std::nullopt;
  return p;
}

std::uint64_t checksum_of(std::string_view key, std::string_view value) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const std::string_view part : {key, value}) {
    for (const char c : part) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3U;
  }
  return hash;
}

std::string encode_identity(const TaskSpec& spec, std::int32_t partition,
                            std::string_view cluster_id) {
  std::string out = "kronika-store 1\ncluster " + std::string(cluster_id) + "\ntask " + spec.name +
                    "\npartition " + std::to_string(partition) + "\ncompacted " +
                    spec.compacted_topic + "\ninputs";
  for (const auto& topic : spec.input_topics) out += " " + topic;
  return out + "\n";
}

}  // namespace kronika::bus
