// What is otherwise between two records of citizen-state of one citizen, in the words of their
// summaries, which name programmes, codes and rule sets and so need no rules to be read.
#pragma once

#include <string>
#include <vector>

#include <kronika/state/v1/citizen.pb.h>
#include <kronika/verify/rule_change.h>

namespace kronika::verify {

/// Each change once. The citizen's contributions are left to the caller: they are numbered.
[[nodiscard]] std::vector<Change> changes_between(const state::v1::CitizenStateRecord& before,
                                                  const state::v1::CitizenStateRecord& after);

}  // namespace kronika::verify
