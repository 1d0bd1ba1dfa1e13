// One reader a table. Each fills its part of Rules and checks it against what was read before it,
// in the order in which they stand here.
#pragma once

#include "csv.h"

#include <functional>
#include <string>
#include <vector>

#include <kronika/domain/rules.h>

namespace kronika::refdata {

void read_regions(const Table& table, domain::Rules& rules);
void read_municipalities(const Table& table, domain::Rules& rules);
void read_organisations(const Table& table, domain::Rules& rules);
void read_programmes(const Table& table, domain::Rules& rules);
void read_diagnoses(const Table& table, domain::Rules& rules);
void read_measurements(const Table& table, domain::Rules& rules);
void read_measurement_values(const Table& table, domain::Rules& rules);
void read_rule_sets(const Table& table, domain::Rules& rules);
void read_rule_inputs(const Table& table, domain::Rules& rules);
void read_rule_branches(const Table& table, domain::Rules& rules);
void read_interventions(const Table& table, domain::Rules& rules);
void read_stop_reasons(const Table& table, domain::Rules& rules);
void read_education(const Table& table, domain::Rules& rules);
void read_admission_sets(const Table& table, domain::Rules& rules);
/// Not used by the fold.
void read_standards(const Table& table, domain::Rules& rules);
/// Not used by the fold; checked all the same, because a mistake there shows much later.
void check_clusters(const Table& table, const domain::Rules& rules);
void check_kl_codes(const Table& table);

/// Columns that each reader asks for.
[[nodiscard]] const std::vector<std::string_view>& columns_of(std::string_view file);

/// Validities of one thing must not overlap.
[[nodiscard]] inline bool overlap(const domain::Validity& a, const domain::Validity& b) {
  return a.from <= b.to && b.from <= a.to;
}

}  // namespace kronika::refdata
