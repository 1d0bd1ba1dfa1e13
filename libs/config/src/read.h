// From the three places a value can stand to raw values with their origin, and from raw text to a
// Value.
#pragma once

#include "table.h"

#include <filesystem>
#include <string>
#include <vector>

#include <kronika/base/result.h>

namespace kronika::config {

/// A value as it was written.
struct Raw {
  std::string name;
  std::string text;               ///< of a scalar
  std::vector<std::string> list;  ///< of a list
  bool is_list = false;
  std::string origin;  ///< where, for errors and for `config print`
};

/// All settings in a YAML file, flattened to dotted names. Errors: config_file,
/// config_contradiction (a key twice).
[[nodiscard]] Result<std::vector<Raw>> read_file(const std::filesystem::path& file);

/// Checks type, limits and form. Errors: config_malformed, with the origin first.
[[nodiscard]] Result<Value> parse(const Row& row, const Raw& raw,
                                  const std::filesystem::path& home);

/// The value in force as text: paths absolute, bytes as a number, lists with commas.
[[nodiscard]] std::string value_text(const Row& row, const Value& value);

/// "; did you mean kafka.partitions?" or "".
[[nodiscard]] std::string suggestion(std::string_view unknown_name);

}  // namespace kronika::config
