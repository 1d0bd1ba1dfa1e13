// The four target pictures from publications in a view.
#include "indicator_figures.h"

#include "fake_platform.h"

#include <filesystem>

#include <gtest/gtest.h>

#include <kronika/bus/wire.h>
#include <kronika/codec/publication_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/domain/publication.h>
#include <kronika/domain/table_cells.h>

namespace kronika::gateway {
namespace {

using domain::Indicator;
using testing::at;
using testing::FakePlatform;

struct Unit {
  domain::Municipality municipality = 751;  // Aarhus, 1082
  domain::EducationGroup education = domain::EducationGroup::kLow;
  std::int64_t numerator = 0;
  std::int64_t denominator = 0;
  std::int64_t unknown = 0;
};

class IndicatorFiguresTest : public ::testing::Test {
 protected:
  IndicatorFiguresTest()
      : folder_(std::filesystem::path(::testing::TempDir()) / "kronika-indicator-figures") {
    std::filesystem::remove_all(folder_);
    view_ = std::move(*View::open({.path = folder_, .identity = "c/"}));
  }
  ~IndicatorFiguresTest() override {
    view_.reset();
    std::filesystem::remove_all(folder_);
  }

  /// As `kronika publication create` makes it, revisions and all.
  void publish(Indicator indicator, const std::string& period, const std::vector<Unit>& units) {
    const domain::Rules& rules = platform_.rules();
    const domain::IndicatorInfo& info = *domain::indicator_info(indicator);
    domain::Publication next;
    next.indicator = indicator;
    next.period = *domain::parse_period(period);
    domain::AreaCells cells;
    for (const Unit& unit : units) {
      domain::CellKey key;
      key.indicator = indicator;
      key.period = next.period.quarter;
      key.at.municipality = unit.municipality;
      key.at.education = unit.education;
      domain::CellValue value;
      value.numerator = unit.numerator;
      value.denominator = unit.denominator;
      value.unknown = unit.unknown;
      domain::add_cell(key, value, cells);
    }
    next.tables = domain::published_tables(rules, info, {rules, info, next.period.quarter, cells});
    auto& earlier = earlier_[{indicator, next.period}];
    ASSERT_TRUE(domain::revise(rules, next, earlier));
    std::string value;
    bus::append_wire_prefix(codec::kPublicationSchemaId, value);
    value += codec::encode_publication(next);
    const std::string key = domain::publication_key(indicator, next.period, next.revision);
    bus::Record record;
    record.topic = bus::kPublikation;
    record.offset = offset_++;
    record.timestamp = at("2026-05-04 05:00");
    record.key = key;
    record.value = value;
    ASSERT_TRUE(view_->apply(std::span(&record, 1), {}));
    earlier.push_back(std::move(next));
  }

  static std::optional<double> find(const std::vector<telemetry::Sample>& samples,
                                    const telemetry::Labels& labels) {
    for (const telemetry::Sample& sample : samples) {
      if (sample.labels == labels) return sample.value;
    }
    return std::nullopt;
  }
  IndicatorFigures figures() {
    auto made = indicator_figures(*view_, platform_.rules());
    EXPECT_TRUE(made);
    return std::move(*made);
  }
  static telemetry::Labels uptake(const std::string& region) {
    return {{"picture", "coherence"}, {"indicator", "I-08"}, {"region", region}};
  }

  std::filesystem::path folder_;
  FakePlatform platform_;
  std::unique_ptr<View> view_;
  std::map<std::pair<Indicator, domain::PublicationPeriod>, std::vector<domain::Publication>>
      earlier_;
  std::int64_t offset_ = 0;
};

TEST_F(IndicatorFiguresTest, OfNothingPublishedThereIsNothing) {
  const IndicatorFigures made = figures();
  EXPECT_TRUE(made.value.empty());
  EXPECT_TRUE(made.suppressed.empty());
  EXPECT_TRUE(made.target.empty());
}

TEST_F(IndicatorFiguresTest, ShowsTheNewestQuarterForTheNationAndEachRegion) {
  publish(Indicator::kI08Uptake, "2025Q4", {{751, {}, 1, 100}, {101, {}, 50, 100}});
  publish(Indicator::kI08Uptake, "2026Q1", {{751, {}, 60, 90}, {101, {}, 50, 90}});
  const IndicatorFigures made = figures();
  EXPECT_EQ(find(made.value, uptake("1082")), 0.667);
  EXPECT_EQ(find(made.value, uptake("1084")), 0.556);
  EXPECT_EQ(find(made.value, uptake("all")), 0.611);
  EXPECT_EQ(find(made.suppressed, {{"picture", "coherence"}, {"indicator", "I-08"}}), 0);
  EXPECT_EQ(find(made.period_end, {{"indicator", "I-08"}}),
            static_cast<double>(domain::end_of_day(*domain::parse_date("2026-03-31")).ms) / 1000);
}

TEST_F(IndicatorFiguresTest, CountsPlacesThatArePublishedAsSuppressedAndServesNoneOfThem) {
  publish(Indicator::kI08Uptake, "2026Q1", {{751, {}, 2, 90}, {101, {}, 50, 90}});
  const IndicatorFigures made = figures();
  EXPECT_FALSE(find(made.value, uptake("1082")));
  EXPECT_FALSE(find(made.value, uptake("1084"))) << "the nation less it is the small one";
  EXPECT_EQ(find(made.value, uptake("all")), 0.289);
  EXPECT_EQ(find(made.suppressed, {{"picture", "coherence"}, {"indicator", "I-08"}}), 2);
}

TEST_F(IndicatorFiguresTest, AFigureThatALaterRevisionWithholdsIsReadInTheEarlierOne) {
  publish(Indicator::kI08Uptake, "2026Q1", {{751, {}, 60, 90, 10}, {101, {}, 50, 90, 10}});
  // News of the unknown alone: 60 and 62 together would tell of two.
  publish(Indicator::kI08Uptake, "2026Q1", {{751, {}, 62, 90, 30}, {101, {}, 70, 90, 30}});
  const IndicatorFigures made = figures();
  EXPECT_EQ(find(made.value, uptake("1082")), 0.667);
  EXPECT_EQ(find(made.value, uptake("all")), 0.611);
  EXPECT_EQ(find(made.suppressed, {{"picture", "coherence"}, {"indicator", "I-08"}}), 0);
}

TEST_F(IndicatorFiguresTest, WhatNoRevisionShowsIsSuppressed) {
  for (const std::int64_t unknown : {10, 30, 50}) {
    publish(Indicator::kI08Uptake, "2026Q1", {{751, {}, 2, 90, unknown}, {101, {}, 50, 90}});
  }
  const IndicatorFigures made = figures();
  EXPECT_FALSE(find(made.value, uptake("1082")));
  EXPECT_EQ(find(made.value, uptake("all")), 0.289);
  EXPECT_EQ(find(made.suppressed, {{"picture", "coherence"}, {"indicator", "I-08"}}), 2);
}

TEST_F(IndicatorFiguresTest, TheGapOfEducationIsLowLessHighOfTheNation) {
  publish(Indicator::kI08Uptake, "2026Q1",
          {{751, domain::EducationGroup::kLow, 50, 100},
           {751, domain::EducationGroup::kHigh, 70, 100}});
  const IndicatorFigures made = figures();
  EXPECT_EQ(
      find(made.value, {{"picture", "equality"}, {"indicator", "I-23/I-08"}, {"region", "all"}}),
      -0.2);
}

TEST_F(IndicatorFiguresTest, NamesTheStandardOnTheScaleOfTheFigure) {
  publish(Indicator::kI17SmokingStatus, "2026Q1", {{751, {}, 50, 100}});
  EXPECT_EQ(
      find(figures().target, {{"picture", "quality"}, {"indicator", "I-17"}, {"direction", ">="}}),
      0.9);
}

TEST(Rounded, KeepsThreeDigits) {
  EXPECT_DOUBLE_EQ(rounded(0.66666), 0.667);
  EXPECT_DOUBLE_EQ(rounded(-0.066666), -0.0667);
  EXPECT_DOUBLE_EQ(rounded(1234.5), 1230);
  EXPECT_DOUBLE_EQ(rounded(0), 0);
  EXPECT_DOUBLE_EQ(rounded(1), 1);
}

TEST(IndicatorSeries, AreBounded) {
  // Five regions; docs/operations.md: the gateway's budget is 1,500 series in all.
  EXPECT_LE(most_indicator_series(5), 235U);
}

}  // namespace
}  // namespace kronika::gateway
