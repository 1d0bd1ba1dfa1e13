#include "ledger_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/gateway/ledger_metrics.h>

namespace kronika::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

TEST_F(LedgerTest, AnAccountIsJoinedFromMessageEventAndOutcomeInAnyOrder) {
  const auto a = publish("A", "2025-03-01 10:00");
  const auto b = publish("B", "2025-03-01 10:00");
  book(a, "2025-03-01 10:00", LedgerOutcome::kApplied);  // before the message that announces it
  receive("M1", "2025-03-01 10:00", {a, b}, {{"CODE_UNKNOWN", 2}});
  settle();
  auto found = find("M1");
  ASSERT_THAT(found, SizeIs(1));
  ASSERT_THAT(found[0].events, SizeIs(2));
  EXPECT_EQ(found[0].events[0].fate, EventFate::kApplied);
  EXPECT_EQ(found[0].events[0].person, FakePlatform::person("A"));
  EXPECT_EQ(found[0].events[1].fate, EventFate::kNotBooked) << "handled, and nobody said so";
  EXPECT_THAT(find(codec::sha256_hex("other")), IsEmpty());
  EXPECT_THAT(find(codec::sha256_hex("M1")), SizeIs(1)) << "also by its bytes";

  const auto refused = ledger().by_reason(
      "CODE_UNKNOWN", {at("2025-03-01 00:00"), at("2025-03-02 00:00"), {}, 10}, handled());
  ASSERT_TRUE(refused.has_value());
  EXPECT_THAT(refused->messages, SizeIs(1));
  const auto of_b =
      ledger().by_events(view_->records(FakePlatform::person("B")).value(), handled());
  ASSERT_TRUE(of_b.has_value());
  ASSERT_THAT(*of_b, SizeIs(1));
  EXPECT_EQ((*of_b)[0].received->message_id, "M1");
}

TEST_F(LedgerTest, ADayAddsUpAndALostBookingDoesNot) {
  const auto a = publish("A", "2025-03-01 10:00");
  const auto again = publish("A", "2025-03-01 10:00");
  const auto b = publish("B", "2025-03-01 10:00");
  receive("M1", "2025-03-01 10:00", {a});
  receive("M2", "2025-03-01 10:05", {again, b});
  receive("M3", "2025-03-01 10:05", {}, {{"JSON_MALFORMED", 1}});
  book(a, "2025-03-01 10:00", LedgerOutcome::kApplied);
  book(again, "2025-03-01 10:00", LedgerOutcome::kDuplicate);
  book(b, "2025-03-01 10:00", LedgerOutcome::kRejected, "RANGE_HARD");
  settle();
  SenderDay counts = day("2025-03-01");
  EXPECT_EQ(counts.received, 3U);
  EXPECT_EQ(counts.accepted, 2U);
  EXPECT_EQ(counts.rejected, 1U);
  EXPECT_EQ(counts.published, 3U);
  EXPECT_EQ(counts.applied, 1U);
  EXPECT_EQ(counts.duplicate, 1U);
  EXPECT_EQ(counts.refused, 1U);
  EXPECT_EQ(counts.pending(), 0U);
  EXPECT_TRUE(counts.adds_up());
  EXPECT_EQ(ledger().unbalanced_senders(), 0U);

  // The planted loss: handled, and no booking.
  const auto lost = publish("B", "2025-03-02 08:00");
  receive("M4", "2025-03-02 08:00", {lost});
  settle();
  counts = day("2025-03-02");
  EXPECT_EQ(counts.not_booked, 1U);
  EXPECT_FALSE(counts.adds_up());
  EXPECT_EQ(ledger().unbalanced_senders(), 1U);
  const auto missing =
      ledger().missing(*domain::parse_date("2025-03-01"), *domain::parse_date("2025-03-03"), 10);
  ASSERT_TRUE(missing.has_value());
  ASSERT_THAT(*missing, SizeIs(1));
  EXPECT_EQ((*missing)[0].at, (RecordAt{2, lost.partition, lost.offset}));
  settle();
  EXPECT_EQ(day("2025-03-02").not_booked, 1U) << "counted once";
}

TEST_F(LedgerTest, AnEventThatWaitsIsPendingAndNotMissing) {
  const auto a = publish("A", "2025-03-09 10:00");
  receive("M1", "2025-03-09 10:00", {a});
  read();
  EXPECT_EQ(day("2025-03-09").pending(), 1U);
  EXPECT_TRUE(day("2025-03-09").adds_up());
  EXPECT_EQ(find("M1").at(0).events.at(0).fate, EventFate::kPending);
  platform_.consume(at("2025-03-09 10:01"));
  book(a, "2025-03-09 10:00", LedgerOutcome::kApplied);
  read();
  EXPECT_EQ(day("2025-03-09").pending(), 0U);
  const auto oldest = ledger().oldest_pending(handled());
  ASSERT_TRUE(oldest.has_value());
  EXPECT_FALSE(oldest->has_value());
  publish("A", "2025-03-10 09:00");
  read();
  EXPECT_EQ(**ledger().oldest_pending(handled()), at("2025-03-10 09:00"));
}

TEST_F(LedgerTest, AMessageThatIsReadBeforeItsEventsIsNotYetCompared) {
  const auto a = publish("A", "2025-03-09 10:00");
  receive("M1", "2025-03-09 10:00", {a});
  read();
  const auto part = std::pair<std::uint8_t, std::int32_t>{2, a.partition};
  EXPECT_EQ(ledger().announced_beyond({}).value(), 1) << "no position: nothing was read";
  EXPECT_EQ(ledger().announced_beyond({{part, a.offset}}).value(), 1);
  EXPECT_EQ(ledger().announced_beyond({{part, a.offset + 1}}).value(), 0);
}

TEST_F(LedgerTest, AnAcknowledgedEventThatIsNotOnItsTopicIsSeen) {
  const auto a = publish("A", "2025-03-01 10:00");
  book(a, "2025-03-01 10:00", LedgerOutcome::kApplied);
  // Another event stands at its place: the broker lost the end of its log, and went on.
  codec::PublishedEvent replaced = a;
  replaced.event_id.bytes[0] ^= 0xff;
  receive("M1", "2025-03-01 10:00", {a});
  receive("M2", "2025-03-01 10:00", {replaced});
  // Nothing stands there.
  codec::PublishedEvent beyond = a;
  beyond.offset += 100;
  receive("M3", "2025-03-01 10:00", {beyond});
  settle();
  EXPECT_EQ(day("2025-03-01").not_on_topic, 2U);
  EXPECT_EQ(ledger().announced_beyond({}).value(), 0) << "what is known as lost waits no more";
  EXPECT_EQ(find("M2").at(0).events.at(0).fate, EventFate::kNotOnTopic);
  EXPECT_EQ(ledger().unbalanced_senders(), 1U);
}

TEST_F(LedgerTest, AnEventThatIsBookedAgainCountsOnce) {
  const auto a = publish("A", "2025-03-01 10:00");
  const auto b = publish("A", "2025-03-01 11:00");
  book(a, "2025-03-01 10:00", LedgerOutcome::kApplied);
  book(b, "2025-03-01 11:00", LedgerOutcome::kApplied);
  settle();
  book(a, "2025-03-01 10:00", LedgerOutcome::kRejected, "VERSION_CONFLICT");  // b takes its place
  settle();
  EXPECT_EQ(day("2025-03-01").applied, 1U);
  EXPECT_EQ(day("2025-03-01").refused, 1U);
  book(a, "2025-03-01 10:00", LedgerOutcome::kApplied);
  book(a, "2025-03-01 10:00", LedgerOutcome::kRejected, "VERSION_CONFLICT");  // in one batch
  settle();
  EXPECT_EQ(day("2025-03-01").applied, 1U);
  EXPECT_EQ(day("2025-03-01").refused, 1U);
  EXPECT_TRUE(day("2025-03-01").adds_up());
}

TEST_F(LedgerTest, EventsAreFoundByWhatBecameOfThem) {
  const auto a = publish("A", "2025-03-01 10:00");
  const auto again = publish("A", "2025-03-01 10:00");
  const auto late = publish("B", "2025-03-01 10:00");
  receive("M1", "2025-03-01 10:00", {a});
  receive("M2", "2025-03-01 10:05", {again, late});
  book(a, "2025-03-01 10:00", LedgerOutcome::kRejected, "VERSION_CONFLICT");
  book(again, "2025-03-01 10:00", LedgerOutcome::kSuperseded);
  book(late, "2025-03-01 10:00", LedgerOutcome::kApplied, {}, true);
  settle();
  const auto ids = [&](std::string_view reason) {
    const auto page = ledger().by_reason(
        reason, {at("2025-03-01 00:00"), at("2025-03-02 00:00"), {}, 10}, handled());
    EXPECT_TRUE(page.has_value());
    std::string all;
    for (const auto& m : page->messages) all += m.received->message_id;
    return all;
  };
  EXPECT_EQ(ids("VERSION_CONFLICT"), "M1");
  EXPECT_EQ(ids("SUPERSEDED"), "M2");
  EXPECT_EQ(ids("IRREGULAR"), "M2");
  EXPECT_EQ(ids("DUPLICATE"), "");
  book(a, "2025-03-01 10:00", LedgerOutcome::kApplied);
  settle();
  EXPECT_EQ(ids("VERSION_CONFLICT"), "") << "it took the place of the other copy";
}

TEST_F(LedgerTest, PagesOfASenderFitTogetherOverDays) {
  for (int i = 0; i < 7; ++i) {
    receive("M" + std::to_string(i),
            "2025-03-0" + std::to_string(1 + i / 3) + " 10:0" + std::to_string(i), {});
  }
  settle();
  for (const std::size_t size : {1U, 2U, 3U, 10U}) {
    std::string ids;
    Ledger::Range range{at("2025-03-01 10:01"), at("2025-03-09 00:00"), {}, size};
    for (int pages = 0; pages < 20; ++pages) {
      const auto page = ledger().by_sender(kSenderCode, range, handled());
      ASSERT_TRUE(page.has_value());
      for (const auto& m : page->messages) ids += m.received->message_id;
      range.after = page->next;
      if (page->next.empty()) break;
    }
    EXPECT_EQ(ids, "M1M2M3M4M5M6") << size;
  }
}

TEST_F(LedgerTest, WhatIsOlderThanTheSettingIsForgottenAndTheRestStaysAfterARestart) {
  const auto a = publish("A", "2025-02-20 10:00");
  receive("OLD", "2025-02-20 10:00", {a});
  book(a, "2025-02-20 10:00", LedgerOutcome::kApplied);
  const auto b = publish("A", "2025-03-09 10:00");
  receive("NEW", "2025-03-09 10:00", {b});
  book(b, "2025-03-09 10:00", LedgerOutcome::kApplied);
  const auto ancient = publish("A", "2024-01-01 10:00");
  book(ancient, "2024-01-01 10:00", LedgerOutcome::kApplied);
  settle();
  EXPECT_THAT(find("OLD"), SizeIs(1));
  EXPECT_EQ(day("2024-01-01").published, 0U) << "older than the setting when it was read";
  settle(at("2025-03-30 12:00"));
  EXPECT_THAT(find("OLD"), IsEmpty());
  ASSERT_THAT(find("NEW"), SizeIs(1));
  EXPECT_EQ(find("NEW")[0].events[0].fate, EventFate::kApplied);
  EXPECT_EQ(ledger().since(), at("2025-02-28 00:00"));
  view_.reset();
  view_ = open(at("2025-03-30 12:00"));
  settle(at("2025-03-30 12:00"));
  ASSERT_THAT(find("NEW"), SizeIs(1));
  EXPECT_EQ(day("2025-03-09").applied, 1U);
  EXPECT_EQ(ledger().unbalanced_senders(), 0U);
}

TEST_F(LedgerTest, ASendersHabitIsItsLongestGapButOne) {
  // Mondays to Fridays 08:00 and 15:00, for three weeks from Monday 10 February.
  for (int week = 0; week < 4; ++week) {
    for (int weekday = 0; weekday < 5; ++weekday) {
      const domain::CivilDate date = *domain::parse_date("2025-02-10") + (7 * week + weekday);
      for (const char* time : {" 08:00", " 15:00"}) {
        receive("M" + domain::to_text(date) + time, domain::to_text(date) + time, {});
      }
    }
  }
  settle();
  const auto habits = ledger().habits([](std::uint64_t) { return "all"; });
  ASSERT_TRUE(habits.contains("all"));
  const Habit& habit = habits.at("all");
  EXPECT_EQ(habit.last_message, at("2025-03-07 15:00"));
  ASSERT_TRUE(habit.expected_interval.has_value());
  // From Friday 15:00 to Monday 08:00 are 65 hours, and a slot of five minutes.
  EXPECT_EQ(*habit.expected_interval, std::chrono::minutes(65 * 60 + 5));

  telemetry::Registry registry;
  const ManualClock clock(at("2025-03-10 12:00"));
  const LedgerMetrics metrics(registry, *view_, platform_.rules(), clock);
  const std::string page = registry.text();
  EXPECT_THAT(page, HasSubstr("kronika_reconciliation_unbalanced_senders 0"));
  // A general practice: together with the others of its region.
  EXPECT_THAT(page,
              HasSubstr("kronika_sender_expected_interval_seconds{sender=\"gp-1082\"} 234300"));
  EXPECT_THAT(page, HasSubstr("kronika_sender_last_message_timestamp_seconds{sender=\""));
}

TEST_F(LedgerTest, AViewWithoutALedgerReadsNoneAndIsOfAnotherIdentity) {
  view_.reset();
  ViewOptions options;
  options.path = folder_;
  options.identity = "test";
  const auto foreign = View::open(options);
  EXPECT_FALSE(foreign.has_value());
}

}  // namespace
}  // namespace kronika::gateway
