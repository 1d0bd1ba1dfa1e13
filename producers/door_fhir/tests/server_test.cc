// The door over real connections, spoken to in raw bytes, with a Kafka in memory.
#include "edge_fixture.h"

#include <array>
#include <optional>
#include <thread>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <kronika/door_fhir/server.h>

namespace kronika::door_fhir {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::string_view kDiagnosis =
    R"({"resourceType":"Condition","id":"c1","code":{"coding":[{"system":"urn:oid:1.2.208.176.2.4","code":"DJ449"}]},)"
    R"("verificationStatus":{"coding":[{"code":"confirmed"}]},"recordedDate":"2025-01-10T09:00:00+01:00",)"
    R"("subject":{"identifier":{"system":"urn:oid:1.2.208.176.1.2","value":"0101509991"}},)"
    R"("recorder":{"identifier":{"system":"urn:oid:1.2.208.176.1.1","value":"990000000000101"}}})";

/// A client that says exactly what it is told to.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(io_) {
    socket_.connect(tcp::endpoint(asio::ip::make_address("127.0.0.1"), port));
  }
  void send(std::string_view bytes) {
    asio::write(socket_, asio::buffer(bytes.data(), bytes.size()));
  }
  /// One response: everything up to its Content-Length, or to the end.
  std::string receive() {
    boost::system::error_code end;
    while (!complete()) {
      std::array<char, 4096> chunk{};
      const std::size_t n = socket_.read_some(asio::buffer(chunk), end);
      text_.append(chunk.data(), n);
      if (end) break;
    }
    const std::size_t size = complete().value_or(text_.size());
    std::string response = text_.substr(0, size);
    text_.erase(0, size);
    return response;
  }
  bool closed_by_peer() {
    boost::system::error_code end;
    char c = 0;
    return asio::read(socket_, asio::buffer(&c, 1), end) == 0;
  }

 private:
  std::optional<std::size_t> complete() const {
    const auto head = text_.find("\r\n\r\n");
    if (head == std::string::npos) return std::nullopt;
    const auto at = text_.find("Content-Length: ");
    const std::size_t length = at < head ? std::stoul(text_.substr(at + 16)) : 0;
    const std::size_t all = head + 4 + length;
    return text_.size() >= all ? std::optional(all) : std::nullopt;
  }
  asio::io_context io_;
  tcp::socket socket_;
  std::string text_;
};

std::string post(std::string_view target, std::string_view body,
                 std::string_view headers = "Content-Type: application/fhir+json\r\n") {
  return "POST " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}
unsigned status_of(const std::string& response) {
  return response.size() > 12 ? static_cast<unsigned>(std::stoul(response.substr(9, 3))) : 0;
}

class FhirDoorTest : public edge::EdgeFixture {
 protected:
  void open() {
    limits_.max_message_bytes = options_.max_message_bytes;
    open_edge();
    auto opened = Server::open(options_, *edge_, clock_, registry_);
    ASSERT_TRUE(opened.has_value()) << opened.error().context;
    door_ = std::move(*opened);
    door_->set_serving(true);
  }
  void TearDown() override {
    bus_.hold(false);
    if (edge_) (void)edge_->drain(5s);
    if (door_) door_->close(2s);
  }
  Client client() { return Client(door_->port()); }
  std::string ask(const std::string& request) {
    Client c = client();
    c.send(request);
    return c.receive();
  }

  ManualClock clock_{Instant{1'780'000'000'000}};
  ServerOptions options_;
  std::unique_ptr<edge::OpenDoor> door_;
};

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
  Client holder = client();
  holder.send(
      "POST /fhir/Condition HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\n"
      "Content-Length: 199000\r\n\r\n" +
      std::string(160'000, ' '));
  unsigned status = 0;
  for (int i = 0; i < 200 && status != 503; ++i) {
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

}  // namespace
}  // namespace kronika::door_fhir
