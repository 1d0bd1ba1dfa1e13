#include "event_factory.h"

#include <gtest/gtest.h>

#include <kronika/domain/journal.h>

namespace kronika::domain {
namespace {

using testing::event;
using testing::id;

JournalEntry entry(Event e, std::int64_t offset) {
  JournalEntry j;
  j.event = std::move(e);
  j.origin.timestamp = {1000};
  j.origin.offset = offset;
  return j;
}

Receipt receive_after(std::vector<JournalEntry> known, const JournalEntry& incoming) {
  return receive(known, incoming);
}

Event decision(VisitationDecision d, std::uint64_t version = 1) {
  return event(VisitationDecided{"R1", d, "", "", Priority::kUnspecified}, "vis-1", version);
}

TEST(FactHash, NeverChanges) {
  EXPECT_EQ(fact_hash("SYS-A", "m1"), fact_hash("SYS-A", "m1"));
  EXPECT_NE(fact_hash("SYS-A", "m1"), fact_hash("SYS-Am", "1"));
  // Written down once: the journal on disk is keyed by it.
  EXPECT_EQ(fact_hash("SYS-A", "m1"), 0xf92a941d4cd288ecULL);
}

TEST(Receive, EqualCopyIsADuplicateAndKeepsTheEarliestRecord) {
  const JournalEntry first = entry(decision(VisitationDecision::kAccept), 5);
  JournalEntry again = first;
  again.origin.offset = 9;
  std::vector<JournalEntry> journal{first};
  Receipt r = receive(journal, again);
  EXPECT_EQ(r.admission, Admission::kDuplicate);
  EXPECT_FALSE(r.journal_changed);
  again.event.recorded_at.ms -= 10;
  again.event.event_id = id(9);
  r = receive(journal, again);
  EXPECT_EQ(r.admission, Admission::kDuplicate);
  EXPECT_TRUE(r.journal_changed);
  ASSERT_EQ(journal.size(), 1U);
  EXPECT_EQ(journal[0].event.event_id, id(9));
  EXPECT_EQ(journal[0].origin.offset, 5);
}

TEST(Receive, OfTwoContentsOfOneVersionTheOneReceivedFirstStays) {
  const JournalEntry early = entry(decision(VisitationDecision::kAccept), 5);
  const JournalEntry late = entry(decision(VisitationDecision::kReject), 9);
  Receipt r = receive_after({early}, late);
  EXPECT_EQ(r.admission, Admission::kConflict);
  EXPECT_FALSE(r.others_changed);
  r = receive_after({late}, early);
  EXPECT_EQ(r.admission, Admission::kApplied);
  EXPECT_TRUE(r.others_changed);
}

TEST(Receive, ALowerVersionIsStoredWithoutEffect) {
  const JournalEntry high = entry(decision(VisitationDecision::kAccept, 2), 5);
  const Receipt r = receive_after({high}, entry(decision(VisitationDecision::kReject, 1), 9));
  EXPECT_EQ(r.admission, Admission::kSuperseded);
  EXPECT_TRUE(r.journal_changed);
}

TEST(Receive, EqualContentOfAMendedAdapterIsADuplicate) {
  const JournalEntry old = entry(decision(VisitationDecision::kAccept), 5);
  JournalEntry mended = entry(decision(VisitationDecision::kAccept), 9);
  mended.event.adapter_revision = 2;
  EXPECT_EQ(receive_after({old}, mended).admission, Admission::kDuplicate);
  mended = entry(decision(VisitationDecision::kReject), 9);
  mended.event.adapter_revision = 2;
  EXPECT_EQ(receive_after({old}, mended).admission, Admission::kApplied);
}

TEST(Receive, AnEventIdBelongsToTheFactThatHadItFirst) {
  const JournalEntry one = entry(event(PersonDeceased{}, "m1"), 5);
  const JournalEntry two = entry(event(PersonDeceased{}, "m2"), 9);
  EXPECT_EQ(receive_after({one}, two).admission, Admission::kEventIdReused);
  const Receipt r = receive_after({two}, one);
  EXPECT_EQ(r.admission, Admission::kApplied);
  EXPECT_TRUE(r.others_changed);
}

TEST(Receive, CopiesThatCameAnotherWayStandSideBySide) {
  const JournalEntry direct = entry(decision(VisitationDecision::kAccept), 5);
  JournalEntry moved = direct;
  moved.path.push_back({PersonKey{}, "CPR", "link-1", {2000}, {}});
  std::vector<JournalEntry> journal{direct};
  EXPECT_EQ(receive(journal, moved).admission, Admission::kDuplicate);
  EXPECT_EQ(journal.size(), 2U);
  EXPECT_EQ(effective_events(journal, {}).events.size(), 1U);
}

TEST(EffectiveEvents, ACopyInQuarantineIsNotKnownBeforeItsRivalEither) {
  const JournalEntry early = entry(decision(VisitationDecision::kAccept), 5);
  JournalEntry late = entry(decision(VisitationDecision::kReject), 9);
  late.event.recorded_at.ms -= 60'000;
  const std::vector<JournalEntry> entries{late, early};
  EXPECT_TRUE(effective_events(entries, {Instant::max(), late.event.recorded_at}).events.empty());
  EXPECT_EQ(effective_events(entries, {}).events, std::vector{&entries[1]});
}

TEST(EffectiveEvents, TheHighestVersionCountsAndACancelledFactIsGone) {
  std::vector<JournalEntry> entries{entry(decision(VisitationDecision::kReject, 1), 1),
                                    entry(decision(VisitationDecision::kAccept, 2), 2)};
  EXPECT_EQ(effective_events(entries, {}).events, std::vector{&std::as_const(entries)[1]});
  Event cancel = decision(VisitationDecision::kAccept, 3);
  cancel.op = Op::kCancel;
  entries.push_back(entry(cancel, 3));
  EXPECT_TRUE(effective_events(entries, {}).events.empty());
  entries.push_back(entry(decision(VisitationDecision::kForward, 4), 4));
  ASSERT_EQ(effective_events(entries, {}).events.size(), 1U);
  EXPECT_EQ(effective_events(entries, {}).events[0]->event.source_version, 4U);
}

TEST(EffectiveEvents, WhatWasNotRecordedThenIsNotKnownThen) {
  std::vector<JournalEntry> entries{entry(decision(VisitationDecision::kReject, 1), 1),
                                    entry(decision(VisitationDecision::kAccept, 2), 2)};
  entries[1].event.recorded_at.ms += 60'000;
  const Instant between{entries[0].event.recorded_at.ms + 30'000};
  EXPECT_EQ(effective_events(entries, {Instant::max(), between}).events,
            std::vector{&std::as_const(entries)[0]});
}

TEST(EffectiveEvents, AMovedEventIsKnownWhenItsLinkIs) {
  std::vector<JournalEntry> entries{entry(decision(VisitationDecision::kAccept), 1)};
  const Instant linked{entries[0].event.recorded_at.ms + 60'000};
  entries[0].path.push_back({PersonKey{}, "CPR", "link-1", linked, {}});
  EXPECT_TRUE(effective_events(entries, {Instant::max(), {linked.ms - 1}}).events.empty());
  EXPECT_EQ(effective_events(entries, {Instant::max(), linked}).events.size(), 1U);
}

TEST(EffectiveEvents, ADateIsVisibleFromItsFirstMomentAndSortsAtItsLast) {
  Event on_date = event(InterviewHeld{InterviewKind::kFollowUp, {"KOL"}}, "int");
  on_date.time_precision = TimePrecision::kDate;
  Event at_noon = event(PathwayClosed{"KOL", CloseReason::kFull}, "close");
  at_noon.event_id = id(2);
  at_noon.occurred_at.ms += 3 * 3'600'000;
  const std::vector<JournalEntry> entries{entry(on_date, 1), entry(at_noon, 2)};
  const CivilDate day = *civil_date(2025, 5, 1);
  EXPECT_EQ(effective_events(entries, {start_of_day(day), Instant::max()}).events,
            std::vector{&entries[0]});
  const EffectiveSet before =
      effective_events(entries, {{start_of_day(day).ms - 1}, Instant::max()});
  EXPECT_TRUE(before.events.empty());
  EXPECT_EQ(before.next_visible, start_of_day(day));
  EXPECT_EQ(effective_events(entries, {}).events, (std::vector{&entries[1], &entries[0]}));
}

TEST(EffectiveEvents, ARevisionOfAnUnknownFactActsAsItsCreation) {
  std::vector<JournalEntry> entries{entry(decision(VisitationDecision::kAccept, 2), 2)};
  EffectiveSet set = effective_events(entries, {});
  EXPECT_EQ(set.events.size(), 1U);
  EXPECT_EQ(set.revised_without_create.size(), 1U);
  entries.push_back(entry(decision(VisitationDecision::kReject, 1), 3));
  set = effective_events(entries, {});
  EXPECT_TRUE(set.revised_without_create.empty());
}

TEST(EffectiveEvents, AtOneInstantTheTypeRankOrders) {
  // Referral before visitation before the initial interview; admission before discharge; death
  // last.
  std::vector<Payload> in_order{
      ResidenceChanged{"0751"},
      DiagnosisRecorded{"SKS", "DJ449", DiagnosisSetting::kGp},
      MeasurementRecorded{},
      StratificationAssessed{},
      ReferralSent{},
      VisitationDecided{},
      InterviewHeld{InterviewKind::kNeeds, {"KOL"}},
      InterventionStarted{},
      InterventionAttended{},
      InterventionStopped{},
      InterviewHeld{InterviewKind::kFinal, {"KOL"}},
      PathwayPlanChanged{},
      InterviewHeld{InterviewKind::kFollowUp, {"KOL"}},
      PathwayClosed{},
      PatientDeclined{},
      CoordinationEnded{},
      SelfTreatmentChanged{},
      HospitalStayStarted{},
      LeaveStarted{},
      LeaveEnded{},
      HospitalStayEnded{},
      DischargeReportReceived{},
      PersonDeceased{},
  };
  for (std::size_t i = 0; i + 1 < in_order.size(); ++i) {
    const Event a = event(in_order[i], "z");
    const Event b = event(in_order[i + 1], "a");
    EXPECT_TRUE(sorts_before(a, b)) << event_type_name(a.type()) << event_type_name(b.type());
    EXPECT_FALSE(sorts_before(b, a));
  }
}

}  // namespace
}  // namespace kronika::domain
