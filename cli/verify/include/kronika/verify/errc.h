// What a dry run of rules can fail with, besides the errors of its sources.
#pragma once

#include <cstdint>
#include <string_view>

#include <kronika/base/result.h>

namespace kronika::verify {

enum class Errc : std::uint8_t {
  kRulesRefused = 1,  ///< the rules may not follow those in force under this number
  kNotComplete,       ///< states are still on their way: ask again later
  kUnreadable,        ///< a record of citizen-state does not read back
  kLast = kUnreadable
};

constexpr std::string_view slug(Errc e) {
  switch (e) {
    case Errc::kRulesRefused:
      return "verify_rules_refused";
    case Errc::kNotComplete:
      return "verify_not_complete";
    case Errc::kUnreadable:
      return "verify_unreadable";
  }
  return "";
}

constexpr Disposition disposition(Errc e) {
  switch (e) {
    case Errc::kNotComplete:
      return Disposition::kRetryCall;
    case Errc::kRulesRefused:
    case Errc::kUnreadable:
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

}  // namespace kronika::verify
