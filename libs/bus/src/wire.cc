#include <kronika/bus/errc.h>
#include <kronika/bus/wire.h>

namespace kronika::bus {
namespace {

/// Reads one zig-zag varint; nothing when the bytes end inside it or it has more than five.
bool take_varint(std::string_view& in, std::int64_t& value) {
  std::uint64_t raw = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    if (in.empty()) return false;
    const auto b = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    raw |= static_cast<std::uint64_t>(b & 0x7fU) << shift;
    if ((b & 0x80U) == 0) {
      value = static_cast<std::int64_t>(raw >> 1U) ^ -static_cast<std::int64_t>(raw & 1U);
      return true;
    }
  }
  return false;
}

}  // namespace

void append_wire_prefix(std::int32_t schema_id, std::string& out) {
  const auto id = static_cast<std::uint32_t>(schema_id);
  const char prefix[kWirePrefixBytes] = {0,
                                         static_cast<char>(id >> 24U),
                                         static_cast<char>(id >> 16U),
                                         static_cast<char>(id >> 8U),
                                         static_cast<char>(id),
                                         0};
  out.append(prefix, sizeof prefix);
}

Result<WireView> read_wire(std::string_view value) {
  if (value.empty() || value.front() != 0) {
    return fail(code(Errc::kWireMagic), "the value does not begin with magic byte 0");
  }
  if (value.size() < kWirePrefixBytes) {
    return fail(code(Errc::kWireTruncated), "the value ends inside the schema id or index");
  }
  WireView view;
  std::uint32_t id = 0;
  for (std::size_t i = 1; i < 5; ++i) id = id << 8U | static_cast<unsigned char>(value[i]);
  view.schema_id = static_cast<std::int32_t>(id);
  value.remove_prefix(5);
  std::int64_t count = 0;
  if (!take_varint(value, count) || count < 0) {
    return fail(code(Errc::kWireTruncated), "the value ends inside the message index");
  }
  for (std::int64_t i = 0, index = 0; i < count; ++i) {
    if (!take_varint(value, index)) {
      return fail(code(Errc::kWireTruncated), "the value ends inside the message index");
    }
  }
  view.message = value;
  return view;
}

}  // namespace kronika::bus
