// The platform under SIGKILL: while simulated populations are published, a consumer is killed ten
// times at random points and the broker is killed and started again. Afterwards `kronika verify`,
// which recomputes everything from the log by itself, must find no difference. The seed is printed;
// KRONIKA_TEST_SEED replays one.

#include "support/platform.h"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace kronika {
namespace {

using namespace std::chrono_literals;
using test_support::Answer;
using test_support::ChildProcess;
using test_support::Platform;

constexpr int kKills = 10;
constexpr int kBrokerKillAfter = 5;

unsigned seed() {
  if (const char* given = std::getenv("KRONIKA_TEST_SEED"))
    return static_cast<unsigned>(std::stoul(given));
  return std::random_device{}();
}

TEST(PipelineFault, NothingIsLostOrDoubledThroughTenKillsAndABrokerRestart) {
  auto started = Platform::start();
  ASSERT_TRUE(started) << started.error();
  Platform& platform = **started;
  const unsigned first = seed();
  std::cout << "KRONIKA_TEST_SEED=" << first << '\n';
  std::mt19937 random(first);

  for (int kill = 0; kill < kKills; ++kill) {
    // Each round brings citizens of its own, and a copy of the round before: duplicates are
    // ordinary.
    const std::string population = std::to_string(1000 + kill / 2);
    ChildProcess publishing = platform.cli_in_background(
        {"simulate", "--citizens", "300", "--months", "18", "--seed", population, "--publish"});
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 2500));
    const std::string victim = kill % 3 == 2 ? "kronika-indicators" : "kronika-citizen";
    platform.kill_program(victim);
    if (kill == kBrokerKillAfter) {
      platform.broker().kill();
      const auto restarted = platform.broker().restart();
      ASSERT_TRUE(restarted) << restarted.error();
    }
    platform.start_program(victim);
    const auto status = publishing.wait(120s);
    ASSERT_TRUE(status) << "publishing round " << kill << " did not end";
    ASSERT_EQ(*status, 0) << "publishing round " << kill << " failed";
  }
  for (const char* name : {"kronika-citizen", "kronika-indicators", "kronika-gateway"}) {
    if (!platform.running(name))
      platform.start_program(name);  // a fatal client error ends a process; an operator restarts it
  }

  const Answer summary = platform.cli({"summary"}, 180s);
  EXPECT_EQ(summary.code, 0) << summary.output;
  const Answer verified = platform.cli({"verify"}, 300s);
  EXPECT_EQ(verified.code, 0) << verified.output;
  std::cout << summary.output << verified.output;
}

}  // namespace
}  // namespace kronika
