// Creates the topics and checks those that exist (architecture A3: one partition count for all).
// Thread-safe; each call uses a client of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/base/result.h>
#include <kronika/bus/options.h>

namespace kronika::bus {

struct TopicSettings {
  std::int32_t partitions = 6;
  std::int32_t replication = 1;
  std::int32_t min_insync_replicas = 1;
  std::chrono::milliseconds timeout{30'000};
  /// Instead of the days of topic_definitions().
  std::map<std::string_view, std::int32_t> retention_days{};
};

struct TopicsReport {
  std::vector<std::string> created;
  std::vector<std::string> altered;  ///< topics whose retention was brought to the settings'
  /// Sentences about settings that differ from ours; harmless ones do not fail the check.
  std::vector<std::string> differences;
};

/// Creates what is missing, brings the retention of TopicSettings::retention_days to topics that
/// exist, then checks all. Errors: bus_topic_mismatch (a wrong partition count or
/// a setting that would lose or reorder data: cleanup.policy, retention of the system of record),
/// bus_timed_out, bus_config.
[[nodiscard]] Result<TopicsReport> ensure_topics(const ClientOptions& client,
                                                 const TopicSettings& settings);
/// The check alone.
[[nodiscard]] Result<TopicsReport> check_topics(const ClientOptions& client,
                                                const TopicSettings& settings);

}  // namespace kronika::bus
