// Why a dead letter was not opened or sent once more; nothing was shown or written then.
#pragma once

#include <kronika/base/result.h>

namespace kronika::deadletters {

namespace rows {
inline constexpr ErrorRow kAuditAway{"deadletters_audit_away", Disposition::kRetryCall};
inline constexpr ErrorRow kSelection{"deadletters_selection", Disposition::kRejectRecord};
}  // namespace rows

/// The audit record could not be written, so the act was not done.
inline constexpr ErrorCode kAuditAway{rows::kAuditAway};
/// A place that is no PARTITION:OFFSET.
inline constexpr ErrorCode kSelection{rows::kSelection};

}  // namespace kronika::deadletters
