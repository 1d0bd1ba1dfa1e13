// FHIR R4, domain.md 13.3, and HomeCareObservation, 13.2.
#include "adapter_fixture.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace kronika::codec {
namespace {

using domain::MeasurementRecorded;
using domain::Op;

class Fhir : public AdapterTest {
 protected:
  static std::string observation(
      const std::string& value, const std::string& status = "final",
      const std::string& code = R"({"system":"http://loinc.org","code":"8867-4"})") {
    return R"({"resourceType":"Observation","id":"o1","status":")" + status +
           R"(","code":{"coding":[)" + code +
           R"(]},"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2025-02-01T10:00:00+01:00","issued":"2025-02-01T10:05:00+01:00")" +
           (value.empty() ? "" : ",") + value + "}";
  }
  MeasurementRecorded measurement(const std::string& resource) const {
    const auto e = event(with_patient(resource));
    const auto* m = std::get_if<MeasurementRecorded>(&e.payload);
    return m == nullptr ? MeasurementRecorded{} : *m;
  }
  static const std::string kPulse;
};
const std::string Fhir::kPulse =
    R"("valueQuantity":{"value":72,"unit":"beats/minute","code":"/min"})";

TEST_F(Fhir, AnObservationIsOneMeasurement) {
  const auto e = event(with_patient(observation(kPulse)));
  const auto& m = std::get<MeasurementRecorded>(e.payload);
  EXPECT_EQ(m.code_system, "LOINC");
  EXPECT_EQ(m.code, "8867-4");
  EXPECT_EQ(std::get<double>(m.value), 72);
  EXPECT_EQ(m.unit, "/min") << "the code of the unit counts before its display";
  EXPECT_EQ(e.source_message_id, "Observation/o1");
  EXPECT_EQ(domain::to_text(e.recorded_at), "2025-02-01T09:05:00.000Z");
  EXPECT_EQ(e.op, Op::kCreate);
}

TEST_F(Fhir, TheStatusSaysWhetherTheValueIsNewRevisedPreliminaryOrGone) {
  EXPECT_EQ(event(with_patient(observation(kPulse, "amended"))).op, Op::kRevise);
  EXPECT_EQ(event(with_patient(observation(kPulse, "corrected"))).op, Op::kRevise);
  EXPECT_EQ(event(with_patient(observation("", "cancelled"))).op, Op::kCancel);
  EXPECT_EQ(event(with_patient(observation("", "entered-in-error"))).op, Op::kCancel);
  EXPECT_TRUE(measurement(observation(kPulse, "preliminary")).preliminary);
  EXPECT_TRUE(measurement(observation(kPulse, "registered")).preliminary);
  EXPECT_EQ(refusals(with_patient(observation(kPulse, "unknown"))),
            (std::vector<std::string>{"ENUM_UNKNOWN @ entry[1] Observation/o1 .status"}));
}

TEST_F(Fhir, ValuesComeInManyShapes) {
  const std::string mrc =
      R"({"system":"http://medcomfhir.dk/ig/terminology/CodeSystem/medcom-observation-codes","code":"MCS88021"})";
  EXPECT_EQ(std::get<double>(measurement(observation(R"("valueString":"+3")", "final", mrc)).value),
            3);
  EXPECT_EQ(std::get<double>(measurement(observation(R"("valueInteger":4)", "final", mrc)).value),
            4);
  EXPECT_EQ(
      std::get<double>(
          measurement(observation(R"("valueQuantity":{"value":"+80","unit":"1/min"})")).value),
      80);
  const std::string smoking = R"({"system":"http://loinc.org","code":"72166-2"})";
  EXPECT_EQ(std::get<std::string>(
                measurement(observation(R"("valueCodeableConcept":{"coding":[{"code":"8517006"}]})",
                                        "final", smoking))
                    .value),
            "FORMER");
  const std::string oxygen = R"({"system":"urn:oid:1.2.208.184.100.8","code":"MCS88159"})";
  EXPECT_EQ(std::get<std::string>(
                measurement(observation(R"("valueBoolean":true)", "final", oxygen)).value),
            "YES");
  EXPECT_EQ(
      ignored(with_patient(observation(
                  R"("valueCodeableConcept":{"coding":[{"code":"266927001"}]})", "final", smoking)))
          .back(),
      "SMOKING unknown: no value");
  EXPECT_EQ(ignored(with_patient(observation(
                        R"("valueQuantity":{"comparator":"<","value":5,"unit":"/min"})")))
                .back(),
            "value with comparator: a bound is no measurement");
}

TEST_F(Fhir, EveryFaultOfAValueHasItsReasonAndPlace) {
  const auto refusal = [&](const std::string& value) {
    return refusals(with_patient(observation(value))).at(0);
  };
  EXPECT_EQ(refusal(""), "VALUE_MISSING @ entry[1] Observation/o1 .value[x]");
  EXPECT_EQ(refusal(R"("valueQuantity":{"value":null,"unit":"/min"})"),
            "VALUE_MISSING @ entry[1] Observation/o1 .value[x]");
  EXPECT_EQ(refusal(R"("valueQuantity":{"value":72})"),
            "UNIT_MISSING @ entry[1] Observation/o1 .valueQuantity.unit");
  EXPECT_EQ(refusal(R"("valueQuantity":{"value":72,"unit":"furlong"})"),
            "UNIT_UNKNOWN @ entry[1] Observation/o1 .valueQuantity.unit");
  EXPECT_EQ(refusal(R"("valueQuantity":{"value":7200,"unit":"/min"})"),
            "RANGE_HARD @ entry[1] Observation/o1 .value[x]");
}

TEST_F(Fhir, ABloodPressureIsTwoFactsOfOneResource) {
  const std::string text = with_patient(
      R"({"resourceType":"Observation","id":"bp","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},)"
      R"("subject":{"reference":"urn:uuid:p1"},"effectivePeriod":{"start":"2025-02-01T10:00:00+01:00"},"component":[null,)"
      R"({"code":{"coding":[{"system":"http://acme.org","code":"bp-s"},{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":150,"unit":"mmHg"}},)"
      R"({"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":500,"unit":"mmHg"}},)"
      R"({"code":{"coding":[{"system":"http://loinc.org","code":"8478-0"}]},"valueQuantity":{"value":100,"unit":"mmHg"}}]})");
  const Translation t = read(text);
  ASSERT_EQ(t.outcomes.size(), 3U);  // the Patient, systolic, diastolic
  const auto* systolic = std::get_if<Accepted>(&t.outcomes[1]);
  ASSERT_NE(systolic, nullptr);
  EXPECT_EQ(systolic->event.source_message_id, "Observation/bp#8480-6");
  EXPECT_EQ(
      refusals(text),
      (std::vector<std::string>{"RANGE_HARD @ entry[1] Observation/bp .component[2].value[x]"}));
}

TEST_F(Fhir, AnUnsupportedCodeIsCountedInABundleAndRefusedAlone) {
  const std::string other =
      observation(kPulse, "final", R"({"system":"http://loinc.org","code":"72514-3"})");
  EXPECT_EQ(ignored(with_patient(other)).back(), "Observation code LOINC 72514-3");
  EXPECT_EQ(refusals(other), (std::vector<std::string>{"CODE_UNKNOWN @ Observation/o1 .code"}));
}

TEST_F(Fhir, AResourceMayNameThePersonItself) {
  std::string alone = observation(kPulse);
  const std::string reference = R"("reference":"Patient/p1")";
  EXPECT_EQ(refusals(alone), (std::vector<std::string>{"FIELD_MISSING @ Observation/o1 .subject"}));
  alone.replace(alone.find(reference), reference.size(),
                R"("identifier":{"system":"urn:oid:1.2.208.176.1.2","value":"250947-9989"})");
  EXPECT_EQ(event(alone).person_key, hasher.hash_cpr(kTestCpr));
}

TEST_F(Fhir, AReplacementNumberGivesNeitherSexNorBirthDate) {
  const auto e = event(
      bundle("collection", {patient("2509471AB9"), "{\"resource\":" + observation(kPulse) + "}"}));
  EXPECT_FALSE(e.birth_date.has_value());
  EXPECT_EQ(e.sex, domain::Sex::kUnknown);
  EXPECT_FALSE(e.person_key.is_zero());
}

TEST_F(Fhir, AForeignIdentifierCountsOnlyWhereASettingNamesItsSystem) {
  const std::string text = bundle(
      "transaction",
      {R"({"resource":{"resourceType":"Patient","id":"p1","gender":"female","birthDate":"1950-05-06","identifier":[{"system":"https://x","value":"77"}]}})",
       "{\"resource\":" + observation(kPulse) + "}"});
  EXPECT_EQ(refusals(text),
            (std::vector<std::string>{
                "FIELD_MISSING @ entry[1] Observation/o1 .subject (Patient.identifier)"}));
  settings.extra_identifier_systems = {"https://other", "https://x"};
  const auto e = event(text);
  EXPECT_EQ(e.person_key, hasher.hash_identifier("https://x", "77"));
  EXPECT_EQ(e.sex, domain::Sex::kFemale);
  EXPECT_EQ(domain::to_text(*e.birth_date), "1950-05-06");
}

TEST_F(Fhir, ASenderWithoutSorIsNamedByTheSettingOrRefused) {
  settings.default_sender_org.clear();
  EXPECT_EQ(refusals(with_patient(observation(kPulse))),
            (std::vector<std::string>{"FIELD_MISSING @ entry[1] Observation/o1 .performer"}));
}

TEST_F(Fhir, ANumberOfThePersonInAnIdNeverLeavesTheEdge) {
  for (const char* id : {"2509479989", "250947-9989"}) {
    std::string resource = observation(kPulse);
    resource.replace(resource.find("\"o1\""), 4, "\"" + std::string(id) + "\"");
    const auto found = refusals(with_patient(resource));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0], "CPR_FORMAT @ entry[1] Observation/(id withheld)");
  }
}

TEST_F(Fhir, ADateAloneIsADate) {
  std::string resource = observation(kPulse);
  const std::string time = "2025-02-01T10:00:00+01:00";
  resource.replace(resource.find(time), time.size(), "2025-02-01");
  EXPECT_EQ(event(with_patient(resource)).time_precision, domain::TimePrecision::kDate);
  resource.replace(resource.find("\"2025-02-01\""), 12, "\"2025-02\"");
  EXPECT_EQ(
      refusals(with_patient(resource)),
      (std::vector<std::string>{"TIME_NO_ZONE @ entry[1] Observation/o1 .effectiveDateTime"}));
}

TEST_F(Fhir, AnEncounterIsAStayOnlyIfInpatientOrEmergency) {
  const auto encounter = [](const std::string& klass, const std::string& status,
                            const std::string& more = "") {
    return with_patient(
        R"({"resourceType":"Encounter","id":"e1","status":")" + status + R"(","class":{"code":")" +
        klass +
        R"("},"subject":{"reference":"Patient/p1"},"period":{"start":"2025-02-01T10:00:00+01:00","end":"2025-02-03T10:00:00+01:00"})" +
        more + "}");
  };
  EXPECT_EQ(ignored(encounter("AMB", "finished")).back(), "Encounter class AMB: no hospital stay");
  EXPECT_EQ(ignored(encounter("IMP", "planned")).back(), "Encounter not yet begun");
  const auto both = events(
      encounter("EMER", "finished",
                R"(,"hospitalization":{"dischargeDisposition":{"coding":[{"code":"exp"}]}})"));
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(std::get<domain::HospitalStayStarted>(both[0].payload).acute, true);
  EXPECT_EQ(std::get<domain::HospitalStayEnded>(both[1].payload).disposition,
            domain::DischargeDisposition::kDeceased);
  EXPECT_EQ(std::get<domain::HospitalStayEnded>(both[1].payload).contact_id, "e1");
  EXPECT_EQ(events(encounter("IMP", "in-progress")).size(), 1U);
  const auto gone = events(encounter("IMP", "entered-in-error"));
  ASSERT_EQ(gone.size(), 2U);
  EXPECT_EQ(gone[0].op, Op::kCancel);
  EXPECT_EQ(gone[1].op, Op::kCancel);
}

// ---- KL's gateway for the municipal work of §119 (domain.md 13.4)

std::string kl_intervention(const std::string& id, const std::string& code,
                            const std::string& status, const std::string& more = "",
                            const std::string& detail = "") {
  return R"({"fullUrl":"urn:uuid:)" + id + R"(","resource":{"resourceType":"CarePlan","id":")" +
         id + R"(","status":"active","intent":"plan","period":{"start":"2025-01-15")" + more +
         R"(},"basedOn":[{"reference":"urn:uuid:plan"}],"subject":{"reference":"urn:uuid:p1"},)"
         R"("activity":[{"detail":{"code":{"coding":[{"system":"urn:oid:1.2.208.176.2.21","code":")" +
         code + R"("}]},"status":")" + status + '"' + detail + "}}]}}";
}
std::string kl_contact(const std::string& id, const std::string& status, const std::string& start,
                       const std::string& names) {
  return R"({"fullUrl":"urn:uuid:)" + id + R"(","resource":{"resourceType":"Encounter","id":")" +
         id + R"(","status":")" + status +
         R"(","class":{"code":"AMB"},"subject":{"reference":"urn:uuid:p1"},"period":{"start":")" +
         start +
         R"("},"extension":[{"url":"http://fhir.kl.dk/x/basedOnCarePlan","valueReference":{"reference":"urn:uuid:)" +
         names + R"("}}]}})";
}
/// The §119 plan, for COPD by way of the condition that it addresses.
const std::string& kl_plan() {
  static const std::string plan =
      R"({"fullUrl":"urn:uuid:plan","resource":{"resourceType":"CarePlan","id":"plan","status":"active","intent":"plan","category":[{"coding":[{"code":"5c160c02-e858-4c1f-925a-71ed64844749"}]}],"period":{"start":"2025-01-10"},"subject":{"reference":"urn:uuid:p1"},"addresses":[{"reference":"urn:uuid:c"}]}},)"
      R"({"fullUrl":"urn:uuid:c","resource":{"resourceType":"Condition","id":"c","verificationStatus":{"coding":[{"code":"confirmed"}]},"code":{"coding":[{"system":"urn:oid:1.2.208.176.2.4","code":"DJ449"}]},"subject":{"reference":"urn:uuid:p1"},"recordedDate":"2025-01-05"}})";
  return plan;
}
const std::string kKlTraining = "ab87c0b5-40be-4e0a-b749-d9f833bfed2d";
const std::string kKlDiet = "c9a99304-1788-43b7-b7be-e187b092ae9c";
const std::string kKlFirstInterview = "6eddbaf7-2a73-49d4-91e7-6138d419f58c";

template <class T>
std::vector<domain::Event> only(const std::vector<domain::Event>& events) {
  std::vector<domain::Event> found;
  for (const auto& e : events) {
    if (std::holds_alternative<T>(e.payload)) found.push_back(e);
  }
  return found;
}

TEST_F(Fhir, AKlInterventionStartsAtItsFirstContactAndEachContactIsAttended) {
  const auto all = events(
      bundle("collection", {patient(), kl_plan(), kl_intervention("i", kKlTraining, "in-progress"),
                            kl_contact("e2", "finished", "2025-02-10T10:00:00Z", "i"),
                            kl_contact("e1", "finished", "2025-02-03T10:00:00Z", "plan"),
                            kl_contact("e3", "planned", "2025-02-01T10:00:00Z", "i")}));
  const auto starts = only<domain::InterventionStarted>(all);
  ASSERT_EQ(starts.size(), 1U);
  const auto& started = std::get<domain::InterventionStarted>(starts[0].payload);
  EXPECT_EQ(started.type, kKlTraining);
  EXPECT_EQ(started.programmes, std::vector<std::string>{"KOL"});
  EXPECT_EQ(starts[0].occurred_at.ms, 1'738'576'800'000) << "3 February, not the grant";
  const auto attended = only<domain::InterventionAttended>(all);
  ASSERT_EQ(attended.size(), 2U) << "a planned contact is none yet";
  EXPECT_EQ(std::get<domain::InterventionAttended>(attended[0].payload).intervention_id, "i");
  EXPECT_TRUE(std::get<domain::InterventionAttended>(attended[0].payload).attended);
  EXPECT_TRUE(only<domain::InterventionStopped>(all).empty());
}

TEST_F(Fhir, AContactOfAPlanWithTwoInterventionsIsNotGuessedToBeEithers) {
  const std::string bytes =
      bundle("collection", {patient(), kl_plan(), kl_intervention("i", kKlTraining, "in-progress"),
                            kl_intervention("j", kKlDiet, "in-progress"),
                            kl_contact("e1", "finished", "2025-02-03T10:00:00Z", "plan")});
  EXPECT_TRUE(only<domain::InterventionStarted>(events(bytes)).empty());
  const auto left = ignored(bytes);
  EXPECT_EQ(std::count(left.begin(), left.end(),
                       "Planned intervention without a contact that tells its start"),
            2);
  EXPECT_EQ(left.back(), "Encounter class AMB: no hospital stay");
}

TEST_F(Fhir, AKlInterventionStopsAtItsEndAndACancelledOneNeedsItsReason) {
  const auto read = [&](const std::string& status, const std::string& detail) {
    return bundle("collection",
                  {patient(), kl_plan(),
                   kl_intervention("i", kKlTraining, status, R"(,"end":"2025-02-20")", detail)});
  };
  const auto done = only<domain::InterventionStopped>(events(read("completed", "")));
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(std::get<domain::InterventionStopped>(done[0].payload).status,
            domain::StopStatus::kCompleted);
  EXPECT_EQ(done[0].source_message_id, "CarePlan/i/stop");
  const std::string declined = "3a5a72b7-addf-4857-b80c-04e4246e3072";
  const auto dropped = only<domain::InterventionStopped>(
      events(read("cancelled", R"(,"statusReason":{"coding":[{"code":")" + declined + "\"}]}")));
  ASSERT_EQ(dropped.size(), 1U);
  EXPECT_EQ(std::get<domain::InterventionStopped>(dropped[0].payload).reason, declined);
  const auto without = refusals(read("cancelled", ""));
  ASSERT_EQ(without.size(), 1U);
  EXPECT_TRUE(without[0].starts_with("REASON_REQUIRED @ ")) << without[0];
  EXPECT_TRUE(without[0].ends_with(".activity.detail.statusReason")) << without[0];
  EXPECT_EQ(ignored(read("scheduled", "")).back(), "Planned intervention not begun");
}

TEST_F(Fhir, AKlInterviewIsHeldAtItsContactOrAtItsEnd) {
  const auto held = [&](const std::string& status, const std::vector<std::string>& contacts) {
    std::vector<std::string> entries{
        patient(), kl_plan(),
        kl_intervention("i", kKlFirstInterview, status, R"(,"end":"2025-02-05")")};
    entries.insert(entries.end(), contacts.begin(), contacts.end());
    return only<domain::InterviewHeld>(events(bundle("collection", entries)));
  };
  const auto at_contact =
      held("completed", {kl_contact("e", "finished", "2025-02-03T10:00:00Z", "i")});
  ASSERT_EQ(at_contact.size(), 1U);
  EXPECT_EQ(at_contact[0].occurred_at.ms, 1'738'576'800'000);
  const auto& interview = std::get<domain::InterviewHeld>(at_contact[0].payload);
  EXPECT_EQ(interview.kind, domain::InterviewKind::kInitial);
  EXPECT_EQ(interview.programmes, std::vector<std::string>{"KOL"});
  const auto at_end = held("completed", {});
  ASSERT_EQ(at_end.size(), 1U);
  EXPECT_EQ(at_end[0].time_precision, domain::TimePrecision::kDate);
  EXPECT_TRUE(held("scheduled", {}).empty());
}

TEST_F(Fhir, AConditionIsADiagnosisUnlessRefutedOrUnconfirmed) {
  const auto condition = [](const std::string& verification, const std::string& coding) {
    return with_patient(
        R"({"resourceType":"Condition","id":"c1","verificationStatus":{"coding":[{"code":")" +
        verification + R"("}]},"code":{"coding":[)" + coding +
        R"(]},"subject":{"reference":"Patient/p1"},"recordedDate":"2025-02-01"})");
  };
  const std::string copd =
      R"({"system":"http://example.org","code":"x"},{"system":"http://hl7.org/fhir/sid/icd-10","code":"J44.9"})";
  const auto e = event(condition("confirmed", copd));
  const auto& d = std::get<domain::DiagnosisRecorded>(e.payload);
  EXPECT_EQ(d.code_system, "ICD-10");
  EXPECT_EQ(d.setting, domain::DiagnosisSetting::kHospital) << "the sender is a hospital";
  EXPECT_EQ(
      std::get<domain::DiagnosisExcluded>(event(condition("refuted", copd)).payload).programme,
      "KOL");
  EXPECT_EQ(event(condition("entered-in-error", copd)).op, Op::kCancel);
  EXPECT_EQ(ignored(condition("provisional", copd)).back(), "Condition not confirmed");
  EXPECT_EQ(
      ignored(condition("confirmed", R"({"system":"http://hl7.org/fhir/sid/icd-9","code":"491"})"))
          .back(),
      "Condition code of an unsupported system");
}

TEST_F(Fhir, AReferralIsSentRevokedOrNotYetSent) {
  const auto request = [](const std::string& status, const std::string& more = "") {
    return bundle(
        "batch",
        {patient(),
         R"({"resource":{"resourceType":"Organization","id":"m","identifier":[{"system":"urn:oid:1.2.208.176.1.1","value":"990000000000301"}]}})",
         R"({"resource":{"resourceType":"ServiceRequest","id":"s1","identifier":[{"value":"HENV"}],"status":")" +
             status +
             R"(","intent":"order","code":{"coding":[{"system":"urn:kronika:requested-service","code":"MUNICIPAL_REHAB"}]},"subject":{"reference":"Patient/p1"},)"
             R"("authoredOn":"2025-02-01T10:00:00+01:00","performer":[{"reference":"Organization/m"}],"reasonCode":[{"coding":[{"system":"urn:oid:1.2.208.176.2.4","code":"DJ449"}]}])" +
             more + "}}"});
  };
  const auto e = event(request("active", R"(,"priority":"urgent")"));
  const auto& sent = std::get<domain::ReferralSent>(e.payload);
  EXPECT_EQ(sent.referral_id, "HENV");
  EXPECT_EQ(sent.receiver_org, "990000000000301");
  EXPECT_EQ(sent.priority, domain::Priority::kUrgent);
  ASSERT_EQ(sent.diagnosis_codes.size(), 1U);
  EXPECT_EQ(sent.diagnosis_codes[0].code, "DJ449");
  EXPECT_EQ(event(request("entered-in-error")).op, Op::kCancel);
  const auto revoked =
      event(request("revoked", R"(,"meta":{"lastUpdated":"2025-02-05T10:00:00+01:00"})"));
  EXPECT_EQ(std::get<domain::ReferralRevoked>(revoked.payload).referral_id, "HENV");
  EXPECT_EQ(domain::to_text(revoked.occurred_at), "2025-02-05T09:00:00.000Z");
  EXPECT_EQ(ignored(request("draft")).back(),
            "ServiceRequest not yet sent (draft, proposal or plan)");
  EXPECT_EQ(refusals(request("active", R"(,"priority":"soon")")),
            (std::vector<std::string>{"ENUM_UNKNOWN @ entry[2] ServiceRequest/s1 .priority"}));
}

TEST_F(Fhir, AVisitationIsATaskThatDecides) {
  const auto task = [](const std::string& status, const std::string& more = "") {
    return with_patient(
        R"({"resourceType":"Task","id":"t1","status":")" + status +
        R"(","focus":{"reference":"ServiceRequest/HENV"},"for":{"reference":"Patient/p1"},"lastModified":"2025-02-03T10:00:00+01:00")" +
        more + "}");
  };
  const auto accepted = event(task("accepted"));
  EXPECT_EQ(std::get<domain::VisitationDecided>(accepted.payload).referral_id, "HENV");
  EXPECT_EQ(refusals(task("rejected")),
            (std::vector<std::string>{"REASON_REQUIRED @ entry[1] Task/t1 .statusReason"}));
  EXPECT_EQ(events(task("rejected", R"(,"statusReason":{"text":"Mangler oplysninger"})")).size(),
            1U);
  EXPECT_EQ(ignored(task("requested")).back(), "Task that decides nothing");
}

TEST_F(Fhir, ADeathIsReadFromThePatient) {
  const auto e =
      event(bundle("collection", {patient(kTestCpr, R"(,"deceasedDateTime":"2025-02-01")")}));
  EXPECT_EQ(e.type(), domain::EventType::kPersonDeceased);
  EXPECT_EQ(e.time_precision, domain::TimePrecision::kDate);
  EXPECT_EQ(e.source_message_id, "Patient/p1/death");
}

class HomeCareObservation : public Fhir {
 protected:
  static std::string hco(const std::string& activity, const std::string& recorded,
                         const std::string& observation) {
    std::string text = bundle(
        "message",
        {R"({"resource":{"resourceType":"MessageHeader","id":"h","eventCoding":{"code":"homecareobservation-message"},"sender":{"reference":"Organization/o"}}})",
         R"({"resource":{"resourceType":"Organization","id":"o","identifier":[{"system":"urn:oid:1.2.208.176.1.1","value":"990000000000301"}]}})",
         patient(),
         R"({"resource":{"resourceType":"Provenance","recorded":")" + recorded +
             R"(","activity":{"coding":[{"code":")" + activity + R"("}]}}})",
         "{\"resource\":" + observation + "}"});
    return text;
  }
};

TEST_F(HomeCareObservation, TheActivitySaysWhetherValuesAreNewModifiedOrRetracted) {
  const auto fresh = event(hco("new-message", "2025-02-01T11:00:00+01:00", observation(kPulse)));
  const auto modified =
      event(hco("modified-message", "2025-02-01T12:00:00+01:00", observation(kPulse)));
  const auto gone = event(hco("retract-message", "2025-02-01T13:00:00+01:00", observation(kPulse)));
  EXPECT_EQ(fresh.op, Op::kCreate);
  EXPECT_EQ(modified.op, Op::kRevise);
  EXPECT_EQ(gone.op, Op::kCancel);
  EXPECT_EQ(fresh.source_message_id, "o1");
  EXPECT_EQ(fresh.source_system, "medcom-hco/990000000000301");
  EXPECT_EQ(fresh.source_system, gone.source_system);
  EXPECT_LT(fresh.source_version, modified.source_version);
  EXPECT_LT(modified.source_version, gone.source_version);
  EXPECT_EQ(std::get<MeasurementRecorded>(fresh.payload).setting, domain::Setting::kHome);
  EXPECT_EQ(domain::to_text(fresh.recorded_at), "2025-02-01T10:00:00.000Z")
      << "of the Provenance, not Observation.issued";
}

TEST_F(HomeCareObservation, AnObservationWithoutIdIsNamedByBundleAndPlace) {
  std::string resource = observation(kPulse);
  resource.replace(resource.find(R"("id":"o1",)"), 10, "");
  EXPECT_EQ(event(hco("new-message", "2025-02-01T11:00:00+01:00", resource)).source_message_id,
            "b1/0");
}

TEST_F(HomeCareObservation, AnUnknownActivityRefusesTheMessage) {
  EXPECT_EQ(
      refusals(hco("forward-message", "2025-02-01T11:00:00+01:00", observation(kPulse))).size(),
      1U);
}

}  // namespace
}  // namespace kronika::codec
