#include "crypto/files.h"

#include <array>
#include <cctype>
#include <cstdlib>
#include <cstring>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <kronika/codec/errc.h>
#include <kronika/codec/person_hasher.h>

namespace kronika::codec {
namespace {

constexpr std::size_t kMinSecretBytes = 16;

// A broken OpenSSL must not make keys.
void require(bool done) {
  if (!done) std::abort();
}

struct FreeContext {
  void operator()(EVP_MAC_CTX* c) const { EVP_MAC_CTX_free(c); }
};

std::shared_ptr<const EVP_MAC_CTX> keyed(std::string_view secret) {
  EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  require(hmac != nullptr);
  std::shared_ptr<EVP_MAC_CTX> context(EVP_MAC_CTX_new(hmac), FreeContext());
  EVP_MAC_free(hmac);  // the context holds it
  require(context != nullptr);
  char digest[] = "SHA256";
  const std::array<OSSL_PARAM, 2> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  require(EVP_MAC_init(context.get(), reinterpret_cast<const unsigned char*>(secret.data()),
                       secret.size(), parameters.data()) == 1);
  return context;
}

std::array<unsigned char, 32> hmac(const EVP_MAC_CTX& keyed, std::string_view text) {
  const std::unique_ptr<EVP_MAC_CTX, FreeContext> context(EVP_MAC_CTX_dup(&keyed));
  require(context != nullptr);
  std::array<unsigned char, 32> mac{};
  std::size_t size = 0;
  require(EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(text.data()),
                         text.size()) == 1 &&
          EVP_MAC_final(context.get(), mac.data(), &size, mac.size()) == 1 && size == mac.size());
  return mac;
}

}  // namespace

PersonHasher::PersonHasher(std::string_view secret) : keyed_(keyed(secret)) {}

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
  return PersonHasher(*secret);
}

PersonKey PersonHasher::hash_cpr(std::string_view cpr) const {
  const auto mac = hmac(*keyed_, cpr);
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
  const auto mac = hmac(*keyed_, "kronika secret fingerprint");
  return to_hex({reinterpret_cast<const char*>(mac.data()), 8});
}

}  // namespace kronika::codec
