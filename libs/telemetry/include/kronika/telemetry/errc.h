// What telemetry can fail with. Use: fail(code<Errc::kMetricsPort>(), "...").
#pragma once

#include <cstdint>
#include <string_view>

#include <kronika/base/result.h>

namespace kronika::telemetry {

enum class Errc : std::uint8_t {
  kMetricsPort = 1,
  kMetricsAddress,  ///< plaintext is refused on this address
  kCertificate,     ///< a certificate, key or authority cannot be read
  kSignals,
  kLast = kSignals
};

constexpr std::string_view slug(Errc e) {
  switch (e) {
    case Errc::kMetricsPort:
      return "metrics_port";
    case Errc::kMetricsAddress:
      return "metrics_address";
    case Errc::kCertificate:
      return "certificate";
    case Errc::kSignals:
      return "signals";
  }
  return "";
}

constexpr Disposition disposition(Errc e) {
  switch (e) {
    case Errc::kMetricsPort:
    case Errc::kMetricsAddress:
    case Errc::kCertificate:
    case Errc::kSignals:
      return Disposition::kFatal;
  }
  return Disposition::kFatal;
}

template <Errc E>
inline constexpr ErrorRow kRow{slug(E), disposition(E)};

template <Errc E>
[[nodiscard]] constexpr ErrorCode code() {
  return ErrorCode{kRow<E>};
}

}  // namespace kronika::telemetry
