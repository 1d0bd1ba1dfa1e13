// What stands on topics of a test's broker, from the beginning to where they end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <kronika/bus/log_reader.h>
#include <kronika/config/settings.h>
#include <kronika/edge/setup.h>

namespace kronika::test_support {

struct Stored {
  std::string topic, key, value;
  std::int32_t partition;
  std::int64_t offset;
};

inline std::vector<Stored> content_of(const config::Settings& settings,
                                      const std::vector<std::string_view>& topics) {
  auto reader = bus::LogReader::open(edge::client_options(settings, "kronika-test"));
  EXPECT_TRUE(reader.has_value());
  std::vector<bus::PartitionOffset> from;
  for (const auto topic : topics) {
    for (std::int32_t p = 0; p < settings.kafka.partitions; ++p) {
      from.push_back({std::string(topic), p, bus::LogReader::kBeginning});
    }
  }
  const auto ends = (*reader)->ends(from);
  EXPECT_TRUE(ends.has_value());
  EXPECT_TRUE((*reader)->assign(from).has_value());
  std::vector<Stored> found;
  const auto read = (*reader)->read_to(*ends, [&](const bus::Record& r) -> Result<void> {
    found.push_back(
        {std::string(r.topic), std::string(r.key), std::string(r.value), r.partition, r.offset});
    return {};
  });
  EXPECT_TRUE(read.has_value());
  return found;
}

}  // namespace kronika::test_support
