// `kronika publish` against a real broker, from the settings to the log: the sample messages go in,
// and what stands on the topics is compared with the report, decoded, and opened.
#include "support/log_content.h"
#include "support/test_broker.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include <kronika/bus/log_reader.h>
#include <kronika/bus/partitioner.h>
#include <kronika/bus/topic_admin.h>
#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/codec/seal.h>
#include <kronika/config/load.h>
#include <kronika/edge/setup.h>
#include <kronika/publisher/event_publisher.h>
#include <kronika/publisher/publish.h>

namespace kronika::publisher {
namespace {

using namespace std::chrono_literals;
using test_support::Stored;
using test_support::TempFolder;
using test_support::TestBroker;

class PublishToBroker : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto started = TestBroker::start();
    ASSERT_TRUE(started) << started.error();
    broker_ = std::move(*started);
  }
  static void TearDownTestSuite() { broker_.reset(); }

  void SetUp() override {
    ASSERT_NE(broker_, nullptr);
    secret("person-key.hex", 'a');
    secret("seal.hex", 'b');
    config::Source source;
    source.environment = {{"KRONIKA_HOME", KRONIKA_SOURCE_DIR},
                          {"KRONIKA_KAFKA_BOOTSTRAP_SERVERS", broker_->bootstrap_servers()},
                          {"KRONIKA_IDENTITY_SECRET_FILE", folder_.path() + "/person-key.hex"},
                          {"KRONIKA_SEAL_KEY_FILE", folder_.path() + "/seal.hex"}};
    auto loaded = config::load(source);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().context;
    settings_ = loaded->settings;
    settings_.kafka.topic_prefix =
        ::testing::UnitTest::GetInstance()->current_test_info()->name() + std::string("-");
    bus::TopicSettings topics;
    topics.partitions = settings_.kafka.partitions;
    const auto made =
        bus::ensure_topics(edge::client_options(settings_, "kronika-publish-test"), topics);
    ASSERT_TRUE(made.has_value()) << made.error().context;
  }

  std::vector<Stored> everything(const std::vector<std::string_view>& topics) {
    return test_support::content_of(settings_, topics);
  }

  config::Settings settings_;

 private:
  void secret(const std::string& name, char digit) {
    const std::string file = folder_.path() + "/" + name;
    std::ofstream(file) << std::string(64, digit) << "\n";
    ::chmod(file.c_str(), 0600);
  }
  TempFolder folder_{"kronika-publish"};
  static std::unique_ptr<TestBroker> broker_;
};
std::unique_ptr<TestBroker> PublishToBroker::broker_;

const std::vector<std::string_view> kEventTopics{
    bus::kHenvisning, bus::kUdskrivning, bus::kMaaling, bus::kForloeb, bus::kPerson, bus::kRapport};

TEST_F(PublishToBroker, TheSamplesStandOnTheLogAsTheReportSays) {
  auto setup = edge::EdgeSetup::open(settings_, "kronika-publish", nullptr);
  ASSERT_TRUE(setup.has_value()) << setup.error().context;
  PublishOptions options;
  options.paths = {KRONIKA_SOURCE_DIR "/data/samples"};
  std::ostringstream progress;
  options.progress = &progress;
  const PublishReport report =
      run_publish(options, {(*setup)->tools(), (*setup)->options(), &(*setup)->clock()});
  for (const auto& failure : report.failures) ADD_FAILURE() << failure;
  EXPECT_EQ(exit_code(report, false), 0);
  EXPECT_GT(report.events, 150U);
  EXPECT_GT(report.messages_refused, 10U);
  EXPECT_EQ(report.acknowledged, report.events + 2 * report.messages + report.messages_refused);
  EXPECT_NE(progress.str().find(std::to_string(report.events) + " events"), std::string::npos);

  const auto events = everything(kEventTopics);
  EXPECT_EQ(events.size(), report.events);
  domain::Event event;
  for (const Stored& record : events) {
    const auto wire = bus::read_wire(record.value);
    ASSERT_TRUE(wire.has_value());
    ASSERT_TRUE(codec::decode_event(wire->message, event).has_value());
    if (record.topic == bus::kRapport) {  // about an organisation, of no person
      EXPECT_EQ(record.key, event.sender_org);
      continue;
    }
    EXPECT_EQ(record.key, event.person_key.view());
    EXPECT_EQ(record.partition, bus::partition_of(record.key, settings_.kafka.partitions));
  }

  const auto sealer = codec::Sealer::from_file(settings_.seal_key_file);
  const auto letters = everything({bus::kDeadLetter});
  EXPECT_EQ(letters.size(), report.messages_refused);
  std::set<std::pair<std::int32_t, std::int64_t>> places;
  bool garbage = false;
  for (const Stored& letter : letters) {
    places.emplace(letter.partition, letter.offset);
    const auto opened = sealer->open(letter.value);
    ASSERT_TRUE(opened.has_value());
    garbage = garbage || opened->size() == 512;
    EXPECT_EQ(letter.value.find("2509479989"), std::string::npos);
  }
  EXPECT_TRUE(garbage) << "the random bytes of data/samples/bad come back as they were";
  EXPECT_EQ(everything({bus::kRaw}).size(), report.messages);
  std::set<std::tuple<std::string, std::int32_t, std::int64_t>> published;
  for (const Stored& record : events) {
    published.emplace(record.topic, record.partition, record.offset);
  }
  std::size_t booked = 0;
  for (const Stored& record : everything({bus::kLedger})) {
    const auto wire = bus::read_wire(record.value);
    ASSERT_TRUE(wire.has_value());
    EXPECT_EQ(wire->schema_id, codec::kMessageReceivedSchemaId);
    codec::MessageReceived received;
    ASSERT_TRUE(codec::decode_message_received(wire->message, received).has_value());
    ++booked;
    for (const codec::PublishedEvent& e : received.events) {
      EXPECT_EQ(published.erase({e.topic, e.partition, e.offset}), 1U) << "each event once";
    }
    for (const codec::RecordPlace& letter : received.dead_letters) {
      EXPECT_EQ(places.erase({letter.partition, letter.offset}), 1U) << "each dead letter once";
    }
  }
  EXPECT_EQ(booked, report.messages);
  EXPECT_TRUE(published.empty());
  EXPECT_TRUE(places.empty());
}

TEST_F(PublishToBroker, AStreamOfEventsArrivesWhole) {
  auto setup = edge::EdgeSetup::open(settings_, "kronika-publish", nullptr);
  ASSERT_TRUE(setup.has_value());
  EventPublisher out(*(*setup)->tools().bus);
  domain::Event event;
  event.schema_version = 1;
  event.op = domain::Op::kCreate;
  event.sender_org = "990000000000301";
  event.payload = domain::ResidenceChanged{"0751"};
  constexpr std::uint32_t kEvents = 20'000;
  for (std::uint32_t i = 1; i <= kEvents; ++i) {
    event.person_key.bytes[0] = static_cast<std::uint8_t>(i);
    event.source_version = i;
    ASSERT_TRUE(out.publish(event).has_value());
  }
  const auto totals = out.finish(60s);
  ASSERT_TRUE(totals.has_value());
  EXPECT_EQ(totals->acknowledged, kEvents);
  std::uint64_t sum = 0;
  for (const Stored& record : everything({bus::kPerson})) {
    ASSERT_TRUE(codec::decode_event(bus::read_wire(record.value)->message, event).has_value());
    sum += event.source_version;
  }
  EXPECT_EQ(sum, std::uint64_t{kEvents} * (kEvents + 1) / 2);
}

}  // namespace
}  // namespace kronika::publisher
