// The door over a real connection, with a Kafka in memory that a thread of the test answers for.
#include "edge_fixture.h"

#include <array>
#include <set>
#include <thread>

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "kronika/ingest/v1/ingest.grpc.pb.h"
#include <kronika/door_grpc/server.h>

namespace kronika::door_grpc {
namespace {

using namespace std::chrono_literals;
namespace v1 = ingest::v1;

constexpr std::string_view kGood =
    R"({"cpr":"0101509991","source_system":"T","source_message_id":"1","op":"OP_CREATE",)"
    R"("occurred_at":"2025-01-10T09:00:00+01:00","recorded_at":"2025-01-10T09:01:00+01:00",)"
    R"("sender_org":"990000000000101","diagnosis_recorded":{"code_system":"SKS","code":"DJ449","setting":"DIAGNOSIS_SETTING_GP"}})";

class GrpcDoorTest : public edge::EdgeFixture {
 protected:
  void open() {
    limits_.max_message_bytes = options_.max_message_bytes;
    open_edge();
    auto opened = Server::open(options_, *edge_, clock_, registry_);
    ASSERT_TRUE(opened.has_value()) << opened.error().context;
    door_ = std::move(*opened);
    door_->set_serving(true);
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    channel_ = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(door_->port()),
                                         grpc::InsecureChannelCredentials(), arguments);
    stub_ = v1::IngestService::NewStub(channel_);
  }
  void TearDown() override {
    bus_.hold(false);
    if (edge_) (void)edge_->drain(5s);
    if (door_) door_->close(1s);
  }
  grpc::Status publish(std::string_view message, v1::PublishResponse& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 10s);
    v1::PublishRequest request;
    request.set_message(std::string(message));
    return stub_->Publish(&context, request, &response);
  }

  ManualClock clock_{Instant{1'780'000'000'000}};
  ServerOptions options_;
  std::unique_ptr<edge::OpenDoor> door_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::IngestService::Stub> stub_;
};

TEST_F(GrpcDoorTest, AMessageGetsItsAccount) {
  open();
  v1::PublishResponse response;
  ASSERT_TRUE(publish(kGood, response).ok());
  const v1::Account& account = response.account();
  EXPECT_EQ(account.verdict(), v1::VERDICT_ACCEPTED);
  EXPECT_EQ(account.protocol(), "native-json");
  EXPECT_EQ(account.sender_org(), "990000000000101");
  ASSERT_EQ(account.facts_size(), 1);
  EXPECT_EQ(account.facts(0).accepted().type(), "DiagnosisRecorded");
  EXPECT_EQ(account.facts(0).accepted().topic(), "forloeb");
  EXPECT_EQ(bus_.count("forloeb"), 1U);
  EXPECT_EQ(bus_.count("ledger"), 1U);
}

TEST_F(GrpcDoorTest, ARefusalIsAnAnswerWithItsFaults) {
  open();
  v1::PublishResponse response;
  ASSERT_TRUE(publish("\xff rubbish", response).ok());
  EXPECT_EQ(response.account().verdict(), v1::VERDICT_REFUSED);
  EXPECT_EQ(response.account().facts(0).refused().faults(0).reason(), "JSON_MALFORMED");
}

TEST_F(GrpcDoorTest, TheCallsTraceGoesOn) {
  open();
  grpc::ClientContext context;
  context.AddMetadata("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  v1::PublishRequest request;
  request.set_message(std::string(kGood));
  v1::PublishResponse response;
  ASSERT_TRUE(stub_->Publish(&context, request, &response).ok());
  EXPECT_EQ(response.account().trace_id(), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(bus_.traceparent_of_first("forloeb").substr(3, 32), "0af7651916cd43dd8448eb211c80319c");
}

TEST_F(GrpcDoorTest, WithoutKafkaTheCallerIsToldWhenToComeBack) {
  open();
  bus_.fail(true);
  v1::PublishResponse response;
  const grpc::Status status = publish(kGood, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  google::rpc::ErrorInfo info;
  google::rpc::RetryInfo retry;
  ASSERT_EQ(details.details_size(), 2);
  ASSERT_TRUE(details.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "edge_kafka_away");
  ASSERT_TRUE(details.details(1).UnpackTo(&retry));
  EXPECT_GT(retry.retry_delay().seconds(), 0);
  bus_.fail(false);
  EXPECT_TRUE(publish(kGood, response).ok());
}

TEST_F(GrpcDoorTest, WhatIsTooLargeIsRefusedByTheEdgeAndByTheTransport) {
  options_.max_message_bytes = 1000;
  open();
  v1::PublishResponse response;
  EXPECT_EQ(publish(std::string(2000, 'x'), response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(publish(std::string(200'000, 'x'), response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(GrpcDoorTest, AStreamAnswersEveryMessageUnderItsSequence) {
  options_.window = 8;
  open();
  grpc::ClientContext context;
  auto stream = stub_->PublishStream(&context);
  constexpr std::uint64_t kMessages = 200;
  std::thread writer([&] {
    for (std::uint64_t i = 1; i <= kMessages; ++i) {
      v1::PublishStreamRequest request;
      request.set_sequence(i);
      request.set_message(i % 10 == 0 ? "rubbish" : std::string(kGood));
      ASSERT_TRUE(stream->Write(request));
    }
    stream->WritesDone();
  });
  std::set<std::uint64_t> seen;
  std::size_t refused = 0;
  v1::PublishStreamResponse response;
  while (stream->Read(&response)) {
    ASSERT_TRUE(response.has_account());
    EXPECT_TRUE(seen.insert(response.sequence()).second);
    refused += response.account().verdict() == v1::VERDICT_REFUSED ? 1 : 0;
  }
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(seen.size(), kMessages);
  EXPECT_EQ(refused, kMessages / 10);
}

TEST_F(GrpcDoorTest, AStreamReadsNoFurtherThanItsWindow) {
  options_.window = 3;
  open();
  bus_.hold(true);
  grpc::ClientContext context;
  auto stream = stub_->PublishStream(&context);
  v1::PublishStreamRequest request;
  request.set_message(std::string(kGood));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(stream->Write(request));
  while (bus_.count("raw") < 3) std::this_thread::sleep_for(1ms);
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(bus_.count("raw"), 3U);
  EXPECT_EQ(edge_->load().messages, 3U);
  bus_.hold(false);
  stream->WritesDone();
  v1::PublishStreamResponse response;
  int answers = 0;
  while (stream->Read(&response)) ++answers;
  EXPECT_EQ(answers, 10);
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(GrpcDoorTest, AStopAnswersWhatWasReadAndEndsTheStreamWithUnavailable) {
  open();
  bus_.hold(true);
  grpc::ClientContext context;
  auto stream = stub_->PublishStream(&context);
  v1::PublishStreamRequest request;
  request.set_message(std::string(kGood));
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(stream->Write(request));
  while (edge_->load().messages < 2) std::this_thread::sleep_for(1ms);
  door_->stop_accepting();
  edge_->stop();
  bus_.hold(false);
  v1::PublishStreamResponse response;
  int answers = 0;
  while (stream->Read(&response)) answers += response.has_account() ? 1 : 0;
  EXPECT_EQ(answers, 2);
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  v1::PublishResponse unary;
  EXPECT_EQ(publish(kGood, unary).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(GrpcDoorTest, ACallerThatLeavesLeavesNothingBehind) {
  open();
  bus_.hold(true);
  {
    grpc::ClientContext context;
    auto stream = stub_->PublishStream(&context);
    v1::PublishStreamRequest request;
    request.set_message(std::string(kGood));
    ASSERT_TRUE(stream->Write(request));
    while (edge_->load().messages < 1) std::this_thread::sleep_for(1ms);
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  bus_.hold(false);
  EXPECT_TRUE(edge_->drain(5s));
  v1::PublishResponse response;
  EXPECT_TRUE(publish(kGood, response).ok());
}

TEST_F(GrpcDoorTest, MoreCallsThanMayBeOpenAreSentAway) {
  options_.peers.max_connections = 1;
  open();
  bus_.hold(true);
  grpc::ClientContext context;
  auto stream = stub_->PublishStream(&context);
  v1::PublishStreamRequest request;
  request.set_message(std::string(kGood));
  ASSERT_TRUE(stream->Write(request));
  while (edge_->load().messages < 1) std::this_thread::sleep_for(1ms);
  v1::PublishResponse response;
  EXPECT_EQ(publish(kGood, response).error_code(), grpc::StatusCode::UNAVAILABLE);
  grpc::ClientContext second;
  auto refused = stub_->PublishStream(&second);
  v1::PublishStreamResponse none;
  EXPECT_FALSE(refused->Read(&none));
  EXPECT_EQ(refused->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  bus_.hold(false);
  stream->WritesDone();
  EXPECT_TRUE(stream->Read(&none));
  EXPECT_FALSE(stream->Read(&none));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(GrpcDoorTest, PlaintextStaysOnTheMachine) {
  options_.listen.section = "edge_grpc";
  options_.listen.address = "0.0.0.0";
  open_edge();
  const auto opened = Server::open(options_, *edge_, clock_, registry_);
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().context.find("edge_grpc.cert_file"), std::string::npos);
}

}  // namespace
}  // namespace kronika::door_grpc
