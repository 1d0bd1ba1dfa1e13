// How a citizen is named on the command line, in requests.
#pragma once

#include "commands.h"

#include <string>

#include <kronika/query/v1/query.pb.h>

namespace kronika::cli {

/// A sentence where not exactly one way of naming is given, or it cannot be read.
[[nodiscard]] std::string fill_citizen(const CitizenOptions& options, query::v1::CitizenName& name);

}  // namespace kronika::cli
