// HL7 v2 to events (domain.md 13.3). One function a family of messages; each puts out what it found
// through the reader. Messages without a mapping are recognised by name and not interpreted.
#pragma once

#include "hl7v2/reader.h"

#include <string_view>

#include <kronika/codec/adapter.h>

namespace kronika::codec::hl7v2 {

/// A whole message.
void read_message(std::string_view bytes, const AdapterSettings& settings, Instant receive_time,
                  Translation& out);

/// A01, A03, A08, A11, A13.
void read_adt(Reader& reader, std::string_view trigger);
/// ORU^R01.
void read_results(Reader& reader);
/// REF^I12.
void read_referral(Reader& reader);
/// RRI^I12.
void read_referral_answer(Reader& reader);

}  // namespace kronika::codec::hl7v2
