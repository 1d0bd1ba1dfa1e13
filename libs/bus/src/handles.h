// Owners of librdkafka's objects: one pointer wide, destroyed by the right function. No naked
// _destroy elsewhere.
#pragma once

#include <memory>

#include <librdkafka/rdkafka.h>

namespace kronika::bus {

template <auto F>
struct CDelete {
  template <class T>
  void operator()(T* p) const noexcept {
    F(p);
  }
};
template <class T, auto F>
using Handle = std::unique_ptr<T, CDelete<F>>;

using RdError = Handle<rd_kafka_error_t, rd_kafka_error_destroy>;
using RdConf = Handle<rd_kafka_conf_t, rd_kafka_conf_destroy>;
using RdTopicConf = Handle<rd_kafka_topic_conf_t, rd_kafka_topic_conf_destroy>;
using RdTopic = Handle<rd_kafka_topic_t, rd_kafka_topic_destroy>;
using RdMessage = Handle<rd_kafka_message_t, rd_kafka_message_destroy>;
using RdPartitions = Handle<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;
using RdGroupMetadata =
    Handle<rd_kafka_consumer_group_metadata_t, rd_kafka_consumer_group_metadata_destroy>;
using RdQueue = Handle<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using RdEvent = Handle<rd_kafka_event_t, rd_kafka_event_destroy>;
using RdNewTopic = Handle<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;
using RdConfigResource = Handle<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>;
using RdHeaders = Handle<rd_kafka_headers_t, rd_kafka_headers_destroy>;
using RdMetadata = Handle<const rd_kafka_metadata_t, rd_kafka_metadata_destroy>;

/// The client itself. A consumer is closed by its owner first: destroying must not wait for the
/// group.
inline void destroy_client(rd_kafka_t* rk) {
  rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}
using RdClient = Handle<rd_kafka_t, destroy_client>;

inline RdPartitions new_partitions(int size_hint) {
  return RdPartitions(rd_kafka_topic_partition_list_new(size_hint));
}

}  // namespace kronika::bus
