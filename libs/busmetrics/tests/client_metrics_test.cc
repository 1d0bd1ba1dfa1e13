#include <fcntl.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/busmetrics/client_metrics.h>
#include <kronika/busmetrics/store_metrics.h>
#include <kronika/telemetry/log.h>

namespace kronika::busmetrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ClientMetricsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    quiet_ = open("/dev/null", O_WRONLY | O_CLOEXEC);
    telemetry::log::configure({.component = "test", .fd = quiet_});
  }
  void TearDown() override {
    telemetry::log::configure({});
    close(quiet_);
  }
  static bus::ClientStats stats(std::int64_t high, std::int64_t stable) {
    return {.client = "consumer-1",
            .brokers = {{"1", true, 0, 0.008}, {"2", false, 0, std::nullopt}},
            .partitions = {{"k-maaling", 3, high, stable}},
            .queued_records = 0};
  }

  int quiet_ = -1;
  telemetry::Registry registry_;
  ManualClock clock_{Instant{1'700'000'000'000}};
  ClientMetrics metrics_{registry_, "k-", &clock_};
};

TEST_F(ClientMetricsTest, ABrokerIsUpWhenOneClientReachesItAndShowsTheSlowestAnswer) {
  metrics_.on_client_stats(stats(10, 10));
  auto producer = stats(0, 0);
  producer.client = "producer-2";
  producer.partitions.clear();
  producer.brokers = {{"1", false, 0, 0.016}};
  metrics_.on_client_stats(producer);
  const auto text = registry_.text();
  EXPECT_THAT(text, HasSubstr("kronika_kafka_broker_up{broker=\"1\"} 1"));
  EXPECT_THAT(text, HasSubstr("kronika_kafka_broker_up{broker=\"2\"} 0"));
  EXPECT_THAT(text, HasSubstr("kronika_kafka_broker_rtt_seconds{broker=\"1\"} 0.016"));
  EXPECT_THAT(text, Not(HasSubstr("rtt_seconds{broker=\"2\"}")));
}

TEST_F(ClientMetricsTest, AnOpenTransactionLetsTheLastAdvanceAge) {
  metrics_.on_client_stats(stats(10, 10));
  EXPECT_THAT(registry_.text(),
              HasSubstr("kronika_lso_last_advance_timestamp_seconds{topic=\"maaling\",partition="
                        "\"3\"} 1700000000"));
  clock_.set(clock_.now() + std::chrono::seconds(5));
  metrics_.on_client_stats(stats(25, 10));
  EXPECT_THAT(registry_.text(),
              HasSubstr("kronika_lso_lag_records{topic=\"maaling\",partition=\"3\"} 15"));
  EXPECT_THAT(registry_.text(), HasSubstr("partition=\"3\"} 1700000000"));
  // Under load the lag is never 0; what counts is that the offset moves.
  clock_.set(clock_.now() + std::chrono::seconds(5));
  metrics_.on_client_stats(stats(40, 25));
  EXPECT_THAT(registry_.text(), HasSubstr("partition=\"3\"} 1700000010"));
}

TEST_F(ClientMetricsTest, AClientThatIsGoneTakesItsSeriesWithIt) {
  metrics_.on_client_stats(stats(10, 10));
  clock_.set(clock_.now() + std::chrono::seconds(31));
  EXPECT_THAT(registry_.text(), Not(HasSubstr("kronika_kafka_broker_up{")));
  EXPECT_THAT(registry_.text(), Not(HasSubstr("kronika_lso_lag_records{")));
}

TEST_F(ClientMetricsTest, WhatProducersHaveUnansweredIsSummed) {
  EXPECT_THAT(registry_.text(), HasSubstr("kronika_kafka_producer_queue_records 0"));
  for (const char* client : {"producer-1", "producer-2"}) {
    auto producer = stats(0, 0);
    producer.client = client;
    producer.queued_records = 21;
    metrics_.on_client_stats(producer);
  }
  EXPECT_THAT(registry_.text(), HasSubstr("kronika_kafka_producer_queue_records 42"));
}

TEST_F(ClientMetricsTest, RenewedCredentialsAreLoggedAndUnusableOnesToo) {
  telemetry::log::count_in(&registry_);
  metrics_.on_credentials(std::nullopt);
  metrics_.on_credentials("key values mismatch");
  EXPECT_THAT(registry_.text(), HasSubstr("{code=\"CERTIFICATES_CHANGED\",level=\"info\"} 1"));
  EXPECT_THAT(registry_.text(), HasSubstr("{code=\"CERTIFICATE_UNUSABLE\",level=\"warn\"} 1"));
  telemetry::log::count_in(nullptr);
}

TEST_F(ClientMetricsTest, ErrorsAreCountedByKindAndCode) {
  EXPECT_THAT(registry_.text(),
              HasSubstr("kronika_kafka_errors_total{code=\"_SSL\",kind=\"transient\"} 0"));
  metrics_.on_client_error(bus::ClientErrorKind::kTransient, "_TRANSPORT");
  metrics_.on_client_error(bus::ClientErrorKind::kTransient, "_TRANSPORT");
  metrics_.on_client_error(bus::ClientErrorKind::kFatal, "_FATAL");
  EXPECT_THAT(registry_.text(),
              HasSubstr("kronika_kafka_errors_total{code=\"_TRANSPORT\",kind=\"transient\"} 2"));
  EXPECT_THAT(registry_.text(),
              HasSubstr("kronika_kafka_errors_total{code=\"_FATAL\",kind=\"fatal\"} 1"));
}

TEST(StoreMetrics, StoresOfAProcessAreSummedAndTheirSharedCacheIsNot) {
  telemetry::Registry registry;
  store::Usage usage;
  usage.block_cache = 100;
  usage.memtables = 7;
  usage.live_sst = {{"meta", 1}, {"journal", 1000}};
  const auto listed =
      register_store_metrics(registry, [&] { return StoreFigures{{usage, usage}, 1.5, 2}; });
  const auto text = registry.text();
  EXPECT_THAT(text, HasSubstr("kronika_store_bytes{cf=\"journal\"} 2000"));
  EXPECT_THAT(text, HasSubstr("kronika_store_memory_bytes{kind=\"block_cache\"} 100"));
  EXPECT_THAT(text, HasSubstr("kronika_store_memory_bytes{kind=\"memtables\"} 14"));
  EXPECT_THAT(text, HasSubstr("kronika_store_write_stall_seconds_total 1.5"));
  EXPECT_THAT(text, HasSubstr("kronika_store_background_errors_total 2"));
}

}  // namespace
}  // namespace kronika::busmetrics
