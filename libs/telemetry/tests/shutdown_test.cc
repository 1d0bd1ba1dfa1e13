#include <csignal>

#include <gtest/gtest.h>

#include <kronika/telemetry/errc.h>
#include <kronika/telemetry/shutdown.h>

namespace kronika::telemetry {
namespace {

using std::chrono::milliseconds;

TEST(Shutdown, ASignalAsksForACleanStopAndStaysAskedFor) {
  const auto shutdown = Shutdown::install();
  ASSERT_TRUE(shutdown.has_value());
  EXPECT_FALSE((*shutdown)->requested());
  EXPECT_FALSE((*shutdown)->wait_for(milliseconds(1)));
  raise(SIGTERM);
  EXPECT_TRUE((*shutdown)->wait_for(milliseconds(1000)));
  EXPECT_TRUE((*shutdown)->requested());
}

TEST(Shutdown, AWorkerMayAskForTheStop) {
  const auto shutdown = Shutdown::install();
  ASSERT_TRUE(shutdown.has_value());
  (*shutdown)->request();
  EXPECT_TRUE((*shutdown)->requested());
}

TEST(Shutdown, AHangupAsksForAReloadAndForNoStop) {
  const auto shutdown = Shutdown::install();
  ASSERT_TRUE(shutdown.has_value());
  EXPECT_FALSE((*shutdown)->hung_up());
  raise(SIGHUP);
  EXPECT_TRUE((*shutdown)->hung_up());
  EXPECT_FALSE((*shutdown)->hung_up());
  EXPECT_FALSE((*shutdown)->requested());
}

TEST(Shutdown, IsInstalledOnlyOnceAtATime) {
  {
    const auto first = Shutdown::install();
    ASSERT_TRUE(first.has_value());
    const auto second = Shutdown::install();
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, code<Errc::kSignals>());
  }
  EXPECT_TRUE(Shutdown::install().has_value());
}

TEST(ShutdownDeathTest, ASecondSignalExitsAtOnce) {
  EXPECT_EXIT(
      {
        const auto shutdown = Shutdown::install();
        raise(SIGINT);
        raise(SIGTERM);
      },
      ::testing::ExitedWithCode(128 + SIGTERM), "");
}

}  // namespace
}  // namespace kronika::telemetry
