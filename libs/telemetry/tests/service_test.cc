#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/telemetry/service.h>

namespace kronika::telemetry {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

std::unique_ptr<Service> open_service(std::chrono::milliseconds stall = std::chrono::seconds(30)) {
  auto service = Service::open(
      {.config_hash = "77", .library_versions = {{"librdkafka", "2.0.2"}}, .loop_stall = stall},
      "127.0.0.1", 0);
  EXPECT_TRUE(service.has_value());
  return service ? std::move(*service) : nullptr;
}

TEST(Service, ShowsWhatItWasBuiltFromAndWhatItUses) {
  const auto service = open_service();
  const auto text = service->registry().text();
  EXPECT_THAT(text, HasSubstr("kronika_build_info{librdkafka=\"2.0.2\",revision=\"" +
                              std::string(revision()) + "\",version=\"" + std::string(version()) +
                              "\"} 1"));
  EXPECT_THAT(text, HasSubstr("kronika_config_info{hash=\"77\"} 1"));
  EXPECT_THAT(text, ContainsRegex("process_resident_memory_bytes [1-9]"));
  EXPECT_THAT(text, ContainsRegex("process_cpu_seconds_total [0-9]"));
  EXPECT_THAT(text, ContainsRegex("process_open_fds [1-9]"));
  EXPECT_THAT(text, ContainsRegex("process_start_time_seconds [1-9]"));
}

TEST(Service, HealthStatesAreServedAsTheyAreSet) {
  const auto service = open_service();
  EXPECT_THAT(service->registry().text(), HasSubstr("kronika_health_serving{service=\"ready\"} 0"));
  service->set_started(true);
  service->set_ready(true);
  const auto text = service->registry().text();
  EXPECT_THAT(text, HasSubstr("kronika_health_serving{service=\"startup\"} 1"));
  EXPECT_THAT(text, HasSubstr("kronika_health_serving{service=\"ready\"} 1"));
  EXPECT_THAT(text, HasSubstr("kronika_health_serving{service=\"live\"} 1"));
}

TEST(Service, AFailedProcessIsNeverLiveAgain) {
  const auto service = open_service();
  EXPECT_TRUE(service->live());
  service->set_failed();
  EXPECT_FALSE(service->live());
}

TEST(Service, ALoopThatStandsStillIsNotLiveAndOneThatEndedDoesNotCount) {
  const auto service = open_service(std::chrono::milliseconds(-1));  // any age is too old
  EXPECT_TRUE(service->live());
  const Loop poll = service->loop("poll");
  poll.turned();
  EXPECT_FALSE(service->live());
  EXPECT_THAT(service->registry().text(),
              HasSubstr("kronika_loop_last_turn_timestamp_seconds{loop=\"poll\"}"));
  poll.ended();
  EXPECT_TRUE(service->live());
  EXPECT_THAT(service->registry().text(),
              Not(HasSubstr("kronika_loop_last_turn_timestamp_seconds{loop=\"poll\"}")));
}

TEST(Service, ALoopThatKeepsItsOwnTimeIsAskedAtEachProbe) {
  const auto service = open_service();
  Instant last_turn{0};
  service->watch_loop("poll", [&] { return last_turn; });
  EXPECT_TRUE(service->live()) << "not running does not count";
  last_turn = Instant{1'000};
  EXPECT_FALSE(service->live());
  EXPECT_THAT(service->registry().text(),
              HasSubstr("kronika_loop_last_turn_timestamp_seconds{loop=\"poll\"} 1\n"));
  last_turn = SystemClock().now();
  EXPECT_TRUE(service->live());
}

TEST(Service, ReadinessIsAskedForUntilItHasBeenReachedOnce) {
  const auto service = open_service();
  bool caught_up = false;
  service->set_ready_when([&] { return caught_up; });
  EXPECT_THAT(service->registry().text(), HasSubstr("kronika_health_serving{service=\"ready\"} 0"));
  caught_up = true;
  EXPECT_THAT(service->registry().text(), HasSubstr("kronika_health_serving{service=\"ready\"} 1"));
  caught_up = false;
  EXPECT_TRUE(service->ready());
  service->set_ready(false);
  EXPECT_FALSE(service->ready());
}

TEST(Service, ADefaultMadeLoopDoesNothing) {
  Loop().turned();
  Loop().ended();
}

}  // namespace
}  // namespace kronika::telemetry
