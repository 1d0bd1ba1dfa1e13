// The small parts: wire format, headers, placement, positions, topics, errors, fault log, task
// clock, client settings.
#include "client_conf.h"
#include "client_watch.h"
#include "credentials.h"
#include "fault_log.h"
#include "position.h"
#include "rdkafka_error.h"
#include "rebuild_mark.h"
#include "task_clock.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/bus/errc.h>
#include <kronika/bus/headers.h>
#include <kronika/bus/partitioner.h>
#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/store/errc.h>

namespace kronika::bus {
namespace {

using ::testing::ElementsAre;

TEST(BusErrc, SlugsAreUniqueAlsoAgainstTheStores) {
  std::set<std::string_view> seen;
  for (int i = 1; i <= static_cast<int>(store::Errc::kLast); ++i) {
    seen.insert(store::slug(static_cast<store::Errc>(i)));
  }
  for (int i = 1; i <= static_cast<int>(Errc::kLast); ++i) {
    const auto e = static_cast<Errc>(i);
    EXPECT_FALSE(slug(e).empty());
    EXPECT_TRUE(seen.insert(slug(e)).second) << slug(e);
    EXPECT_EQ(code(e).slug(), slug(e));
    EXPECT_EQ(code(e).disposition(), disposition(e));
  }
}

TEST(RdKafkaError, CodesMapToWhatTheRuntimeDoes) {
  EXPECT_EQ(errc_of(RD_KAFKA_RESP_ERR__TRANSPORT), Errc::kTransient);
  EXPECT_EQ(errc_of(RD_KAFKA_RESP_ERR_PRODUCER_FENCED), Errc::kFenced);
  EXPECT_EQ(errc_of(RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION), Errc::kAbortable);
  EXPECT_EQ(errc_of(RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET), Errc::kLogTruncated);
  EXPECT_EQ(errc_of(RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID), Errc::kClientFatal);
  EXPECT_EQ(errc_of(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE), Errc::kRecordTooLarge);
  const Error e = error_of(RD_KAFKA_RESP_ERR__TIMED_OUT, "asking");
  EXPECT_EQ(e.code, code(Errc::kTimedOut));
  EXPECT_THAT(e.context, ::testing::HasSubstr("asking"));
}

TEST(Refusal, WhoIsTurnedAwaySaysSoInOneSentence) {
  ClientOptions client;
  client.properties["sasl.username"] = "citizen";
  Refusal refusal(client);
  const Error nobody_answers{code(Errc::kTimedOut), "asking"};
  refusal.note(RD_KAFKA_RESP_ERR__TRANSPORT, "connection refused");
  EXPECT_FALSE(refusal.definite("starting"));
  EXPECT_EQ(refusal.told(nobody_answers, "starting").context, "asking");

  refusal.note(RD_KAFKA_RESP_ERR__SSL, "certificate verify failed");
  EXPECT_FALSE(refusal.definite("starting")) << "a broker that restarts may break a handshake";
  const Error tls = refusal.told(nobody_answers, "starting");
  EXPECT_EQ(tls.code, code(Errc::kUnauthenticated));
  EXPECT_THAT(tls.context, ::testing::HasSubstr("starting: no TLS with Kafka"));

  refusal.note(RD_KAFKA_RESP_ERR__AUTHENTICATION, "Invalid username or password");
  ASSERT_TRUE(refusal.definite("starting"));
  EXPECT_THAT(refusal.definite("starting")->context,
              ::testing::HasSubstr("starting: Kafka does not take user citizen"));
  const Error other{code(Errc::kTopicMismatch), "topic x does not exist"};
  EXPECT_EQ(refusal.told(other, "starting").context, other.context);
}

TEST(CredentialWatch, AReplacedPasswordCountsOnceAndAnEmptyFileNever) {
  using namespace std::chrono_literals;
  ClientOptions client;
  client.password_file = std::string(::testing::TempDir()) + "/bus-password";
  const auto write = [&](const std::string& text) { std::ofstream(client.password_file) << text; };
  write("first\r\nsecond line\n");
  ASSERT_TRUE(make_conf(client, {}));
  CredentialWatch watch(client);
  auto now = std::chrono::steady_clock::now();
  const auto renewed_in_two_looks = [&] {
    bool renewed = false;
    for (int i = 0; i < 2; ++i) renewed = watch.renewed(now += 6s) || renewed;
    return renewed;
  };
  EXPECT_FALSE(renewed_in_two_looks());
  write("second\n");
  EXPECT_FALSE(watch.renewed(now)) << "it was looked at a moment ago";
  EXPECT_TRUE(renewed_in_two_looks());
  EXPECT_FALSE(renewed_in_two_looks());
  write("\n");
  EXPECT_FALSE(renewed_in_two_looks());
  EXPECT_EQ(make_conf(client, {}).error().code, code(Errc::kConfig));
}

TEST(Wire, PrefixRoundTrips) {
  std::string bytes;
  append_wire_prefix(0x01020304, bytes);
  EXPECT_EQ(bytes, std::string("\x00\x01\x02\x03\x04\x00", 6));
  bytes += "proto";
  const auto read = read_wire(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->schema_id, 0x01020304);
  EXPECT_EQ(read->message, "proto");
}

TEST(Wire, MessageIndexPathIsSkipped) {
  const std::string bytes("\x00\x00\x00\x00\x07\x04\x02\x00rest", 12);  // two indexes: 1, 0
  const auto read = read_wire(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->message, "rest");
}

TEST(Wire, EveryTruncationAndForeignMagicIsRefused) {
  const std::string bytes("\x00\x00\x00\x00\x07\x04\x02\x00", 8);
  for (std::size_t n = 1; n < bytes.size(); ++n) {
    const auto read = read_wire(std::string_view(bytes).substr(0, n));
    ASSERT_FALSE(read) << n;
    EXPECT_EQ(read.error().code, code(Errc::kWireTruncated));
  }
  EXPECT_EQ(read_wire("").error().code, code(Errc::kWireMagic));
  EXPECT_EQ(read_wire("{\"json\":1}").error().code, code(Errc::kWireMagic));
}

TEST(Headers, CloudEventIsWrittenAndABadTraceparentLeftOut) {
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const MessageHeaders h({.id = "1", .source = "s", .type = "t", .time = {1'700'000'000'123}},
                         trace);
  EXPECT_EQ(find_header(h.view(), "ce_time"), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(find_header(h.view(), "ce_specversion"), "1.0");
  EXPECT_EQ(find_header(h.view(), kTraceparent), trace);
  EXPECT_EQ(trace_id_of(trace), "4bf92f3577b34da6a3ce929d0e0e4736");
  const MessageHeaders bad({.id = "1"}, "00-00000000000000000000000000000000-00f067aa0ba902b7-01");
  EXPECT_EQ(find_header(bad.view(), kTraceparent), std::nullopt);
  EXPECT_FALSE(is_traceparent(trace.substr(1)));
}

TEST(Partitioner, AgreesWithJavasMurmur2) {
  // From Kafka's own UtilsTest.testMurmur2, as unsigned.
  const std::vector<std::pair<std::string, std::int32_t>> cases{
      {"21", -973932308},
      {"foobar", -790332482},
      {"a-little-bit-long-string", -985981536},
      {"a-little-bit-longer-string", -1486304829},
      {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
      {"abc", 479470107}};
  for (const auto& [key, hash] : cases) {
    EXPECT_EQ(static_cast<std::int32_t>(murmur2(key)), hash) << key;
  }
}

TEST(Position, RoundTripsAndRefusesOtherBytes) {
  Position p;
  p.transaction_number = 7;
  p.clock = {123};
  p.saved_at = {456};
  p.compacted_next = 99;
  p.next_offsets = {1, kUnknownOffset, 3};
  p.state_offsets = {4, 5, 6};
  p.last = {2, 41, checksum_of("key", "value")};
  p.rebuild = {RebuildPhase::kReading, {789}, {10, 0, 30}};
  const std::string bytes = encode_position(p);
  EXPECT_EQ(decode_position(bytes), p);
  for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(decode_position(bytes.substr(0, n)));
  EXPECT_FALSE(decode_position(bytes + "x"));
}

TEST(Position, ChecksumTellsKeysAndValuesApart) {
  EXPECT_NE(checksum_of("a", "b"), checksum_of("a", "c"));
  EXPECT_NE(checksum_of("a", "b"), checksum_of("c", "b"));
  EXPECT_EQ(checksum_of("", ""), 0xcbf29ce484222325U);  // FNV-1a's offset basis
}

TEST(RebuildMark, RoundTripsAndIsNoCitizensKey) {
  for (const std::int32_t partition : {0, 7, 9'999'999, 99'999'999}) {
    EXPECT_NE(genesis_key(partition).size(), 16U);
    EXPECT_TRUE(is_genesis_key(genesis_key(partition)));
    EXPECT_TRUE(is_rebuilt_key(rebuilt_key(partition)));
    EXPECT_FALSE(is_genesis_key(rebuilt_key(partition)));
  }
  const Rebuild reading{RebuildPhase::kReading, {123}, {4, 0, 6}};
  EXPECT_EQ(decode_genesis(encode_genesis(reading), 3), reading);
  EXPECT_EQ(decode_genesis(encode_genesis(reading), 2), std::nullopt);
  const Rebuild none{RebuildPhase::kNone, {123}, {}};
  EXPECT_EQ(decode_genesis(encode_genesis(none), 3), none);
  for (const auto* bytes : {"", "2 1", "1", "1 x", "1 2 3 4 5x"}) {
    EXPECT_EQ(decode_genesis(bytes, 3), std::nullopt) << bytes;
  }
}

TEST(Topics, AreAllThereWithWhatTheSystemOfRecordNeeds) {
  std::set<std::string_view> names;
  for (const auto& d : topic_definitions()) {
    EXPECT_TRUE(names.insert(d.name).second);
    const auto has = [&](const char* key, const char* value) {
      return std::find(d.config.begin(), d.config.end(),
                       std::pair<std::string, std::string>(key, value)) != d.config.end();
    };
    const bool record = d.name == kHenvisning || d.name == kUdskrivning || d.name == kMaaling ||
                        d.name == kForloeb || d.name == kPerson || d.name == kFlytning;
    if (record) {
      EXPECT_TRUE(has("retention.ms", "-1") && d.co_partitioned) << d.name;
    }
    if (d.name == kCitizenState || d.name == kIndicatorState) {
      EXPECT_TRUE(has("cleanup.policy", "compact"));
    }
  }
  EXPECT_EQ(names.size(), 16U);
  EXPECT_TRUE(written_by_transactions(kFlytning));
  EXPECT_FALSE(written_by_transactions(kMaaling));
  EXPECT_FALSE(written_by_transactions("no such topic"));
}

TEST(TaskClock, IsTheSlowestInputAndWallTimeWhereTheEndWasSeen) {
  TaskClock clock(2);
  EXPECT_EQ(clock.candidate({1000}), Instant::min());  // nothing known of either input
  clock.handled(0, {500});
  EXPECT_EQ(clock.candidate({1000}), Instant::min());
  clock.end_seen(1);
  EXPECT_EQ(clock.candidate({1000}), Instant{500});
  clock.end_seen(0);
  EXPECT_EQ(clock.candidate({1000}), Instant{1000});
  clock.advance_to({1000});
  clock.commit();
  clock.handled(0, {700});  // late: the clock does not go back
  EXPECT_EQ(clock.candidate({1100}), Instant{1000});
  clock.handled(0, {1050});
  clock.advance_to(clock.candidate({1100}));
  EXPECT_EQ(clock.now(), Instant{1050});
  clock.rollback();
  EXPECT_EQ(clock.now(), Instant{1000});
  EXPECT_FALSE(clock.at_end(1));  // its end must be seen again
}

class FaultLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "kronika-fault-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return folder_ + "/faults"; }
  std::string folder_;
};

TEST_F(FaultLogTest, TwoFaultsIsolateTheRecordAndAThirdAloneMakesItTheCulprit) {
  FaultLog log(path());
  log.enter(1, 42, FaultLog::Stage::kProcess, false);
  log.failed();
  EXPECT_FALSE(log.isolates(1, 42));
  log.enter(1, 42, FaultLog::Stage::kProcess, false);
  log.failed();
  EXPECT_TRUE(log.isolates(1, 42));
  EXPECT_FALSE(log.isolates(1, 41));
  EXPECT_FALSE(log.isolates(0, 42));
  EXPECT_FALSE(log.is_culprit(1, 42));
  log.enter(1, 42, FaultLog::Stage::kProcess, true);
  log.failed();
  const FaultLog reopened(path());
  EXPECT_TRUE(reopened.is_culprit(1, 42));
  log.committed({0, 42});
  EXPECT_TRUE(log.isolates(1, 42));  // not yet past it
  log.committed({0, 43});
  EXPECT_FALSE(log.isolates(1, 42));
  EXPECT_EQ(std::filesystem::file_size(path()), 0U);
}

TEST_F(FaultLogTest, OneFaultIsForgottenWithTheNextCommit) {
  FaultLog log(path());
  log.enter(0, 5, FaultLog::Stage::kProcess, false);
  log.failed();
  log.committed({3});
  log.enter(0, 5, FaultLog::Stage::kProcess, false);
  log.failed();
  EXPECT_FALSE(log.isolates(0, 5));
}

TEST_F(FaultLogTest, HandlerWritesTheRecordInHandAndAKillWritesNone) {
  EXPECT_DEATH(
      {
        FaultLog::install_handler();
        FaultLog log(path());
        log.enter(2, 77, FaultLog::Stage::kFlush, false);
        std::abort();
      },
      "");
  std::ifstream in(path());
  std::string line;
  std::getline(in, line);
  EXPECT_EQ(line, "2 77 flush batch");
}

TEST(ClientConf, RefusesWhatWouldBreakAGuaranteeAndNamesWhatIsUnknown) {
  for (const auto property : refused_properties()) {
    ClientOptions options;
    options.properties[std::string(property)] = "x";
    const auto conf = make_conf(options, {});
    ASSERT_FALSE(conf) << property;
    EXPECT_EQ(conf.error().code, code(Errc::kConfig));
  }
  ClientOptions options;
  options.properties["no.such.property"] = "x";
  const auto conf = make_conf(options, {});
  ASSERT_FALSE(conf);
  EXPECT_THAT(conf.error().context, ::testing::HasSubstr("no.such.property"));
}

TEST(ClientConf, LibrdkafkaReadsEveryPropertyBackAsWeSetIt) {
  const ClientOptions options;
  const std::vector<Properties> kinds{transactional_producer(options, "id", 15'000),
                                      idempotent_producer(), reader("group", true, 32'768)};
  for (const auto& own : kinds) {
    const auto conf = make_conf(options, own);
    ASSERT_TRUE(conf) << conf.error().context;
    for (const auto& [key, value] : own) {
      std::array<char, 256> found{};
      std::size_t size = found.size();
      auto r = rd_kafka_conf_get(conf->get(), key.c_str(), found.data(), &size);
      if (r == RD_KAFKA_CONF_UNKNOWN) continue;  // a topic property that the client keeps apart
      ASSERT_EQ(r, RD_KAFKA_CONF_OK) << key;
      EXPECT_EQ(std::string(found.data()), key == "acks" && value == "all" ? "-1" : value) << key;
    }
  }
}

TEST(ClientWatch, ReadsBrokersAndPartitionsFromTheLibrarysStatistics) {
  const auto stats = parse_statistics(R"({"name": "rdkafka#consumer-1", "msg_cnt": 7,
    "brokers": {
      "a:9092/bootstrap": {"nodeid": -1, "state": "DOWN", "source": "configured"},
      "a:9092/1": {"nodeid": 1, "state": "UP", "source": "learned", "rxidle": 120000, "rtt": {"cnt": 3, "p99": 4200}},
      "b:9092/2": {"nodeid": 2, "state": "INIT", "source": "learned"},
      "GroupCoordinator": {"nodeid": 1, "state": "UP", "source": "logical"}},
    "topics": {"k-maaling": {"partitions": {
      "0": {"fetch_state": "active", "hi_offset": 40, "ls_offset": 31},
      "1": {"fetch_state": "none", "hi_offset": 9, "ls_offset": 9},
      "-1": {"fetch_state": "active", "hi_offset": -1001, "ls_offset": -1001}}}}})");
  ASSERT_TRUE(stats.has_value());
  EXPECT_EQ(stats->queued_records, 7U);
  ASSERT_EQ(stats->brokers.size(), 1U);  // neither the first address, nor who was never needed
  EXPECT_EQ(stats->brokers[0].broker, "1");
  EXPECT_TRUE(stats->brokers[0].up);
  EXPECT_DOUBLE_EQ(stats->brokers[0].rtt_p99_seconds.value(), 0.0042);
  EXPECT_DOUBLE_EQ(stats->brokers[0].silent_seconds, 0.12);
  ASSERT_EQ(stats->partitions.size(), 1U);  // those that it fetches
  EXPECT_EQ(stats->partitions[0].topic, "k-maaling");
  EXPECT_EQ(stats->partitions[0].high_watermark, 40);
  EXPECT_EQ(stats->partitions[0].last_stable_offset, 31);
}

TEST(ClientWatch, AsLongAsNoBrokerHasNamedItselfTheFirstAddressStandsForAll) {
  const auto stats = parse_statistics(
      R"({"brokers": {"a:9092/bootstrap": {"nodeid": -1, "state": "DOWN", "source": "configured"}}})");
  ASSERT_TRUE(stats.has_value());
  ASSERT_EQ(stats->brokers.size(), 1U);
  EXPECT_EQ(stats->brokers[0].broker, "bootstrap");
  EXPECT_FALSE(stats->brokers[0].up);
  EXPECT_FALSE(parse_statistics("no json").has_value());
}

TEST(MissingAcl, IsOneSentenceThatNamesTheRightAndTheResource) {
  EXPECT_EQ(
      missing_acl(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "maaling", "Read"),
      "Kafka does not authorize it: the user of this process lacks the ACL Read on topic maaling "
      "(docs/operations.md, Security, lists what each program needs)");
  EXPECT_NE(missing_acl(RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, "kronika-citizen", "Read")
                .find("Read on group kronika-citizen"),
            std::string::npos);
  EXPECT_EQ(missing_acl(RD_KAFKA_RESP_ERR__TRANSPORT, "maaling", "Read"), "");
}

}  // namespace
}  // namespace kronika::bus
