// Reads data/reference/*.csv and an organisation register into domain::Rules, and refuses to start
// on the first mistake: an unknown code, a duplicate, an overlap of validity, a malformed number, a
// branch that can never be reached. The error names file and line.
//
//   auto rules = refdata::load("data/reference", "data/reference/organisations.csv", 1);
//   if (!rules) log_and_exit(rules.error().context);
//
// Called once at start, from any thread; the result is immutable and shared.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <kronika/base/result.h>
#include <kronika/domain/rules.h>

namespace kronika::refdata {

/// `ordinal` is the operator's number of the rule generation (architecture A8): raise it with every
/// change of the files. The generation's hash covers the bytes of every file that the fold reads
/// and the fold's revision. Errors: kUnreadable (a file is missing), kInvalid (with "file:line:
/// what is wrong").
[[nodiscard]] Result<std::shared_ptr<const domain::Rules>> load(
    const std::string& folder, const std::string& organisations_file, std::uint32_t ordinal);

}  // namespace kronika::refdata
