// A door on a free port before an edge whose Kafka is a thread of this process, and a sender.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/bus/publisher.h>
#include <kronika/door_mllp/framing.h>
#include <kronika/door_mllp/server.h>
#include <kronika/edge/edge.h>
#include <kronika/refdata/loader.h>

namespace kronika::door_mllp {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

/// Acknowledges on a thread of its own, unless it is told to fail or to wait.
class ThreadBus final : public bus::Publisher {
 public:
  ThreadBus() : thread_([this] { run(); }) {}
  ~ThreadBus() override {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
      held_ = false;
    }
    wake_.notify_all();
    thread_.join();
  }

  void set_away(bool away) { away_ = away; }
  void hold(bool held) {
    {
      const std::lock_guard lock(mutex_);
      held_ = held;
    }
    wake_.notify_all();
  }

  Result<void> publish(const bus::Outgoing&, OnResult on_result) override {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(on_result));
    }
    wake_.notify_all();
    return {};
  }
  Result<void> flush(std::chrono::milliseconds) override { return {}; }
  [[nodiscard]] Stats stats() const override { return {}; }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return ending_ || (!held_ && !waiting_.empty()); });
      if (waiting_.empty()) return;
      const OnResult on_result = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      if (on_result) {
        static constexpr ErrorRow kAway{"fake_away", Disposition::kRetryCall};
        if (away_) {
          on_result(fail(ErrorCode{kAway}, "no broker answers"));
        } else {
          on_result(bus::Published{0, offset_++});
        }
      }
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<OnResult> waiting_;  ///< guarded by mutex_
  bool ending_ = false;           ///< guarded by mutex_
  bool held_ = false;             ///< guarded by mutex_
  std::atomic<bool> away_{false};
  std::int64_t offset_ = 0;
  std::thread thread_;
};

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

class DoorTest : public testing::Test {
 protected:
  DoorTest() {
    static const auto rules =
        refdata::load(KRONIKA_SOURCE_DIR "/data/reference",
                      KRONIKA_SOURCE_DIR "/data/reference/organisations.csv", 1)
            .value();
    adapters_.rules = rules.get();
    adapters_.hasher = &hasher_;
    edge_options_.max_inflight_messages = 64;
  }
  ~DoorTest() override { close(); }

  void open() {
    edge_ = std::make_unique<edge::Edge>(edge::Tools{&adapters_, &sealer_, &bus_, &registry_},
                                         edge_options_);
    auto started = Server::open(options_, {edge_.get(), &clock_, &registry_});
    ASSERT_TRUE(started.has_value()) << started.error().context;
    server_ = std::move(*started);
  }
  void close() {
    bus_.hold(false);
    server_.reset();
    if (edge_ != nullptr) {
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

  codec::PersonHasher hasher_{"a secret for the tests of the door"};
  codec::Sealer sealer_{std::array<std::uint8_t, codec::Sealer::kKeyBytes>{}};
  codec::AdapterSettings adapters_;
  SystemClock clock_;
  telemetry::Registry registry_;
  ThreadBus bus_;
  edge::Options edge_options_;
  Options options_;
  std::unique_ptr<edge::Edge> edge_;
  std::unique_ptr<Server> server_;
  asio::io_context io_;
};

}  // namespace kronika::door_mllp
