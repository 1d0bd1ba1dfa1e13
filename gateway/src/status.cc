#include "status.h"

#include <optional>

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>

#include <kronika/gateway/errc.h>

namespace kronika::gateway {
namespace {

grpc::StatusCode of(Errc e) {
  switch (e) {
    case Errc::kCitizenNotNamed:
    case Errc::kCprInvalid:
    case Errc::kPersonKeyMalformed:
    case Errc::kIdentifierNotAccepted:
    case Errc::kTimeInvalid:
    case Errc::kMeasureUnknown:
    case Errc::kProgrammeUnknown:
    case Errc::kRulesetVersionUnknown:
    case Errc::kPeriodMalformed:
    case Errc::kTableUnknown:
    case Errc::kOrganisationMalformed:
    case Errc::kGoalAreaUnknown:
    case Errc::kMessageNotNamed:
    case Errc::kPageSizeNegative:
    case Errc::kPageTokenInvalid:
      return grpc::StatusCode::INVALID_ARGUMENT;
    case Errc::kCitizenUnknown:
    case Errc::kPathwayNone:
    case Errc::kReportNone:
    case Errc::kIndicatorUnknown:
    case Errc::kPublicationUnknown:
      return grpc::StatusCode::NOT_FOUND;
    case Errc::kRulesetNone:
    case Errc::kPeriodNotRolling:
    case Errc::kLedgerOff:
      return grpc::StatusCode::FAILED_PRECONDITION;
    case Errc::kIndicatorUnimplemented:
      return grpc::StatusCode::UNIMPLEMENTED;
    case Errc::kDeadlinePassed:
      return grpc::StatusCode::DEADLINE_EXCEEDED;
    case Errc::kViewCatchingUp:
      return grpc::StatusCode::UNAVAILABLE;
    case Errc::kViewRecordUnreadable:
    case Errc::kViewForeign:
      return grpc::StatusCode::DATA_LOSS;
    case Errc::kAddressNotLoopback:
    case Errc::kPortTaken:
    case Errc::kCertificateUnreadable:
      return grpc::StatusCode::INTERNAL;
  }
  return grpc::StatusCode::INTERNAL;
}

// Errors of the libraries below: their disposition says enough (style.md 2.6).
grpc::StatusCode of(Disposition disposition) {
  switch (disposition) {
    case Disposition::kRetryCall:
      return grpc::StatusCode::UNAVAILABLE;
    case Disposition::kAbortTxn:
    case Disposition::kTaskMigrated:
      return grpc::StatusCode::ABORTED;
    case Disposition::kTaskCorrupted:
      return grpc::StatusCode::DATA_LOSS;
    case Disposition::kRejectRecord:
      return grpc::StatusCode::INVALID_ARGUMENT;
    case Disposition::kFatal:
      return grpc::StatusCode::INTERNAL;
  }
  return grpc::StatusCode::INTERNAL;
}

}  // namespace

grpc::StatusCode status_code(ErrorCode error) {
  for (std::size_t i = 0; i < detail::kRows.size(); ++i) {
    const auto e = static_cast<Errc>(i + 1);
    if (code(e) == error) return of(e);
  }
  return of(error.disposition());
}

grpc::Status to_status(const Error& error) {
  const grpc::StatusCode code = status_code(error.code);
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(error.code.slug()));
  info.set_domain("kronika");
  google::rpc::Status details;
  details.set_code(static_cast<int>(code));
  details.set_message(error.context);
  details.add_details()->PackFrom(info);
  return {code, error.context, details.SerializeAsString()};
}

}  // namespace kronika::gateway
