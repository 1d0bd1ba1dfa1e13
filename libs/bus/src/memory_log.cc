#include <kronika/bus/memory_log.h>

namespace kronika::bus {

std::optional<std::string_view> StoredRecord::header(std::string_view name) const {
  for (const auto& [header_key, found] : headers) {
    if (header_key == name) return found;
  }
  return std::nullopt;
}

std::int64_t MemoryLog::append(std::string_view topic, std::int32_t partition,
                               StoredRecord record) {
  auto& all = topics_[std::string(topic)];
  all.resize(static_cast<std::size_t>(partitions_));
  Partition& p = all.at(static_cast<std::size_t>(partition));
  record.offset = p.end++;
  p.records.push_back(std::move(record));
  return p.end - 1;
}

void MemoryLog::append_marker(std::string_view topic, std::int32_t partition) {
  auto& all = topics_[std::string(topic)];
  all.resize(static_cast<std::size_t>(partitions_));
  ++all.at(static_cast<std::size_t>(partition)).end;
}

void MemoryLog::recreate(std::string_view topic) {
  if (const auto it = topics_.find(topic); it != topics_.end()) topics_.erase(it);
  std::erase_if(committed, [&](const auto& entry) { return std::get<1>(entry.first) == topic; });
}

const std::vector<StoredRecord>& MemoryLog::read(std::string_view topic,
                                                 std::int32_t partition) const {
  static const std::vector<StoredRecord> kNone;
  const auto it = topics_.find(topic);
  return it == topics_.end() ? kNone : it->second.at(static_cast<std::size_t>(partition)).records;
}

std::vector<StoredRecord> MemoryLog::read(std::string_view topic) const {
  std::vector<StoredRecord> all;
  for (std::int32_t p = 0; p < partitions_; ++p) {
    const auto& records = read(topic, p);
    all.insert(all.end(), records.begin(), records.end());
  }
  return all;
}

std::map<std::string, std::string> MemoryLog::compacted(std::string_view topic) const {
  std::map<std::string, std::string> last;
  for (const StoredRecord& record : read(topic)) {
    if (record.value) {
      last[record.key] = *record.value;
    } else {
      last.erase(record.key);
    }
  }
  return last;
}

std::int64_t MemoryLog::end(std::string_view topic, std::int32_t partition) const {
  const auto it = topics_.find(topic);
  return it == topics_.end() ? 0 : it->second.at(static_cast<std::size_t>(partition)).end;
}

}  // namespace kronika::bus
