// What earlier releases left behind is opened, read and continued by this build: for each folder of
// releases/. Where rules or fold have changed since, the states must differ only as a newer
// generation may: its refold ends in what this build computes itself.

#include "fixture.h"
#include "pathways.h"
#include "support/memory_source.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/bus/probe.h>
#include <kronika/bus/task_test_driver.h>
#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/citizen/citizen_task.h>
#include <kronika/codec/citizen_codec.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/publication_codec.h>
#include <kronika/indicators/indicator_task.h>
#include <kronika/refdata/loader.h>
#include <kronika/state/v1/stratification.pb.h>
#include <kronika/store/state_store.h>
#include <kronika/verify/rule_change.h>
#include <kronika/verify/verify.h>

namespace kronika::compat {
namespace {

using citizen::testing::bytes_of;
using citizen::testing::event;
using citizen::testing::person;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace fs = std::filesystem;

const fs::path kReleases = KRONIKA_SOURCE_DIR "/tests/compat/releases";

/// Journal records that were read again, and what the runtime says of stores.
struct Told : bus::RuntimeProbe {
  std::size_t journal = 0;
  std::vector<std::string> lines;
  void on_restored(bus::RestoreKind kind, std::int32_t, std::size_t records) override {
    if (kind == bus::RestoreKind::kJournal) journal += records;
  }
  void on_log(std::string_view code, std::string_view text) override {
    lines.push_back(std::string(code) + ": " + std::string(text));
  }
};

class Compat : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    fixture_ = read_fixture(kReleases / GetParam());
    // The same number where nothing has changed since, else the next, as at a rollout.
    auto same = refdata::load(KRONIKA_SOURCE_DIR "/data/reference",
                              KRONIKA_SOURCE_DIR "/data/reference/organisations.csv",
                              fixture_.generation.ordinal);
    ASSERT_TRUE(same) << same.error().context;
    changed_ = (*same)->generation != fixture_.generation;
    rules_ = *same;
    if (changed_) {
      auto next = refdata::load(KRONIKA_SOURCE_DIR "/data/reference",
                                KRONIKA_SOURCE_DIR "/data/reference/organisations.csv",
                                fixture_.generation.ordinal + 1);
      ASSERT_TRUE(next);
      rules_ = *next;
    }
    folder_ = fs::temp_directory_path() / ("kronika-compat-" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::copy(kReleases / GetParam() / "stores", folder_, fs::copy_options::recursive);
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] bus::TaskSpec citizen_spec() const {
    citizen::Options options;
    options.rules = rules_;
    return citizen::citizen_task_spec(options);
  }
  std::unique_ptr<bus::TaskTestDriver> open(const bus::TaskSpec& spec) {
    bus::TaskTestDriver::Options options;
    options.folder = (folder_ / spec.name).string();
    options.start = Instant{fixture_.now.ms + 86'400'000};
    options.log = fixture_.log;
    options.probe = &told_;
    auto made = bus::TaskTestDriver::create(spec, options);
    EXPECT_TRUE(made) << made.error().context;
    return made ? std::move(*made) : nullptr;
  }
  /// Both tasks, to the end of everything.
  void run() {
    for (const bus::TaskSpec& spec : {citizen_spec(), indicators::indicator_task_spec({})}) {
      const auto driver = open(spec);
      ASSERT_NE(driver, nullptr);
      const auto done = driver->run();
      ASSERT_TRUE(done) << done.error().context;
    }
  }
  void expect_verified() {
    const domain::Fold fold(*rules_);
    test_support::MemorySource source(*fixture_.log);
    verify::Verifier verifier(*rules_, fold, source, {});
    const auto ran = verifier.run(nullptr);
    ASSERT_TRUE(ran) << ran.error().context;
    for (const auto& d : verifier.report().differences) {
      ADD_FAILURE() << d.kind << " at " << d.where << ": " << d.detail;
    }
    EXPECT_TRUE(verifier.report().agrees());
    EXPECT_GT(verifier.report().citizens, 10);
  }
  [[nodiscard]] std::map<std::string, std::string> cells() const {
    auto found = fixture_.log->compacted(bus::kIndicatorState);
    std::erase_if(found, [](const auto& cell) { return cell.first.size() != 12; });
    return found;
  }
  void add(const domain::Event& e) {
    fixture_.log->append(
        domain::topic_of(e.type()), 0,
        {0, Instant{fixture_.now.ms + 1000}, std::string(e.person_key.view()), bytes_of(e), {}});
  }
  /// What a build of another layout would have left.
  void change_store(const std::string& task, const bus::TaskSpec& spec,
                    const std::vector<store::ColumnFamilyOptions>& more,
                    const std::string& identity) {
    store::Options options;
    options.path = (folder_ / task / "0").string();
    options.column_families = spec.column_families;
    options.column_families.insert(options.column_families.end(), more.begin(), more.end());
    auto store = store::StateStore::open(options);
    ASSERT_TRUE(store) << store.error().context;
    store::WriteSet writes;
    if (!identity.empty()) writes.put(store::kMeta, "identity", identity);
    if (!more.empty()) {
      writes.put(static_cast<store::ColumnFamily>(options.column_families.size()), "key", "value");
    }
    ASSERT_TRUE((*store)->apply(writes));
    ASSERT_TRUE((*store)->flush());
  }
  [[nodiscard]] bool moved_aside(const std::string& task) const {
    return fs::exists(folder_ / task / "0.aside");
  }

  Fixture fixture_;
  bool changed_ = false;
  std::shared_ptr<const domain::Rules> rules_;
  fs::path folder_;
  Told told_;
};

bool decodes(std::string_view topic, const bus::StoredRecord& record) {
  const auto wire = bus::read_wire(*record.value);
  if (!wire) return false;
  const std::string_view bytes = wire->message;
  codec::ProgressRecord progress;
  if (codec::is_progress_key(record.key))
    return codec::decode_progress(bytes, progress).has_value();
  if (topic == bus::kCitizenState) {
    codec::CitizenRecord citizen;
    return codec::decode_citizen(bytes, citizen).has_value();
  }
  if (topic == bus::kIndicatorState) {
    codec::IndicatorCell cell;
    return domain::CellKey::from_bytes(record.key) && codec::decode_cell(bytes, cell);
  }
  if (topic == bus::kIndicatorDelta) {
    codec::IndicatorDelta delta;
    return codec::decode_delta(bytes, delta).has_value();
  }
  if (topic == bus::kFlytning) {
    codec::Flytning flytning;
    return codec::decode_flytning(bytes, flytning) && flytning.index() != 0;
  }
  if (topic == bus::kLedger && wire->schema_id == codec::kMessageReceivedSchemaId) {
    codec::MessageReceived received;
    return codec::decode_message_received(bytes, received).has_value();
  }
  if (topic == bus::kLedger) {
    codec::LedgerEntry entry;
    return codec::decode_ledger_entry(bytes, entry).has_value();
  }
  if (topic == bus::kAudit) {
    codec::AuditRecord audit;
    return codec::decode_audit(bytes, audit).has_value();
  }
  if (topic == bus::kPublikation) return codec::decode_publication(bytes).has_value();
  if (topic == bus::kStratification) {
    state::v1::StratificationChange change;
    return change.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  }
  domain::Event event;
  return codec::decode_event(bytes, event).has_value();
}

TEST_P(Compat, EveryRecordDecodes) {
  for (const std::string& topic : fixture_topics()) {
    // Sealed originals, and what nobody could read when it came.
    if (topic == bus::kRaw || topic == bus::kDeadLetter) continue;
    const auto records = fixture_.log->read(topic);
    EXPECT_FALSE(records.empty()) << topic;
    std::size_t unreadable = 0;
    for (const auto& record : records) {
      if (!record.value || *record.value == "garbage") continue;
      if (topic == bus::kCitizenState && record.key.size() != 16 &&
          !codec::is_progress_key(record.key)) {
        continue;  // marks of the runtime
      }
      if (!decodes(topic, record)) ++unreadable;
    }
    EXPECT_EQ(unreadable, 0U) << topic;
  }
}

TEST_P(Compat, AFoldOfItsEventsGivesItsStatesUnlessRulesHaveChanged) {
  test_support::MemorySource source(*fixture_.log);
  verify::RuleChange dry_run(*rules_, source, {});
  const auto ran = dry_run.run();
  ASSERT_TRUE(ran) << ran.error().context;
  EXPECT_GT(dry_run.report().citizens, 10);
  if (changed_) return;  // what its refold comes to is the next test's
  EXPECT_FALSE(dry_run.report().changes_something());
  EXPECT_EQ(dry_run.report().unseen, 0);
  expect_verified();
}

TEST_P(Compat, StoresOpenAndTheTasksContinueFromThem) {
  const auto before = fixture_.log->compacted(bus::kCitizenState);
  add(event(1, "later", 301, citizen::testing::measurement("MCS88137", 20, "{score}")));
  add(event(77, "new", 301,
            domain::DiagnosisRecorded{"SKS", "DJ449", domain::DiagnosisSetting::kGp}));
  run();
  EXPECT_THAT(told_.lines, IsEmpty());
  EXPECT_FALSE(moved_aside("citizen"));
  EXPECT_FALSE(moved_aside("indicators"));
  EXPECT_EQ(told_.journal, 0U);  // the stores' positions were taken: nothing was read again
  expect_verified();
  EXPECT_TRUE(fixture_.log->compacted(bus::kCitizenState).contains(std::string(person(77).view())));
  EXPECT_NE(fixture_.log->compacted(bus::kCitizenState), before);
}

TEST_P(Compat, ANewerGenerationRefoldsItsCitizensFromTheStore) {
  const auto next = refdata::load(KRONIKA_SOURCE_DIR "/data/reference",
                                  KRONIKA_SOURCE_DIR "/data/reference/organisations.csv",
                                  fixture_.generation.ordinal + 1);
  ASSERT_TRUE(next) << next.error().context;
  rules_ = *next;
  run();
  EXPECT_EQ(told_.journal, 0U);
  expect_verified();  // with these rules: each record names them
}

TEST_P(Compat, AnEmptyDiskComesToTheSameFromTheTopicsAlone) {
  run();
  const auto with_stores = cells();
  fixture_ = read_fixture(kReleases / GetParam());
  fs::remove_all(folder_);
  run();
  EXPECT_GT(told_.journal, 100U);
  expect_verified();
  EXPECT_EQ(cells(), with_stores);
}

TEST_P(Compat, AStoreOfAnUnknownLayoutIsMovedAsideWithASentenceAndRebuilt) {
  change_store("citizen", citizen_spec(), {}, "kronika-store 99\nof a build to come\n");
  run();
  EXPECT_TRUE(moved_aside("citizen"));
  EXPECT_THAT(told_.lines, Contains(HasSubstr("is laid out as 'kronika-store 99'")));
  EXPECT_GT(told_.journal, 100U);
  expect_verified();
}

TEST_P(Compat, AStoreWithAFamilyThatThisBuildDoesNotKnowIsMovedAsideAndRebuilt) {
  change_store("citizen", citizen_spec(), {{.name = "future"}}, "");
  run();
  EXPECT_TRUE(moved_aside("citizen"));
  EXPECT_THAT(told_.lines, Contains(HasSubstr("has another layout than this build's")));
  EXPECT_GT(told_.journal, 100U);
  expect_verified();
}

std::vector<std::string> releases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kReleases))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(
    Releases, Compat, ::testing::ValuesIn(releases()), [](const auto& release) {
      std::string name = release.param;
      std::replace_if(
          name.begin(), name.end(),
          [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
      return name;
    });

}  // namespace
}  // namespace kronika::compat
