// From changed cells to the rows of the tables that they stand in.
#pragma once

#include <string>
#include <vector>

#include <kronika/domain/indicators.h>
#include <kronika/domain/rules.h>
#include <kronika/verify/rule_change.h>

namespace kronika::verify {

/// The rows whose sums `difference` changes. `before`: all cells. `programmes`: their ids by the
/// number that both use; a number that `rules` does not know is one that the present rules alone
/// have.
[[nodiscard]] std::vector<RowChange> row_changes(const domain::Rules& rules,
                                                 const std::vector<std::string>& programmes,
                                                 const domain::CellDeltas& before,
                                                 const domain::CellDeltas& difference);

}  // namespace kronika::verify
