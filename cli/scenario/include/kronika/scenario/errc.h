// What running scenarios can fail with. Use: fail(code<Errc::kFile>(), "path: what").
#pragma once

#include <cstdint>
#include <string_view>

#include <kronika/base/result.h>

namespace kronika::scenario {

enum class Errc : std::uint8_t { kFile = 1, kLast = kFile };

constexpr std::string_view slug(Errc e) {
  switch (e) {
    case Errc::kFile:
      return "scenario_file";
  }
  return "";
}

constexpr Disposition disposition(Errc e) {
  switch (e) {
    case Errc::kFile:
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

}  // namespace kronika::scenario
