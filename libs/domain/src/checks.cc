#include "measurement.h"
#include "reporting_checks.h"

#include <array>

#include <kronika/domain/checks.h>
#include <kronika/domain/identity.h>

namespace kronika::domain {
namespace {

constexpr std::int64_t kFutureToleranceMs = 5 * 60 * 1000;

struct ReasonRow {
  std::string_view slug;
  std::string_view sentence;
};

constexpr std::array<ReasonRow, static_cast<std::size_t>(Reason::kInternalInvariant) + 1> kReasons{{
    {"TYPE_UNKNOWN", "The event type is not in the catalogue; send one of its types."},
    {"FIELD_MISSING", "A required field is missing; send the message again with it."},
    {"ENUM_UNKNOWN", "A coded field has a value outside its closed list; send one of the list."},
    {"TIME_NO_ZONE", "A time of day has no offset; send RFC 3339 with offset."},
    {"TIME_FUTURE",
     "A time lies after the moment it was recorded or received; check the sender's clock."},
    {"CPR_FORMAT", "The person number is not ten digits DDMMYYSSSS; send the official number."},
    {"CPR_DATE", "The person number holds a date that does not exist; check the number."},
    {"CPR_FUTURE",
     "The person number means a birth after the message was recorded; check the number."},
    {"ECPR_NOT_ALLOWED",
     "A replacement number is not allowed in this message; send the CPR number."},
    {"CPR_CYCLE", "A person number is replaced by itself; check the two numbers."},
    {"BEFORE_BIRTH", "The event lies before the citizen's birth; check the time and the person."},
    {"SOR_FORMAT", "The sender is no SOR id of 11 digits or more; send the SOR id."},
    {"MUNICIPALITY_UNKNOWN", "The municipality code is not in the list; send the four-digit code."},
    {"EVENT_ID_REUSED", "The event id belongs to another fact; give every fact its own id."},
    {"VERSION_CONFLICT",
     "The same version of the fact came before with other content; send a correction as a higher "
     "version."},
    {"PROGRAMME_UNRESOLVED",
     "No programme is named and no diagnosis code leads to one; name the programme or send its "
     "code."},
    {"REASON_REQUIRED", "A rejection or cancellation needs a reason; send it."},
    {"REASON_NOT_ALLOWED", "A reason is only allowed where something was cancelled; leave it out."},
    {"CODE_UNKNOWN", "The code leads to no measure; send a supported code."},
    {"VALUE_MISSING", "The measurement has no readable value; send it."},
    {"UNIT_MISSING", "The measurement has no unit; send its UCUM unit."},
    {"UNIT_UNKNOWN", "The unit is not accepted for this measure; send its canonical unit."},
    {"NOT_INTEGER", "The scale takes whole numbers only; send the score as it was given."},
    {"RANGE_HARD", "The value lies outside what is possible; check value and unit."},
    {"SUBSCORE", "A subscore is larger than its total; check the answers."},
    {"BP_ORDER", "The diastolic pressure is not below the systolic; check both."},
    {"FEV_ORDER", "FEV1 is larger than FVC; check both."},
    {"UNDECODABLE", "The bytes are no message of this topic; check what the producer writes."},
    {"SCHEMA_UNKNOWN", "The schema version is newer than this program; upgrade it."},
    {"KEY_MISMATCH", "The record key is not the person key of its event; check the producer."},
    {"BUNDLE_UNKNOWN", "The bundle is of no known kind; send a supported message."},
    {"JSON_MALFORMED", "The text is not well-formed JSON; check how it was cut or encoded."},
    {"INTERNAL_INVARIANT", "The program met a state that must not exist; report it."},
}};

/// What a payload check found; empty field: nothing.
struct Fault {
  Reason reason = Reason::kFieldMissing;
  std::string_view field;
  explicit operator bool() const { return !field.empty(); }
};

constexpr Fault missing(std::string_view field) { return {Reason::kFieldMissing, field}; }
constexpr Fault unknown(std::string_view field) { return {Reason::kEnumUnknown, field}; }

/// First test that holds gives the field.
struct Test {
  bool faulty;
  std::string_view field;
};
constexpr Fault first_of(Reason reason, std::initializer_list<Test> tests) {
  for (const Test& t : tests) {
    if (t.faulty) return {reason, t.field};
  }
  return {};
}
constexpr Fault first_missing(std::initializer_list<Test> tests) {
  return first_of(Reason::kFieldMissing, tests);
}
constexpr Fault first_unknown(std::initializer_list<Test> tests) {
  return first_of(Reason::kEnumUnknown, tests);
}

template <class E>
constexpr bool unset(E value) {
  return value == E::kUnspecified;
}
/// The wire's enums are open: a reader casts whatever number it finds.
template <class E>
constexpr bool beyond(E value, E last) {
  return static_cast<std::uint8_t>(value) > static_cast<std::uint8_t>(last);
}
template <class V>
bool none(const V& v) {
  return v.empty();
}

struct PayloadChecks {
  const Rules& rules;

  [[nodiscard]] bool bad_programme(const std::string& id) const {
    return rules.programme(id) == kNoProgramme;
  }
  [[nodiscard]] bool bad_optional_programme(const std::string& id) const {
    return !id.empty() && bad_programme(id);
  }
  [[nodiscard]] bool bad_programmes(const std::vector<std::string>& ids) const {
    for (const std::string& id : ids) {
      if (bad_programme(id)) return true;
    }
    return false;
  }
};

// ---- FIELD_MISSING ----------------------------------------------------------------------------

struct Missing {
  Fault operator()(const std::monostate&) const { return {}; }
  Fault operator()(const ReferralSent& p) const {
    return first_missing(
        {{none(p.referral_id), "referral_sent.referral_id"},
         {none(p.receiver_org), "referral_sent.receiver_org"},
         {unset(p.requested_service), "referral_sent.requested_service"},
         {none(p.programme) && none(p.diagnosis_codes), "referral_sent.programme"}});
  }
  Fault operator()(const ReferralRevoked& p) const {
    return first_missing({{none(p.referral_id), "referral_revoked.referral_id"}});
  }
  Fault operator()(const VisitationDecided& p) const {
    return first_missing({{none(p.referral_id), "visitation_decided.referral_id"},
                          {unset(p.decision), "visitation_decided.decision"},
                          {p.decision == VisitationDecision::kForward && none(p.new_receiver_org),
                           "visitation_decided.new_receiver_org"},
                          {p.decision == VisitationDecision::kPriorityChange && unset(p.priority),
                           "visitation_decided.priority"}});
  }
  Fault operator()(const HospitalStayStarted& p) const {
    return first_missing({{none(p.contact_id), "hospital_stay_started.contact_id"},
                          {unset(p.encounter_class), "hospital_stay_started.encounter_class"}});
  }
  Fault operator()(const LeaveStarted& p) const {
    return first_missing({{none(p.contact_id), "leave_started.contact_id"}});
  }
  Fault operator()(const LeaveEnded& p) const {
    return first_missing({{none(p.contact_id), "leave_ended.contact_id"}});
  }
  Fault operator()(const HospitalStayEnded& p) const {
    return first_missing(
        {{unset(p.disposition), "hospital_stay_ended.disposition"},
         {none(p.contact_id) && none(p.episode_id), "hospital_stay_ended.contact_id"}});
  }
  Fault operator()(const DischargeReportReceived& p) const {
    return first_missing(
        {{none(p.contact_id) && none(p.episode_id), "discharge_report_received.contact_id"},
         {none(p.main_diagnosis), "discharge_report_received.main_diagnosis"}});
  }
  Fault operator()(const MeasurementRecorded& p) const {
    return first_missing({{none(p.code_system), "measurement_recorded.code_system"},
                          {none(p.code), "measurement_recorded.code"}});
  }
  Fault operator()(const QuestionnaireAnswered& p) const {
    return first_missing({{unset(p.instrument), "questionnaire_answered.instrument"},
                          {none(p.scores), "questionnaire_answered.scores"}});
  }
  Fault operator()(const HealthCheckCompleted&) const {
    return {};
  }  // no flagged programme: healthy
  Fault operator()(const DiagnosisRecorded& p) const {
    return first_missing({{none(p.code_system), "diagnosis_recorded.code_system"},
                          {none(p.code), "diagnosis_recorded.code"},
                          {unset(p.setting), "diagnosis_recorded.setting"}});
  }
  Fault operator()(const DiagnosisExcluded& p) const {
    return first_missing({{none(p.programme), "diagnosis_excluded.programme"}});
  }
  Fault operator()(const StratificationAssessed& p) const {
    return first_missing({{none(p.programme), "stratification_assessed.programme"},
                          {p.level == 0, "stratification_assessed.level"},
                          {none(p.assessor_role), "stratification_assessed.assessor_role"}});
  }
  Fault operator()(const InterviewHeld& p) const {
    return first_missing({{unset(p.kind), "interview_held.kind"},
                          {none(p.programmes), "interview_held.programmes"}});
  }
  Fault operator()(const InterventionStarted& p) const {
    return first_missing({{none(p.intervention_id), "intervention_started.intervention_id"},
                          {none(p.programmes), "intervention_started.programmes"},
                          {none(p.type), "intervention_started.type"}});
  }
  Fault operator()(const InterventionAttended& p) const {
    return first_missing({{none(p.intervention_id), "intervention_attended.intervention_id"},
                          {none(p.programmes), "intervention_attended.programmes"}});
  }
  Fault operator()(const InterventionStopped& p) const {
    return first_missing({{none(p.intervention_id), "intervention_stopped.intervention_id"},
                          {none(p.programmes), "intervention_stopped.programmes"},
                          {unset(p.status), "intervention_stopped.status"}});
  }
  Fault operator()(const PatientDeclined& p) const {
    return first_missing({{none(p.programme), "patient_declined.programme"}});
  }
  Fault operator()(const PathwayPlanChanged& p) const {
    return first_missing({{none(p.plan_id), "pathway_plan_changed.plan_id"},
                          {none(p.programmes), "pathway_plan_changed.programmes"},
                          {unset(p.category), "pathway_plan_changed.category"},
                          {unset(p.status), "pathway_plan_changed.status"}});
  }
  Fault operator()(const PathwayClosed& p) const {
    return first_missing({{none(p.programme), "pathway_closed.programme"},
                          {unset(p.reason), "pathway_closed.reason"}});
  }
  Fault operator()(const CoordinationAssigned& p) const {
    return first_missing({{unset(p.role), "coordination_assigned.role"},
                          {none(p.holder), "coordination_assigned.holder"}});
  }
  Fault operator()(const CoordinationEnded& p) const {
    return first_missing({{unset(p.role), "coordination_ended.role"}});
  }
  Fault operator()(const SelfTreatmentChanged& p) const {
    return first_missing({{unset(p.kind), "self_treatment_changed.kind"},
                          {unset(p.status), "self_treatment_changed.status"}});
  }
  Fault operator()(const PersonDeceased&) const { return {}; }
  Fault operator()(const ResidenceChanged& p) const {
    return first_missing({{none(p.municipality), "residence_changed.municipality"}});
  }
  Fault operator()(const CprReplaced& p) const {
    return first_missing({{p.old_person_key.is_zero(), "cpr_replaced.old_person_key"}});
  }
  Fault operator()(const PersonAttributesRecorded&) const { return {}; }
  Fault operator()(const GoalProgressReported& p) const { return missing_field(p); }
  Fault operator()(const AnnualDocumentation& p) const { return missing_field(p); }
  Fault operator()(const FinalReportAnswered& p) const { return missing_field(p); }

 private:
  template <class Report>
  static Fault missing_field(const Report& report) {
    const std::string_view field = missing_in_report(report);
    return field.empty() ? Fault{} : missing(field);
  }
};

// ---- ENUM_UNKNOWN -----------------------------------------------------------------------------
// Closed lists: the enums of the contract, and programmes, intervention types and stop reasons of
// the reference data.

struct UnknownEnum : PayloadChecks {
  template <class T>
  Fault operator()(const T&) const {
    return {};
  }
  Fault operator()(const ReferralSent& p) const {
    return first_unknown({{beyond(p.requested_service, RequestedService::kSelfCareOffer),
                           "referral_sent.requested_service"},
                          {beyond(p.priority, Priority::kStat), "referral_sent.priority"},
                          {bad_optional_programme(p.programme), "referral_sent.programme"}});
  }
  Fault operator()(const VisitationDecided& p) const {
    return first_unknown(
        {{beyond(p.decision, VisitationDecision::kPriorityChange), "visitation_decided.decision"},
         {beyond(p.priority, Priority::kStat), "visitation_decided.priority"}});
  }
  Fault operator()(const HospitalStayStarted& p) const {
    return first_unknown({{beyond(p.encounter_class, EncounterClass::kEmer),
                           "hospital_stay_started.encounter_class"}});
  }
  Fault operator()(const HospitalStayEnded& p) const {
    return first_unknown(
        {{beyond(p.disposition, DischargeDisposition::kOther), "hospital_stay_ended.disposition"}});
  }
  Fault operator()(const MeasurementRecorded& p) const {
    return first_unknown(
        {{beyond(p.timepoint, Timepoint::kNone), "measurement_recorded.timepoint"},
         {beyond(p.setting, Setting::kTelemed), "measurement_recorded.setting"},
         {beyond(p.performer, Performer::kPatient), "measurement_recorded.performer"},
         {bad_optional_programme(p.programme), "measurement_recorded.programme"}});
  }
  Fault operator()(const QuestionnaireAnswered& p) const {
    return first_unknown(
        {{beyond(p.instrument, Instrument::kSatisfaction), "questionnaire_answered.instrument"},
         {beyond(p.timepoint, Timepoint::kNone), "questionnaire_answered.timepoint"},
         {bad_optional_programme(p.programme), "questionnaire_answered.programme"}});
  }
  Fault operator()(const HealthCheckCompleted& p) const {
    return first_unknown({{bad_programmes(p.programmes), "health_check_completed.programmes"}});
  }
  Fault operator()(const DiagnosisRecorded& p) const {
    return first_unknown(
        {{beyond(p.setting, DiagnosisSetting::kOther), "diagnosis_recorded.setting"}});
  }
  Fault operator()(const DiagnosisExcluded& p) const {
    return first_unknown({{bad_programme(p.programme), "diagnosis_excluded.programme"}});
  }
  Fault operator()(const StratificationAssessed& p) const {
    return first_unknown(
        {{bad_programme(p.programme), "stratification_assessed.programme"},
         {p.level > 3, "stratification_assessed.level"},
         {beyond(p.self_care, SelfCare::kLow), "stratification_assessed.self_care"}});
  }
  Fault operator()(const InterviewHeld& p) const {
    return first_unknown({{beyond(p.kind, InterviewKind::kFollowUp), "interview_held.kind"},
                          {bad_programmes(p.programmes), "interview_held.programmes"}});
  }
  Fault operator()(const InterventionStarted& p) const {
    return first_unknown({{bad_programmes(p.programmes), "intervention_started.programmes"},
                          {rules.intervention(p.type) == nullptr, "intervention_started.type"},
                          {beyond(p.delivery, Delivery::kRobot), "intervention_started.delivery"}});
  }
  Fault operator()(const InterventionAttended& p) const {
    return first_unknown({{bad_programmes(p.programmes), "intervention_attended.programmes"}});
  }
  Fault operator()(const InterventionStopped& p) const {
    return first_unknown({{bad_programmes(p.programmes), "intervention_stopped.programmes"},
                          {beyond(p.status, StopStatus::kCancelled), "intervention_stopped.status"},
                          {p.status == StopStatus::kCancelled && !none(p.reason) &&
                               rules.stop_reason(p.reason) == nullptr,
                           "intervention_stopped.reason"}});
  }
  Fault operator()(const PatientDeclined& p) const {
    return first_unknown({{bad_programme(p.programme), "patient_declined.programme"}});
  }
  Fault operator()(const PathwayPlanChanged& p) const {
    return first_unknown(
        {{bad_programmes(p.programmes), "pathway_plan_changed.programmes"},
         {beyond(p.category, PlanCategory::kFollowUp), "pathway_plan_changed.category"},
         {beyond(p.status, PlanStatus::kCancelled), "pathway_plan_changed.status"},
         {beyond(p.legal_basis, LegalBasis::kSection140), "pathway_plan_changed.legal_basis"},
         {p.status == PlanStatus::kCancelled && !none(p.reason) &&
              rules.stop_reason(p.reason) == nullptr,
          "pathway_plan_changed.reason"}});
  }
  Fault operator()(const PathwayClosed& p) const {
    return first_unknown({{bad_programme(p.programme), "pathway_closed.programme"},
                          {beyond(p.reason, CloseReason::kNoNeed), "pathway_closed.reason"}});
  }
  Fault operator()(const CoordinationAssigned& p) const {
    return first_unknown(
        {{beyond(p.role, CoordinationRole::kForloebskoordinator), "coordination_assigned.role"}});
  }
  Fault operator()(const CoordinationEnded& p) const {
    return first_unknown(
        {{beyond(p.role, CoordinationRole::kForloebskoordinator), "coordination_ended.role"}});
  }
  Fault operator()(const SelfTreatmentChanged& p) const {
    return first_unknown(
        {{beyond(p.kind, SelfTreatmentKind::kOther), "self_treatment_changed.kind"},
         {beyond(p.status, SelfTreatmentStatus::kEnded), "self_treatment_changed.status"}});
  }
  Fault operator()(const GoalProgressReported& p) const { return unknown_field(p); }
  Fault operator()(const AnnualDocumentation& p) const { return unknown_field(p); }
  Fault operator()(const FinalReportAnswered& p) const { return unknown_field(p); }

 private:
  template <class Report>
  static Fault unknown_field(const Report& report) {
    const std::string_view field = unknown_in_report(report);
    return field.empty() ? Fault{} : unknown(field);
  }
};

// ---- content ----------------------------------------------------------------------------------

struct Content : PayloadChecks {
  template <class T>
  Fault operator()(const T&) const {
    return {};
  }
  Fault operator()(const ReferralSent& p) const {
    if (!p.programme.empty()) return {};
    std::vector<const DiagnosisRow*> rows;
    for (const Coding& coding : p.diagnosis_codes) {
      rows.clear();
      rules.find_diagnosis(coding.system, coding.code, rows);
      for (const DiagnosisRow* row : rows) {
        if (row->programme != kNoProgramme) return {};
      }
    }
    return {Reason::kProgrammeUnresolved, "referral_sent.diagnosis_codes"};
  }
  Fault operator()(const VisitationDecided& p) const {
    return first_of(Reason::kReasonRequired,
                    {{p.decision == VisitationDecision::kReject && none(p.reason),
                      "visitation_decided.reason"}});
  }
  Fault operator()(const InterventionStopped& p) const {
    return reason_iff(p.status == StopStatus::kCancelled, p.reason, "intervention_stopped.reason");
  }
  Fault operator()(const PathwayPlanChanged& p) const {
    if (const Fault f = reason_iff(p.status == PlanStatus::kCancelled, p.reason,
                                   "pathway_plan_changed.reason")) {
      return f;
    }
    for (const Goal& goal : p.goals) {
      if (rules.measure(goal.measure_key) == kNoMeasure) {
        return {Reason::kCodeUnknown, "pathway_plan_changed.goals.measure_key"};
      }
    }
    return {};
  }
  static Fault reason_iff(bool cancelled, const std::string& reason, std::string_view field) {
    if (cancelled && reason.empty()) return {Reason::kReasonRequired, field};
    if (!cancelled && !reason.empty()) return {Reason::kReasonNotAllowed, field};
    return {};
  }
  Fault operator()(const QuestionnaireAnswered& p) const {
    // One pass a reason: the order of reasons counts, not that of the scores.
    for (const Score& s : p.scores) {
      const MeasureIndex m = rules.measure(s.measure_key);
      if (m == kNoMeasure || rules.measures[m].kind == ValueKind::kCode) {
        return {Reason::kCodeUnknown, "questionnaire_answered.scores.measure_key"};
      }
    }
    constexpr std::string_view kField = "questionnaire_answered.scores.value";
    for (const Score& s : p.scores) {
      if (!is_number(s.value)) return {Reason::kValueMissing, kField};
    }
    for (const Score& s : p.scores) {
      const Measure& m = rules.measures[rules.measure(s.measure_key)];
      if (m.kind == ValueKind::kOrdinal && !is_integer(s.value))
        return {Reason::kNotInteger, kField};
    }
    const Score* total = nullptr;
    const Score* psych = nullptr;
    for (const Score& s : p.scores) {
      if (outside_hard_range(rules.measures[rules.measure(s.measure_key)], s.value)) {
        return {Reason::kRangeHard, kField};
      }
      if (s.measure_key == "START_TOTAL") total = &s;
      if (s.measure_key == "START_PSYCH") psych = &s;
    }
    if (total != nullptr && psych != nullptr && psych->value > total->value) {
      return {Reason::kSubscore, "questionnaire_answered.scores"};
    }
    return {};
  }
};

Refusal refusal_of(Reason reason, std::string_view field) {
  std::string sentence(field);
  sentence += ": ";
  const std::string_view report = explain_report_field(reason, field);
  sentence += report.empty() ? explain(reason) : report;
  return {reason, std::string(field), std::move(sentence)};
}

Fault envelope_missing(const Event& e) {
  const bool about_organisation = topic_of(e.type()) == "rapport";
  return first_missing({{e.event_id.is_zero(), "event_id"},
                        {e.source_system.empty(), "source_system"},
                        {e.source_message_id.empty(), "source_message_id"},
                        {e.source_version == 0, "source_version"},
                        {e.op == Op::kUnspecified, "op"},
                        {!about_organisation && e.person_key.is_zero(), "person_key"},
                        {e.occurred_at.ms == 0, "occurred_at"},
                        {e.time_precision == TimePrecision::kUnspecified, "time_precision"},
                        {e.recorded_at.ms == 0, "recorded_at"},
                        {e.sender_org.empty(), "sender_org"},
                        {e.adapter_revision == 0, "adapter_revision"}});
}

Fault envelope_unknown(const Event& e) {
  return first_unknown({{beyond(e.op, Op::kCancel), "op"},
                        {beyond(e.sex, Sex::kFemale), "sex"},
                        {beyond(e.time_precision, TimePrecision::kDate), "time_precision"}});
}

}  // namespace

std::string_view slug(Reason reason) { return kReasons[static_cast<std::size_t>(reason)].slug; }

std::string_view explain(Reason reason) {
  return kReasons[static_cast<std::size_t>(reason)].sentence;
}

std::optional<Reason> reason_from_slug(std::string_view slug) {
  for (std::size_t i = 0; i < kReasons.size(); ++i) {
    if (kReasons[i].slug == slug) return static_cast<Reason>(i);
  }
  return std::nullopt;
}

std::optional<Refusal> check(const Rules& rules, const Event& event, Instant receive_time) {
  if (event.type() == EventType::kUnknown) return refusal_of(Reason::kTypeUnknown, "payload");
  // What a cancelled fact said does not matter any more, so only its envelope is checked.
  const bool with_payload = event.op != Op::kCancel;
  if (const Fault f = envelope_missing(event)) return refusal_of(f.reason, f.field);
  if (with_payload) {
    if (const Fault f = std::visit(Missing{}, event.payload)) return refusal_of(f.reason, f.field);
  }
  if (const Fault f = envelope_unknown(event)) return refusal_of(f.reason, f.field);
  Refusal measurement_refusal;
  bool measurement_refused = false;
  if (with_payload) {
    if (const Fault f = std::visit(UnknownEnum{{rules}}, event.payload)) {
      return refusal_of(f.reason, f.field);
    }
    if (const auto* m = std::get_if<MeasurementRecorded>(&event.payload)) {
      measurement_refused = !canonical(rules, *m, std::nullopt, &measurement_refusal);
      if (measurement_refused && measurement_refusal.reason == Reason::kEnumUnknown) {
        return measurement_refusal;
      }
    }
  }
  const CivilDate day = civil_date_of(event.occurred_at);
  const bool after_recording =
      event.time_precision == TimePrecision::kDate
          ? day > civil_date_of(event.recorded_at)
          : event.occurred_at.ms > event.recorded_at.ms + kFutureToleranceMs;
  if (after_recording) return refusal_of(Reason::kTimeFuture, "occurred_at");
  if (event.recorded_at.ms - kFutureToleranceMs > receive_time.ms) {
    return refusal_of(Reason::kTimeFuture, "recorded_at");
  }
  if (topic_of(event.type()) == "rapport") {
    if (const auto refusal = check_report(event)) {
      return refusal_of(refusal->first, refusal->second);
    }
  }
  if (with_payload) {
    const auto* replaced = std::get_if<CprReplaced>(&event.payload);
    if (replaced != nullptr && replaced->old_person_key == event.person_key) {
      return refusal_of(Reason::kCprCycle, "cpr_replaced.old_person_key");
    }
  }
  if (event.birth_date && day < *event.birth_date) {
    return refusal_of(Reason::kBeforeBirth, "occurred_at");
  }
  if (!is_sor_id(event.sender_org)) return refusal_of(Reason::kSorFormat, "sender_org");
  if (!event.residence_municipality.empty() &&
      !rules.municipality(event.residence_municipality).known) {
    return refusal_of(Reason::kMunicipalityUnknown, "residence_municipality");
  }
  if (!with_payload) return std::nullopt;
  if (const auto* moved = std::get_if<ResidenceChanged>(&event.payload)) {
    if (!rules.municipality(moved->municipality).known) {
      return refusal_of(Reason::kMunicipalityUnknown, "residence_changed.municipality");
    }
  }
  if (measurement_refused) return measurement_refusal;
  if (const Fault f = std::visit(Content{{rules}}, event.payload)) {
    return refusal_of(f.reason, f.field);
  }
  return std::nullopt;
}

std::optional<CanonicalValue> canonical(const Rules& rules, const MeasurementRecorded& measurement,
                                        std::optional<int> age, Refusal* refusal) {
  const auto refused = [refusal](Reason reason, std::string_view field) {
    if (refusal != nullptr) *refusal = refusal_of(reason, field);
    return std::nullopt;
  };
  const MeasureCode* code = rules.measure_code(measurement.code_system, measurement.code);
  if (code == nullptr) return refused(Reason::kCodeUnknown, "measurement_recorded.code");
  const Measure& measure = rules.measures[code->measure];
  CanonicalValue result{code->measure, 0, false};

  if (measure.kind == ValueKind::kCode) {
    if (std::holds_alternative<std::monostate>(measurement.value)) {
      return refused(Reason::kValueMissing, "measurement_recorded.value");
    }
    const auto* text = std::get_if<std::string>(&measurement.value);
    if (text != nullptr && text->empty()) {
      return refused(Reason::kValueMissing, "measurement_recorded.value");
    }
    for (std::size_t i = 0; text != nullptr && i < measure.allowed_values.size(); ++i) {
      if (measure.allowed_values[i] == *text) {
        result.value = static_cast<double>(i);
        return result;
      }
    }
    return refused(Reason::kEnumUnknown, "measurement_recorded.value");
  }

  const std::optional<double> sent = number_of(measurement.value);
  if (!sent) return refused(Reason::kValueMissing, "measurement_recorded.value");
  if (measurement.unit.empty() && measure.kind == ValueKind::kNumeric) {
    return refused(Reason::kUnitMissing, "measurement_recorded.unit");
  }
  result.value = *sent;
  if (!measurement.unit.empty() && measurement.unit != measure.ucum_unit) {
    const UnitConversion* conversion = nullptr;
    for (const UnitConversion& c : code->accepted_units) {
      if (c.unit == measurement.unit) {
        conversion = &c;
        break;
      }
    }
    if (conversion == nullptr) return refused(Reason::kUnitUnknown, "measurement_recorded.unit");
    result.value = converted(*conversion, *sent);
  }
  if (measure.kind == ValueKind::kOrdinal && !is_integer(result.value)) {
    return refused(Reason::kNotInteger, "measurement_recorded.value");
  }
  if (outside_hard_range(measure, result.value)) {
    return refused(Reason::kRangeHard, "measurement_recorded.value");
  }
  const bool growing = age && *age < 18 && measure.key == "WEIGHT";
  result.soft_range = !growing && ((measure.soft_min && result.value < *measure.soft_min) ||
                                   (measure.soft_max && result.value > *measure.soft_max));
  return result;
}

}  // namespace kronika::domain
