// kronika publish: hands files to producers/publisher.
#pragma once

#include "context.h"

#include <string>
#include <vector>

namespace kronika::cli {

int publish(const Context& context, const std::vector<std::string>& paths, bool strict);

}  // namespace kronika::cli
