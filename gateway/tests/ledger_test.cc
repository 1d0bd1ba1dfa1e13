#include "fake_platform.h"

#include <filesystem>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/codec/uuid5.h>
#include <kronika/gateway/ledger_metrics.h>
#include <kronika/gateway/view.h>

namespace kronika::gateway {
namespace {

using codec::LedgerOutcome;
using testing::at;
using testing::FakePlatform;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::LogRecord;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kSender = "990000000000101";
constexpr std::uint64_t kSenderCode = 990000000000101;

class LedgerTest : public ::testing::Test {
 protected:
  LedgerTest() { view_ = open(); }
  ~LedgerTest() override {
    view_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<View> open(Instant now = at("2025-03-10 12:00")) {
    ViewOptions options;
    options.path = folder_;
    options.identity = "test";
    options.ledger_days = 30;
    options.now = now;
    auto view = View::open(options);
    EXPECT_TRUE(view.has_value()) << view.error().context;
    return std::move(*view);
  }

  /// An event of this person on the topic maaling; its place.
  codec::PublishedEvent publish(const std::string& who, const std::string& time) {
    const PersonKey person = FakePlatform::person(who);
    domain::Event event = platform_.event(person, time, testing::spo2(0.95));
    event.event_id = codec::derive_event_id(event);
    platform_.publish(event);
    const int partition = FakePlatform::partition_of(person);
    const auto offset = platform_.log(bus::kMaaling, partition).back().offset;
    return {event.event_id, std::string(bus::kMaaling), partition, offset};
  }
  void append(const std::string& value, Instant time) {
    auto& log = platform_.log(bus::kLedger, 0);
    LogRecord record;
    record.offset = static_cast<std::int64_t>(log.size());
    record.timestamp = time;
    record.key = "k";
    record.value = value;
    log.push_back(record);
  }
  void receive(const std::string& id, const std::string& time,
               std::vector<codec::PublishedEvent> events,
               std::vector<codec::RefusedFacts> refused = {}) {
    codec::MessageReceived message;
    message.sha256 = *from_hex(codec::sha256_hex(id));
    message.message_id = id;
    message.sender_org = kSender;
    message.protocol = "native-json";
    message.door = "grpc";
    message.received_at = at(time);
    message.events = std::move(events);
    message.refused = std::move(refused);
    std::string value;
    bus::append_wire_prefix(codec::kMessageReceivedSchemaId, value);
    codec::encode_message_received(message, value);
    append(value, message.received_at);
  }
  void book(const codec::PublishedEvent& event, const std::string& time, LedgerOutcome outcome,
            const std::string& reason = {}) {
    codec::LedgerEntry entry;
    entry.event_id = event.event_id;
    entry.outcome = outcome;
    entry.reason = reason;
    entry.topic = event.topic;
    entry.partition = event.partition;
    entry.offset = event.offset;
    entry.sender_org = kSender;
    entry.record_time = at(time);
    std::string value;
    bus::append_wire_prefix(codec::kLedgerEntrySchemaId, value);
    codec::encode_ledger_entry(entry, value);
    append(value, entry.record_time);
  }
  /// The consumer commits, the view reads, and reconciliation takes two steps.
  void settle(Instant now = at("2025-03-10 12:00")) {
    platform_.consume(at("2025-03-10 12:00"));
    read(now);
  }
  void read(Instant now = at("2025-03-10 12:00")) {
    platform_.feed(*view_);
    std::map<TopicPartition, std::int64_t> ends;
    for (std::uint8_t t = 0; t <= kLedgerTopic; ++t) {
      if (t >= kFlytningTopic && t != kLedgerTopic) continue;
      for (int p = 0; p < FakePlatform::kPartitions; ++p) {
        ends[{t, p}] = static_cast<std::int64_t>(platform_.log(kViewTopics[t], p).size());
      }
    }
    for (int step = 0; step < 2; ++step) {
      const auto checked = view_->check_ledger(now, ends);
      ASSERT_TRUE(checked.has_value()) << checked.error().context;
    }
  }
  Ledger::Offsets handled() {
    Ledger::Offsets offsets;
    for (const auto& [place, next] : view_->handled()) {
      offsets[{place.topic, place.partition}] = next;
    }
    return offsets;
  }
  const Ledger& ledger() { return *view_->ledger(); }
  SenderDay day(const char* date) {
    const auto civil = *domain::parse_date(date);
    const auto rows = ledger().days(civil, civil, kSenderCode);
    return rows.empty() ? SenderDay{} : rows.front().counts;
  }
  std::vector<MessageAccount> find(const std::string& id) {
    auto page = ledger().by_message(id, handled(), 10);
    EXPECT_TRUE(page.has_value());
    return page->messages;
  }

  const std::string folder_ =
      std::filesystem::temp_directory_path() / ("kronika-ledger-" + std::to_string(::getpid()));
  FakePlatform platform_;
  std::unique_ptr<View> view_;
};

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
  EXPECT_THAT(find(codec::sha256_hex("M1")), IsEmpty()) << "a message with an id is found by it";

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
