// Rebuild (architecture A8), in memory: the citizen task and the indicator task over one log.
// Whatever happens on the way, a rebuild ends where handling record by record ends, writes nothing
// twice, and `kronika verify` has nothing to say.

#include "pathways.h"
#include "support/memory_source.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/bus/errc.h>
#include <kronika/bus/partitioner.h>
#include <kronika/bus/task_test_driver.h>
#include <kronika/bus/topics.h>
#include <kronika/citizen/citizen_task.h>
#include <kronika/codec/citizen_codec.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/domain/fold.h>
#include <kronika/indicators/indicator_task.h>
#include <kronika/verify/verify.h>

namespace kronika {
namespace {

using namespace citizen::testing;  // NOLINT: pathways and rules
using bus::MemoryLog;
using bus::TaskTestDriver;
using test_support::MemorySource;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::int32_t kPartitions = 3;
constexpr int kCitizens = 12;

/// One installation: a log, and the two tasks over it.
class World {
 public:
  World(std::filesystem::path folder, std::shared_ptr<MemoryLog> log)
      : folder_(std::move(folder)), log_(std::move(log)) {}

  Result<void> open_citizen(std::int64_t rebuild_backlog) {
    citizen.reset();
    TaskTestDriver::Options options;
    options.folder = (folder_ / "citizen").string();
    options.start = kNow;
    options.log = log_;
    options.limits.max_records = 7;
    options.limits.max_deadlines = 2;
    auto made = TaskTestDriver::create(
        citizen::citizen_task_spec({.rules = rules(), .rebuild_backlog = rebuild_backlog}),
        options);
    if (!made) return tl::unexpected(made.error());
    citizen = std::move(*made);
    return {};
  }
  /// Runs both tasks until nothing waits.
  void finish() {
    const auto done = citizen->run();
    ASSERT_TRUE(done) << done.error().context;
    TaskTestDriver::Options options;
    options.folder = (folder_ / "indicators").string();
    options.start = kNow;
    options.log = log_;
    std::filesystem::remove_all(options.folder);
    auto indicators =
        TaskTestDriver::create(indicators::indicator_task_spec({.cached_cells = 1000}), options);
    ASSERT_TRUE(indicators) << indicators.error().context;
    const auto summed = (*indicators)->run();
    ASSERT_TRUE(summed) << summed.error().context;
  }
  /// Everything derived is deleted, and the disk is empty.
  void forget_what_is_derived() {
    citizen.reset();
    for (const auto topic : {bus::kCitizenState, bus::kIndicatorDelta, bus::kIndicatorState}) {
      log_->recreate(topic);
    }
    std::filesystem::remove_all(folder_);
  }

  void expect_verified() {
    const domain::Fold fold(*rules());
    MemorySource source(*log_);
    verify::Verifier verifier(*rules(), fold, source, {});
    const auto ran = verifier.run(nullptr);
    ASSERT_TRUE(ran) << ran.error().context;
    const auto& report = verifier.report();
    for (const auto& d : report.differences) {
      ADD_FAILURE() << d.kind << " at " << d.where << ": " << d.detail;
    }
    EXPECT_TRUE(report.agrees());
    EXPECT_GE(report.citizens, kCitizens);
  }

  [[nodiscard]] std::map<PersonKey, codec::CitizenRecord> records() const {
    std::map<PersonKey, codec::CitizenRecord> found;
    for (const auto& [key, value] : log_->compacted(bus::kCitizenState)) {
      const auto who = PersonKey::from_bytes(key);
      if (!who) continue;
      const auto wire = bus::read_wire(value);
      EXPECT_TRUE(wire && codec::decode_citizen(wire->message, found[*who]));
    }
    return found;
  }
  [[nodiscard]] std::map<std::string, std::string> cells() const {
    std::map<std::string, std::string> found;
    for (auto& [key, value] : log_->compacted(bus::kIndicatorState)) {
      if (key.size() == 12) found[key] = value;
    }
    return found;
  }
  using Booking = std::tuple<std::string, std::int32_t, std::int64_t, int, std::string>;
  /// Place, outcome and reason of each entry.
  [[nodiscard]] std::vector<Booking> ledger() const {
    std::vector<Booking> entries;
    for (const auto& record : log_->read(bus::kLedger)) {
      const auto wire = bus::read_wire(*record.value);
      codec::LedgerEntry e;
      EXPECT_TRUE(wire && codec::decode_ledger_entry(wire->message, e));
      entries.emplace_back(e.topic, e.partition, e.offset, static_cast<int>(e.outcome), e.reason);
    }
    std::sort(entries.begin(), entries.end());
    return entries;
  }
  [[nodiscard]] std::vector<std::string> dead_letters() const {
    std::vector<std::string> all;
    for (const auto& r : log_->read(bus::kDeadLetter)) {
      const std::string topic(*r.header("kronika-dlq-topic"));
      all.push_back(std::string(*r.header("kronika-dlq-reason")) + " " + topic + " " +
                    std::string(*r.header("kronika-dlq-partition")));
      // Transactions of other sizes leave markers elsewhere.
      if (topic != bus::kFlytning) {
        all.back() += " " + std::string(*r.header("kronika-dlq-offset"));
      }
    }
    std::sort(all.begin(), all.end());
    return all;
  }
  [[nodiscard]] std::size_t count(std::string_view topic) const { return log_->read(topic).size(); }
  [[nodiscard]] MemoryLog& log() { return *log_; }

  std::unique_ptr<TaskTestDriver> citizen;

 private:
  const std::filesystem::path folder_;
  const std::shared_ptr<MemoryLog> log_;
};

class RebuildTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("kronika-rebuild-" + std::to_string(::getpid()) + "-" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  World world(const std::string& name, std::shared_ptr<MemoryLog> log) {
    return {folder_ / name, std::move(log)};
  }

  static void append(MemoryLog& log, const Event& e, std::int64_t at) {
    log.append(
        domain::topic_of(e.type()), bus::partition_of(e.person_key.view(), kPartitions),
        {0, Instant{kNow.ms - 1'000'000 + at}, std::string(e.person_key.view()), bytes_of(e), {}});
  }
  /// Pathways with everything that is awkward: copies, revisions, cancellations, conflicting
  /// copies, bytes that nobody reads, a moved citizen, a cycle.
  static std::shared_ptr<MemoryLog> awkward_log(unsigned seed, bool moves) {
    auto log = std::make_shared<MemoryLog>(kPartitions);
    auto events = kol_pathways(kCitizens);
    const std::size_t ordinary = events.size();
    for (std::size_t i = 0; i < ordinary; i += 9) events.push_back(events[i]);
    for (std::size_t i = 4; i < ordinary; i += 17) {
      events.push_back(version_of(events[i], 2, domain::Op::kCancel));
    }
    for (std::size_t i = 6; i < ordinary; i += 13) {
      auto copy = events[i];
      copy.residence_municipality = "0101";
      events.push_back(copy);
    }
    if (moves) {
      events.push_back(event(20, "replace", 100, domain::CprReplaced{person(1)}));
      events.push_back(event(21, "again", 101, domain::CprReplaced{person(20)}));
      events.push_back(event(2, "a", 100, domain::CprReplaced{person(3)}));
      events.push_back(event(3, "b", 101, domain::CprReplaced{person(2)}));
    }
    std::mt19937 random(seed);
    std::shuffle(events.begin(), events.end(), random);
    std::int64_t at = 0;
    for (const auto& e : events) append(*log, e, ++at);
    const auto garbage = [&](std::string key, std::int32_t partition) {
      log->append(bus::kMaaling, partition,
                  {0, Instant{kNow.ms - 500'000}, std::move(key), "garbage", {}});
    };
    garbage(std::string(person(4).view()), bus::partition_of(person(4).view(), kPartitions));
    garbage("nobody", 1);
    garbage(std::string(person(200).view()), 2);  // nothing else is known of this citizen
    return log;
  }

  void expect_same(const World& got, const World& want) {
    const auto a = got.records();
    const auto b = want.records();
    ASSERT_EQ(a.size(), b.size());
    for (const auto& [who, record] : b) {
      ASSERT_TRUE(a.contains(who));
      const auto& other = a.at(who);
      std::string state;
      std::string expected;
      codec::encode_fold(other.state, state);
      codec::encode_fold(record.state, expected);
      EXPECT_EQ(state, expected);
      EXPECT_EQ(other.contributions, record.contributions);
      EXPECT_EQ(other.moved_to, record.moved_to);
      EXPECT_EQ(other.generation, record.generation);
      EXPECT_EQ(other.levels.size(), record.levels.size());
      const auto refused = [](const codec::CitizenRecord& r) {
        std::vector<std::tuple<std::string, std::int64_t, std::string>> all;
        for (const auto& x : r.refused) all.emplace_back(x.topic, x.offset, x.reason);
        std::sort(all.begin(), all.end());
        return all;
      };
      EXPECT_EQ(refused(other), refused(record));
    }
    EXPECT_EQ(got.cells(), want.cells());
    EXPECT_EQ(got.ledger(), want.ledger());
    EXPECT_EQ(got.dead_letters(), want.dead_letters());
  }

  /// The same log, handled record by record.
  World plain(unsigned seed, bool moves) {
    World w = world("plain", awkward_log(seed, moves));
    const auto opened = w.open_citizen(0);
    EXPECT_TRUE(opened);
    w.finish();
    w.expect_verified();
    return w;
  }

  /// Polls a little, then lets one of several things happen, until nothing is left to do.
  static void trouble(World& w, unsigned seed) {
    std::mt19937 random(seed);
    for (int i = 0; i < 40; ++i) {
      const auto polled = w.citizen->poll(random() % 9);
      ASSERT_TRUE(polled) << polled.error().context;
      Result<void> done;
      switch (random() % 8) {
        case 0:
          done = w.citizen->abort();
          break;
        case 1:
          done = w.citizen->crash();
          break;
        case 2:
          done = w.citizen->crash_after_commit();
          break;
        case 3:
          done = w.citizen->lose_store();
          break;
        default:
          done = w.citizen->commit();
      }
      ASSERT_TRUE(done) << done.error().context;
    }
  }

  std::filesystem::path folder_;
};

TEST_F(RebuildTest, AFirstStartWithABacklogFoldsEachCitizenOnceAndEndsTheSame) {
  World want = plain(1, false);
  World got = world("got", awkward_log(1, false));
  ASSERT_TRUE(got.open_citizen(1));
  got.finish();
  got.expect_verified();
  expect_same(got, want);
  std::map<std::string, int> written;
  for (const auto& r : got.log().read(bus::kCitizenState)) {
    if (r.key.size() == 16) ++written[r.key];
  }
  EXPECT_THAT(written, SizeIs(kCitizens + 1));
  for (const auto& [key, times] : written) EXPECT_EQ(times, 1);
  EXPECT_LT(got.count(bus::kIndicatorDelta), want.count(bus::kIndicatorDelta));
}

TEST_F(RebuildTest, AFirstStartWithMovedCitizensEndsTheSame) {
  World want = plain(2, true);
  World got = world("got", awkward_log(2, true));
  ASSERT_TRUE(got.open_citizen(1));
  got.finish();
  got.expect_verified();
  expect_same(got, want);
}

TEST_F(RebuildTest, ABacklogBelowTheLimitIsHandledRecordByRecord) {
  World got = world("got", awkward_log(1, false));
  ASSERT_TRUE(got.open_citizen(1'000'000));
  ASSERT_TRUE(got.citizen->poll(50));
  ASSERT_TRUE(got.citizen->commit());
  EXPECT_FALSE(got.records().empty());
  got.finish();
  got.expect_verified();
}

TEST_F(RebuildTest, WhatWasDerivedIsDeletedAndComesBackWithoutWritingAnythingElseTwice) {
  for (const bool moves : {false, true}) {
    World want = plain(3, moves);
    World got = world("got", awkward_log(3, moves));
    ASSERT_TRUE(got.open_citizen(0));
    got.finish();
    const std::size_t moved = got.count(bus::kFlytning);
    got.forget_what_is_derived();
    const auto opened = got.open_citizen(1);
    ASSERT_TRUE(opened) << opened.error().context;
    got.finish();
    got.expect_verified();
    expect_same(got, want);
    EXPECT_EQ(got.count(bus::kFlytning), moved);
    got.citizen.reset();
    std::filesystem::remove_all(folder_);
  }
}

TEST_F(RebuildTest, OnlyPartOfTheLogWasHandledBeforeAndTheRestIsBookedNow) {
  for (const bool moves : {false, true}) {
    World want = plain(4, moves);
    World got = world("got", awkward_log(4, moves));
    ASSERT_TRUE(got.open_citizen(0));
    ASSERT_TRUE(got.citizen->poll(90));
    ASSERT_TRUE(got.citizen->commit());
    got.forget_what_is_derived();
    const auto opened = got.open_citizen(1'000'000);
    ASSERT_TRUE(opened) << opened.error().context;
    got.finish();
    got.expect_verified();
    expect_same(got, want);
    got.citizen.reset();
    std::filesystem::remove_all(folder_);
  }
}

TEST_F(RebuildTest, AbortsCrashesAndLostStoresOnTheWayChangeNothing) {
  for (unsigned seed = 10; seed < 18; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const bool moves = seed % 2 == 0;
    World want = plain(seed, moves);
    World got = world("got", awkward_log(seed, moves));
    if (seed % 3 == 0) {  // a part was handled before
      ASSERT_TRUE(got.open_citizen(0));
      ASSERT_TRUE(got.citizen->poll(70));
      ASSERT_TRUE(got.citizen->commit());
      got.forget_what_is_derived();
    }
    const auto opened = got.open_citizen(1);
    ASSERT_TRUE(opened) << opened.error().context;
    trouble(got, seed);
    if (HasFatalFailure()) return;
    got.finish();
    got.expect_verified();
    expect_same(got, want);
    got.citizen.reset();
    std::filesystem::remove_all(folder_);
  }
}

TEST_F(RebuildTest, EventsThatArriveMeanwhileAreHandledBehindIt) {
  World got = world("got", awkward_log(5, true));
  ASSERT_TRUE(got.open_citizen(1));
  for (int n = 1; n <= 6; ++n) {
    ASSERT_TRUE(got.citizen->poll(20));
    append(got.log(), event(n, "new", 61, domain::InterventionAttended{"I1", {"KOL"}, true}),
           900'000 + n);
    ASSERT_TRUE(got.citizen->commit());
  }
  got.finish();
  got.expect_verified();
  got.citizen->advance_to(Instant{kNow.ms + 400 * kDay});
  got.finish();
  got.expect_verified();
}

TEST_F(RebuildTest, AnEmptiedCitizenStateAloneIsRefused) {
  World got = world("got", awkward_log(6, false));
  ASSERT_TRUE(got.open_citizen(0));
  got.finish();
  got.citizen.reset();
  got.log().recreate(bus::kCitizenState);
  std::filesystem::remove_all(folder_);
  const auto opened = got.open_citizen(1);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, bus::code(bus::Errc::kPositionsMissing));
}

TEST_F(RebuildTest, WhereTheSettingsForbidItEmptiedTopicsAreRefused) {
  World got = world("got", awkward_log(6, false));
  ASSERT_TRUE(got.open_citizen(0));
  got.finish();
  got.forget_what_is_derived();
  const auto opened = got.open_citizen(0);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, bus::code(bus::Errc::kPositionsMissing));
}

}  // namespace
}  // namespace kronika
