// What can go wrong in a StateStore, and what the runtime does about it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <kronika/base/result.h>

namespace kronika::store {

enum class Errc : std::uint8_t {
  kLocked = 1,  ///< another process (or another StateStore of this one) holds the folder
  kCorrupt,     ///< the files contradict their checksums or each other
  kIo,          ///< the disk refused: full, read-only, gone
  kOptions,     ///< the caller's options do not fit the folder or each other
  kReadOnly,    ///< a write to a store that was opened for reading
  kLast = kReadOnly
};

constexpr std::string_view slug(Errc e) {
  switch (e) {
    case Errc::kLocked:
      return "store_locked";
    case Errc::kCorrupt:
      return "store_corrupt";
    case Errc::kIo:
      return "store_io";
    case Errc::kOptions:
      return "store_options";
    case Errc::kReadOnly:
      return "store_read_only";
  }
  return {};
}

constexpr Disposition disposition(Errc e) {
  switch (e) {
    case Errc::kLocked:
      return Disposition::kFatal;
    case Errc::kCorrupt:
      return Disposition::kTaskCorrupted;
    case Errc::kIo:
      return Disposition::kFatal;
    case Errc::kOptions:
      return Disposition::kFatal;
    case Errc::kReadOnly:
      return Disposition::kFatal;
  }
  return Disposition::kFatal;
}

namespace detail {
inline constexpr auto kRows = [] {
  std::array<ErrorRow, static_cast<std::size_t>(Errc::kLast)> rows{};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto e = static_cast<Errc>(i + 1);
    rows[i] = {slug(e), disposition(e)};
  }
  return rows;
}();
}  // namespace detail

/// The row of `e`; equal codes point to the same row.
constexpr ErrorCode code(Errc e) {
  return ErrorCode{detail::kRows[static_cast<std::size_t>(e) - 1]};
}

}  // namespace kronika::store
