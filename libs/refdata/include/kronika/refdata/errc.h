// What loading reference data can fail with. Use: fail(code<Errc::kInvalid>(), "file:line: ...").
#pragma once

#include <cstdint>
#include <string_view>

#include <kronika/base/result.h>

namespace kronika::refdata {

enum class Errc : std::uint8_t { kUnreadable = 1, kInvalid, kLast = kInvalid };

constexpr std::string_view slug(Errc e) {
  switch (e) {
    case Errc::kUnreadable:
      return "reference_unreadable";
    case Errc::kInvalid:
      return "reference_invalid";
  }
  return "";
}

constexpr Disposition disposition(Errc e) {
  switch (e) {
    case Errc::kUnreadable:
    case Errc::kInvalid:
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

}  // namespace kronika::refdata
