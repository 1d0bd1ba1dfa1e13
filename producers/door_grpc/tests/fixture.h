// The door over a real connection, with a Kafka in memory that a thread of the test answers for.
#pragma once

#include "edge_fixture.h"

#include <memory>
#include <string>
#include <string_view>

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "kronika/ingest/v1/ingest.grpc.pb.h"
#include <kronika/door_grpc/server.h>

namespace kronika::door_grpc {

using namespace std::chrono_literals;
namespace v1 = ingest::v1;

inline constexpr std::string_view kGood =
    R"({"cpr":"0101509991","source_system":"T","source_message_id":"1","op":"OP_CREATE",)"
    R"("occurred_at":"2025-01-10T09:00:00+01:00","recorded_at":"2025-01-10T09:01:00+01:00",)"
    R"("sender_org":"990000000000101","diagnosis_recorded":{"code_system":"SKS","code":"DJ449","setting":"DIAGNOSIS_SETTING_GP"}})";

class GrpcDoorTest : public edge::EdgeFixture {
 protected:
  void open(const std::shared_ptr<grpc::ChannelCredentials>& credentials =
                grpc::InsecureChannelCredentials()) {
    limits_.max_message_bytes = options_.max_message_bytes;
    open_edge();
    auto opened = Server::open(options_, *edge_, clock_, registry_);
    ASSERT_TRUE(opened.has_value()) << opened.error().context;
    door_ = std::move(*opened);
    door_->set_serving(true);
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    channel_ = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(door_->port()), credentials,
                                         arguments);
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

}  // namespace kronika::door_grpc
