#include <fcntl.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/busmetrics/runtime_metrics.h>
#include <kronika/telemetry/log.h>

namespace kronika::busmetrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class RuntimeMetricsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    quiet_ = open("/dev/null", O_WRONLY | O_CLOEXEC);
    telemetry::log::configure({.component = "test", .fd = quiet_});
    auto service = telemetry::Service::open({}, "127.0.0.1", 0);
    ASSERT_TRUE(service.has_value());
    service_ = std::move(*service);
    metrics_ = std::make_unique<RuntimeMetrics>(service_->registry(),
                                                Options{.input_topics = {"maaling", "person"},
                                                        .dead_letter_stage = "citizen",
                                                        .dead_letter_reasons = {"CODE_UNKNOWN"}});
  }
  void TearDown() override {
    metrics_->stop_observing();
    service_.reset();
    telemetry::log::configure({});
    close(quiet_);
  }
  std::string text() { return service_->registry().text(); }

  int quiet_ = -1;
  std::unique_ptr<telemetry::Service> service_;
  std::unique_ptr<RuntimeMetrics> metrics_;
};

TEST_F(RuntimeMetricsTest, KnownSeriesBeginAtZero) {
  EXPECT_THAT(text(), HasSubstr("kronika_kafka_consumed_records_total{topic=\"maaling\"} 0"));
  EXPECT_THAT(text(), HasSubstr("kronika_rebalances_total{kind=\"lost\"} 0"));
  EXPECT_THAT(text(), HasSubstr("kronika_transaction_seconds_count{outcome=\"aborted\"} 0"));
  EXPECT_THAT(text(), HasSubstr("kronika_transaction_aborts_total{reason=\"bus_abortable\"} 0"));
  EXPECT_THAT(text(),
              HasSubstr("kronika_dead_letters_total{reason=\"CODE_UNKNOWN\",stage=\"citizen\"} 0"));
  EXPECT_THAT(text(),
              HasSubstr("kronika_dead_letters_total{reason=\"wire_magic\",stage=\"citizen\"} 0"));
}

TEST_F(RuntimeMetricsTest, TransactionsAreCountedByOutcomeWithTheirReasons) {
  metrics_->on_transaction({.committed = true,
                            .duration = std::chrono::milliseconds(20),
                            .records = 500,
                            .produced = 700,
                            .reason = {}});
  metrics_->on_transaction({.committed = false,
                            .duration = std::chrono::milliseconds(5),
                            .records = 3,
                            .produced = 9,
                            .reason = "bus_abort"});
  EXPECT_THAT(text(), HasSubstr("kronika_transaction_seconds_count{outcome=\"committed\"} 1"));
  EXPECT_THAT(text(), HasSubstr("kronika_transaction_records_sum{outcome=\"committed\"} 500"));
  EXPECT_THAT(text(), HasSubstr("kronika_kafka_produced_records_total{outcome=\"acked\"} 700"));
  EXPECT_THAT(text(), HasSubstr("kronika_transaction_aborts_total{reason=\"bus_abort\"} 1"));
}

TEST_F(RuntimeMetricsTest, RecordsDeadLettersRestoreAndErrorsAreCounted) {
  metrics_->on_consumed({.topic = "maaling", .records = 12});
  metrics_->on_dead_letter("citizen", "wire_magic");
  metrics_->on_rebalance(bus::RebalanceKind::kAssign);
  metrics_->on_client_error(bus::ClientErrorKind::kFatal, "FENCED");
  metrics_->on_restored(bus::RestoreKind::kJournal, 4, 1000);
  metrics_->on_log("TASK_RUNNING", "partition 4");
  EXPECT_THAT(text(), HasSubstr("kronika_kafka_consumed_records_total{topic=\"maaling\"} 12"));
  EXPECT_THAT(text(),
              HasSubstr("kronika_dead_letters_total{reason=\"wire_magic\",stage=\"citizen\"} 1"));
  EXPECT_THAT(text(), HasSubstr("kronika_rebalances_total{kind=\"assign\"} 1"));
  EXPECT_THAT(text(), HasSubstr("kronika_kafka_errors_total{code=\"FENCED\",kind=\"fatal\"} 1"));
  EXPECT_THAT(text(),
              HasSubstr("kronika_restore_records_total{partition=\"4\",source=\"journal\"} 1000"));
}

TEST_F(RuntimeMetricsTest, ReasonsBeyondTheBudgetBecomeOther) {
  for (int i = 0; i < 70; ++i) metrics_->on_dead_letter("citizen", "reason_" + std::to_string(i));
  EXPECT_THAT(text(), HasSubstr("kronika_dead_letters_total{reason=\"other\",stage=\"other\"} 15"));
}

TEST_F(RuntimeMetricsTest, GaugesListThePartitionsOwnedNowAndDecideHealth) {
  bus::RuntimeSnapshot now;
  now.last_turn = SystemClock().now();
  now.tasks = {{.partition = 2,
                .state = bus::TaskState::kRestoring,
                .transaction_number = 7,
                .restore_remaining = 40,
                .clock = Instant{2'000},
                .inputs = {{.topic = "person",
                            .position = 5,
                            .high_watermark = 9,
                            .lag = 4,
                            .at_end = false,
                            .position_time = Instant{1'500}}},
                .store_path = {}}};
  metrics_->observe(*service_, [&] { return now; });
  EXPECT_THAT(text(),
              HasSubstr("kronika_consumer_lag_records{topic=\"person\",partition=\"2\"} 4"));
  EXPECT_THAT(
      text(),
      HasSubstr(
          "kronika_consumer_position_timestamp_seconds{topic=\"person\",partition=\"2\"} 1.5"));
  EXPECT_THAT(text(), HasSubstr("kronika_task_state{partition=\"2\",state=\"restoring\"} 1"));
  EXPECT_THAT(text(), HasSubstr("kronika_restore_remaining_records{partition=\"2\"} 40"));
  EXPECT_THAT(text(), HasSubstr("kronika_assigned_partitions{topic=\"person\"} 1"));
  EXPECT_FALSE(service_->ready());
  EXPECT_TRUE(service_->live());

  now.tasks.clear();
  now.all_caught_up = true;
  now.last_turn = Instant{1};
  EXPECT_THAT(text(), Not(HasSubstr("partition=\"2\"")));
  EXPECT_TRUE(service_->ready());
  EXPECT_FALSE(service_->live());

  metrics_->stop_observing();
  EXPECT_TRUE(service_->live()) << "a runtime that was stopped on purpose does not count";
}

}  // namespace
}  // namespace kronika::busmetrics
