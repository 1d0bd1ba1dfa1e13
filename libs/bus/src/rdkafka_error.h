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

/// For transactional calls the flags decide first: fatal = this producer is finished (kFenced: a
/// new one, rejoin), abort = kAbortable, retriable = kTransient; none of them = `otherwise`.
[[nodiscard]] Errc errc_of(const rd_kafka_error_t& error, Errc otherwise);
[[nodiscard]] Error error_of(const rd_kafka_error_t& error, Errc otherwise, std::string_view doing);

}  // namespace kronika::bus
