#include <cstring>

#include <openssl/sha.h>

#include <kronika/codec/event_codec.h>
#include <kronika/codec/uuid5.h>

namespace kronika::codec {
namespace {

// Namespace of kronika's event ids: uuid5(DNS namespace, "event.kronika").
const EventId& event_namespace() {
  static const EventId id = [] {
    const EventId dns = *uuid_from_text("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    return uuid_v5(dns, "event.kronika");
  }();
  return id;
}

}  // namespace

EventId uuid_v5(const EventId& name_space, std::string_view name) {
  std::string text(name_space.view());
  text += name;
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  EventId id;
  std::memcpy(id.bytes.data(), digest, 16);
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0fU) | 0x50U);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3fU) | 0x80U);
  return id;
}

EventId derive_event_id(const domain::Event& event) {
  std::string content;  // holds source, message id, version and op as well
  encode_content(event, content);
  return uuid_v5(event_namespace(), content);
}

std::string sha256_hex(std::string_view bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  return to_hex({reinterpret_cast<const char*>(digest), sizeof digest});
}

}  // namespace kronika::codec
