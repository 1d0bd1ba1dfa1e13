// Published figures as the API's messages.
#pragma once

#include <kronika/domain/published_table.h>
#include <kronika/domain/standards.h>
#include <kronika/domain/table_maker.h>
#include <kronika/query/v1/query.pb.h>

namespace kronika::gateway {

void fill_figure(const domain::Figure& figure, query::v1::Figure& out);
void fill_standard(const domain::Standard& standard, query::v1::Standard& out);
/// Appends.
void fill_verdict(domain::StandardVerdict verdict, query::v1::IndicatorRow& out);
void fill_gap(const domain::Gap& gap, query::v1::Gap& out);
void fill_row(const domain::PublishedRow& row, query::v1::IndicatorRow& out);

}  // namespace kronika::gateway
