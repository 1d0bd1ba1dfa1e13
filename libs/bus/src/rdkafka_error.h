// The one place where librdkafka's errors become ours.
#pragma once

#include "handles.h"

#include <string>
#include <string_view>

#include <librdkafka/rdkafka.h>

#include <kronika/base/result.h>
#include <kronika/bus/errc.h>

namespace kronika::bus {

/// By code alone, for calls that give nothing more.
[[nodiscard]] Errc errc_of(rd_kafka_resp_err_t err);
[[nodiscard]] Error error_of(rd_kafka_resp_err_t err, std::string_view doing);

/// What the process's Kafka user was refused, as one sentence that names the ACL; empty where `err`
/// is no refusal. `resource` is the topic, group or transactional id, where the caller knows it;
/// `operation` is what was done to it, "Read" or "Write".
[[nodiscard]] std::string missing_acl(rd_kafka_resp_err_t err, std::string_view resource,
                                      std::string_view operation);
/// As error_of(), and where it is a refusal, the sentence of missing_acl() in its place.
[[nodiscard]] Error error_of(rd_kafka_resp_err_t err, std::string_view doing,
                             std::string_view resource, std::string_view operation);

/// For transactional calls the flags decide first: fatal = this producer is finished (kFenced: a
/// new one, rejoin), abort = kAbortable, retriable = kTransient; none of them = `otherwise`.
[[nodiscard]] Errc errc_of(const rd_kafka_error_t& error, Errc otherwise);
[[nodiscard]] Error error_of(const rd_kafka_error_t& error, Errc otherwise, std::string_view doing);

}  // namespace kronika::bus
