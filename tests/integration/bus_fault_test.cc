// The runtime under faults from outside: kill -9, a stopped process, a broker that goes away, a
// crash of our own.
#include "toy_cluster.h"

#include <csignal>
#include <sys/wait.h>

namespace kronika::bus {
namespace {

using BusFaultTest = ToyCluster;

TEST_F(BusFaultTest, KilledAtRandomPointsNothingIsLostOrDoubled) {
  std::uint32_t seed = 7;
  publish_many(20'000, 300);
  for (int round = 0; round < 10; ++round) {
    auto process = worker("pod-a", 2);
    publish_many(2000, 300);
    seed = seed * 1664525U + 1013904223U;
    const auto life = std::chrono::milliseconds(600 + (seed >> 16U) % 1200);
    const auto end = std::chrono::steady_clock::now() + life;
    while (std::chrono::steady_clock::now() < end) {
      publish_many(50, 300);
      std::this_thread::sleep_for(20ms);
    }
    process.kill();
  }
  auto process = worker("pod-a", 2);
  wait_until_done(90s);
  verify();
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(25s), 0);
}

TEST_F(BusFaultTest, KilledMemberIsReplacedByAnotherWithAnEmptyDisk) {
  publish_many(10'000, 300);
  auto a = worker("pod-a");
  auto b = worker("pod-b");
  std::this_thread::sleep_for(3s);
  publish_many(5000, 300);
  a.kill();
  publish_many(5000, 300);
  wait_until_done(90s);
  verify();
}

TEST_F(BusFaultTest, ThreadThatSleptThroughARebalanceIsFenced) {
  auto a = worker("pod-a");
  publish_many(3000, 100);
  std::this_thread::sleep_for(2s);
  auto b = worker("pod-b");
  for (int i = 0; i < 10; ++i) {
    publish_many(300, 100);
    std::this_thread::sleep_for(150ms);
  }
  a.signal(SIGSTOP);
  for (int i = 0; i < 8; ++i) {
    publish_many(300, 100);
    std::this_thread::sleep_for(1s);  // beyond the session timeout: b owns everything
  }
  a.signal(SIGCONT);
  for (int i = 0; i < 10; ++i) {
    publish_many(300, 100);
    std::this_thread::sleep_for(150ms);
  }
  wait_until_done(90s);
  verify();
  EXPECT_TRUE(b.running());
}

TEST_F(BusFaultTest, BrokerRestartAndPauseAreSurvived) {
  auto process = worker("pod-a", 2);
  publish_many(5000, 200);
  std::this_thread::sleep_for(2s);
  publish_many(5000, 200);
  broker_->kill();
  publish_many(1000, 200);
  std::this_thread::sleep_for(1s);
  const auto restarted = broker_->restart();
  ASSERT_TRUE(restarted) << restarted.error();
  publish_many(2000, 200);
  std::this_thread::sleep_for(2s);
  broker_->pause();
  publish_many(1000, 200);
  std::this_thread::sleep_for(4s);
  broker_->resume();
  // A client that the broker fenced in the meantime ends its process with exit code 3, by design;
  // whoever runs it starts it again.
  for (int i = 0; i < 100; ++i) {
    std::this_thread::sleep_for(100ms);
    if (process.running()) continue;
    const auto status = process.wait(0ms);
    ASSERT_TRUE(status && WIFEXITED(*status) && WEXITSTATUS(*status) == 3);
    process = worker("pod-a", 2);
  }
  wait_until_done(120s);
  verify();
  EXPECT_TRUE(process.running());
}

TEST_F(BusFaultTest, RecordThatCrashesTheProcessIsFoundAndDeadLettered) {
  publish_many(300, 20);
  publish(kMaaling, "k1", "abort");
  publish_many(300, 20);
  int crashes = 0;
  auto process = worker("pod-a");
  ASSERT_TRUE(publisher_->flush(30s));
  const auto deadline = std::chrono::steady_clock::now() + 90s;
  while (read(kDeadLetter).empty() && std::chrono::steady_clock::now() < deadline) {
    if (!process.running()) {
      EXPECT_TRUE(WIFSIGNALED(*process.wait(0ms)));
      ++crashes;
      process = worker("pod-a");
    }
    std::this_thread::sleep_for(100ms);
  }
  EXPECT_EQ(crashes, 3);  // twice in a batch, once alone
  wait_until_done();
  verify();
}

}  // namespace
}  // namespace kronika::bus
