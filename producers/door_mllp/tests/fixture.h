// A door on a free port before an edge whose Kafka is a thread of this process, and a sender.
#pragma once

#include "edge_fixture.h"

#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include <boost/asio.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/door_mllp/framing.h>
#include <kronika/door_mllp/server.h>

namespace kronika::door_mllp {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

inline std::string sample(const std::string& name) {
  std::ifstream in(KRONIKA_SOURCE_DIR "/data/samples/hl7v2-dk/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Reads answers from a stream of either kind.
template <class Stream>
class Sender {
 public:
  explicit Sender(Stream& stream) : stream_(stream) {}
  void send(const std::string& bytes) { asio::write(stream_, asio::buffer(bytes)); }
  /// The next answer without its frame; empty where the connection ended first.
  std::string answer() {
    for (;;) {
      const auto end = in_.find("\x1c\r");
      if (end != std::string::npos) {
        std::string text = in_.substr(1, end - 1);
        in_.erase(0, end + 2);
        return text;
      }
      char more[4096];
      boost::system::error_code fault;
      const std::size_t n = stream_.read_some(asio::buffer(more), fault);
      if (fault) return {};
      in_.append(more, n);
    }
  }
  /// "AA" of the next answer; empty where the connection ended first.
  std::string code() {
    const std::string text = answer();
    const auto at = text.find("\rMSA|");
    return at == std::string::npos ? std::string{} : text.substr(at + 5, 2);
  }
  bool ended() { return answer().empty(); }

 private:
  Stream& stream_;
  std::string in_;
};

class DoorTest : public edge::EdgeFixture {
 protected:
  DoorTest() { limits_.max_inflight_messages = 64; }
  ~DoorTest() override { close(); }

  void open() {
    open_edge();
    auto started = Server::open(options_, {&*edge_, &clock_, &registry_});
    ASSERT_TRUE(started.has_value()) << started.error().context;
    server_ = std::move(*started);
  }
  void close() {
    bus_.hold(false);
    server_.reset();
    if (edge_) {
      edge_->stop();
      EXPECT_TRUE(edge_->drain(std::chrono::seconds(10)));
    }
    edge_.reset();
  }
  Tcp::socket connect() {
    Tcp::socket socket(io_);
    socket.connect({asio::ip::make_address("127.0.0.1"), server_->port()});
    return socket;
  }

  SystemClock clock_;
  Options options_;
  std::unique_ptr<Server> server_;
  asio::io_context io_;
};

}  // namespace kronika::door_mllp
