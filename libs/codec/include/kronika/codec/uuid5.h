// Event ids that are functions of the bytes (architecture A17): UUID version 5 (RFC 4122, SHA-1).
#pragma once

#include <string>
#include <string_view>

#include <kronika/base/ids.h>
#include <kronika/domain/event.h>

namespace kronika::codec {

[[nodiscard]] EventId uuid_v5(const EventId& name_space, std::string_view name);

/// Of source_system, source_message_id, source_version, op and content: a resend has the same id.
[[nodiscard]] EventId derive_event_id(const domain::Event& event);
/// The same, of what encode_content() gave.
[[nodiscard]] EventId derive_event_id(std::string_view content);

/// SHA-256 in lower-case hex: the content hash in dead letters and refusals.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace kronika::codec
