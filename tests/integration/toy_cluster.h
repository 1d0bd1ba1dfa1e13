// What the broker tests of the bus share: one broker a test program, a topic prefix a test, toy
// workers, and a verifier that reads what was committed and compares it with what was published.
#pragma once

#include "support/test_broker.h"
#include "toy_task.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/bus/log_reader.h>
#include <kronika/bus/partitioner.h>
#include <kronika/bus/publisher.h>
#include <kronika/bus/task_runtime.h>
#include <kronika/bus/topic_admin.h>
#include <kronika/bus/topics.h>

namespace kronika::bus {

using namespace std::chrono_literals;
using test_support::ChildProcess;
using test_support::TempFolder;
using test_support::TestBroker;

class ToyCluster : public ::testing::Test {
 protected:
  static constexpr std::int32_t kPartitions = 4;
  static constexpr int kSessionTimeoutMs = 3000;

  static void SetUpTestSuite() {
    auto started = TestBroker::start();
    ASSERT_TRUE(started) << started.error();
    broker_ = std::move(*started);
  }
  static void TearDownTestSuite() { broker_.reset(); }

  void SetUp() override {
    ASSERT_TRUE(broker_);
    client_.bootstrap_servers = broker_->bootstrap_servers();
    static int number = 0;
    client_.prefix = "t" + std::to_string(++number) + ".";
    const auto topics = ensure_topics(client_, {.partitions = kPartitions});
    ASSERT_TRUE(topics) << topics.error().context;
    auto opened = Publisher::open(client_);
    ASSERT_TRUE(opened) << opened.error().context;
    publisher_ = std::move(*opened);
  }

  RuntimeOptions runtime_options(const std::string& pod, int threads = 1) {
    RuntimeOptions o;
    o.client = client_;
    o.pod = pod;
    o.threads = threads;
    o.state_folder = folder_.path() + "/" + pod;
    o.session_timeout = std::chrono::milliseconds(kSessionTimeoutMs);
    o.transaction_timeout = 10s;
    o.install_crash_handler = false;
    return o;
  }
  std::unique_ptr<TaskRuntime> start(const std::string& pod, int threads = 1) {
    auto r = TaskRuntime::start(testing::toy_spec(), runtime_options(pod, threads));
    EXPECT_TRUE(r) << r.error().context;
    return std::move(*r);
  }
  ChildProcess worker(const std::string& pod, int threads = 1) {
    return ChildProcess({KRONIKA_BINARY_DIR "/tests/toy-worker", client_.bootstrap_servers,
                         client_.prefix, folder_.path() + "/" + pod, pod, std::to_string(threads),
                         std::to_string(kSessionTimeoutMs)},
                        {folder_.path() + "/" + pod + ".log", {}});
  }

  void publish(std::string_view topic, const std::string& key, const std::string& value) {
    const auto r = publisher_->publish({.topic = topic, .key = key, .value = value}, {});
    ASSERT_TRUE(r) << r.error().context;
    if (value == "bad" || value.starts_with("boom") || value == "abort") {
      ++refused_;
    } else {
      ++counts_[key];
      ++published_;
    }
  }
  /// `n` records over `keys` keys and two topics, from a seed that continues over calls.
  void publish_many(int n, std::uint32_t keys) {
    for (int i = 0; i < n; ++i) {
      seed_ = seed_ * 1664525U + 1013904223U;
      publish((seed_ >> 30U) == 0 ? kHenvisning : kMaaling,
              "k" + std::to_string((seed_ >> 12U) % keys), "x");
    }
  }

  std::vector<std::pair<std::string, std::string>> read(std::string_view topic) {
    std::vector<std::pair<std::string, std::string>> out;
    auto log = LogReader::open(client_);
    EXPECT_TRUE(log);
    std::vector<PartitionOffset> from;
    for (std::int32_t p = 0; p < kPartitions; ++p) {
      from.push_back({std::string(topic), p, LogReader::kBeginning});
    }
    const auto ends = (*log)->ends(from);
    EXPECT_TRUE(ends) << ends.error().context;
    if (!ends) return out;
    EXPECT_TRUE((*log)->assign(from));
    const auto done = (*log)->read_to(*ends, [&](const Record& r) -> Result<void> {
      out.emplace_back(r.key, r.value);
      return {};
    });
    EXPECT_TRUE(done) << done.error().context;
    return out;
  }

  /// Waits until the ledger holds as many records as were published and the dead letters as many as
  /// must be refused.
  void wait_until_done(std::chrono::seconds patience = 60s) {
    ASSERT_TRUE(publisher_->flush(30s));
    const auto deadline = std::chrono::steady_clock::now() + patience;
    std::size_t seen = 0;
    do {
      seen = read(kLedger).size();
      if (seen >= published_ && read(kDeadLetter).size() >= refused_) return;
      std::this_thread::sleep_for(200ms);
    } while (std::chrono::steady_clock::now() < deadline);
    ADD_FAILURE() << "only " << seen << " of " << published_ << " records came through";
  }

  /// Every published record is booked exactly once, and each key's state counts exactly its
  /// records.
  void verify() {
    std::map<std::string, int> booked;
    for (const auto& [key, identity] : read(kLedger)) ++booked[identity];
    std::size_t doubled = 0;
    for (const auto& [identity, n] : booked) doubled += n != 1 ? 1 : 0;
    EXPECT_EQ(booked.size(), published_);
    EXPECT_EQ(doubled, 0U);
    EXPECT_EQ(read(kDeadLetter).size(), refused_);
    std::map<std::string, std::int64_t> states;
    for (const auto& [key, value] : read(kCitizenState)) {
      if (key != "progress") states[key] = testing::ToyTask::parse(value).count;
    }
    EXPECT_EQ(states, counts_);
  }

  static std::unique_ptr<TestBroker> broker_;
  TempFolder folder_{"kronika-toy"};
  ClientOptions client_;
  std::unique_ptr<Publisher> publisher_;
  std::map<std::string, std::int64_t> counts_;
  std::size_t published_ = 0;
  std::size_t refused_ = 0;
  std::uint32_t seed_ = 20261122;
};

inline std::unique_ptr<TestBroker> ToyCluster::broker_;

}  // namespace kronika::bus
