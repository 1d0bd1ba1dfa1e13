// The topics: one list, from which creation, the topic check, the deployment manifests and the
// tests are fed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kronika::bus {

inline constexpr std::string_view kHenvisning = "henvisning";  ///< referrals
inline constexpr std::string_view kUdskrivning =
    "udskrivning";                                       ///< hospital stays and discharge reports
inline constexpr std::string_view kMaaling = "maaling";  ///< measurements, questionnaires
inline constexpr std::string_view kForloeb = "forloeb";  ///< pathway events
inline constexpr std::string_view kPerson =
    "person";  ///< death, residence, CPR replacement, attributes
inline constexpr std::string_view kFlytning =
    "flytning";  ///< events on their way to another person key (A16)
inline constexpr std::string_view kRapport =
    "rapport";  ///< reports by organisations; key = sender_org
inline constexpr std::string_view kCitizenState = "citizen-state";
inline constexpr std::string_view kStratification = "stratification";
inline constexpr std::string_view kIndicatorDelta = "indicator-delta";
inline constexpr std::string_view kIndicatorState = "indicator-state";
inline constexpr std::string_view kLedger = "ledger";
inline constexpr std::string_view kDeadLetter = "dead-letter";
inline constexpr std::string_view kRaw = "raw";
inline constexpr std::string_view kAudit = "audit";
inline constexpr std::string_view kPublikation = "publikation";

struct TopicDefinition {
  std::string_view name;
  bool co_partitioned;  ///< keyed by person_key with the deployment's partition count (A3)
  bool transactional;   ///< written inside transactions: markers take offsets
  std::vector<std::pair<std::string, std::string>> config;  ///< Kafka topic settings
};

/// Every topic, in a fixed order. Partition count and replication come from the settings; topics
/// that are not co-partitioned get the same count.
[[nodiscard]] std::span<const TopicDefinition> topic_definitions();

/// Whether transactions write the topic, so that markers take offsets and gaps between records are
/// normal.
[[nodiscard]] bool written_by_transactions(std::string_view topic);

}  // namespace kronika::bus
