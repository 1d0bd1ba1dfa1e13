#include "fixture.h"

#include <set>
#include <thread>

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>

namespace kronika::door_grpc {
namespace {

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

TEST_F(GrpcDoorTest, APeersMalformedMessagesAreReadMoreSlowly) {
  options_.peers.each.faults_per_second = 20;
  options_.window = 1;
  open();
  grpc::ClientContext context;
  auto stream = stub_->PublishStream(&context);
  const auto begun = std::chrono::steady_clock::now();
  v1::PublishStreamRequest request;
  request.set_message("rubbish");
  v1::PublishStreamResponse response;
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(stream->Write(request));
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.account().verdict(), v1::VERDICT_REFUSED) << "slowly, but answered";
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 900ms)
      << "forty at once, then twenty a second";
}

TEST_F(GrpcDoorTest, ACallOfAPeerOverItsRateWaitsForItsTurn) {
  options_.peers.each.messages_per_second = 10;
  open();
  const auto begun = std::chrono::steady_clock::now();
  v1::PublishResponse response;
  for (int i = 0; i < 26; ++i) EXPECT_TRUE(publish(kGood, response).ok());
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 400ms);
}

TEST_F(GrpcDoorTest, WhatIsOverAPeersShareIsToldWhenToComeBack) {
  options_.peers.each.messages = 1;
  open();
  bus_.hold(true);
  grpc::ClientContext context;
  auto stream = stub_->PublishStream(&context);
  v1::PublishStreamRequest request;
  request.set_message(std::string(kGood));
  ASSERT_TRUE(stream->Write(request));
  while (edge_->load().messages < 1) std::this_thread::sleep_for(1ms);
  v1::PublishResponse unary;
  const grpc::Status status = publish(kGood, unary);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  ASSERT_TRUE(details.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "edge_throttled");
  bus_.hold(false);
  stream->WritesDone();
  v1::PublishStreamResponse response;
  EXPECT_TRUE(stream->Read(&response));
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(GrpcDoorTest, ACallerThatLeavesWhileItWaitsLeavesNothingBehind) {
  options_.peers.each.messages_per_second = 10;
  options_.window = 1;
  open();
  grpc::ClientContext context;
  auto stream = stub_->PublishStream(&context);
  v1::PublishStreamRequest request;
  request.set_message(std::string(kGood));
  v1::PublishStreamResponse response;
  for (int i = 0; i < 21; ++i) {
    ASSERT_TRUE(stream->Write(request));
    ASSERT_TRUE(stream->Read(&response));
  }
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  door_->close(5s);
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
