// "Where did my message go?", asked of the real programs: accounts, reconciliation, and a loss that
// is planted and must be seen.

#include "support/platform.h"

#include <algorithm>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <kronika/bus/publisher.h>
#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/schema_ids.h>

namespace kronika {
namespace {

using test_support::Answer;
using test_support::Platform;
using testing::HasSubstr;

class LedgerCommands : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto started = Platform::start();
    ASSERT_TRUE(started) << started.error();
    platform_ = started->release();
    const Answer published = platform_->cli({"publish", "data/samples", "--json"});
    ASSERT_EQ(published.code, 0) << published.output;
    // Log lines stand before it.
    const auto begin = published.output.find("{\"messages\"");
    ASSERT_NE(begin, std::string::npos) << published.output;
    published_ = nlohmann::json::parse(published.output.substr(begin), nullptr, false);
    ASSERT_FALSE(published_.is_discarded()) << published.output;
  }
  static void TearDownTestSuite() {
    delete platform_;
    platform_ = nullptr;
  }
  static nlohmann::json json(const std::vector<std::string>& args, int code) {
    const Answer answer = platform_->cli(args);
    EXPECT_EQ(answer.code, code) << answer.output;
    const auto parsed = nlohmann::json::parse(answer.output, nullptr, false);
    EXPECT_FALSE(parsed.is_discarded()) << answer.output;
    return parsed;
  }
  static std::int64_t sum(const nlohmann::json& rows, const char* field) {
    std::int64_t total = 0;
    for (const auto& row : rows) total += std::stoll(row[field].get<std::string>());
    return total;
  }

  /// Without the canary, which goes on all the time.
  static void leave_canary_out(nlohmann::json& books) {
    auto& rows = books["rows"];
    rows.erase(std::remove_if(rows.begin(), rows.end(),
                              [](const nlohmann::json& row) { return row["received"] == "0"; }),
               rows.end());
  }

  /// The books once every message is in them: reconcile --wait waits for events, and a message
  /// without any may be read a moment later.
  static nlohmann::json books() {
    nlohmann::json found;
    for (int i = 0; i < 60; ++i) {
      found = json({"reconcile", "--wait", "90", "--json"}, 0);
      leave_canary_out(found);
      if (sum(found["rows"], "received") == published_["messages"].get<std::int64_t>()) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
    return found;
  }

  static inline Platform* platform_ = nullptr;
  static inline nlohmann::json published_;
};

TEST_F(LedgerCommands, EverythingThatWasSentAddsUpAlsoAfterTheGatewayWasKilled) {
  const auto books = LedgerCommands::books();
  EXPECT_EQ(books["adds_up"], true);
  const auto messages = published_["messages"].get<std::int64_t>();
  EXPECT_EQ(sum(books["rows"], "received"), messages);
  EXPECT_EQ(sum(books["rows"], "accepted") + sum(books["rows"], "rejected"), messages);
  EXPECT_GT(sum(books["rows"], "published"), 50);
  EXPECT_EQ(sum(books["rows"], "published"),
            sum(books["rows"], "applied") + sum(books["rows"], "duplicate") +
                sum(books["rows"], "superseded") + sum(books["rows"], "events_rejected"));
  EXPECT_EQ(sum(books["rows"], "pending"), 0);

  platform_->kill_program("kronika-gateway");
  platform_->start_program("kronika-gateway");
  EXPECT_EQ(LedgerCommands::books()["rows"], books["rows"]);
}

TEST_F(LedgerCommands, AMessageTellsWhatItsEventsDid) {
  json({"reconcile", "--wait", "90", "--json"}, 0);
  const std::string reason = published_["by_reason"].begin().key();
  EXPECT_GT(json({"message", "list", "--reason", reason, "--json"}, 0)["messages"].size(), 0U);
  const auto all = json({"message", "list", "--cpr", "2509479989", "--limit", "0", "--json"}, 0);
  ASSERT_GT(all["messages"].size(), 0U);
  bool effect = false;
  for (const auto& message : all["messages"]) {
    EXPECT_FALSE(message["sha256"].get<std::string>().empty());
    const std::string id = message["message_id"];
    if (id.empty() || effect) continue;
    const auto shown = json({"message", "show", id, "--json"}, 0);
    for (const auto& event : shown["messages"][0]["events"]) {
      effect = effect || !event["effects"].empty();
    }
  }
  EXPECT_TRUE(effect) << "some event of the citizen moved a pathway";
  const std::string sender = all["messages"][0]["sender_org"];
  EXPECT_GT(json({"message", "list", "--sender", sender, "--json"}, 0)["messages"].size(), 0U);
  EXPECT_EQ(platform_->cli({"message", "show", "no-such-message"}).code, 1);
  EXPECT_EQ(platform_->cli({"message", "list"}).code, 2);
  const std::string page = platform_->metrics_of("kronika-gateway");
  EXPECT_THAT(page, HasSubstr("kronika_reconciliation_unbalanced_senders 0"));
  EXPECT_THAT(page, HasSubstr("kronika_reconciliation_pending_oldest_timestamp_seconds"));
  EXPECT_THAT(page, HasSubstr("kronika_sender_last_message_timestamp_seconds{sender="));
}

TEST_F(LedgerCommands, MessagesAreFoundByReasonOutcomeAndSender) {
  const auto books = json({"reconcile", "--wait", "90", "--json"}, 0);
  const auto found = [](std::vector<std::string> by) {
    std::vector<std::string> args{"message", "list", "--limit", "0", "--json"};
    args.insert(args.end(), by.begin(), by.end());
    return json(args, 0)["messages"];
  };
  for (const auto& [outcome, field] :
       std::map<std::string, const char*>{{"DUPLICATE", "duplicate"},
                                          {"SUPERSEDED", "superseded"},
                                          {"IRREGULAR", "irregular"},
                                          {"UNIMPLEMENTED", "unimplemented"}}) {
    const auto messages = found({"--reason", outcome});
    EXPECT_EQ(messages.empty(), sum(books["rows"], field) == 0) << outcome;
    for (const auto& message : messages) {
      EXPECT_TRUE(std::any_of(message["events"].begin(), message["events"].end(),
                              [&](const nlohmann::json& event) {
                                return event["outcome"] == outcome || event.value(field, false);
                              }))
          << message;
    }
  }
  EXPECT_FALSE(found({"--reason", "IRREGULAR"}).empty()) << "the samples have some";
  const auto irregular = found({"--reason", "IRREGULAR"});
  const std::string sender = irregular[0]["sender_org"];
  const auto of_sender = found({"--reason", "IRREGULAR", "--sender", sender});
  EXPECT_FALSE(of_sender.empty());
  for (const auto& message : of_sender) EXPECT_EQ(message["sender_org"], sender);
  EXPECT_TRUE(found({"--reason", "IRREGULAR", "--sender", "990000000000999"}).empty());
  EXPECT_TRUE(found({"--reason", "IRREGULAR", "--to", "2020-01-01"}).empty());
  const Answer told = platform_->cli({"message", "list", "--reason", "IRREGULAR", "--effects"});
  EXPECT_THAT(told.output, HasSubstr("irregular"));
}

TEST_F(LedgerCommands, WhatAMessageHeldBesideItsEventsIsToldByName) {
  json({"reconcile", "--wait", "90", "--json"}, 0);
  // data/samples/hl7v2-dk/adt-a01-admission.hl7: a stay, and a diagnosis that is not confirmed.
  const auto shown = json({"message", "show", "M1", "--json"}, 0);
  // Other samples have the same message id.
  const auto& all = shown["messages"];
  const auto named = std::find_if(all.begin(), all.end(), [](const nlohmann::json& message) {
    return message["ignored_by_name"].dump().find("not confirmed (DG1-6 A)") != std::string::npos;
  });
  ASSERT_NE(named, all.end()) << shown;
  EXPECT_EQ((*named)["ignored"], 1);
  EXPECT_EQ((*named)["events"].size(), 1U);
  EXPECT_EQ((*named)["ignored_by_name"][0]["resources"], 1);
}

// Last: from here on the books are wrong.
TEST_F(LedgerCommands, ZAnEventThatWasAcknowledgedAndIsGoneIsSeen) {
  json({"reconcile", "--wait", "90", "--json"}, 0);
  bus::ClientOptions client;
  client.bootstrap_servers = platform_->broker().bootstrap_servers();
  auto publisher = bus::Publisher::open(client);
  ASSERT_TRUE(publisher.has_value());
  codec::MessageReceived received;
  received.sha256 = std::string(32, 'x');
  received.message_id = "LOST-1";
  received.sender_org = "990000000000201";
  received.received_at = SystemClock().now();
  received.events = {{EventId{{1, 2, 3}}, std::string(bus::kMaaling), 0, 1'000'000}};
  received.raw = {1, 2'000'000};
  std::string value;
  bus::append_wire_prefix(codec::kMessageReceivedSchemaId, value);
  codec::encode_message_received(received, value);
  bus::Outgoing record;
  record.topic = bus::kLedger;
  record.key = "k";
  record.value = value;
  ASSERT_TRUE((*publisher)->publish(record, {}).has_value());
  ASSERT_TRUE((*publisher)->flush(std::chrono::seconds(20)).has_value());

  Answer answer;
  for (int i = 0; i < 60; ++i) {
    answer = platform_->cli({"reconcile", "--sender", "990000000000201"});
    if (answer.code == 1) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  EXPECT_EQ(answer.code, 1) << answer.output;
  EXPECT_THAT(answer.output, HasSubstr("NOT_ON_TOPIC maaling/0@1000000"));
  EXPECT_THAT(answer.output, HasSubstr("NOT_ON_TOPIC raw/1@2000000"));
  EXPECT_THAT(platform_->cli({"message", "show", "LOST-1"}).output,
              HasSubstr("LOST: raw/1@2000000"));
  EXPECT_THAT(platform_->metrics_of("kronika-gateway"),
              HasSubstr("kronika_reconciliation_unbalanced_senders 1"));
}

// The planted loss of what is kept beside the events: somebody deletes records of the topics.
TEST_F(LedgerCommands, ZDeletedOriginalsAndDeadLettersAreSeen) {
  const auto refused =
      json({"message", "list", "--reason", "JSON_MALFORMED", "--limit", "1", "--json"}, 0);
  ASSERT_EQ(refused["messages"].size(), 1U);
  const auto& message = refused["messages"][0];
  ASSERT_TRUE(message["lost"].empty());
  const std::string original = message["original"];                    // raw/2@5
  std::string letter = message["dead_letters"][0].get<std::string>();  // 3:7
  letter = "dead-letter/" + letter.replace(letter.find(':'), 1, "@");  // dead-letter/3@7
  for (const std::string& place : {original, letter}) {
    const auto slash = place.find('/'), sign = place.find('@');
    const auto deleted = platform_->broker().delete_records(place.substr(0, slash),
                                                            std::stoi(place.substr(slash + 1)),
                                                            std::stoll(place.substr(sign + 1)) + 1);
    ASSERT_TRUE(deleted) << deleted.error();
  }

  Answer answer;
  for (int i = 0; i < 60; ++i) {
    answer = platform_->cli({"reconcile"});
    if (answer.output.find(letter + ",") != std::string::npos &&
        answer.output.find(original + ",") != std::string::npos) {
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  EXPECT_EQ(answer.code, 1);
  EXPECT_THAT(answer.output, HasSubstr("NOT_ON_TOPIC " + original + ","));
  EXPECT_THAT(answer.output, HasSubstr("NOT_ON_TOPIC " + letter + ","));
  const Answer shown = platform_->cli({"message", "show", message["sha256"].get<std::string>()});
  EXPECT_THAT(shown.output, HasSubstr("LOST: " + original));
  EXPECT_THAT(shown.output, HasSubstr("LOST: " + letter));
}

}  // namespace
}  // namespace kronika
