// Published figures as a person reads them.
#pragma once

#include <string>

#include <kronika/query/v1/query.pb.h>

namespace kronika::cli {

struct Context;

/// "1,234"; "*" where suppressed (small, or hidden to protect a small one); "-" where there is
/// none.
[[nodiscard]] std::string text_of(const query::v1::Figure& figure);
[[nodiscard]] std::string percent(const query::v1::Rate& rate);
[[nodiscard]] std::string number(const query::v1::Rate& rate);
/// A share in percent, another rate as it is ("3.4" per 1000).
[[nodiscard]] std::string rate_text(const query::v1::Rate& rate, std::int32_t rate_per);
/// A difference with its sign.
[[nodiscard]] std::string difference(const query::v1::Rate& rate);
/// "met", "not met", "*", "-".
[[nodiscard]] std::string text_of(query::v1::Verdict verdict);
/// Something is counted in the row, shown or not.
[[nodiscard]] bool counts_anything(const query::v1::IndicatorRow& row);

/// A table with its head; `provenance` says whether it is live or which revision.
void print_table(const Context& context, const query::v1::IndicatorTable& table,
                 const std::string& provenance, bool all_rows);

}  // namespace kronika::cli
