#include "crypto/files.h"

#include <cctype>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <kronika/base/ids.h>
#include <kronika/codec/errc.h>
#include <kronika/codec/seal.h>

namespace kronika::codec {
namespace {

constexpr std::string_view kMagic = "KS1";
constexpr std::size_t kIdBytes = 4;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kHeadBytes = 3 + kIdBytes + kNonceBytes;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* c) const { EVP_CIPHER_CTX_free(c); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

std::string key_id(const std::array<std::uint8_t, Sealer::kKeyBytes>& key) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(key.data(), key.size(), digest);
  return {reinterpret_cast<const char*>(digest), kIdBytes};
}

unsigned char* bytes(std::string& s, std::size_t at) {
  return reinterpret_cast<unsigned char*>(s.data()) + at;
}
const unsigned char* bytes(std::string_view s) {
  return reinterpret_cast<const unsigned char*>(s.data());
}

}  // namespace

Result<Sealer> Sealer::from_file(const std::filesystem::path& file) {
  auto content = read_key_file(file);
  if (!content) return tl::unexpected(content.error());
  std::string raw = *content;
  if (raw.size() != kKeyBytes) {
    while (!raw.empty() && std::isspace(static_cast<unsigned char>(raw.back())) != 0) {
      raw.pop_back();
    }
    raw = from_hex(raw).value_or("");
  }
  if (raw.size() != kKeyBytes) {
    return fail(kKeyFile, file.string() + ": the sealing key must be 64 hex digits or 32 bytes");
  }
  std::array<std::uint8_t, kKeyBytes> key{};
  std::memcpy(key.data(), raw.data(), kKeyBytes);
  return Sealer(key);
}

std::string Sealer::seal(std::string_view plain) const {
  std::string out(kMagic);
  out += key_id(key_);
  out.resize(kHeadBytes + plain.size() + kTagBytes);
  unsigned char* nonce = bytes(out, kHeadBytes - kNonceBytes);
  int size = 0;
  const Context c(EVP_CIPHER_CTX_new());
  const bool done =
      RAND_bytes(nonce, kNonceBytes) == 1 && c != nullptr &&
      EVP_EncryptInit_ex(c.get(), EVP_aes_256_gcm(), nullptr, key_.data(), nonce) == 1 &&
      EVP_EncryptUpdate(c.get(), bytes(out, kHeadBytes), &size, bytes(plain),
                        static_cast<int>(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(c.get(), bytes(out, kHeadBytes + plain.size()), &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes,
                          bytes(out, kHeadBytes + plain.size())) == 1;
  if (!done) std::abort();  // without randomness or cipher nothing may leave the edge
  return out;
}

Result<std::string> Sealer::open(std::string_view sealed) const {
  if (sealed.size() < kOverheadBytes || !sealed.starts_with(kMagic)) {
    return fail(kSealBroken, "not sealed bytes, or cut short");
  }
  if (sealed.substr(kMagic.size(), kIdBytes) != key_id(key_)) {
    return fail(kSealBroken, "sealed with another key; give the key file of that time");
  }
  const std::string_view nonce = sealed.substr(kHeadBytes - kNonceBytes, kNonceBytes);
  const std::string_view text = sealed.substr(kHeadBytes, sealed.size() - kHeadBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string plain(text.size(), '\0');
  int size = 0;
  const Context c(EVP_CIPHER_CTX_new());
  const bool done =
      c != nullptr &&
      EVP_DecryptInit_ex(c.get(), EVP_aes_256_gcm(), nullptr, key_.data(), bytes(nonce)) == 1 &&
      EVP_DecryptUpdate(c.get(), bytes(plain, 0), &size, bytes(text),
                        static_cast<int>(text.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(c.get(), bytes(plain, 0) + size, &size) == 1;
  if (!done) return fail(kSealBroken, "the sealed bytes were changed");
  return plain;
}

}  // namespace kronika::codec
