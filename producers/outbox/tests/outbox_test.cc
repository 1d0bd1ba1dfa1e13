#include "support/child_process.h"

#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <kronika/ingest/v1/ingest.grpc.pb.h>
#include <kronika/outbox/outbox.h>

namespace kronika::outbox {
namespace {

using namespace std::chrono_literals;
using test_support::ChildProcess;
using test_support::TempFolder;

/// An edge that loses calls and answers. Messages are "CITIZEN/NUMBER".
class Edge final : public ingest::v1::IngestService::Service {
 public:
  Edge() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~Edge() override { server_->Shutdown(std::chrono::system_clock::now()); }
  [[nodiscard]] std::string target() const { return "127.0.0.1:" + std::to_string(port_); }

  grpc::Status Publish(grpc::ServerContext*, const ingest::v1::PublishRequest* request,
                       ingest::v1::PublishResponse* response) override {
    const std::lock_guard lock(mutex);
    const std::string& text = request->message();
    const auto roll = random() % 100;
    if (roll < lost_calls) return {grpc::StatusCode::UNAVAILABLE, "Kafka is away"};
    ++arrivals[text];
    if (const auto bar = text.find('/'); bar != std::string::npos) {
      const int citizen = std::stoi(text), number = std::stoi(text.substr(bar + 1));
      if (number > 0 && !answered.contains({citizen, number - 1})) ++overtaken;
      if (roll < lost_calls + lost_answers) return {grpc::StatusCode::UNAVAILABLE, "lost"};
      answered.insert({citizen, number});
    }
    if (text == "too large") return {grpc::StatusCode::RESOURCE_EXHAUSTED, "split it"};
    auto& account = *response->mutable_account();
    account.set_sha256("h");
    account.set_verdict(ingest::v1::VERDICT_ACCEPTED);
    if (text == "malformed") {
      account.set_verdict(ingest::v1::VERDICT_REFUSED);
      auto& fault = *account.add_facts()->mutable_refused()->add_faults();
      fault.set_reason("JSON_MALFORMED");
    }
    return grpc::Status::OK;
  }

  std::mutex mutex;
  // guarded by mutex
  unsigned lost_calls = 0, lost_answers = 0;  ///< per cent
  std::map<std::string, int> arrivals;
  std::set<std::pair<int, int>> answered;
  int overtaken = 0;

 private:
  std::mt19937 random{7};
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

class OutboxTest : public ::testing::Test {
 protected:
  std::unique_ptr<Outbox> open(const std::string& target) {
    auto outbox =
        Outbox::open({.file = file_, .target = target, .first_retry = 5ms, .longest_retry = 50ms});
    EXPECT_TRUE(outbox.has_value()) << outbox.error().context;
    return std::move(*outbox);
  }
  static bool wait(const std::function<bool()>& done) {
    for (int i = 0; i < 2000; ++i) {
      if (done()) return true;
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }
  static bool empty(Outbox& outbox) {
    return wait([&] { return outbox.counts()->waiting == 0; });
  }

  TempFolder folder_{"kronika-outbox"};
  const std::string file_ = folder_.path() + "/outbox.db";
};

TEST_F(OutboxTest, TheSameIdIsOneMessageAndItsAnswerStays) {
  Edge edge;
  {
    const auto outbox = open(edge.target());
    EXPECT_TRUE(*outbox->put({.id = "A", .citizen = "p", .message = "0/0"}));
    EXPECT_FALSE(*outbox->put({.id = "A", .citizen = "p", .message = "0/0"}));
    EXPECT_TRUE(*outbox->put({.id = "B", .citizen = "q", .message = "malformed"}));
    EXPECT_EQ((*outbox->answer("A"))->verdict, Verdict::kWaiting);
    EXPECT_FALSE(outbox->answer("C")->has_value());
    ASSERT_TRUE(outbox->start().has_value());
    ASSERT_TRUE(empty(*outbox));
  }
  const auto outbox = open(edge.target());
  EXPECT_EQ((*outbox->answer("A"))->verdict, Verdict::kAccepted);
  EXPECT_EQ((*outbox->answer("B"))->verdict, Verdict::kRefused);
  EXPECT_THAT((*outbox->answer("B"))->reasons, ::testing::HasSubstr("JSON_MALFORMED"));
  EXPECT_FALSE(*outbox->put({.id = "A", .citizen = "p", .message = "0/0"})) << "after its answer";
  EXPECT_EQ(edge.arrivals["0/0"], 1);
}

TEST_F(OutboxTest, AMessageThatCanNeverBeSentDoesNotHoldItsCitizen) {
  Edge edge;
  const auto outbox = open(edge.target());
  ASSERT_TRUE(outbox->put({.id = "A", .citizen = "p", .message = "too large"}));
  ASSERT_TRUE(outbox->put({.id = "B", .citizen = "p", .message = "1/0"}));
  ASSERT_TRUE(outbox->start());
  ASSERT_TRUE(empty(*outbox));
  EXPECT_EQ(outbox->counts()->unsendable, 1);
  EXPECT_EQ((*outbox->answer("B"))->verdict, Verdict::kAccepted);
}

TEST_F(OutboxTest, WithoutAnEdgeEverythingWaitsAndSaysWhy) {
  const auto outbox = open("127.0.0.1:1");
  ASSERT_TRUE(outbox->put({.id = "A", .citizen = "p", .message = "0/0"}));
  ASSERT_TRUE(outbox->start());
  EXPECT_TRUE(wait([&] { return !outbox->last_trouble().empty(); }));
  EXPECT_EQ(outbox->counts()->waiting, 1);
  const auto second = open("127.0.0.1:1");
  const auto taken = second->start();
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().code, kTaken);
}

TEST_F(OutboxTest, KilledAgainAndAgainNothingIsLostAndNothingOvertakes) {
  constexpr int kCitizens = 20, kMessages = 25;
  Edge edge;
  edge.lost_calls = 20;
  edge.lost_answers = 10;
  const std::vector<std::string> command{KRONIKA_BINARY_DIR "/tests/outbox-worker", file_,
                                         edge.target(), std::to_string(kCitizens),
                                         std::to_string(kMessages)};
  std::mt19937 random(11);
  int kills = 0;
  for (; kills < 12; ++kills) {
    ChildProcess worker(command);
    if (worker.wait(std::chrono::milliseconds(20 + random() % 180))) break;  // it is through
    worker.kill();
  }
  ChildProcess last(command);
  const auto status = last.wait(60s);
  ASSERT_TRUE(status.has_value()) << "it did not come to an end";
  EXPECT_EQ(*status, 0);
  const std::lock_guard lock(edge.mutex);
  EXPECT_EQ(edge.arrivals.size(), std::size_t{kCitizens} * kMessages) << kills << " kills";
  EXPECT_EQ(edge.answered.size(), std::size_t{kCitizens} * kMessages);
  EXPECT_EQ(edge.overtaken, 0);
  RecordProperty("kills", kills);
  EXPECT_GT(kills, 2) << "the test must have killed it in the middle";
}

}  // namespace
}  // namespace kronika::outbox
