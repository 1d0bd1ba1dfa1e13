// Byte identifiers with their own types, so that one cannot be passed for another.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace kronika {

/// Sixteen bytes with a tag. Ordered bytewise. PersonKey has no formatter on purpose: a person's
/// identifier never reaches a log line, a metric or an error text; hex() is for query answers to
/// the caller that sent it.
template <class Tag>
struct Bytes16 {
  std::array<std::uint8_t, 16> bytes{};

  friend auto operator<=>(const Bytes16&, const Bytes16&) = default;

  [[nodiscard]] std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  /// Nothing unless `raw` has exactly 16 bytes.
  [[nodiscard]] static std::optional<Bytes16> from_bytes(std::string_view raw) {
    if (raw.size() != 16) return std::nullopt;
    Bytes16 id;
    std::memcpy(id.bytes.data(), raw.data(), 16);
    return id;
  }
  [[nodiscard]] bool is_zero() const { return *this == Bytes16{}; }
};

using PersonKey = Bytes16<struct PersonKeyTag>;
using EventId = Bytes16<struct EventIdTag>;

/// Lower-case hex of any bytes.
[[nodiscard]] std::string to_hex(std::string_view raw);
/// Nothing unless `hex` has an even number of hex digits.
[[nodiscard]] std::optional<std::string> from_hex(std::string_view hex);
/// 8-4-4-4-12 text form of a UUID.
[[nodiscard]] std::string uuid_text(const EventId& id);
/// Reads the 8-4-4-4-12 form, in either case.
[[nodiscard]] std::optional<EventId> uuid_from_text(std::string_view text);

}  // namespace kronika

template <class Tag>
struct std::hash<kronika::Bytes16<Tag>> {
  std::size_t operator()(const kronika::Bytes16<Tag>& id) const noexcept {
    std::size_t h;
    std::memcpy(&h, id.bytes.data(),
                sizeof h);  // person keys are HMAC output, event ids UUIDs: already mixed
    return h;
  }
};
