// The bytes around a message (architecture A13): Confluent wire format before the protobuf, and the
// headers.
//
//   value  = 0x00 | schema id (4 bytes, big-endian) | message index path | protobuf
//   path   = 0x00 for the first message of the file (the common case), else a count and indexes as
//   zig-zag varints headers = ce_specversion, ce_id, ce_source, ce_type, ce_time, content-type,
//   traceparent
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <kronika/base/result.h>

namespace kronika::bus {

/// Length of what append_wire_prefix() writes.
inline constexpr std::size_t kWirePrefixBytes = 6;
/// Appends the wire prefix for `schema_id` with message index 0 to `out`.
void append_wire_prefix(std::int32_t schema_id, std::string& out);

struct WireView {
  std::int32_t schema_id = 0;
  std::string_view message;  ///< the protobuf bytes; points into the input
};

/// Errors: wire_magic, wire_truncated (both kRejectRecord).
[[nodiscard]] Result<WireView> read_wire(std::string_view value);

}  // namespace kronika::bus
