// The doors against a real broker, spoken to by clients that nobody here wrote: curl for FHIR, and
// for gRPC Python code that protoc made from the published protos. Every sample message goes
// through each door; what the answers say is compared with what the adapter says, and with the log.
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
#include <sys/wait.h>
#include <thread>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <kronika/bus/log_reader.h>
#include <kronika/bus/topic_admin.h>
#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/codec/seal.h>
#include <kronika/config/load.h>
#include <kronika/edge/setup.h>

namespace kronika::edge {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using nlohmann::json;
using test_support::ChildProcess;
using test_support::free_port;
using test_support::Stored;
using test_support::TempFolder;
using test_support::TestBroker;

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> sample_files() {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(KRONIKA_SOURCE_DIR "/data/samples")) {
    const std::string extension = entry.path().extension().string();
    if (entry.is_regular_file() && extension != ".md" && extension != ".txt") {
      files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

struct HttpAnswer {
  int status = 0;
  std::string headers;
  json body;
};

class DoorsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto started = TestBroker::start();
    ASSERT_TRUE(started) << started.error();
    broker_ = std::move(*started);
    secret("person-key.hex", 'a');
    secret("seal.hex", 'b');
    fhir_port_ = free_port();
    grpc_port_ = free_port();
    environment_ = {{"KRONIKA_HOME", KRONIKA_SOURCE_DIR},
                    {"KRONIKA_KAFKA_BOOTSTRAP_SERVERS", broker_->bootstrap_servers()},
                    {"KRONIKA_IDENTITY_SECRET_FILE", folder_.path() + "/person-key.hex"},
                    {"KRONIKA_SEAL_KEY_FILE", folder_.path() + "/seal.hex"},
                    {"KRONIKA_INGEST_ACK_TIMEOUT_MS", "6000"},
                    {"KRONIKA_EDGE_FHIR_PORT", std::to_string(fhir_port_)},
                    {"KRONIKA_EDGE_FHIR_METRICS_PORT", std::to_string(free_port())},
                    {"KRONIKA_EDGE_GRPC_PORT", std::to_string(grpc_port_)},
                    {"KRONIKA_EDGE_GRPC_METRICS_PORT", std::to_string(free_port())}};
    config::Source source;
    source.environment = environment_;
    auto loaded = config::load(source);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().context;
    settings_ = loaded->settings;
    bus::TopicSettings topics;
    topics.partitions = settings_.kafka.partitions;
    const auto made = bus::ensure_topics(client_options(settings_, "doors-test"), topics);
    ASSERT_TRUE(made.has_value()) << made.error().context;
    setup_ = EdgeSetup::open(settings_, "doors-test", nullptr).value();
    start("kronika-edge-fhir", fhir_);
    start("kronika-edge-grpc", grpc_);
    ASSERT_TRUE(eventually(30s, [&] { return curl("/health/ready", "").status == 200; }))
        << read_file(folder_.path() + "/kronika-edge-fhir.log");
    make_python();
  }

  void start(const std::string& name, ChildProcess& process) {
    process = ChildProcess(
        {std::string(KRONIKA_BINARY_DIR "/bin/") + name},
        {.output_file = folder_.path() + "/" + name + ".log", .environment = environment_});
  }

  static bool eventually(std::chrono::seconds time, const std::function<bool()>& what) {
    const auto until = std::chrono::steady_clock::now() + time;
    while (!what()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(100ms);
    }
    return true;
  }

  std::string run(const std::vector<std::string>& command) {
    const std::string out = folder_.path() + "/out";
    fs::remove(out);  // it is appended to
    ChildProcess child(command, {.output_file = out, .environment = {}});
    const auto status = child.wait(120s);
    EXPECT_TRUE(status && WIFEXITED(*status)) << command.front() << ": " << read_file(out);
    return read_file(out);
  }

  /// GET where `file` is empty.
  HttpAnswer curl(const std::string& target, const std::string& file) {
    const std::string body = folder_.path() + "/body", headers = folder_.path() + "/headers";
    fs::remove(body);
    fs::remove(headers);
    std::vector<std::string> command{
        "curl", "-sS", "-o",
        body,   "-D",  headers,
        "-m",   "60",  "http://127.0.0.1:" + std::to_string(fhir_port_) + target};
    if (!file.empty()) {
      command.insert(command.end(),
                     {"-H", "Content-Type: application/fhir+json", "--data-binary", "@" + file});
    }
    (void)run(command);
    HttpAnswer answer;
    answer.headers = read_file(headers);
    // The last status line: a 100 Continue may stand before it.
    const auto at = answer.headers.rfind("HTTP/1.1 ");
    if (at != std::string::npos) answer.status = std::stoi(answer.headers.substr(at + 9, 3));
    answer.body = json::parse(read_file(body), nullptr, false);
    return answer;
  }

  void make_python() {
    python_ = folder_.path() + "/python";
    fs::create_directories(python_);
    const std::string protos = KRONIKA_SOURCE_DIR "/proto";
    const std::string said =
        run({"protoc", "-I" + protos, "--python_out=" + python_, "--grpc_out=" + python_,
             "--plugin=protoc-gen-grpc=/usr/bin/grpc_python_plugin",
             protos + "/kronika/ingest/v1/ingest.proto", protos + "/google/rpc/status.proto"});
    EXPECT_EQ(said, "");
  }

  /// One answer a file, by file.
  std::map<std::string, json> python(const std::string& mode,
                                     const std::vector<std::string>& files) {
    const std::string list = folder_.path() + "/files";
    std::ofstream paths(list);
    for (const std::string& file : files) paths << file << "\n";
    paths.close();
    const std::string text =
        run({"sh", "-c",
             "/usr/bin/python3 " KRONIKA_SOURCE_DIR
             "/tests/integration/clients/ingest_client.py 127.0.0.1:" +
                 std::to_string(grpc_port_) + " " + python_ + " " + mode + " < " + list});
    std::map<std::string, json> answers;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      const json answer = json::parse(line, nullptr, false);
      EXPECT_TRUE(answer.is_object()) << text;
      if (answer.is_object()) answers[answer["file"]] = answer;
    }
    return answers;
  }

  struct Expected {
    codec::Protocol protocol;
    std::size_t accepted = 0, refused = 0, ignored = 0;
  };
  Expected expected(const std::string& file) {
    const codec::Translation t =
        codec::translate(read_file(file), *setup_->tools().adapters, setup_->clock().now());
    Expected e{t.protocol};
    for (const codec::Outcome& outcome : t.outcomes) {
      e.accepted += std::holds_alternative<codec::Accepted>(outcome) ? 1 : 0;
      e.refused += std::holds_alternative<codec::Refused>(outcome) ? 1 : 0;
      e.ignored += std::holds_alternative<codec::Ignored>(outcome) ? 1 : 0;
    }
    return e;
  }

  std::vector<Stored> everything(const std::vector<std::string_view>& topics) {
    return test_support::content_of(settings_, topics);
  }

  /// Events, originals, dead letters and ledger agree with each other and with `messages`.
  void expect_the_log_to_add_up(std::size_t messages, std::size_t events) {
    std::set<std::tuple<std::string, std::int32_t, std::int64_t>> places;
    for (const Stored& r :
         everything({bus::kHenvisning, bus::kUdskrivning, bus::kMaaling, bus::kForloeb,
                     bus::kPerson, bus::kRapport, bus::kRaw, bus::kDeadLetter})) {
      places.emplace(r.topic, r.partition, r.offset);
    }
    std::size_t booked = 0;
    std::size_t published = 0;
    for (const Stored& record : everything({bus::kLedger})) {
      const auto wire = bus::read_wire(record.value);
      ASSERT_TRUE(wire.has_value());
      ASSERT_EQ(wire->schema_id, codec::kMessageReceivedSchemaId);
      codec::MessageReceived r;
      ASSERT_TRUE(codec::decode_message_received(wire->message, r).has_value());
      ++booked;
      published += r.events.size();
      EXPECT_EQ(places.erase({"raw", r.raw.partition, r.raw.offset}), 1U);
      for (const auto& e : r.events) EXPECT_EQ(places.erase({e.topic, e.partition, e.offset}), 1U);
      for (const auto& letter : r.dead_letters) {
        EXPECT_EQ(places.erase({"dead-letter", letter.partition, letter.offset}), 1U);
      }
      EXPECT_EQ(r.dead_letters.size(), r.refused.empty() ? 0U : 1U);
    }
    EXPECT_EQ(booked, messages);
    EXPECT_EQ(published, events);
    EXPECT_TRUE(places.empty()) << places.size() << " records that no account names";
  }

  std::unique_ptr<TestBroker> broker_;
  TempFolder folder_{"kronika-doors"};
  std::map<std::string, std::string> environment_;
  config::Settings settings_;
  std::unique_ptr<EdgeSetup> setup_;
  ChildProcess fhir_, grpc_;
  int fhir_port_ = 0, grpc_port_ = 0;
  std::string python_;

 private:
  void secret(const std::string& name, char digit) {
    const std::string file = folder_.path() + "/" + name;
    std::ofstream(file) << std::string(64, digit) << "\n";
    ::chmod(file.c_str(), 0600);
  }
};

TEST_F(DoorsTest, EverySampleGetsTheAnswerThatItsSenderWouldExpectFromCurl) {
  std::size_t messages = 0, events = 0, acknowledged = 0;
  for (const std::string& file : sample_files()) {
    SCOPED_TRACE(file);
    const Expected e = expected(file);
    const json document = json::parse(read_file(file), nullptr, false);
    const bool fhir = document.is_object() && document.contains("resourceType");
    const std::string type = fhir ? document["resourceType"] : "";
    const std::string bundle =
        type == "Bundle" && document.contains("type") ? document["type"].get<std::string>() : "";
    std::string target = "/fhir";
    if (bundle == "message") target = "/fhir/$process-message";
    if (fhir && type != "Bundle") target = "/fhir/" + type;
    const HttpAnswer answer = curl(target, file);
    if (answer.status == 404) {  // a type that is not taken alone: answered, and no message of ours
      EXPECT_EQ(answer.body["resourceType"], "OperationOutcome");
      EXPECT_EQ(e.accepted, 0U);
      continue;
    }
    ++messages;
    const bool taken = e.protocol == codec::Protocol::kFhirBundle ||
                       e.protocol == codec::Protocol::kFhirResource || bundle == "message";
    if (!taken) {  // a native event, HL7 v2, XML, rubbish: other doors take them, this one keeps
                   // them
      EXPECT_EQ(answer.status, 400) << answer.body;
      EXPECT_EQ(answer.body["issue"][0]["severity"], "error");
      continue;
    }
    events += e.accepted;
    if (bundle == "message" && answer.body["resourceType"] == "Bundle") {
      ++acknowledged;
      const json header = answer.body["entry"][0]["resource"];
      EXPECT_EQ(header["response"]["code"], e.refused == 0 ? "ok" : "fatal-error");
      EXPECT_EQ(answer.status, e.refused == 0 ? 200 : 422);
    } else if (bundle == "batch" || (bundle == "transaction" && e.refused == 0)) {
      EXPECT_EQ(answer.status, 200);
      EXPECT_EQ(answer.body["type"], bundle + "-response");
      EXPECT_EQ(answer.body["entry"].size(), document["entry"].size());
    } else if (e.refused > 0) {
      EXPECT_TRUE(answer.status == 422 || answer.status == 400) << answer.status;
      EXPECT_EQ(answer.body["resourceType"], "OperationOutcome");
      EXPECT_EQ(answer.body["issue"][0]["severity"], "error");
    } else {
      EXPECT_EQ(answer.status, type != "Bundle" && e.accepted > 0 ? 201 : 200);
    }
  }
  EXPECT_GE(messages, 40U);
  EXPECT_GE(acknowledged, 10U);
  expect_the_log_to_add_up(messages, events);
}

TEST_F(DoorsTest, EverySampleGetsItsAccountInPythonByCallAndByStream) {
  const std::vector<std::string> files = sample_files();
  ASSERT_TRUE(eventually(20s, [&] {
    const auto probe = python("publish", {files.front()});
    return !probe.empty() && probe.begin()->second["status"] == "OK";
  }));
  std::size_t events = expected(files.front()).accepted;
  std::size_t messages = 1;
  for (const char* mode : {"publish", "stream"}) {
    const auto answers = python(mode, files);
    ASSERT_EQ(answers.size(), files.size()) << mode;
    for (const std::string& file : files) {
      SCOPED_TRACE(file);
      const json& answer = answers.at(file);
      const Expected e = expected(file);
      EXPECT_EQ(answer["status"], "OK");
      EXPECT_EQ(answer["accepted"], e.accepted);
      EXPECT_EQ(answer["refused"], e.refused);
      EXPECT_EQ(answer["ignored"], e.ignored);
      EXPECT_EQ(answer["verdict"], e.refused == 0    ? "VERDICT_ACCEPTED"
                                   : e.accepted == 0 ? "VERDICT_REFUSED"
                                                     : "VERDICT_PARTLY_REFUSED");
      events += e.accepted;
      ++messages;
    }
  }
  expect_the_log_to_add_up(messages, events);
}

// MedCom's reliable messaging: a resend, whatever its transport ids, gets the same acknowledgement.
TEST_F(DoorsTest, AResendGetsTheSameAcknowledgementAndTheSameEvent) {
  const std::string file = KRONIKA_SOURCE_DIR
      "/data/samples/medcom-hospitalnotification/Bundle-a5e5b880-c087-4055-b9ec-99108695f81d.json";
  const HttpAnswer first = curl("/fhir/$process-message", file);
  const HttpAnswer again = curl("/fhir/$process-message", file);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, again.body);
  json message = json::parse(read_file(file));
  const auto send = [&] {
    std::ofstream(folder_.path() + "/message.json") << message.dump();
    return curl("/fhir/$process-message", folder_.path() + "/message.json");
  };
  message["id"] = "11111111-2222-3333-4444-555555555555";  // another Bundle.id, the same header
  EXPECT_EQ(send().body["entry"][0]["resource"]["response"],
            first.body["entry"][0]["resource"]["response"]);
  for (json& entry : message["entry"]) {  // another header, so another message about the same fact
    if (entry["resource"]["resourceType"] == "MessageHeader") {
      entry["resource"]["id"] = "66666666-2222-3333-4444-555555555555";
    }
  }
  EXPECT_EQ(send().body["entry"][0]["resource"]["response"]["identifier"],
            "66666666-2222-3333-4444-555555555555");
  std::set<std::string> ids;
  std::size_t copies = 0;
  for (const Stored& record : everything({bus::kLedger})) {
    codec::MessageReceived r;
    ASSERT_TRUE(
        codec::decode_message_received(bus::read_wire(record.value)->message, r).has_value());
    ++copies;
    for (const auto& e : r.events) ids.insert(uuid_text(e.event_id));
  }
  EXPECT_EQ(copies, 4U);
  EXPECT_EQ(ids.size(), 1U) << "one fact, four times told";
}

TEST_F(DoorsTest, WithoutKafkaBothDoorsSayTryAgainAndTakeItUpAgain) {
  const std::string file = KRONIKA_SOURCE_DIR
      "/data/samples/medcom-hospitalnotification/Bundle-a5e5b880-c087-4055-b9ec-99108695f81d.json";
  EXPECT_EQ(curl("/fhir/$process-message", file).status, 200);
  ASSERT_TRUE(
      eventually(20s, [&] { return python("publish", {file}).at(file)["status"] == "OK"; }));
  broker_->kill();
  const HttpAnswer away = curl("/fhir/$process-message", file);
  EXPECT_EQ(away.status, 503);
  EXPECT_NE(away.headers.find("Retry-After: "), std::string::npos);
  EXPECT_EQ(away.body["issue"][0]["code"], "transient");
  EXPECT_EQ(python("publish", {file}).at(file)["status"], "UNAVAILABLE");
  EXPECT_EQ(python("stream", {file}).at(file)["status"], "NOT_NOW 14");
  EXPECT_EQ(curl("/health/ready", "").status, 200)
      << "the cause is shared: it answers all the same";
  ASSERT_TRUE(broker_->restart().has_value());
  EXPECT_TRUE(eventually(60s, [&] { return curl("/fhir/$process-message", file).status == 200; }));
  EXPECT_TRUE(
      eventually(60s, [&] { return python("publish", {file}).at(file)["status"] == "OK"; }));
}

TEST_F(DoorsTest, SigtermEndsBothDoorsCleanly) {
  for (ChildProcess* door : {&fhir_, &grpc_}) {
    door->signal(SIGTERM);
    const auto status = door->wait(30s);
    ASSERT_TRUE(status.has_value());
    EXPECT_TRUE(WIFEXITED(*status) && WEXITSTATUS(*status) == 0) << *status;
  }
}

}  // namespace
}  // namespace kronika::edge
