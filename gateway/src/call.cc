#include "call.h"

#include "status.h"

#include <algorithm>
#include <string>

#include <kronika/gateway/errc.h>

namespace kronika::gateway {
Budget::Budget(std::chrono::system_clock::time_point asked, const ServerOptions& options) {
  const auto now = std::chrono::system_clock::now();
  const bool none = asked == std::chrono::system_clock::time_point::max();
  deadline_ = none ? now + options.default_deadline : std::min(asked, now + options.max_deadline);
}

Result<void> Budget::check() const {
  if (std::chrono::system_clock::now() < deadline_) return {};
  return fail(code(Errc::kDeadlinePassed),
              "the call's time is up; ask for less, or allow more time");
}

grpc::Status finish(const Result<void>& result) {
  return result ? grpc::Status() : to_status(result.error());
}

}  // namespace kronika::gateway
