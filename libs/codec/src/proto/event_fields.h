// The fields of kronika.event.v1.Event, once, in ascending numbers: what
// proto/kronika/event/v1/event.proto says, beside the domain type that holds it.
// tests/event_codec_test.cc holds this list against the generated classes.
#pragma once

#include "proto/wire_visitors.h"

#include <kronika/domain/event.h>

// `m` is a T for readers and a const T for writers.
#define KRONIKA_FIELDS(T) \
  template <class V>      \
  void fields(V& v, typename V::template Of<T>& m)

// Found by argument-dependent lookup through the domain types.
namespace kronika::domain {

KRONIKA_FIELDS(Coding) {
  v.text(1, m.system);
  v.text(2, m.code);
}
KRONIKA_FIELDS(ReferralSent) {
  v.text(1, m.referral_id);
  v.text(2, m.receiver_org);
  v.number(3, m.requested_service);
  v.text(4, m.programme);
  v.messages(5, m.diagnosis_codes);
  v.number(6, m.priority);
  v.date(7, m.pain_onset_date);
  v.text(8, m.replaces_referral_id);
  v.text(9, m.special_needs);
  v.text(10, m.reason);
}
KRONIKA_FIELDS(ReferralRevoked) {
  v.text(1, m.referral_id);
  v.text(2, m.reason);
}
KRONIKA_FIELDS(VisitationDecided) {
  v.text(1, m.referral_id);
  v.number(2, m.decision);
  v.text(3, m.reason);
  v.text(4, m.new_receiver_org);
  v.number(5, m.priority);
}
KRONIKA_FIELDS(HospitalStayStarted) {
  v.text(1, m.contact_id);
  v.number(2, m.encounter_class);
  v.text(3, m.episode_id);
  v.flag(4, m.acute);
  v.text(5, m.unit);
}
KRONIKA_FIELDS(LeaveStarted) { v.text(1, m.contact_id); }
KRONIKA_FIELDS(LeaveEnded) { v.text(1, m.contact_id); }
KRONIKA_FIELDS(HospitalStayEnded) {
  v.number(1, m.disposition);
  v.text(2, m.contact_id);
  v.text(3, m.episode_id);
}
KRONIKA_FIELDS(DischargeReportReceived) {
  v.text(1, m.contact_id);
  v.text(2, m.episode_id);
  v.text(3, m.main_diagnosis);
  v.texts(4, m.secondary_diagnoses);
  v.texts(5, m.procedures);
}
KRONIKA_FIELDS(MeasurementRecorded) {
  v.text(1, m.code_system);
  v.text(2, m.code);
  v.one_of_real(3, m.value);
  v.one_of_text(4, m.value);
  v.text(5, m.unit);
  v.number(6, m.timepoint);
  v.number(7, m.setting);
  v.number(8, m.performer);
  v.text(9, m.method);
  v.text(10, m.programme);
  v.number(11, m.preliminary);
}
KRONIKA_FIELDS(Score) {
  v.text(1, m.measure_key);
  v.real(2, m.value);
}
KRONIKA_FIELDS(QuestionnaireAnswered) {
  v.number(1, m.instrument);
  v.messages(2, m.scores);
  v.number(3, m.timepoint);
  v.text(4, m.programme);
}
KRONIKA_FIELDS(HealthCheckCompleted) { v.texts(1, m.programmes); }
KRONIKA_FIELDS(DiagnosisRecorded) {
  v.text(1, m.code_system);
  v.text(2, m.code);
  v.number(3, m.setting);
}
KRONIKA_FIELDS(DiagnosisExcluded) { v.text(1, m.programme); }
KRONIKA_FIELDS(StratificationAssessed) {
  v.text(1, m.programme);
  v.number(2, m.level);
  v.text(3, m.assessor_role);
  v.number(4, m.self_care);
  v.text(5, m.severity);
  v.text(6, m.progression);
  v.text(7, m.social);
  v.text(8, m.ruleset_id);
  v.text(9, m.ruleset_version);
  v.ids(10, m.input_event_ids);
}
KRONIKA_FIELDS(InterviewHeld) {
  v.number(1, m.kind);
  v.texts(2, m.programmes);
}
KRONIKA_FIELDS(InterventionStarted) {
  v.text(1, m.intervention_id);
  v.texts(2, m.programmes);
  v.text(3, m.type);
  v.number(4, m.delivery);
  v.flag(5, m.diagnosis_specific);
  v.text(6, m.plan_id);
}
KRONIKA_FIELDS(InterventionAttended) {
  v.text(1, m.intervention_id);
  v.texts(2, m.programmes);
  v.number(3, m.attended);
}
KRONIKA_FIELDS(InterventionStopped) {
  v.text(1, m.intervention_id);
  v.texts(2, m.programmes);
  v.number(3, m.status);
  v.text(4, m.reason);
}
KRONIKA_FIELDS(PatientDeclined) {
  v.text(1, m.programme);
  v.text(2, m.reason);
}
KRONIKA_FIELDS(Goal) {
  v.text(1, m.measure_key);
  v.real(2, m.target);
}
KRONIKA_FIELDS(PathwayPlanChanged) {
  v.text(1, m.plan_id);
  v.texts(2, m.programmes);
  v.number(3, m.category);
  v.number(4, m.status);
  v.text(5, m.reason);
  v.messages(6, m.goals);
  v.flag(7, m.shared_decision);
  v.text(8, m.version);
  v.number(9, m.legal_basis);
}
KRONIKA_FIELDS(PathwayClosed) {
  v.text(1, m.programme);
  v.number(2, m.reason);
}
KRONIKA_FIELDS(CoordinationAssigned) {
  v.number(1, m.role);
  v.text(2, m.holder);
}
KRONIKA_FIELDS(CoordinationEnded) { v.number(1, m.role); }
KRONIKA_FIELDS(SelfTreatmentChanged) {
  v.number(1, m.kind);
  v.number(2, m.status);
}
KRONIKA_FIELDS(PersonDeceased) {
  (void)v;
  (void)m;
}
KRONIKA_FIELDS(ResidenceChanged) { v.text(1, m.municipality); }
KRONIKA_FIELDS(CprReplaced) { v.id(1, m.old_person_key); }
KRONIKA_FIELDS(PersonAttributesRecorded) {
  v.text(1, m.education_code);
  v.flag(2, m.lives_alone);
  v.text(3, m.labour_market_status);
}
KRONIKA_FIELDS(GoalProgressReported) {
  v.number(1, m.area);
  v.text(2, m.owner);
  v.date(3, m.deadline);
  v.text(4, m.measurable_target);
  v.number(5, m.status);
  v.text(6, m.evidence_link);
  v.texts(7, m.measuring_points);
}
KRONIKA_FIELDS(Spend) {
  v.text(1, m.document);
  v.text(2, m.purpose);
  v.signed_number(3, m.amount_oere);
}
KRONIKA_FIELDS(AnnualDocumentation) {
  v.number(1, m.year);
  v.messages(2, m.spend);
  v.messages(3, m.progress);
  v.text(4, m.health_effects);
  v.text(5, m.economic_effects);
}
KRONIKA_FIELDS(ReportAnswer) {
  v.text(1, m.section);
  v.text(2, m.text);
}
KRONIKA_FIELDS(FinalReportAnswered) { v.messages(1, m.answers); }

KRONIKA_FIELDS(Event) {
  v.id(1, m.event_id);
  v.text(2, m.source_system);
  v.text(3, m.source_message_id);
  v.number(4, m.source_version);
  v.number(5, m.op);
  v.number(6, m.schema_version);
  v.id(7, m.person_key);
  v.date(8, m.birth_date);
  v.number(9, m.sex);
  v.instant(10, m.occurred_at);
  v.number(11, m.time_precision);
  v.instant(12, m.recorded_at);
  v.text(13, m.sender_org);
  v.text(14, m.residence_municipality);
  v.id(15, m.correlation_id);
  v.number(16, m.adapter_revision);
  v.number(17, m.canary);
  v.number(18, m.simulated);
  v.template one_of<ReferralSent>(30, m.payload);
  v.template one_of<ReferralRevoked>(31, m.payload);
  v.template one_of<VisitationDecided>(32, m.payload);
  v.template one_of<HospitalStayStarted>(40, m.payload);
  v.template one_of<LeaveStarted>(41, m.payload);
  v.template one_of<LeaveEnded>(42, m.payload);
  v.template one_of<HospitalStayEnded>(43, m.payload);
  v.template one_of<DischargeReportReceived>(44, m.payload);
  v.template one_of<MeasurementRecorded>(50, m.payload);
  v.template one_of<QuestionnaireAnswered>(51, m.payload);
  v.template one_of<HealthCheckCompleted>(60, m.payload);
  v.template one_of<DiagnosisRecorded>(61, m.payload);
  v.template one_of<DiagnosisExcluded>(62, m.payload);
  v.template one_of<StratificationAssessed>(63, m.payload);
  v.template one_of<InterviewHeld>(64, m.payload);
  v.template one_of<InterventionStarted>(65, m.payload);
  v.template one_of<InterventionAttended>(66, m.payload);
  v.template one_of<InterventionStopped>(67, m.payload);
  v.template one_of<PatientDeclined>(68, m.payload);
  v.template one_of<PathwayPlanChanged>(69, m.payload);
  v.template one_of<PathwayClosed>(70, m.payload);
  v.template one_of<CoordinationAssigned>(71, m.payload);
  v.template one_of<CoordinationEnded>(72, m.payload);
  v.template one_of<SelfTreatmentChanged>(73, m.payload);
  v.template one_of<PersonDeceased>(80, m.payload);
  v.template one_of<ResidenceChanged>(81, m.payload);
  v.template one_of<CprReplaced>(82, m.payload);
  v.template one_of<PersonAttributesRecorded>(83, m.payload);
  v.template one_of<GoalProgressReported>(90, m.payload);
  v.template one_of<AnnualDocumentation>(91, m.payload);
  v.template one_of<FinalReportAnswered>(92, m.payload);
}

}  // namespace kronika::domain
