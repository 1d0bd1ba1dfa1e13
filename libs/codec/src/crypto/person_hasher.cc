#include "crypto/files.h"

#include <cctype>
#include <cstring>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <kronika/codec/errc.h>
#include <kronika/codec/person_hasher.h>

namespace kronika::codec {
namespace {

constexpr std::size_t kMinSecretBytes = 16;

std::array<unsigned char, 32> hmac(std::string_view secret, std::string_view text) {
  std::array<unsigned char, 32> mac{};
  unsigned int size = 0;
  const auto* done =
      HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
  if (done == nullptr || size != mac.size()) std::abort();  // a broken OpenSSL must not make keys
  return mac;
}

}  // namespace

Result<PersonHasher> PersonHasher::from_file(const std::filesystem::path& file) {
  auto secret = read_key_file(file);
  if (!secret) return tl::unexpected(secret.error());
  while (!secret->empty() && std::isspace(static_cast<unsigned char>(secret->back())) != 0) {
    secret->pop_back();
  }
  if (secret->size() == 64) {
    if (auto raw = from_hex(*secret)) *secret = std::move(*raw);
  }
  if (secret->size() < kMinSecretBytes) {
    return fail(kKeyFile, file.string() + ": the secret must have at least 16 bytes");
  }
  return PersonHasher(std::move(*secret));
}

PersonKey PersonHasher::hash_cpr(std::string_view cpr) const {
  const auto mac = hmac(secret_, cpr);
  PersonKey key;
  std::memcpy(key.bytes.data(), mac.data(), key.bytes.size());
  return key;
}

PersonKey PersonHasher::hash_identifier(std::string_view system, std::string_view value) const {
  std::string text(system);
  text += '|';
  text += value;
  return hash_cpr(text);
}

std::string PersonHasher::fingerprint() const {
  const auto mac = hmac(secret_, "kronika secret fingerprint");
  return to_hex({reinterpret_cast<const char*>(mac.data()), 8});
}

}  // namespace kronika::codec
