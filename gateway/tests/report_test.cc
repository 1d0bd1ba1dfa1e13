// Reports by organisations: records of the topic rapport into the view, questions over the wire.
#include "fake_platform.h"

#include <filesystem>

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <kronika/gateway/server.h>
#include <kronika/query/v1/query.grpc.pb.h>

namespace kronika::gateway {
namespace {

using testing::FakePlatform;

constexpr const char* kMunicipality = "990000000000301";  // in 0751
constexpr const char* kOther = "990000000000304";         // in 0101

domain::GoalProgressReported goal(domain::GoalStatus status, std::uint32_t area = 1) {
  domain::GoalProgressReported g;
  g.area = area;
  g.owner = "Sundhedsafdelingen";
  g.measurable_target = "90 % of KOL stratified";
  g.deadline = domain::civil_date(2025, 12, 31);
  g.status = status;
  return g;
}

class ReportTest : public ::testing::Test {
 protected:
  ReportTest() : folder_(std::filesystem::path(::testing::TempDir()) / "kronika-report-view") {
    std::filesystem::remove_all(folder_);
    view_ = std::move(*View::open({.path = folder_, .identity = "c/"}));
    services_ = std::make_unique<Services>(
        Services{platform_.rules(), platform_.fold(), *view_, hasher_, clock_, registry_});
  }
  ~ReportTest() override {
    if (server_) server_->shutdown(std::chrono::milliseconds(100));
    server_.reset();
    view_.reset();
    std::filesystem::remove_all(folder_);
  }

  domain::Event report(const std::string& time, domain::Payload payload,
                       const std::string& organisation = kMunicipality,
                       const std::string& fact = {}, std::uint64_t version = 1) {
    domain::Event e = platform_.event({}, time, std::move(payload), fact, version);
    e.birth_date.reset();
    e.sex = domain::Sex::kUnknown;
    e.residence_municipality.clear();
    e.sender_org = organisation;
    return e;
  }

  void serve() {
    platform_.feed(*view_);
    if (server_) return;
    auto server = Server::start(options_, *services_);
    ASSERT_TRUE(server) << server.error().context;
    server_ = std::move(*server);
    const auto channel = grpc::CreateChannel("127.0.0.1:" + std::to_string(server_->port()),
                                             grpc::InsecureChannelCredentials());
    reports_ = query::v1::ReportService::NewStub(channel);
    status_ = query::v1::StatusService::NewStub(channel);
  }

  template <class Stub, class Request, class Response>
  std::string call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                   const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    response.Clear();
    const grpc::Status status = (reports_.get()->*method)(&context, request, &response);
    if (status.ok()) return "";
    google::rpc::Status details;
    google::rpc::ErrorInfo info;
    if (!details.ParseFromString(status.error_details()) || details.details_size() == 0) {
      return status.error_message();
    }
    return details.details(0).UnpackTo(&info) ? info.reason() : "?";
  }
  std::string goals(const query::v1::ListGoalsRequest& request) {
    return call(&query::v1::ReportService::Stub::ListGoals, request, register_);
  }
  std::string annual(const std::string& organisation, std::uint32_t year = 0) {
    query::v1::GetAnnualDocumentationRequest request;
    request.set_organisation(organisation);
    request.set_year(year);
    return call(&query::v1::ReportService::Stub::GetAnnualDocumentation, request, annual_);
  }

  std::filesystem::path folder_;
  FakePlatform platform_;
  codec::PersonHasher hasher_{"0123456789abcdef"};
  ManualClock clock_{testing::at("2026-03-01 12:00")};
  telemetry::Registry registry_;
  ServerOptions options_;
  std::unique_ptr<View> view_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<query::v1::ReportService::Stub> reports_;
  std::unique_ptr<query::v1::StatusService::Stub> status_;
  query::v1::GoalRegister register_;
  query::v1::AnnualDocumentation annual_;
};

TEST_F(ReportTest, TheRegisterHasNineAreasAndTheReportedGoals) {
  using domain::GoalStatus;
  platform_.publish(report("2025-01-10 09:00", goal(GoalStatus::kNotStarted)));
  platform_.publish(report("2025-09-10 09:00", goal(GoalStatus::kInProgress)));
  platform_.publish(report("2025-09-10 09:00", goal(GoalStatus::kReached, 7), kOther));
  serve();
  ASSERT_EQ(goals({}), "");
  ASSERT_EQ(register_.areas_size(), 9);
  ASSERT_EQ(register_.areas(0).goals_size(), 1);
  const query::v1::Goal& first = register_.areas(0).goals(0);
  EXPECT_EQ(first.status(), "IN_PROGRESS");
  EXPECT_EQ(first.deadline(), "2025-12-31");
  EXPECT_EQ(first.steps_size(), 2);
  EXPECT_TRUE(first.overdue());
  EXPECT_TRUE(register_.areas(6).goals(0).evidence_missing());
  ASSERT_EQ(register_.organisations_size(), 2);
  EXPECT_EQ(register_.organisations(0).name(), "Testkommune M0751");
  EXPECT_EQ(register_.organisations(0).region(), "1082");
  EXPECT_EQ(register_.basis().records(), 3);
  EXPECT_EQ(register_.basis().effective(), 3);

  query::v1::ListGoalsRequest request;
  request.set_area(7);
  request.set_organisation("0101");
  ASSERT_EQ(goals(request), "");
  ASSERT_EQ(register_.areas_size(), 1);
  EXPECT_EQ(register_.areas(0).goals(0).organisation(), kOther);
  request.set_area(10);
  EXPECT_EQ(goals(request), "goal_area_unknown");
  request.set_area(0);
  request.set_organisation("9999");
  EXPECT_EQ(goals(request), "organisation_malformed");
}

TEST_F(ReportTest, TheRegisterAnswersAsOfThen) {
  platform_.publish(report("2025-01-10 09:00", goal(domain::GoalStatus::kNotStarted)));
  platform_.publish(report("2025-09-10 09:00", goal(domain::GoalStatus::kReached)));
  serve();
  query::v1::ListGoalsRequest request;
  request.mutable_as_of()->set_seconds(testing::at("2025-06-01 12:00").ms / 1000);
  ASSERT_EQ(goals(request), "");
  EXPECT_EQ(register_.areas(0).goals(0).status(), "NOT_STARTED");
}

TEST_F(ReportTest, AnnualDocumentationIsKeptPerDocument) {
  domain::AnnualDocumentation year;
  year.year = 2024;
  year.spend = {{"Regnskab 2024", "Kurser", 59'000}, {"Projektrapport", "Kurser", 58'500}};
  year.progress = {goal(domain::GoalStatus::kInProgress)};
  year.health_effects = "Færre frafaldt.";
  platform_.publish(report("2025-03-01 10:00", year, kMunicipality, "Y-2024"));
  year.spend[0].amount_oere = 60'000;
  platform_.publish(report("2025-03-01 10:00", year, kMunicipality, "Y-2024", 2));
  serve();
  ASSERT_EQ(annual(kMunicipality), "");
  ASSERT_EQ(annual_.years_size(), 1);
  const query::v1::OrganisationYear& y = annual_.years(0);
  EXPECT_EQ(y.year(), 2024U);
  ASSERT_EQ(y.documents_size(), 2);
  EXPECT_EQ(y.documents(1).document(), "Regnskab 2024");
  EXPECT_EQ(y.documents(1).total_oere(), 60'000) << "the revision replaces";
  EXPECT_EQ(y.documents(1).event_id(), y.reports(0).event_id());
  ASSERT_EQ(y.disagreeing_purposes_size(), 1);
  ASSERT_EQ(y.reports_size(), 1);
  EXPECT_EQ(y.reports(0).health_effects(), "Færre frafaldt.");
  EXPECT_EQ(y.reports(0).progress_size(), 1);
  EXPECT_EQ(annual_.goals_size(), 1);
  EXPECT_EQ(annual_.basis().superseded(), 1);
  EXPECT_NE(annual_.notice().find("no cost-effectiveness"), std::string::npos);
  EXPECT_EQ(annual("0751"), "") << "by the municipality's code";
  EXPECT_EQ(annual(kMunicipality, 2023), "report_none");
  EXPECT_EQ(annual(kOther), "report_none");
  EXPECT_EQ(annual(""), "organisation_malformed");
}

TEST_F(ReportTest, WhatIsRefusedIsListedAndCounted) {
  platform_.publish(report("2025-01-10 09:00", goal(domain::GoalStatus::kReached)));
  auto untargeted = goal(domain::GoalStatus::kReached);
  untargeted.measurable_target = " ";
  platform_.publish(report("2025-01-11 09:00", untargeted));
  testing::LogRecord garbage;
  garbage.offset = 2;
  garbage.timestamp = testing::at("2025-01-12 00:00");
  garbage.key = kOther;
  garbage.value = "garbage";
  platform_.log(bus::kRapport, 0).push_back(garbage);
  serve();
  ASSERT_EQ(goals({}), "");
  EXPECT_EQ(register_.basis().effective(), 1);
  ASSERT_EQ(register_.basis().refused_size(), 2);
  EXPECT_EQ(register_.basis().refused(0).reason(), "FIELD_MISSING");
  EXPECT_EQ(register_.basis().refused(0).offset(), 1);
  EXPECT_NE(register_.basis().refused(0).sentence().find("measurable target"), std::string::npos);
  EXPECT_EQ(register_.basis().refused(1).reason(), "UNDECODABLE");
  query::v1::Status status;
  grpc::ClientContext context;
  ASSERT_TRUE(status_->GetStatus(&context, {}, &status).ok());
  EXPECT_EQ(status.reports(), 3);
  EXPECT_EQ(status.events(), 0) << "reports are not events about citizens";
}

TEST_F(ReportTest, TheViewKeepsReportsOverARestart) {
  platform_.publish(report("2025-01-10 09:00", goal(domain::GoalStatus::kReached)));
  platform_.feed(*view_);
  services_.reset();
  view_.reset();
  view_ = std::move(*View::open({.path = folder_, .identity = "c/"}));
  const auto records = view_->reports(kMunicipality);
  ASSERT_TRUE(records);
  ASSERT_EQ(records->size(), 1U);
  EXPECT_EQ((*records)[0].key, kMunicipality);
  EXPECT_EQ((*records)[0].origin.timestamp, testing::at("2025-01-10 09:00"));
  EXPECT_TRUE(view_->reports(kOther)->empty());
  EXPECT_TRUE(view_->reports("99000000000030")->empty()) << "a shorter id is another id";
}

TEST_F(ReportTest, FinalAnswersStandUnderTheirQuestions) {
  platform_.publish(
      report("2025-03-31 10:00", domain::FinalReportAnswered{{{"6", "goes on"}, {"1", "part"}}}));
  serve();
  query::v1::FinalAnswers answers;
  ASSERT_EQ(call(&query::v1::ReportService::Stub::ListFinalAnswers,
                 query::v1::ListFinalAnswersRequest(), answers),
            "");
  ASSERT_EQ(answers.questions_size(), 9);
  EXPECT_EQ(answers.questions(0).answers(0).text(), "part");
  EXPECT_EQ(answers.questions(7).section(), "6");
  EXPECT_EQ(answers.questions(7).answers(0).on(), "2025-03-31");
}

}  // namespace
}  // namespace kronika::gateway
