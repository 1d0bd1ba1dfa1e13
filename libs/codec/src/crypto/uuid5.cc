#include "crypto/digest.h"

#include <cstring>

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
  std::string text;
  text.reserve(name_space.view().size() + name.size());
  text.append(name_space.view()).append(name);
  const auto digest = sha1(text);
  EventId id;
  std::memcpy(id.bytes.data(), digest.data(), 16);
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0fU) | 0x50U);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3fU) | 0x80U);
  return id;
}

EventId derive_event_id(const domain::Event& event) {
  std::string content;
  encode_content(event, content);
  return derive_event_id(content);
}

EventId derive_event_id(std::string_view content) {
  // The content holds source, message id, version and op as well.
  return uuid_v5(event_namespace(), content);
}

std::string sha256_hex(std::string_view bytes) {
  const auto digest = sha256(bytes);
  return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace kronika::codec
