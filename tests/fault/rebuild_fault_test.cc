// A rebuild (architecture A8) under SIGKILL: a backlog is published while the citizen consumer is
// down; it is started with the rebuild allowed and killed again and again at random points. In the
// end `kronika verify` must find no difference, and the consumer must have rebuilt, not handled
// record by record. KRONIKA_TEST_SEED replays a seed.

#include "support/platform.h"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kronika {
namespace {

using test_support::Answer;
using test_support::Platform;
using ::testing::HasSubstr;

constexpr int kKills = 5;
constexpr const char* kCitizen = "kronika-citizen";

TEST(RebuildFault, KillsInTheMiddleChangeNothing) {
  auto started = Platform::start();
  ASSERT_TRUE(started) << started.error();
  Platform& platform = **started;
  const char* given = std::getenv("KRONIKA_TEST_SEED");
  const unsigned seed =
      given != nullptr ? static_cast<unsigned>(std::stoul(given)) : std::random_device{}();
  std::cout << "KRONIKA_TEST_SEED=" << seed << '\n';
  std::mt19937 random(seed);

  platform.kill_program(kCitizen);
  const Answer published =
      platform.cli({"simulate", "--citizens", "500", "--months", "24", "--seed", "7", "--publish"});
  ASSERT_EQ(published.code, 0) << published.output;
  platform.set("KRONIKA_CITIZEN_REBUILD_BACKLOG", "1");
  platform.set("KRONIKA_CITIZEN_COMMIT_RECORDS", "200");
  platform.set("KRONIKA_CITIZEN_DEADLINE_BATCH", "5");
  std::string log;
  for (int kill = 0; kill < kKills; ++kill) {
    platform.start_program(kCitizen);
    std::this_thread::sleep_for(std::chrono::milliseconds(1000 + random() % 2500));
    platform.kill_program(kCitizen);
    log += test_support::read_file(platform.log_of(kCitizen));
  }
  EXPECT_THAT(log, HasSubstr("TASK_REBUILDING"));
  platform.start_program(kCitizen);

  const Answer summary = platform.cli({"summary"}, std::chrono::seconds(180));
  EXPECT_EQ(summary.code, 0) << summary.output;
  const Answer verified = platform.cli({"verify"}, std::chrono::seconds(300));
  EXPECT_EQ(verified.code, 0) << verified.output;
  std::cout << verified.output;
}

}  // namespace
}  // namespace kronika
