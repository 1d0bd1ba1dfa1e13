// What the health port can fail with. Use: fail(code<Errc::kHealthPort>(), "...").
#pragma once

#include <cstdint>
#include <string_view>

#include <kronika/base/result.h>

namespace kronika::health {

enum class Errc : std::uint8_t { kHealthPort = 1, kLast = kHealthPort };

constexpr std::string_view slug(Errc) { return "health_port"; }
constexpr Disposition disposition(Errc) { return Disposition::kFatal; }

template <Errc E>
inline constexpr ErrorRow kRow{slug(E), disposition(E)};

template <Errc E>
[[nodiscard]] constexpr ErrorCode code() {
  return ErrorCode{kRow<E>};
}

}  // namespace kronika::health
