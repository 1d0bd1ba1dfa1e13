// Big-endian integers in byte strings, for keys that must sort as their numbers do and for records
// on disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace kronika {

/// Appends the bytes of an unsigned integer, most significant first.
template <class T>
void append_be(std::string& out, T value) {
  static_assert(std::is_unsigned_v<T>);
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(static_cast<std::uint8_t>(value >> shift)));
  }
}

/// Reads sizeof(T) bytes at `at`. Pre: they are there.
template <class T>
[[nodiscard]] T read_be(std::string_view bytes, std::size_t at) {
  static_assert(std::is_unsigned_v<T>);
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(static_cast<T>(value << 8) | static_cast<std::uint8_t>(bytes[at + i]));
  }
  return value;
}

/// A signed number in a form whose bytes sort as the numbers do.
[[nodiscard]] constexpr std::uint64_t sortable(std::int64_t value) {
  return static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63);
}
[[nodiscard]] constexpr std::int64_t from_sortable(std::uint64_t value) {
  return static_cast<std::int64_t>(value ^ (std::uint64_t{1} << 63));
}

}  // namespace kronika
