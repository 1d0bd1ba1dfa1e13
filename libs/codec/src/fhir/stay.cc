// Encounter: hospital stays.
#include "fhir/fhir_r4.h"

#include <optional>
#include <utility>

namespace kronika::codec {
namespace {

using domain::DischargeDisposition;
using domain::Op;
using domain::Reason;

DischargeDisposition disposition(const Node& encounter) {
  // HL7 discharge-disposition; SNOMED CT 306689006 (discharge to home), 371828006 (patient deceased
  // during stay).
  std::string_view code;
  encounter["hospitalization"]["dischargeDisposition"]["coding"].each(
      [&](const Node& coding, std::size_t) {
        if (code.empty()) code = coding.text("code");
      });
  if (code == "home" || code == "306689006") return DischargeDisposition::kHome;
  if (code == "exp" || code == "371828006") return DischargeDisposition::kDeceased;
  if (code == "hosp" || code == "other-hcf") return DischargeDisposition::kTransfer;
  return DischargeDisposition::kOther;
}

/// HL7 v3 ActPriority: planned or not; anything else is unknown.
std::optional<bool> acute(const Node& encounter) {
  const Node coding = encounter["priority"]["coding"].first();
  if (!coding.text("system").ends_with("ActPriority")) return std::nullopt;
  const std::string_view code = coding.text("code");
  if (code == "EM" || code == "UR" || code == "A") return true;
  if (code == "EL" || code == "R") return false;
  return std::nullopt;
}

std::string episode_of(const Message& message, const Message::Entry& entry) {
  const Node reference = entry.resource["episodeOfCare"].first();
  const auto* episode = message.resolve(reference, &entry);
  std::string id = episode != nullptr
                       ? std::string(episode->resource["identifier"].first().text("value"))
                       : std::string{};
  if (id.empty()) id = Message::reference_id(reference);
  return id;
}

}  // namespace

void read_encounter(Message& message, const Message::Entry& entry) {
  const Node& encounter = entry.resource;
  const std::string_view klass = encounter["class"].text("code");
  const std::string_view status = encounter.text("status");
  if (!klass.empty() && klass != "IMP" && klass != "EMER") {
    if (read_contact(message, entry)) return;
    return message.ignore(entry, "Encounter class " + shown(klass) + ": no hospital stay");
  }
  if (status == "planned" || status == "arrived" || status == "triaged") {
    return message.ignore(entry, "Encounter not yet begun");
  }

  Draft draft = message.draft(entry);
  domain::Event& event = draft.event;
  const bool withdrawn = status == "cancelled" || status == "entered-in-error";
  if (withdrawn) event.op = Op::kCancel;
  if (klass.empty()) {
    draft.fault(Reason::kFieldMissing, ".class", "The Encounter has no class; send IMP or EMER.");
  }
  if (status.empty() || status == "unknown") {
    draft.fault(status.empty() ? Reason::kFieldMissing : Reason::kEnumUnknown, ".status",
                "Send in-progress, onleave, finished, cancelled or entered-in-error.");
  }
  const When start = message.read_time(encounter["period"]["start"], ".period.start", draft);
  const When end = message.read_time(encounter["period"]["end"], ".period.end", draft);
  if (!start.known() && draft.faults.empty()) {
    draft.fault(Reason::kFieldMissing, ".period.start", "The start of the stay is missing.");
  }
  message.set_times(entry, start, {}, draft);
  message.set_sender({encounter["serviceProvider"]}, entry, ".serviceProvider", draft);
  message.set_person(encounter["subject"], entry, ".subject", /*ecpr_allowed=*/true, draft);
  set_source(entry, "/start", draft);
  const std::string contact(entry.id.empty() ? shown(entry.full_url) : std::string(entry.id));
  const std::string episode = episode_of(message, entry);
  domain::HospitalStayStarted started;
  started.contact_id = contact;
  started.episode_id = episode;
  started.encounter_class =
      klass == "EMER" ? domain::EncounterClass::kEmer : domain::EncounterClass::kImp;
  started.acute = acute(encounter);
  if (!started.acute && klass == "EMER") started.acute = true;
  event.payload = std::move(started);
  draft.places = {{"occurred_at", ".period.start"},
                  {"sender_org", ".serviceProvider"},
                  {"birth_date", ".subject (Patient.identifier)"}};

  const bool ended = end.known() && (status == "finished" || withdrawn);
  if (!ended || !draft.faults.empty()) return message.finish(std::move(draft));
  Draft stop = draft;
  message.finish(std::move(draft));
  stop.event.payload = domain::HospitalStayEnded{disposition(encounter), contact, episode};
  message.set_times(entry, end, {}, stop);
  set_source(entry, "/end", stop);
  stop.places.front().second = ".period.end";
  message.finish(std::move(stop));
}

}  // namespace kronika::codec
