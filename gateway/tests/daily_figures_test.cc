// The figures of care from the view to the metrics page, with a clock that stands where it is put.
#include "care_day.h"
#include "fake_platform.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/gateway/daily_figures.h>

namespace kronika::gateway {
namespace {

using testing::at;
using testing::FakePlatform;
using ::testing::HasSubstr;
using ::testing::Not;

class DailyFiguresTest : public ::testing::Test {
 protected:
  DailyFiguresTest()
      : folder_(std::filesystem::path(::testing::TempDir()) / "kronika-daily-figures") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    view_ = std::move(*View::open({.path = folder_ / "view", .identity = "c/"}));
  }
  ~DailyFiguresTest() override {
    figures_.reset();
    view_.reset();
    std::filesystem::remove_all(folder_);
  }

  /// `count` citizens who are referred at that time; in Aarhus.
  void referred(int count, const std::string& time) {
    for (int i = 0; i < count; ++i) {
      const PersonKey person = FakePlatform::person("p" + std::to_string(citizens_++));
      platform_.publish(platform_.event(
          person, time, testing::referral("R-" + std::to_string(citizens_), "KOL")));
    }
  }
  void fold(const std::string& time) {
    platform_.consume(time);
    platform_.feed(*view_);
  }
  /// As a process that starts does: with what its file holds.
  void start(std::size_t slice = 4) {
    figures_.reset();
    registry_ = std::make_unique<telemetry::Registry>();
    figures_ = std::make_unique<DailyFigures>(DailyFiguresOptions{folder_ / "care-figures", slice},
                                              platform_.rules(), platform_.fold(), *view_, clock_,
                                              *registry_, caught_up_);
  }
  /// Until there is nothing more to do; how many slices that took.
  int work() {
    int turns = 0;
    while (figures_->turn() < std::chrono::seconds(1)) ++turns;
    return turns;
  }
  std::string page() const { return registry_->text(); }
  static std::string waiting(const std::string& days, int count) {
    return "kronika_care_timers{timer=\"visitation\",days=\"" + days +
           "\",region=\"1082\",programme=\"all\"} " + std::to_string(count) + "\n";
  }

  std::filesystem::path folder_;
  FakePlatform platform_;
  ManualClock clock_{at("2026-05-04 09:00")};
  std::atomic<bool> caught_up_{true};
  std::unique_ptr<View> view_;
  std::unique_ptr<telemetry::Registry> registry_;
  std::unique_ptr<DailyFigures> figures_;
  int citizens_ = 0;
};

TEST(FiguresDay, BeginsAtSixInTheMorningInCopenhagen) {
  EXPECT_EQ(domain::to_text(figures_day(at("2026-05-04 05:59"))), "2026-05-03");
  EXPECT_EQ(domain::to_text(figures_day(at("2026-05-04 06:00"))), "2026-05-04");
  EXPECT_EQ(domain::to_text(figures_day(at("2026-12-04 05:59"))), "2026-12-03");
  EXPECT_EQ(domain::to_text(figures_day(at("2026-12-04 06:00"))), "2026-12-04");
}

TEST_F(DailyFiguresTest, CountsEveryCitizenOnceThoughTheyAreReadInSlices) {
  referred(22, "2026-05-01 09:00");
  fold("2026-05-04 08:00");
  for (const std::size_t slice : {1, 4, 11, 22, 100}) {
    SCOPED_TRACE(slice);
    std::filesystem::remove(folder_ / "care-figures");
    start(slice);
    EXPECT_GE(work(), 22 / static_cast<int>(slice));
    EXPECT_THAT(page(), HasSubstr(waiting("0-14", 20)));
    EXPECT_THAT(page(), HasSubstr("kronika_figures_computed_timestamp_seconds{figures=\"care\"}"));
  }
}

TEST_F(DailyFiguresTest, ServesNothingOfFewerThanFive) {
  referred(22, "2026-05-01 09:00");
  referred(4, "2026-04-10 09:00");
  fold("2026-05-04 08:00");
  start();
  work();
  EXPECT_THAT(page(), Not(HasSubstr("days=\"15-30\"")));
  EXPECT_THAT(page(), Not(HasSubstr(waiting("0-14", 20)))) << "the four would follow from it";
  EXPECT_THAT(page(), HasSubstr("{timer=\"visitation\",days=\"all\",region=\"all\","
                                "programme=\"KOL\"} 25\n"));
}

TEST_F(DailyFiguresTest, ChangesOnceACivilDayWhateverComesInBetween) {
  referred(22, "2026-05-01 09:00");
  fold("2026-05-04 08:00");
  start();
  work();
  referred(30, "2026-05-04 10:00");
  fold("2026-05-04 11:00");
  clock_.set(at("2026-05-04 23:00"));
  EXPECT_EQ(work(), 0);
  clock_.set(at("2026-05-05 05:59"));
  EXPECT_EQ(work(), 0);
  EXPECT_THAT(page(), HasSubstr(waiting("0-14", 20)));
  clock_.set(at("2026-05-05 06:00"));
  EXPECT_GT(work(), 0);
  EXPECT_THAT(page(), HasSubstr(waiting("0-14", 50)));
}

TEST_F(DailyFiguresTest, ARestartChangesNoFigureOfTheDay) {
  referred(22, "2026-05-01 09:00");
  fold("2026-05-04 08:00");
  start();
  work();
  const std::string before = page();
  referred(30, "2026-05-04 10:00");
  fold("2026-05-04 11:00");
  clock_.set(at("2026-05-04 12:00"));
  start();
  EXPECT_THAT(page(), HasSubstr(waiting("0-14", 20))) << "before anything is computed";
  EXPECT_EQ(work(), 0);
  EXPECT_THAT(page(), HasSubstr(waiting("0-14", 20)));
}

TEST_F(DailyFiguresTest, OnePersonMoreOrLessIsNotSeenTheNextDayEither) {
  referred(22, "2026-05-01 09:00");
  fold("2026-05-04 08:00");
  start();
  work();
  referred(1, "2026-05-04 10:00");  // plain rounding would make 25 of it
  fold("2026-05-05 03:00");
  clock_.set(at("2026-05-05 09:00"));
  start();  // also over a restart
  EXPECT_GT(work(), 0);
  EXPECT_THAT(page(), HasSubstr(waiting("0-14", 20)));
}

TEST_F(DailyFiguresTest, WaitsForTheViewAndForACitizen) {
  start();
  caught_up_ = false;
  EXPECT_EQ(work(), 0);
  caught_up_ = true;
  EXPECT_EQ(work(), 0) << "an empty view is no day";
  EXPECT_THAT(page(), Not(HasSubstr("figures=\"care\"")));
  referred(22, "2026-05-01 09:00");
  fold("2026-05-04 08:00");
  EXPECT_GT(work(), 0);
  EXPECT_THAT(page(), HasSubstr(waiting("0-14", 20)));
}

TEST_F(DailyFiguresTest, DoesNotMistakeTheNumbersOfAnotherRuleGeneration) {
  referred(22, "2026-05-01 09:00");
  fold("2026-05-04 08:00");
  domain::Rules others = platform_.rules();
  ++others.generation.ordinal;
  registry_ = std::make_unique<telemetry::Registry>();
  figures_ =
      std::make_unique<DailyFigures>(DailyFiguresOptions{folder_ / "care-figures"}, others,
                                     platform_.fold(), *view_, clock_, *registry_, caught_up_);
  work();
  EXPECT_THAT(page(), Not(HasSubstr("figures=\"care\"")));
  EXPECT_EQ(work(), 0) << "not at once again";
  clock_.set(at("2026-05-04 09:11"));
  EXPECT_GT(work(), 0) << "but soon";
}

TEST_F(DailyFiguresTest, AFileThatCannotBeReadIsAsGoodAsNone) {
  std::ofstream(folder_ / "care-figures") << "kronika-care-figures 1\n20577 1 3\nvisitation 0-14";
  referred(22, "2026-05-01 09:00");
  fold("2026-05-04 08:00");
  start();
  EXPECT_GT(work(), 0);
  EXPECT_THAT(page(), HasSubstr(waiting("0-14", 20)));
}

TEST_F(DailyFiguresTest, AThreadOfItsOwnDoesTheSame) {
  referred(22, "2026-05-01 09:00");
  fold("2026-05-04 08:00");
  start();
  figures_->start();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (page().find(waiting("0-14", 20)) == std::string::npos &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_THAT(page(), HasSubstr(waiting("0-14", 20)));
}

TEST(CareDay, SurvivesItsFileAndForgetsCellsThatEnded) {
  const CareDay care{{20577},
                     Instant{1234},
                     {{{"visitation", "0-14", "1084", "all"}, {22, false}},
                      {{"visitation", "0-14", "1085", "all"}, {7, true}}}};
  EXPECT_EQ(decode_care_day(encode_care_day(care)), care);
  EXPECT_FALSE(decode_care_day(""));
  EXPECT_FALSE(decode_care_day("kronika-care-figures 2\n1 1 0\n"));
  const CareDay next =
      day_after(care, {20578}, Instant{2345}, {{{"visitation", "0-14", "OEST", "all"}, 29, false}});
  EXPECT_EQ(next.figures.size(), 1U);
}

}  // namespace
}  // namespace kronika::gateway
