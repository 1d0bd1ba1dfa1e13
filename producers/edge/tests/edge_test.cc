#include "fake_bus.h"

#include <array>
#include <regex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <kronika/bus/headers.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/errc.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/edge/edge.h>
#include <kronika/edge/peers.h>
#include <kronika/edge/text.h>
#include <kronika/edge/trace.h>
#include <kronika/refdata/loader.h>

namespace kronika::edge {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kGood =
    R"({"cpr":"0101509991","source_system":"T","source_message_id":"1","op":"OP_CREATE",)"
    R"("occurred_at":"2025-01-10T09:00:00+01:00","recorded_at":"2025-01-10T09:01:00+01:00",)"
    R"("sender_org":"990000000000101","diagnosis_recorded":{"code_system":"SKS","code":"DJ449","setting":"DIAGNOSIS_SETTING_GP"}})";
constexpr std::string_view kTraceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

class EdgeTest : public ::testing::Test {
 protected:
  EdgeTest() {
    static const auto rules =
        refdata::load(KRONIKA_SOURCE_DIR "/data/reference",
                      KRONIKA_SOURCE_DIR "/data/reference/organisations.csv", 1)
            .value();
    adapters.rules = rules.get();
    adapters.hasher = &hasher;
    incoming.received = Instant{1'780'000'000'000};
    incoming.door = Door::kFhir;
  }
  Edge& edge() {
    if (!edge_) edge_.emplace(Tools{&adapters, &sealer, &bus, &registry}, options);
    return *edge_;
  }
  void submit(std::string_view bytes) {
    incoming.bytes = bytes;
    edge().submit(incoming,
                  [this](Result<Account> account) { answers.push_back(std::move(account)); });
  }
  Account account_of(std::string_view bytes) {
    submit(bytes);
    EXPECT_TRUE(edge().drain(1s));
    EXPECT_FALSE(answers.empty());
    EXPECT_TRUE(answers.back().has_value()) << answers.back().error().context;
    return answers.back().value_or(Account{});
  }
  codec::MessageReceived booked() {
    codec::MessageReceived received;
    const auto records = bus.on("ledger");
    EXPECT_EQ(records.size(), 1U);
    if (records.empty()) return received;
    const auto wire = bus::read_wire(records[0].value);
    EXPECT_EQ(wire->schema_id, codec::kMessageReceivedSchemaId);
    EXPECT_TRUE(codec::decode_message_received(wire->message, received).has_value());
    return received;
  }
  double metric(const std::string& line) {
    const std::string page = registry.text();
    const auto at = page.find("\n" + line + " ");
    return at == std::string::npos ? -1 : std::stod(page.substr(at + line.size() + 2));
  }

  codec::PersonHasher hasher{"a secret for these tests only"};
  codec::Sealer sealer{std::array<std::uint8_t, 32>{5}};
  codec::AdapterSettings adapters;
  telemetry::Registry registry;
  FakeBus bus;
  Options options;
  Incoming incoming;
  std::vector<Result<Account>> answers;

 private:
  std::optional<Edge> edge_;
};

TEST_F(EdgeTest, AnAcceptedMessageIsPublishedKeptAndBooked) {
  incoming.traceparent = kTraceparent;
  const Account account = account_of(kGood);
  EXPECT_TRUE(account.whole());
  EXPECT_EQ(account.protocol, codec::Protocol::kNativeJson);
  EXPECT_EQ(account.sender_org, "990000000000101");
  EXPECT_EQ(account.trace_id, "0af7651916cd43dd8448eb211c80319c");
  ASSERT_EQ(account.facts.size(), 1U);
  const auto& fact = std::get<AcceptedFact>(account.facts[0]);
  EXPECT_EQ(fact.topic, "forloeb");
  EXPECT_EQ(fact.partition, 3);

  ASSERT_EQ(bus.on("forloeb").size(), 1U);
  const auto event = bus.on("forloeb")[0];
  EXPECT_EQ(event.timestamp, incoming.received);
  EXPECT_EQ(event.header("ce_type"), "kronika.event.v1.DiagnosisRecorded");
  EXPECT_EQ(event.header("ce_id"), uuid_text(fact.event_id));
  EXPECT_EQ(event.header("ce_source"), "/990000000000101/T");
  EXPECT_EQ(event.header("ce_time"), "2025-01-10T08:00:00.000Z");
  EXPECT_EQ(bus::trace_id_of(event.header("traceparent")), account.trace_id);
  ASSERT_EQ(bus.on("raw").size(), 1U);
  const auto raw = bus.on("raw")[0];
  EXPECT_EQ(raw.key, account.sha256);
  EXPECT_EQ(sealer.open(raw.value).value(), kGood);
  EXPECT_EQ(raw.value.find("0101509991"), std::string::npos);
  EXPECT_TRUE(bus.on("dead-letter").empty());

  const codec::MessageReceived r = booked();
  EXPECT_EQ(to_hex(r.sha256), account.sha256);
  EXPECT_EQ(r.sender_org, "990000000000101");
  EXPECT_EQ(r.protocol, "native-json");
  EXPECT_EQ(r.door, "fhir");
  EXPECT_EQ(r.received_at, incoming.received);
  EXPECT_EQ(r.size_bytes, kGood.size());
  ASSERT_EQ(r.events.size(), 1U);
  EXPECT_EQ(r.events[0].event_id, fact.event_id);
  EXPECT_EQ(r.events[0].topic, "forloeb");
  EXPECT_EQ(r.events[0].offset, fact.offset);
  EXPECT_EQ(r.raw.partition, 3);
  EXPECT_TRUE(r.refused.empty());
  EXPECT_TRUE(r.dead_letters.empty());
  EXPECT_EQ(bus.on("ledger")[0].key, fact.event_id.view());
}

TEST_F(EdgeTest, ARefusedMessageIsKeptSealedAndBookedWithItsReasons) {
  const std::string bad = "{\"cpr\":\"9901509991\",\"op\":";
  incoming.source = "patient 9901509991.json";
  const Account account = account_of(bad);
  EXPECT_FALSE(account.whole());
  EXPECT_EQ(std::get<codec::Refused>(account.facts.at(0)).reason(), domain::Reason::kJsonMalformed);
  ASSERT_EQ(bus.on("dead-letter").size(), 1U);
  const auto letter = bus.on("dead-letter")[0];
  EXPECT_EQ(sealer.open(letter.value).value(), bad);
  EXPECT_EQ(letter.header("kronika-dlq-stage"), "edge");
  EXPECT_EQ(letter.header("kronika-dlq-reason"), "JSON_MALFORMED");
  EXPECT_EQ(letter.header("kronika-dlq-hash"), letter.key);
  EXPECT_EQ(letter.header("kronika-dlq-source"), "(source withheld)");
  EXPECT_TRUE(letter.header("traceparent").ends_with("-01")) << "refusals are sampled";
  const codec::MessageReceived r = booked();
  ASSERT_EQ(r.refused.size(), 1U);
  EXPECT_EQ(r.refused[0].reason, "JSON_MALFORMED");
  ASSERT_EQ(r.dead_letters.size(), 1U);
  EXPECT_EQ(r.dead_letters[0].partition, 3);
  EXPECT_EQ(bus.on("ledger")[0].key, r.sha256.substr(0, 16));
}

TEST_F(EdgeTest, WhatAMixedBundleLeavesOutIsBookedByNameAndNeverWithAPersonsNumber) {
  std::string bundle = R"({"resourceType":"Bundle","id":"b1","type":"collection","entry":[)"
                       R"({"resource":{"resourceType":"Claim","id":"c1"}},)"
                       R"({"resource":{"resourceType":"Claim","id":"c2"}})";
  for (const std::string type : {"Strange0101509991", "Other0101509991"}) {
    bundle += R"(,{"resource":{"resourceType":")" + type + R"(","id":"x"}})";
  }
  const Account account = account_of(bundle + "]}");
  EXPECT_TRUE(account.whole());
  EXPECT_EQ(account.ignored, 4U);
  const std::vector<codec::IgnoredResources> expected{{"Claim", 2}, {"(id withheld)", 2}};
  EXPECT_EQ(booked().ignored_by_name, expected);
}

TEST_F(EdgeTest, ABundleOfEverythingDoesNotFillTheLedger) {
  std::string bundle = R"({"resourceType":"Bundle","id":"b1","type":"collection","entry":[)";
  for (int i = 0; i < 50; ++i) {
    bundle += std::string(i > 0 ? "," : "") + R"({"resource":{"resourceType":"T)" +
              std::to_string(i) + std::string(200, 'x') + R"(","id":"x"}})";
  }
  (void)account_of(bundle + "]}");
  const auto names = booked().ignored_by_name;
  ASSERT_EQ(names.size(), 33U);
  EXPECT_EQ(names.back(), (codec::IgnoredResources{"other", 18}));
  for (const auto& kind : names) EXPECT_LE(kind.name.size(), 80U);
}

TEST_F(EdgeTest, TheKeyOfTheMonthInWhichAMessageCameSealsIt) {
  codec::SealKeys keys;
  const codec::SealMonth month = codec::seal_month_of(incoming.received);
  ASSERT_EQ(keys.make(month, 2).size(), 2U);
  sealer.take(keys);
  (void)account_of(kGood);
  incoming.received = codec::begin_of(month + 1);
  (void)account_of(kGood);
  keys.destroy(month, incoming.received);
  sealer.take(keys);
  ASSERT_EQ(bus.on("raw").size(), 2U);
  EXPECT_EQ(sealer.open(bus.on("raw")[0].value).error().code, codec::kSealKeyGone);
  EXPECT_EQ(sealer.open(bus.on("raw")[1].value).value(), kGood);
}

TEST_F(EdgeTest, AMessageIdThatCouldBeAPersonsNumberStaysOutOfTheLedger) {
  const Account account = account_of(R"({"resourceType":"Bundle","id":"010150-9991","type":"x"})");
  EXPECT_EQ(account.message_id, "010150-9991");
  EXPECT_EQ(booked().message_id, "(id withheld)");
}

TEST_F(EdgeTest, NothingIsBookedOrAnsweredBeforeEverythingElseIsAcknowledged) {
  submit(kGood);
  EXPECT_TRUE(bus.on("ledger").empty());
  EXPECT_TRUE(answers.empty());
  bus.flush_once();
  EXPECT_EQ(bus.on("ledger").size(), 1U);
  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(edge().load().messages, 1U);
  bus.flush_once();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(edge().load().messages, 0U);
  EXPECT_EQ(edge().load().bytes, 0U);
}

TEST_F(EdgeTest, AResendGetsTheSameAnswerAndTheSameRecords) {
  const Account first = account_of(kGood);
  const auto before = bus.on("forloeb")[0];
  incoming.received = incoming.received + 1h;
  const Account again = account_of(kGood);
  EXPECT_EQ(std::get<AcceptedFact>(first.facts[0]).event_id,
            std::get<AcceptedFact>(again.facts[0]).event_id);
  EXPECT_EQ(first.sha256, again.sha256);
  EXPECT_EQ(bus.on("forloeb")[1].value, before.value);
  EXPECT_EQ(bus.on("forloeb")[1].key, before.key);
}

TEST_F(EdgeTest, ARecordThatKafkaDoesNotTakeMeansSendAgainAndNothingIsBooked) {
  bus.fail_from = 1;
  submit(kGood);
  EXPECT_TRUE(edge().drain(1s));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].error().code, kKafkaAway);
  EXPECT_TRUE(bus.on("ledger").empty());
  EXPECT_NE(registry.text().find("kronika_ingest_messages_total{outcome=\"unavailable\",protocol="
                                 "\"native-json\",sender=\"gp-1082\"} 1"),
            std::string::npos);
}

TEST_F(EdgeTest, ALedgerThatDoesNotTakeItsRecordMeansSendAgain) {
  bus.fail_from = 2;
  submit(kGood);
  EXPECT_TRUE(edge().drain(1s));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].error().code, kKafkaAway);
}

TEST_F(EdgeTest, AFullQueueHalfwayMeansSendAgainOnceTheRestIsAnswered) {
  bus.refuse_record = [](const FakeBus::Kept& record) -> std::optional<Error> {
    if (record.topic != "forloeb") return std::nullopt;
    return Error{bus::code(bus::Errc::kTransient), "full"};
  };
  submit(kGood);
  EXPECT_TRUE(answers.empty()) << "the original is under way";
  EXPECT_TRUE(edge().drain(1s));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].error().code, kBusy);
}

TEST_F(EdgeTest, WhatIsTooLargeIsAnsweredSoAndNotTaken) {
  options.max_message_bytes = 100;
  submit(kGood);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].error().code, kTooLarge);
  EXPECT_TRUE(bus.records.empty());
  EXPECT_EQ(
      metric("kronika_ingest_rejections_total{protocol=\"unknown\",reason=\"MESSAGE_TOO_LARGE\"}"),
      1);
}

TEST_F(EdgeTest, ARecordTooLargeForItsTopicIsTooLarge) {
  bus.refuse_record = [](const FakeBus::Kept&) {
    return std::optional(Error{bus::code(bus::Errc::kRecordTooLarge), "raw"});
  };
  submit(kGood);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].error().code, kTooLarge);
  EXPECT_TRUE(bus.records.empty());
}

TEST_F(EdgeTest, MoreThanMayBeUnderWayIsAnsweredAtOnce) {
  options.max_inflight_messages = 2;
  for (int i = 0; i < 3; ++i) submit(kGood);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].error().code, kBusy);
  EXPECT_EQ(edge().load().share, 1);
  EXPECT_TRUE(edge().drain(1s));
  EXPECT_EQ(answers.size(), 3U);
  submit(kGood);
  EXPECT_TRUE(edge().drain(1s));
  EXPECT_TRUE(answers.back().has_value());
}

TEST_F(EdgeTest, BytesUnderWayAreBoundedButOneMessageAlwaysFits) {
  options.max_inflight_bytes = 10;
  submit(kGood);
  submit(kGood);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].error().code, kBusy);
  EXPECT_TRUE(edge().drain(1s));
  EXPECT_TRUE(answers[1].has_value());
}

TEST_F(EdgeTest, AMessageCountsAgainstItsPeerUntilItsAnswer) {
  Peers::Options bounds;
  bounds.each.messages = 1;
  const auto peers = Peers::make(bounds, &registry);
  const auto one = peers->enter("one"), other = peers->enter("other");
  incoming.place = &*one;
  submit(kGood);
  submit(kGood);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].error().code, kThrottled);
  incoming.place = &*other;
  submit(kGood);
  EXPECT_EQ(answers.size(), 1U) << "another peer's is taken";
  EXPECT_TRUE(edge().drain(1s));
  incoming.place = &*one;
  EXPECT_TRUE(account_of(kGood).whole());
}

TEST_F(EdgeTest, OnlyMessagesOfWhichNothingCanBeUsedAreAPeersFaults) {
  Peers::Options bounds;
  bounds.each.faults_per_second = 1;
  const auto peers = Peers::make(bounds, &registry, [] { return Peers::Time{}; });
  const auto place = peers->enter("one");
  incoming.place = &*place;
  for (int i = 0; i < 10; ++i) (void)account_of(kGood);
  EXPECT_EQ(place->pause(), 0ns);
  for (int i = 0; i < 3; ++i) (void)account_of("rubbish");
  EXPECT_GT(place->pause(), 0ns);
}

TEST_F(EdgeTest, AStoppedEdgeTakesNothingAndFinishesWhatItHas) {
  submit(kGood);
  edge().stop();
  submit(kGood);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].error().code, kStopping);
  EXPECT_TRUE(edge().drain(1s));
  EXPECT_TRUE(answers[1].has_value());
}

TEST_F(EdgeTest, ADoorKeepsAndRefusesWhatItDoesNotTake) {
  const std::array takes{codec::Protocol::kFhirBundle};
  incoming.takes = takes;
  incoming.not_taken = "This door takes bundles.";
  const Account account = account_of(kGood);
  EXPECT_EQ(account.accepted, 0U);
  const auto& refused = std::get<codec::Refused>(account.facts.at(0));
  EXPECT_EQ(refused.reason(), domain::Reason::kTypeUnknown);
  EXPECT_EQ(refused.faults[0].sentence, "This door takes bundles.");
  EXPECT_EQ(bus.on("dead-letter").size(), 1U);
  EXPECT_TRUE(bus.on("forloeb").empty());
}

TEST_F(EdgeTest, CountsByProtocolSenderAndOutcome) {
  (void)account_of(kGood);
  (void)account_of("rubbish");
  EXPECT_EQ(metric("kronika_ingest_messages_total{outcome=\"rejected\",protocol=\"unknown\","
                   "sender=\"other\"}"),
            1);
  EXPECT_EQ(
      metric("kronika_ingest_rejections_total{protocol=\"unknown\",reason=\"JSON_MALFORMED\"}"), 1);
  EXPECT_EQ(metric("kronika_ingest_rejections_total{protocol=\"hl7v2\",reason=\"UNIT_MISSING\"}"),
            0);
  EXPECT_EQ(metric("kronika_kafka_produced_records_total{outcome=\"acked\",topic=\"raw\"}"), 2);
  EXPECT_EQ(metric("kronika_ingest_inflight"), 0);
  const std::string page = registry.text();
  EXPECT_NE(page.find("sender=\"gp-"), std::string::npos) << "general practices go by region";
  EXPECT_EQ(page.find("990000000000101"), std::string::npos);
}

TEST_F(EdgeTest, AFatalFaultOfTheClientIsTold) {
  bus.refuse_record = [](const FakeBus::Kept&) {
    return std::optional(Error{bus::code(bus::Errc::kClientFatal), "gone"});
  };
  submit(kGood);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].error().code, kKafkaAway);
  EXPECT_EQ(answers[0].error().context.find("gone"), std::string::npos) << "not for senders";
  ASSERT_TRUE(edge().failure().has_value());
}

TEST(Trace, OneMessagesRecordsShareItsTrace) {
  Trace a;
  Trace b;
  EXPECT_TRUE(std::regex_match(a.header(), std::regex("00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]")));
  EXPECT_EQ(a.header().substr(3, 32), a.trace_id());
  EXPECT_EQ(a.header().substr(3, 32), a.header(true).substr(3, 32));
  EXPECT_NE(a.header(), a.header());
  EXPECT_NE(a.trace_id(), b.trace_id());
  EXPECT_TRUE(a.header(true).ends_with("-01"));
}

TEST(Trace, ASendersTraceGoesOnWithItsDecision) {
  Trace sampled(kTraceparent);
  EXPECT_EQ(sampled.trace_id(), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_TRUE(sampled.header().ends_with("-01"));
  EXPECT_EQ(sampled.header().find("b7ad6b7169203331"), std::string::npos) << "a span of its own";
  Trace not_sampled("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
  EXPECT_TRUE(not_sampled.header().ends_with("-00"));
  EXPECT_NE(Trace("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-00").trace_id(),
            sampled.trace_id());
}

TEST(ValidUtf8, ReplacesWhatIsNone) {
  EXPECT_EQ(valid_utf8("Sønder\xe2\x82\xac"), "Sønder\xe2\x82\xac");
  EXPECT_EQ(valid_utf8("S\xf8nder"), "S?nder");
  EXPECT_EQ(valid_utf8("cut \xc3"), "cut ?");
  EXPECT_EQ(valid_utf8("\xc0\xaf\xed\xa0\x80"), "?????");
}

TEST(WithoutPersonNumber, WithholdsTenDigitsAndDisarmsControls) {
  EXPECT_EQ(without_person_number("a 0101509991", "-"), "-");
  EXPECT_EQ(without_person_number("010150-9991.json", "-"), "-");
  EXPECT_EQ(without_person_number("01015099912", "-"), "01015099912");
  EXPECT_EQ(without_person_number("line\nbreak", "-"), "line?break");
}

}  // namespace
}  // namespace kronika::edge
