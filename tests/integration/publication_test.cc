// Publications through a real broker: cells on indicator-state become a revision on publikation,
// one record a number whoever writes at once.
#include "support/test_broker.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include <kronika/bus/errc.h>
#include <kronika/bus/publisher.h>
#include <kronika/bus/topic_admin.h>
#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/citizen_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/publication/create.h>
#include <kronika/publication/errc.h>
#include <kronika/refdata/loader.h>

namespace kronika::publication {
namespace {

using namespace std::chrono_literals;
using domain::Indicator;
using test_support::TestBroker;

const domain::Rules& rules() {
  static const auto kRules = refdata::load("data/reference", "data/reference/organisations.csv", 1);
  return **kRules;
}

const domain::PublicationPeriod kQuarter{*domain::parse_quarter("2025Q1"), false};
Instant at(const std::string& text) { return domain::parse_instant(text).instant; }

class PublicationTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto started = TestBroker::start();
    ASSERT_TRUE(started) << started.error();
    broker_ = std::move(*started);
  }
  static void TearDownTestSuite() { broker_.reset(); }

  void SetUp() override {
    ASSERT_NE(broker_, nullptr);
    client_.bootstrap_servers = broker_->bootstrap_servers();
    client_.prefix = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    client_.prefix += "-";
    bus::TopicSettings topics;
    topics.partitions = 2;
    ASSERT_TRUE(bus::ensure_topics(client_, topics));
    write_progress("2025-05-01T00:00:00Z");
  }

  void send(const std::string& key, const std::string& value) {
    if (!publisher_) publisher_ = std::move(*bus::Publisher::open(client_));
    bus::Outgoing record;
    record.topic = bus::kIndicatorState;
    record.partition = 0;
    record.key = key;
    record.value = value;
    ASSERT_TRUE(publisher_->publish(record, {}));
    ASSERT_TRUE(publisher_->flush(10s));
  }
  void write_progress(const std::string& as_of) {
    codec::ProgressRecord progress;
    progress.as_of = at(as_of);
    std::string value;
    bus::append_wire_prefix(codec::kProgressSchemaId, value);
    codec::encode_progress(progress, value);
    send(codec::progress_key(0), value);
  }
  void write_cell(domain::Municipality municipality, std::int64_t numerator,
                  std::int64_t denominator, domain::Quarter quarter = kQuarter.quarter,
                  Indicator indicator = Indicator::kI08Uptake) {
    domain::CellKey key;
    key.indicator = indicator;
    key.period = quarter;
    key.at.municipality = municipality;
    key.at.programme = 0;
    codec::IndicatorCell cell;
    cell.value.numerator = numerator;
    cell.value.denominator = denominator;
    std::string value;
    bus::append_wire_prefix(codec::kIndicatorCellSchemaId, value);
    codec::encode_cell(cell, value);
    const auto bytes = key.bytes();
    send(std::string(bytes.data(), bytes.size()), value);
  }

  std::unique_ptr<Maker> maker(domain::TableSettings tables = {}) {
    auto made = Maker::open(client_, rules(), std::move(tables));
    if (!made) throw std::runtime_error(made.error().context);
    return std::move(*made);
  }
  Result<Made> create(Maker& maker, const std::string& now,
                      const domain::PublicationPeriod& period = kQuarter) {
    return maker.create(Indicator::kI08Uptake, period, at(now), true);
  }
  std::vector<domain::Publication> stored() {
    auto all = read_publications(client_);
    if (!all) throw std::runtime_error(all.error().context);
    return std::move(*all);
  }

  static inline std::unique_ptr<TestBroker> broker_;
  bus::ClientOptions client_;
  std::unique_ptr<bus::Publisher> publisher_;
};

TEST_F(PublicationTest, APeriodIsPublishedAndRevisedUnderNumbers) {
  write_cell(751, 20, 40);
  write_cell(740, 10, 30);
  const auto first = create(*maker(), "2025-05-02T09:00:00Z");
  ASSERT_TRUE(first) << first.error().context;
  EXPECT_TRUE(first->published);
  EXPECT_EQ(first->publication.revision, 1U);

  const auto again = create(*maker(), "2025-05-02T21:00:00Z");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, kToday);

  const auto unchanged = create(*maker(), "2025-05-03T09:00:00Z");
  ASSERT_TRUE(unchanged) << unchanged.error().context;
  EXPECT_FALSE(unchanged->published) << "nothing has changed";

  write_cell(751, 30, 50);
  const auto second = create(*maker(), "2025-05-03T10:00:00Z");
  ASSERT_TRUE(second) << second.error().context;
  EXPECT_TRUE(second->published);

  const auto all = stored();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].revision, 1U);
  EXPECT_EQ(all[1].revision, 2U);
  EXPECT_EQ(all[1].as_of, at("2025-05-01T00:00:00Z"));
  EXPECT_EQ(all[1].published_at, at("2025-05-03T10:00:00Z"));
  EXPECT_EQ(all[1].rules, rules().generation);
  EXPECT_TRUE(all[1].includes_simulated);
  ASSERT_EQ(all[1].cut.size(), 2U);
  EXPECT_GT(all[1].cut[0].next_offset, all[0].cut[0].next_offset);
  EXPECT_EQ(all[1].tables, second->publication.tables);
  EXPECT_EQ(all[1].table(domain::TableKind::kNation, "")->total.numerator.value, 40);
}

TEST_F(PublicationTest, OfTwoOperatorsAtOnceOnePublishes) {
  write_cell(751, 20, 40);
  const auto slow = maker();
  const auto quick = maker();  // takes the name
  const auto made = create(*quick, "2025-05-02T09:00:00Z");
  ASSERT_TRUE(made) << made.error().context;
  EXPECT_EQ(made->publication.revision, 1U);
  const auto late = create(*slow, "2025-05-02T09:00:01Z");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, bus::code(bus::Errc::kFenced)) << late.error().context;
  EXPECT_EQ(stored().size(), 1U) << "one record of revision 1";
}

TEST_F(PublicationTest, APeriodThatIsNotOverIsNotPublished) {
  write_cell(751, 20, 40);
  const auto early = create(*maker(), "2025-03-31T21:59:59Z");
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, kPeriodRunning);
  const domain::PublicationPeriod second{*domain::parse_quarter("2025Q2"), false};
  const auto consumers_behind = create(*maker(), "2025-07-02T09:00:00Z", second);
  ASSERT_FALSE(consumers_behind);
  EXPECT_EQ(consumers_behind.error().code, kPeriodRunning);
  EXPECT_TRUE(stored().empty());
}

TEST_F(PublicationTest, TwelveMonthsAreMadeOfPublishedQuarters) {
  const domain::Quarter last = kQuarter.quarter;
  for (int back = 0; back < 5; ++back) write_cell(751, 20, 40, last - back);
  const domain::PublicationPeriod year{last, true};
  const auto too_soon = create(*maker(), "2025-05-02T09:00:00Z", year);
  ASSERT_FALSE(too_soon);
  EXPECT_EQ(too_soon.error().code, kQuartersMissing);
  EXPECT_NE(too_soon.error().context.find("2024Q1"), std::string::npos);
  const auto one = maker();
  for (int back = 0; back < 5; ++back) {
    ASSERT_TRUE(create(*one, "2025-05-02T09:00:00Z", {last - back, false}));
  }
  const auto made = create(*one, "2025-05-02T09:00:00Z", year);
  ASSERT_TRUE(made) << made.error().context;
  EXPECT_EQ(made->publication.table(domain::TableKind::kNation, "")->total.denominator.value, 160);
}

TEST_F(PublicationTest, IncidenceStandsOnThePublishedCasesOfTheQuarterBefore) {
  const domain::Quarter before = kQuarter.quarter - 1;
  domain::Residents residents;
  for (const domain::Quarter quarter : {before, kQuarter.quarter})
    residents.add(quarter, {751, domain::Sex::kFemale, domain::ResidentBand::k45To64}, {1000, 990});
  domain::TableSettings tables{std::make_shared<const domain::Residents>(std::move(residents)),
                               domain::parse_date("2025-01-01")};
  write_cell(751, 100, 0, before, Indicator::kI01Prevalence);
  write_cell(751, 20, 0, kQuarter.quarter, Indicator::kI02Incidence);
  const Instant now = at("2025-05-02T09:00:00Z");
  const auto young = maker(tables)->create(Indicator::kI02Incidence, kQuarter, now, true);
  ASSERT_FALSE(young);
  EXPECT_EQ(young.error().code, kNoFigures) << "an old case would count as a new one";

  tables.data_start = domain::parse_date("2020-01-01");
  const auto one = maker(tables);
  const auto alone = one->create(Indicator::kI02Incidence, kQuarter, now, true);
  ASSERT_FALSE(alone);
  EXPECT_EQ(alone.error().code, kQuartersMissing);
  ASSERT_TRUE(one->create(Indicator::kI01Prevalence, {before, false}, now, true));
  // One more case since then does not show.
  write_cell(751, 101, 0, before, Indicator::kI01Prevalence);
  const auto made = maker(tables)->create(Indicator::kI02Incidence, kQuarter, now, true);
  ASSERT_TRUE(made) << made.error().context;
  const std::string programme = rules().programmes.front().id;
  const auto& total = made->publication.table(domain::TableKind::kNation, programme)->total;
  EXPECT_EQ(total.denominator.value, 900);
  EXPECT_NEAR(total.rate.value, 1000 * 20.0 / 900, 1e-9);
  EXPECT_NE(made->publication.table(domain::TableKind::kRegionSex, ""), nullptr);
}

}  // namespace
}  // namespace kronika::publication
