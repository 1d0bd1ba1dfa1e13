// Sealing of raw messages on their way to Kafka (raw, dead letters), so that no CPR number is
// readable there (architecture A12): AES-256-GCM with the key of the month. The operator opens them
// with the same file of keys (seal_keys.h).
//
//   sealed = "KS1" | key id (4 bytes of SHA-256 of the key) | nonce (12) | ciphertext | tag (16)
//
// Thread: any; take() changes the keys for all threads. Copies share their keys.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <kronika/base/clock.h>
#include <kronika/base/result.h>
#include <kronika/codec/seal_keys.h>

namespace kronika::codec {

class Sealer {
 public:
  static constexpr std::size_t kKeyBytes = SealKeys::kKeyBytes;
  static constexpr std::size_t kOverheadBytes = 3 + SealKeys::kIdBytes + 12 + 16;

  /// Errors: kKeyFile.
  [[nodiscard]] static Result<Sealer> from_file(const std::filesystem::path& file);
  /// Pre: `keys` holds a key.
  explicit Sealer(SealKeys keys);
  /// With one key of no month.
  explicit Sealer(const SealKeys::Bytes& key) : Sealer(SealKeys(key)) {}

  /// With the key of the month in which the message came (SealKeys::sealing()).
  [[nodiscard]] std::string seal(std::string_view plain, Instant received) const;
  /// With whichever key the sealed bytes name. Errors: kSealBroken (changed or cut),
  /// kSealKeyGone: a sentence that says whether that key was destroyed or is not in the file.
  [[nodiscard]] Result<std::string> open(std::string_view sealed) const;

  /// From here on these keys. Pre: as for the constructor.
  void take(SealKeys keys);
  [[nodiscard]] std::shared_ptr<const SealKeys> keys() const;

 private:
  struct Held;
  std::shared_ptr<Held> held_;
};

}  // namespace kronika::codec
