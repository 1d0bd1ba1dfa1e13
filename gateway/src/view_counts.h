// Keeping the counts of ViewCounts right while states come and go: what a record adds is taken out
// again when the next record of the same citizen replaces it.
#pragma once

#include <string>
#include <string_view>

#include <kronika/gateway/view.h>

namespace kronika::gateway {

/// Adds `sign` times what the CitizenStateRecord counts for. Bytes that cannot be decoded, moved
/// citizens and the canary count for nothing.
void count_state(std::string_view record, int sign, ViewCounts& into);

[[nodiscard]] std::string encode_counts(const ViewCounts& counts);
[[nodiscard]] ViewCounts decode_counts(std::string_view raw);

}  // namespace kronika::gateway
