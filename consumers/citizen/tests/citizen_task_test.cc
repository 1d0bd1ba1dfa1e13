// The citizen task under TaskTestDriver: what is emitted, and that neither order, duplicates,
// aborts, crashes nor lost stores change what comes out in the end. "In the end" is judged against
// the plain fold of the same events.

#include "pathways.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/bus/task_test_driver.h>
#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/canary/canary.h>
#include <kronika/citizen/citizen_task.h>
#include <kronika/codec/citizen_codec.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/domain/differences.h>
#include <kronika/domain/fold.h>

namespace kronika::citizen {
namespace {

using namespace testing;  // NOLINT: the fixtures of this folder
using ::testing::IsEmpty;
using ::testing::SizeIs;

class CitizenTaskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("kronika-citizen-" + std::to_string(::getpid()) + "-" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    open(rules(), nullptr);
  }
  void TearDown() override {
    driver_.reset();
    std::filesystem::remove_all(folder_);
  }

  void open(std::shared_ptr<const domain::Rules> with, std::shared_ptr<bus::MemoryLog> log) {
    driver_.reset();
    bus::TaskTestDriver::Options options;
    options.folder = folder_.string();
    options.start = kNow;
    options.log = std::move(log);
    auto made = bus::TaskTestDriver::create(
        citizen_task_spec(
            {.rules = std::move(with), .cache_bytes = cache_bytes_, .probe = &probe_}),
        options);
    ASSERT_TRUE(made) << made.error().context;
    driver_ = std::move(*made);
  }

  std::size_t cache_bytes_ = 64 << 20;

  void pipe(const Event& e) {
    driver_->pipe(domain::topic_of(e.type()), e.person_key.view(), bytes_of(e));
  }
  void pipe(const std::vector<Event>& events) {
    for (const auto& e : events) pipe(e);
  }
  void run() {
    const auto done = driver_->run();
    ASSERT_TRUE(done) << done.error().context;
  }

  std::map<PersonKey, codec::CitizenRecord> records() {
    std::map<PersonKey, codec::CitizenRecord> found;
    for (const auto& [key, value] : driver_->log().compacted(bus::kCitizenState)) {
      const auto who = PersonKey::from_bytes(key);
      if (!who) continue;
      const auto wire = bus::read_wire(value);
      EXPECT_TRUE(wire && codec::decode_citizen(wire->message, found[*who]));
    }
    return found;
  }
  std::vector<codec::LedgerEntry> ledger() {
    std::vector<codec::LedgerEntry> entries;
    for (const auto& record : driver_->log().read(bus::kLedger)) {
      const auto wire = bus::read_wire(*record.value);
      entries.emplace_back();
      EXPECT_TRUE(wire && codec::decode_ledger_entry(wire->message, entries.back()));
    }
    return entries;
  }
  /// The sum of all differences emitted so far; must equal the contributions of the records.
  domain::CellDeltas cells() {
    domain::CellDeltas sums;
    for (const auto& record : driver_->log().read(bus::kIndicatorDelta)) {
      const auto wire = bus::read_wire(*record.value);
      codec::IndicatorDelta delta;
      EXPECT_TRUE(wire && codec::decode_delta(wire->message, delta));
      for (const auto& change : delta.changes) sums[change.cell] += change.value;
    }
    std::erase_if(sums, [](const auto& entry) { return entry.second.is_zero(); });
    return sums;
  }

  /// What every run must come to: state, contributions and sums of the plain fold over `events`.
  void expect_folded(const std::vector<Event>& events) {
    const domain::Fold fold(*rules());
    std::map<PersonKey, std::vector<domain::JournalEntry>> journals;
    std::int64_t offset = 0;
    for (const auto& e : events) journals[e.person_key].push_back({e, {kNow, 0, 0, offset++}, {}});
    const auto found = records();
    domain::CellDeltas expected;
    for (const auto& [who, entries] : journals) {
      ASSERT_TRUE(found.contains(who));
      const auto& record = found.at(who);
      const auto effective = domain::effective_events(entries, {.as_of = record.as_of});
      const auto state = fold.refold(who, effective.events);
      std::string want;
      std::string got;
      codec::encode_fold(state, want);
      codec::encode_fold(record.state, got);
      EXPECT_EQ(got, want);
      const auto contributions = fold.contributions(state, record.as_of);
      EXPECT_EQ(record.contributions, contributions);
      domain::add_difference({}, contributions, false, expected);
    }
    EXPECT_EQ(cells(), expected);
  }

  std::filesystem::path folder_;
  Probe probe_;
  std::unique_ptr<bus::TaskTestDriver> driver_;
};

TEST_F(CitizenTaskTest, FoldsAPathwayAndBooksEachEventOnce) {
  const auto events = kol_pathway(1);
  pipe(events);
  run();
  expect_folded(events);
  EXPECT_THAT(ledger(), SizeIs(events.size()));
  EXPECT_EQ(probe_.applied.load(), events.size());
  EXPECT_FALSE(cells().empty());
}

TEST_F(CitizenTaskTest, AppendsEventsThatComeInOrder) {
  const auto events = kol_pathway(1);
  for (const auto& e : events) {
    pipe(e);
    run();
  }
  expect_folded(events);
  EXPECT_EQ(probe_.fast_path.load(), events.size());
  EXPECT_EQ(probe_.refolds.load(), 0U);
}

TEST_F(CitizenTaskTest, EndsTheSameWhateverTheOrderAndTheBatches) {
  const auto events = kol_pathways(2);
  std::vector<Event> sent = events;
  sent.insert(sent.end(), events.begin(), events.begin() + 5);  // doubled
  std::mt19937 random(7);
  std::shuffle(sent.begin(), sent.end(), random);
  for (std::size_t i = 0; i < sent.size(); ++i) {
    pipe(sent[i]);
    if (i % 4 == 3) run();
  }
  run();
  expect_folded(events);
  EXPECT_EQ(probe_.duplicate.load(), 5U);
}

TEST_F(CitizenTaskTest, HighestVersionCountsAndACancelledFactIsGone) {
  auto events = kol_pathway(1);
  const auto cancelled = version_of(events[12], 3, domain::Op::kCancel);
  auto moved = version_of(events[6], 2, domain::Op::kRevise);
  moved.occurred_at.ms += kDay;
  moved.recorded_at.ms += kDay;
  pipe(cancelled);  // before the fact itself
  run();
  pipe(events);
  run();
  pipe(moved);
  run();
  events.push_back(moved);
  events.push_back(cancelled);
  expect_folded(events);
  EXPECT_EQ(probe_.superseded.load(), 1U);
}

TEST_F(CitizenTaskTest, OtherContentUnderTheSameVersionIsDeadLettered) {
  const auto events = kol_pathway(1);
  pipe(events);
  auto copy = events[6];
  std::get<domain::ReferralSent>(copy.payload).reason = "another text";
  run();
  pipe(copy);
  run();
  expect_folded(events);
  ASSERT_THAT(driver_->log().read(bus::kDeadLetter), SizeIs(1));
  EXPECT_EQ(driver_->log().read(bus::kDeadLetter)[0].header("kronika-dlq-reason"),
            "VERSION_CONFLICT");
  EXPECT_THAT(records().at(person(1)).refused, SizeIs(1));
  const codec::LedgerEntry booked = ledger().back();
  EXPECT_EQ(booked.reason, "VERSION_CONFLICT");
  EXPECT_EQ(booked.event_id, copy.event_id) << "a refused event is named, with its sender and day";
  EXPECT_EQ(booked.sender_org, copy.sender_org);
  EXPECT_NE(booked.record_time, Instant{0});
}

TEST_F(CitizenTaskTest, BytesThatNobodyReadsAreDeadLetteredAndThePartitionGoesOn) {
  driver_->pipe(bus::kMaaling, person(1).view(), "garbage");
  driver_->pipe(bus::kMaaling, "short key", "");
  const auto events = kol_pathway(1);
  pipe(events);
  run();
  expect_folded(events);
  EXPECT_THAT(driver_->log().read(bus::kDeadLetter), SizeIs(2));
  EXPECT_EQ(probe_.rejected.load(), 2U);
  // After losing the disk the refused records stay out.
  ASSERT_TRUE(driver_->lose_store());
  run();
  expect_folded(events);
  EXPECT_THAT(driver_->log().read(bus::kDeadLetter), SizeIs(2));
}

TEST_F(CitizenTaskTest, AnUnknownCodeIsKeptAndCountedByItsSystem) {
  using domain::DiagnosisRecorded;
  std::vector<Event> events;
  int fact = 0;
  const auto add = [&](domain::Payload payload) {
    events.push_back(event(1, "D" + std::to_string(fact), fact, std::move(payload)));
    ++fact;
  };
  for (const char* system : {"SKS", "ICD-10", "ICPC-2", "SNOMED", "READ", "LPR3"}) {
    add(DiagnosisRecorded{system, "ZZ99", domain::DiagnosisSetting::kGp});
  }
  add(DiagnosisRecorded{"ICPC-2", "R95", domain::DiagnosisSetting::kGp});
  auto sent = referral("R1");
  sent.diagnosis_codes = {{"SKS", "DJ449"}, {"SKS", "DZ999"}};
  sent.programme.clear();
  add(sent);
  pipe(events);
  std::vector<Event> refused;
  for (const char* system : {"NPU", "MCS", "LOINC", "SNOMED", "DIB", "KRONIKA", "VANS"}) {
    domain::MeasurementRecorded m;
    m.code_system = system;
    m.code = "00000-0";
    m.value = 1.0;
    m.unit = "1";
    refused.push_back(event(1, "M" + std::string(system), 20, std::move(m)));
  }
  domain::InterventionStarted started;
  started.intervention_id = "I1";
  started.programmes = {"KOL"};
  started.type = "e78c43e3-c512-44b4-ad30-2de43481d9b3";
  refused.push_back(event(1, "I1", 21, std::move(started)));
  pipe(refused);
  run();

  expect_folded(events);
  const auto& record = records().at(person(1));
  ASSERT_EQ(record.state.episodes.size(), 1U) << "R95 and DJ449 open KOL, the rest opens nothing";
  EXPECT_EQ(probe_.applied.load(), events.size());
  EXPECT_THAT(record.refused, SizeIs(refused.size()));
  EXPECT_THAT(driver_->log().read(bus::kDeadLetter), SizeIs(refused.size()));
  std::map<std::string, std::uint64_t> counted;
  for (std::size_t i = 0; i < probe_.unknown_codes.size(); ++i) {
    counted[std::string(domain::kCodeSystemLabels[i])] = probe_.unknown_codes[i].load();
  }
  const std::map<std::string, std::uint64_t> expected{
      {"SKS", 2},   {"ICD-10", 1}, {"ICPC-2", 1},  {"SNOMED", 2}, {"NPU", 1},  {"MCS", 1},
      {"LOINC", 1}, {"DIB", 1},    {"KRONIKA", 1}, {"FSIII", 1},  {"other", 3}};
  EXPECT_EQ(counted, expected);

  pipe(events[0]);
  run();
  EXPECT_EQ(probe_.unknown_codes[0].load(), 2U) << "a duplicate is not counted again";
}

// With a cache for all citizens, whose states the store then gets late, and with one for hardly
// any.
class CitizenTaskCacheTest : public CitizenTaskTest,
                             public ::testing::WithParamInterface<std::size_t> {
 protected:
  void SetUp() override {
    cache_bytes_ = GetParam();
    CitizenTaskTest::SetUp();
  }
};
INSTANTIATE_TEST_SUITE_P(CacheBytes, CitizenTaskCacheTest, ::testing::Values(0, 3'000, 64 << 20));

TEST_P(CitizenTaskCacheTest, AbortsCrashesAndLostStoresChangeNothing) {
  const auto events = kol_pathways(4);
  std::vector<Event> sent = events;
  std::mt19937 random(11);
  std::shuffle(sent.begin(), sent.end(), random);
  for (std::size_t i = 0; i < sent.size(); ++i) {
    pipe(sent[i]);
    if (i % 5 != 4) continue;
    ASSERT_TRUE(driver_->poll());
    switch (i / 5 % 5) {
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
        run();
    }
  }
  run();
  expect_folded(events);
  EXPECT_THAT(ledger(), SizeIs(events.size()));
}

TEST_F(CitizenTaskTest, StatesThatMemoryAloneHoldsAreReadAgainFromTheLog) {
  const auto events = kol_pathways(3);
  for (std::size_t i = 0; i < events.size(); ++i) {
    pipe(events[i]);
    if (i % 4 == 3) run();
  }
  run();
  const auto stored = [&] {
    std::size_t states = 0;
    const auto count = [&](std::string_view key, std::string_view) {
      if (key.size() == 16) ++states;
      return true;
    };
    EXPECT_TRUE(driver_->store(0).scan_prefix(kStates, {}, count));
    return states;
  };
  EXPECT_EQ(stored(), 0U) << "written although young, and memory has room";
  ASSERT_TRUE(driver_->crash());
  EXPECT_EQ(stored(), 3U);
  pipe(events.back());
  run();
  expect_folded(events);
  ASSERT_TRUE(driver_->restart());
  EXPECT_EQ(stored(), 3U);
}

TEST_F(CitizenTaskTest, AStateIsWrittenWhenItHasBeenInMemoryAloneForLongEnough) {
  const auto events = kol_pathways(2);
  pipe(events[0]);
  run();
  EXPECT_FALSE(*driver_->store(0).get(kStates, events[0].person_key.view()));
  driver_->advance_to(driver_->now() + std::chrono::minutes(2));
  pipe(events.back());
  run();
  EXPECT_TRUE(*driver_->store(0).get(kStates, events[0].person_key.view()));
}

TEST_F(CitizenTaskTest, TimeAloneChangesAStateAndItsFigures) {
  const auto events = kol_pathway(1);
  pipe(events);
  run();
  const auto before = records().at(person(1));
  ASSERT_TRUE(before.next_deadline);
  driver_->advance_to(Instant{kNow.ms + 200 * kDay});
  run();
  const auto after = records().at(person(1));
  EXPECT_GT(after.as_of, before.as_of);
  ASSERT_TRUE(after.next_deadline);
  EXPECT_GT(*after.next_deadline, Instant{kNow.ms + 200 * kDay});
  expect_folded(events);
  EXPECT_THAT(ledger(), SizeIs(events.size()));  // a deadline is no event
}

TEST_F(CitizenTaskTest, MoreCitizensThanATransactionWakesMayHaveOneDeadline) {
  driver_.reset();
  bus::TaskTestDriver::Options options;
  options.folder = folder_.string() + "-few";
  options.start = kNow;
  options.limits.max_deadlines = 2;
  auto made = bus::TaskTestDriver::create(citizen_task_spec({.rules = rules()}), options);
  ASSERT_TRUE(made) << made.error().context;
  driver_ = std::move(*made);
  const auto events = kol_pathways(7);
  pipe(events);
  run();
  driver_->advance_to(Instant{kNow.ms + 100 * kDay});
  int transactions = 0;
  while (driver_->poll() && driver_->transaction_number() < 500) {
    const auto before = driver_->transaction_number();
    ASSERT_TRUE(driver_->commit());
    if (driver_->transaction_number() == before) break;
    ++transactions;
  }
  EXPECT_LT(transactions, 100);
  expect_folded(events);
  driver_.reset();
  std::filesystem::remove_all(options.folder);
}

TEST_F(CitizenTaskTest, AnEventOfTheNextMinutesWaitsUntilItsTime) {
  auto events = kol_pathway(1);
  pipe(events);
  auto soon = event(1, "soon", 0, domain::InterviewHeld{domain::InterviewKind::kFinal, {"KOL"}});
  soon.occurred_at = Instant{kNow.ms + 4 * 60'000};
  soon.recorded_at = kNow;
  pipe(soon);
  run();
  EXPECT_EQ(records().at(person(1)).next_deadline, soon.occurred_at);
  driver_->advance_to(Instant{kNow.ms + 5 * 60'000});
  run();
  events.push_back(soon);
  expect_folded(events);
  const auto state = records().at(person(1)).state;
  EXPECT_EQ(state.current(rules()->programme("KOL"))->state, domain::State::kFinalInterview);
}

TEST_F(CitizenTaskTest, ANewRuleGenerationFoldsEveryoneAgainWithoutLosingAFigure) {
  const auto events = kol_pathway(1);
  pipe(events);
  run();
  auto newer = std::make_shared<domain::Rules>(*rules());
  newer->generation.ordinal = 2;
  newer->generation.hash ^= 1;
  open(newer, std::make_shared<bus::MemoryLog>(driver_->log()));
  run();
  EXPECT_EQ(records().at(person(1)).generation.ordinal, 2U);
  EXPECT_EQ(probe_.generation_refolds.load(), 1U);
  expect_folded(events);
}

TEST_F(CitizenTaskTest, AReplacedCprNumberTakesItsEventsAlongAndBack) {
  const auto events = kol_pathway(1);
  pipe(events);
  run();
  const auto replaced = event(2, "replace", 100, domain::CprReplaced{person(1)});
  pipe(replaced);
  run();
  auto found = records();
  EXPECT_EQ(found.at(person(1)).moved_to, person(2));
  EXPECT_THAT(found.at(person(1)).contributions, IsEmpty());
  EXPECT_EQ(found.at(person(2)).state.events, events.size());  // the replacement itself is none
  // An event that still comes under the old number follows.
  pipe(event(1, "late", 61, domain::InterventionAttended{"I1", {"KOL"}, true}));
  run();
  EXPECT_EQ(records().at(person(2)).state.events, events.size() + 1);
  // With an empty disk the same comes out.
  ASSERT_TRUE(driver_->lose_store());
  run();
  EXPECT_EQ(records().at(person(2)).state.events, events.size() + 1);
  // Cancelled: back under the old number.
  pipe(version_of(replaced, 2, domain::Op::kCancel));
  run();
  found = records();
  EXPECT_FALSE(found.at(person(1)).moved_to);
  EXPECT_EQ(found.at(person(1)).state.events, events.size() + 1);
  EXPECT_EQ(found.at(person(2)).state.events, 0U);
  EXPECT_THAT(found.at(person(2)).contributions, IsEmpty());
}

TEST_F(CitizenTaskTest, ACycleOfReplacementsIsBrokenAtItsLastLink) {
  const auto events = kol_pathway(1);
  pipe(events);
  pipe(event(2, "a", 100, domain::CprReplaced{person(1)}));
  pipe(event(1, "b", 101, domain::CprReplaced{person(2)}));
  run();
  const auto found = records();
  EXPECT_EQ(found.at(person(1)).moved_to, person(2));
  EXPECT_FALSE(found.at(person(2)).moved_to);
  EXPECT_EQ(found.at(person(2)).state.events, events.size());
}

std::size_t journal_entries(const store::StateStore& store, const PersonKey& person) {
  std::size_t count = 0;
  EXPECT_TRUE(store.scan_prefix(kJournal, person.view(), [&](std::string_view, std::string_view) {
    ++count;
    return true;
  }));
  return count;
}

TEST_F(CitizenTaskTest, TheCanaryIsFoldedApartAndItsJournalKeepsOnlyTheNewestEvent) {
  const PersonKey bird = canary::canary_key(0, 1);
  const auto citizens = kol_pathway(1);
  pipe(citizens);
  run();
  const auto cells_before = cells();
  for (int i = 0; i < 40; ++i) {
    // Some come late, some twice.
    const Instant at{kNow.ms - (i % 7 == 3 ? 10 : 0) * 60'000 + i * 30'000};
    driver_->advance_to(std::max(driver_->now(), at));
    const auto value = canary::encode_canary(bird, at);
    driver_->pipe(bus::kMaaling, bird.view(), value);
    if (i % 5 == 0) driver_->pipe(bus::kMaaling, bird.view(), value);
    run();
    EXPECT_EQ(journal_entries(driver_->store(), bird), 1U);
  }
  const auto record = records().at(bird);
  EXPECT_TRUE(record.state.canary);
  const auto others = [](domain::CellDeltas sums) {
    std::erase_if(sums, [](const auto& cell) { return cell.first.canary; });
    return sums;
  };
  EXPECT_EQ(others(cells()), cells_before);

  // A disk that was lost gives the same journal and state again.
  ASSERT_TRUE(driver_->lose_store());
  EXPECT_EQ(journal_entries(driver_->store(), bird), 1U);
  std::string before;
  codec::encode_fold(record.state, before);
  const Instant next{kNow.ms + 60 * 60'000};
  driver_->advance_to(next);
  driver_->pipe(bus::kMaaling, bird.view(), canary::encode_canary(bird, next));
  run();
  EXPECT_EQ(journal_entries(driver_->store(), bird), 1U);
  std::string after;
  codec::encode_fold(records().at(bird).state, after);
  EXPECT_NE(after, before);  // it is the newest that counts
  EXPECT_EQ(others(cells()), cells_before);
}

TEST_F(CitizenTaskTest, TheCanaryIsReportedWhenItIsCommittedAndSentOnToTheIndicators) {
  std::vector<Instant> seen;
  driver_.reset();
  bus::TaskTestDriver::Options options;
  options.folder = folder_.string();
  options.start = kNow;
  auto made = bus::TaskTestDriver::create(
      citizen_task_spec({.rules = rules(),
                         .probe = &probe_,
                         .on_canary =
                             [&](std::int32_t partition, Instant published) {
                               EXPECT_EQ(partition, 0);
                               seen.push_back(published);
                             }}),
      options);
  ASSERT_TRUE(made) << made.error().context;
  driver_ = std::move(*made);
  const PersonKey bird = canary::canary_key(0, 1);
  driver_->pipe(bus::kMaaling, bird.view(), canary::encode_canary(bird, kNow), {}, kNow);
  driver_->fail_commits(1);
  run();
  EXPECT_EQ(seen, std::vector<Instant>{kNow});
  std::vector<Instant> sent;
  for (const auto& record : driver_->log().read(bus::kIndicatorDelta)) {
    if (record.key == codec::kCanaryDeltaKey) sent.push_back(record.timestamp);
  }
  EXPECT_EQ(sent, std::vector<Instant>{kNow});
}

}  // namespace
}  // namespace kronika::citizen
