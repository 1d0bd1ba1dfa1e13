// The transaction and restore core, driven in memory by the toy task.
#include "toy_task.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/bus/task_test_driver.h>

namespace kronika::bus {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using testing::kToyJournal;
using testing::kToyState;
using ::testing::SizeIs;
using testing::ToyTask;

constexpr Instant kStart{1'700'000'000'000};

class TaskTestDriverTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kronika-driver-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override {
    driver_.reset();
    fs::remove_all(folder_);
  }

  void start(std::int32_t partitions = 1, TransactionLimits limits = {}) {
    driver_.reset();
    auto created = TaskTestDriver::create(testing::toy_spec(), {.folder = folder_,
                                                                .partitions = partitions,
                                                                .start = kStart,
                                                                .limits = limits,
                                                                .log = log_});
    ASSERT_TRUE(created) << created.error().context;
    driver_ = std::move(*created);
  }
  void expect_ok(const Result<void>& r) { ASSERT_TRUE(r) << r.error().context; }
  ToyTask& toy() { return dynamic_cast<ToyTask&>(driver_->task()); }
  std::string state(std::string_view key) {
    return driver_->store().get(kToyState, key).value().value_or("absent");
  }
  std::size_t journal_size() {
    std::size_t n = 0;
    EXPECT_TRUE(driver_->store().scan_prefix(kToyJournal, "", [&](auto, auto) { return ++n > 0; }));
    return n;
  }
  std::vector<std::string> ledger() {
    std::vector<std::string> out;
    for (const auto& r : driver_->log().read(kLedger)) out.push_back(*r.value);
    return out;
  }

  std::string folder_;
  std::shared_ptr<MemoryLog> log_;
  std::unique_ptr<TaskTestDriver> driver_;
};

TEST_F(TaskTestDriverTest, CommitMakesOutputsOffsetsAndStateVisibleTogether) {
  start();
  driver_->pipe(kMaaling, "anna", "x");
  driver_->pipe(kMaaling, "anna", "x");
  ASSERT_EQ(*driver_->poll(), 2U);
  EXPECT_TRUE(ledger().empty());
  EXPECT_EQ(state("anna"), "absent");
  expect_ok(driver_->commit());
  EXPECT_THAT(ledger(), ElementsAre("maaling:0:0", "maaling:0:1"));
  EXPECT_EQ(state("anna"), "count=2 woken=0 deadline=0");
  EXPECT_EQ(driver_->transaction_number(), 1);
  EXPECT_EQ((driver_->log().committed[{"kronika-toy", "maaling", 0}]), 2);
}

TEST_F(TaskTestDriverTest, AbortedRecordsComeAgainAndCountOnce) {
  start();
  driver_->pipe(kMaaling, "anna", "x");
  ASSERT_TRUE(driver_->poll());
  expect_ok(driver_->abort());
  EXPECT_EQ(toy().aborts, 1);
  expect_ok(driver_->run());
  EXPECT_EQ(state("anna"), "count=1 woken=0 deadline=0");
  EXPECT_THAT(ledger(), SizeIs(1));
}

TEST_F(TaskTestDriverTest, FailedCommitAbortsAndIsRepeated) {
  start();
  driver_->pipe(kMaaling, "anna", "x");
  driver_->fail_commits(3);
  expect_ok(driver_->run());
  EXPECT_EQ(toy().aborts, 3);
  EXPECT_EQ(state("anna"), "count=1 woken=0 deadline=0");
  EXPECT_THAT(ledger(), SizeIs(1));
}

TEST_F(TaskTestDriverTest, CrashBeforeTheCommitLosesNothing) {
  start();
  driver_->pipe(kMaaling, "anna", "x");
  expect_ok(driver_->run());
  driver_->pipe(kMaaling, "anna", "x");
  ASSERT_TRUE(driver_->poll());
  expect_ok(driver_->crash());
  EXPECT_EQ(state("anna"), "count=1 woken=0 deadline=0");
  expect_ok(driver_->run());
  EXPECT_EQ(state("anna"), "count=2 woken=0 deadline=0");
  EXPECT_THAT(ledger(), SizeIs(2));
  EXPECT_EQ(driver_->transaction_number(), 2);
}

TEST_F(TaskTestDriverTest, CrashBetweenCommitAndStoreIsMadeGoodFromTheLog) {
  start();
  driver_->pipe(kMaaling, "anna", "x");
  expect_ok(driver_->run());
  driver_->pipe(kMaaling, "anna", "x");
  driver_->pipe(kHenvisning, "bo", "x");
  ASSERT_TRUE(driver_->poll());
  expect_ok(driver_->crash_after_commit());
  EXPECT_EQ(toy().state_records, 2);  // what the lost batch held, and nothing before it
  EXPECT_EQ(toy().journal_records, 2);
  EXPECT_EQ(state("anna"), "count=2 woken=0 deadline=0");
  EXPECT_EQ(journal_size(), 3U);
  expect_ok(driver_->run());
  EXPECT_THAT(ledger(), SizeIs(3));
  EXPECT_EQ(driver_->transaction_number(), 2);
}

TEST_F(TaskTestDriverTest, EmptyDiskIsRestoredFromTheLog) {
  start();
  for (int i = 0; i < 1000; ++i) driver_->pipe(kMaaling, "k" + std::to_string(i % 50), "x");
  driver_->pipe(kMaaling, "k0", "bad");
  expect_ok(driver_->run());
  expect_ok(driver_->lose_store());
  EXPECT_EQ(toy().state_records, 50);
  EXPECT_EQ(toy().journal_records, 1001);
  EXPECT_EQ(journal_size(), 1000U);
  EXPECT_EQ(state("k7"), "count=20 woken=0 deadline=0");
  EXPECT_EQ(driver_->transaction_number(), 1);
  expect_ok(driver_->run());
  EXPECT_THAT(ledger(), SizeIs(1000));
}

TEST_F(TaskTestDriverTest, ProgressRecordIsThePositionWhereCommittedOffsetsExpired) {
  start();
  for (int i = 0; i < 10; ++i) driver_->pipe(kMaaling, "anna", "x");
  expect_ok(driver_->run());
  driver_->log().committed.clear();
  expect_ok(driver_->lose_store());
  expect_ok(driver_->run());
  EXPECT_EQ(state("anna"), "count=10 woken=0 deadline=0");
  EXPECT_THAT(ledger(), SizeIs(10));
  driver_->log().committed[{"kronika-toy", "maaling", 0}] = 3;  // lower than the state
  expect_ok(driver_->lose_store());
  expect_ok(driver_->run());
  EXPECT_THAT(ledger(), SizeIs(10));
}

TEST_F(TaskTestDriverTest, StoreAheadOfTheLogIsRefused) {
  start();
  for (int i = 0; i < 10; ++i) driver_->pipe(kMaaling, "anna", "x");
  expect_ok(driver_->run());
  driver_.reset();
  log_ = std::make_shared<MemoryLog>(1);  // somebody made the topics anew
  const auto created =
      TaskTestDriver::create(testing::toy_spec(), {.folder = folder_, .log = log_});
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, code(Errc::kStoreForeign));
}

TEST_F(TaskTestDriverTest, StoreOfAnotherLogOfTheSameLengthIsRefused) {
  start();
  for (int i = 0; i < 10; ++i) driver_->pipe(kMaaling, "anna", "x");
  expect_ok(driver_->run());
  // Somebody made the input anew, and as many records have come since.
  const auto log = std::make_shared<MemoryLog>(driver_->log());
  driver_.reset();
  log->recreate(kMaaling);
  for (int i = 0; i < 10; ++i) {
    log->append(kMaaling, 0, {0, Instant{1'700'000'000'000}, "anna", i == 9 ? "y" : "x", {}});
  }
  const auto created = TaskTestDriver::create(testing::toy_spec(), {.folder = folder_, .log = log});
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, code(Errc::kStoreForeign));
}

TEST_F(TaskTestDriverTest, RejectedRecordIsDeadLetteredWithItsFaultAndThePartitionGoesOn) {
  start();
  const Header trace{"traceparent", "00-aa-bb-01"};
  driver_->pipe(kMaaling, "anna", "bad", {&trace, 1});
  driver_->pipe(kMaaling, "anna", "x");
  expect_ok(driver_->run());
  const auto dead = driver_->log().read(kDeadLetter);
  ASSERT_THAT(dead, SizeIs(1));
  EXPECT_EQ(dead[0].key, "anna");
  EXPECT_EQ(dead[0].value, "bad");
  EXPECT_EQ(dead[0].header("traceparent"), "00-aa-bb-01");
  EXPECT_EQ(dead[0].header("kronika-dlq-reason"), "wire_magic");
  EXPECT_EQ(dead[0].header("kronika-dlq-topic"), "maaling");
  EXPECT_EQ(dead[0].header("kronika-dlq-offset"), "0");
  EXPECT_EQ(dead[0].header("kronika-dlq-attempt"), "1");
  EXPECT_THAT(toy().rejected, ElementsAre("bad wire_magic"));
  EXPECT_EQ(state("anna"), "count=1 woken=0 deadline=0");
}

TEST_F(TaskTestDriverTest, RecordThatThrowsIsIsolatedAndDeadLettered) {
  start();
  for (int i = 0; i < 5; ++i) driver_->pipe(kMaaling, "anna", i == 3 ? "boom" : "x");
  expect_ok(driver_->run());
  const auto dead = driver_->log().read(kDeadLetter);
  ASSERT_THAT(dead, SizeIs(1));
  EXPECT_EQ(dead[0].header("kronika-dlq-reason"), "internal_invariant");
  EXPECT_EQ(dead[0].header("kronika-dlq-offset"), "3");
  EXPECT_EQ(state("anna"), "count=4 woken=0 deadline=0");
  EXPECT_EQ(toy().aborts, 3);
}

TEST_F(TaskTestDriverTest, RecordThatBreaksTheFlushIsFoundEventByEvent) {
  start();
  for (int i = 0; i < 5; ++i) driver_->pipe(kMaaling, "anna", i == 2 ? "boom-flush" : "x");
  expect_ok(driver_->run());
  const auto dead = driver_->log().read(kDeadLetter);
  ASSERT_THAT(dead, SizeIs(1));
  EXPECT_EQ(dead[0].header("kronika-dlq-offset"), "2");
  EXPECT_EQ(state("anna"), "count=4 woken=0 deadline=0");
  EXPECT_THAT(ledger(), SizeIs(4));
}

TEST_F(TaskTestDriverTest, FaultsThatACrashWroteCountAfterTheRestart) {
  start();
  for (int i = 0; i < 3; ++i) driver_->pipe(kMaaling, "anna", i == 1 ? "boom" : "x");
  driver_->log();
  log_ = nullptr;
  std::ofstream(folder_ + "/0.faults")
      << "1 1 process batch\n1 1 process batch\n1 1 process alone\n";
  expect_ok(driver_->crash());
  expect_ok(driver_->run());
  EXPECT_EQ(toy().aborts, 0);
  EXPECT_THAT(driver_->log().read(kDeadLetter), SizeIs(1));
  EXPECT_EQ(fs::file_size(folder_ + "/0.faults"), 0U);
}

TEST_F(TaskTestDriverTest, DeadlineFiresWhenWallTimePassesItAndTheEndWasSeen) {
  start();
  const auto at = std::to_string(kStart.ms + 5000);
  driver_->pipe(kMaaling, "anna", "at=" + at);
  expect_ok(driver_->run());
  EXPECT_EQ(state("anna"), "count=1 woken=0 deadline=" + at);
  driver_->advance_to(kStart + std::chrono::milliseconds(4999));
  expect_ok(driver_->run());
  EXPECT_EQ(driver_->transaction_number(), 1);
  driver_->advance_to(kStart + std::chrono::milliseconds(5000));
  expect_ok(driver_->run());
  EXPECT_EQ(state("anna"), "count=1 woken=1 deadline=0");
  EXPECT_EQ(driver_->transaction_number(), 2);
  expect_ok(driver_->lose_store());
  expect_ok(driver_->run());
  EXPECT_EQ(state("anna"), "count=1 woken=1 deadline=0");
  EXPECT_EQ(driver_->transaction_number(), 2);
}

TEST_F(TaskTestDriverTest, BacklogIsReadBeforeItsDeadlinesFire) {
  start();
  driver_->pipe(kMaaling, "anna", "at=" + std::to_string(kStart.ms + 1000));
  driver_->advance_to(kStart + std::chrono::hours(24));
  // Replaces the deadline; written before it was due by the log's time, read long after by wall
  // time.
  driver_->pipe(kMaaling, "anna", "at=" + std::to_string(kStart.ms + 500'000'000), {},
                kStart + std::chrono::milliseconds(999));
  expect_ok(driver_->run());
  EXPECT_EQ(state("anna"), "count=2 woken=0 deadline=" + std::to_string(kStart.ms + 500'000'000));
}

TEST_F(TaskTestDriverTest, DeadlineBetweenTwoRecordsFiresBetweenThem) {
  start();
  driver_->pipe(kMaaling, "anna", "at=" + std::to_string(kStart.ms + 1000));
  driver_->pipe(kMaaling, "anna", "at=" + std::to_string(kStart.ms + 900'000'000), {},
                kStart + std::chrono::milliseconds(2000));
  driver_->pipe(kMaaling, "anna", "x", {}, kStart + std::chrono::milliseconds(3000));
  // The other inputs must have reached that time too; their end is seen at wall time.
  driver_->advance_to(kStart + std::chrono::hours(1));
  expect_ok(driver_->run());
  EXPECT_EQ(state("anna"), "count=3 woken=1 deadline=" + std::to_string(kStart.ms + 900'000'000));
}

TEST_F(TaskTestDriverTest, ManyDeadlinesAreFiredInBoundedTransactionsWithTheClockStandingStill) {
  start(1, {.max_deadlines = 10});
  for (int i = 0; i < 35; ++i) {
    driver_->pipe(kMaaling, "k" + std::to_string(i), "at=" + std::to_string(kStart.ms + 1000 + i));
  }
  expect_ok(driver_->run());
  driver_->advance_to(kStart + std::chrono::hours(1));
  ASSERT_TRUE(driver_->poll());
  expect_ok(driver_->commit());
  EXPECT_EQ(state("k9"), "count=1 woken=1 deadline=0");
  EXPECT_EQ(state("k10"), "count=1 woken=0 deadline=" + std::to_string(kStart.ms + 1010));
  EXPECT_EQ(driver_->task_clock().ms, kStart.ms + 1009);
  expect_ok(driver_->run());
  EXPECT_EQ(state("k34"), "count=1 woken=1 deadline=0");
  EXPECT_EQ(driver_->task_clock(), kStart + std::chrono::hours(1));
}

TEST_F(TaskTestDriverTest, OwnOutputsOnAnInputTopicAreReadAcrossPartitions) {
  start(4);
  for (int i = 0; i < 20; ++i) {
    driver_->pipe(kHenvisning, "k" + std::to_string(i), "to=m" + std::to_string(i));
  }
  expect_ok(driver_->run());
  EXPECT_THAT(driver_->log().read(kFlytning), SizeIs(20));
  EXPECT_THAT(ledger(), SizeIs(40));
  EXPECT_EQ(driver_->log().compacted(kCitizenState).at("m3"), "count=1 woken=0 deadline=0");
  expect_ok(driver_->crash());
  expect_ok(driver_->run());
  EXPECT_THAT(ledger(), SizeIs(40));
}

TEST_F(TaskTestDriverTest, AnyFaultAtAnyPointEndsInTheSameState) {
  start(2);
  std::uint32_t seed = 4711;
  const auto random = [&seed](std::uint32_t n) {
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 16U) % n;
  };
  std::map<std::string, int> expected;
  std::size_t piped = 0;
  for (int round = 0; round < 60; ++round) {
    for (std::uint32_t i = random(30); i > 0; --i) {
      const std::string key = "k" + std::to_string(random(10));
      driver_->pipe(random(2) == 0 ? kMaaling : kHenvisning, key, "x");
      ++expected[key];
      ++piped;
    }
    ASSERT_TRUE(driver_->poll(random(40)));
    switch (random(7)) {
      case 0:
        expect_ok(driver_->abort());
        break;
      case 1:
        expect_ok(driver_->crash());
        break;
      case 2:
        expect_ok(driver_->crash_after_commit());
        break;
      case 3:
        expect_ok(driver_->lose_store());
        break;
      case 4:
        expect_ok(driver_->restart());
        break;
      case 5:
        expect_ok(driver_->commit());
        break;
      default:
        break;
    }
  }
  expect_ok(driver_->run());
  const auto states = driver_->log().compacted(kCitizenState);
  for (const auto& [key, count] : expected) {
    EXPECT_EQ(states.at(key), "count=" + std::to_string(count) + " woken=0 deadline=0");
  }
  auto all = ledger();
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::unique(all.begin(), all.end()), all.end());
  EXPECT_THAT(all, SizeIs(piped));
}

TEST_F(TaskTestDriverTest, MissingOffsetOfAnEventTopicIsAGap) {
  start();
  driver_->pipe(kMaaling, "anna", "x");
  driver_->log().append_marker(kMaaling, 0);
  driver_->pipe(kMaaling, "anna", "x");
  const auto r = driver_->run();
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, code(Errc::kLogGap));
}

}  // namespace
}  // namespace kronika::bus
