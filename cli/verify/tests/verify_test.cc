// A checker nobody has seen fail is no checker: a loss, a duplicate and a change are planted, and
// must be found.
#include "memory_source.h"

#include <algorithm>

#include <gtest/gtest.h>

#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/citizen_codec.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/verify/verify.h>

namespace kronika::verify {
namespace {

using testing::FakePlatform;
using testing::LogRecord;

// A gateway that publishes what the log's cells say, or one row more.
class FakeGateway final : public GatewaySource {
 public:
  Result<std::vector<std::string>> reports(Instant as_of) override {
    std::vector<domain::ReportRecord> records;
    for (int p = 0; p < FakePlatform::kPartitions; ++p) {
      for (const LogRecord& record : platform_.log(bus::kRapport, p)) {
        domain::ReportRecord& r = records.emplace_back();
        r.key = record.key;
        r.origin = {record.timestamp, 0, p, record.offset};
        (void)codec::decode_event(bus::read_wire(record.value)->message, r.event.emplace());
      }
    }
    auto reporting = domain::fold_reports(platform_.rules(), records, {as_of, Instant::max()});
    if (wrong_goal) reporting.goals.back().status = domain::GoalStatus::kReached;
    return lines_of(reporting);
  }

  explicit FakeGateway(FakePlatform& platform) : platform_(platform) {}
  bool wrong = false;
  bool wrong_goal = false;

  Result<std::map<std::int32_t, std::int64_t>> positions() override {
    std::map<std::int32_t, std::int64_t> out;
    for (int p = 0; p < FakePlatform::kPartitions; ++p) {
      const auto& records = platform_.log(bus::kIndicatorState, p);
      out[p] = records.empty() ? 0 : records.back().offset + 1;
    }
    return out;
  }
  Result<std::vector<domain::PublishedRow>> table(const TableQuery& query) override {
    std::map<domain::CellKey, domain::CellValue> cells;
    for (int p = 0; p < FakePlatform::kPartitions; ++p) {
      for (const LogRecord& record : platform_.log(bus::kIndicatorState, p)) {
        const auto key = domain::CellKey::from_bytes(record.key);
        codec::IndicatorCell cell;
        if (key && codec::decode_cell(bus::read_wire(record.value)->message, cell))
          cells[*key] = cell.value;
      }
    }
    domain::TableMaker maker(
        platform_.rules(), {},
        [&](domain::Indicator indicator, domain::Quarter quarter,
            bool rolling) -> Result<domain::AreaCells> {
          domain::AreaCells out;
          for (const auto& [key, value] : cells) {
            if (key.indicator == indicator && key.period == quarter && key.rolling == rolling)
              domain::add_cell(key, value, out);
          }
          return out;
        });
    const auto published =
        maker.make(*domain::indicator_info(query.indicator), query.period, query.rolling);
    if (!published) return tl::unexpected(published.error());
    auto rows = (*published)->rows(query.table, query.programme);
    rows.push_back((*published)->total(query.programme));
    if (wrong) rows.back().numerator = {domain::FigureStatus::kShown, 3};  // a small count leaves
    return rows;
  }

 private:
  FakePlatform& platform_;
};

class VerifyTest : public ::testing::Test {
 protected:
  VerifyTest() {
    for (int i = 0; i < 20; ++i) {
      const PersonKey person = FakePlatform::person("p" + std::to_string(i));
      const std::string day = std::to_string(10 + i % 15);
      publish(person, "2025-01-" + day + " 09:00",
              domain::DiagnosisRecorded{"SKS", "DJ449", domain::DiagnosisSetting::kGp});
      publish(person, "2025-02-" + day + " 09:00", testing::assessed("KOL", 2));
      publish(person, "2025-03-" + day + " 09:00",
              testing::referral("R" + std::to_string(i), "KOL"));
    }
    platform_.publish_garbage(FakePlatform::person("p1"), bus::kForloeb);
    platform_.consume("2025-06-01 10:00");
    for (int i = 0; i < 20; i += 2) {
      publish(FakePlatform::person("p" + std::to_string(i)), "2025-04-02 09:00",
              testing::accepted("R" + std::to_string(i)));
    }
    platform_.consume("2025-07-02 10:00");
  }
  void publish(const PersonKey& person, const std::string& time, domain::Payload payload) {
    platform_.publish(platform_.event(person, time, std::move(payload)));
  }
  Report run(GatewaySource* gateway = nullptr) {
    MemorySource source(platform_);
    Options options;
    options.shared_facts = true;
    Verifier verifier(platform_.rules(), platform_.fold(), source, options);
    const auto done = verifier.run(gateway);
    EXPECT_TRUE(done.has_value());
    return verifier.report();
  }
  static bool has(const Report& report, const std::string& kind) {
    return std::any_of(report.differences.begin(), report.differences.end(),
                       [&](const Difference& d) { return d.kind == kind; });
  }
  static std::string text(const Report& report) {
    std::string out;
    for (const Difference& d : report.differences)
      out += d.kind + " " + d.where + ": " + d.detail + "\n";
    return out;
  }
  // The last state record of a partition.
  LogRecord& a_state(int partition) {
    auto& records = platform_.log(bus::kCitizenState, partition);
    return *std::find_if(records.rbegin(), records.rend(),
                         [](const LogRecord& r) { return r.key.size() == 16; });
  }

  // The last cell that the indicator tasks wrote.
  LogRecord* a_cell() {
    for (int p = 0; p < FakePlatform::kPartitions; ++p) {
      auto& records = platform_.log(bus::kIndicatorState, p);
      const auto cell = std::find_if(records.rbegin(), records.rend(),
                                     [](const LogRecord& r) { return r.key.size() == 12; });
      if (cell != records.rend()) return &*cell;
    }
    return nullptr;
  }

  FakePlatform platform_;
};

TEST_F(VerifyTest, AFactUnderTwoPersonsIsListedAndIsNoDifference) {
  auto event =
      platform_.event(FakePlatform::person("p1"), "2025-05-02 09:00",
                      domain::DiagnosisRecorded{"SKS", "DE119", domain::DiagnosisSetting::kGp});
  platform_.publish(event);
  platform_.consume("2025-07-03 10:00");
  EXPECT_EQ(run().shared_fact_count, 0);
  event.person_key = FakePlatform::person("p2");
  event.event_id.bytes[0] ^= 1;
  platform_.publish(event);
  platform_.consume("2025-07-04 10:00");
  const Report report = run();
  EXPECT_TRUE(report.agrees()) << text(report);
  EXPECT_EQ(report.shared_fact_count, 1);
  ASSERT_EQ(report.shared_facts.size(), 1U);
  EXPECT_TRUE(report.shared_facts[0].first.starts_with("forloeb/"));
}

TEST_F(VerifyTest, ReportsAreFoldedOnceMoreAndAWrongGoalIsFound) {
  domain::GoalProgressReported goal;
  goal.area = 2;
  goal.owner = "Sundhed";
  goal.measurable_target = "60 courses";
  goal.status = domain::GoalStatus::kInProgress;
  domain::Event e = platform_.event({}, "2025-03-01 10:00", goal);
  e.sender_org = "990000000000301";
  platform_.publish(e);
  FakeGateway gateway(platform_);
  const Report right = run(&gateway);
  EXPECT_EQ(right.reports, 1);
  EXPECT_FALSE(has(right, "report")) << text(right);
  gateway.wrong_goal = true;
  EXPECT_TRUE(has(run(&gateway), "report"));
}

TEST_F(VerifyTest, AgreesWithAPlatformThatIsRight) {
  FakeGateway gateway(platform_);
  const Report report = run(&gateway);
  EXPECT_TRUE(report.agrees()) << text(report);
  EXPECT_EQ(report.citizens, 20);
  EXPECT_EQ(report.refused, 1);
  EXPECT_EQ(report.events, 70);
  EXPECT_GT(report.cells, 0);
  EXPECT_GT(report.tables, 0);
  EXPECT_TRUE(report.notes.empty());
}

TEST_F(VerifyTest, AgreesWhileEventsAndDeltasAreStillUnread) {
  publish(FakePlatform::person("p3"), "2025-05-02 09:00",
          testing::accepted("R3"));  // not consumed yet
  EXPECT_TRUE(run().agrees());
  // The indicator tasks are behind the citizen tasks: their last records are not written yet.
  for (int p = 0; p < FakePlatform::kPartitions; ++p) {
    auto& records = platform_.log(bus::kIndicatorState, p);
    const auto first_progress =
        std::find_if(records.begin(), records.end(),
                     [](const LogRecord& r) { return codec::is_progress_key(r.key); });
    records.erase(first_progress + 1, records.end());
  }
  const Report report = run();
  EXPECT_TRUE(report.agrees()) << text(report);
}

TEST_F(VerifyTest, AgreesWhereTheIndicatorTasksAreAheadOfTheStatesThatWereRead) {
  for (int p = 0; p < FakePlatform::kPartitions;
       ++p) {  // as if citizen-state had been read before the second transaction
    auto& records = platform_.log(bus::kCitizenState, p);
    const auto first_progress =
        std::find_if(records.begin(), records.end(),
                     [](const LogRecord& r) { return codec::is_progress_key(r.key); });
    records.erase(first_progress + 1, records.end());
  }
  const Report report = run();
  EXPECT_TRUE(report.agrees()) << text(report);
}

TEST_F(VerifyTest, SaysThatNothingCanBeComparedWhileCitizensAwaitARefold) {
  auto& records = platform_.log(bus::kCitizenState, 0);
  const auto last = std::find_if(records.rbegin(), records.rend(),
                                 [](const LogRecord& r) { return codec::is_progress_key(r.key); });
  ASSERT_NE(last, records.rend());
  codec::ProgressRecord progress;
  ASSERT_TRUE(codec::decode_progress(bus::read_wire(last->value)->message, progress));
  progress.awaiting_refold = 2;
  last->value.clear();
  bus::append_wire_prefix(codec::kProgressSchemaId, last->value);
  codec::encode_progress(progress, last->value);
  std::erase_if(records, [](const LogRecord& r) { return !codec::is_progress_key(r.key); });
  const Report report = run();
  EXPECT_EQ(report.awaiting_refold, 2U);
  EXPECT_FALSE(report.agrees());
  EXPECT_EQ(report.difference_count, 0) << text(report);
}

TEST_F(VerifyTest, FindsALostState) {
  auto& records = platform_.log(bus::kCitizenState, 0);
  const std::string key = a_state(0).key;
  std::erase_if(records, [&](const LogRecord& r) { return r.key == key; });
  EXPECT_TRUE(has(run(), "state_missing"));
}

TEST_F(VerifyTest, FindsAnEventThatWasLostOnTheWayIntoItsState) {
  auto& records = platform_.log(bus::kHenvisning, 0);
  ASSERT_FALSE(records.empty());
  domain::Event late =
      platform_.event(*PersonKey::from_bytes(records.front().key), "2025-03-20 09:00",
                      domain::DiagnosisRecorded{"SKS", "DE119", {}});
  // The event stands in the log below the consumer's position, but no state knows it.
  auto& events = platform_.log(bus::kForloeb, FakePlatform::partition_of(late.person_key));
  platform_.publish(late);
  std::swap(events.back().value, events[0].value);
  std::swap(events.back().key, events[0].key);
  EXPECT_TRUE(has(run(), "state"));
}

TEST_F(VerifyTest, FindsAStateThatSaysSomethingElse) {
  LogRecord& state = a_state(1);
  codec::CitizenRecord record;
  ASSERT_TRUE(codec::decode_citizen(bus::read_wire(state.value)->message, record));
  record.state.episodes.at(0).receiver = "990000000000999";
  state.value.clear();
  bus::append_wire_prefix(codec::kCitizenStateSchemaId, state.value);
  const auto evaluation = platform_.fold().evaluate(record.state, record.as_of);
  codec::encode_citizen(platform_.rules(), record, &evaluation, state.value);
  EXPECT_TRUE(has(run(), "state"));
}

TEST_F(VerifyTest, FindsContributionsThatAreNotThoseOfTheState) {
  LogRecord& state = a_state(1);
  codec::CitizenRecord record;
  ASSERT_TRUE(codec::decode_citizen(bus::read_wire(state.value)->message, record));
  ASSERT_FALSE(record.contributions.empty());
  record.contributions.pop_back();
  state.value.clear();
  bus::append_wire_prefix(codec::kCitizenStateSchemaId, state.value);
  const auto evaluation = platform_.fold().evaluate(record.state, record.as_of);
  codec::encode_citizen(platform_.rules(), record, &evaluation, state.value);
  EXPECT_TRUE(has(run(), "contributions"));
}

TEST_F(VerifyTest, FindsADeltaThatWasSummedTwice) {
  LogRecord* cell = a_cell();
  ASSERT_NE(cell, nullptr);
  codec::IndicatorCell value;
  ASSERT_TRUE(codec::decode_cell(bus::read_wire(cell->value)->message, value));
  value.value += value.value;
  cell->value.clear();
  bus::append_wire_prefix(codec::kIndicatorCellSchemaId, cell->value);
  codec::encode_cell(value, cell->value);
  EXPECT_TRUE(has(run(), "cell"));
}

TEST_F(VerifyTest, FindsALostDelta) {
  ASSERT_NE(a_cell(), nullptr);
  const std::string key = a_cell()->key;
  for (int p = 0; p < FakePlatform::kPartitions; ++p) {
    std::erase_if(platform_.log(bus::kIndicatorState, p),
                  [&](const LogRecord& r) { return r.key == key; });
  }
  EXPECT_TRUE(has(run(), "cell"));
}

TEST_F(VerifyTest, FindsASmallCountThatTheGatewayLetsOut) {
  FakeGateway gateway(platform_);
  gateway.wrong = true;
  EXPECT_TRUE(has(run(&gateway), "table"));
}

TEST_F(VerifyTest, FindsAStateThatSleptThroughItsDeadline) {
  for (int p = 0; p < FakePlatform::kPartitions; ++p) {
    for (LogRecord& record : platform_.log(bus::kCitizenState, p)) {
      if (!codec::is_progress_key(record.key)) continue;
      codec::ProgressRecord progress;
      ASSERT_TRUE(codec::decode_progress(bus::read_wire(record.value)->message, progress));
      progress.as_of = testing::at("2027-01-01 00:00");
      record.value.clear();
      bus::append_wire_prefix(codec::kProgressSchemaId, record.value);
      codec::encode_progress(progress, record.value);
    }
  }
  EXPECT_TRUE(has(run(), "deadline"));
}

TEST_F(VerifyTest, ListsABoundedNumberOfDifferencesAndCountsAll) {
  for (int p = 0; p < FakePlatform::kPartitions; ++p) {
    auto& records = platform_.log(bus::kCitizenState, p);
    std::erase_if(records, [](const LogRecord& r) { return r.key.size() == 16; });
  }
  MemorySource source(platform_);
  Options options;
  options.max_differences = 3;
  Verifier verifier(platform_.rules(), platform_.fold(), source, options);
  ASSERT_TRUE(verifier.run(nullptr));
  EXPECT_EQ(verifier.report().differences.size(), 3U);
  EXPECT_GE(verifier.report().difference_count, 20);
}

}  // namespace
}  // namespace kronika::verify
