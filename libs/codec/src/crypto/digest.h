// Digests of short texts. OpenSSL's one-shot calls look the algorithm up under a lock and make a
// context each time, which costs more than the digest; here both are kept. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace kronika::codec {

[[nodiscard]] std::array<std::uint8_t, 20> sha1(std::string_view text);
[[nodiscard]] std::array<std::uint8_t, 32> sha256(std::string_view text);

}  // namespace kronika::codec
