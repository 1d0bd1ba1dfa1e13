// The metrics page over TLS. prometheus-cpp's own server speaks TLS only with an OpenSSL that
// Debian 12 no longer has (civetweb loads libssl by the names of 1.x), so this one page has a small
// server of its own: one connection at a time, one request each, for one reader that comes every
// few seconds. Thread: one of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <kronika/base/result.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::telemetry {

class TlsPage {
 public:
  /// `text` is what GET /metrics answers; called on the page's thread. Errors: metrics_port,
  /// certificate.
  [[nodiscard]] static Result<std::unique_ptr<TlsPage>> open(const std::string& address,
                                                             std::uint16_t port,
                                                             const PageSecurity& security,
                                                             std::function<std::string()> text);
  virtual ~TlsPage() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;

 protected:
  TlsPage() = default;
};

/// When the first certificate of each file ends, read at each scrape; a file that cannot be read
/// shows as 0, which is in the past.
[[nodiscard]] Registration register_certificates(
    Registry& registry, std::vector<std::pair<std::string, std::filesystem::path>> certificates);

}  // namespace kronika::telemetry
