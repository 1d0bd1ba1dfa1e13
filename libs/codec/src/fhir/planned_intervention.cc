// The municipal §119 work as KL's gateway sends it (domain.md 13.4): a planned intervention is a
// CarePlan with one activity whose code is of FSIII, and contacts are Encounters that name it or
// its plan. period.start is the grant of the intervention and no session, so the contacts say when
// it began.
#include "adapter/codes.h"
#include "fhir/fhir_r4.h"

#include <algorithm>
#include <utility>

namespace kronika::codec {
namespace {

using domain::Op;
using domain::Reason;

Node activity_of(const Message::Entry& plan) { return plan.resource["activity"].first(); }

/// Whether two interventions of the message belong to one plan: a contact of the plan may then be
/// either's.
bool shares_plan(const Message& message, const Message::Entry& intervention,
                 const Message::Entry* plan) {
  return std::any_of(message.entries().begin(), message.entries().end(), [&](const auto& other) {
    return &other != &intervention && other.type == "CarePlan" &&
           message.resolve(other.resource["basedOn"].first(), &other) == plan;
  });
}

/// By the intervention's outcomeReference, or by the Encounter's extension basedOnCarePlan.
bool is_contact_of(const Message& message, const Message::Entry& encounter,
                   const Message::Entry& intervention) {
  bool found = false;
  activity_of(intervention)["outcomeReference"].each([&](const Node& reference, std::size_t) {
    found = found || message.resolve(reference, &intervention) == &encounter;
  });
  encounter.resource["extension"].each([&](const Node& extension, std::size_t) {
    const auto* named = message.resolve(extension["valueReference"], &encounter);
    if (named == nullptr || named->type != "CarePlan") return;
    found = found || named == &intervention ||
            (named == message.resolve(intervention.resource["basedOn"].first(), &intervention) &&
             !shares_plan(message, intervention, named));
  });
  return found;
}

/// Start of the earliest finished contact; unknown if the message carries none.
When first_contact(const Message& message, const Message::Entry& intervention, Draft& draft) {
  When first;
  for (const Message::Entry& encounter : message.entries()) {
    if (encounter.type != "Encounter" || encounter.resource.text("status") != "finished") continue;
    if (!is_contact_of(message, encounter, intervention)) continue;
    const When start = message.read_time(encounter.resource["period"]["start"],
                                         " (Encounter.period.start)", draft);
    if (start.known() && (!first.known() || start.at < first.at)) first = start;
  }
  return first;
}

/// Of the conditions it treats; else of the plan it belongs to; else of the request behind it.
std::vector<std::string> programmes_behind(const Message& message,
                                           const Message::Entry& intervention) {
  std::vector<std::string> programmes = programmes_of(message, intervention);
  activity_of(intervention)["detail"]["reasonReference"].each(
      [&](const Node& reference, std::size_t) {
        if (const auto* condition = message.resolve(reference, &intervention)) {
          add_programmes(message, condition->resource["code"], programmes);
        }
      });
  const auto from = [&](const Node& reference) {
    if (!programmes.empty()) return;
    if (const auto* other = message.resolve(reference, &intervention)) {
      programmes = programmes_of(message, *other);
    }
  };
  from(intervention.resource["basedOn"].first());
  intervention.resource["extension"].each(
      [&](const Node& extension, std::size_t) { from(extension["valueReference"]); });
  return programmes;
}

std::string id_of(const Message::Entry& entry) {
  if (!entry.id.empty()) return std::string(entry.id);
  return entry.full_url.starts_with("urn:uuid:") ? std::string(entry.full_url.substr(9))
                                                 : std::string{};
}

class PlannedIntervention {
 public:
  PlannedIntervention(Message& message, const Message::Entry& entry, const Fsiii& code)
      : message_(message),
        entry_(entry),
        code_(code),
        detail_(activity_of(entry)["detail"]),
        status_(detail_.text("status")),
        withdrawn_(entry.resource.text("status") == "entered-in-error" ||
                   status_ == "entered-in-error"),
        programmes_(programmes_behind(message, entry)) {}

  void read() const {
    Draft draft = message_.draft(entry_);
    const When contact = first_contact(message_, entry_, draft);
    const When end = message_.read_time(entry_.resource["period"]["end"], ".period.end", draft);
    if (code_.kind != domain::InterviewKind::kUnspecified) {
      return interview(std::move(draft), contact, end);
    }
    const bool stopped =
        status_ == "completed" || status_ == "cancelled" || status_ == "stopped" || withdrawn_;
    if (status_ != "in-progress" && !stopped) {
      return message_.ignore(entry_, "Planned intervention not begun");
    }
    if (!contact.known() && !stopped && draft.faults.empty()) {
      return message_.ignore(entry_, "Planned intervention without a contact that tells its start");
    }
    if (contact.known() || withdrawn_ || !draft.faults.empty()) {
      domain::InterventionStarted started;
      started.intervention_id = id_of(entry_);
      started.programmes = programmes_;
      started.type = code_.type->uuid;
      finish(draft, contact, std::move(started), "/start");
    }
    // What never ended has no end to withdraw.
    if (stopped && draft.faults.empty() && (end.known() || !withdrawn_)) {
      stop(std::move(draft), end);
    }
  }

 private:
  void interview(Draft draft, const When& contact, const When& end) const {
    if (status_ != "completed" && !withdrawn_) {
      return message_.ignore(entry_, "Interview not completed");
    }
    finish(std::move(draft), contact.known() ? contact : end,
           domain::InterviewHeld{code_.kind, programmes_}, "");
  }

  void stop(Draft draft, const When& end) const {
    domain::InterventionStopped stopped;
    stopped.intervention_id = id_of(entry_);
    stopped.programmes = programmes_;
    const bool completed = status_ == "completed";
    stopped.status = completed ? domain::StopStatus::kCompleted : domain::StopStatus::kCancelled;
    if (!completed) {
      Node reason = detail_["statusReason"];
      if (!reason) reason = entry_.resource["statusReason"];
      stopped.reason = std::string(reason["coding"].first().text("code"));
    }
    finish(std::move(draft), end, std::move(stopped), "/stop");
  }

  void finish(Draft draft, When when, domain::Payload payload, std::string_view suffix) const {
    draft.event.payload = std::move(payload);
    if (withdrawn_) {
      draft.event.op = Op::kCancel;
      // A withdrawal corrects a fact by its key; the grant will do where nothing else is told.
      if (!when.known()) {
        when = message_.read_time(entry_.resource["period"]["start"], ".period.start", draft);
      }
    }
    if (!when.known() && draft.faults.empty()) {
      draft.fault(Reason::kFieldMissing, ".period.end",
                  "Neither a contact nor the end of the period tells the time.");
    }
    message_.set_times(entry_, when, {}, draft);
    message_.set_sender({detail_["performer"].first()}, entry_, ".activity.detail.performer",
                        draft);
    message_.set_person(entry_.resource["subject"], entry_, ".subject", /*ecpr_allowed=*/true,
                        draft);
    set_source(entry_, suffix, draft);
    draft.places = {{"interview_held.programmes", ".activity.detail.reasonReference"},
                    {"intervention_started.programmes", ".activity.detail.reasonReference"},
                    {"intervention_stopped.programmes", ".activity.detail.reasonReference"},
                    {"intervention_stopped.reason", ".activity.detail.statusReason"},
                    {"sender_org", ".activity.detail.performer"}};
    message_.finish(std::move(draft));
  }

  Message& message_;
  const Message::Entry& entry_;
  Fsiii code_;
  Node detail_;
  std::string_view status_;
  bool withdrawn_;
  std::vector<std::string> programmes_;
};

}  // namespace

Fsiii fsiii_of(const Message& message, const Node& concept_node) {
  Fsiii found;
  concept_node["coding"].each([&](const Node& coding, std::size_t) {
    const std::string_view code = coding.text("code");
    if (found.type == nullptr) found.type = message.rules().intervention(code);
    if (found.kind == domain::InterviewKind::kUnspecified) found.kind = interview_kind(code);
  });
  return found;
}

bool read_planned_intervention(Message& message, const Message::Entry& entry) {
  const Fsiii code = fsiii_of(message, activity_of(entry)["detail"]["code"]);
  if (!code.known()) return false;
  PlannedIntervention(message, entry, code).read();
  return true;
}

bool read_contact(Message& message, const Message::Entry& entry) {
  const std::string_view status = entry.resource.text("status");
  bool any = false;
  for (const Message::Entry& intervention : message.entries()) {
    if (intervention.type != "CarePlan") continue;
    const Fsiii code = fsiii_of(message, activity_of(intervention)["detail"]["code"]);
    // An interview is an event of its own, at this contact.
    if (code.type == nullptr || !is_contact_of(message, entry, intervention)) continue;
    if (status != "finished" && status != "entered-in-error") continue;
    any = true;
    Draft draft = message.draft(entry);
    if (status != "finished") draft.event.op = Op::kCancel;
    const std::string id = id_of(intervention);
    draft.event.payload =
        domain::InterventionAttended{id, programmes_behind(message, intervention), true};
    const When start = message.read_time(entry.resource["period"]["start"], ".period.start", draft);
    if (!start.known() && draft.faults.empty()) {
      draft.fault(Reason::kFieldMissing, ".period.start", "The start of the contact is missing.");
    }
    message.set_times(entry, start, {}, draft);
    message.set_sender({entry.resource["serviceProvider"],
                        activity_of(intervention)["detail"]["performer"].first()},
                       entry, ".serviceProvider", draft);
    message.set_person(entry.resource["subject"], entry, ".subject", /*ecpr_allowed=*/true, draft);
    set_source(entry, "/attended/" + id, draft);
    draft.places = {{"occurred_at", ".period.start"}, {"sender_org", ".serviceProvider"}};
    message.finish(std::move(draft));
  }
  return any;
}

}  // namespace kronika::codec
