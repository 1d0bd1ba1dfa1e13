#include "proto/event_fields.h"
#include "proto/wire_visitors.h"

#include <kronika/codec/errc.h>
#include <kronika/codec/event_codec.h>

namespace kronika::codec {

namespace wire {

bool valid_utf8(std::string_view text) {
  const auto* p = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto* const end = p + text.size();
  while (end - p >= 8) {  // identifiers and codes are ASCII: eight bytes at a step
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    if ((word & 0x8080808080808080U) != 0) break;
    p += 8;
  }
  while (p != end) {
    const std::uint8_t lead = *p;
    if (lead < 0x80) {
      ++p;
      continue;
    }
    int more;
    std::uint32_t code;
    if (lead >= 0xc2 && lead <= 0xdf) {
      more = 1;
      code = lead & 0x1fU;
    } else if ((lead & 0xf0) == 0xe0) {
      more = 2;
      code = lead & 0x0fU;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      more = 3;
      code = lead & 0x07U;
    } else {
      return false;
    }
    if (end - p <= more) return false;
    for (int i = 1; i <= more; ++i) {
      if ((p[i] & 0xc0) != 0x80) return false;
      code = code << 6 | (p[i] & 0x3fU);
    }
    const bool overlong = (more == 2 && code < 0x800) || (more == 3 && code < 0x10000);
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    if (overlong || surrogate || code > 0x10ffff) return false;
    p += more + 1;
  }
  return true;
}

}  // namespace wire

Result<void> decode_event(std::string_view bytes, domain::Event& event) {
  wire::Clearer clearer;
  fields(clearer, event);
  wire::Reader reader(bytes);
  if (!reader.read(event)) {
    return fail(kUndecodable, "not a kronika.event.v1.Event; see the dead letter's bytes");
  }
  if (!reader.saw_one_of()) event.payload = std::monostate{};
  if (event.schema_version > kEventSchemaVersion) {
    return fail(kSchemaUnknown, "schema_version " + std::to_string(event.schema_version) +
                                    " is newer than this build; upgrade the readers first");
  }
  return {};
}

void encode_event(const domain::Event& event, std::string& out) {
  wire::Writer writer(out);
  fields(writer, event);
}

namespace {

/// Event without what is not content. A type of its own, so that the list of fields stays one.
class ContentWriter : public wire::Writer {
 public:
  using Writer::id;
  using Writer::instant;
  using Writer::number;
  using Writer::Writer;
  void id(std::uint32_t n, const EventId& event_id) {
    if (n != 1) Writer::id(n, event_id);
  }
  void instant(std::uint32_t n, Instant t) {
    if (n != 12) Writer::instant(n, t);
  }
  void number(std::uint32_t n, std::uint32_t v) {
    if (n != 16) Writer::number(n, v);
  }
};

}  // namespace

void encode_content(const domain::Event& event, std::string& out) {
  ContentWriter writer(out);
  fields(writer, event);  // nested messages go through the plain Writer
}

}  // namespace kronika::codec
