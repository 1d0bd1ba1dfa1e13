#include "fixture.h"

#include <cstdio>
#include <thread>

namespace kronika::door_fhir {
namespace {

TEST_F(FhirDoorTest, AResourceIsCreatedOverAConnectionThatStays) {
  open();
  Client c = client();
  for (int i = 0; i < 3; ++i) {
    c.send(post("/fhir/Condition", kDiagnosis));
    const std::string response = c.receive();
    EXPECT_EQ(status_of(response), 201U) << response;
    EXPECT_NE(response.find("OperationOutcome"), std::string::npos);
    EXPECT_NE(response.find("X-Request-Id: "), std::string::npos);
  }
  EXPECT_EQ(bus_.count("forloeb"), 3U);
  EXPECT_EQ(bus_.count("raw"), 3U);
}

TEST_F(FhirDoorTest, TwoRequestsAtOnceAreAnsweredInTheirOrder) {
  open();
  Client c = client();
  c.send(post("/fhir/Condition", kDiagnosis) + post("/fhir/Condition", "{"));
  EXPECT_EQ(status_of(c.receive()), 201U);
  EXPECT_EQ(status_of(c.receive()), 400U);
}

TEST_F(FhirDoorTest, WhatIsNoMessageOfThisPlaceIsKeptAndRefused) {
  open();
  EXPECT_EQ(status_of(ask(post("/fhir/Condition", "rubbish"))), 400U);
  EXPECT_EQ(status_of(ask(post("/fhir/Observation", kDiagnosis))), 400U);
  EXPECT_EQ(status_of(ask(post("/fhir", kDiagnosis))), 400U);
  EXPECT_EQ(status_of(ask(post("/fhir/$process-message", kDiagnosis))), 400U);
  EXPECT_EQ(status_of(ask(post("/fhir/Condition", ""))), 400U);
  EXPECT_EQ(bus_.count("dead-letter"), 5U);
  EXPECT_EQ(bus_.count("forloeb"), 0U);
}

TEST_F(FhirDoorTest, HttpFaultsHaveTheirStatus) {
  options_.max_message_bytes = 5000;
  open();
  EXPECT_EQ(status_of(ask(post("/fhir/Claim", "{}"))), 404U);
  EXPECT_EQ(status_of(ask("GET /fhir HTTP/1.1\r\nHost: x\r\n\r\n")), 405U);
  EXPECT_EQ(status_of(ask("DELETE /fhir/Condition HTTP/1.1\r\nHost: x\r\n\r\n")), 405U);
  EXPECT_EQ(status_of(ask(post("/fhir/Condition", kDiagnosis, ""))), 415U);
  EXPECT_EQ(
      status_of(ask(post("/fhir/Condition", kDiagnosis, "Content-Type: application/fhir+xml\r\n"))),
      415U);
  EXPECT_EQ(
      status_of(ask(post("/fhir/Condition", kDiagnosis,
                         "Content-Type: application/fhir+json\r\nContent-Encoding: gzip\r\n"))),
      415U);
  EXPECT_EQ(status_of(ask(post("/fhir/Condition", kDiagnosis,
                               "Content-Type: application/fhir+json\r\nAccept: text/html\r\n"))),
            406U);
  EXPECT_EQ(status_of(ask(post("/fhir/Condition", std::string(6000, 'x')))), 413U);
  const std::string chunked =
      "POST /fhir/Condition HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n2000\r\n" +
      std::string(0x2000, 'x') + "\r\n0\r\n\r\n";
  EXPECT_EQ(status_of(ask(chunked)), 413U);
  EXPECT_EQ(status_of(ask("rubbish\r\n\r\n")), 400U);
  EXPECT_EQ(
      status_of(ask("GET /fhir/metadata HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n")),
      431U);
  EXPECT_EQ(bus_.count("raw"), 0U);
}

TEST_F(FhirDoorTest, AChunkedBodyAndAnExpectedContinueAreTaken) {
  open();
  char size[16];
  std::snprintf(size, sizeof size, "%zx", kDiagnosis.size());
  EXPECT_EQ(
      status_of(ask("POST /fhir/Condition HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n" +
                    std::string(size) + "\r\n" + std::string(kDiagnosis) + "\r\n0\r\n\r\n")),
      201U);
  Client c = client();
  c.send(
      "POST /fhir/Condition HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: "
      "100-continue\r\nContent-Length: " +
      std::to_string(kDiagnosis.size()) + "\r\n\r\n");
  EXPECT_EQ(status_of(c.receive()), 100U);
  c.send(kDiagnosis);
  EXPECT_EQ(status_of(c.receive()), 201U);
}

TEST_F(FhirDoorTest, MetadataAndHealthAreRead) {
  open();
  EXPECT_NE(ask("GET /fhir/metadata HTTP/1.1\r\nHost: x\r\n\r\n").find("CapabilityStatement"),
            std::string::npos);
  EXPECT_EQ(status_of(ask("GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n")), 200U);
  door_->set_serving(false);
  EXPECT_EQ(status_of(ask("GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n")), 503U);
  EXPECT_EQ(status_of(ask("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")), 200U);
  EXPECT_EQ(status_of(ask("GET /health/other HTTP/1.1\r\nHost: x\r\n\r\n")), 404U);
}

TEST_F(FhirDoorTest, WithoutKafkaTheSenderIsToldWhenToComeBack) {
  open();
  bus_.fail(true);
  const std::string response = ask(post("/fhir/Condition", kDiagnosis));
  EXPECT_EQ(status_of(response), 503U);
  EXPECT_NE(response.find("Retry-After: 5"), std::string::npos);
  bus_.fail(false);
  EXPECT_EQ(status_of(ask(post("/fhir/Condition", kDiagnosis))), 201U);
}

TEST_F(FhirDoorTest, ASlowClientIsCutOffAndASilentOneToo) {
  options_.request_timeout = 200ms;
  open();
  Client silent = client();
  EXPECT_TRUE(silent.closed_by_peer());
  Client slow = client();
  slow.send(
      "POST /fhir/Condition HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\n"
      "Content-Length: 1000\r\n\r\n{");
  EXPECT_TRUE(slow.closed_by_peer());
}

TEST_F(FhirDoorTest, MoreConnectionsThanMayBeAreSentAway) {
  options_.peers.max_connections = 1;
  open();
  Client first = client();
  first.send("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(status_of(first.receive()), 200U);
  EXPECT_EQ(status_of(client().receive()), 503U);
}

TEST_F(FhirDoorTest, BytesInMemoryAreBoundedAndSmallMessagesPassAllTheSame) {
  options_.peers.max_unfinished_bytes = 100'000;
  open();
  // The holder may come second and be the one that is sent away: then another one takes its place.
  std::vector<std::unique_ptr<Client>> holders;
  unsigned status = 0;
  for (int i = 0; i < 400 && status != 503; ++i) {
    if (i % 20 == 0) {
      holders.emplace_back(new Client(client()));
      holders.back()->send(
          "POST /fhir/Condition HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\n"
          "Content-Length: 199000\r\n\r\n" +
          std::string(160'000, ' '));
    }
    status = status_of(ask(post("/fhir/Condition", std::string(80'000, ' '))));
  }
  EXPECT_EQ(status, 503U);
  EXPECT_EQ(status_of(ask(post("/fhir/Condition", kDiagnosis))), 201U);
}

TEST_F(FhirDoorTest, AStopAnswersWhatWasReadAndClosesTheRest) {
  open();
  Client idle = client();
  idle.send("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
  (void)idle.receive();
  bus_.hold(true);
  Client waiting = client();
  waiting.send(post("/fhir/Condition", kDiagnosis));
  while (edge_->load().messages < 1) std::this_thread::sleep_for(1ms);
  door_->set_serving(false);
  door_->stop_accepting();
  edge_->stop();
  EXPECT_TRUE(idle.closed_by_peer());
  bus_.hold(false);
  const std::string response = waiting.receive();
  EXPECT_EQ(status_of(response), 201U);
  EXPECT_NE(response.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(waiting.closed_by_peer());
  EXPECT_TRUE(edge_->drain(1s));
  door_->close(2s);
}

TEST_F(FhirDoorTest, AClientThatLeavesLeavesNothingBehind) {
  open();
  bus_.hold(true);
  {
    Client c = client();
    c.send(post("/fhir/Condition", kDiagnosis));
    while (edge_->load().messages < 1) std::this_thread::sleep_for(1ms);
  }
  bus_.hold(false);
  EXPECT_TRUE(edge_->drain(5s));
  EXPECT_EQ(status_of(ask(post("/fhir/Condition", kDiagnosis))), 201U);
}

TEST_F(FhirDoorTest, APeerWhoseRequestsAreRefusedIsServedMoreSlowly) {
  options_.peers.each.faults_per_second = 20;
  open();
  Client c = client();
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 60; ++i) {
    c.send(post("/fhir/Condition", "rubbish"));
    EXPECT_EQ(status_of(c.receive()), 400U) << "slowly, but answered";
  }
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 900ms)
      << "forty at once, then twenty a second";
}

TEST_F(FhirDoorTest, WhatIsOverAPeersShareIsToldSo) {
  options_.peers.each.messages = 1;
  open();
  bus_.hold(true);
  Client first = client();
  first.send(post("/fhir/Condition", kDiagnosis));
  while (edge_->load().messages < 1) std::this_thread::sleep_for(1ms);
  const std::string response = ask(post("/fhir/Condition", kDiagnosis));
  EXPECT_EQ(status_of(response), 429U);
  EXPECT_NE(response.find("Retry-After: 5"), std::string::npos);
  bus_.hold(false);
  EXPECT_EQ(status_of(first.receive()), 201U);
  EXPECT_EQ(status_of(ask(post("/fhir/Condition", kDiagnosis))), 201U);
}

}  // namespace
}  // namespace kronika::door_fhir
