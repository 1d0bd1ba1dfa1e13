// FHIR R4 resources to events (domain.md 13.3). One function a resource type; each puts out at
// least one outcome.
#pragma once

#include "fhir/message.h"

#include <string>
#include <vector>

namespace kronika::codec {

/// A single resource, or each entry of a collection, transaction or batch.
void read_fhir(Message& message);

void read_service_request(Message& message, const Message::Entry& entry);
void read_task(Message& message, const Message::Entry& entry);
void read_encounter(Message& message, const Message::Entry& entry);
void read_condition(Message& message, const Message::Entry& entry);
void read_patient(Message& message, const Message::Entry& entry);
void read_care_plan(Message& message, const Message::Entry& entry);
void read_procedure(Message& message, const Message::Entry& entry);

/// The coding of a diagnosis: the first that opens a programme, else the first of a known system;
/// empty code: none.
[[nodiscard]] domain::Coding diagnosis_coding(const Message& message, const Node& concept_node);
/// Programmes of what a resource is about: reasonCode, reasonReference, addresses.
[[nodiscard]] std::vector<std::string> programmes_of(const Message& message,
                                                     const Message::Entry& entry);
/// Sets source_system and source_message_id ("Type/id" and `suffix`).
void set_source(const Message::Entry& entry, std::string_view suffix, Draft& draft);
/// The referral's business id: identifier, else id.
[[nodiscard]] std::string referral_id(const Message::Entry& service_request);

}  // namespace kronika::codec
