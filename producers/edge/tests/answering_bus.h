// FakeBus for tests with real connections: behind a lock, answering from a thread of its own unless
// it is held.
#pragma once

#include "fake_bus.h"

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

namespace kronika::edge {

class AnsweringBus final : public bus::Publisher {
 public:
  AnsweringBus() : thread_([this] { run(); }) {}
  ~AnsweringBus() override {
    end_ = true;
    thread_.join();
  }
  Result<void> publish(const bus::Outgoing& record, OnResult on_result) override {
    const std::lock_guard lock(mutex_);
    return fake_.publish(record, std::move(on_result));
  }
  Result<void> flush(std::chrono::milliseconds) override { return {}; }
  [[nodiscard]] Stats stats() const override { return {}; }
  void hold(bool held) { held_ = held; }
  void fail(bool failing) {
    const std::lock_guard lock(mutex_);
    fake_.refuse = failing;
  }
  /// Records are taken and then not delivered.
  void lose(bool losing) {
    const std::lock_guard lock(mutex_);
    fake_.fail_from = losing ? 0 : -1;
  }
  std::size_t count(std::string_view topic) {
    const std::lock_guard lock(mutex_);
    return fake_.on(topic).size();
  }
  std::string traceparent_of_first(std::string_view topic) {
    const std::lock_guard lock(mutex_);
    return fake_.on(topic).at(0).header("traceparent");
  }

 private:
  void run() {
    while (!end_) {
      if (!held_) {
        const std::lock_guard lock(mutex_);
        (void)fake_.flush(std::chrono::seconds(1));
      }
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  }
  std::recursive_mutex mutex_;  // an answer publishes the ledger's record
  FakeBus fake_;                ///< guarded by mutex_
  std::atomic<bool> end_{false}, held_{false};
  std::thread thread_;
};

}  // namespace kronika::edge
