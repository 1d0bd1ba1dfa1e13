// What reading settings can fail with. Every error's context is one line: where, what, and the
// remedy.
#pragma once

#include <cstdint>
#include <string_view>

#include <kronika/base/result.h>

namespace kronika::config {

enum class Errc : std::uint8_t {
  kFile = 1,       ///< the file cannot be read or is not YAML
  kUnknown,        ///< no setting has this name
  kMalformed,      ///< the value does not fit the setting
  kContradiction,  ///< two values exclude each other, or one is given twice
  kSecret,         ///< a secret's file is absent, readable by everyone, or malformed
  kLast = kSecret
};

constexpr std::string_view slug(Errc e) {
  switch (e) {
    case Errc::kFile:
      return "config_file";
    case Errc::kUnknown:
      return "config_unknown";
    case Errc::kMalformed:
      return "config_malformed";
    case Errc::kContradiction:
      return "config_contradiction";
    case Errc::kSecret:
      return "config_secret";
  }
  return "";
}

constexpr Disposition disposition(Errc e) {
  switch (e) {
    case Errc::kFile:
    case Errc::kUnknown:
    case Errc::kMalformed:
    case Errc::kContradiction:
    case Errc::kSecret:
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

}  // namespace kronika::config
