#include "view_counts.h"

#include <charconv>

#include <google/protobuf/arena.h>

#include <kronika/state/v1/citizen.pb.h>

namespace kronika::gateway {
namespace {

constexpr std::string_view kStatePrefix = "PATHWAY_STATE_";

std::int64_t number(std::string_view text) {
  std::int64_t n = 0;
  std::from_chars(text.data(), text.data() + text.size(), n);
  return n;
}

}  // namespace

void count_state(std::string_view raw, int sign, ViewCounts& into) {
  google::protobuf::Arena arena;
  auto* record = google::protobuf::Arena::CreateMessage<state::v1::CitizenStateRecord>(&arena);
  if (!record->ParseFromArray(raw.data(), static_cast<int>(raw.size()))) return;
  if (record->canary() || !record->moved_to().empty()) return;
  into.citizens += sign;
  if (record->simulated()) into.simulated += sign;
  // The latest episode of each programme is its current pathway.
  std::map<std::string_view, const state::v1::PathwaySummary*> current;
  for (const state::v1::PathwaySummary& pathway : record->summary().pathways()) {
    const auto [at, first] = current.try_emplace(pathway.programme(), &pathway);
    if (!first && at->second->episode() < pathway.episode()) at->second = &pathway;
  }
  for (const auto& [programme, pathway] : current) {
    std::string_view state = state::v1::PathwayState_Name(pathway->state());
    if (state.starts_with(kStatePrefix)) state.remove_prefix(kStatePrefix.size());
    const auto key = std::make_pair(std::string(programme), std::string(state));
    if ((into.pathways[key] += sign) == 0) into.pathways.erase(key);
  }
}

// "citizens simulated\n", then "programme state count\n" lines: no name holds a space.
std::string encode_counts(const ViewCounts& counts) {
  std::string out = std::to_string(counts.citizens) + " " + std::to_string(counts.simulated) + "\n";
  for (const auto& [key, count] : counts.pathways) {
    out += key.first + " " + key.second + " " + std::to_string(count) + "\n";
  }
  return out;
}

ViewCounts decode_counts(std::string_view raw) {
  ViewCounts counts;
  bool first = true;
  while (!raw.empty()) {
    const std::size_t end = raw.find('\n');
    const std::string_view line = raw.substr(0, end);
    raw.remove_prefix(end == std::string_view::npos ? raw.size() : end + 1);
    const std::size_t a = line.find(' ');
    const std::size_t b = line.rfind(' ');
    if (a == std::string_view::npos) continue;
    if (first) {
      counts.citizens = number(line.substr(0, a));
      counts.simulated = number(line.substr(a + 1));
      first = false;
      continue;
    }
    counts.pathways[{std::string(line.substr(0, a)), std::string(line.substr(a + 1, b - a - 1))}] =
        number(line.substr(b + 1));
  }
  return counts;
}

}  // namespace kronika::gateway
