#include <kronika/verify/log_source.h>

namespace kronika::verify {
namespace {

class KafkaSource final : public LogSource {
 public:
  explicit KafkaSource(std::unique_ptr<bus::LogReader> reader) : reader_(std::move(reader)) {}

  Result<std::int32_t> partitions(const std::string& topic) override {
    return reader_->partition_count(topic);
  }

  Result<std::int64_t> read(const std::string& topic, std::int32_t partition,
                            const Visit& visit) override {
    const std::vector<bus::PartitionOffset> at{{topic, partition, bus::LogReader::kBeginning}};
    const auto ends = reader_->ends(at);
    if (!ends) return tl::unexpected(ends.error());
    if (auto ok = reader_->assign(at); !ok) return tl::unexpected(ok.error());
    if (auto ok = reader_->read_to(*ends, visit); !ok) return tl::unexpected(ok.error());
    return reader_->position(0);
  }

  Result<void> read_to(const std::string& topic, std::int32_t partition, std::int64_t end,
                       const Visit& visit) override {
    if (end <= 0) return {};
    if (auto ok = reader_->assign({{topic, partition, bus::LogReader::kBeginning}}); !ok) return ok;
    return reader_->read_to({{topic, partition, end}},
                            [&](const bus::Record& record) -> Result<void> {
                              return record.offset < end ? visit(record) : Result<void>();
                            });
  }

 private:
  std::unique_ptr<bus::LogReader> reader_;
};

}  // namespace

Result<std::unique_ptr<LogSource>> open_kafka_source(const bus::ClientOptions& client) {
  auto reader = bus::LogReader::open(client, {.group = "kronika-verify"});
  if (!reader) return tl::unexpected(reader.error());
  return std::make_unique<KafkaSource>(std::move(*reader));
}

}  // namespace kronika::verify
