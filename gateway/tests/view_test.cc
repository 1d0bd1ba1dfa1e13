// The view on disk, filled without Kafka.
#include "fake_platform.h"

#include <filesystem>

#include <gtest/gtest.h>

#include <kronika/gateway/errc.h>
#include <kronika/gateway/view.h>

namespace kronika::gateway {
namespace {

using testing::FakePlatform;

class ViewTest : public ::testing::Test {
 protected:
  ViewTest() : folder_(std::filesystem::path(::testing::TempDir()) / "kronika-view") {
    std::filesystem::remove_all(folder_);
  }
  ~ViewTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<View> open(const std::string& identity = "cluster-1/") {
    auto view = View::open({.path = folder_, .identity = identity});
    EXPECT_TRUE(view.has_value()) << (view ? "" : view.error().context);
    return view ? std::move(*view) : nullptr;
  }
  domain::Event diagnosis(const std::string& name, const std::string& time,
                          const std::string& code = "DJ449") {
    return platform_.event(FakePlatform::person(name), time,
                           domain::DiagnosisRecorded{"SKS", code, {}});
  }

  std::filesystem::path folder_;
  FakePlatform platform_;
};

TEST_F(ViewTest, KeepsItsDataAndPositionsOverARestart) {
  const PersonKey anna = FakePlatform::person("anna");
  platform_.publish(diagnosis("anna", "2025-01-06 09:00"));
  platform_.consume("2025-01-07 09:00");
  ViewPositions before;
  {
    const auto view = open();
    platform_.feed(*view);
    before = view->positions();
  }
  const auto view = open();
  EXPECT_EQ(view->positions().size(), before.size());
  EXPECT_TRUE(*view->state(anna));
  EXPECT_EQ(view->journal(anna)->size(), 1U);
  EXPECT_EQ(view->counts().citizens, 1);
  EXPECT_EQ(view->counts().pathways.at({"KOL", "DIAGNOSED"}), 1);
}

TEST_F(ViewTest, TakesARecordOnceThoughItIsReadTwice) {
  platform_.publish(diagnosis("anna", "2025-01-06 09:00"));
  platform_.consume("2025-01-07 09:00");
  const auto view = open();
  platform_.feed(*view);
  const auto& record =
      platform_.log(bus::kForloeb, FakePlatform::partition_of(FakePlatform::person("anna")))
          .front();
  bus::Record again;
  again.topic = bus::kForloeb;
  again.partition = FakePlatform::partition_of(FakePlatform::person("anna"));
  again.offset = record.offset;
  again.key = record.key;
  again.value = record.value;
  ASSERT_TRUE(view->apply(std::span(&again, 1), {}));
  EXPECT_EQ(view->journal(FakePlatform::person("anna"))->size(), 1U);
  EXPECT_EQ(view->counts().citizens, 1);
}

TEST_F(ViewTest, ShowsAnEventOnlyOnceTheCitizenTaskHasHandledIt) {
  platform_.publish(diagnosis("anna", "2025-01-06 09:00"));
  const auto view = open();
  platform_.feed(*view);
  EXPECT_TRUE(view->journal(FakePlatform::person("anna"))->empty());
  platform_.consume("2025-01-07 09:00");
  platform_.feed(*view);
  EXPECT_EQ(view->journal(FakePlatform::person("anna"))->size(), 1U);
}

TEST_F(ViewTest, MergesDuplicatesAsTheCitizenTaskDoes) {
  domain::Event event = diagnosis("anna", "2025-01-06 09:00");
  platform_.publish(event);
  platform_.publish(event);
  platform_.consume("2025-01-07 09:00");
  const auto view = open();
  platform_.feed(*view);
  EXPECT_EQ(view->journal(FakePlatform::person("anna"))->size(), 1U);
}

TEST_F(ViewTest, LeavesOutWhatTheConsumerRefused) {
  platform_.publish(diagnosis("anna", "2025-01-06 09:00"));
  platform_.publish_garbage(FakePlatform::person("anna"), bus::kForloeb);
  platform_.consume("2025-01-07 09:00");
  const auto view = open();
  platform_.feed(*view);
  EXPECT_EQ(view->journal(FakePlatform::person("anna"))->size(), 1U);
  EXPECT_EQ(view->refused(), 1);
}

TEST_F(ViewTest, CountsACitizenOnceThroughManyRecords) {
  platform_.publish(diagnosis("anna", "2025-01-06 09:00"));
  platform_.consume("2025-01-07 09:00");
  platform_.publish(diagnosis("bent", "2025-01-08 09:00"));
  platform_.publish(platform_.event(FakePlatform::person("anna"), "2025-01-09 09:00",
                                    testing::assessed("KOL", 2)));
  platform_.consume("2025-01-10 09:00");
  const auto view = open();
  platform_.feed(*view);  // all three transactions at once
  EXPECT_EQ(view->counts().citizens, 2);
  EXPECT_EQ(view->counts().pathways.at({"KOL", "STRATIFIED"}), 1);
  EXPECT_EQ(view->counts().pathways.at({"KOL", "DIAGNOSED"}), 1);
}

TEST_F(ViewTest, SumsTheCellsOfOnePeriodToTheGrainOfTheTables) {
  platform_.publish(diagnosis("anna", "2025-01-06 09:00"));
  platform_.publish(diagnosis("bent", "2025-01-06 09:00"));
  platform_.consume("2025-07-01 09:00");
  const auto view = open();
  const auto version = view->cells_version(domain::Indicator::kI01Prevalence);
  platform_.feed(*view);
  EXPECT_NE(view->cells_version(domain::Indicator::kI01Prevalence), version);
  const auto cells =
      view->cells(domain::Indicator::kI01Prevalence, *domain::parse_quarter("2025Q1"), false);
  ASSERT_TRUE(cells);
  std::int64_t persons = 0;
  for (const auto& [key, value] : *cells) {
    if (key.by.facet == domain::Facet::kNone) persons += value.numerator;
  }
  EXPECT_EQ(persons, 2);
}

TEST_F(ViewTest, GivesAStateAnotherVersionWithEveryWrite) {
  const PersonKey anna = FakePlatform::person("anna");
  const auto view = open();
  std::uint64_t before = view->state_version(anna);
  for (const char* time : {"2025-01-06 09:00", "2025-01-07 09:00", "2025-01-08 09:00"}) {
    platform_.publish(diagnosis("anna", time));
    platform_.consume(time);
    platform_.feed(*view);
    const std::uint64_t after = view->state_version(anna);
    EXPECT_NE(after, before);
    EXPECT_EQ(after % 2, 0U) << "nothing is being written";
    before = after;
  }
  platform_.feed(*view);
  EXPECT_EQ(view->state_version(anna), before) << "nothing was written";
}

TEST_F(ViewTest, RefusesAFolderOfAnotherCluster) {
  open();
  const auto view = View::open({.path = folder_, .identity = "cluster-2/"});
  ASSERT_FALSE(view);
  EXPECT_EQ(view.error().code, code(Errc::kViewForeign));
}

}  // namespace
}  // namespace kronika::gateway
