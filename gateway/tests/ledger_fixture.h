// A view with a ledger over the platform without Kafka: messages, events and bookings are put on
// its topics by hand, in any order.
#pragma once

#include "fake_platform.h"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include <kronika/base/bytes.h>
#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/codec/uuid5.h>
#include <kronika/gateway/view.h>

namespace kronika::gateway {

using codec::LedgerOutcome;
using testing::at;
using testing::FakePlatform;
using testing::LogRecord;

inline constexpr const char* kSender = "990000000000101";
inline constexpr std::uint64_t kSenderCode = 990000000000101;

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
    options.ledger.days = 30;
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
  /// Appends to the topic; its offset.
  std::int64_t append_to(std::string_view topic, Instant time,
                         std::vector<std::pair<std::string, std::string>> headers = {}) {
    auto& log = platform_.log(topic, 0);
    LogRecord record;
    record.offset = static_cast<std::int64_t>(log.size());
    record.timestamp = time;
    record.headers = std::move(headers);
    log.push_back(std::move(record));
    return log.back().offset;
  }
  /// A record of the topic dead-letter.
  codec::RecordPlace keep_letter(const std::string& id, const std::string& time,
                                 const std::string& stage, const std::string& reason) {
    return {0, append_to(bus::kDeadLetter, at(time),
                         {{"kronika-dlq-stage", stage},
                          {"kronika-dlq-reason", reason},
                          {"kronika-dlq-hash", codec::sha256_hex(id)}})};
  }
  /// As an edge does it: the original, the dead letter where something was refused, the account.
  codec::MessageReceived receive(const std::string& id, const std::string& time,
                                 std::vector<codec::PublishedEvent> events,
                                 std::vector<codec::RefusedFacts> refused = {}) {
    codec::MessageReceived message = described(id, time, std::move(events), std::move(refused));
    message.raw = {0, append_to(bus::kRaw, at(time))};
    if (!message.refused.empty()) {
      message.dead_letters = {keep_letter(id, time, "edge", message.refused.front().reason)};
    }
    announce(message);
    return message;
  }
  static codec::MessageReceived described(const std::string& id, const std::string& time,
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
    return message;
  }
  void announce(const codec::MessageReceived& message) {
    std::string value;
    bus::append_wire_prefix(codec::kMessageReceivedSchemaId, value);
    codec::encode_message_received(message, value);
    append(value, message.received_at);
  }
  void book(const codec::PublishedEvent& event, const std::string& time, LedgerOutcome outcome,
            const std::string& reason = {}, bool irregular = false) {
    codec::LedgerEntry entry;
    entry.event_id = event.event_id;
    entry.outcome = outcome;
    entry.reason = reason;
    entry.irregular = irregular;
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
    View::LogBounds bounds;
    for (std::uint8_t t = 0; t <= kRawTopic; ++t) {
      if (t >= kFlytningTopic && t < kLedgerTopic) continue;
      for (int p = 0; p < FakePlatform::kPartitions; ++p) {
        bounds.ends[{t, p}] = static_cast<std::int64_t>(platform_.log(topic_name(t), p).size());
        if (t > kLedgerTopic) bounds.begins[{t, p}] = p == 0 ? begins_[t] : 0;
      }
    }
    for (int step = 0; step < 2; ++step) {
      const auto checked = view_->check_ledger(now, bounds);
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
  std::vector<RecordAt> missing() {
    const auto found =
        ledger().missing(*domain::parse_date("2025-01-01"), *domain::parse_date("2026-01-01"), 100);
    EXPECT_TRUE(found.has_value());
    std::vector<RecordAt> places;
    for (const auto& one : *found) places.push_back(one.at);
    return places;
  }
  std::vector<MessageAccount> find(const std::string& id) {
    auto page = ledger().by_message(id, handled(), 10);
    EXPECT_TRUE(page.has_value());
    return page->messages;
  }

  const std::string folder_ =
      std::filesystem::temp_directory_path() / ("kronika-ledger-" + std::to_string(::getpid()));
  FakePlatform platform_;
  std::map<std::uint8_t, std::int64_t> begins_;  ///< first offset that Kafka still has, by topic
  std::unique_ptr<View> view_;
};

}  // namespace kronika::gateway
