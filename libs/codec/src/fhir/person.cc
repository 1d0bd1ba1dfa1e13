// Patient and Condition: death and diagnoses.
#include "adapter/codes.h"
#include "fhir/fhir_r4.h"

#include <utility>

namespace kronika::codec {

using domain::Op;
using domain::Reason;

void read_patient(Message& message, const Message::Entry& entry) {
  const Node& patient = entry.resource;
  const bool told = patient["deceasedBoolean"].boolean().value_or(false);
  if (!patient["deceasedDateTime"]) {
    return message.ignore(entry, told ? "Patient deceased at an unknown time"
                                      : "Patient: read with the resources that refer to it");
  }
  Draft draft = message.draft(entry);
  const When when = message.read_time(patient["deceasedDateTime"], ".deceasedDateTime", draft);
  message.set_times(entry, when, {}, draft);
  message.set_sender({patient["managingOrganization"]}, entry, ".managingOrganization", draft);
  message.set_patient(entry, "", /*ecpr_allowed=*/true, draft);
  draft.event.payload = domain::PersonDeceased{};
  set_source(entry, "/death", draft);
  draft.places = {{"occurred_at", ".deceasedDateTime"},
                  {"sender_org", ".managingOrganization"},
                  {"birth_date", ".identifier"}};
  message.finish(std::move(draft));
}

namespace {

domain::DiagnosisSetting setting_of(const Message& message, const Message::Entry& entry,
                                    const domain::Event& event) {
  if (const auto* encounter = message.resolve(entry.resource["encounter"], &entry)) {
    const std::string_view klass = encounter->resource["class"].text("code");
    if (klass == "IMP" || klass == "EMER") return domain::DiagnosisSetting::kHospital;
  }
  const auto* organisation =
      message.rules().organisation(event.sender_org, domain::civil_date_of(event.occurred_at));
  if (organisation != nullptr && organisation->sector == domain::Sector::kGp) {
    return domain::DiagnosisSetting::kGp;
  }
  if (organisation != nullptr && organisation->sector == domain::Sector::kHospital) {
    return domain::DiagnosisSetting::kHospital;
  }
  return domain::DiagnosisSetting::kOther;
}

}  // namespace

void read_condition(Message& message, const Message::Entry& entry) {
  const Node& condition = entry.resource;
  const std::string_view verification =
      condition["verificationStatus"]["coding"].first().text("code");
  if (verification == "unconfirmed" || verification == "provisional" ||
      verification == "differential") {
    return message.ignore(entry, "Condition not confirmed");
  }
  const domain::Coding coding = diagnosis_coding(message, condition["code"]);
  if (coding.code.empty()) {
    if (message.is_bundle())
      return message.ignore(entry, "Condition code of an unsupported system");
    return message.refuse(entry.position + " .code", Reason::kCodeUnknown,
                          "The diagnosis is in none of SKS, ICD-10, ICPC-2 and SNOMED CT.");
  }

  Draft draft = message.draft(entry);
  domain::Event& event = draft.event;
  const When recorded = message.read_time(condition["recordedDate"], ".recordedDate", draft);
  When when = recorded;
  if (!when.known()) when = message.read_time(condition["onsetDateTime"], ".onsetDateTime", draft);
  if (!when.known() && draft.faults.empty()) when = message.transport_time(entry, draft);
  if (!when.known() && draft.faults.empty()) {
    draft.fault(Reason::kFieldMissing, ".recordedDate", "The time of the diagnosis is missing.");
  }
  message.set_times(entry, when, recorded, draft);
  message.set_sender({condition["recorder"], condition["asserter"]}, entry, ".recorder", draft);
  message.set_person(condition["subject"], entry, ".subject", /*ecpr_allowed=*/true, draft);
  draft.places = {{"occurred_at", recorded.known() ? ".recordedDate" : ".onsetDateTime"},
                  {"sender_org", ".recorder"},
                  {"diagnosis_recorded.code", ".code"},
                  {"birth_date", ".subject (Patient.identifier)"}};

  if (verification == "refuted") {
    std::vector<const domain::DiagnosisRow*> rows;
    message.rules().find_diagnosis(coding.system, coding.code, rows);
    bool any = false;
    for (const auto* row : rows) {
      if (row->programme == domain::kNoProgramme) continue;
      const std::string& programme = message.rules().programmes[row->programme].id;
      Draft excluded = draft;
      excluded.event.payload = domain::DiagnosisExcluded{programme};
      set_source(entry, "/excluded/" + programme, excluded);
      message.finish(std::move(excluded));
      any = true;
    }
    if (!any) message.ignore(entry, "Condition refuted that opens no programme");
    return;
  }
  if (verification == "entered-in-error") event.op = Op::kCancel;
  event.payload =
      domain::DiagnosisRecorded{coding.system, coding.code, setting_of(message, entry, event)};
  set_source(entry, "", draft);
  message.finish(std::move(draft));
}

}  // namespace kronika::codec
