// HospitalNotification 3.0 (domain.md 13.1). One message tells the newest step of a stay and
// repeats the earlier ones as Provenances; the newest decides the event, the oldest admission names
// the contact.
#include "medcom/medcom.h"

#include <optional>
#include <utility>

namespace kronika::codec {
namespace {

using domain::Op;
using domain::Reason;

// domain.md 13.1: K = contact id and the step.
constexpr std::string_view kSource = "medcom-hn";

std::string_view base_of(std::string_view activity, Op& op) {
  op = Op::kCreate;
  for (const auto& [prefix, meaning] :
       {std::pair<std::string_view, Op>{"revise-", Op::kRevise}, {"cancel-", Op::kCancel}}) {
    if (!activity.starts_with(prefix)) continue;
    op = meaning;
    return activity.substr(prefix.size());
  }
  return activity;
}

/// The episode in the sender's own SOR-based system, else the first; without "urn:uuid:".
std::string episode_id(const Node& encounter, std::string_view sender) {
  std::string_view found;
  bool own = false;
  encounter["episodeOfCare"].each([&](const Node& episode, std::size_t) {
    const Node identifier = episode["identifier"];
    const std::string_view value = identifier.text("value");
    const std::string_view system = identifier.text("system");
    const bool of_sender = !sender.empty() &&
                           system.find("sor2.sum.dsdn.dk") != std::string_view::npos &&
                           system.ends_with("#id=" + std::string(sender));
    if (value.empty() || own || (!found.empty() && !of_sender)) return;
    found = value;
    own = of_sender;
  });
  if (found.starts_with("urn:uuid:")) found.remove_prefix(9);
  return std::string(found);
}

/// occurredDateTime of Provenances with this activity: the oldest, or the newest not after `until`.
std::optional<Instant> occurred(const Message& message, std::string_view activity,
                                std::optional<Instant> until, Draft& draft) {
  std::optional<Instant> found;
  for (const Message::Entry& e : message.entries()) {
    if (e.type != "Provenance" || e.resource["activity"]["coding"].first().text("code") != activity)
      continue;
    const When t =
        message.read_time(e.resource["occurredDateTime"], "(Provenance.occurredDateTime)", draft);
    if (!t.known() || (until && t.at > *until)) continue;
    if (!found || (until ? t.at > *found : t.at < *found)) found = t.at;
  }
  return found;
}

}  // namespace

void read_hospital_notification(Message& message) {
  const Message::Entry* header = message.first_of("MessageHeader");
  const Message::Entry* encounter = message.first_of("Encounter");
  if (encounter == nullptr) {
    message.refuse(header->position, Reason::kFieldMissing,
                   "A HospitalNotification needs its Encounter.");
    return;
  }
  const Node& stay = encounter->resource;
  Draft draft = message.draft(*encounter);
  domain::Event& event = draft.event;
  event.source_system = kSource;

  const Activity activity = latest_activity(message, draft);
  const std::string_view base = base_of(activity.code, event.op);
  message.set_sender({header->resource["sender"]}, *header, "(MessageHeader.sender)", draft);

  const std::string_view klass = stay["class"].text("code");
  const bool emergency = klass == "EMER";
  if (klass.empty()) {
    draft.fault(Reason::kFieldMissing, ".class", "The Encounter has no class; send IMP or EMER.");
  } else if (!emergency && klass != "IMP") {
    draft.fault(Reason::kEnumUnknown, ".class",
                "HospitalNotification knows the classes IMP and EMER alone.");
  }

  const When start = message.read_time(stay["period"]["start"], ".period.start", draft);
  const When end = message.read_time(stay["period"]["end"], ".period.end", draft);
  const auto require = [&](const When& t, std::string_view path) {
    if (!t.known() && draft.faults.empty()) {
      draft.fault(Reason::kFieldMissing, path, "The time of this step is missing.");
    }
    return t;
  };

  const std::string episode = episode_id(stay, event.sender_org);
  const auto admitted =
      occurred(message, emergency ? "admit-emergency" : "admit-inpatient", std::nullopt, draft);
  if (episode.empty()) {
    draft.fault(Reason::kFieldMissing, ".episodeOfCare.identifier",
                "The Encounter names no episode of care.");
  }
  if (!admitted && draft.faults.empty()) {
    draft.fault(Reason::kFieldMissing, "(Provenance admit-*)",
                "No Provenance of the admission with occurredDateTime; every message of a stay "
                "repeats it.");
  }
  const std::string contact =
      episode + "/" + std::string(klass) + "/" + domain::to_text(admitted.value_or(Instant{}));

  // MORS: death is told on the last activity, which stays admit-* or start-leave.
  const Message::Entry* patient = message.resolve(stay["subject"], encounter);
  if (patient == nullptr) patient = message.first_of("Patient");
  const bool deceased =
      patient != nullptr && (patient->resource["deceasedBoolean"].boolean().value_or(false) ||
                             patient->resource["deceasedDateTime"]);
  const bool admission = base == "admit-inpatient" || base == "admit-emergency";
  const bool death = event.op == Op::kCreate && stay.text("status") == "finished" && deceased &&
                     (admission || base == "start-leave-inpatient");

  When when;
  std::string key;
  if (death) {
    when = require(end, ".period.end");
    key = "end";
    event.payload =
        domain::HospitalStayEnded{domain::DischargeDisposition::kDeceased, contact, episode};
  } else if (admission) {
    when = require(start, ".period.start");
    key = "start";
    domain::HospitalStayStarted started{
        contact, emergency ? domain::EncounterClass::kEmer : domain::EncounterClass::kImp, episode,
        std::nullopt, message.sor_of(stay["serviceProvider"], encounter)};
    if (emergency) started.acute = true;
    event.payload = std::move(started);
  } else if (base == "start-leave-inpatient" || base == "end-leave-inpatient") {
    const bool starts = base.starts_with("start");
    when = activity.provenance == nullptr
               ? When{}
               : message.read_time(activity.provenance->resource["occurredDateTime"],
                                   "(Provenance.occurredDateTime)", draft);
    // The Provenance of a revision tells when it was made; the revised time stands in the leave
    // period.
    if (event.op == Op::kRevise) {
      stay["extension"].each([&](const Node& extension, std::size_t) {
        if (extension.text("url").find("leave-period") == std::string_view::npos) return;
        const When revised = message.read_time(extension["valuePeriod"][starts ? "start" : "end"],
                                               ".extension(leave-period)", draft);
        if (revised.known()) when = revised;
      });
    }
    require(when, "(Provenance.occurredDateTime)");
    const auto left = occurred(message, "start-leave-inpatient", activity.recorded.at, draft);
    if (!left && draft.faults.empty()) {
      draft.fault(Reason::kFieldMissing, "(Provenance start-leave-inpatient)",
                  "No Provenance of the start of the leave; every later message repeats it.");
    }
    key = (starts ? "leave-start/" : "leave-end/") + domain::to_text(left.value_or(Instant{}));
    if (starts) {
      event.payload = domain::LeaveStarted{contact};
    } else {
      event.payload = domain::LeaveEnded{contact};
    }
  } else if (base == "discharge-inpatient-home" || base == "discharge-emergency-home") {
    // A cancelled discharge has no end any more.
    when = end.known() || event.op != Op::kCancel ? require(end, ".period.end") : activity.recorded;
    key = "end";
    event.payload =
        domain::HospitalStayEnded{domain::DischargeDisposition::kHome, contact, episode};
  } else if (activity.provenance != nullptr) {
    draft.fault(Reason::kEnumUnknown, "(Provenance.activity)",
                "This activity code is not one of HospitalNotification 3.0.");
  }

  message.set_times(*encounter, when, activity.recorded, draft);
  // Not meta.versionId: the version of a MedCom step is the time at which its Provenance was
  // recorded.
  event.source_version =
      activity.recorded.at.ms > 0 ? static_cast<std::uint64_t>(activity.recorded.at.ms) : 1;
  event.source_message_id = contact + "/" + key;
  const Node subject = stay["subject"];
  message.set_person(subject, *encounter, ".subject", /*ecpr_allowed=*/false, draft);
  draft.places = {{"occurred_at", key == "start" ? ".period.start" : ".period.end"},
                  {"recorded_at", "(Provenance.recorded)"},
                  {"sender_org", "(MessageHeader.sender)"},
                  {"birth_date", ".subject (Patient.identifier)"}};

  if (death && draft.faults.empty()) {
    Draft died = draft;
    died.event.source_message_id = contact + "/death";
    died.event.payload = domain::PersonDeceased{};
    message.finish(std::move(draft));
    message.finish(std::move(died));
    return;
  }
  message.finish(std::move(draft));
}

}  // namespace kronika::codec
