#include <arpa/inet.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/telemetry/errc.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// One GET over a loopback socket; the whole answer with its headers.
std::string http_get(std::uint16_t port, const std::string& path) {
  const int s = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_GE(s, 0);
  if (s < 0) return "";
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (connect(s, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
    const std::string request =
        "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    EXPECT_EQ(send(s, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
    char buffer[4096];
    for (ssize_t n = 0; (n = recv(s, buffer, sizeof buffer, 0)) > 0;) {
      answer.append(buffer, static_cast<std::size_t>(n));
    }
  }
  close(s);
  return answer;
}

TEST(Metrics, AMetricStartsAtZeroAndCountsUp) {
  Registry registry;
  const auto counter = registry.counter("kronika_test_total", "A test", {{"outcome", "applied"}});
  EXPECT_THAT(registry.text(), HasSubstr("kronika_test_total{outcome=\"applied\"} 0"));
  counter.add();
  counter.add(4);
  EXPECT_THAT(registry.text(), HasSubstr("kronika_test_total{outcome=\"applied\"} 5"));
  EXPECT_THAT(registry.text(), HasSubstr("# HELP kronika_test_total A test"));
}

TEST(Metrics, TheSameNameAndLabelsGiveTheSameMetric) {
  Registry registry;
  registry.counter("kronika_test_total", "A test", {{"a", "1"}}).add(2);
  EXPECT_EQ(registry.counter("kronika_test_total", "A test", {{"a", "1"}}).value(), 2);
  EXPECT_EQ(registry.counter("kronika_test_total", "A test", {{"a", "2"}}).value(), 0);
}

TEST(Metrics, HandlesWithoutARegistryDoNothing) {
  Counter().add();
  Gauge().set(3);
  Histogram().observe(1.0);
  EXPECT_EQ(Counter().value(), 0);
  EXPECT_EQ(Gauge().value(), 0);
}

TEST(Metrics, AHistogramHasTheDocumentedEdges) {
  Registry registry;
  const auto h = registry.histogram("kronika_test_seconds", "A test", Buckets::kFast);
  h.observe(std::chrono::milliseconds(30));
  const auto text = registry.text();
  EXPECT_THAT(text, HasSubstr("kronika_test_seconds_bucket{le=\"0.025\"} 0"));
  EXPECT_THAT(text, HasSubstr("kronika_test_seconds_bucket{le=\"0.05\"} 1"));
  EXPECT_THAT(text, HasSubstr("kronika_test_seconds_count 1"));
  EXPECT_EQ(bucket_edges(Buckets::kSize).back(), 1 << 20);
}

TEST(Metrics, SampledFamiliesListWhatThereIsAtScrapeTime) {
  Registry registry;
  std::vector<Sample> owned{{{{"partition", "3"}}, 7}};
  auto registration = registry.sampled(SampleKind::kGauge, "kronika_consumer_lag_records", "Lag",
                                       [&owned] { return owned; });
  EXPECT_THAT(registry.text(), HasSubstr("kronika_consumer_lag_records{partition=\"3\"} 7"));
  owned.clear();
  EXPECT_THAT(registry.text(), Not(HasSubstr("partition=\"3\"")));
  registration.reset();
  EXPECT_THAT(registry.text(), Not(HasSubstr("kronika_consumer_lag_records")));
}

TEST(Metrics, TwoOwnersOfASampledFamilyShareOneHeading) {
  Registry registry;
  const auto list = [](const char* partition) {
    return [partition] { return std::vector<Sample>{{{{"partition", partition}}, 1}}; };
  };
  const auto a = registry.sampled(SampleKind::kGauge, "kronika_lag", "Lag", list("0"));
  const auto b = registry.sampled(SampleKind::kGauge, "kronika_lag", "Lag", list("1"));
  const auto text = registry.text();
  EXPECT_EQ(text.find("# TYPE kronika_lag"), text.rfind("# TYPE kronika_lag"));
  EXPECT_THAT(text, HasSubstr("kronika_lag{partition=\"0\"} 1"));
  EXPECT_THAT(text, HasSubstr("kronika_lag{partition=\"1\"} 1"));
}

TEST(Metrics, ARegistrationMayOutliveItsRegistry) {
  Registration registration;
  {
    Registry registry;
    registration = registry.sampled(SampleKind::kGauge, "kronika_x", "X",
                                    [] { return std::vector<Sample>{}; });
  }
  registration.reset();
}

TEST(Exposer, ServesTheRegistryOverHttpUntilItIsDestroyed) {
  Registry registry;
  registry.counter("kronika_test_total", "A test").add(12);
  auto exposer = Exposer::open(registry, "127.0.0.1", 0);
  ASSERT_TRUE(exposer.has_value()) << exposer.error().context;
  const auto port = (*exposer)->port();
  EXPECT_NE(port, 0);
  EXPECT_THAT(http_get(port, "/metrics"), HasSubstr("kronika_test_total 12"));
  exposer->reset();
  EXPECT_EQ(http_get(port, "/metrics"), "");
}

TEST(Exposer, ATakenPortIsAnErrorThatNamesTheSetting) {
  const Registry registry;
  const auto first = Exposer::open(registry, "127.0.0.1", 0);
  ASSERT_TRUE(first.has_value());
  const auto second = Exposer::open(registry, "127.0.0.1", (*first)->port());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, code<Errc::kMetricsPort>());
  EXPECT_THAT(second.error().context, HasSubstr("metrics_port"));
}

}  // namespace
}  // namespace kronika::telemetry
