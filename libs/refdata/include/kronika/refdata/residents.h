// Reads the site's file of resident counts: CSV with a header row and the columns
//   municipality         four digits, in municipalities.csv
//   sex                  M or F
//   age_band             0-14, 15-17, 18-29, 30-44, 45-64, 65-74, 75-84, 85+
//   quarter              2025Q1
//   residents_first_day  persons, a whole number from 0
//   residents_last_day
// `kronika simulate --residents FILE` writes one that fits a simulated population.
//
//   auto residents = refdata::load_residents("var/residents.csv", *rules);
//   if (!residents) log_and_exit(residents.error().context);
//
// Called once at start, from any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <kronika/base/result.h>
#include <kronika/domain/residents.h>
#include <kronika/domain/rules.h>
#include <kronika/domain/table_maker.h>

namespace kronika::refdata {

/// Errors: kUnreadable, kInvalid (with "file:line: what is wrong, and what to write").
[[nodiscard]] Result<std::shared_ptr<const domain::Residents>> load_residents(
    const std::string& file, const domain::Rules& rules);

/// From the settings gateway.residents_file (empty: residents.csv in `data_dir`, if it is there)
/// and gateway.data_start (a civil date; empty: not said). Errors: as above, and kInvalid for a
/// date that is none.
[[nodiscard]] Result<domain::TableSettings> table_settings(const std::filesystem::path& residents,
                                                           const std::filesystem::path& data_dir,
                                                           const std::string& data_start,
                                                           const domain::Rules& rules);

}  // namespace kronika::refdata
