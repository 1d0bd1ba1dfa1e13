// The indicator task under TaskTestDriver: sums are exact through aborts, crashes and lost stores,
// and a cell that comes back to zero is deleted.

#include <filesystem>
#include <map>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include <kronika/bus/task_test_driver.h>
#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/citizen_codec.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/indicators/indicator_task.h>

namespace kronika::indicators {
namespace {

domain::CellKey cell(int municipality) {
  domain::CellKey key;
  key.indicator = domain::Indicator::kI01Prevalence;
  key.period = *domain::parse_quarter("2025Q1");
  key.at.municipality = static_cast<domain::Municipality>(municipality);
  return key;
}

class IndicatorTaskTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("kronika-indicators-" + std::to_string(::getpid()) + "-" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    bus::TaskTestDriver::Options options;
    options.folder = folder_.string();
    auto made = bus::TaskTestDriver::create(indicator_task_spec({.cached_cells = 2}), options);
    ASSERT_TRUE(made) << made.error().context;
    driver_ = std::move(*made);
  }
  void TearDown() override {
    driver_.reset();
    std::filesystem::remove_all(folder_);
  }

  void pipe(int municipality, std::int64_t numerator) {
    domain::CellDifferences changes(1);
    changes[0].cell = cell(municipality);
    changes[0].value.numerator = numerator;
    changes[0].value.buckets = {{21, numerator}};
    std::string value;
    bus::append_wire_prefix(codec::kIndicatorDeltaSchemaId, value);
    codec::encode_delta(1, changes, value);
    driver_->pipe(bus::kIndicatorDelta, {"\0\0\0\0", 4}, value);
  }
  std::map<int, std::int64_t> sums() {
    std::map<int, std::int64_t> found;
    for (const auto& [key, value] : driver_->log().compacted(bus::kIndicatorState)) {
      if (codec::is_progress_key(key)) continue;
      codec::IndicatorCell sum;
      EXPECT_TRUE(codec::decode_cell(bus::read_wire(value)->message, sum));
      EXPECT_EQ(sum.value.buckets.at(0).second, sum.value.numerator);
      found[domain::CellKey::from_bytes(key)->at.municipality] = sum.value.numerator;
    }
    return found;
  }

  std::filesystem::path folder_;
  std::unique_ptr<bus::TaskTestDriver> driver_;
};

TEST_F(IndicatorTaskTest, SumsDifferencesAndDeletesACellThatComesBackToZero) {
  pipe(101, 3);
  pipe(751, 2);
  pipe(101, -1);
  ASSERT_TRUE(driver_->run());
  EXPECT_EQ(sums(), (std::map<int, std::int64_t>{{101, 2}, {751, 2}}));
  pipe(751, -2);
  ASSERT_TRUE(driver_->run());
  EXPECT_EQ(sums(), (std::map<int, std::int64_t>{{101, 2}}));
}

TEST_F(IndicatorTaskTest, AbortsCrashesAndLostStoresChangeNoSum) {
  std::map<int, std::int64_t> expected;
  for (int i = 0; i < 40; ++i) {
    const int municipality = 101 + i % 7;
    pipe(municipality, i + 1);
    expected[municipality] += i + 1;
    ASSERT_TRUE(driver_->poll());
    switch (i % 5) {
      case 0:
        ASSERT_TRUE(driver_->abort());
        break;
      case 1:
        ASSERT_TRUE(driver_->crash());
        break;
      case 2:
        ASSERT_TRUE(driver_->crash_after_commit());
        break;
      case 3:
        ASSERT_TRUE(driver_->lose_store());
        break;
      default:
        driver_->fail_commits(1);
        ASSERT_TRUE(driver_->run());
    }
  }
  ASSERT_TRUE(driver_->run());
  EXPECT_EQ(sums(), expected);
}

TEST_F(IndicatorTaskTest, ARecordThatIsNoDifferenceIsDeadLettered) {
  driver_->pipe(bus::kIndicatorDelta, "key", "not a difference");
  pipe(101, 1);
  ASSERT_TRUE(driver_->run());
  EXPECT_EQ(sums(), (std::map<int, std::int64_t>{{101, 1}}));
  EXPECT_EQ(driver_->log().read(bus::kDeadLetter).size(), 1U);
}

}  // namespace
}  // namespace kronika::indicators
