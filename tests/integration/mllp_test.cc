// HL7 v2 over MLLP end to end: a real broker, the built door, and a client that nobody here wrote
// (mllp_send of the Python package hl7, which the set-up script installs).
#include "support/platform.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kronika {
namespace {

using namespace std::chrono_literals;
using test_support::ChildProcess;
using test_support::Platform;
using test_support::TempFolder;
using testing::HasSubstr;

constexpr const char* kClient = KRONIKA_SOURCE_DIR "/var/python/bin/mllp_send";

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::filesystem::path> samples(const std::string& folder) {
  std::set<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(KRONIKA_SOURCE_DIR "/data/samples/" + folder)) {
    if (entry.path().extension() == ".hl7") files.insert(entry.path());
  }
  return {files.begin(), files.end()};
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

class Mllp : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_TRUE(std::filesystem::exists(kClient)) << "run 'make setup': it installs mllp_send";
    auto started = Platform::start();
    ASSERT_TRUE(started) << started.error();
    platform_ = started->release();
    port_ = test_support::free_port();
    platform_->set("KRONIKA_EDGE_MLLP_PORT", std::to_string(port_));
    platform_->set("KRONIKA_EDGE_MLLP_METRICS_PORT", std::to_string(test_support::free_port()));
    start_door();
  }
  static void TearDownTestSuite() {
    door_ = {};
    delete platform_;
    platform_ = nullptr;
  }

  static void start_door() {
    door_ = ChildProcess({KRONIKA_BINARY_DIR "/bin/kronika-edge-mllp"},
                         {.output_file = platform_->log_of("kronika-edge-mllp"),
                          .environment = platform_->environment()});
    for (int i = 0;
         i < 200 && platform_->metrics_of("kronika-edge-mllp").find(kReady) == std::string::npos;
         ++i) {
      std::this_thread::sleep_for(50ms);
    }
    ASSERT_TRUE(door_.running()) << test_support::read_file(platform_->log_of("kronika-edge-mllp"));
  }

  /// What mllp_send prints when it sends the messages.
  static std::string send(const std::vector<std::string>& messages) {
    TempFolder folder("kronika-mllp");
    const std::string file = folder.path() + "/messages", out = folder.path() + "/answers";
    std::ofstream stream(file, std::ios::binary);
    for (const std::string& m : messages) stream << '\x0b' << m << "\x1c\r";
    stream.close();
    ChildProcess client({kClient, "--port", std::to_string(port_), "--file", file, "127.0.0.1"},
                        {.output_file = out, .environment = {}});
    const auto status = client.wait(60s);
    EXPECT_TRUE(status && WIFEXITED(*status) && WEXITSTATUS(*status) == 0) << bytes_of(out);
    return bytes_of(out);
  }
  static std::string send_folder(const std::string& folder) {
    std::vector<std::string> messages;
    for (const auto& file : samples(folder)) messages.push_back(bytes_of(file));
    return send(messages);
  }

  static constexpr const char* kReady = "kronika_health_serving{service=\"ready\"} 1";
  static inline Platform* platform_ = nullptr;
  static inline ChildProcess door_;
  static inline int port_ = 0;
};

TEST_F(Mllp, EverySampleOfAStayIsAnsweredAa) {
  std::string answers = send_folder("hl7v2-dk");
  for (int i = 0; i < 5 && answers.find("TRY_AGAIN") != std::string::npos; ++i) {
    answers = send_folder("hl7v2-dk");  // a broker that has just begun may be slow
  }
  for (int i = 1; i <= 11; ++i) {
    const std::string id = "M" + std::to_string(i) + "\r";
    EXPECT_EQ(count(answers, "\rMSA|AA|" + id) + count(answers, "\rMSA$AA$" + id), 1U) << id;
  }
  const std::string page = platform_->metrics_of("kronika-edge-mllp");
  EXPECT_EQ(count(page, "\nkronika_ingest_hl7v2_answers_total{code=\"AA\"} 1"), 1U);
}

TEST_F(Mllp, AResendGetsTheSameAnswersByteByByte) {
  EXPECT_EQ(send_folder("hl7v2-dk"), send_folder("hl7v2-dk"));
}

TEST_F(Mllp, SamplesWithoutACprNumberAreAnsweredWithTheirPlaces) {
  const std::string answers = send_folder("hl7v2");
  EXPECT_EQ(count(answers, "\rMSA|AE|") + count(answers, "\rMSA|CE|"), samples("hl7v2").size());
  EXPECT_EQ(count(answers, "ERR||PID^1^3^1^4|101^"), samples("hl7v2").size());
}

TEST_F(Mllp, WithoutKafkaTheAnswerIsTryAgainAndLaterAa) {
  const std::string message = bytes_of(samples("hl7v2-dk").front());
  platform_->broker().kill();
  EXPECT_THAT(send({message}), HasSubstr("TRY_AGAIN"));
  ASSERT_TRUE(platform_->broker().restart());
  std::string answer;
  for (int i = 0; i < 20 && answer.find("MSA|AA|") == std::string::npos; ++i) {
    answer = send({message});
  }
  EXPECT_THAT(answer, HasSubstr("MSA|AA|"));
}

TEST_F(Mllp, OnSigtermTheDoorEndsCleanly) {
  door_.signal(SIGTERM);
  const auto status = door_.wait(30s);
  ASSERT_TRUE(status.has_value());
  EXPECT_TRUE(WIFEXITED(*status));
  EXPECT_EQ(WEXITSTATUS(*status), 0);
  start_door();
  EXPECT_THAT(send({bytes_of(samples("hl7v2-dk").front())}), HasSubstr("MSA|AA|"));
}

}  // namespace
}  // namespace kronika
