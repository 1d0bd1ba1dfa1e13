// From our settings to a librdkafka client. Each kind of client states its guarantees here and
// nowhere else.
#pragma once

#include "handles.h"

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kronika/base/result.h>
#include <kronika/bus/options.h>

namespace kronika::bus {

using Properties = std::vector<std::pair<std::string, std::string>>;

/// Properties that ClientOptions::properties must not set, because they would break a guarantee.
[[nodiscard]] std::span<const std::string_view> refused_properties();

/// Common properties, then `own` over the user's. Errors: bus_config, naming the property.
[[nodiscard]] Result<RdConf> make_conf(const ClientOptions& options, const Properties& own);
/// Takes `conf`. Errors: bus_config.
[[nodiscard]] Result<RdClient> make_client(rd_kafka_type_t type, RdConf conf);

[[nodiscard]] Properties transactional_producer(const ClientOptions& options,
                                                std::string_view transactional_id,
                                                int transaction_timeout_ms);
[[nodiscard]] Properties idempotent_producer();
/// Reads committed records of partitions that are assigned by hand. `queue_kbytes` bounds what is
/// fetched ahead.
[[nodiscard]] Properties reader(std::string_view group, bool committed_only, int queue_kbytes);

}  // namespace kronika::bus
