// The edge's account and its "not now" in the words of kronika.ingest.v1.
#pragma once

#include <google/rpc/status.pb.h>
#include <grpcpp/support/status.h>

#include "kronika/ingest/v1/ingest.pb.h"
#include <kronika/edge/account.h>

namespace kronika::door_grpc {

void write_account(const edge::Account& account, ingest::v1::Account& out);

/// With google.rpc.ErrorInfo (reason: the error's slug) and, where sending again helps,
/// google.rpc.RetryInfo.
[[nodiscard]] google::rpc::Status rpc_status(const Error& error);
[[nodiscard]] grpc::Status grpc_status(const Error& error);

}  // namespace kronika::door_grpc
