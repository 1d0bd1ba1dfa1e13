// The door over real connections, spoken to in raw bytes, with a Kafka in memory.
#pragma once

#include "edge_fixture.h"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <kronika/door_fhir/server.h>

namespace kronika::door_fhir {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;

inline constexpr std::string_view kDiagnosis =
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

inline std::string post(std::string_view target, std::string_view body,
                        std::string_view headers = "Content-Type: application/fhir+json\r\n") {
  return "POST " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}
inline unsigned status_of(const std::string& response) {
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

}  // namespace kronika::door_fhir
