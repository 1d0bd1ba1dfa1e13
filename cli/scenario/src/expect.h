// Compares what a scenario expects with what the fold says.
#pragma once

#include "world.h"

#include <string>
#include <vector>

namespace kronika::scenario {

struct Findings {
  std::vector<std::string> problems;
  std::vector<std::string> unimplemented;
};

/// One entry of `checks`: persons and pathways, then indicators.
void compare_check(const YAML::Node& check, const Scenario& scenario, const File& file,
                   const World& world, Findings& findings);
/// One entry of `tables`.
void compare_table(const YAML::Node& table, Findings& findings);

/// One line of `indicators` (contributions.cc).
void compare_indicator(const YAML::Node& expected, const std::string& at, const Scenario& scenario,
                       const World& world, Instant as_of, Instant known_at, Findings& findings);

/// Whether a YAML scalar says the same as `actual`: numbers as numbers, else as text.
[[nodiscard]] bool same_value(const YAML::Node& expected, const std::string& actual);
[[nodiscard]] std::string number_text(double value);

}  // namespace kronika::scenario
