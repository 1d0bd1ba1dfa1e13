// The fold's promises one by one: when an event may be appended, what time changes, what-if, and
// what is counted. The rules of the field are tested by tests/scenarios.
#include "event_factory.h"

#include <memory>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/domain/fold.h>
#include <kronika/refdata/loader.h>

namespace kronika::domain {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FoldTest : public ::testing::Test {
 protected:
  static const Rules& rules() {
    static const auto kRules = [] {
      auto loaded = refdata::load("data/reference", "data/reference/organisations.csv", 1);
      if (!loaded) throw std::runtime_error(loaded.error().context);
      return *loaded;
    }();
    return *kRules;
  }
  static Instant at(const char* text) { return parse_instant(text).instant; }
  Event event(const char* time, Payload payload) {
    Event e = testing::event(std::move(payload), "m" + std::to_string(++count_));
    e.event_id = testing::id(static_cast<std::uint8_t>(count_));
    e.occurred_at = e.recorded_at = at(time);
    return e;
  }
  static Payload value(const char* system, const char* code, double number, const char* unit) {
    MeasurementRecorded m;
    m.code_system = system;
    m.code = code;
    m.value = number;
    m.unit = unit;
    return m;
  }
  Event sbp(const char* time, double number) {
    return event(time, value("NPU", "DNK05472", number, "mm[Hg]"));
  }
  Event dbp(const char* time, double number) {
    return event(time, value("NPU", "DNK05473", number, "mm[Hg]"));
  }
  void append(const Event& e) {
    ASSERT_TRUE(fold_.can_append(state_, e));
    fold_.append(state_, e);
  }
  CitizenState refold(const std::vector<Event>& events) const {
    std::vector<JournalEntry> entries;
    for (const Event& e : events) entries.push_back({e, {}, {}});
    const EffectiveSet set = effective_events(entries, {});
    return fold_.refold(events.front().person_key, set.events);
  }

  Fold fold_{rules()};
  CitizenState state_;
  int count_ = 0;
  const ProgrammeIndex kol_ = rules().programme("KOL");
};

constexpr const char* kMorning = "2025-05-01T08:00:00Z";
constexpr const char* kNoon = "2025-05-01T12:00:00Z";

TEST_F(FoldTest, UnknownCodesAreCountedAndTheListIsBounded) {
  const auto diagnosis = [](const std::string& system, const std::string& code) {
    return Payload{DiagnosisRecorded{system, code, DiagnosisSetting::kGp}};
  };
  std::vector<Event> events;
  const auto add = [&](Payload payload) {
    const std::string day = "2025-01-" + std::to_string(10 + events.size() / 10) + "T08:0" +
                            std::to_string(events.size() % 10) + ":00Z";
    events.push_back(event(day.c_str(), std::move(payload)));
  };
  add(diagnosis("SKS", "DJ449"));
  add(diagnosis("SKS", "DX1"));
  add(diagnosis("SKS", "DX1"));
  ReferralSent referral;
  referral.referral_id = "r";
  referral.programme = "KOL";
  referral.diagnosis_codes = {{"SKS", "DJ449"}, {"ICD-9", "410"}};
  add(referral);
  for (int i = 0; i < 20; ++i) add(diagnosis("ICPC-2", "Z" + std::to_string(i)));
  add(diagnosis("SKS", "DX1"));
  add(diagnosis("SKS", "D" + std::string(100, 'X')));
  for (const Event& e : events) append(e);
  const auto& counts = state_.unknown_codes;
  ASSERT_EQ(counts.size(), kUnknownCodesListed + 2);
  EXPECT_EQ(counts[0], (UnknownCodeCount{"SKS", "DX1", 3}));
  EXPECT_EQ(counts[1], (UnknownCodeCount{"ICD-9", "410", 1}));
  EXPECT_EQ(counts[15], (UnknownCodeCount{"ICPC-2", "Z13", 1}));
  EXPECT_EQ(counts[16], (UnknownCodeCount{"ICPC-2", "", 6}));
  EXPECT_EQ(counts[17], (UnknownCodeCount{"SKS", "", 1}));
  EXPECT_EQ(refold(events).unknown_codes, counts);
}

TEST_F(FoldTest, AppendsAValidBloodPressurePairOfOneInstant) {
  append(sbp(kMorning, 140));
  append(dbp(kMorning, 80));
  EXPECT_EQ(state_.latest.size(), 2U);
  EXPECT_EQ(state_.excluded, 0U);
}

TEST_F(FoldTest, RefusesToAppendAContradictionAndRefoldingLeavesBothValuesOut) {
  const Event high = sbp(kMorning, 80);
  const Event low = dbp(kMorning, 80);
  append(high);
  EXPECT_FALSE(fold_.can_append(state_, low));
  const CitizenState refolded = refold({high, low});
  EXPECT_THAT(refolded.latest, IsEmpty());
  EXPECT_EQ(refolded.excluded, 2U);
  EXPECT_THAT(refolded.excluded_measurements,
              ElementsAre(ExcludedMeasurement{high.event_id, false},
                          ExcludedMeasurement{low.event_id, false}));
}

TEST_F(FoldTest, RefusesToAppendASecondPartnerBesideTwoValuesOfOneInstant) {
  append(sbp(kMorning, 140));
  append(sbp(kMorning, 150));
  EXPECT_FALSE(fold_.can_append(state_, dbp(kMorning, 80)));
}

TEST_F(FoldTest, RefusesToAppendAnythingThatSortsEarlier) {
  const Event first = sbp(kMorning, 140);
  append(sbp(kNoon, 140));
  EXPECT_FALSE(fold_.can_append(state_, first));
}

TEST_F(FoldTest, RefusesToAppendTheFirstBirthDateBehindEventsThatNeededIt) {
  Event without = event(kMorning, DiagnosisRecorded{"SKS", "DJ449", DiagnosisSetting::kGp});
  without.birth_date.reset();
  append(without);
  const Event with = sbp(kNoon, 140);
  EXPECT_FALSE(fold_.can_append(state_, with));
  EXPECT_EQ(refold({without, with}).facts.front().case_date, civil_date_of(at(kMorning)));
}

TEST_F(FoldTest, AnUnhandledTypeChangesNothing) {
  append(sbp(kMorning, 140));
  const CitizenState before = state_;
  append(event(kNoon, CprReplaced{}));
  EXPECT_TRUE(state_ == before);
  EXPECT_FALSE(Fold::handles(EventType::kCprReplaced));
}

TEST_F(FoldTest, NamesTheInstantAtWhichAReferralIsOverdue) {
  append(event("2025-01-07T08:00:00Z", DiagnosisRecorded{"SKS", "DJ449", DiagnosisSetting::kGp}));
  ReferralSent r;
  r.referral_id = "R1";
  r.receiver_org = "unknown";
  r.programme = "KOL";
  append(event("2025-01-07T09:00:00Z", r));
  const Instant overdue = start_of_day(*civil_date(2025, 1, 22));
  const Evaluation before = fold_.evaluate(state_, at("2025-01-10T12:00:00Z"));
  EXPECT_FALSE(before.pathways.front().flags.has(Flag::kVisitationOverdue));
  EXPECT_EQ(before.next_change, overdue);
  const Evaluation after = fold_.evaluate(state_, overdue);
  EXPECT_TRUE(after.pathways.front().flags.has(Flag::kVisitationOverdue));
}

TEST_F(FoldTest, NamesTheInstantAtWhichAnOpenStayBecomesAnAdmission) {
  HospitalStayStarted stay;
  stay.contact_id = "C1";
  stay.encounter_class = EncounterClass::kEmer;
  append(event(kMorning, stay));
  const Evaluation now = fold_.evaluate(state_, at(kNoon));
  EXPECT_FALSE(now.stays.front().admission);
  EXPECT_EQ(now.next_change, at(kMorning) + std::chrono::hours(12));
}

TEST_F(FoldTest, NamesTheQuarterForACaseAndTheBirthdayForAnyone) {
  append(sbp("2025-05-01T08:00:00Z", 140));
  EXPECT_EQ(fold_.evaluate(state_, at(kNoon)).next_change,
            start_of_day(*civil_date(2026, 1, 1)));  // born on 1 January
  append(event("2025-05-02T08:00:00Z", DiagnosisRecorded{"ICPC-2", "R95", DiagnosisSetting::kGp}));
  const Evaluation late = fold_.evaluate(state_, at("2026-06-01T12:00:00Z"));
  EXPECT_EQ(late.next_change, start_of_day(*civil_date(2026, 7, 1)));
}

TEST_F(FoldTest, AnswersWhatIfWithAnotherVersionAndSaysSo) {
  append(event("2026-02-01T08:00:00Z", DiagnosisRecorded{"SKS", "DJ449", DiagnosisSetting::kGp}));
  append(event("2026-02-01T09:00:00Z", value("MCS", "MCS88022", 1, "1")));
  append(event("2026-02-01T09:01:00Z", value("MCS", "MCS88021", 1, "{score}")));
  append(event("2026-02-01T09:02:00Z", value("MCS", "MCS88137", 4, "{score}")));
  const Instant as_of = at("2026-02-02T12:00:00Z");
  const Proposal in_force = fold_.evaluate(state_, as_of).pathways.front().proposal;
  EXPECT_EQ(in_force.version, "2026");
  EXPECT_EQ(in_force.output("abe"), "E");
  EXPECT_FALSE(in_force.what_if);
  EXPECT_EQ(in_force.inputs.size(), 3U);
  EXPECT_THAT(in_force.missing, ElementsAre(rules().measure("FEV1_PCT")));
  const Proposal what_if =
      fold_.evaluate_with(state_, as_of, "KOL", "2023").pathways.front().proposal;
  EXPECT_EQ(what_if.version, "2023");
  EXPECT_EQ(what_if.output("abe"), "A");
  EXPECT_TRUE(what_if.what_if);
}

TEST_F(FoldTest, CountsEveryIllegalTransitionAndListsTheLatest) {
  append(event("2025-01-01T08:00:00Z", DiagnosisRecorded{"SKS", "DJ449", DiagnosisSetting::kGp}));
  for (int i = 0; i < 20; ++i) {
    Event e = event("2025-01-02T08:00:00Z", PathwayClosed{"KOL", CloseReason::kFull});
    e.occurred_at = e.occurred_at + std::chrono::hours(i);
    append(e);
  }
  EXPECT_EQ(state_.illegal, 20U);
  EXPECT_EQ(state_.current(kol_)->illegal, 20U);
  ASSERT_EQ(state_.illegal_events.size(), kIllegalListed);
  EXPECT_EQ(state_.illegal_events.back().event_id, testing::id(21));
  EXPECT_EQ(state_.illegal_events.back().state, State::kDiagnosed);
}

TEST_F(FoldTest, DoesNotGrowWithMeasurements) {
  append(event("2024-12-01T08:00:00Z", value("NPU", "NPU03804", 80, "kg")));
  append(event("2024-12-01T08:00:00Z", value("NPU", "NPU03011", 94, "%")));
  for (int day = 0; day < 1000; ++day) {
    Event e = event("2025-01-01T08:00:00Z", value("NPU", "NPU03011", 94, "%"));
    e.occurred_at = e.occurred_at + std::chrono::hours(24 * day);
    e.event_id = testing::id(7);
    append(e);
    Event w = event("2025-01-01T09:00:00Z", value("NPU", "NPU03804", 80, "kg"));
    w.occurred_at = w.occurred_at + std::chrono::hours(24 * day);
    append(w);
  }
  EXPECT_EQ(state_.latest.size(), 2U);
  EXPECT_LE(state_.weights.size(), 91U);
}

TEST_F(FoldTest, ADeadPersonHasNoMoreDeadlines) {
  append(event("2025-01-07T08:00:00Z", DiagnosisRecorded{"SKS", "DJ449", DiagnosisSetting::kGp}));
  append(event(kMorning, PersonDeceased{}));
  const Evaluation now = fold_.evaluate(state_, at("2025-06-01T12:00:00Z"));
  EXPECT_EQ(now.care_setting, CareSetting::kEnded);
  EXPECT_FALSE(now.next_change && *now.next_change < at("2026-01-01T00:00:00Z"));
}

TEST(Indicators, CellKeysGroupAnIndicatorsPeriodTogether) {
  CellKey a{Indicator::kI05Wait, *parse_quarter("2025Q1"), false, false, {751, 0, 2, {}, {}, {}}};
  CellKey b = a;
  b.at.municipality = 101;
  CellKey later = a;
  later.period = *parse_quarter("2025Q2");
  later.at.municipality = 1;
  EXPECT_LT(b.bytes(), a.bytes());
  EXPECT_LT(a.bytes(), later.bytes());
  EXPECT_EQ(a.bytes()[0], 5);
  EXPECT_FALSE(CellKey::from_bytes("short"));
}

TEST(Indicators, EveryIndicatorHasAnIdThatReadsBack) {
  for (const Indicator i : computed_indicators()) EXPECT_EQ(indicator_from_id(id_of(i)), i);
  EXPECT_EQ(indicator_from_id("I-16a"), Indicator::kI16aBloodPressure);
  EXPECT_EQ(indicator_from_id("I-99"), std::nullopt);
}

}  // namespace
}  // namespace kronika::domain
