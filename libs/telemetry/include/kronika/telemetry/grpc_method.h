// The metrics of one gRPC method, under the names that gRPC dashboards know; all series exist from
// the start, so that they begin at 0. Knows no gRPC: a status is its number. Thread-safe.
#pragma once

#include <array>
#include <chrono>
#include <string_view>

#include <kronika/telemetry/metrics.h>

namespace kronika::telemetry {

class GrpcMethod {
 public:
  /// `type`: "unary", "bidi_stream".
  GrpcMethod(Registry& registry, std::string_view service, std::string_view method,
             std::string_view type = "unary");
  void started() const { started_.add(); }
  /// `status`: a grpc::StatusCode; another number counts as Unknown.
  void handled(int status, std::chrono::nanoseconds elapsed) const;

 private:
  static constexpr std::size_t kCodes = 17;
  Counter started_;
  std::array<Counter, kCodes> handled_;
  Histogram seconds_;
};

}  // namespace kronika::telemetry
