// The senders' outbox (the C++ library, and the example in Python) against the real gRPC door and a
// real Kafka, both of which fail in the middle: every message is accepted, counts once, and no
// citizen's later message overtakes an earlier one.
#include "support/platform.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/bus/log_reader.h>
#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/outbox/outbox.h>

namespace kronika {
namespace {

using namespace std::chrono_literals;
using codec::LedgerOutcome;
using test_support::Answer;
using test_support::ChildProcess;
using test_support::Platform;
using test_support::read_file;
using test_support::TempFolder;
using testing::HasSubstr;

constexpr int kCitizens = 20, kMessages = 60;
constexpr const char* kDoor = "kronika-edge-grpc";

struct Message {
  std::string id, citizen, bytes;
};

/// What became of one message on the log.
struct Traces {
  std::vector<std::pair<std::int32_t, std::int64_t>> copies;  ///< in the order of the log
  std::map<LedgerOutcome, int> outcomes;
};

class OutboxAgainstTheRealDoor : public testing::Test {
 protected:
  void SetUp() override {
    auto started = Platform::start();
    ASSERT_TRUE(started) << started.error();
    platform_ = std::move(*started);
    port_ = test_support::free_port();
    platform_->set("KRONIKA_EDGE_GRPC_PORT", std::to_string(port_));
    platform_->set("KRONIKA_EDGE_GRPC_METRICS_PORT", std::to_string(test_support::free_port()));
    platform_->set("KRONIKA_EDGE_GRPC_HEALTH_PORT", "0");
    platform_->set("KRONIKA_INGEST_ACK_TIMEOUT_MS", "2000");
    platform_->start_program(kDoor);
    client_.bootstrap_servers = platform_->broker().bootstrap_servers();
  }

  [[nodiscard]] std::string target() const { return "127.0.0.1:" + std::to_string(port_); }

  /// Round by round, so that every citizen has something under way whenever something fails.
  static std::vector<Message> messages() {
    std::vector<Message> all;
    for (int i = 0; i < kMessages; ++i) {
      for (int c = 0; c < kCitizens; ++c) {
        const std::string id = "outbox-" + std::to_string(c) + "-" + std::to_string(i);
        const std::string day = (c < 9 ? "0" : "") + std::to_string(c + 1);
        const std::string minute = (i < 10 ? "0" : "") + std::to_string(i);
        const std::string time = "\"2025-01-10T09:" + minute + ":00+01:00\"";
        all.push_back({id, "patient " + std::to_string(c),
                       R"({"cpr":")" + day + R"(01509991","source_system":"EPJ",)" +
                           R"("source_message_id":")" + id +
                           R"(","source_version":1,"op":"OP_CREATE","occurred_at":)" + time +
                           R"(,"recorded_at":)" + time +
                           R"(,"sender_org":"990000000000101","residence_municipality":"0751",)" +
                           R"("measurement_recorded":{"code_system":"MCS","code":"MCS88021",)" +
                           R"("numeric":3,"unit":"{score}","timepoint":"TIMEPOINT_BASELINE"}})"});
      }
    }
    return all;
  }

  /// Events on the topic, copies too; what was last known while Kafka is away.
  std::int64_t landed() {
    auto reader = bus::LogReader::open(client_);
    if (!reader) return landed_;
    const auto count = (*reader)->partition_count(std::string(bus::kMaaling));
    if (!count) return landed_;
    std::vector<bus::PartitionOffset> partitions;
    for (std::int32_t p = 0; p < *count; ++p) {
      partitions.push_back({std::string(bus::kMaaling), p, 0});
    }
    const auto ends = (*reader)->ends(partitions);
    if (!ends) return landed_;
    landed_ = 0;
    for (const auto& end : *ends) landed_ += end.offset;
    return landed_;
  }
  void await_landed(int number) {
    for (int i = 0; i < 600 && landed() < number; ++i) std::this_thread::sleep_for(50ms);
    ASSERT_GE(landed_, number) << read_file(platform_->log_of(kDoor));
  }

  /// Everything that may fail between a sender and the log, while messages keep coming.
  void let_everything_fail() {
    await_landed(150);
    platform_->kill_program(kDoor);
    std::this_thread::sleep_for(500ms);
    platform_->start_program(kDoor);
    await_landed(350);
    // It takes what is under way, and answers when the door no longer waits: a copy comes of it.
    platform_->broker().pause();
    std::this_thread::sleep_for(5s);
    platform_->broker().resume();
    await_landed(550);
    platform_->broker().kill();
    std::this_thread::sleep_for(3s);
    ASSERT_TRUE(platform_->broker().restart());
    await_landed(750);
    platform_->kill_program(kDoor);
    platform_->start_program(kDoor);
  }

  std::map<std::string, Traces> read_log() {
    std::map<std::string, Traces> traces;
    std::map<EventId, std::string> names;
    scan(bus::kMaaling, [&](const bus::Record& record) {
      const auto wire = bus::read_wire(record.value);
      domain::Event event;
      if (!wire || !codec::decode_event(wire->message, event)) return;
      names[event.event_id] = event.source_message_id;
      traces[event.source_message_id].copies.emplace_back(record.partition, record.offset);
    });
    scan(bus::kLedger, [&](const bus::Record& record) {
      const auto wire = bus::read_wire(record.value);
      codec::LedgerEntry entry;
      if (!wire || wire->schema_id != codec::kLedgerEntrySchemaId ||
          !codec::decode_ledger_entry(wire->message, entry)) {
        return;
      }
      ++traces[names[entry.event_id]].outcomes[entry.outcome];
    });
    return traces;
  }
  void scan(std::string_view topic, const std::function<void(const bus::Record&)>& visit) {
    auto reader = bus::LogReader::open(client_);
    ASSERT_TRUE(reader.has_value());
    std::vector<bus::PartitionOffset> partitions;
    const auto count = (*reader)->partition_count(std::string(topic));
    ASSERT_TRUE(count.has_value());
    for (std::int32_t p = 0; p < *count; ++p) {
      partitions.push_back({std::string(topic), p, bus::LogReader::kBeginning});
    }
    const auto ends = (*reader)->ends(partitions);
    ASSERT_TRUE(ends.has_value());
    ASSERT_TRUE((*reader)->assign(partitions).has_value());
    const auto done = (*reader)->read_to(*ends, [&](const bus::Record& record) -> Result<void> {
      visit(record);
      return {};
    });
    ASSERT_TRUE(done.has_value());
  }

  void expect_each_once_and_in_order() {
    const Answer books = platform_->cli({"reconcile", "--wait", "120"}, 180s);
    EXPECT_EQ(books.code, 0) << books.output;
    const auto traces = read_log();
    ASSERT_EQ(traces.size(), std::size_t{kCitizens} * kMessages);
    int copies = 0;
    for (const auto& [id, trace] : traces) {
      EXPECT_EQ(trace.outcomes.at(LedgerOutcome::kApplied), 1) << id;
      int booked = 0;
      for (const auto& [outcome, n] : trace.outcomes) {
        EXPECT_TRUE(outcome == LedgerOutcome::kApplied || outcome == LedgerOutcome::kDuplicate);
        booked += n;
      }
      EXPECT_EQ(booked, static_cast<int>(trace.copies.size())) << id;
      copies += booked - 1;
    }
    EXPECT_GT(copies, 0) << "what failed must have made some sender send again";
    RecordProperty("copies", copies);
    std::cout << copies << " of " << traces.size() + static_cast<std::size_t>(copies)
              << " records are copies\n";
    for (int c = 0; c < kCitizens; ++c) {
      std::pair<std::int32_t, std::int64_t> before{-1, -1};
      for (int i = 0; i < kMessages; ++i) {
        const std::string id = "outbox-" + std::to_string(c) + "-" + std::to_string(i);
        const auto& first = traces.at(id).copies.front();
        if (i > 0) {
          EXPECT_EQ(first.first, before.first) << "a citizen has one partition";
          EXPECT_GT(first.second, before.second) << id << " overtook the one before";
        }
        before = first;
      }
    }
  }

  std::unique_ptr<Platform> platform_;
  bus::ClientOptions client_;
  int port_ = 0;
  std::int64_t landed_ = 0;
};

TEST_F(OutboxAgainstTheRealDoor, TheLibraryBringsEachMessageOnceInEffectAndInOrder) {
  TempFolder folder("kronika-outbox-real");
  auto opened = outbox::Outbox::open({.file = folder.path() + "/outbox.db",
                                      .target = target(),
                                      .call_timeout = 6s,
                                      .first_retry = 50ms,
                                      .longest_retry = 500ms});
  ASSERT_TRUE(opened.has_value()) << opened.error().context;
  outbox::Outbox& box = **opened;
  ASSERT_TRUE(box.start().has_value());
  std::thread feeder([&box] {
    for (const Message& m : messages()) {
      EXPECT_TRUE(box.put({.id = m.id, .citizen = m.citizen, .message = m.bytes}).has_value());
      std::this_thread::sleep_for(4ms);
    }
  });
  let_everything_fail();
  feeder.join();
  for (int i = 0; i < 1200 && box.counts()->waiting > 0; ++i) std::this_thread::sleep_for(100ms);
  const auto counts = box.counts();
  ASSERT_TRUE(counts.has_value());
  EXPECT_EQ(counts->waiting, 0) << box.last_trouble();
  EXPECT_EQ(counts->accepted, kCitizens * kMessages);
  expect_each_once_and_in_order();
  // The sender's own answer names the message in kronika.
  const auto answer = box.answer("outbox-3-7");
  ASSERT_TRUE(answer.has_value() && answer->has_value());
  const Answer shown = platform_->cli({"message", "show", (*answer)->sha256});
  EXPECT_EQ(shown.code, 0) << shown.output;
  EXPECT_THAT(shown.output, HasSubstr("ACCEPTED"));
}

TEST_F(OutboxAgainstTheRealDoor, TheExampleInPythonDoesTheSame) {
  TempFolder folder("kronika-outbox-python");
  const std::string protos = KRONIKA_SOURCE_DIR "/proto", stubs = folder.path() + "/stubs";
  const std::string lines = folder.path() + "/messages", out = folder.path() + "/out";
  {
    std::ofstream file(lines);
    for (const Message& m : messages()) {
      file << m.id << '\t' << m.citizen << '\t' << m.bytes << '\n';
    }
  }
  ChildProcess sender(
      {"sh", "-c",
       "mkdir " + stubs + " && protoc -I " + protos + " --python_out=" + stubs +
           " google/rpc/status.proto kronika/ingest/v1/ingest.proto && exec /usr/bin/python3 " +
           KRONIKA_SOURCE_DIR "/tests/integration/clients/outbox_feed.py " + target() + " " +
           stubs + " " + folder.path() + "/queue.db < " + lines},
      {.output_file = out, .environment = {}});
  let_everything_fail();
  const auto status = sender.wait(180s);
  ASSERT_TRUE(status && WIFEXITED(*status) && WEXITSTATUS(*status) == 0) << read_file(out);
  EXPECT_EQ(read_file(out), "ACCEPTED " + std::to_string(kCitizens * kMessages) + "\n");
  expect_each_once_and_in_order();
}

}  // namespace
}  // namespace kronika
