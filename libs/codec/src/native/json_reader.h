// protobuf's JSON mapping of kronika.event.v1.Event, read straight into domain::Event: the field
// list of proto/event_fields.h with names, types and enumerators from the generated descriptor.
// protobuf's own reader takes some 50 microseconds an event and its faults name no place; this one
// takes a few and names each. A property test holds the two together.
#pragma once

#include "adapter/json.h"
#include "fhir/message.h"

#include <string>

namespace kronika::codec {

/// Members that people may write instead of those of the contract; what was found of them.
struct Comforts {
  bool cpr_given = false;
  std::string cpr;
  std::string old_cpr;
  When occurred;
  When recorded;
};

/// Reads all members of `root` into `draft.event`; every fault is added to the draft with the
/// member's path. `reader` reads times, so that a local time gives the same refusal everywhere.
void read_event_json(const Node& root, const Message& reader, Draft& draft, Comforts& comforts);

/// The 16 bytes of a UUID, 32 hex digits, or base64 (either alphabet, padded or not).
[[nodiscard]] std::optional<EventId> read_id(std::string_view text);

}  // namespace kronika::codec
