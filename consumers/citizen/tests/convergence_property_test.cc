// Convergence end to end: events of every type, contradicting copies, reused event ids, replaced
// CPR numbers (chains, cancelled, revised, in a cycle) and moves of residence, over several
// partitions. Whatever the order of arrival, the duplicates, the batches and the crashes between,
// the records and the sums are those of the plain fold of the set.

#include "random_events.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include <kronika/bus/task_test_driver.h>
#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/citizen/citizen_task.h>
#include <kronika/codec/citizen_codec.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/domain/checks.h>
#include <kronika/domain/differences.h>
#include <kronika/domain/fold.h>
#include <kronika/refdata/loader.h>

namespace kronika::citizen {
namespace {

using domain::CprReplaced;
using domain::Event;
using domain::EventType;
using domain::JournalEntry;
using domain::Op;

constexpr Instant kStart{1'811'808'000'000};  // 2027-06-01T00:00:00Z, after every event
constexpr int kPersons = 5;
constexpr std::int32_t kPartitions = 3;

const std::shared_ptr<const domain::Rules>& rules() {
  static const auto loaded =
      refdata::load(KRONIKA_SOURCE_DIR "/data/reference",
                    KRONIKA_SOURCE_DIR "/data/reference/organisations.csv", 1);
  if (!loaded) throw std::runtime_error(loaded.error().context);
  return *loaded;
}
const domain::Fold& fold() {
  static const domain::Fold kFold(*rules());
  return kFold;
}

PersonKey person(int n) {
  PersonKey key;
  key.bytes[0] = 0x42;
  key.bytes[15] = static_cast<std::uint8_t>(n);
  return key;
}

/// -1: none.
int number(const std::optional<PersonKey>& key) { return key ? key->bytes[15] : -1; }

/// A record as an edge wrote it; the timestamp says which was received first.
struct Record {
  Event event;
  Instant timestamp;
};

class Mix {
 public:
  explicit Mix(std::uint64_t seed) : random_(seed), events_(seed) {}

  std::vector<Record> records() {
    std::vector<Event> all;
    for (int n = 0; n < kPersons; ++n) {
      for (auto& entry : events_.arrivals(below(14))) {
        Event e = std::move(entry.event);
        e.person_key = person(n);
        e.source_message_id += "-" + std::to_string(n);
        e.event_id.bytes[1] = static_cast<std::uint8_t>(n);
        if (e.type() == EventType::kCprReplaced) e.payload = CprReplaced{person(other_than(n))};
        all.push_back(std::move(e));
      }
    }
    for (int links = below(5); links > 0; --links) add_link(all);
    for (int i = below(6); i > 0 && !all.empty(); --i) contradict(all);
    for (int i = below(4); i > 0 && !all.empty(); --i) steal_id(all);
    std::shuffle(all.begin(), all.end(), random_);
    std::vector<Record> records;
    for (auto& e : all) {
      const Instant at{kStart.ms - 100'000'000 + 1000 * static_cast<std::int64_t>(records.size())};
      records.push_back({std::move(e), at});
    }
    return records;
  }

  template <class T>
  void shuffle(std::vector<T>& items) {
    std::shuffle(items.begin(), items.end(), random_);
  }
  int below(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }

 private:
  int other_than(int n) { return (n + 1 + below(kPersons - 1)) % kPersons; }

  void add_link(std::vector<Event>& all) {
    const int n = below(kPersons);
    Event link = domain::testing::event(CprReplaced{person(other_than(n))},
                                        "link" + std::to_string(all.size()));
    link.person_key = person(n);
    link.event_id.bytes[0] = 2;
    link.event_id.bytes[14] = static_cast<std::uint8_t>(all.size() >> 8);
    link.event_id.bytes[15] = static_cast<std::uint8_t>(all.size());
    link.occurred_at.ms += 86'400'000LL * below(200);
    link.recorded_at = link.occurred_at;
    all.push_back(link);
    if (below(3) != 0) return;
    link.source_version = 2;
    link.op = below(2) == 0 ? Op::kCancel : Op::kRevise;
    link.event_id.bytes[2] = 1;
    if (link.op == Op::kRevise) link.payload = CprReplaced{person(other_than(n))};
    all.push_back(link);
  }
  /// Other content under a version that exists.
  void contradict(std::vector<Event>& all) {
    Event copy = all[static_cast<std::size_t>(below(static_cast<int>(all.size())))];
    const Event& words = all[static_cast<std::size_t>(below(static_cast<int>(all.size())))];
    copy.payload = words.payload;
    if (auto* link = std::get_if<CprReplaced>(&copy.payload)) {
      link->old_person_key = person(other_than(copy.person_key.bytes[15]));
    }
    if (below(2) == 0) copy.event_id.bytes[3] = static_cast<std::uint8_t>(1 + below(200));
    all.push_back(std::move(copy));
  }
  void steal_id(std::vector<Event>& all) {
    Event& thief = all[static_cast<std::size_t>(below(static_cast<int>(all.size())))];
    for (const auto& e : all) {
      if (e.person_key == thief.person_key && below(3) == 0) {
        thief.event_id = e.event_id;
        return;
      }
    }
  }

  std::mt19937_64 random_;
  domain::testing::RandomEvents events_;
};

/// The plain meaning of a set of records: which key holds whose events, and their journal there.
class Plain {
 public:
  explicit Plain(const std::vector<Record>& records) {
    std::map<PersonKey, std::vector<JournalEntry>> arrived;
    for (const auto& r : records) {
      if (domain::check(*rules(), r.event, r.timestamp)) continue;
      JournalEntry entry;
      entry.event = r.event;
      entry.origin.timestamp = r.timestamp;
      arrived[r.event.person_key].push_back(std::move(entry));
    }
    for (auto& [key, entries] : arrived) direct_[key] = domain::merge_copies(std::move(entries));
    link();
  }

  [[nodiscard]] std::optional<PersonKey> moved_to(const PersonKey& key) const {
    const auto found = by_old_.find(key);
    return found == by_old_.end() ? std::nullopt : std::optional(found->second.person_key);
  }
  [[nodiscard]] std::vector<JournalEntry> journal(const PersonKey& key) const {
    std::vector<JournalEntry> all;
    for (const auto& [own, entries] : direct_) {
      std::vector<domain::Hop> path;
      PersonKey at = own;
      for (auto next = by_old_.find(at); next != by_old_.end(); next = by_old_.find(at)) {
        const Event& e = next->second;
        path.push_back(
            {at, e.source_system, e.source_message_id, e.recorded_at, domain::sort_key(e).time});
        at = e.person_key;
      }
      if (at != key) continue;
      for (JournalEntry entry : entries) {
        entry.path = path;
        all.push_back(std::move(entry));
      }
    }
    return all;
  }

 private:
  void link() {
    std::vector<Event> links;
    for (const auto& [key, entries] : direct_) {
      for (const auto* entry : domain::effective_events(entries, {}).events) {
        if (entry->event.type() == EventType::kCprReplaced) links.push_back(entry->event);
      }
    }
    std::sort(links.begin(), links.end(), domain::sorts_before);
    for (const auto& link : links) {
      by_old_.insert_or_assign(std::get<CprReplaced>(link.payload).old_person_key, link);
    }
    // Of a cycle, the link that sorts last is void.
    for (auto link = links.rbegin(); link != links.rend(); ++link) {
      const PersonKey start = std::get<CprReplaced>(link->payload).old_person_key;
      const auto own = by_old_.find(start);
      if (own == by_old_.end() || !domain::same_content(own->second, *link)) continue;
      PersonKey at = link->person_key;
      for (std::size_t steps = 0; steps < links.size() && at != start; ++steps) {
        if (const auto next = by_old_.find(at); next != by_old_.end()) at = next->second.person_key;
      }
      if (at == start) by_old_.erase(own);
    }
  }

  std::map<PersonKey, std::vector<JournalEntry>> direct_;
  std::map<PersonKey, Event> by_old_;
};

/// For a failure: who was said to replace whom, in the order of receipt.
std::string links_of(const std::vector<Record>& records) {
  std::string text;
  for (const auto& r : records) {
    const auto* link = std::get_if<CprReplaced>(&r.event.payload);
    if (link == nullptr) continue;
    text += " [" + r.event.source_message_id + " v" + std::to_string(r.event.source_version) +
            (r.event.op == Op::kCancel ? " CANCEL " : " ") + domain::to_text(r.event.occurred_at) +
            " " + std::to_string(link->old_person_key.bytes[15]) + "->" +
            std::to_string(r.event.person_key.bytes[15]) + "]";
  }
  return text;
}

std::string bytes_of(const Event& e) {
  std::string value;
  bus::append_wire_prefix(codec::kEventSchemaId, value);
  codec::encode_event(e, value);
  return value;
}

class Trial {
 public:
  Trial() {
    static int number = 0;
    folder_ = std::filesystem::temp_directory_path() /
              ("kronika-converge-" + std::to_string(::getpid()) + "-" + std::to_string(++number));
    bus::TaskTestDriver::Options options;
    options.folder = folder_.string();
    options.start = kStart;
    options.partitions = kPartitions;
    auto made = bus::TaskTestDriver::create(citizen_task_spec({.rules = rules(), .probe = &probe_}),
                                            options);
    if (!made) throw std::runtime_error(made.error().context);
    driver_ = std::move(*made);
  }
  ~Trial() {
    driver_.reset();
    std::filesystem::remove_all(folder_);
  }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  void pipe(const Record& r) {
    driver_->pipe(domain::topic_of(r.event.type()), r.event.person_key.view(), bytes_of(r.event),
                  {}, r.timestamp);
  }
  bus::TaskTestDriver& driver() { return *driver_; }
  [[nodiscard]] const Probe& probe() const { return probe_; }

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

  /// Records and sums are those of the plain fold. Returns the states' bytes.
  std::string expect_plain(const Plain& plain) {
    std::string all;
    domain::CellDeltas expected;
    const auto found = records();
    for (int n = 0; n < kPersons; ++n) {
      const PersonKey key = person(n);
      const auto journal = plain.journal(key);
      const auto record = found.find(key);
      if (record == found.end()) {
        EXPECT_TRUE(journal.empty()) << n;
        continue;
      }
      EXPECT_EQ(number(record->second.moved_to), number(plain.moved_to(key))) << n;
      if (plain.moved_to(key)) {
        EXPECT_TRUE(record->second.contributions.empty()) << n;
        continue;
      }
      const Instant as_of = record->second.as_of;
      const auto effective = domain::effective_events(journal, {.as_of = as_of});
      const auto state = fold().refold(key, effective.events);
      std::string want;
      std::string got;
      codec::encode_fold(state, want);
      codec::encode_fold(record->second.state, got);
      EXPECT_TRUE(got == want) << n << ": " << record->second.state.events << " events, expected "
                               << state.events;
      const auto contributions = fold().contributions(state, as_of);
      EXPECT_TRUE(record->second.contributions == contributions) << n;
      domain::add_difference({}, contributions, state.canary, expected);
      // A key that only ever passed events on may have an empty record, or none.
      if (!journal.empty()) all += std::to_string(n) + ":" + got;
    }
    EXPECT_TRUE(cells() == expected);
    return all;
  }

 private:
  std::filesystem::path folder_;
  Probe probe_;
  std::unique_ptr<bus::TaskTestDriver> driver_;
};

/// One arrival: everything in some order, some of it twice, in batches of any size, with crashes.
void arrive(Trial& run, Mix& mix, std::vector<Record> records, bool in_order) {
  const std::size_t count = records.size();
  if (!in_order) {
    for (std::size_t i = 0; i < count; ++i) {
      if (mix.below(5) != 0) continue;
      Record again = records[i];
      again.timestamp.ms += 50'000'000;
      records.push_back(std::move(again));
    }
    mix.shuffle(records);
  }
  auto& driver = run.driver();
  for (const auto& record : records) {
    run.pipe(record);
    if (in_order || mix.below(4) != 0) continue;
    switch (mix.below(8)) {
      case 0:
        ASSERT_TRUE(driver.poll());
        ASSERT_TRUE(driver.crash());
        break;
      case 1:
        ASSERT_TRUE(driver.lose_store());
        break;
      case 2:
        ASSERT_TRUE(driver.poll(3));
        ASSERT_TRUE(driver.commit());
        break;
      default:
        ASSERT_TRUE(driver.run());
    }
  }
  ASSERT_TRUE(driver.run());
}

TEST(CitizenConvergence, AnyArrivalOfAnyMixEndsInThePlainFoldOfTheSet) {
  std::uint64_t fast = 0;
  std::uint64_t refolds = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Mix mix(seed);
    const auto records = mix.records();
    const Plain plain(records);
    std::string first;
    for (int round = 0; round < 3; ++round) {
      SCOPED_TRACE("round " + std::to_string(round) + links_of(records));
      Trial run;
      arrive(run, mix, records, round == 0);
      if (HasFatalFailure()) return;
      const std::string states = run.expect_plain(plain);
      if (round == 0) first = states;
      EXPECT_TRUE(states == first);
      fast += run.probe().fast_path.load();
      refolds += run.probe().refolds.load();
    }
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(fast, 100U);
  EXPECT_GT(refolds, 100U);
}

}  // namespace
}  // namespace kronika::citizen
