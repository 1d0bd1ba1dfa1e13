// State is a function of the set of events, never of the order in which they arrived; appending
// gives what refolding gives; and time changes an answer only where next_change says so.
#include "random_events.h"

#include <algorithm>
#include <memory>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <kronika/domain/differences.h>
#include <kronika/domain/fold.h>
#include <kronika/refdata/loader.h>

namespace kronika::domain {
namespace {

const Rules& rules() {
  static const std::shared_ptr<const Rules> kRules = [] {
    auto loaded = refdata::load("data/reference", "data/reference/organisations.csv", 1);
    if (!loaded) throw std::runtime_error(loaded.error().context);
    auto with_orgs = std::make_shared<Rules>(**loaded);
    const auto add = [&](const char* sor, Sector sector, Municipality municipality) {
      Organisation o;
      o.sor_id = sor;
      o.sector = sector;
      o.municipality = municipality;
      std::erase_if(with_orgs->organisations,
                    [&](const Organisation& known) { return known.sor_id == sor; });
      with_orgs->organisations.push_back(o);
    };
    add("990000000000101", Sector::kGp, 751);
    add("990000000000201", Sector::kHospital, 751);
    add("990000000000301", Sector::kMunicipality, 751);
    add("990000000000302", Sector::kMunicipality, 740);
    Rules fresh;  // index() is called once on complete vectors
    static_cast<Rules&>(fresh) = *with_orgs;
    auto result = std::make_shared<Rules>(std::move(fresh));
    result->index();
    return std::shared_ptr<const Rules>(result);
  }();
  return *kRules;
}

const Fold& fold() {
  static const Fold kFold(rules());
  return kFold;
}

CitizenState plain(const std::vector<JournalEntry>& journal) {
  const EffectiveSet set = effective_events(journal, {});
  return fold().refold(testing::event(PersonDeceased{}).person_key, set.events);
}

/// What the citizen task does: append where it may, refold from the journal where it must.
class Citizen {
 public:
  void receive(const JournalEntry& incoming) {
    const bool seen = std::any_of(journal.begin(), journal.end(), [&](const JournalEntry& j) {
      return j.event.event_id == incoming.event.event_id ||
             (j.event.source_system == incoming.event.source_system &&
              j.event.source_message_id == incoming.event.source_message_id);
    });
    if (!domain::receive(journal, incoming).journal_changed) return;
    const Event& e = incoming.event;
    if (!seen && e.op != Op::kCancel && fold().can_append(state, e)) {
      fold().append(state, e);
      ++appended;
    } else {
      state = plain(journal);
      ++refolded;
    }
  }
  std::vector<JournalEntry> journal;
  CitizenState state;
  int appended = 0;
  int refolded = 0;
};

TEST(FoldProperty, AppendingGivesWhatRefoldingGivesInAnyOrderOfArrival) {
  int appended = 0;
  int refolded = 0;
  EXPECT_TRUE(rc::check([&](std::uint64_t seed) {
    testing::RandomEvents random(seed);
    auto arrivals = random.arrivals(1 + random.below(60));
    CitizenState expected;
    {
      Citizen citizen;
      for (const auto& a : arrivals) citizen.receive(a);
      expected = plain(citizen.journal);
      RC_ASSERT(citizen.state == expected);
    }
    for (int round = 0; round < 3; ++round) {
      if (round == 0) {  // clinical order: the ordinary case
        std::stable_sort(arrivals.begin(), arrivals.end(),
                         [](const JournalEntry& a, const JournalEntry& b) {
                           return sorts_before(a.event, b.event);
                         });
      } else {
        random.shuffle(arrivals);
      }
      Citizen citizen;
      for (const auto& a : arrivals) {
        citizen.receive(a);
        if (random.chance(8)) RC_ASSERT(citizen.state == plain(citizen.journal));
      }
      RC_ASSERT(citizen.state == expected);
      if (round == 0) {
        appended += citizen.appended;
        refolded += citizen.refolded;
      }
    }
  }));
  // In clinical order the fast path is the rule; the rest are revisions and contradictions.
  EXPECT_GT(appended, 3 * refolded) << appended << " appended, " << refolded << " refolded";
}

TEST(FoldProperty, NothingChangesBeforeNextChange) {
  EXPECT_TRUE(rc::check([](std::uint64_t seed) {
    testing::RandomEvents random(seed);
    Citizen citizen;
    for (const auto& a : random.arrivals(1 + random.below(50))) citizen.receive(a);
    const CitizenState state = plain(citizen.journal);
    Instant a = parse_instant("2027-01-01T00:00:00Z").instant;
    if (random.chance(2) && state.last_time != kNoInstant) a = state.last_time;
    for (int step = 0; step < 25; ++step) {
      const Evaluation at_a = fold().evaluate(state, a);
      const auto contributed = fold().contributions(state, a);
      const Instant end = at_a.next_change.value_or(a + std::chrono::hours(24 * 3650));
      RC_ASSERT(end > a);
      for (const Instant b : {Instant{random.between(a.ms, end.ms)}, Instant{end.ms - 1}}) {
        RC_ASSERT(fold().evaluate(state, b) == at_a);
        RC_ASSERT(fold().contributions(state, b) == contributed);
      }
      if (!at_a.next_change) break;
      a = end;
    }
  }));
}

TEST(FoldProperty, AnEventIsIrregularIfItsTraceSaysSo) {
  EXPECT_TRUE(rc::check([](std::uint64_t seed) {
    testing::RandomEvents random(seed);
    const auto journal = random.arrivals(40);
    CitizenState state;
    for (const JournalEntry* entry : effective_events(journal, {}).events) {
      Trace trace;
      const bool said = fold().append(state, entry->event, &trace);
      RC_ASSERT(said == std::any_of(trace.begin(), trace.end(), irregular));
      RC_ASSERT(std::all_of(trace.begin(), trace.end(), [&](const TraceStep& step) {
        return step.event_id == entry->event.event_id;
      }));
    }
  }));
}

TEST(FoldProperty, DifferencesOfContributionsAddUp) {
  EXPECT_TRUE(rc::check([](std::uint64_t seed) {
    testing::RandomEvents random(seed);
    Citizen citizen;
    const auto arrivals = random.arrivals(30);
    const Instant as_of = parse_instant("2027-06-01T00:00:00Z").instant;
    std::vector<Contribution> before;
    CellDeltas sum;
    for (const auto& a : arrivals) {
      citizen.receive(a);
      const auto after = fold().contributions(citizen.state, as_of);
      add_difference(before, after, false, sum);
      before = after;
    }
    CellDeltas whole;
    add_difference({}, before, false, whole);
    RC_ASSERT(sum == whole);
    for (const auto& [key, value] : sum) {
      RC_ASSERT(!value.is_zero());
      const auto bytes = key.bytes();
      RC_ASSERT(CellKey::from_bytes({bytes.data(), bytes.size()}) == key);
    }
  }));
}

}  // namespace
}  // namespace kronika::domain
