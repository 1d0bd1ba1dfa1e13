// Our errors as gRPC statuses; the one place that decides which is which. Thread: any.
#pragma once

#include <grpcpp/support/status.h>

#include <kronika/base/result.h>

namespace kronika::gateway {

/// The call's status: code, the error's context as its message, and a google.rpc.ErrorInfo with the
/// slug as reason.
[[nodiscard]] grpc::Status to_status(const Error& error);
[[nodiscard]] grpc::StatusCode status_code(ErrorCode code);

}  // namespace kronika::gateway
