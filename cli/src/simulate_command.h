// kronika simulate: a population of invented people, published or written as lines of native JSON.
#pragma once

#include "context.h"

#include <cstdint>
#include <optional>
#include <string>

namespace kronika::cli {

struct SimulateOptions {
  std::optional<std::int32_t> citizens;  ///< default sim.citizens
  std::optional<std::int32_t> months;
  std::optional<std::uint64_t> seed;
  bool publish = false;
  std::string out;        ///< file for NDJSON; "-" standard output
  std::string residents;  ///< file for the resident counts that fit; may be all that is asked for
};
int simulate(const Context& context, const SimulateOptions& options);

}  // namespace kronika::cli
