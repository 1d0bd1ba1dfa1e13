// Sealing of raw messages on their way to Kafka (dead letters), so that no CPR number is readable
// there (architecture A12): AES-256-GCM with a key file. The operator opens them with the same
// file. Const methods may be called from any thread.
//
//   sealed = "KS1" | key id (4 bytes of SHA-256 of the key) | nonce (12) | ciphertext | tag (16)
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <kronika/base/result.h>

namespace kronika::codec {

class Sealer {
 public:
  static constexpr std::size_t kKeyBytes = 32;
  static constexpr std::size_t kOverheadBytes = 3 + 4 + 12 + 16;

  /// 64 hex digits, or exactly 32 raw bytes. Error: kKeyFile.
  [[nodiscard]] static Result<Sealer> from_file(const std::filesystem::path& file);
  explicit Sealer(const std::array<std::uint8_t, kKeyBytes>& key) : key_(key) {}

  [[nodiscard]] std::string seal(std::string_view plain) const;
  /// Error: kSealBroken; its text says whether the key is another one.
  [[nodiscard]] Result<std::string> open(std::string_view sealed) const;

 private:
  std::array<std::uint8_t, kKeyBytes> key_;
};

}  // namespace kronika::codec
