// ServiceRequest and Task: referral and visitation.
#include "adapter/codes.h"
#include "fhir/fhir_r4.h"

#include <utility>

namespace kronika::codec {

using domain::Op;
using domain::Reason;

void read_service_request(Message& message, const Message::Entry& entry) {
  const Node& request = entry.resource;
  const std::string_view status = request.text("status");
  const std::string_view intent = request.text("intent");
  if (status == "draft" || intent == "proposal" || intent == "plan") {
    return message.ignore(entry, "ServiceRequest not yet sent (draft, proposal or plan)");
  }

  std::optional<domain::RequestedService> service;
  request["code"]["coding"].each([&](const Node& coding, std::size_t) {
    if (!service) service = requested_service(coding.text("system"), coding.text("code"));
  });
  const std::vector<std::string> programmes = programmes_of(message, entry);
  if (!service && programmes.empty()) {
    // A laboratory or imaging order is no referral of the catalogue.
    return message.ignore(entry, "ServiceRequest for a service that is no pathway referral");
  }

  Draft draft = message.draft(entry);
  domain::Event& event = draft.event;
  const When authored = message.read_time(request["authoredOn"], ".authoredOn", draft);
  const bool revoked = status == "revoked";
  When when = authored;
  if (revoked) {
    // The time of revocation is when the resource was last touched; authoredOn is the referral's.
    if (const When touched = message.transport_time(entry, draft); touched.known()) when = touched;
    event.payload = domain::ReferralRevoked{referral_id(entry), {}};
  } else {
    if (status == "entered-in-error") event.op = Op::kCancel;
    if (status.empty() || status == "unknown") {
      draft.fault(status.empty() ? Reason::kFieldMissing : Reason::kEnumUnknown, ".status",
                  "Send active, completed, on-hold, revoked or entered-in-error.");
    }
    domain::ReferralSent sent;
    sent.referral_id = referral_id(entry);
    sent.receiver_org = message.sor_of(request["performer"].first(), &entry);
    sent.requested_service = service.value_or(domain::RequestedService::kUnspecified);
    sent.priority = priority(request.text("priority"));
    sent.replaces_referral_id = [&] {
      const Node replaced = request["replaces"].first();
      const auto* other = message.resolve(replaced, &entry);
      return other != nullptr ? referral_id(*other) : Message::reference_id(replaced);
    }();
    request["reasonCode"].each([&](const Node& concept_node, std::size_t) {
      const domain::Coding coding = diagnosis_coding(message, concept_node);
      if (!coding.code.empty()) sent.diagnosis_codes.push_back(coding);
    });
    request["reasonReference"].each([&](const Node& reference, std::size_t) {
      const auto* condition = message.resolve(reference, &entry);
      if (condition == nullptr) return;
      const domain::Coding coding = diagnosis_coding(message, condition->resource["code"]);
      if (!coding.code.empty()) sent.diagnosis_codes.push_back(coding);
    });
    if (!service && event.op != Op::kCancel) {
      draft.fault(Reason::kEnumUnknown, ".code",
                  "The reason is a chronic disease, but the code names no service of the catalogue "
                  "(urn:kronika:requested-service or KL).");
    }
    event.payload = std::move(sent);
  }
  if (!when.known() && draft.faults.empty()) {
    draft.fault(Reason::kFieldMissing, ".authoredOn", "The time of the referral is missing.");
  }
  message.set_times(entry, when, {}, draft);
  message.set_sender({request["requester"]}, entry, ".requester", draft);
  message.set_person(request["subject"], entry, ".subject", /*ecpr_allowed=*/true, draft);
  set_source(entry, revoked ? "/revoked" : "", draft);
  draft.places = {{"occurred_at", ".authoredOn"},
                  {"sender_org", ".requester"},
                  {"referral_sent.receiver_org", ".performer"},
                  {"referral_sent.requested_service", ".code"},
                  {"referral_sent.priority", ".priority"},
                  {"referral_sent.programme", ".reasonCode"},
                  {"birth_date", ".subject (Patient.identifier)"}};
  message.finish(std::move(draft));
}

void read_task(Message& message, const Message::Entry& entry) {
  const Node& task = entry.resource;
  const std::string_view status = task.text("status");
  // Own rule: forwarding and a changed priority have no FHIR status; they stand in businessStatus.
  const std::string_view business = task["businessStatus"]["coding"].first().text("code");
  domain::VisitationDecided decided;
  if (status == "rejected") {
    decided.decision = domain::VisitationDecision::kReject;
    decided.reason = task["statusReason"]["coding"].first().text("code");
    if (decided.reason.empty()) decided.reason = task["statusReason"].text("text");
  } else if (business == "forwarded") {
    decided.decision = domain::VisitationDecision::kForward;
    decided.new_receiver_org = message.sor_of(task["owner"], &entry);
  } else if (business == "priority-change") {
    decided.decision = domain::VisitationDecision::kPriorityChange;
    decided.priority = priority(task.text("priority"));
  } else if (status == "accepted") {
    decided.decision = domain::VisitationDecision::kAccept;
  } else if (status != "entered-in-error") {
    return message.ignore(entry, "Task that decides nothing");
  }
  Node referral = task["focus"];
  if (!referral) referral = task["basedOn"].first();
  const auto* request = message.resolve(referral, &entry);
  decided.referral_id =
      request != nullptr ? referral_id(*request) : Message::reference_id(referral);

  Draft draft = message.draft(entry);
  if (status == "entered-in-error") draft.event.op = Op::kCancel;
  draft.event.payload = std::move(decided);
  When when = message.read_time(task["lastModified"], ".lastModified", draft);
  if (!when.known()) when = message.read_time(task["authoredOn"], ".authoredOn", draft);
  if (!when.known() && draft.faults.empty()) {
    draft.fault(Reason::kFieldMissing, ".lastModified", "The time of the decision is missing.");
  }
  message.set_times(entry, when, when, draft);
  message.set_sender({task["owner"], task["requester"]}, entry, ".owner", draft);
  message.set_person(task["for"], entry, ".for", /*ecpr_allowed=*/true, draft);
  set_source(entry, "", draft);
  draft.places = {{"visitation_decided.referral_id", ".focus"},
                  {"visitation_decided.reason", ".statusReason"},
                  {"visitation_decided.new_receiver_org", ".owner"},
                  {"occurred_at", ".lastModified"},
                  {"birth_date", ".for (Patient.identifier)"}};
  message.finish(std::move(draft));
}

}  // namespace kronika::codec
