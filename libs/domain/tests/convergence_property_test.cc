// Any order of arrival gives the same journal and the same effective events (domain.md 4.2 point
// 4).
#include "event_factory.h"

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <kronika/domain/journal.h>

namespace kronika::domain {
namespace {

using Entries = std::vector<JournalEntry>;

/// What the citizen task does with the verdicts.
Entries receive(const Entries& arrivals) {
  Entries journal;
  for (const JournalEntry& incoming : arrivals) {
    std::vector<const JournalEntry*> known;
    std::vector<std::size_t> at;
    for (std::size_t i = 0; i < journal.size(); ++i) {
      const Event& k = journal[i].event;
      const Event& in = incoming.event;
      if (k.event_id == in.event_id ||
          (k.source_system == in.source_system && k.source_message_id == in.source_message_id)) {
        known.push_back(&journal[i]);
        at.push_back(i);
      }
    }
    const Verdict v = admit(known, incoming);
    if (!v.store_incoming) continue;
    std::set<std::size_t> leaving;
    if (v.replaces) leaving.insert(at[*v.replaces]);
    for (const std::size_t i : v.also_evicted) leaving.insert(at[i]);
    for (auto i = leaving.rbegin(); i != leaving.rend(); ++i) {
      journal.erase(journal.begin() + static_cast<std::ptrdiff_t>(*i));
    }
    journal.push_back(v.merged);
  }
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

/// Facts with versions, adapter revisions, resends and cancellations; each version may meet one
/// contradicting copy, and a fact may carry the event id of another.
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
      const int kind = *rc::gen::inRange(0, 6);
      if (kind == 0) {  // a contradicting copy
        JournalEntry other = j;
        other.event.payload = InterviewHeld{InterviewKind::kNeeds, {"T2D"}};
        other.event.event_id = testing::id(next_id++);
        all.push_back(other);
      } else {
        for (int copies = *rc::gen::inRange(0, 3); copies > 0; --copies) {
          JournalEntry again = j;
          again.event.recorded_at =
              j.event.recorded_at + std::chrono::hours(*rc::gen::inRange(0, 3));
          again.event.event_id = testing::id(next_id++);
          all.push_back(again);
        }
      }
      all.push_back(std::move(j));
    }
  }
  if (*rc::gen::inRange(0, 3) == 0) {  // one fact of its own with somebody's id
    JournalEntry thief;
    thief.event = testing::event(PersonDeceased{}, "thief");
    thief.event.event_id = all.back().event.event_id;
    // Only against a fact of one copy: which of three contradicting copies stays is left open.
    const auto copies = std::count_if(all.begin(), all.end(), [&](const JournalEntry& j) {
      return j.event.source_message_id == all.back().event.source_message_id;
    });
    if (copies == 1) all.push_back(thief);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].origin.timestamp = {1'000};
    all[i].origin.offset = static_cast<std::int64_t>(i);
  }
  return all;
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
    const Entries a = receive(sent);
    const Entries b = receive(shuffled);
    RC_ASSERT(texts(a) == texts(b));
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

}  // namespace
}  // namespace kronika::domain
