#include "answer.h"

#include "outcome.h"
#include "request.h"

#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <kronika/edge/errc.h>

namespace kronika::door_fhir {
namespace {

using domain::Reason;
using nlohmann::json;

std::string sample(const std::string& name) {
  std::ifstream in(KRONIKA_SOURCE_DIR "/data/samples/" + name);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

edge::Account account_of(std::vector<edge::Fact> facts) {
  edge::Account account;
  account.sha256 = std::string(64, 'a');
  account.trace_id = "0af7651916cd43dd8448eb211c80319c";
  account.received = Instant{1'780'000'000'000};
  for (auto& fact : facts) {
    account.accepted += std::holds_alternative<edge::AcceptedFact>(fact) ? 1 : 0;
    account.refused += std::holds_alternative<codec::Refused>(fact) ? 1 : 0;
    account.ignored += std::holds_alternative<codec::Ignored>(fact) ? 1 : 0;
    account.facts.push_back(std::move(fact));
  }
  return account;
}
edge::Fact accepted(std::string position) {
  return edge::AcceptedFact{
      EventId{{1}}, domain::EventType::kUnknown, std::move(position), "maaling", 0, 0};
}
edge::Fact refused(Reason reason, std::string position) {
  return codec::Refused{{{reason, std::move(position), "A sentence."}}};
}

TEST(FhirPath, SaysWhereAFaultStands) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"entry[3] Observation/abc .valueQuantity.unit",
       "Bundle.entry[3].resource.valueQuantity.unit"},
      {"entry[3] Observation/abc", "Bundle.entry[3].resource"},
      {"Observation/abc .status", "Observation.status"},
      {"Observation", "Observation"},
      {"entry[2] Encounter/x .subject (Patient.identifier)", "Bundle.entry[2].resource.subject"},
      {"entry[2] Encounter/x (MessageHeader.sender)",
       "Bundle.entry.resource.ofType(MessageHeader).sender"},
      {"entry[2] Encounter/x (Provenance admit-*)", "Bundle.entry.resource.ofType(Provenance)"},
      {"entry[2] Encounter/x (Bundle.timestamp)", "Bundle.timestamp"},
      {"entry[2] Encounter/x .extension(leave-period)", "Bundle.entry[2].resource.extension"},
      {"entry[1] Observation/o contained Patient/p .birthDate",
       "Bundle.entry[1].resource.contained.ofType(Patient).birthDate"},
      {"Bundle.type", "Bundle.type"},
      {"MessageHeader.eventCoding", "Bundle.entry.resource.ofType(MessageHeader).eventCoding"},
      {"message", ""},
      {"", ""},
      {"((", ""},
      {") (", ""}};
  for (const auto& [position, path] : cases) EXPECT_EQ(fhir_path(position), path) << position;
}

TEST(Route, KnowsItsPlacesAndNoOthers) {
  EXPECT_EQ(route_of("/fhir").operation, Operation::kBundle);
  EXPECT_EQ(route_of("/fhir/").operation, Operation::kBundle);
  EXPECT_EQ(route_of("/fhir/$process-message?async=false").operation, Operation::kProcessMessage);
  EXPECT_EQ(route_of("/fhir/%24process-message").operation, Operation::kProcessMessage);
  EXPECT_EQ(route_of("/fhir/metadata").operation, Operation::kMetadata);
  EXPECT_EQ(route_of("/fhir/Observation").name, "Observation");
  EXPECT_EQ(route_of("/health/ready").name, "ready");
  for (const char* none : {"", "/", "/fhi", "/fhirx", "/fhir/Claim", "/fhir/observation", "*"}) {
    EXPECT_EQ(route_of(none).operation, Operation::kNone) << none;
  }
}

TEST(ContentType, IsJsonInUtf8) {
  for (const char* good : {"application/fhir+json", "application/json; charset=UTF-8",
                           "Application/FHIR+JSON;charset=\"utf-8\"; fhirVersion=4.0"}) {
    EXPECT_TRUE(is_json(good)) << good;
  }
  for (const char* bad :
       {"", "text/plain", "application/fhir+xml", "application/x-www-form-urlencoded",
        "application/json; charset=iso-8859-1"}) {
    EXPECT_FALSE(is_json(bad)) << bad;
  }
  EXPECT_TRUE(accepts_json(""));
  EXPECT_TRUE(accepts_json("*/*"));
  EXPECT_TRUE(accepts_json("application/fhir+xml;q=0.1, application/fhir+json"));
  EXPECT_FALSE(accepts_json("application/fhir+xml"));
}

TEST(Answer, EveryReasonIsAnIssueTypeOfFhir) {
  const std::set<std::string> types{"structure",     "required",      "value",    "code-invalid",
                                    "business-rule", "not-supported", "conflict", "exception"};
  for (std::uint8_t r = 0; r <= static_cast<std::uint8_t>(Reason::kInternalInvariant); ++r) {
    EXPECT_TRUE(types.contains(std::string(issue_type(static_cast<Reason>(r))))) << int{r};
  }
}

TEST(Answer, ATransactionGetsAResponseAnEntry) {
  const Body body = read_body(
      R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient"}},)"
      R"({"resource":{"resourceType":"Observation"}},{"resource":{"resourceType":"Claim"}}]})");
  const Answer answer = answer_of(
      {Operation::kBundle, {}}, body,
      account_of({accepted("entry[1] Observation"), codec::Ignored{"Claim", "entry[2] Claim"}}));
  EXPECT_EQ(answer.status, 200U);
  const json out = json::parse(answer.body);
  EXPECT_EQ(out["type"], "transaction-response");
  ASSERT_EQ(out["entry"].size(), 3U);
  EXPECT_EQ(out["entry"][0]["response"]["status"], "200 OK");
  EXPECT_EQ(out["entry"][1]["response"]["status"], "201 Created");
  EXPECT_EQ(out["entry"][2]["response"]["outcome"]["issue"][0]["severity"], "information");
}

TEST(Answer, ATransactionWithARefusalIsOneOutcomeAndABatchSaysItByEntry) {
  const std::string text =
      R"({"resourceType":"Bundle","type":"TYPE","entry":[{"resource":{"resourceType":"Observation"}},)"
      R"({"resource":{"resourceType":"Observation"}}]})";
  const auto account = account_of({accepted("entry[0] Observation"),
                                   refused(Reason::kUnitMissing, "entry[1] Observation .value")});
  Body body = read_body(std::string(text).replace(text.find("TYPE"), 4, "transaction"));
  Answer answer = answer_of({Operation::kBundle, {}}, body, account);
  EXPECT_EQ(answer.status, 422U);
  json out = json::parse(answer.body);
  EXPECT_EQ(out["resourceType"], "OperationOutcome");
  EXPECT_EQ(out["issue"][0]["code"], "required");
  EXPECT_EQ(out["issue"][0]["details"]["coding"][0]["code"], "UNIT_MISSING");
  EXPECT_EQ(out["issue"][0]["expression"][0], "Bundle.entry[1].resource.value");
  EXPECT_EQ(out["issue"][1]["severity"], "information");
  body = read_body(std::string(text).replace(text.find("TYPE"), 4, "batch"));
  answer = answer_of({Operation::kBundle, {}}, body, account);
  EXPECT_EQ(answer.status, 200U);
  out = json::parse(answer.body);
  EXPECT_EQ(out["type"], "batch-response");
  EXPECT_EQ(out["entry"][0]["response"]["status"], "201 Created");
  EXPECT_EQ(out["entry"][1]["response"]["status"], "422 Unprocessable Entity");
}

TEST(Answer, OneResourceIsCreatedIgnoredRefusedOrNoFhir) {
  const Route route{Operation::kResource, "Observation"};
  EXPECT_EQ(answer_of(route, {}, account_of({accepted("Observation/1")})).status, 201U);
  EXPECT_EQ(answer_of(route, {}, account_of({codec::Ignored{"x", "Observation/1"}})).status, 200U);
  EXPECT_EQ(answer_of(route, {}, account_of({refused(Reason::kRangeHard, "Observation/1 .value")}))
                .status,
            422U);
  EXPECT_EQ(answer_of(route, {}, account_of({refused(Reason::kJsonMalformed, "message")})).status,
            400U);
}

TEST(Answer, NotNowIsServiceUnavailableWithATime) {
  const Answer answer = answer_of(Error{edge::kKafkaAway, "away"});
  EXPECT_EQ(answer.status, 503U);
  EXPECT_TRUE(answer.retry_later);
  EXPECT_EQ(json::parse(answer.body)["issue"][0]["code"], "transient");
  EXPECT_EQ(answer_of(Error{edge::kTooLarge, "long"}).status, 413U);
}

class AcknowledgementTest : public ::testing::Test {
 protected:
  json ack(const edge::Account& account) {
    const Answer answer = answer_of({Operation::kProcessMessage, {}}, body, account);
    status = answer.status;
    return json::parse(answer.body);
  }
  Body body = read_body(
      sample("medcom-hospitalnotification/Bundle-a5e5b880-c087-4055-b9ec-99108695f81d.json"));
  unsigned status = 0;
};

TEST_F(AcknowledgementTest, SaysOkToTheSenderInMedcomsWay) {
  ASSERT_TRUE(body.medcom.has_value());
  const json out = ack(account_of({accepted("entry[2] Encounter")}));
  EXPECT_EQ(status, 200U);
  EXPECT_EQ(out["type"], "message");
  const json header = out["entry"][0]["resource"];
  EXPECT_EQ(header["resourceType"], "MessageHeader");
  EXPECT_EQ(header["eventCoding"]["code"], "acknowledgement-message");
  EXPECT_EQ(header["response"]["identifier"], "b9b4818e-02de-4cc4-b418-d20cbc7b5404");
  EXPECT_EQ(header["response"]["code"], "ok");
  EXPECT_EQ(header["destination"][0]["endpoint"], "https://sor2.sum.dsdn.dk/#id=265161000016000");
  EXPECT_EQ(header["source"]["endpoint"], "https://sor2.sum.dsdn.dk/#id=953741000016009");
  EXPECT_EQ(header["destination"][0]["receiver"]["reference"],
            "Organization/o7056980-a8b2-42aa-8a0e-c1fc85d1f40d");
  EXPECT_EQ(header["destination"][0]["extension"][0]["valueCoding"]["code"], "primary");
  const json provenance = out["entry"][1]["resource"];
  EXPECT_EQ(provenance["activity"]["coding"][0]["code"], "acknowledgement");
  EXPECT_EQ(provenance["target"][0]["reference"],
            "MessageHeader/" + header["id"].get<std::string>());
  EXPECT_EQ(out["entry"].size(), 4U) << "header, provenance, two organisations";
  EXPECT_EQ(out.dump().find("2509479989"), std::string::npos);
  EXPECT_EQ(out.dump().find("Patient"), std::string::npos);
}

TEST_F(AcknowledgementTest, SaysFatalErrorWithEveryFault) {
  const json out =
      ack(account_of({refused(Reason::kTimeFuture, "entry[2] Encounter .period.start")}));
  EXPECT_EQ(status, 422U);
  const json header = out["entry"][0]["resource"];
  EXPECT_EQ(header["response"]["code"], "fatal-error");
  const json outcome = out["entry"].back()["resource"];
  EXPECT_EQ(outcome["resourceType"], "OperationOutcome");
  EXPECT_EQ(header["response"]["details"]["reference"],
            "OperationOutcome/" + outcome["id"].get<std::string>());
  EXPECT_EQ(outcome["issue"][0]["expression"][0], "Bundle.entry[2].resource.period.start");
}

TEST_F(AcknowledgementTest, IsTheSameForAResendAtAnotherTime) {
  auto first = account_of({accepted("entry[2] Encounter")});
  auto again = first;
  again.received = Instant{again.received.ms + 86'400'000};
  again.trace_id = "another";
  EXPECT_EQ(ack(first), ack(again));
}

TEST_F(AcknowledgementTest, AnAcknowledgementIsNotAcknowledged) {
  const json out = ack(account_of({accepted("entry[2] Encounter")}));
  EXPECT_FALSE(read_body(out.dump()).medcom.has_value());
}

TEST(ReadBody, TakesWhateverItGets) {
  for (const char* text :
       {"", "[]", "3", "{}", "{\"resourceType\":3}", "\xef\xbb\xbf{}",
        R"({"resourceType":"Bundle","type":"message","entry":[null,3,{},{"resource":[]},)"
        R"({"resource":{"resourceType":"MessageHeader","eventCoding":null}}]})"}) {
    EXPECT_FALSE(read_body(text).medcom.has_value());
  }
}

TEST(Capability, NamesWhatIsServed) {
  const json out = json::parse(capability_statement());
  EXPECT_EQ(out["resourceType"], "CapabilityStatement");
  EXPECT_EQ(out["fhirVersion"], "4.0.1");
  EXPECT_EQ(out["rest"][0]["resource"].size(), resource_types().size());
  EXPECT_EQ(out["rest"][0]["resource"][0]["interaction"][0]["code"], "create");
  EXPECT_EQ(out["rest"][0]["interaction"].size(), 2U);
  EXPECT_EQ(out["rest"][0]["operation"][0]["name"], "process-message");
  EXPECT_EQ(out["messaging"][0]["supportedMessage"].size(), 2U);
}

}  // namespace
}  // namespace kronika::door_fhir
