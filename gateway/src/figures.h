// Published figures as the API's messages.
#pragma once

#include <kronika/domain/published_table.h>
#include <kronika/query/v1/query.pb.h>

namespace kronika::gateway {

void fill_figure(const domain::Figure& figure, query::v1::Figure& out);
void fill_row(const domain::PublishedRow& row, query::v1::IndicatorRow& out);

}  // namespace kronika::gateway
