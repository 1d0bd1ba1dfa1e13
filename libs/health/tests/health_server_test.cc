#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <kronika/health/health_server.h>

namespace kronika::health {
namespace {

using namespace std::chrono_literals;

enum class Answer : std::uint8_t { kServing, kNotServing, kUnknownName, kNoAnswer };

/// Asks as a kubelet does. The two messages of grpc.health.v1 are one field each: a name (1), a
/// status (1; 1 = SERVING, 2 = NOT_SERVING).
Answer ask(std::uint16_t port, const std::string& service) {
  const auto channel =
      grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials());
  std::string request;
  if (!service.empty()) request = std::string("\x0a") + static_cast<char>(service.size()) + service;
  const grpc::Slice slice(request);
  const grpc::ByteBuffer in(&slice, 1);
  grpc::ByteBuffer out;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + 5s);
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  grpc::Status status;
  const auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", in, &queue);
  call->StartCall();
  call->Finish(&out, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (status.error_code() == grpc::StatusCode::NOT_FOUND) return Answer::kUnknownName;
  if (!status.ok()) return Answer::kNoAnswer;
  std::vector<grpc::Slice> slices;
  if (!out.Dump(&slices).ok() || slices.empty() || slices[0].size() != 2) return Answer::kNoAnswer;
  return slices[0].begin()[1] == 1 ? Answer::kServing : Answer::kNotServing;
}

/// What a service answers soon: the server looks at the process several times a second.
bool soon(std::uint16_t port, const std::string& service, Answer wanted) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (ask(port, service) != wanted) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(20ms);
  }
  return true;
}

std::unique_ptr<telemetry::Service> open_service(std::chrono::milliseconds stall = 30s) {
  auto service = telemetry::Service::open({.loop_stall = stall}, "127.0.0.1", 0);
  return service ? std::move(*service) : nullptr;
}

TEST(HealthServer, AnswersEachProbeFromWhatTheProcessSaysOfItself) {
  const auto service = open_service();
  ASSERT_TRUE(service);
  const auto health = HealthServer::open_on_free_port(*service, "127.0.0.1");
  ASSERT_TRUE(health) << health.error().context;
  const auto port = (*health)->port();
  EXPECT_EQ(ask(port, "startup"), Answer::kNotServing);
  EXPECT_EQ(ask(port, "ready"), Answer::kNotServing);
  EXPECT_EQ(ask(port, ""), Answer::kNotServing);
  EXPECT_EQ(ask(port, "live"), Answer::kServing);

  service->set_started(true);
  EXPECT_TRUE(soon(port, "startup", Answer::kServing));
  EXPECT_EQ(ask(port, "ready"), Answer::kNotServing);
  service->set_ready(true);
  EXPECT_TRUE(soon(port, "ready", Answer::kServing));
  EXPECT_TRUE(soon(port, "", Answer::kServing));
  service->set_ready(false);
  EXPECT_TRUE(soon(port, "ready", Answer::kNotServing));
  EXPECT_EQ(ask(port, "live"), Answer::kServing);
}

TEST(HealthServer, ALoopThatStandsStillOrAFatalFaultEndsLive) {
  const auto service = open_service(300ms);
  ASSERT_TRUE(service);
  const auto health = HealthServer::open_on_free_port(*service, "127.0.0.1");
  ASSERT_TRUE(health) << health.error().context;
  const auto loop = service->loop("poll");
  EXPECT_TRUE(soon((*health)->port(), "live", Answer::kNotServing));
  loop.ended();
  EXPECT_TRUE(soon((*health)->port(), "live", Answer::kServing));
  service->set_failed();
  EXPECT_TRUE(soon((*health)->port(), "live", Answer::kNotServing));
}

TEST(HealthServer, DoesNotKnowOtherNames) {
  const auto service = open_service();
  ASSERT_TRUE(service);
  const auto health = HealthServer::open_on_free_port(*service, "127.0.0.1");
  ASSERT_TRUE(health) << health.error().context;
  EXPECT_EQ(ask((*health)->port(), "liveness"), Answer::kUnknownName);
}

TEST(HealthServer, RefusesATakenPortWithASentenceAndNeedsNone) {
  const auto service = open_service();
  ASSERT_TRUE(service);
  const auto first = HealthServer::open_on_free_port(*service, "127.0.0.1");
  ASSERT_TRUE(first) << first.error().context;
  const auto second = HealthServer::open(*service, "127.0.0.1", (*first)->port());
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().context.find("health_port"), std::string::npos);
  const auto none = HealthServer::open(*service, "127.0.0.1", 0);
  ASSERT_TRUE(none);
  EXPECT_EQ(*none, nullptr);
}

}  // namespace
}  // namespace kronika::health
