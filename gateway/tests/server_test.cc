// Citizens and status through the real server, and the server itself.
#include "server_fixture.h"

#include <atomic>
#include <thread>

#include <grpcpp/generic/generic_stub.h>

#include <kronika/bus/wire.h>
#include <kronika/codec/citizen_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/gateway/errc.h>

namespace kronika::gateway {
namespace {

using namespace query::v1;

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
TEST_F(ServerTest, CountsTheUnknownCodesOfACitizen) {
  const PersonKey person = hasher_.hash_cpr("0101600013");
  a_pathway(person);
  for (const char* day : {"2025-01-09 09:00", "2025-01-10 09:00"})
    platform_.publish(platform_.event(
        person, day, domain::DiagnosisRecorded{"SKS", "DX999", domain::DiagnosisSetting::kGp}));
  platform_.consume("2025-03-01 10:00");
  serve();
  GetCitizenRequest request;
  request.mutable_citizen()->set_cpr("0101600013");
  Citizen citizen;
  ASSERT_TRUE(get(request, citizen).ok());
  ASSERT_EQ(citizen.unknown_codes_size(), 1);
  EXPECT_EQ(citizen.unknown_codes(0).system(), "SKS");
  EXPECT_EQ(citizen.unknown_codes(0).code(), "DX999");
  EXPECT_EQ(citizen.unknown_codes(0).count(), 2);
  set(request.mutable_as_of(), testing::at("2025-01-09 12:00"));
  ASSERT_TRUE(get(request, citizen).ok());
  EXPECT_EQ(citizen.unknown_codes(0).count(), 1);
}

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
