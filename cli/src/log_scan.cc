#include "log_scan.h"

namespace kronika::cli {
namespace {

Result<std::vector<bus::PartitionOffset>> partitions_of(bus::LogReader& reader,
                                                        const std::vector<std::string>& topics) {
  std::vector<bus::PartitionOffset> all;
  for (const std::string& topic : topics) {
    const auto count = reader.partition_count(topic);
    if (!count) return tl::unexpected(count.error());
    for (std::int32_t p = 0; p < *count; ++p) all.push_back({topic, p, bus::LogReader::kBeginning});
  }
  return all;
}

}  // namespace

Result<void> scan_topics(const Context& context, const std::vector<std::string>& topics,
                         const bus::LogReader::Visit& visit) {
  auto reader = bus::LogReader::open(client_options(context));
  if (!reader) return tl::unexpected(reader.error());
  const auto partitions = partitions_of(**reader, topics);
  if (!partitions) return tl::unexpected(partitions.error());
  const auto ends = (*reader)->ends(*partitions);
  if (!ends) return tl::unexpected(ends.error());
  if (auto ok = (*reader)->assign(*partitions); !ok) return ok;
  return (*reader)->read_to(*ends, visit);
}

Result<std::int64_t> topic_size(const Context& context, const std::string& topic) {
  auto reader = bus::LogReader::open(client_options(context));
  if (!reader) return tl::unexpected(reader.error());
  const auto partitions = partitions_of(**reader, {topic});
  if (!partitions) return tl::unexpected(partitions.error());
  const auto ends = (*reader)->ends(*partitions);
  if (!ends) return tl::unexpected(ends.error());
  const auto begins = (*reader)->beginnings(*partitions);
  if (!begins) return tl::unexpected(begins.error());
  std::int64_t size = 0;
  for (std::size_t i = 0; i < ends->size(); ++i) size += (*ends)[i].offset - (*begins)[i].offset;
  return size;
}

}  // namespace kronika::cli
