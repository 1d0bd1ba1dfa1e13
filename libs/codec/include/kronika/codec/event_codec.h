// kronika.event.v1.Event bytes to domain::Event and back: what every consumer does for every
// record, so it reads the wire format straight into the domain value, without generated code in
// between. One list of fields a type (src/proto/event_fields.h) serves reading, writing and
// clearing; tests hold it against the generated classes.
//
//   domain::Event event;                                  // kept and reused: strings and vectors
//   keep their capacity if (auto ok = decode_event(bytes, event); !ok) ...    // kRejectRecord
//
// Encoding is deterministic (fields by number), so equal events have equal bytes. Functions are
// free of state.
#pragma once

#include <string>
#include <string_view>

#include <kronika/base/result.h>
#include <kronika/domain/event.h>

namespace kronika::codec {

/// The newest Event.schema_version that this build reads.
inline constexpr std::uint32_t kEventSchemaVersion = 1;

/// Overwrites `event`. A payload of a type that this build does not know gives EventType::kUnknown;
/// unknown fields are passed over. An enumerator that is unknown stays as its number (up to 255),
/// for check() to refuse. Errors: kUndecodable, kSchemaUnknown; `event` is then in no useful state.
[[nodiscard]] Result<void> decode_event(std::string_view bytes, domain::Event& event);

/// Appends the message's bytes to `out`.
void encode_event(const domain::Event& event, std::string& out);
/// Bytes worth reserving for one.
inline constexpr std::size_t kUsualEventBytes = 512;

/// The bytes that two events share if and only if same_content() says so: all fields but event_id,
/// recorded_at and adapter_revision. Appended to `out`.
void encode_content(const domain::Event& event, std::string& out);

}  // namespace kronika::codec
