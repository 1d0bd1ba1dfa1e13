// A small message of each type with one byte damaged, at every position: each copy gets one answer,
// and is kept, booked, and refused or published under the rules; no person's number leaves the edge
// unsealed. The FHIR door makes its answer of every account.
#include "answer.h"
#include "fake_bus.h"

#include <array>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <kronika/bus/wire.h>
#include <kronika/codec/event_codec.h>
#include <kronika/domain/checks.h>
#include <kronika/edge/edge.h>
#include <kronika/refdata/loader.h>

namespace kronika::door_fhir {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

struct Sample {
  const char* name;
  const char* file;  ///< of data/samples; a line of it where `line` is not negative
  int line;
  const char* person;  ///< a number that may not be read on Kafka
  Route route;
};

std::string text_of(const Sample& sample) {
  std::ifstream in(std::string(KRONIKA_SOURCE_DIR "/data/samples/") + sample.file,
                   std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  std::string text = all.str();
  if (sample.line >= 0) {
    std::istringstream lines(text);
    for (int i = 0; i <= sample.line; ++i) std::getline(lines, text);
  }
  // Without the blanks of formatted JSON: a damaged blank tells nothing.
  const json document = json::parse(text, nullptr, false);
  return document.is_discarded() ? text : document.dump();
}

class DamageTest : public ::testing::TestWithParam<Sample> {};

TEST_P(DamageTest, EveryCopyIsAnsweredKeptAndBooked) {
  static const auto rules = refdata::load(KRONIKA_SOURCE_DIR "/data/reference",
                                          KRONIKA_SOURCE_DIR "/data/reference/organisations.csv", 1)
                                .value();
  const codec::PersonHasher hasher{"a secret for these tests only"};
  const codec::Sealer sealer{std::array<std::uint8_t, 32>{5}};
  codec::AdapterSettings adapters;
  adapters.rules = rules.get();
  adapters.hasher = &hasher;
  adapters.default_sender_org = "990000000000101";
  edge::FakeBus bus;
  edge::Edge edge({&adapters, &sealer, &bus, nullptr}, {});

  const Sample sample = GetParam();
  const std::string whole = text_of(sample);
  ASSERT_GT(whole.size(), 100U);
  const Instant received{1'795'000'000'000};
  std::size_t accepted = 0;
  std::size_t refused = 0;
  domain::Event event;
  const auto send = [&](const std::string& bytes) {
    bus.records.clear();
    int answers = 0;
    edge.submit({.bytes = bytes, .door = edge::Door::kFhir, .received = received},
                [&](const Result<edge::Account>& account) {
                  ++answers;
                  ASSERT_TRUE(account.has_value());
                  account->whole() ? ++accepted : ++refused;
                  const Answer answer = answer_of(sample.route, read_body(bytes), *account);
                  EXPECT_FALSE(json::parse(answer.body, nullptr, false).is_discarded());
                  EXPECT_EQ(answer.status < 300, account->whole() || answer.status == 200);
                  EXPECT_EQ(bus.on("dead-letter").size(), account->whole() ? 0U : 1U);
                });
    (void)bus.flush(0ms);
    EXPECT_EQ(answers, 1);
    EXPECT_EQ(bus.on("raw").size(), 1U);
    EXPECT_EQ(bus.on("ledger").size(), 1U);
    for (const auto& record : bus.records) {
      EXPECT_EQ(record.value.find(sample.person), std::string::npos) << record.topic;
      for (const auto& [key, value] : record.headers) {
        EXPECT_EQ(value.find(sample.person), std::string::npos) << key << ": " << value;
      }
      if (record.header("ce_type").empty()) continue;
      // What went out passes the checks that every event must pass.
      const auto wire = bus::read_wire(record.value);
      ASSERT_TRUE(wire && codec::decode_event(wire->message, event));
      const auto fault = domain::check(*rules, event, received);
      EXPECT_FALSE(fault.has_value()) << fault->field;
    }
  };

  send(whole);
  EXPECT_EQ(accepted, 1U) << "the sample itself is whole";
  for (std::size_t i = 0; i < whole.size(); ++i) {
    // One bit: another character, or, in turn, a byte that is no character alone.
    std::string damaged = whole;
    damaged[i] =
        static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ (i % 2 == 0 ? 0x01U : 0x80U));
    SCOPED_TRACE(std::string(sample.name) + " byte " + std::to_string(i));
    send(damaged);
    if (HasFailure()) return;
  }
  EXPECT_EQ(accepted + refused, whole.size() + 1);
  EXPECT_GT(refused, whole.size() / 10) << "damage is seen";
  RecordProperty("accepted", static_cast<int>(accepted));
  RecordProperty("refused", static_cast<int>(refused));
}

INSTANTIATE_TEST_SUITE_P(
    Messages, DamageTest,
    ::testing::Values(
        Sample{"hospital_notification",
               "medcom-hospitalnotification/Bundle-a5e5b880-c087-4055-b9ec-99108695f81d.json",
               -1,
               "2509479989",
               {Operation::kProcessMessage, {}}},
        Sample{"home_care_observation",
               "medcom-homecareobservation/Bundle-ReceiveTestExample1.json",
               -1,
               "2509479989",
               {Operation::kProcessMessage, {}}},
        Sample{"native_event",
               "native/kol-complete-pathway.ndjson",
               0,
               "0101509991",
               {Operation::kBundle, {}}},
        Sample{"fhir_bundle",
               "fhir-dk/kol-referral-chain.json",
               -1,
               "0303559993",
               {Operation::kBundle, {}}},
        Sample{"hl7_admission",
               "hl7v2-dk/adt-a01-admission.hl7",
               -1,
               "0404749994",
               {Operation::kBundle, {}}},
        Sample{"hl7_observation",
               "hl7v2-dk/oru-r01-latin1.hl7",
               -1,
               "0404749994",
               {Operation::kBundle, {}}},
        Sample{"hl7_referral",
               "hl7v2-dk/ref-i12-referral.hl7",
               -1,
               "0404749994",
               {Operation::kBundle, {}}},
        Sample{"xml_referral",
               "medcom-xml/xref15-municipal-referral.xml",
               -1,
               "0404749994",
               {Operation::kBundle, {}}}),
    [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace kronika::door_fhir
