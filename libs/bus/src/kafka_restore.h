// RestoreSource over Kafka: a LogReader for the records, and the session's group for the committed
// offsets.
#pragma once

#include "handles.h"
#include "task_restore.h"

#include <string>
#include <vector>

#include <kronika/bus/log_reader.h>

namespace kronika::bus {

class KafkaRestoreSource final : public RestoreSource {
 public:
  /// `consumer` is the group's, read_committed, so that the offsets it is told are stable.
  KafkaRestoreSource(const TaskSpec& spec, ClientOptions client, rd_kafka_t* consumer)
      : spec_(spec), client_(std::move(client)), consumer_(consumer) {}

  Result<std::vector<std::optional<std::int64_t>>> committed(std::int32_t partition) override;
  Result<Ends> ends(std::string_view topic, std::int32_t partition) override;
  Result<std::int32_t> partitions(std::string_view topic) override;
  Result<void> open(std::string_view topic, std::int32_t partition, std::int64_t from) override;
  Result<Reached> read(std::size_t limit, const Visit& visit) override;
  void close() override;

 private:
  [[nodiscard]] Result<LogReader*> reader();

  const TaskSpec& spec_;
  const ClientOptions client_;
  rd_kafka_t* consumer_;
  std::unique_ptr<LogReader> reader_;  ///< made when first needed
};

}  // namespace kronika::bus
