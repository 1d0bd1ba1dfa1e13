#include "crypto/digest.h"

#include <cstdlib>
#include <memory>

#include <openssl/evp.h>

namespace kronika::codec {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* c) const { EVP_MD_CTX_free(c); }
};

template <std::size_t kSize>
std::array<std::uint8_t, kSize> digest(const EVP_MD* algorithm, std::string_view text) {
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  std::array<std::uint8_t, kSize> out{};
  unsigned int size = 0;
  const bool done = algorithm != nullptr && context != nullptr &&
                    EVP_DigestInit_ex(context.get(), algorithm, nullptr) == 1 &&
                    EVP_DigestUpdate(context.get(), text.data(), text.size()) == 1 &&
                    EVP_DigestFinal_ex(context.get(), out.data(), &size) == 1 && size == kSize;
  if (!done) std::abort();  // ids and keys made of nothing would be those of others
  return out;
}

}  // namespace

std::array<std::uint8_t, 20> sha1(std::string_view text) {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  return digest<20>(algorithm, text);
}

std::array<std::uint8_t, 32> sha256(std::string_view text) {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return digest<32>(algorithm, text);
}

}  // namespace kronika::codec
