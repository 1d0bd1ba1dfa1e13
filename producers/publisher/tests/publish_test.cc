#include "fake_bus.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include <kronika/publisher/publish.h>
#include <kronika/refdata/loader.h>

namespace kronika::publisher {
namespace {

constexpr std::string_view kGood =
    R"({"cpr":"0101509991","source_system":"T","source_message_id":"1","op":"OP_CREATE",)"
    R"("occurred_at":"2025-01-10T09:00:00+01:00","recorded_at":"2025-01-10T09:01:00+01:00",)"
    R"("sender_org":"990000000000101","diagnosis_recorded":{"code_system":"SKS","code":"DJ449","setting":"DIAGNOSIS_SETTING_GP"}})";

class Publish : public ::testing::Test {
 protected:
  Publish() {
    static const auto rules =
        refdata::load(KRONIKA_SOURCE_DIR "/data/reference",
                      KRONIKA_SOURCE_DIR "/data/reference/organisations.csv", 1)
            .value();
    adapters.rules = rules.get();
    adapters.hasher = &hasher;
  }
  PublishReport run(const std::string& input) {
    std::istringstream in(input);
    options.input = &in;
    if (options.paths.empty()) options.paths = {"-"};
    return run_publish(options, {{&adapters, &sealer, &bus, nullptr}, limits, &clock});
  }

  codec::PersonHasher hasher{"a secret for these tests only"};
  codec::Sealer sealer{std::array<std::uint8_t, 32>{5}};
  codec::AdapterSettings adapters;
  edge::FakeBus bus;
  ManualClock clock{Instant{1'780'000'000'000}};
  PublishOptions options;
  edge::Options limits;
};

TEST_F(Publish, EventsOriginalsAndTheLedgersRecordsAreWritten) {
  const auto report = run(std::string(kGood) + "\n" + std::string(kGood) + "\n");
  EXPECT_EQ(report.messages, 2U);
  EXPECT_EQ(report.messages_accepted, 2U);
  EXPECT_EQ(report.events, 2U);
  EXPECT_EQ(report.acknowledged, 6U);
  EXPECT_EQ(exit_code(report, true), 0);
  ASSERT_EQ(bus.records.size(), 6U);
  const auto events = bus.on("forloeb");
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].value, events[1].value) << "a resend gives the same bytes";
  EXPECT_EQ(bus.on("raw").size(), 2U);
  EXPECT_EQ(bus.on("ledger").size(), 2U);
}

TEST_F(Publish, ARefusedMessageIsARowAndADeadLetter) {
  const auto report = run("{\"cpr\":\"9901509991\",\"op\":");
  EXPECT_EQ(report.messages_refused, 1U);
  EXPECT_EQ(report.by_reason.at("JSON_MALFORMED"), 1U);
  EXPECT_EQ(exit_code(report, false), 0);
  EXPECT_EQ(exit_code(report, true), 1);
  EXPECT_EQ(bus.on("dead-letter").size(), 1U);
  ASSERT_EQ(report.refused_rows.size(), 1U);
  EXPECT_EQ(report.refused_rows[0].file, "-");
}

TEST_F(Publish, MoreThanMayBeUnderWayIsWaitedFor) {
  limits.max_inflight_messages = 2;
  std::string input;
  for (int i = 0; i < 7; ++i) input += std::string(kGood) + "\nrubbish\n";
  const auto report = run(input);
  EXPECT_EQ(report.messages, 14U);
  EXPECT_EQ(report.messages_accepted, 7U);
  EXPECT_EQ(report.messages_refused, 7U);
  ASSERT_EQ(report.refused_rows.size(), 7U);
  EXPECT_EQ(report.refused_rows[0].file, "-#2");
  EXPECT_EQ(report.refused_rows[6].file, "-#14");
  EXPECT_TRUE(report.failures.empty());
}

TEST_F(Publish, ABadMessageDoesNotStopTheNext) {
  const auto report = run(std::string(kGood) + "\nrubbish\n" + std::string(kGood) + "\n");
  EXPECT_EQ(report.messages_accepted, 2U);
  ASSERT_EQ(report.refused_rows.size(), 1U);
  EXPECT_EQ(report.refused_rows[0].file, "-#2");
}

TEST_F(Publish, AFileThatCannotBeReadIsAFailureAndTheNextIsTaken) {
  options.paths = {"/nowhere/a.json", "-"};
  const auto report = run(std::string(kGood));
  EXPECT_EQ(report.events, 1U);
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(exit_code(report, false), 3);
}

TEST_F(Publish, AKafkaThatDoesNotAnswerEndsTheRun) {
  bus.refuse = true;
  const auto report = run(std::string(kGood) + "\n" + std::string(kGood) + "\n");
  EXPECT_EQ(report.messages, 1U);
  EXPECT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(exit_code(report, false), 3);
}

TEST_F(Publish, ARecordThatKafkaDoesNotTakeIsAFailure) {
  bus.fail_from = 0;
  EXPECT_EQ(exit_code(run(std::string(kGood)), false), 3);
}

TEST_F(Publish, BothWaysOfPrintingNameReasonAndPlaceAndNoPerson) {
  std::string bad(kGood);
  bad.replace(bad.find("DJ449\",\"setting\":\"DIAGNOSIS_SETTING_GP"), 38,
              "DJ449\",\"setting\":\"DIAGNOSIS_SETTING_XX");
  const auto report = run(bad);
  std::ostringstream human;
  std::ostringstream json;
  print_human(report, human);
  print_json(report, json);
  for (const std::string& text : {human.str(), json.str()}) {
    EXPECT_NE(text.find("ENUM_UNKNOWN"), std::string::npos) << text;
    EXPECT_NE(text.find("diagnosis_recorded.setting"), std::string::npos) << text;
    EXPECT_EQ(text.find("0101509991"), std::string::npos) << text;
  }
  EXPECT_EQ(json.str().back(), '\n');
}

TEST_F(Publish, AFileNameThatMayHoldAPersonNumberIsNotPassedOn) {
  const auto file = std::filesystem::path(::testing::TempDir()) / "patient-010150-9991.json";
  std::ofstream(file) << "rubbish";
  options.paths = {file.string()};
  (void)run("");
  ASSERT_EQ(bus.on("dead-letter").size(), 1U);
  EXPECT_EQ(bus.on("dead-letter")[0].header("kronika-dlq-source"), "(file name withheld)");
}

}  // namespace
}  // namespace kronika::publisher
