// domain::check() against the real tables: each refusal of domain.md 4.3 once from either side.
#include <gtest/gtest.h>

#include <kronika/domain/checks.h>
#include <kronika/refdata/loader.h>

namespace kronika::domain {
namespace {

const Rules& rules() {
  static const auto loaded =
      refdata::load(KRONIKA_SOURCE_DIR "/data/reference",
                    KRONIKA_SOURCE_DIR "/data/reference/organisations.csv", 1);
  EXPECT_TRUE(loaded) << loaded.error().context;
  return **loaded;
}

Event event(Payload payload) {
  Event e;
  e.event_id.bytes[15] = 1;
  e.source_system = "SYS-A";
  e.source_message_id = "m1";
  e.source_version = 1;
  e.op = Op::kCreate;
  e.person_key.bytes[0] = 7;
  e.occurred_at = parse_instant("2025-05-01T09:00:00Z").instant;
  e.time_precision = TimePrecision::kInstant;
  e.recorded_at = e.occurred_at;
  e.sender_org = "990000000000101";
  e.payload = std::move(payload);
  return e;
}

std::string verdict(const Event& e) {
  const auto refusal = check(rules(), e, e.recorded_at);
  return refusal ? std::string(slug(refusal->reason)) : "accepted";
}

MeasurementRecorded measured(std::string system, std::string code, double value,
                             std::string unit = {}) {
  MeasurementRecorded m;
  m.code_system = std::move(system);
  m.code = std::move(code);
  m.value = value;
  m.unit = std::move(unit);
  return m;
}

constexpr const char* kTraining = "ab87c0b5-40be-4e0a-b749-d9f833bfed2d";
constexpr const char* kNoShow = "ef491570-7884-4acd-bcf7-43d6b2c64762";

TEST(Check, AnUnknownTypeAndMissingFieldsAreRefused) {
  EXPECT_EQ(verdict(event(std::monostate{})), "TYPE_UNKNOWN");
  Event e = event(PersonDeceased{});
  EXPECT_EQ(verdict(e), "accepted");
  e.source_message_id.clear();
  EXPECT_EQ(verdict(e), "FIELD_MISSING");
  e = event(PersonDeceased{});
  e.person_key = {};
  EXPECT_EQ(verdict(e), "FIELD_MISSING");
  EXPECT_EQ(verdict(event(InterviewHeld{InterviewKind::kInitial, {}})), "FIELD_MISSING");
  VisitationDecided forward{"R1", VisitationDecision::kForward, "", "", {}};
  EXPECT_EQ(verdict(event(forward)), "FIELD_MISSING");
}

TEST(Check, ARapportNeedsNoPerson) {
  Event e = event(GoalProgressReported{1, "Region", {}, "target", GoalStatus::kReached, "", {}});
  e.person_key = {};
  EXPECT_EQ(verdict(e), "accepted");
}

TEST(Check, ClosedListsAreClosed) {
  EXPECT_EQ(verdict(event(InterviewHeld{InterviewKind::kInitial, {"KOL", "KAL"}})), "ENUM_UNKNOWN");
  EXPECT_EQ(verdict(event(InterviewHeld{static_cast<InterviewKind>(9), {"KOL"}})), "ENUM_UNKNOWN");
  StratificationAssessed s;
  s.programme = "KOL";
  s.assessor_role = "GP";
  s.level = 4;
  EXPECT_EQ(verdict(event(s)), "ENUM_UNKNOWN");
  InterventionStarted i{"I1", {"KOL"}, kTraining, {}, {}, ""};
  EXPECT_EQ(verdict(event(i)), "accepted");
  i.type = "6eddbaf7-2a73-49d4-91e7-6138d419f58c";  // an interview
  EXPECT_EQ(verdict(event(i)), "ENUM_UNKNOWN");
  MeasurementRecorded smoking = measured("MCS", "MCS88174", 0);
  smoking.value = "SOMETIMES";
  EXPECT_EQ(verdict(event(smoking)), "ENUM_UNKNOWN");
  smoking.value = "NEVER";
  EXPECT_EQ(verdict(event(smoking)), "accepted");
}

TEST(Check, TheFutureBeginsFiveMinutesAfterRecording) {
  Event e = event(PersonDeceased{});
  e.occurred_at = e.recorded_at + std::chrono::minutes(5);
  EXPECT_EQ(verdict(e), "accepted");
  e.occurred_at.ms += 1;
  EXPECT_EQ(verdict(e), "TIME_FUTURE");
  e = event(PersonDeceased{});
  const Instant received{e.recorded_at.ms - 5 * 60'000};
  EXPECT_FALSE(check(rules(), e, received));
  EXPECT_EQ(check(rules(), e, {received.ms - 1})->reason, Reason::kTimeFuture);
  e.time_precision = TimePrecision::kDate;
  e.occurred_at = e.recorded_at + std::chrono::hours(12);
  EXPECT_EQ(verdict(e), "accepted");  // later the same day
  e.occurred_at = e.recorded_at + std::chrono::hours(24);
  EXPECT_EQ(verdict(e), "TIME_FUTURE");
}

TEST(Check, NothingHappensBeforeBirth) {
  Event e = event(PersonDeceased{});
  e.birth_date = civil_date(2025, 5, 1);
  EXPECT_EQ(verdict(e), "accepted");
  e.birth_date = civil_date(2025, 5, 2);
  EXPECT_EQ(verdict(e), "BEFORE_BIRTH");
}

TEST(Check, SendersPlacesAndPersonsAreReal) {
  Event e = event(PersonDeceased{});
  e.sender_org = "1234567890";
  EXPECT_EQ(verdict(e), "SOR_FORMAT");
  EXPECT_EQ(verdict(event(ResidenceChanged{"0751"})), "accepted");
  EXPECT_EQ(verdict(event(ResidenceChanged{"0411"})), "accepted");
  EXPECT_EQ(verdict(event(ResidenceChanged{"0957"})), "accepted");
  EXPECT_EQ(verdict(event(ResidenceChanged{"0752"})), "MUNICIPALITY_UNKNOWN");
  EXPECT_EQ(verdict(event(ResidenceChanged{"751"})), "MUNICIPALITY_UNKNOWN");
  e = event(PersonDeceased{});
  e.residence_municipality = "9999";
  EXPECT_EQ(verdict(e), "MUNICIPALITY_UNKNOWN");
  CprReplaced replaced;
  replaced.old_person_key.bytes[0] = 7;
  EXPECT_EQ(verdict(event(replaced)), "CPR_CYCLE");
}

TEST(Check, AReasonStandsExactlyWhereSomethingWasCancelled) {
  InterventionStopped stop{"I1", {"KOL"}, StopStatus::kCancelled, kNoShow};
  EXPECT_EQ(verdict(event(stop)), "accepted");
  stop.reason.clear();
  EXPECT_EQ(verdict(event(stop)), "REASON_REQUIRED");
  stop = {"I1", {"KOL"}, StopStatus::kCompleted, kNoShow};
  EXPECT_EQ(verdict(event(stop)), "REASON_NOT_ALLOWED");
  VisitationDecided reject{"R1", VisitationDecision::kReject, "", "", {}};
  EXPECT_EQ(verdict(event(reject)), "REASON_REQUIRED");
  PathwayPlanChanged plan{"P1", {"KOL"}, PlanCategory::kIntervention, PlanStatus::kActive, "", {},
                          {},   ""};
  plan.goals.push_back({"NOSUCH", 1});
  EXPECT_EQ(verdict(event(plan)), "CODE_UNKNOWN");
}

TEST(Check, AReferralLeadsToAProgramme) {
  ReferralSent r;
  r.referral_id = "R1";
  r.receiver_org = "X9";  // an unknown receiver is a warning, never a refusal
  r.requested_service = RequestedService::kMunicipalRehab;
  EXPECT_EQ(verdict(event(r)), "FIELD_MISSING");
  r.diagnosis_codes = {{"SKS", "DF329"}};  // a group of its own, but no programme
  EXPECT_EQ(verdict(event(r)), "PROGRAMME_UNRESOLVED");
  r.diagnosis_codes.push_back({"ICD-10", "j44.9"});
  EXPECT_EQ(verdict(event(r)), "accepted");
}

TEST(Check, ACancellationNeedsNoContent) {
  Event e = event(MeasurementRecorded{});
  EXPECT_EQ(verdict(e), "FIELD_MISSING");
  e.op = Op::kCancel;
  EXPECT_EQ(verdict(e), "accepted");
}

TEST(Check, MeasurementsAreReadInTheOrderOfTheirFaults) {
  EXPECT_EQ(verdict(event(measured("NPU", "NPU99999", 1, "x"))), "CODE_UNKNOWN");
  MeasurementRecorded m = measured("NPU", "NPU27300", 0);
  m.value = std::monostate{};
  EXPECT_EQ(verdict(event(m)), "VALUE_MISSING");
  m.value = "abc";
  EXPECT_EQ(verdict(event(m)), "VALUE_MISSING");
  EXPECT_EQ(verdict(event(measured("NPU", "NPU27300", 52))), "UNIT_MISSING");
  EXPECT_EQ(verdict(event(measured("NPU", "NPU27300", 52, "mg"))), "UNIT_UNKNOWN");
  EXPECT_EQ(verdict(event(measured("MCS", "MCS88021", 2.5))), "NOT_INTEGER");
  EXPECT_EQ(verdict(event(measured("MCS", "MCS88021", 0))), "RANGE_HARD");
  EXPECT_EQ(verdict(event(measured("MCS", "MCS88021", 1))), "accepted");
  EXPECT_EQ(verdict(event(measured("NPU", "NPU27300", 14.9, "mmol/mol"))), "RANGE_HARD");
  EXPECT_EQ(verdict(event(measured("NPU", "NPU27300", 15, "mmol/mol"))), "accepted");
}

TEST(Check, AScoreIsCheckedLikeAMeasurement) {
  QuestionnaireAnswered q{Instrument::kStartBack, {{"START_TOTAL", 3}, {"START_PSYCH", 4}}, {}, ""};
  EXPECT_EQ(verdict(event(q)), "SUBSCORE");
  q.scores[1].value = 3;
  EXPECT_EQ(verdict(event(q)), "accepted");
  q.scores[0].value = 10;
  EXPECT_EQ(verdict(event(q)), "RANGE_HARD");
  q.scores[1].value = 2.5;
  EXPECT_EQ(verdict(event(q)), "NOT_INTEGER");
  q.scores[1].measure_key = "START";
  EXPECT_EQ(verdict(event(q)), "CODE_UNKNOWN");
}

double value_of(const MeasurementRecorded& m, bool* soft = nullptr, std::optional<int> age = {}) {
  const auto c = canonical(rules(), m, age);
  EXPECT_TRUE(c);
  if (soft != nullptr && c) *soft = c->soft_range;
  return c ? c->value : -1;
}

TEST(Canonical, UnitsAreConverted) {
  EXPECT_EQ(value_of(measured("NPU", "NPU27300", 6.5, "%")), 48);
  EXPECT_EQ(value_of(measured("LOINC", "8302-2", 172, "cm")), 1.72);
  EXPECT_EQ(value_of(measured("NPU", "NPU03011", 0.95, "1")), 95);
  EXPECT_EQ(value_of(measured("MCS", "MCS88017", 70, "%")), 0.7);
  EXPECT_EQ(value_of(measured("NPU", "NPU22089", 100, "mg/dL")), 5.6);
  MeasurementRecorded text = measured("LOINC", "8310-5", 0, "°C");
  text.value = "+36.7";
  EXPECT_EQ(value_of(text), 36.7);
  text.value = "+-36.7";
  EXPECT_FALSE(canonical(rules(), text, {}));
}

TEST(Canonical, SoftBoundsFlagAndSpareChildrensWeight) {
  bool soft = false;
  (void)value_of(measured("NPU", "NPU03804", 35, "kg"), &soft);
  EXPECT_FALSE(soft);
  (void)value_of(measured("NPU", "NPU03804", 34.9, "kg"), &soft);
  EXPECT_TRUE(soft);
  (void)value_of(measured("NPU", "NPU03804", 34.9, "kg"), &soft, 17);
  EXPECT_FALSE(soft);
}

TEST(Reasons, EverySlugReadsBack) {
  for (int i = 0; i <= static_cast<int>(Reason::kInternalInvariant); ++i) {
    const auto reason = static_cast<Reason>(i);
    EXPECT_EQ(reason_from_slug(slug(reason)), reason);
    EXPECT_FALSE(explain(reason).empty());
  }
  EXPECT_FALSE(reason_from_slug("NOSUCH"));
}

}  // namespace
}  // namespace kronika::domain
