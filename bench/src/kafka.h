// librdkafka as the pass-through uses it: handles that clean up, and clients set up like those of
// libs/bus, but without any of its code between us and the library. Faults end the program.
#pragma once

#include "commands.h"

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>

namespace kronika::bench {

template <auto F>
struct CDelete {
  template <class T>
  void operator()(T* p) const noexcept {
    F(p);
  }
};
using Client = std::unique_ptr<rd_kafka_t, CDelete<rd_kafka_destroy>>;
using Topic = std::unique_ptr<rd_kafka_topic_t, CDelete<rd_kafka_topic_destroy>>;
using Partitions = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                   CDelete<rd_kafka_topic_partition_list_destroy>>;
using Message = std::unique_ptr<rd_kafka_message_t, CDelete<rd_kafka_message_destroy>>;
using GroupMetadata = std::unique_ptr<rd_kafka_consumer_group_metadata_t,
                                      CDelete<rd_kafka_consumer_group_metadata_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, CDelete<rd_kafka_queue_destroy>>;

/// The topics that carry citizens' events.
inline constexpr std::string_view kEventTopics[] = {"henvisning", "udskrivning", "maaling",
                                                    "forloeb", "person"};
/// What the citizen consumer writes.
inline constexpr std::string_view kOutputTopics[] = {
    "citizen-state", "stratification", "indicator-delta", "flytning", "ledger", "dead-letter"};

Client make_client(rd_kafka_type_t type, const KafkaPlace& kafka,
                   std::initializer_list<std::pair<const char*, std::string>> properties);
/// A consumer as libs/bus sets its own; nothing is assigned yet.
Client make_consumer(const KafkaPlace& kafka, const std::string& group);
Client make_transactional_producer(const KafkaPlace& kafka, const std::string& id);

/// Every partition of `topics` under the prefix, from the beginning.
Partitions all_partitions(const KafkaPlace& kafka, const std::vector<std::string_view>& topics);
/// Sum of the high watermarks.
std::int64_t end_of(rd_kafka_t* client, const rd_kafka_topic_partition_list_t& partitions);

void check(rd_kafka_resp_err_t err, std::string_view doing);
void check(rd_kafka_error_t* error, std::string_view doing);

}  // namespace kronika::bench
