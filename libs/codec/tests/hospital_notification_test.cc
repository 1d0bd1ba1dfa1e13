// HospitalNotification, domain.md 13.1 and its traps.
#include "adapter_fixture.h"

#include <gtest/gtest.h>

namespace kronika::codec {
namespace {

using domain::HospitalStayEnded;
using domain::HospitalStayStarted;
using domain::Op;

struct Step {
  std::string activity;
  std::string occurred;
  std::string recorded;
};

struct Hn {
  std::string bundle_id = "b1", header_id = "h1";
  std::string status = "in-progress";
  std::string klass = R"("class":{"code":"IMP"},)";
  std::string episode =
      R"([{"identifier":{"system":"https://sor2.sum.dsdn.dk/#id=990000000000201","value":"ep1"}}])";
  std::string period = R"({"start":"2025-02-01T10:00:00+01:00"})";
  std::string extension;
  std::string cpr = std::string(kTestCpr);
  std::string deceased;
  std::vector<Step> steps{
      {"admit-inpatient", "2025-02-01T10:00:05+01:00", "2025-02-01T10:00:06+01:00"}};

  [[nodiscard]] std::string text() const {
    std::string out = R"({"resourceType":"Bundle","id":")" + bundle_id +
                      R"(","type":"message","timestamp":"2025-02-20T00:00:00Z","entry":[)";
    out +=
        R"({"resource":{"resourceType":"MessageHeader","id":")" + header_id +
        R"(","eventCoding":{"code":"hospital-notification-message"},"sender":{"reference":"Organization/o1"}}},null,)";
    out +=
        R"({"resource":{"resourceType":"Organization","id":"o1","identifier":[null,{"system":"urn:oid:1.2.208.176.1.1","value":"990000000000201"}]}},)";
    out += patient(cpr, deceased);
    out += R"(,{"resource":{"resourceType":"Encounter","id":"e1","status":")" + status + "\"," +
           klass + extension + R"("subject":{"reference":"Patient/p1"},"episodeOfCare":)" +
           episode + R"(,"period":)" + period + "}}";
    for (const Step& s : steps) {
      out +=
          R"(,{"resource":{"resourceType":"Provenance","target":[{"reference":"MessageHeader/h"}],"occurredDateTime":")" +
          s.occurred + R"(","recorded":")" + s.recorded + R"(","activity":{"coding":[{"code":")" +
          s.activity + R"("}]}}})";
    }
    return out + "]}";
  }
  Hn& then(std::string activity, std::string occurred) {
    steps.push_back({std::move(activity), occurred, occurred});
    return *this;
  }
};

class HospitalNotification : public AdapterTest {};

constexpr std::string_view kContact = "ep1/IMP/2025-02-01T09:00:05.000Z";

TEST_F(HospitalNotification, AnAdmissionStartsAStayAtTheEncountersStart) {
  const auto e = event(Hn{}.text());
  const auto& start = std::get<HospitalStayStarted>(e.payload);
  EXPECT_EQ(start.contact_id, kContact);
  EXPECT_EQ(start.episode_id, "ep1");
  EXPECT_EQ(start.encounter_class, domain::EncounterClass::kImp);
  EXPECT_FALSE(start.acute.has_value()) << "planned or not is unknown for IMP";
  EXPECT_EQ(e.source_message_id, std::string(kContact) + "/start");
  EXPECT_EQ(domain::to_text(e.occurred_at), "2025-02-01T09:00:00.000Z");
  EXPECT_EQ(domain::to_text(e.recorded_at), "2025-02-01T09:00:06.000Z");
  EXPECT_EQ(e.source_version, static_cast<std::uint64_t>(e.recorded_at.ms));
  EXPECT_EQ(e.sender_org, kSender);
  EXPECT_EQ(e.person_key, hasher.hash_cpr(kTestCpr));
  EXPECT_EQ(e.sex, domain::Sex::kMale);
  EXPECT_EQ(domain::to_text(*e.birth_date), "1947-09-25");
}

TEST_F(HospitalNotification, AnEmergencyContactIsAcute) {
  Hn m;
  m.klass = R"("class":{"code":"EMER"},)";
  m.steps = {{"admit-emergency", "2025-02-01T10:00:05+01:00", "2025-02-01T10:00:06+01:00"}};
  EXPECT_EQ(std::get<HospitalStayStarted>(event(m.text()).payload).acute, true);
}

TEST_F(HospitalNotification, ACorrectionIsAHigherVersionOfTheSameFact) {
  Hn m;
  const auto first = event(m.text());
  m.period = R"({"start":"2025-02-01T11:30:00+01:00"})";
  m.then("revise-admit-inpatient", "2025-02-01T12:00:00+01:00");
  const auto second = event(m.text());
  EXPECT_EQ(second.op, Op::kRevise);
  EXPECT_EQ(second.source_message_id, first.source_message_id);
  EXPECT_GT(second.source_version, first.source_version);
  EXPECT_EQ(domain::to_text(second.occurred_at), "2025-02-01T10:30:00.000Z");
}

TEST_F(HospitalNotification, ACancelledAdmissionCancelsTheStart) {
  Hn m;
  m.status = "entered-in-error";
  const auto e = event(m.then("cancel-admit-inpatient", "2025-02-01T15:00:00+01:00").text());
  EXPECT_EQ(e.op, Op::kCancel);
  EXPECT_EQ(e.source_message_id, std::string(kContact) + "/start");
}

TEST_F(HospitalNotification, EachLeaveIsNamedByItsOwnStart) {
  Hn m;
  m.then("start-leave-inpatient", "2025-02-03T10:00:00+01:00");
  const auto start = event(m.text());
  const auto end = event(m.then("end-leave-inpatient", "2025-02-04T10:00:00+01:00").text());
  const auto second = event(m.then("start-leave-inpatient", "2025-02-06T10:00:00+01:00").text());
  const auto second_end = event(m.then("end-leave-inpatient", "2025-02-07T10:00:00+01:00").text());
  EXPECT_EQ(start.source_message_id,
            std::string(kContact) + "/leave-start/2025-02-03T09:00:00.000Z");
  EXPECT_EQ(end.source_message_id, std::string(kContact) + "/leave-end/2025-02-03T09:00:00.000Z");
  EXPECT_EQ(second.source_message_id,
            std::string(kContact) + "/leave-start/2025-02-06T09:00:00.000Z");
  EXPECT_EQ(second_end.source_message_id,
            std::string(kContact) + "/leave-end/2025-02-06T09:00:00.000Z");
  EXPECT_EQ(std::get<domain::LeaveEnded>(end.payload).contact_id, kContact);
  EXPECT_EQ(domain::to_text(end.occurred_at), "2025-02-04T09:00:00.000Z");
}

TEST_F(HospitalNotification, ARevisedLeaveTakesItsTimeFromTheLeavePeriod) {
  Hn m;
  m.extension =
      R"("extension":[{"url":"x/medcom-leave-period-extension","valuePeriod":{"start":"2025-02-03T08:00:00+01:00"}}],)";
  m.then("start-leave-inpatient", "2025-02-03T10:00:00+01:00")
      .then("revise-start-leave-inpatient", "2025-02-03T12:00:00+01:00");
  const auto e = event(m.text());
  EXPECT_EQ(e.op, Op::kRevise);
  EXPECT_EQ(e.source_message_id, std::string(kContact) + "/leave-start/2025-02-03T09:00:00.000Z");
  EXPECT_EQ(domain::to_text(e.occurred_at), "2025-02-03T07:00:00.000Z");
}

TEST_F(HospitalNotification, ADischargeEndsTheStayAndItsCancellationNeedsNoEnd) {
  Hn m;
  m.status = "finished";
  m.period = R"({"start":"2025-02-01T10:00:00+01:00","end":"2025-02-05T09:00:00+01:00"})";
  m.then("discharge-inpatient-home", "2025-02-05T09:00:02+01:00");
  const auto end = event(m.text());
  EXPECT_EQ(std::get<HospitalStayEnded>(end.payload).disposition,
            domain::DischargeDisposition::kHome);
  EXPECT_EQ(domain::to_text(end.occurred_at), "2025-02-05T08:00:00.000Z");
  m.status = "in-progress";
  m.period = R"({"start":"2025-02-01T10:00:00+01:00"})";
  const auto cancel =
      event(m.then("cancel-discharge-inpatient-home", "2025-02-05T12:00:00+01:00").text());
  EXPECT_EQ(cancel.op, Op::kCancel);
  EXPECT_EQ(cancel.source_message_id, end.source_message_id);
}

TEST_F(HospitalNotification, DeathIsReadFromPatientAndStatusWhateverTheActivitySays) {
  for (const char* activity : {"admit-inpatient", "start-leave-inpatient"}) {
    Hn m;
    m.status = "finished";
    m.deceased = R"(,"deceasedBoolean":true)";
    m.period = R"({"start":"2025-02-01T10:00:00+01:00","end":"2025-02-04T03:00:00+01:00"})";
    const auto found = events(m.then(activity, "2025-02-04T03:10:00+01:00").text());
    ASSERT_EQ(found.size(), 2U) << activity;
    EXPECT_EQ(std::get<HospitalStayEnded>(found[0].payload).disposition,
              domain::DischargeDisposition::kDeceased);
    EXPECT_EQ(found[0].source_message_id, std::string(kContact) + "/end")
        << "the oldest admission names the contact";
    EXPECT_EQ(found[1].type(), domain::EventType::kPersonDeceased);
    EXPECT_EQ(found[1].source_message_id, std::string(kContact) + "/death");
    EXPECT_EQ(domain::to_text(found[1].occurred_at), "2025-02-04T02:00:00.000Z");
    EXPECT_NE(found[0].event_id, found[1].event_id);
  }
}

TEST_F(HospitalNotification, BundleAndHeaderIdsDecideNothing) {
  Hn a;
  Hn b;
  b.bundle_id = "another";
  b.header_id = "h2";
  EXPECT_EQ(event(a.text()).event_id, event(b.text()).event_id);
}

TEST_F(HospitalNotification, TheSameInstantInAnotherOffsetNamesTheSameContact) {
  Hn m;
  m.steps[0].occurred = "2025-02-01T09:00:05Z";
  EXPECT_EQ(event(m.text()).event_id, event(Hn{}.text()).event_id);
}

TEST_F(HospitalNotification, TheSendersOwnEpisodeCountsWithOrWithoutUrnUuid) {
  Hn m;
  m.episode =
      R"([null,{"identifier":{"system":"https://www.esundhed.dk/Registre/Landspatientregisteret","value":"urn:uuid:lpr"}},)"
      R"({"identifier":{"system":"https://sor2.sum.dsdn.dk/#id=990000000000201","value":"urn:uuid:ep1"}}])";
  EXPECT_EQ(event(m.text()).event_id, event(Hn{}.text()).event_id);
  m.episode =
      R"([{"identifier":{"system":"https://x","value":"first"}},{"identifier":{"system":"https://y","value":"second"}}])";
  EXPECT_EQ(std::get<HospitalStayStarted>(event(m.text()).payload).episode_id, "first");
}

TEST_F(HospitalNotification, ReorderedProvenancesGiveTheSameEvent) {
  Hn m;
  m.then("start-leave-inpatient", "2025-02-03T10:00:00+01:00");
  Hn reordered = m;
  std::swap(reordered.steps[0], reordered.steps[1]);
  EXPECT_EQ(event(m.text()).event_id, event(reordered.text()).event_id);
}

TEST_F(HospitalNotification, FaultsAreNamedWithTheirPlace) {
  Hn m;
  m.klass = "";
  EXPECT_EQ(refusals(m.text()),
            (std::vector<std::string>{"FIELD_MISSING @ entry[4] Encounter/e1 .class"}));
  m = Hn{};
  m.episode = "[]";
  EXPECT_EQ(refusals(m.text()),
            (std::vector<std::string>{
                "FIELD_MISSING @ entry[4] Encounter/e1 .episodeOfCare.identifier"}));
  m = Hn{};
  m.period = "{}";
  EXPECT_EQ(refusals(m.text()),
            (std::vector<std::string>{"FIELD_MISSING @ entry[4] Encounter/e1 .period.start"}));
  m = Hn{};
  m.cpr = "2502479AB9";
  EXPECT_EQ(refusals(m.text()).at(0).substr(0, 10), "CPR_FORMAT");
  m.cpr = "2509471AB9";
  EXPECT_EQ(refusals(m.text()).at(0).substr(0, 16), "ECPR_NOT_ALLOWED");
  m = Hn{};
  m.steps[0].activity = "admit-somewhere";
  EXPECT_EQ(refusals(m.text()).size(), 1U);
  m = Hn{};
  m.then("hop-inpatient", "2025-02-03T10:00:00+01:00");
  EXPECT_EQ(
      refusals(m.text()),
      (std::vector<std::string>{"ENUM_UNKNOWN @ entry[4] Encounter/e1 (Provenance.activity)"}));
  m = Hn{};
  m.period = R"({"start":"2025-02-01T10:00:00"})";
  EXPECT_EQ(refusals(m.text()),
            (std::vector<std::string>{"TIME_NO_ZONE @ entry[4] Encounter/e1 .period.start"}));
  m = Hn{};
  m.steps[0].recorded = "2025-02-01T08:00:00+01:00";
  EXPECT_EQ(refusals(m.text()),
            (std::vector<std::string>{"TIME_FUTURE @ entry[4] Encounter/e1 .period.start"}));
}

}  // namespace
}  // namespace kronika::codec
