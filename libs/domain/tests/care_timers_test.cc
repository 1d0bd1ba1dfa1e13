// Which timers run for a citizen, in which class of days (domain.md 7.5).
#include "event_factory.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/domain/care_timers.h>
#include <kronika/domain/fold.h>
#include <kronika/refdata/loader.h>

namespace kronika::domain {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;

class CareTimersTest : public ::testing::Test {
 protected:
  static const Rules& rules() {
    static const auto kRules = [] {
      auto loaded = refdata::load("data/reference", "data/reference/organisations.csv", 1);
      if (!loaded) throw std::runtime_error(loaded.error().context);
      return *loaded;
    }();
    return *kRules;
  }
  static Instant on(const std::string& day) { return parse_instant(day + "T09:00:00Z").instant; }

  void happens(const std::string& day, Payload payload) {
    Event e = testing::event(std::move(payload), "m" + std::to_string(++count_));
    e.event_id = testing::id(static_cast<std::uint8_t>(count_));
    e.occurred_at = e.recorded_at = on(day);
    ASSERT_TRUE(fold_.can_append(state_, e)) << day;
    fold_.append(state_, e);
  }
  void diagnosed(const std::string& day, const std::string& code = "DJ449") {
    happens(day, DiagnosisRecorded{"SKS", code, DiagnosisSetting::kGp});
  }
  void assessed(const std::string& day, std::uint32_t level) {
    StratificationAssessed e;
    e.programme = "KOL";
    e.level = level;
    e.assessor_role = "GP";
    happens(day, e);
  }
  void referred(const std::string& day) {
    ReferralSent e;
    e.referral_id = "R-1";
    e.receiver_org = "990000000000301";
    e.requested_service = RequestedService::kMunicipalRehab;
    e.programme = "KOL";
    happens(day, e);
  }
  void accepted(const std::string& day) {
    VisitationDecided e;
    e.referral_id = "R-1";
    e.decision = VisitationDecision::kAccept;
    happens(day, e);
  }
  void stay(const std::string& from, const std::string& to, const std::string& main) {
    HospitalStayStarted start;
    start.contact_id = "C-" + from;
    start.encounter_class = EncounterClass::kImp;
    happens(from, start);
    HospitalStayEnded end;
    end.contact_id = start.contact_id;
    end.disposition = DischargeDisposition::kHome;
    happens(to, end);
    DischargeReportReceived report;
    report.contact_id = start.contact_id;
    report.main_diagnosis = main;
    Event e = testing::event(report, "m" + std::to_string(++count_));
    e.event_id = testing::id(static_cast<std::uint8_t>(count_));
    e.occurred_at = e.recorded_at = on(to) + std::chrono::hours(1);
    fold_.append(state_, e);
  }

  [[nodiscard]] std::vector<RunningTimer> timers(const std::string& day) const {
    return running_timers(state_, fold_.evaluate(state_, on(day)), on(day));
  }
  /// "0-14" of the timer on that day; empty where it does not run.
  [[nodiscard]] std::string days(CareTimer timer, const std::string& day) const {
    for (const RunningTimer& running : timers(day)) {
      if (running.timer == timer) return std::string(classes_of(timer)[running.days]);
    }
    return {};
  }

  Fold fold_{rules()};
  CitizenState state_;
  int count_ = 0;
};

TEST_F(CareTimersTest, AReferralAgesThroughItsClassesUntilItIsAnswered) {
  diagnosed("2025-01-06");
  referred("2025-01-10");
  EXPECT_EQ(days(CareTimer::kVisitation, "2025-01-10"), "0-14");
  EXPECT_EQ(days(CareTimer::kVisitation, "2025-01-24"), "0-14") << "the 14th day is within";
  EXPECT_EQ(days(CareTimer::kVisitation, "2025-01-25"), "15-30");
  EXPECT_EQ(days(CareTimer::kVisitation, "2025-02-09"), "15-30");
  EXPECT_EQ(days(CareTimer::kVisitation, "2025-02-10"), "31+");
  accepted("2025-02-11");
  EXPECT_EQ(days(CareTimer::kVisitation, "2025-02-11"), "");
  EXPECT_EQ(days(CareTimer::kInterview, "2025-02-11"), "0-30") << "counted from the answer";
  EXPECT_EQ(days(CareTimer::kInterview, "2025-03-14"), "31-60");
  happens("2025-03-15", InterviewHeld{InterviewKind::kInitial, {"KOL"}});
  EXPECT_EQ(days(CareTimer::kInterview, "2025-03-15"), "");
  EXPECT_EQ(days(CareTimer::kRehabStart, "2025-05-14"), "0-60");
  EXPECT_EQ(days(CareTimer::kRehabStart, "2025-05-15"), "61+");
}

// The flags of the answer to a caller and the figures speak of the same pathways.
TEST_F(CareTimersTest, TheFirstClassEndsWhereTheFlagBegins) {
  diagnosed("2025-01-06");
  referred("2025-01-10");
  for (int d = 0; d < 40; ++d) {
    const Instant day = on("2025-01-10") + std::chrono::hours(24 * d);
    const Evaluation now = fold_.evaluate(state_, day);
    const auto running = running_timers(state_, now, day);
    ASSERT_THAT(running, Not(IsEmpty()));
    const bool overdue = now.pathways.back().flags.has(Flag::kVisitationOverdue);
    EXPECT_EQ(running.front().days > 0, overdue) << d;
  }
}

TEST_F(CareTimersTest, APathwayWithoutALevelIsItsOwnClass) {
  diagnosed("2025-01-06");
  EXPECT_EQ(days(CareTimer::kAssessment, "2025-01-07"), "") << "nobody has been asked yet";
  referred("2025-01-10");
  EXPECT_EQ(days(CareTimer::kAssessment, "2025-01-11"), "none");
  assessed("2025-01-12", 2);
  EXPECT_EQ(days(CareTimer::kAssessment, "2026-01-12"), "");
  EXPECT_EQ(days(CareTimer::kAssessment, "2026-01-13"), "366+");
}

TEST_F(CareTimersTest, AChangeOfLevelShowsForThirtyDaysAndSaysItsDirection) {
  diagnosed("2025-01-06");
  assessed("2025-01-07", 1);
  EXPECT_THAT(timers("2025-01-07"), IsEmpty()) << "a first level is no change";
  assessed("2025-03-01", 3);
  EXPECT_EQ(days(CareTimer::kLevelUp, "2025-03-31"), "0-30");
  EXPECT_EQ(days(CareTimer::kLevelUp, "2025-04-01"), "");
  assessed("2025-04-02", 2);
  EXPECT_EQ(days(CareTimer::kLevelDown, "2025-04-02"), "0-30");
  EXPECT_EQ(days(CareTimer::kLevelUp, "2025-04-02"), "");
}

TEST_F(CareTimersTest, ADischargeWaitsForItsAssessment) {
  diagnosed("2025-01-06");
  stay("2025-02-01", "2025-02-04", "DJ441");
  EXPECT_EQ(days(CareTimer::kDischarge, "2025-02-05"), "0-28");
  EXPECT_EQ(days(CareTimer::kDischarge, "2025-03-04"), "0-28");
  EXPECT_EQ(days(CareTimer::kDischarge, "2025-03-05"), "29-90");
  EXPECT_EQ(days(CareTimer::kDischarge, "2025-05-06"), "91+");
  assessed("2025-05-07", 2);
  EXPECT_EQ(days(CareTimer::kDischarge, "2025-05-07"), "");
}

TEST_F(CareTimersTest, AnExaminationIsLateByTheEarliestThatIsDue) {
  diagnosed("2025-01-06", "DE119");
  EXPECT_EQ(days(CareTimer::kExamination, "2025-01-06"), "") << "due today";
  EXPECT_EQ(days(CareTimer::kExamination, "2025-01-07"), "1-90");
  EXPECT_EQ(days(CareTimer::kExamination, "2025-04-07"), "91+");
}

TEST_F(CareTimersTest, TheDeadHaveNoTimers) {
  diagnosed("2025-01-06");
  referred("2025-01-10");
  ASSERT_THAT(timers("2025-01-11"), Not(IsEmpty()));
  happens("2025-01-12", PersonDeceased{});
  EXPECT_THAT(timers("2025-01-13"), IsEmpty());
}

TEST(CareTimerNames, AreDifferentAndSoAreTheirClasses) {
  std::vector<std::string_view> names;
  for (int t = 0; t < kCareTimerCount; ++t) {
    const auto timer = static_cast<CareTimer>(t);
    EXPECT_THAT(names, Not(Contains(name_of(timer))));
    names.push_back(name_of(timer));
    std::vector<std::string_view> classes;
    for (const std::string_view days : classes_of(timer)) {
      EXPECT_THAT(classes, Not(Contains(days)));
      classes.push_back(days);
    }
    EXPECT_THAT(classes, Not(IsEmpty()));
  }
}

}  // namespace
}  // namespace kronika::domain
