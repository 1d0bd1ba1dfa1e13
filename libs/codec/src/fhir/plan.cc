// CarePlan and Procedure, where their codes are those of the municipal §119 work (KL-term, FSIII):
// plans, interviews and interventions. Care plans and procedures with other codes have no event in
// the catalogue.
#include "fhir/fhir_r4.h"

#include <utility>

namespace kronika::codec {
namespace {

using domain::Op;
using domain::Reason;

// kl_codes.csv, CAREPLAN_CATEGORY.
constexpr std::string_view kInterventionPlan = "5c160c02-e858-4c1f-925a-71ed64844749";
constexpr std::string_view kFollowUpPlan = "9791e55a-656f-47eb-8fd5-c4a06b0a4662";

std::string reason_of(const Node& resource) {
  return std::string(resource["statusReason"]["coding"].first().text("code"));
}

void begin(Message& message, const Message::Entry& entry, const When& when, std::string_view path,
           Draft& draft) {
  if (!when.known() && draft.faults.empty()) {
    draft.fault(Reason::kFieldMissing, path, "The time is missing.");
  }
  message.set_times(entry, when, {}, draft);
  message.set_person(entry.resource["subject"], entry, ".subject", /*ecpr_allowed=*/true, draft);
}

}  // namespace

void read_care_plan(Message& message, const Message::Entry& entry) {
  const Node& plan = entry.resource;
  domain::PathwayPlanChanged changed;
  plan["category"].each([&](const Node& category, std::size_t) {
    category["coding"].each([&](const Node& coding, std::size_t) {
      if (coding.text("code") == kInterventionPlan)
        changed.category = domain::PlanCategory::kIntervention;
      if (coding.text("code") == kFollowUpPlan) changed.category = domain::PlanCategory::kFollowUp;
    });
  });
  if (changed.category == domain::PlanCategory::kUnspecified) {
    if (read_planned_intervention(message, entry)) return;
    return message.ignore(entry, "CarePlan of no §119 category");
  }
  const std::string_view status = plan.text("status");
  if (status == "draft" || status == "on-hold")
    return message.ignore(entry, "CarePlan not in force");

  Draft draft = message.draft(entry);
  changed.plan_id = entry.id;
  changed.programmes = programmes_of(message, entry);
  changed.version = plan["meta"].text("versionId");
  When when = message.read_time(plan["period"]["start"], ".period.start", draft);
  if (status == "active") {
    changed.status = domain::PlanStatus::kActive;
  } else if (status == "completed" || status == "revoked") {
    changed.status =
        status == "completed" ? domain::PlanStatus::kCompleted : domain::PlanStatus::kCancelled;
    if (status == "revoked") changed.reason = reason_of(plan);
    when = message.read_time(plan["period"]["end"], ".period.end", draft);
  } else if (status == "entered-in-error") {
    draft.event.op = Op::kCancel;
  } else {
    draft.fault(Reason::kEnumUnknown, ".status",
                "This status is not one that a plan in force has.");
  }
  begin(message, entry, when, status == "active" ? ".period.start" : ".period.end", draft);
  message.set_sender({plan["custodian"], plan["author"]}, entry, ".author", draft);
  // Each state of a plan is a fact of its own: completing it does not correct its start.
  const bool ended = changed.status == domain::PlanStatus::kCompleted ||
                     changed.status == domain::PlanStatus::kCancelled;
  draft.event.payload = std::move(changed);
  set_source(entry, ended ? "/end" : "/start", draft);
  draft.places = {{"pathway_plan_changed.programmes", ".addresses"},
                  {"pathway_plan_changed.reason", ".statusReason"},
                  {"sender_org", ".author"}};
  message.finish(std::move(draft));
}

void read_procedure(Message& message, const Message::Entry& entry) {
  const Node& procedure = entry.resource;
  const auto [type, kind] = fsiii_of(message, procedure["code"]);
  if (type == nullptr && kind == domain::InterviewKind::kUnspecified) {
    return message.ignore(entry, "Procedure of no §119 intervention");
  }
  const std::string_view status = procedure.text("status");
  if (status == "preparation" || status == "not-done" || status == "on-hold") {
    return message.ignore(entry, "Procedure not begun");
  }

  const std::vector<std::string> programmes = programmes_of(message, entry);

  Draft draft = message.draft(entry);
  if (status == "entered-in-error") draft.event.op = Op::kCancel;
  When start = message.read_time(procedure["performedDateTime"], ".performedDateTime", draft);
  if (!start.known())
    start =
        message.read_time(procedure["performedPeriod"]["start"], ".performedPeriod.start", draft);
  const When end =
      message.read_time(procedure["performedPeriod"]["end"], ".performedPeriod.end", draft);
  begin(message, entry, start, ".performed[x]", draft);
  message.set_sender(
      {procedure["performer"].first()["actor"], procedure["performer"].first()["onBehalfOf"]},
      entry, ".performer.actor", draft);
  draft.places = {{"interview_held.programmes", ".reasonReference"},
                  {"intervention_started.programmes", ".reasonReference"},
                  {"intervention_stopped.programmes", ".reasonReference"},
                  {"intervention_stopped.reason", ".statusReason"},
                  {"sender_org", ".performer.actor"}};

  if (kind != domain::InterviewKind::kUnspecified) {
    if (status != "completed" && status != "entered-in-error") {
      return message.ignore(entry, "Interview not completed");
    }
    draft.event.payload = domain::InterviewHeld{kind, programmes};
    set_source(entry, "", draft);
    return message.finish(std::move(draft));
  }
  domain::InterventionStarted started;
  started.intervention_id = entry.id;
  started.programmes = programmes;
  started.type = type->uuid;
  Draft stop = draft;
  draft.event.payload = std::move(started);
  set_source(entry, "/start", draft);
  message.finish(std::move(draft));

  const bool completed = status == "completed";
  if ((!completed && status != "stopped") || !stop.faults.empty()) return;
  if (!end.known()) {
    stop.fault(Reason::kFieldMissing, ".performedPeriod.end",
               "The end of the intervention is missing.");
  }
  domain::InterventionStopped stopped{
      std::string(entry.id), programmes,
      completed ? domain::StopStatus::kCompleted : domain::StopStatus::kCancelled,
      completed ? std::string{} : reason_of(procedure)};
  stop.event.payload = std::move(stopped);
  message.set_times(entry, end, {}, stop);
  set_source(entry, "/stop", stop);
  message.finish(std::move(stop));
}

}  // namespace kronika::codec
