#include <cstdlib>
#include <memory>
#include <mutex>
#include <utility>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <kronika/base/ids.h>
#include <kronika/codec/errc.h>
#include <kronika/codec/seal.h>

namespace kronika::codec {
namespace {

constexpr std::string_view kMagic = "KS1";
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kHeadBytes = 3 + SealKeys::kIdBytes + kNonceBytes;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* c) const { EVP_CIPHER_CTX_free(c); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

unsigned char* bytes(std::string& s, std::size_t at) {
  return reinterpret_cast<unsigned char*>(s.data()) + at;
}
const unsigned char* bytes(std::string_view s) {
  return reinterpret_cast<const unsigned char*>(s.data());
}

Error key_gone(const SealKeys& keys, std::string_view id) {
  if (const auto* gone = keys.find_destroyed(id)) {
    return {kSealKeyGone, "sealed with the key of " + to_text(gone->month) +
                              ", which was destroyed on " + gone->day +
                              ": this original is erased, nobody can read it any more"};
  }
  return {kSealKeyGone, "sealed with another key (id " + to_hex(id) +
                            ") than those in seal.key_file; give the file that holds it, or, if "
                            "that key was destroyed, this original is erased"};
}

}  // namespace

struct Sealer::Held {
  mutable std::mutex mutex;
  std::shared_ptr<const SealKeys> keys;  // guarded by mutex
};

Result<Sealer> Sealer::from_file(const std::filesystem::path& file) {
  auto keys = SealKeys::from_file(file);
  if (!keys) return tl::unexpected(keys.error());
  return Sealer(std::move(*keys));
}

Sealer::Sealer(SealKeys keys) : held_(std::make_shared<Held>()) { take(std::move(keys)); }

void Sealer::take(SealKeys keys) {
  auto fresh = std::make_shared<const SealKeys>(std::move(keys));
  const std::scoped_lock lock(held_->mutex);
  held_->keys = std::move(fresh);
}

std::shared_ptr<const SealKeys> Sealer::keys() const {
  const std::scoped_lock lock(held_->mutex);
  return held_->keys;
}

std::string Sealer::seal(std::string_view plain, Instant received) const {
  const auto held = keys();
  const SealKeys::Key& key = held->sealing(received);
  std::string out(kMagic);
  out += key.id;
  out.resize(kHeadBytes + plain.size() + kTagBytes);
  unsigned char* nonce = bytes(out, kHeadBytes - kNonceBytes);
  int size = 0;
  const Context c(EVP_CIPHER_CTX_new());
  const bool done =
      RAND_bytes(nonce, kNonceBytes) == 1 && c != nullptr &&
      EVP_EncryptInit_ex(c.get(), EVP_aes_256_gcm(), nullptr, key.bytes.data(), nonce) == 1 &&
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
  const auto held = keys();
  const std::string_view id = sealed.substr(kMagic.size(), SealKeys::kIdBytes);
  const SealKeys::Key* key = held->find(id);
  if (key == nullptr) return tl::unexpected(key_gone(*held, id));
  const std::string_view nonce = sealed.substr(kHeadBytes - kNonceBytes, kNonceBytes);
  const std::string_view text = sealed.substr(kHeadBytes, sealed.size() - kHeadBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string plain(text.size(), '\0');
  int size = 0;
  const Context c(EVP_CIPHER_CTX_new());
  const bool done =
      c != nullptr &&
      EVP_DecryptInit_ex(c.get(), EVP_aes_256_gcm(), nullptr, key->bytes.data(), bytes(nonce)) ==
          1 &&
      EVP_DecryptUpdate(c.get(), bytes(plain, 0), &size, bytes(text),
                        static_cast<int>(text.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(c.get(), bytes(plain, 0) + size, &size) == 1;
  if (!done) return fail(kSealBroken, "the sealed bytes were changed");
  return plain;
}

}  // namespace kronika::codec
