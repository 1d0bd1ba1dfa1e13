// The real server on a free port, a real client, a view filled without Kafka.
#pragma once

#include "fake_platform.h"

#include <filesystem>
#include <memory>
#include <string>

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <kronika/gateway/server.h>
#include <kronika/query/v1/publication.grpc.pb.h>
#include <kronika/query/v1/query.grpc.pb.h>

namespace kronika::gateway {

using query::v1::Citizen;
using query::v1::GetCitizenRequest;
using query::v1::GetIndicatorRequest;
using query::v1::IndicatorTable;
using testing::FakePlatform;

inline std::string reason_of(const grpc::Status& status) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  if (!details.ParseFromString(status.error_details()) || details.details_size() == 0) return "";
  return details.details(0).UnpackTo(&info) ? info.reason() : "";
}

class ServerTest : public ::testing::Test {
 protected:
  ServerTest()
      : folder_(std::filesystem::path(::testing::TempDir()) / "kronika-server-view"),
        hasher_("0123456789abcdef") {
    std::filesystem::remove_all(folder_);
    view_ = std::move(*View::open({.path = folder_, .identity = "c/"}));
    services_ = std::make_unique<Services>(
        Services{platform_.rules(), platform_.fold(), *view_, hasher_, clock_, registry_});
    options_.identifier_systems = {"urn:oid:1.2.3"};
    options_.max_page_size = 50;
  }
  ~ServerTest() override {
    if (server_) server_->shutdown(std::chrono::milliseconds(100));
    server_.reset();
    view_.reset();
    std::filesystem::remove_all(folder_);
  }

  void serve() {
    platform_.feed(*view_);
    if (server_) return;
    auto server = Server::start(options_, *services_);
    ASSERT_TRUE(server) << server.error().context;
    server_ = std::move(*server);
    const auto channel = grpc::CreateChannel("127.0.0.1:" + std::to_string(server_->port()),
                                             grpc::InsecureChannelCredentials());
    citizens_ = query::v1::CitizenService::NewStub(channel);
    indicators_ = query::v1::IndicatorService::NewStub(channel);
    publications_ = query::v1::PublicationService::NewStub(channel);
    status_ = query::v1::StatusService::NewStub(channel);
  }

  // KOL: diagnosed, stratified, referred, accepted, interviewed, rehab; with measurements.
  void a_pathway(const PersonKey& person, const std::string& year = "2025") {
    using namespace domain;
    const auto on = [&](const std::string& day) { return year + "-" + day; };
    const std::string referral = "R-" + year;
    platform_.publish(platform_.event(person, on("01-06 09:00"),
                                      DiagnosisRecorded{"SKS", "DJ449", DiagnosisSetting::kGp}));
    platform_.publish(platform_.event(person, on("01-07 09:00"), testing::assessed("KOL", 2)));
    platform_.publish(
        platform_.event(person, on("01-08 09:00"), testing::referral(referral, "KOL")));
    platform_.publish(platform_.event(person, on("01-12 09:00"), testing::accepted(referral)));
    platform_.publish(platform_.event(person, on("01-20 09:00"),
                                      InterviewHeld{InterviewKind::kInitial, {"KOL"}}));
    for (int day = 10; day < 20; ++day) {
      platform_.publish(platform_.event(person, on("02-" + std::to_string(day) + " 08:00"),
                                        testing::spo2(90.0 + day - 10)));
    }
  }

  template <class Response, class Stub, class Request>
  grpc::Status call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    Stub& stub, const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    response.Clear();
    return (stub.*method)(&context, request, &response);
  }
  grpc::Status get(const GetCitizenRequest& request, Citizen& citizen) {
    return call(&query::v1::CitizenService::Stub::GetCitizen, *citizens_, request, citizen);
  }
  grpc::Status table(const std::string& indicator, const std::string& period,
                     const std::string& kind, IndicatorTable& out,
                     const std::string& programme = "") {
    GetIndicatorRequest request;
    request.set_indicator(indicator);
    request.set_period(period);
    request.set_table(kind);
    request.set_programme(programme);
    return call(&query::v1::IndicatorService::Stub::GetIndicator, *indicators_, request, out);
  }
  static void set(google::protobuf::Timestamp* out, Instant t) { out->set_seconds(t.ms / 1000); }

  std::filesystem::path folder_;
  FakePlatform platform_;
  codec::PersonHasher hasher_;
  ManualClock clock_{testing::at("2025-03-01 12:00")};
  telemetry::Registry registry_;
  ServerOptions options_;
  std::unique_ptr<View> view_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<query::v1::CitizenService::Stub> citizens_;
  std::unique_ptr<query::v1::IndicatorService::Stub> indicators_;
  std::unique_ptr<query::v1::PublicationService::Stub> publications_;
  std::unique_ptr<query::v1::StatusService::Stub> status_;
};

}  // namespace kronika::gateway
