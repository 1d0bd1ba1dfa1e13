// The real server on a free port, a real client, a view filled without Kafka.
#include "fake_platform.h"

#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <kronika/bus/wire.h>
#include <kronika/codec/citizen_codec.h>
#include <kronika/codec/publication_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/gateway/errc.h>
#include <kronika/gateway/server.h>
#include <kronika/query/v1/publication.grpc.pb.h>
#include <kronika/query/v1/query.grpc.pb.h>

namespace kronika::gateway {
namespace {

using namespace query::v1;
using testing::FakePlatform;

std::string reason_of(const grpc::Status& status) {
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

TEST_F(ServerTest, AnswersACitizenByCprFromTheStoredState) {
  a_pathway(hasher_.hash_cpr("0101010000"));
  platform_.consume("2025-03-01 10:00");
  serve();
  GetCitizenRequest request;
  request.mutable_citizen()->set_cpr("010101-0000");
  Citizen citizen;
  const grpc::Status status = get(request, citizen);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(citizen.person_key(), to_hex(hasher_.hash_cpr("0101010000").view()));
  ASSERT_EQ(citizen.pathways_size(), 1);
  EXPECT_EQ(citizen.pathways(0).programme(), "KOL");
  EXPECT_EQ(citizen.pathways(0).state(), "INITIAL_INTERVIEW");
  EXPECT_EQ(citizen.pathways(0).level(), 2U);
  EXPECT_EQ(citizen.municipality(), "0751");
  EXPECT_EQ(citizen.region(), "1082");
  EXPECT_EQ(citizen.birth_date(), "1950-05-17");
  EXPECT_EQ(citizen.event_count(), 15);
  ASSERT_EQ(citizen.latest_size(), 1);
  EXPECT_EQ(citizen.latest(0).measure_key(), "SPO2");
  EXPECT_EQ(citizen.latest(0).value(), "99");
  EXPECT_FALSE(citizen.notice().empty());
}

TEST_F(ServerTest, GivesTheSameAnswerFromTheStateAndFromTheJournal) {
  const PersonKey person = FakePlatform::person("anna");
  a_pathway(person);
  platform_.consume("2025-03-01 10:00");
  serve();
  GetCitizenRequest request;
  request.mutable_citizen()->set_person_key(to_hex(person.view()));
  Citizen stored, folded;
  ASSERT_TRUE(get(request, stored).ok());
  set(request.mutable_as_of(), clock_.now());
  ASSERT_TRUE(get(request, folded).ok());
  EXPECT_EQ(stored.SerializeAsString(), folded.SerializeAsString());
}

// Another caller asks all the time, so that answers are made while states are written.
TEST_F(ServerTest, AnswersTheNewStateAsSoonAsItIsInTheView) {
  const PersonKey person = FakePlatform::person("anna");
  a_pathway(person);
  platform_.consume("2025-03-01 10:00");
  serve();
  GetCitizenRequest request;
  request.mutable_citizen()->set_person_key(to_hex(person.view()));
  std::atomic<bool> done{false};
  std::thread another([&] {
    Citizen citizen;
    std::int64_t last = 0;
    while (!done) {
      ASSERT_TRUE(get(request, citizen).ok());
      ASSERT_GE(citizen.event_count(), last) << "an older answer after a newer one";
      last = citizen.event_count();
    }
  });
  Citizen citizen;
  for (int events = 15; events < 60; ++events) {
    for (int again = 0; again < 2; ++again) {
      EXPECT_TRUE(get(request, citizen).ok());
      EXPECT_EQ(citizen.event_count(), events);
    }
    platform_.publish(platform_.event(person, "2025-03-01 11:00", testing::spo2(90.0)));
    platform_.consume("2025-03-01 11:00");
    platform_.feed(*view_);
  }
  done = true;
  another.join();
}

// What time alone changes: a birthday, midnight, a deadline. Each answer is compared with a fold of
// the journal at the same instant, which nothing keeps.
TEST_F(ServerTest, AnswersAsTheJournalDoesWhileTimePasses) {
  const PersonKey person = FakePlatform::person("anna");
  a_pathway(person);
  domain::HospitalStayStarted stay;  // an admission after 12 hours, doubtful after 120 days
  stay.contact_id = "C-1";
  stay.encounter_class = domain::EncounterClass::kImp;
  platform_.publish(platform_.event(person, "2025-03-01 09:00", std::move(stay)));
  platform_.consume("2025-03-01 10:00");
  serve();
  GetCitizenRequest now, then;
  now.mutable_citizen()->set_person_key(to_hex(person.view()));
  then = now;
  std::set<int> ages;
  int differing = 0;
  std::string before;
  for (int hours = 0; hours < 24 * 365; hours += 7) {
    const Instant at = testing::at("2025-03-01 12:00") + std::chrono::hours(hours);
    clock_.set(at);
    set(then.mutable_as_of(), at);
    Citizen kept, made;
    ASSERT_TRUE(get(now, kept).ok());
    ASSERT_TRUE(get(now, kept).ok());
    ASSERT_TRUE(get(then, made).ok());
    ASSERT_EQ(kept.SerializeAsString(), made.SerializeAsString()) << "after hours: " << hours;
    ages.insert(kept.age());
    kept.clear_as_of_time();
    if (kept.SerializeAsString() != before) ++differing;
    before = kept.SerializeAsString();
  }
  EXPECT_EQ(ages, (std::set<int>{74, 75}));
  EXPECT_GE(differing, 3) << "nothing has changed by time alone: the test shows nothing";
}

TEST_F(ServerTest, AnswersTheRegionOfTheDayThatHasBegun) {
  const PersonKey person = FakePlatform::person("anna");
  domain::Event event =
      platform_.event(person, "2026-12-01 09:00", domain::DiagnosisRecorded{"SKS", "DJ449", {}});
  event.residence_municipality = "0101";
  platform_.publish(event);
  platform_.consume("2026-12-02 10:00");
  clock_.set(testing::at("2026-12-31 23:59"));
  serve();
  GetCitizenRequest request;
  request.mutable_citizen()->set_person_key(to_hex(person.view()));
  Citizen before, after;
  ASSERT_TRUE(get(request, before).ok());
  clock_.set(testing::at("2027-01-01 00:00"));
  ASSERT_TRUE(get(request, after).ok());
  EXPECT_EQ(before.municipality(), after.municipality());
  EXPECT_NE(before.region(), after.region()) << "Region Hovedstaden ended with 2026";
}

TEST_F(ServerTest, FollowsAReplacedNumberToTheStateOfNow) {
  const PersonKey old_key = FakePlatform::person("old number");
  const PersonKey new_key = FakePlatform::person("new number");
  a_pathway(old_key);
  a_pathway(new_key);
  platform_.consume("2025-03-01 10:00");
  serve();
  GetCitizenRequest request;
  request.mutable_citizen()->set_person_key(to_hex(old_key.view()));
  Citizen citizen;
  ASSERT_TRUE(get(request, citizen).ok());
  EXPECT_EQ(citizen.person_key(), to_hex(old_key.view()));

  codec::CitizenRecord moved;
  moved.generation = platform_.rules().generation;
  moved.as_of = clock_.now();
  moved.state.person = old_key;
  moved.moved_to = new_key;
  testing::LogRecord record;
  auto& states = platform_.log(bus::kCitizenState, FakePlatform::partition_of(old_key));
  record.offset = states.back().offset + 1;
  record.key = old_key.view();
  bus::append_wire_prefix(codec::kCitizenStateSchemaId, record.value);
  codec::encode_citizen(platform_.rules(), moved, nullptr, record.value);
  states.push_back(record);
  platform_.feed(*view_);
  for (int again = 0; again < 2; ++again) {
    ASSERT_TRUE(get(request, citizen).ok());
    EXPECT_EQ(citizen.person_key(), to_hex(new_key.view()));
    EXPECT_EQ(citizen.event_count(), 15);
  }

  // A state of the new number alone; consume() would write the old one's again.
  FakePlatform other;
  other.publish(other.event(new_key, "2025-03-01 11:00", testing::assessed("KOL", 3)));
  other.consume("2025-03-01 11:00");
  const int partition = FakePlatform::partition_of(new_key);
  for (testing::LogRecord later : other.log(bus::kCitizenState, partition)) {
    auto& log = platform_.log(bus::kCitizenState, partition);
    later.offset = log.back().offset + 1;
    if (later.key == new_key.view()) log.push_back(later);
  }
  platform_.feed(*view_);
  ASSERT_TRUE(get(request, citizen).ok());
  EXPECT_EQ(citizen.event_count(), 1);
}

// Neither the clock nor the journal's way of answering may come out of what is kept.
TEST_F(ServerTest, GivesNoKeptAnswerForAnotherQuestion) {
  const PersonKey person = FakePlatform::person("anna");
  a_pathway(person);
  platform_.consume("2025-03-01 10:00");
  serve();
  GetCitizenRequest request;
  request.mutable_citizen()->set_person_key(to_hex(person.view()));
  Citizen citizen;
  ASSERT_TRUE(get(request, citizen).ok());
  EXPECT_EQ(citizen.as_of_time().seconds(), clock_.now().ms / 1000);
  clock_.set(clock_.now() + std::chrono::seconds(90));
  ASSERT_TRUE(get(request, citizen).ok());
  EXPECT_EQ(citizen.as_of_time().seconds(), clock_.now().ms / 1000) << "the time of this call";
  clock_.set(testing::at("2025-01-08 12:00"));
  ASSERT_TRUE(get(request, citizen).ok());
  EXPECT_EQ(citizen.as_of_time().seconds(), clock_.now().ms / 1000) << "a clock that was put back";

  request.set_with_transitions(true);
  ASSERT_TRUE(get(request, citizen).ok());
  EXPECT_GT(citizen.pathways(0).transitions_size(), 0);
  request.set_with_transitions(false);
  set(request.mutable_as_of(), testing::at("2025-01-08 10:00"));
  ASSERT_TRUE(get(request, citizen).ok());
  EXPECT_EQ(citizen.pathways(0).state(), "REFERRED");
  EXPECT_FALSE(citizen.has_known_at_time());
  request.clear_as_of();
  set(request.mutable_known_at(), testing::at("2025-01-07 10:00"));
  ASSERT_TRUE(get(request, citizen).ok());
  EXPECT_EQ(citizen.pathways(0).state(), "STRATIFIED");
  EXPECT_TRUE(citizen.has_known_at_time());
}

TEST_F(ServerTest, AnswersWhatWasTrueAndWhatWasKnown) {
  using namespace domain;
  const PersonKey person = FakePlatform::person("anna");
  a_pathway(person);
  Event late = platform_.event(person, "2025-01-15 09:00", PatientDeclined{"KOL", ""});
  late.recorded_at = testing::at("2025-02-25 09:00");
  platform_.publish(late);
  platform_.consume("2025-03-01 10:00");
  serve();
  GetCitizenRequest request;
  request.mutable_citizen()->set_person_key(to_hex(person.view()));
  Citizen citizen;
  ASSERT_TRUE(get(request, citizen).ok());
  EXPECT_EQ(citizen.pathways(0).state(), "DECLINED");
  EXPECT_EQ(citizen.irregularities().illegal_transitions(), 1) << "the interview after the decline";
  set(request.mutable_known_at(), testing::at("2025-02-20 09:00"));
  ASSERT_TRUE(get(request, citizen).ok());
  EXPECT_EQ(citizen.pathways(0).state(), "INITIAL_INTERVIEW");
  set(request.mutable_as_of(), testing::at("2025-01-10 09:00"));
  ASSERT_TRUE(get(request, citizen).ok());
  EXPECT_EQ(citizen.pathways(0).state(), "REFERRED");
  set(request.mutable_as_of(), testing::at("2024-01-10 09:00"));
  const grpc::Status before = get(request, citizen);
  EXPECT_EQ(before.error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(ServerTest, TellsHowAPathwayCameToItsState) {
  const PersonKey person = FakePlatform::person("anna");
  a_pathway(person);
  platform_.consume("2025-03-01 10:00");
  serve();
  GetCitizenRequest request;
  request.mutable_citizen()->set_person_key(to_hex(person.view()));
  request.set_with_transitions(true);
  Citizen citizen;
  ASSERT_TRUE(get(request, citizen).ok());
  std::vector<std::string> rows;
  for (const auto& t : citizen.pathways(0).transitions()) rows.push_back(t.row() + " " + t.state());
  EXPECT_EQ(rows, (std::vector<std::string>{"T02 DIAGNOSED", "T06 STRATIFIED", "T09 REFERRED",
                                            "T14 VISITATED", "T21 INITIAL_INTERVIEW"}));
}

TEST_F(ServerTest, RefusesWhatNamesNoCitizen) {
  serve();
  GetCitizenRequest request;
  Citizen citizen;
  grpc::Status status = get(request, citizen);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(reason_of(status), "citizen_not_named");
  request.mutable_citizen()->set_cpr("3213210000");
  status = get(request, citizen);
  EXPECT_EQ(reason_of(status), "cpr_invalid");
  EXPECT_EQ(status.error_message().find("321321"), std::string::npos)
      << "a CPR number in an error text";
  request.mutable_citizen()->set_person_key("xyz");
  EXPECT_EQ(reason_of(get(request, citizen)), "person_key_malformed");
  request.mutable_citizen()->mutable_identifier()->set_system("urn:oid:9.9.9");
  EXPECT_EQ(reason_of(get(request, citizen)), "identifier_not_accepted");
  request.mutable_citizen()->mutable_identifier()->set_system("urn:oid:1.2.3");
  request.mutable_citizen()->mutable_identifier()->set_value("x");
  EXPECT_EQ(reason_of(get(request, citizen)), "citizen_unknown");
}

TEST_F(ServerTest, IsUnavailableUntilTheViewHasReadTheLogOnce) {
  std::atomic<bool> caught_up{false};
  services_->caught_up = &caught_up;
  a_pathway(FakePlatform::person("anna"));
  platform_.consume("2025-03-01 10:00");
  serve();
  GetCitizenRequest request;
  request.mutable_citizen()->set_person_key(to_hex(FakePlatform::person("anna").view()));
  Citizen citizen;
  const grpc::Status status = get(request, citizen);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(reason_of(status), "view_catching_up");
  caught_up = true;
  EXPECT_TRUE(get(request, citizen).ok());
  server_->shutdown(std::chrono::milliseconds(100));
}

TEST_F(ServerTest, RefusesBytesThatAreNoRequest) {
  serve();
  const auto channel = grpc::CreateChannel("127.0.0.1:" + std::to_string(server_->port()),
                                           grpc::InsecureChannelCredentials());
  grpc::GenericStub stub(channel);
  const grpc::Slice bytes("\xff\xff\xff");
  const grpc::ByteBuffer request(&bytes, 1);
  grpc::ByteBuffer response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  grpc::CompletionQueue queue;
  grpc::Status status;
  const auto call = stub.PrepareUnaryCall(&context, "/kronika.query.v1.CitizenService/GetCitizen",
                                          request, &queue);
  call->StartCall();
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  ASSERT_TRUE(queue.Next(&tag, &ok));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
}

TEST_F(ServerTest, PagesThroughATimelineWithoutGapOrRepeat) {
  const PersonKey person = FakePlatform::person("anna");
  a_pathway(person);
  platform_.consume("2025-03-01 10:00");
  serve();
  ListTimelineRequest request;
  request.mutable_citizen()->set_person_key(to_hex(person.view()));
  ListTimelineResponse all, page;
  ASSERT_TRUE(call(&query::v1::CitizenService::Stub::ListTimeline, *citizens_, request, all).ok());
  ASSERT_EQ(all.entries_size(), 15);
  EXPECT_EQ(all.entries(2).type(), "ReferralSent");
  EXPECT_EQ(all.entries(2).effects(0).row(), "T09");
  EXPECT_EQ(all.entries(2).status(), "EFFECTIVE");
  request.set_page_size(4);
  std::vector<std::string> ids;
  do {
    ASSERT_TRUE(
        call(&query::v1::CitizenService::Stub::ListTimeline, *citizens_, request, page).ok());
    EXPECT_LE(page.entries_size(), 4);
    for (const auto& e : page.entries()) ids.push_back(e.event_id());
    request.set_page_token(page.next_page_token());
  } while (!page.next_page_token().empty());
  ASSERT_EQ(ids.size(), 15U);
  for (int i = 0; i < 15; ++i)
    EXPECT_EQ(ids[static_cast<std::size_t>(i)], all.entries(i).event_id());
  request.set_page_token("nonsense");
  EXPECT_EQ(
      reason_of(call(&query::v1::CitizenService::Stub::ListTimeline, *citizens_, request, page)),
      "page_token_invalid");
}

TEST_F(ServerTest, MarksSupersededAndCancelledVersions) {
  using namespace domain;
  const PersonKey person = FakePlatform::person("anna");
  platform_.publish(
      platform_.event(person, "2025-01-06 09:00", DiagnosisRecorded{"SKS", "DJ449", {}}, "K1", 1));
  platform_.publish(
      platform_.event(person, "2025-01-07 09:00", DiagnosisRecorded{"SKS", "DJ449", {}}, "K1", 2));
  platform_.publish(
      platform_.event(person, "2025-01-08 09:00", DiagnosisRecorded{"SKS", "DE119", {}}, "K2", 1));
  Event cancel =
      platform_.event(person, "2025-01-08 09:00", DiagnosisRecorded{"SKS", "DE119", {}}, "K2", 2);
  cancel.op = Op::kCancel;
  platform_.publish(cancel);
  platform_.consume("2025-03-01 10:00");
  serve();
  ListTimelineRequest request;
  request.mutable_citizen()->set_person_key(to_hex(person.view()));
  ListTimelineResponse all;
  ASSERT_TRUE(call(&query::v1::CitizenService::Stub::ListTimeline, *citizens_, request, all).ok());
  ASSERT_EQ(all.entries_size(), 4);
  EXPECT_EQ(all.entries(0).status(), "SUPERSEDED");
  EXPECT_EQ(all.entries(1).status(), "EFFECTIVE");
  EXPECT_EQ(all.entries(2).status(), "CANCELLED");
  EXPECT_EQ(all.entries(3).status(), "CANCELLED");
}

TEST_F(ServerTest, GivesTheSeriesOfAMeasure) {
  const PersonKey person = FakePlatform::person("anna");
  a_pathway(person);
  platform_.consume("2025-03-01 10:00");
  serve();
  ListMeasurementsRequest request;
  request.mutable_citizen()->set_person_key(to_hex(person.view()));
  request.set_measure_key("SPO2");
  request.set_page_size(7);
  ListMeasurementsResponse page;
  ASSERT_TRUE(
      call(&query::v1::CitizenService::Stub::ListMeasurements, *citizens_, request, page).ok());
  ASSERT_EQ(page.measurements_size(), 7);
  EXPECT_EQ(page.measurements(0).value(), "90");
  EXPECT_EQ(page.measurements(0).unit(), "%");
  request.set_page_token(page.next_page_token());
  ASSERT_TRUE(
      call(&query::v1::CitizenService::Stub::ListMeasurements, *citizens_, request, page).ok());
  ASSERT_EQ(page.measurements_size(), 3);
  EXPECT_EQ(page.measurements(2).value(), "99");
  EXPECT_TRUE(page.next_page_token().empty());
  request.set_measure_key("NOSUCH");
  EXPECT_EQ(reason_of(call(&query::v1::CitizenService::Stub::ListMeasurements, *citizens_, request,
                           page)),
            "measure_unknown");
}

TEST_F(ServerTest, ExplainsALevelAndWhatAnotherVersionWouldPropose) {
  const PersonKey person = FakePlatform::person("anna");
  a_pathway(person);
  platform_.consume("2025-03-01 10:00");
  serve();
  ExplainLevelRequest request;
  request.mutable_citizen()->set_person_key(to_hex(person.view()));
  request.set_programme("KOL");
  LevelExplanation level;
  const auto explain = &query::v1::CitizenService::Stub::ExplainLevel;
  grpc::Status status = call(explain, *citizens_, request, level);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(level.ruleset_id(), "KOL");
  EXPECT_EQ(level.ruleset_version(), "2023");
  EXPECT_EQ(level.proposed_level(), "UNKNOWN");
  EXPECT_FALSE(level.what_if());
  EXPECT_GT(level.missing_size(), 0);
  EXPECT_FALSE(level.source().empty());
  request.set_ruleset_version("2026");
  ASSERT_TRUE(call(explain, *citizens_, request, level).ok());
  EXPECT_EQ(level.ruleset_version(), "2026");
  EXPECT_TRUE(level.what_if());
  request.set_ruleset_version("1900");
  EXPECT_EQ(reason_of(call(explain, *citizens_, request, level)), "ruleset_version_unknown");
  request.set_ruleset_version("");
  request.set_programme("T1D");
  EXPECT_EQ(reason_of(call(explain, *citizens_, request, level)), "ruleset_none");
  request.set_programme("T2D");
  EXPECT_EQ(reason_of(call(explain, *citizens_, request, level)), "pathway_none");
}

TEST_F(ServerTest, SuppressesSmallCountsOfAnIndicator) {
  for (int i = 0; i < 12; ++i) {
    domain::Event e =
        platform_.event(FakePlatform::person("p" + std::to_string(i)), "2025-01-06 09:00",
                        domain::DiagnosisRecorded{"SKS", "DJ449", {}});
    e.residence_municipality = i < 9 ? "0751" : "0740";  // 3 in Silkeborg
    platform_.publish(e);
  }
  platform_.consume("2025-07-01 10:00");
  serve();
  IndicatorTable out;
  const grpc::Status status = table("I-01", "2025Q1", "MUNICIPALITY", out);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_GE(out.rows_size(), 98);
  EXPECT_TRUE(out.live());
  for (const IndicatorRow& row : out.rows()) {
    if (row.key() == "0740" || row.key() == "0751") {
      EXPECT_EQ(row.numerator().status(), FIGURE_STATUS_SUPPRESSED) << row.key();
      EXPECT_FALSE(row.numerator().has_value());
    } else {
      EXPECT_EQ(row.numerator().status(), FIGURE_STATUS_SHOWN) << row.key();
    }
    EXPECT_EQ(row.denominator().status(), FIGURE_STATUS_NO_DATA)
        << "population counts are not available";
  }
  EXPECT_EQ(out.total().numerator().value(), 12);
  ASSERT_TRUE(table("I-01", "2025Q1", "REGION", out, "KOL").ok());
  for (const IndicatorRow& row : out.rows()) {
    if (row.key() == "1082") {
      EXPECT_EQ(row.numerator().value(), 12);
    }
  }
}

TEST_F(ServerTest, AnswersFreshFiguresAfterACellHasChanged) {
  platform_.publish(platform_.event(FakePlatform::person("a"), "2025-01-06 09:00",
                                    domain::DiagnosisRecorded{"SKS", "DJ449", {}}));
  platform_.consume("2025-07-01 10:00");
  serve();
  IndicatorTable out;
  ASSERT_TRUE(table("I-01", "2025Q1", "NATION", out).ok());
  EXPECT_EQ(out.total().numerator().status(), FIGURE_STATUS_SUPPRESSED);
  for (int i = 0; i < 6; ++i) {
    platform_.publish(platform_.event(FakePlatform::person("b" + std::to_string(i)),
                                      "2025-01-07 09:00",
                                      domain::DiagnosisRecorded{"SKS", "DJ449", {}}));
  }
  platform_.consume("2025-07-02 10:00");
  serve();
  ASSERT_TRUE(table("I-01", "2025Q1", "NATION", out).ok());
  EXPECT_EQ(out.total().numerator().value(), 7);
}

TEST_F(ServerTest, CountsWhichPlacesReportedWithoutSuppression) {
  domain::Event e = platform_.event(FakePlatform::person("a"), "2026-11-06 09:00",
                                    domain::DiagnosisRecorded{"SKS", "DJ449", {}});
  e.sender_org = "990000000000303";  // of the municipality 0265
  platform_.publish(e);
  e = platform_.event(FakePlatform::person("a"), "2027-01-06 09:00", testing::spo2(94));
  e.sender_org = "990000000000203";  // a hospital there
  platform_.publish(e);
  platform_.consume("2027-04-01 10:00");
  serve();
  IndicatorTable out;
  ASSERT_TRUE(table("I-24", "2026Q4", "NATION", out).ok());
  ASSERT_EQ(out.rows_size(), 2);
  EXPECT_EQ(out.rows(0).key(), "MUNICIPALITIES");
  EXPECT_EQ(out.rows(0).numerator().value(), 1);
  EXPECT_EQ(out.rows(0).denominator().value(), 98);
  EXPECT_EQ(out.rows(1).numerator().value(), 0);
  EXPECT_EQ(out.rows(1).denominator().value(), 5);
  ASSERT_TRUE(table("I-24", "2027Q1", "REGION", out).ok());
  EXPECT_EQ(out.rows_size(), 4) << "from 2027 there are four regions";
  EXPECT_EQ(out.total().numerator().value(), 1);
  for (const IndicatorRow& row : out.rows()) {
    EXPECT_EQ(row.numerator().value(), row.key() == "OEST" ? 1 : 0) << row.key();
  }
  ASSERT_TRUE(table("I-24", "2027Q1-R", "MUNICIPALITY", out).ok());
  EXPECT_EQ(out.total().numerator().value(), 1) << "in the window's last but one quarter";
  EXPECT_EQ(reason_of(table("I-24", "2027Q1", "REGION", out, "KOL")), "table_unknown");
}

TEST_F(ServerTest, ServesPublicationsAsTheyWerePublished) {
  const auto publish = [&](std::uint32_t revision, std::int64_t count, const char* period) {
    domain::Publication p;
    p.indicator = domain::Indicator::kI08Uptake;
    p.period = *domain::parse_period(period);
    p.revision = revision;
    p.rules = {7, 0xabc};
    p.as_of = testing::at("2025-05-01 00:00");
    p.published_at = testing::at("2025-05-02 09:00");
    domain::PublishedRow row;
    row.key = "DK";
    row.numerator = {domain::FigureStatus::kShown, count};
    row.denominator = {domain::FigureStatus::kSuppressed, 0};
    row.second = {domain::FigureStatus::kShown, 7};
    p.tables = {{domain::TableKind::kNation, "", {row}, row},
                {domain::TableKind::kNation, "KOL", {row}, row}};
    std::string value;
    bus::append_wire_prefix(codec::kPublicationSchemaId, value);
    value += codec::encode_publication(p);
    auto& log = platform_.log(bus::kPublikation, 0);
    testing::LogRecord record;
    record.offset = static_cast<std::int64_t>(log.size());
    record.key = domain::publication_key(p.indicator, p.period, revision);
    record.value = value;
    log.push_back(record);
  };
  publish(1, 20, "2025Q1");
  publish(2, 30, "2025Q1");
  publish(2, 99, "2025Q1");  // a number that is taken: the first copy stands
  publish(1, 50, "2025Q2");
  serve();
  EXPECT_EQ(view_->publication_count(), 3);

  ListPublicationsRequest wanted;
  wanted.set_page_size(2);
  ListPublicationsResponse list;
  const auto all = &query::v1::PublicationService::Stub::ListPublications;
  ASSERT_TRUE(call(all, *publications_, wanted, list).ok());
  ASSERT_EQ(list.publications_size(), 2);
  EXPECT_EQ(list.publications(0).revision(), 1U);
  EXPECT_FALSE(list.publications(0).latest());
  EXPECT_TRUE(list.publications(1).latest());
  EXPECT_EQ(list.publications(1).rules().hash(), "0000000000000abc");
  wanted.set_page_token(list.next_page_token());
  ASSERT_TRUE(call(all, *publications_, wanted, list).ok());
  ASSERT_EQ(list.publications_size(), 1);
  EXPECT_EQ(list.publications(0).period(), "2025Q2");
  EXPECT_TRUE(list.next_page_token().empty());

  GetPublicationRequest request;
  request.set_indicator("I-08");
  request.set_period("2025Q1");
  request.set_table("NATION");
  PublicationTable out;
  const auto get_one = &query::v1::PublicationService::Stub::GetPublication;
  ASSERT_TRUE(call(get_one, *publications_, request, out).ok());
  EXPECT_EQ(out.publication().revision(), 2U);
  EXPECT_FALSE(out.table().live());
  ASSERT_EQ(out.table().rows_size(), 1);
  EXPECT_EQ(out.table().rows(0).numerator().value(), 30);
  EXPECT_EQ(out.table().rows(0).denominator().status(), FIGURE_STATUS_SUPPRESSED);
  EXPECT_EQ(out.table().rows(0).second().value(), 7);
  request.set_revision(1);
  request.set_programme("KOL");
  ASSERT_TRUE(call(get_one, *publications_, request, out).ok());
  EXPECT_EQ(out.table().rows(0).numerator().value(), 20);
  EXPECT_FALSE(out.publication().latest());
  request.set_programme("T2D");
  ASSERT_TRUE(call(get_one, *publications_, request, out).ok());
  EXPECT_EQ(out.table().rows_size(), 0) << "a programme that counted nothing";
  request.set_revision(3);
  EXPECT_EQ(reason_of(call(get_one, *publications_, request, out)), "publication_unknown");
  request.set_revision(0);
  request.set_table("REGION");
  EXPECT_EQ(reason_of(call(get_one, *publications_, request, out)), "table_unknown");
}

TEST_F(ServerTest, DividesTheNationAndItsRegionsByClass) {
  for (int i = 0; i < 12; ++i) {
    domain::Event e =
        platform_.event(FakePlatform::person("p" + std::to_string(i)), "2025-01-06 09:00",
                        domain::DiagnosisRecorded{"SKS", "DJ449", {}});
    e.sex = i < 6 ? domain::Sex::kFemale : domain::Sex::kMale;
    platform_.publish(e);
  }
  platform_.consume("2025-07-01 10:00");
  serve();
  IndicatorTable out;
  ASSERT_TRUE(table("I-01", "2025Q1", "SEX", out, "KOL").ok());
  ASSERT_EQ(out.rows_size(), 3);
  EXPECT_EQ(out.rows(0).key(), "MALE");
  EXPECT_EQ(out.rows(0).numerator().value(), 6);
  EXPECT_EQ(out.rows(1).key(), "FEMALE");
  EXPECT_EQ(out.rows(1).numerator().value(), 6);
  EXPECT_EQ(out.rate_per(), 1000);
  EXPECT_FALSE(out.notes().empty()) << "there are no resident counts";
  ASSERT_TRUE(table("I-01", "2025Q1", "REGION_SEX", out).ok());
  EXPECT_EQ(out.rows(0).by(), "MALE");
  EXPECT_EQ(reason_of(table("I-01", "2025Q1", "REGION_SEX", out, "KOL")), "table_unknown");
  EXPECT_EQ(reason_of(table("I-12", "2025Q1", "LEVEL", out)), "table_unknown");
  ASSERT_TRUE(table("I-10", "2025Q1", "REASON", out, "KOL").ok());
  ASSERT_EQ(out.rows_size(), 7) << "six reasons of the reference data that count as a dropout";
  EXPECT_EQ(out.rows(0).name(), "Aktivt fravalg");
  EXPECT_EQ(out.rows(0).unknown().status(), FIGURE_STATUS_NO_DATA);
  EXPECT_EQ(out.rows(6).key(), "UNKNOWN");
  ASSERT_TRUE(table("I-19", "2025Q1", "SET", out).ok());
  ASSERT_EQ(out.rows_size(), 5);
  EXPECT_EQ(out.rows(1).key(), "ACSC_KOL");
  EXPECT_EQ(reason_of(table("I-10", "2025Q1", "SET", out)), "table_unknown");
  EXPECT_EQ(reason_of(table("I-08", "2025Q1", "REASON", out)), "table_unknown");
}

TEST_F(ServerTest, SetsCountsAgainstInhabitantsWhereTheyAreKnown) {
  auto residents = std::make_shared<domain::Residents>();
  const domain::Quarter quarter = *domain::parse_quarter("2025Q1");
  ASSERT_TRUE(residents->add(quarter, {751, domain::Sex::kFemale, domain::ResidentBand::k45To64},
                             {900, 1000}));
  services_->tables.residents = residents;
  for (int i = 0; i < 8; ++i) {
    platform_.publish(platform_.event(FakePlatform::person("p" + std::to_string(i)),
                                      "2025-01-06 09:00",
                                      domain::DiagnosisRecorded{"SKS", "DJ449", {}}));
  }
  platform_.consume("2025-07-01 10:00");
  serve();
  IndicatorTable out;
  ASSERT_TRUE(table("I-01", "2025Q1", "NATION", out, "KOL").ok());
  EXPECT_EQ(out.total().denominator().value(), 1000);
  EXPECT_DOUBLE_EQ(out.total().rate().value(), 8.0);
  ASSERT_TRUE(table("I-01", "2025Q1", "NATION", out).ok());
  EXPECT_EQ(out.total().denominator().status(), FIGURE_STATUS_NO_DATA)
      << "a person may have several programmes";
  ASSERT_TRUE(table("I-02", "2025Q1", "NATION", out, "KOL").ok());
  EXPECT_EQ(out.total().numerator().status(), FIGURE_STATUS_NO_DATA)
      << "nobody has said since when the data are complete";
}

TEST_F(ServerTest, ShowsTheStandardsAndTheEducationGap) {
  serve();
  IndicatorTable out;
  ASSERT_TRUE(table("I-15", "2025Q1", "NATION", out).ok());
  ASSERT_EQ(out.standards_size(), 2);
  EXPECT_EQ(out.standards(1).figure(), "SECOND_RATE");
  ASSERT_EQ(out.total().verdicts_size(), 2);
  EXPECT_EQ(out.total().verdicts(0), VERDICT_NO_DATA);
  ASSERT_TRUE(table("I-23", "2025Q1", "EDUCATION", out).ok());
  ASSERT_EQ(out.gaps_size(), 4);
  EXPECT_EQ(out.gaps(3).indicator(), "I-15");
  EXPECT_EQ(out.gaps(3).points().status(), FIGURE_STATUS_NO_DATA);
}

TEST_F(ServerTest, RefusesAQuestionOfWhatIsNot) {
  serve();
  IndicatorTable out;
  EXPECT_EQ(reason_of(table("I-99", "2025Q1", "NATION", out)), "indicator_unknown");
  EXPECT_EQ(reason_of(table("I-01", "2025", "NATION", out)), "period_malformed");
  EXPECT_EQ(reason_of(table("I-01", "2025Q1-R", "NATION", out)), "period_not_rolling");
  EXPECT_EQ(reason_of(table("I-01", "2025Q1", "STREET", out)), "table_unknown");
  EXPECT_TRUE(table("I-12", "2025Q1-R", "NATION", out).ok());
}

TEST_F(ServerTest, CountsPathwaysInTheStatusAndHidesSmallOnes) {
  a_pathway(FakePlatform::person("anna"));
  platform_.consume("2025-03-01 10:00");
  serve();
  query::v1::Status out;
  ASSERT_TRUE(
      call(&query::v1::StatusService::Stub::GetStatus, *status_, GetStatusRequest(), out).ok());
  EXPECT_EQ(out.events(), 15);
  EXPECT_EQ(out.citizens(), 1);
  ASSERT_EQ(out.pathways_size(), 1);
  EXPECT_EQ(out.pathways(0).citizens().status(), FIGURE_STATUS_SUPPRESSED);
}

TEST_F(ServerTest, CountsItsCalls) {
  serve();
  Citizen citizen;
  (void)get(GetCitizenRequest(), citizen);
  EXPECT_NE(
      registry_.text().find(
          "grpc_server_handled_total{grpc_code=\"InvalidArgument\",grpc_method=\"GetCitizen\""),
      std::string::npos);
}

TEST_F(ServerTest, RefusesAnAddressThatIsNotLoopback) {
  options_.address = "0.0.0.0";
  const auto server = Server::start(options_, *services_);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, code(Errc::kAddressNotLoopback));
  EXPECT_NE(server.error().context.find("plaintext"), std::string::npos);
}

TEST_F(ServerTest, SaysThatItsPortIsTaken) {
  serve();
  options_.port = server_->port();
  const auto second = Server::start(options_, *services_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, code(Errc::kPortTaken));
}

}  // namespace
}  // namespace kronika::gateway
