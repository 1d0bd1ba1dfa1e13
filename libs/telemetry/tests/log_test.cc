#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/telemetry/errc.h>
#include <kronika/telemetry/log.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::telemetry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// The logger writes into a pipe that the test reads.
class Log : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(pipe2(pipe_, O_NONBLOCK), 0);
    log::set_clock(&clock_);
    log::configure({.component = "kronika-test", .version = "1", .pod = "p-0", .fd = pipe_[1]});
  }
  void TearDown() override {
    log::count_in(nullptr);
    log::set_clock(nullptr);
    log::configure({});
    close(pipe_[0]);
    close(pipe_[1]);
  }
  std::vector<std::string> lines() {
    std::string all;
    char buffer[4096];
    for (ssize_t n = 0; (n = read(pipe_[0], buffer, sizeof buffer)) > 0;) {
      all.append(buffer, static_cast<std::size_t>(n));
    }
    std::vector<std::string> result;
    for (std::size_t at = 0, end = 0; (end = all.find('\n', at)) != std::string::npos;
         at = end + 1) {
      result.push_back(all.substr(at, end - at));
    }
    return result;
  }

  ManualClock clock_{Instant{1'700'000'000'123}};
  int pipe_[2] = {-1, -1};
};

TEST_F(Log, ALineIsOneJsonObjectWithItsFixedMembersFirst) {
  log::warn("KAFKA_FENCED", "producer fenced", {{"partition", 3}, {"fatal", false}, {"s", 0.5}});
  EXPECT_THAT(lines(),
              ElementsAre("{\"ts\":\"2023-11-14T22:13:20.123000Z\",\"level\":\"warn\","
                          "\"code\":\"KAFKA_FENCED\",\"msg\":\"producer fenced\","
                          "\"component\":\"kronika-test\",\"version\":\"1\",\"pod\":\"p-0\","
                          "\"partition\":3,\"fatal\":false,\"s\":0.5}"));
}

TEST_F(Log, TheLevelIsTakenByNameAndStaysWhereTheSettingsCannotBeRead) {
  log::take_level(std::string("error"));
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("\"code\":\"LOG_LEVEL\"")));
  log::take_level(tl::unexpected(Error{code<Errc::kSignals>(), "config/kronika.yaml:3: odd"}));
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("config/kronika.yaml:3: odd")));
  log::warn("X", "m");
  EXPECT_THAT(lines(), SizeIs(0)) << "the level is error";
}

TEST_F(Log, QuotesAndControlCharactersAreEscaped) {
  log::info("X", "m", {{"reason", "a\"b\\c\nd"}});
  EXPECT_THAT(lines()[0], HasSubstr("\"reason\":\"a\\\"b\\\\c\\u000ad\""));
}

TEST_F(Log, LinesBelowTheLevelAreLeftOut) {
  log::debug("X", "m");
  EXPECT_THAT(lines(), SizeIs(0));
  log::set_level(log::Level::kDebug);
  log::debug("X", "m");
  EXPECT_THAT(lines(), SizeIs(1));
}

TEST_F(Log, TheEleventhLineOfACodeInTenSecondsIsHeldBackAndCounted) {
  for (int i = 0; i < 25; ++i) log::error("BROKER_DOWN", "no broker");
  EXPECT_THAT(lines(), SizeIs(10));
  log::error("OTHER", "another code is not held back");
  EXPECT_THAT(lines(), SizeIs(1));
  clock_.set(clock_.now() + std::chrono::seconds(10));
  log::error("BROKER_DOWN", "no broker");
  const auto after = lines();
  ASSERT_THAT(after, SizeIs(1));
  EXPECT_THAT(after[0], HasSubstr("\"count\":15}"));
}

TEST_F(Log, EveryLineIsCountedByLevelAndCodeAlsoWhenHeldBack) {
  Registry registry;
  log::count_in(&registry);
  for (int i = 0; i < 12; ++i) log::warn("REFUSED", "m");
  EXPECT_THAT(registry.text(),
              HasSubstr("kronika_log_messages_total{code=\"REFUSED\",level=\"warn\"} 12"));
  log::count_in(nullptr);
}

TEST_F(Log, ErrorsAreCountedFromZeroOn) {
  Registry registry;
  log::count_in(&registry);
  EXPECT_THAT(registry.text(),
              HasSubstr("kronika_log_messages_total{code=\"STOP_DEADLINE\",level=\"error\"} 0"));
  log::count_in(nullptr);
}

TEST_F(Log, CodesBeyondTheBudgetAreCountedAsOther) {
  Registry registry;
  log::count_in(&registry);
  for (int i = 0; i < 200; ++i) log::info("CODE_" + std::to_string(i), "m");
  EXPECT_THAT(registry.text(), HasSubstr("{code=\"other\",level=\"info\"} 132"));
  log::count_in(nullptr);
}

TEST(LogLevel, NamesReadBack) {
  EXPECT_EQ(log::level_from_name("warn"), log::Level::kWarn);
  EXPECT_EQ(log::level_from_name("loud"), std::nullopt);
}

}  // namespace
}  // namespace kronika::telemetry
