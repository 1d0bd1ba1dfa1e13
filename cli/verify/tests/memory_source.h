// The log of a FakePlatform, as verify reads it.
#pragma once

#include "fake_platform.h"

#include <string>
#include <vector>

#include <kronika/verify/log_source.h>

namespace kronika::verify {

class MemorySource final : public LogSource {
 public:
  explicit MemorySource(testing::FakePlatform& platform) : platform_(platform) {}
  Result<std::int32_t> partitions(const std::string&) override {
    return testing::FakePlatform::kPartitions;
  }
  Result<std::int64_t> read(const std::string& topic, std::int32_t partition,
                            const Visit& visit) override {
    const auto& records = platform_.log(topic, partition);
    const std::int64_t end = records.empty() ? 0 : records.back().offset + 1;
    if (auto ok = read_to(topic, partition, end, visit); !ok) return tl::unexpected(ok.error());
    return end;
  }
  Result<void> read_to(const std::string& topic, std::int32_t partition, std::int64_t end,
                       const Visit& visit) override {
    for (const testing::LogRecord& kept : platform_.log(topic, partition)) {
      if (kept.offset >= end) break;
      std::vector<bus::Header> headers;
      for (const auto& [key, value] : kept.headers) headers.push_back({key, value});
      bus::Record record;
      record.topic = topic;
      record.partition = partition;
      record.offset = kept.offset;
      record.timestamp = kept.timestamp;
      record.key = kept.key;
      record.value = kept.value;
      record.tombstone = kept.tombstone;
      record.headers = headers;
      if (auto ok = visit(record); !ok) return ok;
    }
    return {};
  }

 private:
  testing::FakePlatform& platform_;
};

}  // namespace kronika::verify
