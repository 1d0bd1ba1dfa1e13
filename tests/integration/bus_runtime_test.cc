// The runtime on a real broker, without faults from outside: counting, aborts, dead letters,
// deadlines, rebalance, restore, topics.
#include "toy_cluster.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>

#include <kronika/bus/client_watch.h>

namespace kronika::bus {
namespace {

namespace fs = std::filesystem;

using BusRuntimeTest = ToyCluster;

TEST_F(BusRuntimeTest, CountsEveryRecordOnceAndSurvivesACleanRestart) {
  publish_many(5000, 200);
  auto runtime = start("pod-a");
  wait_until_done();
  EXPECT_TRUE(runtime->stop(20s));
  publish_many(5000, 200);
  runtime = start("pod-a");
  wait_until_done();
  verify();
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!runtime->snapshot().all_caught_up && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(100ms);
  }
  const RuntimeSnapshot s = runtime->snapshot();
  EXPECT_TRUE(s.all_caught_up);
  ASSERT_EQ(s.tasks.size(), static_cast<std::size_t>(kPartitions));
  EXPECT_EQ(s.tasks[0].state, TaskState::kRunning);
  EXPECT_GT(s.tasks[0].transaction_number, 0);
  EXPECT_TRUE(runtime->stop(20s));
}

TEST_F(BusRuntimeTest, RejectedAndThrowingRecordsAreDeadLetteredAndNothingElseIsDisturbed) {
  publish_many(50, 20);
  publish(kMaaling, "k1", "bad");
  publish_many(50, 20);
  publish(kMaaling, "k2", "boom");
  publish_many(50, 20);
  publish(kHenvisning, "k3", "boom-flush");
  publish_many(50, 20);
  auto runtime = start("pod-a");
  wait_until_done();
  verify();
  EXPECT_FALSE(runtime->failure());
}

TEST_F(BusRuntimeTest, OwnTransactionalOutputIsReadAsAnInput) {
  auto runtime = start("pod-a");
  for (int i = 0; i < 100; ++i) {
    const std::string to = "moved" + std::to_string(i);
    publish(kMaaling, "k" + std::to_string(i), "to=" + to);
    ++counts_[to];
    ++published_;
  }
  wait_until_done();
  verify();
}

TEST_F(BusRuntimeTest, DeadlineOfAnIdleTaskFires) {
  auto runtime = start("pod-a");
  publish(kMaaling, "anna", "at=" + std::to_string(SystemClock().now().ms + 2000));
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  std::int64_t woken = 0;
  while (woken == 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(200ms);
    for (const auto& [key, value] : read(kCitizenState)) {
      if (key == "anna") woken = testing::ToyTask::parse(value).woken;
    }
  }
  EXPECT_EQ(woken, 1);
}

/// Counts the clients that were made anew.
class RenewalWatch final : public ClientWatch {
 public:
  RenewalWatch() { set_client_watch(this); }
  ~RenewalWatch() override { set_client_watch(nullptr); }
  void on_client_stats(const ClientStats&) override {}
  void on_client_error(ClientErrorKind, std::string_view) override {}
  void on_credentials(const std::optional<std::string>& fault) override { ++(fault ? bad : good); }
  std::atomic<int> good{0}, bad{0};
};

TEST_F(BusRuntimeTest, RenewedCredentialsMakeNewClientsAndNoRecordIsLostOrReadTwice) {
  // This broker asks for no password; a client is made anew all the same when its file changes.
  client_.password_file = folder_.path() + "/password";
  const auto write_password = [&](const std::string& text) {
    std::ofstream(client_.password_file) << text;
  };
  write_password("first\n");
  RenewalWatch watch;
  auto publisher = Publisher::open(client_);
  ASSERT_TRUE(publisher) << publisher.error().context;
  auto reader = LogReader::open(client_, {.group = "renewal", .watched = true});
  ASSERT_TRUE(reader) << reader.error().context;
  std::vector<PartitionOffset> from;
  for (std::int32_t p = 0; p < kPartitions; ++p) {
    from.push_back({std::string(kMaaling), p, LogReader::kBeginning});
  }
  ASSERT_TRUE((*reader)->assign(from));

  std::set<std::string> seen;
  std::map<std::int32_t, std::int64_t> last;  // by partition
  const auto note = [&](const Record& r) -> Result<void> {
    const auto [at, first] = last.try_emplace(r.partition, r.offset);
    EXPECT_TRUE(first || r.offset > at->second) << "read twice";
    at->second = r.offset;
    seen.emplace(r.value);
    return {};
  };
  std::atomic<int> acked{0};
  int published = 0;
  const auto publish_and_read = [&] {
    const std::string name = std::to_string(published++);
    const auto sent = (*publisher)
                          ->publish({.topic = kMaaling, .key = name, .value = name},
                                    [&](const Result<Published>& r) { acked += r ? 1 : 0; });
    ASSERT_TRUE(sent) << sent.error().context;
    const auto met = (*reader)->poll(2ms, note);
    ASSERT_TRUE(met) << met.error().context;
  };
  const auto until = [&](const auto& done) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!done() && std::chrono::steady_clock::now() < deadline) publish_and_read();
    ASSERT_TRUE(done());
  };
  write_password("");
  until([&] { return watch.bad == 2; });
  EXPECT_EQ(watch.good, 0) << "a file that cannot be used leaves the old clients";
  write_password("second\n");
  until([&] { return watch.good == 2; });
  for (int i = 0; i < 200; ++i) publish_and_read();
  ASSERT_TRUE((*publisher)->flush(10s));
  EXPECT_EQ(acked, published);
  EXPECT_EQ((*publisher)->stats().queued, 0U);

  const auto ends = (*reader)->ends(from);
  ASSERT_TRUE(ends) << ends.error().context;
  ASSERT_TRUE((*reader)->read_to(*ends, note));
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(published));
}

TEST_F(BusRuntimeTest, TwoThreadsShareThePartitionsAndAThirdMemberTakesSome) {
  publish_many(3000, 100);
  auto two = start("pod-a", 2);
  wait_until_done();
  publish_many(2000, 100);
  auto third = start("pod-b");
  for (int i = 0; i < 10; ++i) {
    publish_many(300, 100);
    std::this_thread::sleep_for(200ms);
  }
  wait_until_done();
  EXPECT_EQ(two->snapshot().tasks.size() + third->snapshot().tasks.size(),
            static_cast<std::size_t>(kPartitions));
  EXPECT_FALSE(third->snapshot().tasks.empty());
  EXPECT_TRUE(third->stop(20s));
  publish_many(1000, 100);
  wait_until_done();  // a static member does not leave: its partitions move after the session
                      // timeout
  verify();
  EXPECT_TRUE(two->stop(20s));
}

TEST_F(BusRuntimeTest, EmptyDiskIsRestoredAndNothingIsCountedAgain) {
  publish_many(5000, 200);
  auto runtime = start("pod-a");
  wait_until_done();
  ASSERT_TRUE(runtime->stop(20s));
  runtime.reset();
  fs::remove_all(folder_.path() + "/pod-a");
  publish_many(1000, 200);
  runtime = start("pod-a");
  wait_until_done();
  verify();
}

TEST_F(BusRuntimeTest, ProgressRecordIsThePositionWhereTheGroupHasNoOffsets) {
  publish_many(3000, 100);
  {
    auto runtime = start("pod-a");
    wait_until_done();
    ASSERT_TRUE(runtime->stop(20s));
  }
  fs::remove_all(folder_.path() + "/pod-a");
  // The toy's name names its group: under another name there are no committed offsets, as after
  // their expiry.
  auto spec = testing::toy_spec();
  spec.name = "toy-without-offsets";
  auto runtime = TaskRuntime::start(spec, runtime_options("pod-a"));
  ASSERT_TRUE(runtime);
  publish_many(500, 100);
  wait_until_done();
  verify();
}

TEST_F(BusRuntimeTest, DamagedStoreIsMovedAsideAndRebuilt) {
  publish_many(3000, 100);
  {
    auto runtime = start("pod-a");
    wait_until_done();
    ASSERT_TRUE(runtime->stop(20s));
  }
  for (std::int32_t p = 0; p < kPartitions; ++p) {
    std::ofstream(folder_.path() + "/pod-a/toy/" + std::to_string(p) + "/CURRENT") << "garbage";
  }
  auto runtime = start("pod-a");
  publish_many(500, 100);
  wait_until_done();
  verify();
  EXPECT_FALSE(runtime->failure());
}

TEST_F(BusRuntimeTest, TopicsThatDifferAreRefused) {
  const auto again = ensure_topics(client_, {.partitions = kPartitions});
  ASSERT_TRUE(again) << again.error().context;
  EXPECT_TRUE(again->created.empty());
  EXPECT_TRUE(again->differences.empty());
  const auto checked = check_topics(client_, {.partitions = kPartitions + 1});
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, code(Errc::kTopicMismatch));
}

TEST_F(BusRuntimeTest, PublisherReportsEachRecordAndPlacesItByItsKey) {
  std::vector<Published> results;
  for (int i = 0; i < 100; ++i) {
    const std::string key = "key-" + std::to_string(i);
    ASSERT_TRUE(publisher_->publish({.topic = kMaaling, .key = key, .value = "x"},
                                    [&results](const Result<Published>& r) {
                                      ASSERT_TRUE(r);
                                      results.push_back(*r);
                                    }));
    ASSERT_TRUE(publisher_->flush(10s));
    EXPECT_EQ(results.back().partition, partition_of(key, kPartitions));
  }
  EXPECT_EQ(results.size(), 100U);
  EXPECT_EQ(publisher_->stats().acked, 100U);
}

}  // namespace
}  // namespace kronika::bus
