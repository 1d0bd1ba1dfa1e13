// The log of a TaskTestDriver, as `kronika verify` reads it.
#pragma once

#include <string>
#include <vector>

#include <kronika/bus/memory_log.h>
#include <kronika/verify/log_source.h>

namespace kronika::test_support {

class MemorySource final : public verify::LogSource {
 public:
  explicit MemorySource(const bus::MemoryLog& log) : log_(log) {}
  Result<std::int32_t> partitions(const std::string&) override { return log_.partitions(); }
  Result<std::int64_t> read(const std::string& topic, std::int32_t partition,
                            const Visit& visit) override {
    const std::int64_t end = log_.end(topic, partition);
    if (auto r = read_to(topic, partition, end, visit); !r) return tl::unexpected(r.error());
    return end;
  }
  Result<void> read_to(const std::string& topic, std::int32_t partition, std::int64_t end,
                       const Visit& visit) override {
    for (const auto& stored : log_.read(topic, partition)) {
      if (stored.offset >= end) break;
      std::vector<bus::Header> headers;
      for (const auto& [key, value] : stored.headers) headers.push_back({key, value});
      bus::Record record;
      record.topic = topic;
      record.partition = partition;
      record.offset = stored.offset;
      record.timestamp = stored.timestamp;
      record.key = stored.key;
      if (stored.value) record.value = *stored.value;
      record.tombstone = !stored.value;
      record.headers = headers;
      if (auto r = visit(record); !r) return r;
    }
    return {};
  }

 private:
  const bus::MemoryLog& log_;
};

}  // namespace kronika::test_support
