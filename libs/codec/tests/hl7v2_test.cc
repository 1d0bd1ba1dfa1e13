// HL7 v2 to events: the mapping of domain.md 13.3, the syntax with its separators, escapes and
// character sets, and faults in HL7's own terms.
#include "adapter_fixture.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kronika::codec {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::string sample(const std::string& name) {
  std::ifstream in(KRONIKA_SOURCE_DIR "/data/samples/hl7v2-dk/" + name, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  EXPECT_FALSE(bytes.empty()) << name;
  return bytes;
}

/// `bytes` with its first `what` replaced; fails the test where there is none.
std::string with(std::string bytes, std::string_view what, std::string_view by) {
  const auto at = bytes.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  if (at != std::string::npos) bytes.replace(at, what.size(), by);
  return bytes;
}

class Hl7v2 : public AdapterTest {
 protected:
  /// All faults of all refusals, "RANGE_HARD @ OBX[1]-5".
  std::vector<std::string> faults(std::string_view bytes) const {
    std::vector<std::string> found;
    for (const Outcome& o : read(bytes).outcomes) {
      if (const auto* r = std::get_if<Refused>(&o)) {
        for (const Fault& f : r->faults) {
          found.push_back(std::string(domain::slug(f.reason)) + " @ " + f.position);
        }
      }
    }
    return found;
  }
};

TEST_F(Hl7v2, AnAdmissionStartsAStay) {
  const auto found = events(sample("adt-a01-admission.hl7"));
  ASSERT_EQ(found.size(), 1U);
  const domain::Event& e = found.front();
  const auto& start = std::get<domain::HospitalStayStarted>(e.payload);
  EXPECT_EQ(start.contact_id, "A2025-0001");
  EXPECT_EQ(start.encounter_class, domain::EncounterClass::kImp);
  EXPECT_EQ(start.acute, true);
  EXPECT_EQ(e.op, domain::Op::kCreate);
  EXPECT_EQ(domain::to_text(e.occurred_at), "2025-03-01T08:45:00.000Z");
  EXPECT_EQ(domain::to_text(e.recorded_at), "2025-03-01T09:15:00.000Z");
  EXPECT_EQ(e.source_version, static_cast<std::uint64_t>(e.recorded_at.ms));
  EXPECT_EQ(e.source_system, "hl7v2/990000000000201");
  EXPECT_EQ(e.source_message_id, "A2025-0001/start");
  EXPECT_EQ(e.sender_org, "990000000000201");
  EXPECT_EQ(e.person_key, hasher.hash_cpr("0404749994"));
  EXPECT_EQ(e.sex, domain::Sex::kFemale);
  EXPECT_EQ(read(sample("adt-a01-admission.hl7")).message_id, "M1");
}

TEST_F(Hl7v2, TheLaterMessagesOfAStayReviseAndCancelItsFacts) {
  const auto revised = event(sample("adt-a08-correction.hl7"));
  EXPECT_EQ(revised.op, domain::Op::kRevise);
  EXPECT_EQ(revised.source_message_id, "A2025-0001/start");
  EXPECT_EQ(domain::to_text(revised.occurred_at), "2025-03-01T08:15:00.000Z");

  const auto discharge = events(sample("adt-a03-discharge.hl7"));
  ASSERT_EQ(discharge.size(), 2U);
  EXPECT_EQ(std::get<domain::HospitalStayEnded>(discharge[0].payload).disposition,
            domain::DischargeDisposition::kHome);
  EXPECT_EQ(discharge[0].source_message_id, "A2025-0001/end");
  const auto& diagnosis = std::get<domain::DiagnosisRecorded>(discharge[1].payload);
  EXPECT_EQ(diagnosis.code, "DJ441");
  EXPECT_EQ(diagnosis.setting, domain::DiagnosisSetting::kHospital);
  EXPECT_EQ(discharge[1].source_message_id, "A2025-0001/diagnosis/DJ441");

  const auto reopened = events(sample("adt-a13-discharge-withdrawn.hl7"));
  ASSERT_EQ(reopened.size(), 2U);
  EXPECT_EQ(reopened[0].op, domain::Op::kCancel);
  EXPECT_EQ(reopened[0].source_message_id, "A2025-0001/end");
  EXPECT_EQ(reopened[1].source_message_id, "A2025-0001/death");

  const auto withdrawn = event(sample("adt-a11-admission-withdrawn.hl7"));
  EXPECT_EQ(withdrawn.op, domain::Op::kCancel);
  EXPECT_EQ(withdrawn.source_message_id, "A2025-0002/start");
}

TEST_F(Hl7v2, ADischargeByDeathTellsBoth) {
  const auto found = events(with(sample("adt-a03-discharge.hl7"), "|01|", "|20|"));
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(std::get<domain::HospitalStayEnded>(found[0].payload).disposition,
            domain::DischargeDisposition::kDeceased);
  EXPECT_TRUE(std::holds_alternative<domain::PersonDeceased>(found[1].payload));
  EXPECT_EQ(found[1].occurred_at, found[0].occurred_at);
}

TEST_F(Hl7v2, WhatHasNoMapIsRecognisedAndNotInterpreted) {
  EXPECT_THAT(ignored(sample("adt-a21-leave.hl7")),
              ElementsAre("ADT^A21: recognised, not interpreted"));
  EXPECT_THAT(ignored(sample("ref-i14-withdrawn.hl7")),
              ElementsAre("REF^I14: recognised, not interpreted"));
  for (const char* trigger : {"A02", "A04", "A12", "A22", "A40", "A62"}) {
    const auto bytes = with(sample("adt-a21-leave.hl7"), "ADT^A21", std::string("ADT^") + trigger);
    EXPECT_THAT(faults(bytes), IsEmpty()) << trigger;
    EXPECT_FALSE(ignored(bytes).empty()) << trigger;
  }
  EXPECT_THAT(faults(with(sample("adt-a21-leave.hl7"), "ADT^A21", "ADT^A77")),
              ElementsAre("TYPE_UNKNOWN @ MSH-9.2"));
  EXPECT_THAT(faults(with(sample("adt-a21-leave.hl7"), "ADT^A21", "SIU^S12")),
              ElementsAre("TYPE_UNKNOWN @ MSH-9.1"));
}

TEST_F(Hl7v2, AVisitThatIsNoStayIsCountedByName) {
  EXPECT_THAT(
      ignored(with(sample("adt-a01-admission.hl7"), "|I|", "|O|")),
      ElementsAre("Patient class O: no hospital stay", "Diagnosis not confirmed (DG1-6 A)"));
}

TEST_F(Hl7v2, MshWinsOverEvnAndTheMismatchIsCounted) {
  const auto bytes = with(sample("adt-a01-admission.hl7"), "EVN|A01", "EVN|A03");
  EXPECT_EQ(event(bytes).source_message_id, "A2025-0001/start");
  EXPECT_THAT(ignored(bytes), testing::Contains("flag trigger_mismatch"));
}

TEST_F(Hl7v2, ResultsInLatin1BecomeMeasurementsInUtf8) {
  const auto found = events(sample("oru-r01-latin1.hl7"));
  ASSERT_EQ(found.size(), 3U);
  const auto& hba1c = std::get<domain::MeasurementRecorded>(found[0].payload);
  EXPECT_EQ(hba1c.code_system, "NPU");
  EXPECT_EQ(hba1c.code, "NPU27300");
  EXPECT_EQ(std::get<double>(hba1c.value), 53);
  EXPECT_EQ(hba1c.unit, "mmol/mol");
  EXPECT_EQ(found[0].source_message_id, "L2025-77/NPU27300");
  EXPECT_EQ(domain::to_text(found[0].occurred_at), "2025-03-10T07:05:00.000Z");
  EXPECT_EQ(found[1].op, domain::Op::kRevise) << "status C, a structured number, time of OBR-7";
  EXPECT_EQ(domain::to_text(found[1].occurred_at), "2025-03-10T07:00:00.000Z");
  const auto& bmi = std::get<domain::MeasurementRecorded>(found[2].payload);
  EXPECT_EQ(bmi.unit, "kg/m²");
  EXPECT_EQ(std::get<double>(bmi.value), 31.2) << "a leading plus is dropped";
  EXPECT_TRUE(bmi.preliminary);
  EXPECT_THAT(ignored(sample("oru-r01-latin1.hl7")),
              UnorderedElementsAre("value with comparator: a bound is no measurement",
                                   "Observation code NPU NPU99999"));
}

TEST_F(Hl7v2, SeparatorsAreTheSendersOwn) {
  const auto found = events(sample("oru-r01-own-separators.hl7"));
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(std::get<domain::MeasurementRecorded>(found[0].payload).unit, "mm[Hg]");
  const auto& smoking = std::get<domain::MeasurementRecorded>(found[2].payload);
  EXPECT_EQ(smoking.code, "72166-2") << "the alternate coding is the one that is known";
  EXPECT_EQ(std::get<std::string>(smoking.value), "FORMER");
  EXPECT_EQ(faults(with(sample("adt-a01-admission.hl7"), "|^~\\&|", "|^~^&|")),
            (std::vector<std::string>{"UNDECODABLE @ MSH-2"}));
  EXPECT_EQ(faults(with(sample("adt-a01-admission.hl7"), "|^~\\&|", "|^~|")),
            (std::vector<std::string>{"UNDECODABLE @ MSH-2"}));
}

TEST_F(Hl7v2, EscapesStandForSeparatorsAndBytes) {
  const auto id = [&](std::string_view visit) {
    return event(with(sample("adt-a08-correction.hl7"), "A2025-0001", visit)).source_message_id;
  };
  EXPECT_EQ(id("a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f"), "a|b^c&d~e\\f/start");
  EXPECT_EQ(id("\\X4142\\\\H\\c\\N\\"), "ABc/start");
  for (const char* broken : {"a\\F", "a\\X4\\", "a\\XZZ\\", "a\\Q\\b", "\\\\"}) {
    EXPECT_THAT(faults(with(sample("adt-a08-correction.hl7"), "A2025-0001", broken)),
                ElementsAre("UNDECODABLE @ PV1-19.1"))
        << broken;
  }
}

TEST_F(Hl7v2, TheDeclaredCharacterSetHolds) {
  const std::string latin = with(sample("adt-a08-correction.hl7"), "A2025-0001",
                                 "\xc5"
                                 "2025");
  EXPECT_THAT(faults(latin), ElementsAre("UNDECODABLE @ PV1-19.1")) << "none declared: ASCII";
  EXPECT_EQ(event(with(latin, "|P|2.5||||||", "|P|2.5||||||8859/1")).source_message_id,
            "Å2025/start");
  EXPECT_THAT(faults(with(latin, "|P|2.5||||||", "|P|2.5||||||UNICODE UTF-8")),
              ElementsAre("UNDECODABLE @ PV1-19.1"));
  EXPECT_THAT(faults(with(latin, "|P|2.5||||||", "|P|2.5||||||8859/15")),
              testing::Contains("ENUM_UNKNOWN @ MSH-18"));
}

TEST_F(Hl7v2, LocalTimesAreCopenhagensAndAmbiguousOnesAreCounted) {
  const auto at = [&](std::string_view time) {
    return domain::to_text(
        event(with(sample("adt-a08-correction.hl7"), "20250301091500+0100", time)).occurred_at);
  };
  EXPECT_EQ(at("20250301091500"), "2025-03-01T08:15:00.000Z");
  EXPECT_EQ(at("202502280915"), "2025-02-28T08:15:00.000Z");
  EXPECT_EQ(at("2025030109"), "2025-03-01T08:00:00.000Z");
  EXPECT_EQ(at("20250228091500.1234-0530"), "2025-02-28T14:45:00.123Z");
  EXPECT_EQ(at("20241027023000"), "2024-10-27T00:30:00.000Z") << "the first of the two";
  EXPECT_THAT(
      ignored(with(sample("adt-a08-correction.hl7"), "20250301091500+0100", "20241027023000")),
      ElementsAre("flag time_ambiguous"));
  const auto day = event(with(sample("adt-a08-correction.hl7"), "20250301091500+0100", "20250228"));
  EXPECT_EQ(day.time_precision, domain::TimePrecision::kDate);
  for (const char* broken : {"2025", "202513", "20250230", "2025030124", "20250301096100",
                             "20250301091500+2500", "20250301091500.", "2025-03-01"}) {
    EXPECT_THAT(faults(with(sample("adt-a08-correction.hl7"), "20250301091500+0100", broken)),
                ElementsAre("TIME_NO_ZONE @ PV1-44"))
        << broken;
  }
}

TEST_F(Hl7v2, AReferralAndItsAnswer) {
  const auto sent = event(sample("ref-i12-referral.hl7"));
  const auto& referral = std::get<domain::ReferralSent>(sent.payload);
  EXPECT_EQ(referral.referral_id, "H-2025-9");
  EXPECT_EQ(referral.receiver_org, "990000000000301");
  EXPECT_EQ(referral.requested_service, domain::RequestedService::kMunicipalRehab);
  EXPECT_EQ(referral.priority, domain::Priority::kRoutine);
  ASSERT_EQ(referral.diagnosis_codes.size(), 1U);
  EXPECT_EQ(referral.diagnosis_codes[0].code, "DJ449");
  EXPECT_EQ(sent.sender_org, "990000000000101") << "PRD with role RP, not MSH-4";

  const auto answered = event(sample("rri-i12-accepted.hl7"));
  const auto& decided = std::get<domain::VisitationDecided>(answered.payload);
  EXPECT_EQ(decided.referral_id, "H-2025-9");
  EXPECT_EQ(decided.decision, domain::VisitationDecision::kAccept);
  EXPECT_EQ(answered.sender_org, "990000000000301");
  EXPECT_EQ(domain::to_text(answered.occurred_at), "2025-03-13T09:15:00.000Z");

  const std::string rejection = with(sample("rri-i12-accepted.hl7"), "RF1|A|", "RF1|R|");
  EXPECT_THAT(faults(rejection), ElementsAre("REASON_REQUIRED @ NTE"));
  const auto rejected = event(with(rejection, "\rPRD", "\rNTE|1||Uden for målgruppen\rPRD")
                                  .replace(rejection.find("|2.5||||||") + 10, 0, "UNICODE UTF-8"));
  EXPECT_EQ(std::get<domain::VisitationDecided>(rejected.payload).reason, "Uden for målgruppen");
  EXPECT_THAT(ignored(with(sample("rri-i12-accepted.hl7"), "RF1|A|", "RF1|P|")),
              ElementsAre("Answer to a referral that decides nothing"));
}

TEST_F(Hl7v2, AReferralForAnotherServiceIsNone) {
  const auto other = with(sample("ref-i12-referral.hl7"), "MUNICIPAL_REHAB", "LUNCH");
  EXPECT_THAT(faults(other), ElementsAre("ENUM_UNKNOWN @ RF1-3.1"));
  EXPECT_THAT(ignored(with(other, "DJ449", "DK633")),
              ElementsAre("Referral for a service that is no pathway referral"));
}

TEST_F(Hl7v2, AllFaultsOfAMessageAreToldAtOnce) {
  std::string bytes = sample("oru-r01-latin1.hl7");
  bytes = with(bytes, "990000000000201^1.2.208.176.1.1.990000000000201^ISO", "9900");
  bytes = with(bytes, "0404749994", "3102749994");
  bytes = with(bytes, "|53|mmol/mol|", "|53|bananas|");
  bytes = with(bytes, "||^6.8|", "||^680|");
  EXPECT_THAT(faults(bytes), ElementsAre("CPR_DATE @ PID-3.1", "SOR_FORMAT @ MSH-4.1",
                                         "UNIT_UNKNOWN @ OBX[1]-6", "RANGE_HARD @ OBX[2]-5"));
  EXPECT_THAT(events(sample("oru-r01-latin1.hl7")), testing::SizeIs(3));
}

TEST_F(Hl7v2, ABrokenMessageTimeIsToldOnceAndHidesNothing) {
  const std::string oru = sample("oru-r01-latin1.hl7");
  EXPECT_THAT(faults(with(oru, "20250310093000+0100", "20990310093000+0100")),
              ElementsAre("TIME_FUTURE @ MSH-7"));
  EXPECT_THAT(faults(with(oru, "20250310093000+0100", "soon")),
              ElementsAre("TIME_NO_ZONE @ MSH-7"));
  EXPECT_THAT(faults(with(with(oru, "20250310093000+0100", ""), "||^6.8|", "||^680|")),
              ElementsAre("FIELD_MISSING @ MSH-7", "RANGE_HARD @ OBX[2]-5"));
  EXPECT_THAT(faults(with(sample("adt-a03-discharge.hl7"), "20250305140500+0100", "")),
              ElementsAre("FIELD_MISSING @ MSH-7"));
}

TEST_F(Hl7v2, ASoundHeaderKeepsTheSoundResultsOfAMessage) {
  const auto t = read(with(sample("oru-r01-latin1.hl7"), "|53|mmol/mol|", "|53||"));
  EXPECT_EQ(std::count_if(t.outcomes.begin(), t.outcomes.end(),
                          [](const Outcome& o) { return std::holds_alternative<Accepted>(o); }),
            2);
}

TEST_F(Hl7v2, ResultsThatCannotBeToldApartAreRefused) {
  const auto bytes = with(sample("oru-r01-latin1.hl7"), "NPU22089^", "NPU27300^");
  EXPECT_THAT(faults(bytes), testing::Contains("FIELD_MISSING @ OBX[2]-4"));
  EXPECT_THAT(faults(with(sample("oru-r01-latin1.hl7"), "L2025-77", "")),
              testing::Contains("FIELD_MISSING @ OBR[1]-3.1"));
  EXPECT_THAT(faults(with(sample("oru-r01-latin1.hl7"), "||53|", "||53~54|")),
              ElementsAre("VALUE_MISSING @ OBX[1]-5[2]"));
}

TEST_F(Hl7v2, ThePersonIsTheCprNumberOfPid3) {
  const std::string a01 = sample("adt-a08-correction.hl7");
  EXPECT_THAT(faults(with(a01, "1.2.208.176.1.2&", "1.2.3&")),
              ElementsAre("FIELD_MISSING @ PID-3.4"));
  EXPECT_THAT(faults(with(a01, "PID|1||0404749994", "PID|1||040474999")),
              ElementsAre("CPR_FORMAT @ PID-3.1"));
  const auto second = with(a01, "PID|1||", "PID|1||77^^^&1.2.3&ISO~");
  EXPECT_EQ(event(second).person_key, hasher.hash_cpr("0404749994"));
  EXPECT_THAT(faults(with(a01, "PID|1||", "PID|1||2509479989^^^&1.2.208.176.1.2&ISO~")),
              ElementsAre("CPR_FORMAT @ PID-3[2].1"));
  EXPECT_THAT(faults(with(a01, "\rPID|", "\rPIX|")), ElementsAre("FIELD_MISSING @ PID"));
  EXPECT_THAT(faults(with(a01, "A2025-0001", "040474-9994")), ElementsAre("CPR_FORMAT @ "));

  settings.extra_identifier_systems = {"urn:oid:1.2.3"};
  const auto foreign = event(with(with(a01, "0404749994^^^&1.2.208.176.1.2&", "77^^^&1.2.3&"),
                                  "Test^Hanne", "Test^Hanne||19740404|F"));
  EXPECT_EQ(foreign.person_key, hasher.hash_identifier("urn:oid:1.2.3", "77"));
  EXPECT_EQ(foreign.sex, domain::Sex::kFemale);
  EXPECT_EQ(foreign.birth_date, domain::civil_date(1974, 4, 4));
}

TEST_F(Hl7v2, LinesMayEndWithLineFeedsWhereThereIsNoCarriageReturn) {
  std::string bytes = sample("adt-a08-correction.hl7");
  const auto id = event(bytes).event_id;
  std::replace(bytes.begin(), bytes.end(), '\r', '\n');
  EXPECT_EQ(event(bytes).event_id, id);
  std::string both;
  for (const char c : sample("adt-a08-correction.hl7")) {
    both += c == '\r' ? std::string("\r\n") : std::string(1, c);
  }
  EXPECT_EQ(event(both).event_id, id);
}

TEST_F(Hl7v2, BrokenStructureIsRefusedWhole) {
  const std::string a08 = sample("adt-a08-correction.hl7");
  EXPECT_THAT(faults(with(a08, "\rPV1|", "\rpv1|")),
              UnorderedElementsAre("UNDECODABLE @ segment[4]", "FIELD_MISSING @ PV1"));
  EXPECT_THAT(faults(a08 + a08), ElementsAre("UNDECODABLE @ MSH"));
  EXPECT_THAT(faults("MSH|^~\\&"), testing::Contains("FIELD_MISSING @ MSH-10"));
  std::string many = a08;
  for (int i = 0; i < 20'001; ++i) many += "ZZZ|\r";
  EXPECT_THAT(faults(many), ElementsAre("UNDECODABLE @ segment[20001]"));
}

}  // namespace
}  // namespace kronika::codec
