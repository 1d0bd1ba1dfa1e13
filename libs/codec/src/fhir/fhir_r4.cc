#include "fhir/fhir_r4.h"

#include "adapter/codes.h"
#include "fhir/observation.h"

#include <algorithm>

namespace kronika::codec {

using domain::Reason;

domain::Coding diagnosis_coding(const Message& message, const Node& concept_node) {
  domain::Coding best;
  bool best_opens = false;
  std::vector<const domain::DiagnosisRow*> rows;
  concept_node["coding"].each([&](const Node& coding, std::size_t) {
    const std::string_view system = code_system_name(coding.text("system"));
    const std::string_view code = coding.text("code");
    if (code.empty() || !is_diagnosis_system(system)) return;
    rows.clear();
    message.rules().find_diagnosis(system, code, rows);
    if (best.code.empty() || (!best_opens && !rows.empty())) {
      best = {std::string(system), std::string(code)};
      best_opens = !rows.empty();
    }
  });
  return best;
}

void add_programmes(const Message& message, const Node& concept_node,
                    std::vector<std::string>& programmes) {
  const domain::Coding coding = diagnosis_coding(message, concept_node);
  std::vector<const domain::DiagnosisRow*> rows;
  message.rules().find_diagnosis(coding.system, coding.code, rows);
  for (const auto* row : rows) {
    if (row->programme == domain::kNoProgramme) continue;
    const std::string& id = message.rules().programmes[row->programme].id;
    if (std::find(programmes.begin(), programmes.end(), id) == programmes.end()) {
      programmes.push_back(id);
    }
  }
}

std::vector<std::string> programmes_of(const Message& message, const Message::Entry& entry) {
  std::vector<std::string> programmes;
  const auto add = [&](const Node& concept_node) {
    add_programmes(message, concept_node, programmes);
  };
  entry.resource["reasonCode"].each(
      [&](const Node& concept_node, std::size_t) { add(concept_node); });
  for (const std::string_view list : {"reasonReference", "addresses"}) {
    entry.resource[list].each([&](const Node& reference, std::size_t) {
      if (const auto* condition = message.resolve(reference, &entry))
        add(condition->resource["code"]);
    });
  }
  return programmes;
}

void set_source(const Message::Entry& entry, std::string_view suffix, Draft& draft) {
  draft.event.source_system = "fhir/" + draft.event.sender_org;
  std::string id(entry.id);
  if (id.empty() && entry.full_url.starts_with("urn:uuid:")) id = entry.full_url.substr(9);
  if (id.empty()) {
    draft.fault(Reason::kFieldMissing, ".id",
                "Without an id a correction could not find this fact.");
  }
  draft.event.source_message_id = std::string(entry.type) + "/" + id + std::string(suffix);
}

std::string referral_id(const Message::Entry& service_request) {
  const std::string_view business = service_request.resource["identifier"].first().text("value");
  return std::string(business.empty() ? service_request.id : business);
}

namespace {

/// What is read for the sake of other resources, or has no event in the catalogue.
void ignore_known(Message& message, const Message::Entry& entry) {
  static constexpr std::string_view kReadWithOthers[] = {"Organization", "Practitioner",
                                                         "PractitionerRole", "EpisodeOfCare"};
  const bool read = std::find(std::begin(kReadWithOthers), std::end(kReadWithOthers), entry.type) !=
                    std::end(kReadWithOthers);
  message.ignore(entry,
                 shown(entry.type) + (read ? ": read with the resources that refer to it" : ""));
}

void read_entry(Message& message, const Message::Entry& entry) {
  if (entry.type == "Observation") return read_observation(message, entry, {});
  if (entry.type == "ServiceRequest") return read_service_request(message, entry);
  if (entry.type == "Task") return read_task(message, entry);
  if (entry.type == "Encounter") return read_encounter(message, entry);
  if (entry.type == "Condition") return read_condition(message, entry);
  if (entry.type == "Patient") return read_patient(message, entry);
  if (entry.type == "CarePlan") return read_care_plan(message, entry);
  if (entry.type == "Procedure") return read_procedure(message, entry);
  if (entry.type.empty()) {
    message.refuse(entry.position, Reason::kTypeUnknown, "The resource has no resourceType.");
    return;
  }
  ignore_known(message, entry);
}

}  // namespace

void read_fhir(Message& message) {
  for (const Message::Entry& entry : message.entries()) {
    if (entry.container == nullptr) read_entry(message, entry);
  }
}

}  // namespace kronika::codec
