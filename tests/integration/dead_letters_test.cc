// From a refusal to a citizen's measurement: what an operator does with dead letters, with the real
// programs and a real broker.

#include "support/platform.h"

#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kronika {
namespace {

using test_support::Answer;
using test_support::Platform;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSender = "990000000000201";

class DeadLetterCommands : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto started = Platform::start();
    ASSERT_TRUE(started) << started.error();
    platform_ = started->release();
    platform_->set("KRONIKA_IDENTITY_DEFAULT_SENDER_ORG", "");
  }
  static void TearDownTestSuite() {
    delete platform_;
    platform_ = nullptr;
  }
  static void publish(const std::string& name, const std::string& message) {
    const std::string file = folder_.path() + "/" + name;
    std::ofstream(file) << message;
    const Answer answer = platform_->cli({"publish", file});
    ASSERT_EQ(answer.code, 0) << answer.output;
  }
  static nlohmann::json json(const std::vector<std::string>& args, int code) {
    const Answer answer = platform_->cli(args);
    EXPECT_EQ(answer.code, code) << answer.output;
    const auto parsed = nlohmann::json::parse(answer.output, nullptr, false);
    EXPECT_FALSE(parsed.is_discarded()) << answer.output;
    return parsed;
  }
  /// Whether the gateway's page comes to say so, or no longer to say so.
  static bool await_page(const std::string& line, bool there) {
    for (int i = 0; i < 120; ++i) {
      const std::string page = platform_->metrics_of("kronika-gateway");
      if (!page.empty() && (page.find(line) != std::string::npos) == there) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(250));
    }
    return false;
  }
  /// A resource names no sender: refused while no default is set.
  static std::string observation(const std::string& id) {
    return R"({"resourceType":"Observation","id":")" + id +
           R"(","status":"final","code":{"coding":[{"system":"urn:oid:1.2.208.176.2.1",)"
           R"("code":"NPU03011"}]},"subject":{"identifier":{"system":"urn:oid:1.2.208.176.1.2",)"
           R"("value":"2509479989"}},"effectiveDateTime":"2025-01-10T09:05:00+01:00",)"
           R"("issued":"2025-01-10T09:05:00+01:00","valueQuantity":{"value":0.95,"unit":"1",)"
           R"("system":"http://unitsofmeasure.org","code":"1"}})";
  }

  static inline test_support::TempFolder folder_{"kronika-dead-letters"};
  static inline Platform* platform_ = nullptr;
};

TEST_F(DeadLetterCommands, AMendedSettingTakesWhatWasRefusedOnceAndNamesWhereItCameFrom) {
  publish("a.json", observation("a"));
  publish("b.json", "{\"resourceType\":");
  auto listed = json({"dead-letters", "list", "--json"}, 0);
  EXPECT_EQ(listed["count"], 2);
  EXPECT_EQ(listed["waiting"], 2);
  listed = json({"dead-letter", "list", "--reason", "FIELD_MISSING", "--json"}, 0);
  ASSERT_EQ(listed["count"], 1) << "the other one is malformed";
  const std::string place = listed["latest"][0]["place"];
  const std::string missing =
      "kronika_dead_letters_open{stage=\"edge\",reason=\"FIELD_MISSING\"} 1";
  const std::string malformed =
      "kronika_dead_letters_open{stage=\"edge\",reason=\"JSON_MALFORMED\"} 1";
  EXPECT_TRUE(await_page(missing, true));
  EXPECT_TRUE(await_page(malformed, true));

  // Nothing is mended: nothing is sent.
  auto replayed = json({"dead-letters", "replay", place, "--json"}, 1);
  EXPECT_EQ(replayed["verdicts"]["unchanged"], 1);
  EXPECT_EQ(replayed["sent"], 0);

  platform_->set("KRONIKA_IDENTITY_DEFAULT_SENDER_ORG", kSender);
  replayed = json({"dead-letters", "replay", "--stage", "edge", "--dry-run", "--json"}, 1);
  EXPECT_EQ(replayed["chosen"], 2);
  EXPECT_EQ(replayed["verdicts"]["accepted"], 1);
  EXPECT_EQ(replayed["verdicts"]["unchanged"], 1);
  EXPECT_EQ(replayed["sent"], 0);
  const Answer dry = platform_->cli({"dead-letters", "replay", place, "--dry-run"});
  EXPECT_EQ(dry.code, 0) << dry.output;
  EXPECT_THAT(dry.output, HasSubstr("nothing was sent"));

  replayed = json({"dead-letters", "replay", "--reason", "FIELD_MISSING", "--purpose",
                   "sender added to the settings", "--json"},
                  0);
  ASSERT_EQ(replayed["sent"], 1);
  EXPECT_THAT(replayed["letters"][0]["published"][0].get<std::string>(), HasSubstr("maaling/"));
  listed = json({"dead-letters", "list", "--json"}, 0);
  EXPECT_EQ(listed["waiting"], 1);
  for (const auto& letter : listed["latest"]) {
    EXPECT_EQ(letter["replayed"], letter["place"] == place ? "accepted" : "");
  }
  EXPECT_EQ(json({"dead-letters", "list", "--waiting", "--json"}, 0)["count"], 1);

  EXPECT_TRUE(await_page(missing, false)) << "sent once more, it is no longer open";
  EXPECT_TRUE(await_page(malformed, true));

  // Once more: left out; and with --again a duplicate, which changes nothing.
  EXPECT_EQ(json({"dead-letters", "replay", place, "--json"}, 0)["skipped"], 1);
  EXPECT_EQ(json({"dead-letters", "replay", place, "--again", "--json"}, 0)["sent"], 1);
  EXPECT_EQ(platform_->cli({"summary"}).code, 0);
  const Answer values =
      platform_->cli({"citizen", "measurements", "SPO2", "--cpr", "2509479989", "--json"});
  EXPECT_EQ(values.code, 0) << values.output;
  EXPECT_EQ(nlohmann::json::parse(values.output)["measurements"].size(), 1U) << values.output;
  EXPECT_THAT(platform_->metrics_of("kronika-citizen"),
              HasSubstr("kronika_citizen_events_total{outcome=\"duplicate\"} 1"));
}

TEST_F(DeadLetterCommands, WhatNobodyNeedsToLookAtIsClosed) {
  publish("d.json", "{\"resourceType\":\"Clo");
  EXPECT_NE(platform_->cli({"dead-letters", "close", "--reason", "JSON_MALFORMED"}).code, 0)
      << "without a purpose";
  EXPECT_EQ(platform_->cli({"dead-letters", "close", "--purpose", "all of them"}).code, 2)
      << "nothing chosen is not everything";
  const std::string open = "kronika_dead_letters_open{stage=\"edge\",reason=\"JSON_MALFORMED\"}";
  EXPECT_TRUE(await_page(open, true));
  const std::vector<std::string> close{"dead-letters", "close",  "--reason", "JSON_MALFORMED",
                                       "--purpose",    "a test", "--json"};
  std::vector<std::string> dry = close;
  dry.emplace_back("--dry-run");
  const auto would = json(dry, 0)["closed"].get<int>();
  EXPECT_GE(would, 1);
  EXPECT_EQ(json(close, 0)["closed"], would);
  EXPECT_TRUE(await_page(open, false));
  EXPECT_EQ(json({"dead-letters", "list", "--reason", "JSON_MALFORMED", "--waiting", "--json"},
                 0)["count"],
            0);
  EXPECT_EQ(platform_->cli(close).code, 1) << "there is none left";
}

TEST_F(DeadLetterCommands, BytesAreShownOnlyAfterTheAuditRecordStands) {
  publish("c.json", "{\"resourceType\":\"Obser");
  auto listed = json({"dead-letters", "list", "--limit", "1", "--json"}, 0);
  const std::string place = listed["latest"][0]["place"];
  const Answer closed = platform_->cli({"dead-letters", "show", place});
  EXPECT_EQ(closed.code, 0) << closed.output;
  EXPECT_THAT(closed.output, Not(HasSubstr("Obser")));
  const Answer opened = platform_->cli({"dead-letters", "show", place, "--open"});
  EXPECT_EQ(opened.code, 0) << opened.output;
  EXPECT_THAT(opened.output, HasSubstr("{\"resourceType\":\"Obser"));
  EXPECT_EQ(platform_->cli({"dead-letters", "show", "0:999999"}).code, 1);
  EXPECT_EQ(platform_->cli({"dead-letters", "show", "nonsense"}).code, 2);
  EXPECT_EQ(platform_->cli({"dead-letters", "replay"}).code, 2);
}

TEST_F(DeadLetterCommands, RetentionFollowsTheSettingsAlsoOnTopicsThatExist) {
  EXPECT_THAT(platform_->cli({"topics", "create"}).output, HasSubstr("as they should be"));
  platform_->set("KRONIKA_KAFKA_DEAD_LETTER_DAYS", "90");
  EXPECT_THAT(platform_->cli({"topics", "check"}).output,
              HasSubstr("topic dead-letter has retention.ms=2592000000, we need 7776000000"));
  EXPECT_THAT(platform_->cli({"topics", "create"}).output,
              HasSubstr("set the retention of dead-letter"));
  EXPECT_THAT(platform_->cli({"topics", "check"}).output, HasSubstr("as they should be"));
}

}  // namespace
}  // namespace kronika
