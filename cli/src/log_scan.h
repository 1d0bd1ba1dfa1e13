// Reads whole topics up to where they end now.
#pragma once

#include "context.h"

#include <string>
#include <vector>

#include <kronika/bus/log_reader.h>

namespace kronika::cli {

/// Hands over every committed record of the topics. Errors: bus_*.
[[nodiscard]] Result<void> scan_topics(const Context& context,
                                       const std::vector<std::string>& topics,
                                       const bus::LogReader::Visit& visit);
/// How many offsets the topic has in use, all partitions together.
[[nodiscard]] Result<std::int64_t> topic_size(const Context& context, const std::string& topic);

}  // namespace kronika::cli
