// The fold of organisations' reports: what a row of the register is, and that the order of arrival
// says nothing.
#include <algorithm>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <kronika/domain/reporting.h>
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

constexpr const char* kMunicipality = "990000000000301";
constexpr const char* kRegion = "990000000000401";

Instant noon(int year, int month, int day) {
  return from_local(*civil_date(year, month, day), 12 * 3'600'000).instant;
}

class Log {
 public:
  Event event(const std::string& fact, Instant at, Payload payload, std::uint64_t version = 1,
              const std::string& organisation = kMunicipality) {
    Event e;
    ++ids_;
    for (std::size_t i = 0; i < 8; ++i) {
      e.event_id.bytes[i] = static_cast<std::uint8_t>(ids_ >> (8 * i));
    }
    e.event_id.bytes[15] = 1;
    e.source_system = "ESDH";
    e.source_message_id = fact;
    e.source_version = version;
    e.op = version == 1 ? Op::kCreate : Op::kRevise;
    e.occurred_at = at;
    e.time_precision = TimePrecision::kInstant;
    e.recorded_at = at;
    e.sender_org = organisation;
    e.payload = std::move(payload);
    return e;
  }
  void add(const Event& e) { add(e, e.sender_org); }
  void add(std::optional<Event> e, const std::string& key) {
    ReportRecord record;
    record.key = key;
    record.origin = {noon(2027, 6, 1), 0, 0, static_cast<std::int64_t>(records.size())};
    record.event = std::move(e);
    records.push_back(std::move(record));
  }
  [[nodiscard]] Reporting fold(Instant as_of = noon(2027, 1, 1)) const {
    return fold_reports(rules(), records, {as_of, Instant::max()});
  }
  std::vector<ReportRecord> records;

 private:
  std::uint64_t ids_ = 0;
};

GoalProgressReported goal(GoalStatus status, const std::string& target = "90 % of KOL stratified") {
  GoalProgressReported g;
  g.area = 1;
  g.owner = "Sundhedsafdelingen";
  g.measurable_target = target;
  g.deadline = civil_date(2026, 12, 31);
  g.status = status;
  return g;
}

TEST(GoalRegister, TheNineAreasAndTheNineQuestionsAreThere) {
  ASSERT_EQ(goal_areas().size(), 9U);
  for (std::uint32_t i = 0; i < 9; ++i) EXPECT_EQ(goal_areas()[i].number, i + 1);
  std::set<char> sections;
  for (const FinalQuestion& q : final_questions()) sections.insert(q.section.front());
  EXPECT_EQ(sections.size(), 7U);
  EXPECT_EQ(final_question("3c"), 4U);
  EXPECT_FALSE(final_question("8"));
}

TEST(GoalRegister, TheLatestReportDecidesTheStatusAndTheRowKeepsItsSteps) {
  Log log;
  log.add(log.event("b", noon(2026, 1, 10), goal(GoalStatus::kInProgress)));
  log.add(log.event("a", noon(2025, 1, 10), goal(GoalStatus::kNotStarted)));
  auto reached = goal(GoalStatus::kReached);
  reached.evidence_link = " https://example.dk/rapport ";
  reached.owner = "  Sundhedsafdelingen ";
  log.add(log.event("c", noon(2026, 11, 1), reached));
  const Reporting r = log.fold();
  ASSERT_EQ(r.goals.size(), 1U);
  EXPECT_EQ(r.goals[0].status, GoalStatus::kReached);
  EXPECT_EQ(r.goals[0].evidence_link, "https://example.dk/rapport");
  ASSERT_EQ(r.goals[0].steps.size(), 3U);
  EXPECT_EQ(r.goals[0].steps[0].status, GoalStatus::kNotStarted);
  EXPECT_FALSE(r.goals[0].evidence_missing);
  EXPECT_FALSE(r.goals[0].overdue);
}

TEST(GoalRegister, AnotherTargetIsAnotherGoalAndARevisionRewordsOne) {
  Log log;
  log.add(log.event("a", noon(2025, 1, 10), goal(GoalStatus::kInProgress, "80 %")));
  log.add(log.event("b", noon(2025, 1, 10), goal(GoalStatus::kInProgress, "70 %")));
  EXPECT_EQ(log.fold().goals.size(), 2U);
  log.add(log.event("b", noon(2025, 1, 10), goal(GoalStatus::kReached, "80 %"), 2));
  const Reporting r = log.fold();
  ASSERT_EQ(r.goals.size(), 1U);
  EXPECT_EQ(r.goals[0].steps.size(), 2U);
  EXPECT_EQ(r.tally, (ReportTally{3, 2, 1, 0, 0, 0}));
}

TEST(GoalRegister, ACancelledReportLeavesNothingBehind) {
  Log log;
  log.add(log.event("a", noon(2025, 1, 10), goal(GoalStatus::kReached)));
  Event cancel = log.event("a", noon(2025, 1, 10), GoalProgressReported{}, 2);
  cancel.op = Op::kCancel;
  log.add(cancel);
  const Reporting r = log.fold();
  EXPECT_TRUE(r.goals.empty());
  EXPECT_EQ(r.tally, (ReportTally{2, 0, 1, 1, 0, 0}));
}

TEST(GoalRegister, AMeasuringPointKnowsWhetherItCameAfterTheFirstYear) {
  Log log;
  auto first = goal(GoalStatus::kInProgress);
  first.measuring_points = {"referrals a month"};
  auto later = goal(GoalStatus::kInProgress);
  later.measuring_points = {"referrals  a month", "share with a plan"};
  log.add(log.event("a", noon(2025, 1, 10), first));
  log.add(log.event("b", noon(2026, 1, 9), later));
  auto r = log.fold();
  ASSERT_EQ(r.goals[0].measuring_points.size(), 2U);
  EXPECT_FALSE(r.goals[0].measuring_points[1].after_first_year) << "364 days";
  auto year_on = goal(GoalStatus::kInProgress);
  year_on.measuring_points = {"waits"};
  log.add(log.event("c", noon(2026, 1, 10), year_on));
  r = log.fold();
  ASSERT_EQ(r.goals[0].measuring_points.size(), 3U);
  EXPECT_TRUE(r.goals[0].measuring_points[2].after_first_year) << "365 days";
  EXPECT_EQ(r.goals[0].measuring_points[0].added_on, *civil_date(2025, 1, 10));
}

TEST(GoalRegister, OverdueIsAfterTheDeadlineAndOnlyWhileOpen) {
  Log log;
  log.add(log.event("a", noon(2025, 1, 10), goal(GoalStatus::kInProgress)));
  EXPECT_FALSE(log.fold(noon(2026, 12, 31)).goals[0].overdue);
  EXPECT_TRUE(log.fold(noon(2027, 1, 1)).goals[0].overdue);
  log.add(log.event("b", noon(2026, 12, 1), goal(GoalStatus::kNotReached)));
  EXPECT_FALSE(log.fold(noon(2027, 1, 1)).goals[0].overdue) << "it was given up";
}

TEST(GoalRegister, AReachedGoalWithoutEvidenceSaysSo) {
  Log log;
  log.add(log.event("a", noon(2025, 1, 10), goal(GoalStatus::kReached)));
  EXPECT_TRUE(log.fold().goals[0].evidence_missing);
}

TEST(Annual, ProgressRowsAreReportsOfTheirGoals) {
  Log log;
  log.add(log.event("a", noon(2025, 1, 10), goal(GoalStatus::kInProgress)));
  AnnualDocumentation year;
  year.year = 2025;
  year.progress = {goal(GoalStatus::kReached)};
  log.add(log.event("y", noon(2026, 2, 1), year));
  const Reporting r = log.fold();
  ASSERT_EQ(r.goals.size(), 1U);
  EXPECT_EQ(r.goals[0].status, GoalStatus::kReached);
  EXPECT_TRUE(r.goals[0].steps[1].annual);
  ASSERT_EQ(r.annual.size(), 1U);
  EXPECT_EQ(r.annual[0].said.year, 2025U);
}

TEST(Annual, FiguresThatDisagreeStayWithTheirDocuments) {
  Log log;
  AnnualDocumentation a;
  a.year = 2012;
  a.spend = {{"Regeringens sundhedspakke", "Samlet pulje", 59'000'000'000},
             {"Finanslov 2009", "Samlet pulje", 58'500'000'000}};
  AnnualDocumentation b;
  b.year = 2012;
  b.spend = {{"Slutrapportering", "Samlet pulje", 58'000'000'000},
             {"Finanslov 2009", "Undervisning", 100},
             {"Finanslov 2009", "Kurser", 50}};
  log.add(log.event("y1", noon(2013, 1, 10), a, 1, kRegion));
  log.add(log.event("y2", noon(2013, 3, 31), b, 1, kRegion));
  const Reporting r = log.fold();
  ASSERT_EQ(r.annual.size(), 2U);
  const auto documents = spend_by_document(r.annual);
  ASSERT_EQ(documents.size(), 4U);
  EXPECT_EQ(documents[0].document, "Finanslov 2009");
  EXPECT_EQ(documents[0].total_oere, 58'500'000'000);
  EXPECT_EQ(documents[1].document, "Finanslov 2009");
  EXPECT_EQ(documents[1].total_oere, 150) << "another report is not added";
  EXPECT_EQ(documents[1].report, r.annual[1].event_id);
  EXPECT_EQ(documents[2].total_oere, 59'000'000'000);
  EXPECT_EQ(documents[3].total_oere, 58'000'000'000);
  EXPECT_EQ(disagreeing_purposes(documents), std::vector<std::string>{"Samlet pulje"});
}

TEST(FinalReport, AnswersComeInTheOrderOfTheSections) {
  Log log;
  log.add(
      log.event("f", noon(2026, 3, 31), FinalReportAnswered{{{"7", "on the web"}, {"3a", "x"}}}));
  log.add(log.event("g", noon(2026, 3, 30), FinalReportAnswered{{{"3b", "y"}}}, 1, kRegion));
  const Reporting r = log.fold();
  ASSERT_EQ(r.answers.size(), 3U);
  EXPECT_EQ(r.answers[0].section, "3a");
  EXPECT_EQ(r.answers[1].section, "3b");
  EXPECT_EQ(r.answers[1].organisation, kRegion);
  EXPECT_EQ(r.answers[2].text, "on the web");
}

TEST(Reports, TheSameFactOfTwoOrganisationsIsTwoFacts) {
  Log log;
  log.add(log.event("a", noon(2025, 1, 10), goal(GoalStatus::kReached)));
  log.add(log.event("a", noon(2025, 1, 10), goal(GoalStatus::kNotReached), 1, kRegion));
  EXPECT_EQ(log.fold().goals.size(), 2U);
}

TEST(Reports, WhatIsRefusedIsNamedWithItsReason) {
  Log log;
  const Event good = log.event("a", noon(2025, 1, 10), goal(GoalStatus::kReached));
  log.add(good);
  log.add(std::nullopt, kMunicipality);
  log.add(good, kRegion);
  log.add(log.event("t", noon(2025, 1, 10), goal(GoalStatus::kReached, "  ")));
  Event conflict = good;
  std::get<GoalProgressReported>(conflict.payload).status = GoalStatus::kNotReached;
  conflict.event_id.bytes[15] = 2;
  log.add(conflict);
  Event foreign = log.event("p", noon(2025, 1, 10), PersonDeceased{});
  foreign.person_key.bytes[0] = 1;
  log.add(foreign);
  const Reporting r = log.fold();
  std::vector<std::string_view> reasons;
  for (const RefusedReport& refused : r.refused) reasons.push_back(slug(refused.refusal.reason));
  EXPECT_EQ(reasons, (std::vector<std::string_view>{"UNDECODABLE", "KEY_MISMATCH", "FIELD_MISSING",
                                                    "VERSION_CONFLICT", "TYPE_UNKNOWN"}));
  EXPECT_NE(r.refused[2].refusal.sentence.find("measurable target"), std::string::npos);
  ASSERT_EQ(r.goals.size(), 1U);
  EXPECT_EQ(r.goals[0].status, GoalStatus::kReached) << "the first received stays";
  EXPECT_EQ(r.tally, (ReportTally{6, 1, 0, 0, 0, 5}));
}

std::string refusal_of(const Event& e) {
  const auto refusal = check(rules(), e, noon(2027, 6, 1));
  return refusal ? std::string(slug(refusal->reason)) + " " + refusal->field : "accepted";
}

TEST(ReportChecks, AGoalNeedsItsTarget) {
  Log log;
  EXPECT_EQ(refusal_of(log.event("a", noon(2025, 1, 1), goal(GoalStatus::kReached))), "accepted");
  EXPECT_EQ(refusal_of(log.event("a", noon(2025, 1, 1), goal(GoalStatus::kReached, " \n"))),
            "FIELD_MISSING goal_progress_reported.measurable_target");
  AnnualDocumentation year;
  year.year = 2024;
  year.progress = {goal(GoalStatus::kReached), goal(GoalStatus::kReached, "")};
  EXPECT_EQ(refusal_of(log.event("a", noon(2025, 1, 1), year)),
            "FIELD_MISSING annual_documentation.progress.measurable_target");
}

TEST(ReportChecks, ListsAreClosedAndTheYearHasBegun) {
  Log log;
  auto tenth = goal(GoalStatus::kReached);
  tenth.area = 10;
  EXPECT_EQ(refusal_of(log.event("a", noon(2025, 1, 1), tenth)),
            "ENUM_UNKNOWN goal_progress_reported.area");
  EXPECT_EQ(refusal_of(log.event("a", noon(2025, 1, 1), goal(static_cast<GoalStatus>(5)))),
            "ENUM_UNKNOWN goal_progress_reported.status");
  EXPECT_EQ(refusal_of(log.event("a", noon(2025, 1, 1), FinalReportAnswered{{{"3", "text"}}})),
            "ENUM_UNKNOWN final_report_answered.answers.section");
  AnnualDocumentation year;
  year.year = 2025;
  EXPECT_EQ(refusal_of(log.event("a", noon(2025, 1, 1), year)), "accepted");
  EXPECT_EQ(refusal_of(log.event("a", noon(2024, 12, 31), year)),
            "TIME_FUTURE annual_documentation.year");
  year.spend = {{"", "Kurser", 100}};
  EXPECT_EQ(refusal_of(log.event("a", noon(2025, 1, 1), year)),
            "FIELD_MISSING annual_documentation.spend.document");
}

TEST(ReportChecks, AReportHoldsNoPerson) {
  Log log;
  Event e = log.event("a", noon(2025, 1, 1), goal(GoalStatus::kReached));
  e.person_key.bytes[3] = 1;
  EXPECT_EQ(refusal_of(e), "CPR_FORMAT person_key");
  const auto with = [&](const std::string& text) {
    AnnualDocumentation year;
    year.year = 2024;
    year.health_effects = text;
    return refusal_of(log.event("a", noon(2025, 1, 1), year));
  };
  const std::string refused = "CPR_FORMAT annual_documentation.health_effects";
  EXPECT_EQ(with("as 250947-9989 said"), refused);
  EXPECT_EQ(with("2902009989"), refused);
  EXPECT_EQ(with("310200-9989"), "accepted") << "31 February is no day";
  EXPECT_EQ(with("990000000000301"), "accepted") << "part of a longer number";
  EXPECT_EQ(with("in 2012 and 2013: 250947 of 998"), "accepted");
}

// Everything that a receiver may see: facts with versions, cancellations and repetitions, of three
// organisations, in any order.
RC_GTEST_PROP(ReportsProperty, TheOrderOfArrivalSaysNothing, ()) {
  Log log;
  const int facts = *rc::gen::inRange(1, 12);
  for (int f = 0; f < facts; ++f) {
    const std::string organisation = std::vector<std::string>{
        kMunicipality, kRegion,
        "990000000000201"}[static_cast<std::size_t>(*rc::gen::inRange(0, 3))];
    const int versions = *rc::gen::inRange(1, 4);
    const int kind = *rc::gen::inRange(0, 3);
    for (int v = 1; v <= versions; ++v) {
      const Instant at = noon(2025, 1 + *rc::gen::inRange(0, 12), 1 + *rc::gen::inRange(0, 28));
      auto g = goal(static_cast<GoalStatus>(*rc::gen::inRange(1, 5)),
                    *rc::gen::inRange(0, 2) == 0 ? "80 %" : "90 %");
      if (*rc::gen::inRange(0, 2) == 0) g.measuring_points = {"p" + std::to_string(v), "q"};
      if (*rc::gen::inRange(0, 2) == 0) g.evidence_link = "link" + std::to_string(f);
      Payload payload = g;
      if (kind == 1) {
        AnnualDocumentation year;
        year.year = 2024;
        year.progress = {g};
        year.spend = {{"D" + std::to_string(v), "P", 100 * v}};
        payload = year;
      } else if (kind == 2) {
        payload = FinalReportAnswered{{{"4", "v" + std::to_string(v)}}};
      }
      Event e = log.event("f" + std::to_string(f), at, payload, static_cast<std::uint64_t>(v),
                          organisation);
      if (v > 1 && *rc::gen::inRange(0, 4) == 0) e.op = Op::kCancel;
      log.add(e);
      if (*rc::gen::inRange(0, 3) == 0) log.add(e);
    }
  }
  log.add(std::nullopt, kRegion);

  Log other = log;
  std::vector<ReportRecord> shuffled = log.records;
  for (std::size_t i = shuffled.size(); i > 1; --i) {
    std::swap(shuffled[i - 1],
              shuffled[static_cast<std::size_t>(*rc::gen::inRange(0, static_cast<int>(i)))]);
  }
  // Received in that order, too: no two copies here contradict each other.
  other.records = shuffled;
  for (std::size_t i = 0; i < other.records.size(); ++i) {
    other.records[i].origin.offset = static_cast<std::int64_t>(i);
  }
  const Reporting a = log.fold();
  const Reporting b = other.fold();
  RC_ASSERT(a.tally == b.tally);
  RC_ASSERT(a.goals.size() == b.goals.size());
  for (std::size_t i = 0; i < a.goals.size(); ++i) {
    const GoalRow& x = a.goals[i];
    const GoalRow& y = b.goals[i];
    RC_ASSERT(x.organisation == y.organisation);
    RC_ASSERT(x.measurable_target == y.measurable_target);
    RC_ASSERT(x.status == y.status);
    RC_ASSERT(x.evidence_link == y.evidence_link);
    RC_ASSERT(x.steps.size() == y.steps.size());
    for (std::size_t s = 0; s < x.steps.size(); ++s) {
      RC_ASSERT(x.steps[s].event_id == y.steps[s].event_id);
    }
    RC_ASSERT(x.measuring_points.size() == y.measuring_points.size());
    for (std::size_t p = 0; p < x.measuring_points.size(); ++p) {
      RC_ASSERT(x.measuring_points[p].text == y.measuring_points[p].text);
      RC_ASSERT(x.measuring_points[p].added_on == y.measuring_points[p].added_on);
    }
  }
  RC_ASSERT(a.annual.size() == b.annual.size());
  for (std::size_t i = 0; i < a.annual.size(); ++i) {
    RC_ASSERT(a.annual[i].event_id == b.annual[i].event_id);
    RC_ASSERT(a.annual[i].said == b.annual[i].said);
  }
  RC_ASSERT(a.answers.size() == b.answers.size());
  for (std::size_t i = 0; i < a.answers.size(); ++i) {
    RC_ASSERT(a.answers[i].event_id == b.answers[i].event_id);
  }
  const ReportTally& t = a.tally;
  RC_ASSERT(t.records == t.effective + t.superseded + t.cancelled + t.duplicate + t.refused);
}

}  // namespace
}  // namespace kronika::domain
