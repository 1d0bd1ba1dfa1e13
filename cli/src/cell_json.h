// A stored cell of the indicators as JSON: its key in words, and its exact value.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include <kronika/domain/indicators.h>
#include <kronika/domain/rules.h>

namespace kronika::cli {

/// Empty where the cell names no programme.
[[nodiscard]] std::string programme_of(const domain::Rules& rules, const domain::CellKey& key);
/// `programme`: programme_of(), or what other rules call it.
[[nodiscard]] nlohmann::json json_of(const domain::Rules& rules, const domain::CellKey& key,
                                     const std::string& programme);
[[nodiscard]] nlohmann::json json_of(const domain::CellValue& value);

}  // namespace kronika::cli
