// Which adapter reads what, native JSON, and that no bytes can do harm.
#include "adapter_fixture.h"

#include <filesystem>
#include <fstream>
#include <random>

#include <gtest/gtest.h>

#include <kronika/codec/native_json.h>
#include <kronika/codec/split.h>

namespace kronika::codec {
namespace {

class Adapter : public AdapterTest {};

TEST_F(Adapter, DetectsByContent) {
  EXPECT_EQ(detect(R"({"resourceType":"Bundle","type":"transaction"})"), Protocol::kFhirBundle);
  EXPECT_EQ(detect(R"({"resourceType":"Condition"})"), Protocol::kFhirResource);
  EXPECT_EQ(detect("\xef\xbb\xbf {\"cpr\":\"1\"}"), Protocol::kNativeJson);
  EXPECT_EQ(
      detect(
          R"({"resourceType":"Bundle","type":"message","entry":[{"resource":{"resourceType":"MessageHeader","eventCoding":{"code":"care-communication-message"}}}]})"),
      Protocol::kMedcomOther);
  EXPECT_EQ(detect("MSH|^~\\&|A|B|C|D|20250101||ADT^A01|1|P|2.5\r"), Protocol::kHl7v2);
  EXPECT_EQ(detect("<?xml version=\"1.0\"?><Emessage/>"), Protocol::kXml);
  EXPECT_EQ(detect("[]"), Protocol::kUnknown);
  EXPECT_EQ(detect(""), Protocol::kUnknown);
}

TEST_F(Adapter, WhatIsNotReadIsRefusedByName) {
  const auto reason = [&](std::string_view bytes) { return refusals(bytes).at(0); };
  EXPECT_EQ(reason("\x01\x02garbage"), "JSON_MALFORMED @ message");
  EXPECT_EQ(reason("{\"resourceType\":\"Bundle\",\"type\":\"mess"), "JSON_MALFORMED @ message");
  EXPECT_EQ(reason(""), "JSON_MALFORMED @ message");
  EXPECT_EQ(reason("[1,2]"), "TYPE_UNKNOWN @ message");
  EXPECT_EQ(reason(R"({"resourceType":"Bundle","type":"searchset"})"),
            "BUNDLE_UNKNOWN @ Bundle.type");
  EXPECT_EQ(reason(R"({"resourceType":"Bundle","type":"message"})"),
            "BUNDLE_UNKNOWN @ MessageHeader.eventCoding");
  EXPECT_EQ(reason("<html/>"), "TYPE_UNKNOWN @ /html");
}

TEST_F(Adapter, NoBytesDoHarm) {
  std::mt19937 random(20250301);
  std::vector<std::string> seeds;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(KRONIKA_SOURCE_DIR "/data/samples")) {
    if (!entry.is_regular_file() || entry.file_size() > 40'000) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  ASSERT_GT(seeds.size(), 20U);
  std::size_t outcomes = 0;
  for (const std::string& seed : seeds) {
    for (int round = 0; round < 40; ++round) {
      std::string bytes = seed;
      if (bytes.empty()) continue;
      switch (random() % 3) {
        case 0:
          bytes.resize(random() % bytes.size());
          break;
        case 1:
          for (int i = 0; i < 8; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
          break;
        default: {  // still JSON: a value of another type
          const auto at = bytes.find("\": \"", random() % bytes.size());
          if (at != std::string::npos) bytes.replace(at, 4, "\": 7, \"x\": \"");
        }
      }
      outcomes += read(bytes).outcomes.size();
    }
  }
  EXPECT_GT(outcomes, 0U);
}

TEST_F(Adapter, ManyDocumentsMayStandInOneStream) {
  std::vector<std::string> found;
  const auto keep = [&](std::string_view d) { found.emplace_back(d); };
  EXPECT_EQ(split_documents("{\"a\":1}\r\n\r\n{\"b\":2}", keep), 2U);
  EXPECT_EQ(split_documents("{\n\"a\":1}\n", keep), 1U);
  EXPECT_EQ(found, (std::vector<std::string>{"{\"a\":1}", "{\"b\":2}", "{\n\"a\":1}\n"}));
}

class NativeJson : public AdapterTest {
 protected:
  static std::string native(const std::string& payload, const std::string& more = "") {
    return R"({"cpr":"250947-9989","source_system":"T","source_message_id":"m1","op":"OP_CREATE","occurred_at":"2025-02-01T10:00:00+01:00",)"
           R"("recorded_at":"2025-02-01T10:00:01.250+01:00","sender_org":"990000000000101",)" +
           more + payload + "}";
  }
};

TEST_F(NativeJson, HashesTheNumberAndFillsWhatIsLeftOut) {
  const auto e = event(native(R"("residence_changed":{"municipality":"0751"})"));
  EXPECT_EQ(e.person_key, hasher.hash_cpr(kTestCpr));
  EXPECT_EQ(e.sex, domain::Sex::kMale);
  EXPECT_EQ(e.source_version, 1738400401250U);
  EXPECT_EQ(e.schema_version, 1U);
  EXPECT_EQ(e.adapter_revision, 1U);
  EXPECT_FALSE(e.event_id.is_zero());
  EXPECT_EQ(e.event_id, event(native(R"("residence_changed": {"municipality": "0751"})")).event_id);
  EXPECT_NE(e.event_id, event(native(R"("residence_changed":{"municipality":"0740"})")).event_id);
}

TEST_F(NativeJson, WhatIsWrittenIsReadAgain) {
  const auto e = event(
      native(R"("measurement_recorded":{"code_system":"MCS","code":"MCS88021","numeric":3})"));
  const auto back = event(write_native_json(e));
  EXPECT_TRUE(domain::same_content(e, back));
  EXPECT_EQ(e.event_id, back.event_id);
}

TEST_F(NativeJson, TakesIdsAsTextAndHexAndDatesAsDates) {
  const auto e = event(native(
      R"("intervention_attended":{"intervention_id":"i","programmes":["KOL"],"attended":true})",
      R"("event_id":"11111111-2222-4333-8444-555555555555","correlationId":"11111111222243338444555555555555",)"));
  EXPECT_EQ(uuid_text(e.event_id), "11111111-2222-4333-8444-555555555555");
  EXPECT_EQ(e.correlation_id, e.event_id);
  std::string dated = native(R"("person_deceased":{})");
  dated.replace(dated.find("2025-02-01T10:00:00+01:00"), 25, "2025-02-01");
  EXPECT_EQ(event(dated).time_precision, domain::TimePrecision::kDate);
}

TEST_F(NativeJson, HashesTheOldNumberOfAReplacement) {
  const auto e = event(native(R"("cpr_replaced":{"old_cpr":"0101509991"})"));
  EXPECT_EQ(std::get<domain::CprReplaced>(e.payload).old_person_key, hasher.hash_cpr("0101509991"));
  EXPECT_EQ(refusals(native(R"("cpr_replaced":{"old_cpr":"3102509991"})")),
            (std::vector<std::string>{"CPR_DATE @ event m1 .cpr_replaced.old_cpr"}));
}

TEST_F(NativeJson, FaultsNameTheMemberAndNeverItsValue) {
  EXPECT_EQ(refusals(native(R"("residence_changed":{"municipalty":"0751"})")).at(0).substr(0, 14),
            "JSON_MALFORMED");
  EXPECT_EQ(
      refusals(native(R"("interview_held":{"kind":"INTERVIEW_KIND_LUNCH","programmes":["KOL"]})")),
      (std::vector<std::string>{"ENUM_UNKNOWN @ event interview_held.kind"}));
  EXPECT_EQ(refusals(native(R"("lunch_held":{})")).at(0).substr(0, 12), "TYPE_UNKNOWN");
  EXPECT_EQ(
      refusals(native(R"("residence_changed":{"municipality":"0999"})")),
      (std::vector<std::string>{"MUNICIPALITY_UNKNOWN @ event m1 residence_changed.municipality"}));
  for (const std::string& bytes :
       {native(R"("residence_changed":{"municipality":"2509479989"})"),
        native(R"("interview_held":{"kind":"2509479989"})"), native(R"("2509479989":1)"),
        native(R"("person_deceased":{})", R"("sender_org":2509479989,)")}) {
    for (const Outcome& o : read(bytes).outcomes) {
      const auto* r = std::get_if<Refused>(&o);
      ASSERT_NE(r, nullptr) << bytes;
      for (const Fault& f : r->faults)
        EXPECT_EQ((f.position + f.sentence).find("2509479989"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace kronika::codec
