#include <algorithm>

#include <kronika/bus/topics.h>

namespace kronika::bus {
namespace {

using Config = std::vector<std::pair<std::string, std::string>>;

// operations.md section 5. Instants and durations in milliseconds.
const Config& kept_for_ever() {
  static const Config config{
      {"cleanup.policy", "delete"}, {"retention.ms", "-1"}, {"retention.bytes", "-1"}};
  return config;
}
const Config& compacted() {
  static const Config config{{"cleanup.policy", "compact"},
                             {"min.cleanable.dirty.ratio", "0.1"},
                             {"segment.ms", "86400000"},
                             {"delete.retention.ms", "604800000"}};
  return config;
}
Config kept_days(int days) {
  return {{"cleanup.policy", "delete"}, {"retention.ms", std::to_string(days * 86'400'000LL)}};
}
Config dead_letters() {
  Config config = kept_days(30);
  config.emplace_back("max.message.bytes", "8388608");  // the largest raw message and its headers
  return config;
}

}  // namespace

std::span<const TopicDefinition> topic_definitions() {
  static const std::vector<TopicDefinition> definitions{
      {kHenvisning, true, false, kept_for_ever()},  {kUdskrivning, true, false, kept_for_ever()},
      {kMaaling, true, false, kept_for_ever()},     {kForloeb, true, false, kept_for_ever()},
      {kPerson, true, false, kept_for_ever()},      {kFlytning, true, true, kept_for_ever()},
      {kRapport, false, false, kept_for_ever()},    {kCitizenState, true, true, compacted()},
      {kStratification, true, true, kept_days(90)}, {kIndicatorDelta, false, true, kept_days(90)},
      {kIndicatorState, false, true, compacted()},  {kLedger, false, true, kept_days(400)},
      {kDeadLetter, false, true, dead_letters()},   {kRaw, false, false, dead_letters()},
      {kAudit, false, false, kept_days(400)},       {kPublikation, false, true, kept_for_ever()},
  };
  return definitions;
}

bool written_by_transactions(std::string_view topic) {
  const auto all = topic_definitions();
  const auto it = std::find_if(all.begin(), all.end(),
                               [&](const TopicDefinition& d) { return d.name == topic; });
  return it != all.end() && it->transactional;
}

}  // namespace kronika::bus
