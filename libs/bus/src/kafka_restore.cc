#include "kafka_restore.h"

#include "rdkafka_error.h"

namespace kronika::bus {
namespace {

using namespace std::chrono_literals;
constexpr int kCommittedTimeoutMs = 10'000;
constexpr auto kFirstWait = 100ms;
// A second's work (client_conf.cc, reader): with less, the reading stops for the rest of each.
constexpr int kQueueKbytes = 64 << 10;

}  // namespace

Result<LogReader*> KafkaRestoreSource::reader() {
  if (!reader_) {
    // The group is only named, never joined; our own is the one that our ACLs allow.
    auto opened =
        LogReader::open(client_, {.group = "kronika-" + spec_.name, .queue_kbytes = kQueueKbytes});
    if (!opened) return tl::unexpected(opened.error());
    reader_ = std::move(*opened);
  }
  return reader_.get();
}

Result<std::vector<std::optional<std::int64_t>>> KafkaRestoreSource::committed(
    std::int32_t partition) {
  const auto list = new_partitions(static_cast<int>(spec_.input_topics.size()));
  for (const auto& topic : spec_.input_topics) {
    rd_kafka_topic_partition_list_add(list.get(), (client_.prefix + topic).c_str(), partition);
  }
  const auto err = rd_kafka_committed(consumer_, list.get(), kCommittedTimeoutMs);
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return tl::unexpected(error_of(err, "reading committed offsets",
                                   client_.prefix + "kronika-" + spec_.name, "Read"));
  }
  std::vector<std::optional<std::int64_t>> out;
  for (int i = 0; i < list->cnt; ++i) {
    const auto& found = list->elems[i];
    if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return tl::unexpected(
          error_of(found.err, "reading committed offsets", found.topic, "Describe"));
    }
    out.push_back(found.offset >= 0 ? std::optional(found.offset) : std::nullopt);
  }
  return out;
}

Result<RestoreSource::Ends> KafkaRestoreSource::ends(std::string_view topic,
                                                     std::int32_t partition) {
  auto r = reader();
  if (!r) return tl::unexpected(r.error());
  const std::vector<PartitionOffset> one{{std::string(topic), partition, 0}};
  const auto high = (*r)->ends(one);
  if (!high) return tl::unexpected(high.error());
  const auto low = (*r)->beginnings(one);
  if (!low) return tl::unexpected(low.error());
  return Ends{low->front().offset, high->front().offset};
}

Result<std::int32_t> KafkaRestoreSource::partitions(std::string_view topic) {
  auto r = reader();
  if (!r) return tl::unexpected(r.error());
  return (*r)->partition_count(std::string(topic));
}

Result<void> KafkaRestoreSource::open(std::string_view topic, std::int32_t partition,
                                      std::int64_t from) {
  auto r = reader();
  if (!r) return tl::unexpected(r.error());
  return (*r)->assign({{std::string(topic), partition, from}});
}

Result<RestoreSource::Reached> KafkaRestoreSource::read(std::size_t limit, const Visit& visit) {
  auto r = reader();
  if (!r) return tl::unexpected(r.error());
  // The first record may take a round trip; after it only what is here already.
  auto wait = kFirstWait;
  for (std::size_t i = 0; i < limit; ++i) {
    const auto met = (*r)->poll(wait, visit);
    if (!met) return tl::unexpected(met.error());
    if (*met != LogReader::Met::kRecord) break;
    wait = 0ms;
  }
  return Reached{(*r)->position(0), (*r)->at_end(0)};
}

void KafkaRestoreSource::close() {
  // A reader without partitions fetches nothing; the next open() assigns anew.
  if (reader_) {
    if (auto r = reader_->assign({}); !r) reader_.reset();
  }
}

}  // namespace kronika::bus
