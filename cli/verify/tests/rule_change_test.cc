// The dry run of rules: a threshold and a code list are changed in a copy of the reference data,
// and the report must say exactly what a platform with these rules says otherwise.
#include "memory_source.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/citizen_codec.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/domain/differences.h>
#include <kronika/refdata/loader.h>
#include <kronika/verify/errc.h>
#include <kronika/verify/rule_change.h>

namespace kronika::verify {
namespace {

using testing::FakePlatform;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::LogRecord;

namespace fs = std::filesystem;

class RuleChangeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              ("kronika-rules-" + std::to_string(::getpid()) + "-" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::copy(KRONIKA_SOURCE_DIR "/data/reference", folder_);
    for (int i = 0; i < 12; ++i) {
      const PersonKey person = FakePlatform::person("p" + std::to_string(i));
      publish(person, "2026-01-12 09:00",
              domain::DiagnosisRecorded{"SKS", "DJ449", domain::DiagnosisSetting::kGp});
      publish(person, "2026-01-13 09:00", measured("MCS88021", 1, "{score}"));      // MRC
      publish(person, "2026-01-13 09:10", measured("MCS88137", 6 + i, "{score}"));  // CAT
      publish(person, "2026-01-13 09:20", measured("MCS88022", 0, "1"));            // exacerbations
      publish(person, "2026-01-13 09:30", measured("MCS88023", 85, "%"));
    }
    platform_.publish_garbage(FakePlatform::person("p1"), bus::kForloeb);
    platform_.consume("2026-04-02 10:00");
  }
  void TearDown() override { fs::remove_all(folder_); }

  static domain::MeasurementRecorded measured(const char* code, double value, const char* unit) {
    domain::MeasurementRecorded m;
    m.code_system = "MCS";
    m.code = code;
    m.value = value;
    m.unit = unit;
    return m;
  }
  void publish(const PersonKey& person, const std::string& time, domain::Payload payload) {
    domain::JournalEntry& entry = journals_[person].emplace_back();
    entry.event = platform_.event(person, time, std::move(payload));
    entry.origin.offset = static_cast<std::int64_t>(journals_[person].size());
    platform_.publish(entry.event);
  }
  /// All cells, by a plain fold.
  [[nodiscard]] domain::CellDeltas cells(const domain::Rules& rules) const {
    const domain::Fold fold(rules);
    const Instant as_of = testing::at("2026-04-02 10:00");
    domain::CellDeltas sums;
    for (const auto& [person, journal] : journals_) {
      const auto effective = domain::effective_events(journal, {.as_of = as_of});
      const auto state = fold.refold(person, effective.events);
      domain::add_difference({}, fold.contributions(state, as_of), false, sums);
    }
    return sums;
  }
  /// Replaces one line of the copied reference data.
  void change(const std::string& file, const std::string& from, const std::string& to) const {
    std::ifstream in(folder_ / file);
    std::stringstream text;
    text << in.rdbuf();
    std::string bytes = text.str();
    const auto at = bytes.find(from);
    ASSERT_NE(at, std::string::npos) << file;
    bytes.replace(at, from.size(), to);
    std::ofstream(folder_ / file) << bytes;
  }
  [[nodiscard]] std::shared_ptr<const domain::Rules> rules(std::uint32_t ordinal) const {
    const auto loaded = refdata::load(folder_, folder_ / "organisations.csv", ordinal);
    EXPECT_TRUE(loaded) << loaded.error().context;
    return loaded ? *loaded : nullptr;
  }
  Result<RuleChangeReport> dry_run(std::uint32_t ordinal) {
    const auto proposed = rules(ordinal);
    MemorySource source(platform_);
    RuleChangeOptions options;
    options.on_citizen = [&](const PersonKey& person, const std::vector<Change>&) {
      changed_.push_back(person);
    };
    RuleChange run(*proposed, source, options);
    if (auto ok = run.run(); !ok) return tl::unexpected(ok.error());
    std::sort(changed_.begin(), changed_.end());
    return run.report();
  }
  static std::int64_t citizens(const RuleChangeReport& report, const Change& change) {
    const auto at = report.changes.find(change);
    return at == report.changes.end() ? 0 : at->second;
  }
  /// Those whose CAT score lies in [low, high].
  static std::vector<PersonKey> with_cat(int low, int high) {
    std::vector<PersonKey> people;
    for (int i = 0; i < 12; ++i) {
      if (6 + i >= low && 6 + i <= high)
        people.push_back(FakePlatform::person("p" + std::to_string(i)));
    }
    std::sort(people.begin(), people.end());
    return people;
  }

  fs::path folder_;
  FakePlatform platform_;
  std::map<PersonKey, std::vector<domain::JournalEntry>> journals_;
  std::vector<PersonKey> changed_;
};

TEST_F(RuleChangeTest, TheSameRulesUnderTheNextNumberChangeNothing) {
  const auto report = dry_run(2);
  ASSERT_TRUE(report) << report.error().context;
  EXPECT_FALSE(report->changes_something());
  EXPECT_EQ(report->citizens, 12);
  EXPECT_EQ(report->events, 60);
  EXPECT_EQ(report->unseen, 0);
  EXPECT_EQ(report->present, platform_.rules().generation);
  EXPECT_THAT(report->rows, IsEmpty());
  EXPECT_THAT(changed_, IsEmpty());
}

TEST_F(RuleChangeTest, AThresholdNamesExactlyThoseBetweenTheOldAndTheNewOne) {
  change("ruleset_branches.csv", "KOL,2026,abe,CAT >= 10,B", "KOL,2026,abe,CAT >= 13,B");
  change("ruleset_branches.csv", "KOL,2026,abe,dyspnoea <= 2 and CAT < 10,A",
         "KOL,2026,abe,dyspnoea <= 2 and CAT < 13,A");
  const auto report = dry_run(2);
  ASSERT_TRUE(report) << report.error().context;
  EXPECT_TRUE(report->changes_something());
  EXPECT_EQ(report->changed, 3);
  EXPECT_EQ(changed_, with_cat(10, 12));
  EXPECT_EQ(citizens(*report, {"KOL", "proposed_level", "2", "1"}), 3);
  EXPECT_EQ(citizens(*report, {"KOL", "output abe", "B", "A"}), 3);
  EXPECT_EQ(report->changes.size(), 2U);
}

TEST_F(RuleChangeTest, CellsAndRowsAreThoseOfAFoldWithTheNewRules) {
  // A diagnosis that opens no pathway any more.
  change("diagnoses.csv", "KOL,KOL,SKS,DJ44,prefix,Region H KOL programme\n", "");
  const auto report = dry_run(2);
  ASSERT_TRUE(report) << report.error().context;
  EXPECT_EQ(report->changed, 12);
  EXPECT_EQ(citizens(*report, {"KOL", "state", "DIAGNOSED", "no pathway"}), 12);

  const domain::CellDeltas before = cells(platform_.rules());
  domain::CellDeltas after = before;
  for (const CellChange& cell : report->cells) {
    const auto present = before.find(cell.cell);
    EXPECT_EQ(cell.before, present == before.end() ? domain::CellValue() : present->second);
    after[cell.cell] = cell.after;
    if (cell.after.is_zero()) after.erase(cell.cell);
  }
  EXPECT_EQ(after, cells(*rules(2)));
  EXPECT_NE(after, before);
  const auto nation =
      std::find_if(report->rows.begin(), report->rows.end(), [](const RowChange& row) {
        return row.indicator == domain::Indicator::kI01Prevalence && row.period == "2026Q1" &&
               row.table == domain::TableKind::kNation && row.programme == "KOL";
      });
  ASSERT_NE(nation, report->rows.end());
  EXPECT_EQ(nation->before.numerator, 12);
  EXPECT_EQ(nation->after.numerator, 0);
  EXPECT_EQ(nation->key, "DK");
}

TEST_F(RuleChangeTest, AnotherOrderOfProgrammesIsNoChangeOfFigures) {
  // KOL moves from the first row to the second: every number of a programme is another one.
  std::ifstream in(folder_ / "programmes.csv");
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::swap(lines[1], lines[2]);
  std::ofstream out(folder_ / "programmes.csv");
  for (const std::string& line : lines) out << line << '\n';
  out.close();
  const auto report = dry_run(2);
  ASSERT_TRUE(report) << report.error().context;
  EXPECT_FALSE(report->changes_something());
  EXPECT_EQ(report->unseen, 12);
}

TEST_F(RuleChangeTest, OtherFilesUnderTheSameNumberAreRefused) {
  change("ruleset_branches.csv", "KOL,2026,abe,CAT >= 10,B", "KOL,2026,abe,CAT >= 13,B");
  const auto report = dry_run(1);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, code<Errc::kRulesRefused>());
  EXPECT_THAT(report.error().context, HasSubstr("--generation 2"));
}

TEST_F(RuleChangeTest, AnOlderNumberIsRefused) {
  const auto report = dry_run(0);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, code<Errc::kRulesRefused>());
  EXPECT_THAT(report.error().context, HasSubstr("going back"));
}

TEST_F(RuleChangeTest, NothingIsSaidWhileCitizensAwaitARefold) {
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
  const auto report = dry_run(2);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, code<Errc::kNotComplete>());
}

}  // namespace
}  // namespace kronika::verify
