// What every fuzz target of an adapter holds: whatever the bytes, there is an answer, a refusal
// says why and where, and an event survives its own encoding. A broken promise aborts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <kronika/codec/adapter.h>

namespace kronika::fuzz {

/// Reference data, secret and default sender of all targets.
const codec::AdapterSettings& settings();
inline constexpr Instant kReceived{1'780'272'000'000};  // 1 June 2026

void require(bool promise);
void check(const codec::Translation& translation);

inline std::string_view view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace kronika::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
