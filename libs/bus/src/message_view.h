// A consumed message as a Record, without copying. The views live as long as the message.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include <librdkafka/rdkafka.h>

#include <kronika/bus/task.h>

namespace kronika::bus {

/// `headers` is the caller's, reused from message to message.
inline Record view_of(const rd_kafka_message_t& message, std::string_view topic, int topic_index,
                      std::vector<Header>& headers) {
  Record r;
  r.topic = topic;
  r.topic_index = topic_index;
  r.partition = message.partition;
  r.offset = message.offset;
  r.timestamp.ms = rd_kafka_message_timestamp(&message, nullptr);
  r.key = {static_cast<const char*>(message.key), message.key_len};
  r.value = {static_cast<const char*>(message.payload), message.len};
  r.tombstone = message.payload == nullptr;
  headers.clear();
  rd_kafka_headers_t* found = nullptr;
  if (rd_kafka_message_headers(&message, &found) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(found, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      headers.push_back({name, {static_cast<const char*>(value), size}});
    }
  }
  r.headers = headers;
  return r;
}

/// A copy for the producer; null when there are none.
inline rd_kafka_headers_t* copy_headers(std::span<const Header> headers) {
  if (headers.empty()) return nullptr;
  rd_kafka_headers_t* out = rd_kafka_headers_new(headers.size());
  for (const Header& h : headers) {
    rd_kafka_header_add(out, h.key.data(), static_cast<ssize_t>(h.key.size()), h.value.data(),
                        static_cast<ssize_t>(h.value.size()));
  }
  return out;
}

}  // namespace kronika::bus
