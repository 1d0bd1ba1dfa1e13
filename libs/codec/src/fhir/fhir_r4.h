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
/// Adds the programmes that a diagnosis opens, each once.
void add_programmes(const Message& message, const Node& concept_node,
                    std::vector<std::string>& programmes);

/// An intervention or interview by its code in FSIII (interventions.csv).
struct Fsiii {
  const domain::InterventionType* type = nullptr;
  domain::InterviewKind kind = domain::InterviewKind::kUnspecified;
  [[nodiscard]] bool known() const {
    return type != nullptr || kind != domain::InterviewKind::kUnspecified;
  }
};
[[nodiscard]] Fsiii fsiii_of(const Message& message, const Node& concept_node);
/// A CarePlan that is KL's planned intervention; false: it is none.
[[nodiscard]] bool read_planned_intervention(Message& message, const Message::Entry& entry);
/// An Encounter that is a contact of planned interventions in the message; false: it is none.
[[nodiscard]] bool read_contact(Message& message, const Message::Entry& entry);
/// Sets source_system and source_message_id ("Type/id" and `suffix`).
void set_source(const Message::Entry& entry, std::string_view suffix, Draft& draft);
/// The referral's business id: identifier, else id.
[[nodiscard]] std::string referral_id(const Message::Entry& service_request);

}  // namespace kronika::codec
