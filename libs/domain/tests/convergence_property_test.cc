// Any order of arrival gives the same journal and the same effective events (domain.md 4.2 point
// 4).
#include "event_factory.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <kronika/domain/journal.h>

namespace kronika::domain {
namespace {

using Entries = std::vector<JournalEntry>;

Entries received(const Entries& arrivals) {
  Entries journal;
  for (const JournalEntry& incoming : arrivals) (void)receive(journal, incoming);
  return journal;
}

std::string text(const JournalEntry& j) {
  const Event& e = j.event;
  std::string t = e.source_message_id + " v" + std::to_string(e.source_version) + " r" +
                  std::to_string(e.adapter_revision) + " op" +
                  std::to_string(static_cast<int>(e.op)) + " " + to_text(e.occurred_at) + " rec " +
                  to_text(e.recorded_at) + " id " + uuid_text(e.event_id) + " at " +
                  std::to_string(j.origin.offset) + " hops " + std::to_string(j.path.size());
  return t;
}

std::multiset<std::string> texts(const Entries& entries) {
  std::multiset<std::string> all;
  for (const JournalEntry& j : entries) all.insert(text(j));
  return all;
}

std::vector<std::string> effective(const Entries& entries, const Visibility& visibility) {
  std::vector<std::string> all;
  const EffectiveSet set = effective_events(entries, visibility);
  for (const JournalEntry* j : set.events) all.push_back(text(*j));
  all.push_back("then " + (set.next_visible ? to_text(*set.next_visible) : std::string("nothing")));
  return all;
}

/// Facts with versions, adapter revisions, resends, cancellations and copies that came another way;
/// a version may meet up to four contradicting copies, and any copy may carry the event id of
/// another.
Entries arrivals() {
  Entries all;
  const int facts = *rc::gen::inRange(1, 6);
  std::uint8_t next_id = 1;
  const auto base = parse_instant("2025-05-01T09:00:00Z").instant;
  for (int f = 0; f < facts; ++f) {
    const int versions = *rc::gen::inRange(1, 4);
    for (int v = 1; v <= versions; ++v) {
      JournalEntry j;
      j.event = testing::event(
          InterviewHeld{*rc::gen::element(InterviewKind::kInitial, InterviewKind::kFinal), {"KOL"}},
          "m" + std::to_string(f), static_cast<std::uint64_t>(v));
      j.event.event_id = testing::id(next_id++);
      j.event.op = *rc::gen::element(Op::kCreate, Op::kRevise, Op::kCancel);
      j.event.occurred_at = base + std::chrono::hours(*rc::gen::inRange(0, 100));
      j.event.time_precision = *rc::gen::element(TimePrecision::kInstant, TimePrecision::kDate);
      j.event.recorded_at = j.event.occurred_at + std::chrono::hours(*rc::gen::inRange(0, 50));
      j.event.adapter_revision = static_cast<std::uint32_t>(*rc::gen::inRange(1, 3));
      if (*rc::gen::inRange(0, 4) == 0) {
        j.path.push_back({PersonKey{}, "CPR", "link", base + std::chrono::hours(30), base});
      }
      // Contradicting copies, each perhaps by the other way.
      const int others = std::max(0, *rc::gen::inRange(-6, 5));
      for (int o = 0; o < others; ++o) {
        JournalEntry other = j;
        other.event.payload = InterviewHeld{InterviewKind::kNeeds, {"T2D", std::to_string(o)}};
        other.event.event_id = testing::id(next_id++);
        if (*rc::gen::inRange(0, 5) == 0) other.path.clear();
        all.push_back(other);
      }
      for (int copies = *rc::gen::inRange(0, 3); copies > 0; --copies) {
        JournalEntry again = j;
        again.event.recorded_at = j.event.recorded_at + std::chrono::hours(*rc::gen::inRange(0, 3));
        again.event.event_id = testing::id(next_id++);
        all.push_back(again);
      }
      all.push_back(std::move(j));
    }
  }
  for (int stolen = *rc::gen::inRange(0, 4); stolen > 0; --stolen) {
    const auto to = *rc::gen::inRange<std::size_t>(0, all.size());
    const auto from = *rc::gen::inRange<std::size_t>(0, all.size());
    all[to].event.event_id = all[from].event.event_id;
  }
  // The order of receipt is another than the one in which the copies were made.
  std::vector<std::int64_t> offsets(all.size());
  std::iota(offsets.begin(), offsets.end(), 0);
  for (std::size_t i = offsets.size(); i > 1; --i) {
    std::swap(offsets[i - 1], offsets[*rc::gen::inRange<std::size_t>(0, i)]);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].origin.timestamp = {1'000};
    all[i].origin.offset = offsets[i];
  }
  return all;
}

std::map<std::string, int> standing_of(const Entries& entries) {
  std::vector<const JournalEntry*> pointers;
  for (const JournalEntry& j : entries) pointers.push_back(&j);
  const std::vector<Standing> standing = standings(pointers);
  std::map<std::string, int> by_text;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    by_text[text(entries[i])] = static_cast<int>(standing[i]);
  }
  return by_text;
}

TEST(Convergence, AnyOrderOfArrivalGivesTheSameJournalAndTheSameEffectiveEvents) {
  const bool held = rc::check([] {
    const Entries sent = arrivals();
    Entries shuffled = sent;
    // Everything may come twice, later.
    shuffled.insert(shuffled.end(), sent.begin(), sent.end());
    for (std::size_t i = shuffled.size(); i > 1; --i) {
      std::swap(shuffled[i - 1], shuffled[*rc::gen::inRange<std::size_t>(0, i)]);
    }
    const Entries a = received(sent);
    const Entries b = received(shuffled);
    RC_ASSERT(texts(a) == texts(b));
    RC_ASSERT(texts(a) == texts(merge_copies(shuffled)));
    RC_ASSERT(standing_of(a) == standing_of(b));
    const auto base = parse_instant("2025-05-01T09:00:00Z").instant;
    for (const int hours : {0, 20, 40, 80, 200}) {
      const Visibility v{base + std::chrono::hours(hours),
                         base + std::chrono::hours(*rc::gen::inRange(0, 200))};
      RC_ASSERT(effective(a, v) == effective(b, v));
    }
    RC_ASSERT(effective(a, {}) == effective(b, {}));
  });
  EXPECT_TRUE(held);
}

/// Arrivals of one contested person: copies of versions that contradict each other, event ids that
/// wander between facts; offsets say which was received first.
struct Copy {
  const char* fact;
  std::uint64_t version;
  int content;
  std::uint8_t id;
};
Entries contested(const std::vector<Copy>& copies) {
  Entries all;
  for (const Copy& c : copies) {
    JournalEntry j;
    j.event = testing::event(InterviewHeld{InterviewKind::kNeeds, {std::to_string(c.content)}},
                             c.fact, c.version);
    j.event.event_id = testing::id(c.id);
    j.origin.timestamp = {1'000};
    j.origin.offset = static_cast<std::int64_t>(all.size());
    all.push_back(std::move(j));
  }
  return all;
}
std::string standing_copies(const Entries& journal) {
  std::vector<const JournalEntry*> pointers;
  for (const JournalEntry& j : journal) pointers.push_back(&j);
  const std::vector<Standing> standing = standings(pointers);
  std::set<std::int64_t> offsets;
  for (std::size_t i = 0; i < journal.size(); ++i) {
    if (standing[i] == Standing::kStands) offsets.insert(journal[i].origin.offset);
  }
  std::string all;
  for (const std::int64_t offset : offsets) all += std::to_string(offset);
  return all;
}
/// Over every order of arrival.
void expect_standing(const std::vector<Copy>& copies, const std::string& offsets) {
  const Entries sent = contested(copies);
  std::vector<std::size_t> order(sent.size());
  std::iota(order.begin(), order.end(), 0U);
  do {
    Entries arrivals;
    for (const std::size_t i : order) arrivals.push_back(sent[i]);
    const Entries journal = received(arrivals);
    ASSERT_EQ(standing_copies(journal), offsets);
    ASSERT_EQ(effective(journal, {}), effective(received(sent), {}));
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Convergence, OfThreeToFiveContradictingCopiesTheOneReceivedFirstStays) {
  expect_standing({{"a", 1, 1, 1}, {"a", 1, 2, 2}, {"a", 1, 3, 3}}, "0");
  expect_standing({{"a", 1, 1, 1}, {"a", 1, 2, 2}, {"a", 1, 3, 3}, {"a", 1, 4, 4}}, "0");
  expect_standing({{"a", 1, 1, 1}, {"a", 1, 2, 2}, {"a", 1, 3, 3}, {"a", 1, 4, 4}, {"a", 1, 5, 5}},
                  "0");
  // A copy equal to a loser is one with it; a copy equal to the winner makes it no earlier.
  expect_standing({{"a", 1, 1, 1}, {"a", 1, 2, 2}, {"a", 1, 2, 3}, {"a", 1, 1, 4}, {"a", 2, 1, 5}},
                  "04");
}

TEST(Convergence, AnEventIdStaysWithTheFactThatHadItFirst) {
  expect_standing({{"a", 1, 1, 1}, {"b", 1, 1, 1}, {"c", 1, 1, 1}}, "0");
  expect_standing({{"a", 1, 1, 1}, {"b", 1, 1, 1}, {"c", 1, 1, 1}, {"b", 1, 2, 2}}, "03");
}

TEST(Convergence, ACopyThatDoesNotStandHoldsNeitherItsVersionNorItsEventId) {
  // b loses its id to a, so its second content holds the version, and the third does not.
  expect_standing({{"a", 1, 1, 1}, {"b", 1, 1, 1}, {"b", 1, 2, 2}, {"b", 1, 3, 3}}, "02");
  // The second content of a stands nowhere, so its id is free for b, and c loses to b.
  expect_standing({{"a", 1, 1, 1}, {"a", 1, 2, 2}, {"b", 1, 1, 2}, {"c", 1, 1, 2}}, "02");
  // A chain of five: each decides the next.
  expect_standing({{"a", 1, 1, 1}, {"b", 1, 1, 1}, {"b", 1, 2, 2}, {"c", 1, 1, 2}, {"c", 1, 2, 3}},
                  "024");
}

}  // namespace
}  // namespace kronika::domain
