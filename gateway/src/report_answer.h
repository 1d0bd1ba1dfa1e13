// Folded reports as the API's messages. Pure; thread: any.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <kronika/domain/reporting.h>
#include <kronika/query/v1/query.pb.h>

namespace kronika::gateway {

/// What every annual documentation says of its own figures (PERSP).
inline constexpr std::string_view kSpendNotice =
    "Spend is shown as each document states it, neither added up across documents nor reconciled. "
    "Nothing here says that it was well spent: no cost-effectiveness is claimed.";
/// Refused records listed in an answer, at most; the count is of all.
inline constexpr std::size_t kMostRefused = 100;

void fill_basis(const domain::Rules& rules, const domain::Reporting& reporting,
                const domain::Visibility& visibility, query::v1::ReportBasis& out);
/// Those named by the answer, by SOR id, as valid on `date`.
void fill_organisations(const domain::Rules& rules, std::span<const std::string> sor_ids,
                        domain::CivilDate date,
                        google::protobuf::RepeatedPtrField<query::v1::Organisation>& out);
void fill_goal(const domain::GoalRow& row, query::v1::Goal& out);
void fill_area(const domain::GoalArea& area, std::span<const domain::GoalRow> rows,
               query::v1::GoalArea& out);
/// `reports`: those of one organisation and year, not empty.
void fill_year(std::span<const domain::AnnualReport> reports, query::v1::OrganisationYear& out);

}  // namespace kronika::gateway
