// Hooks a client up to the process's ClientWatch. Only for clients that are polled all the time:
// statistics of a client that nobody polls would pile up.
#pragma once

#include "client_conf.h"

#include <string_view>

#include <kronika/bus/client_watch.h>

namespace kronika::bus {

/// Asks for statistics; goes with watch_client().
inline constexpr const char* kStatsIntervalMs = "5000";
void add_statistics(Properties& own);
/// Errors too, where the client has no error callback of its own.
void watch_client(rd_kafka_conf_t* conf, bool errors);
/// For a client with an error callback of its own, and no probe.
void tell_error(rd_kafka_resp_err_t err);
/// ClientWatch::on_credentials().
void tell_credentials(const std::optional<std::string>& fault);

/// librdkafka's statistics (STATISTICS.md); nothing when the text is none.
[[nodiscard]] std::optional<ClientStats> parse_statistics(std::string_view json);
/// For a client with a statistics callback of its own: tells the watch, and returns whether a
/// broker has answered within the last seconds. "The end was seen" is no news where nobody answers.
bool take_statistics(std::string_view json);

}  // namespace kronika::bus
