#include "kafka_output.h"

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include <kronika/bus/exclusive_writer.h>

namespace kronika::bus {
namespace {

/// Sets a flag once the time is up, unless it goes before.
class Alarm {
 public:
  explicit Alarm(std::chrono::milliseconds after)
      : thread_([this, after] {
          std::unique_lock lock(mutex_);
          if (!changed_.wait_for(lock, after, [this] { return done_; })) rang_ = true;
        }) {}
  ~Alarm() {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Alarm(const Alarm&) = delete;
  Alarm(Alarm&&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  Alarm& operator=(Alarm&&) = delete;
  [[nodiscard]] const std::atomic<bool>& rang() const { return rang_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;  // guarded by mutex_
  std::atomic<bool> rang_{false};
  std::thread thread_;
};

KafkaOutput::Settings settings_of(const ClientOptions& client, std::string_view name) {
  KafkaOutput::Settings settings;
  settings.client = client;
  settings.transactional_id = "kronika-exclusive-" + std::string(name);
  return settings;
}

class Writer final : public ExclusiveWriter {
 public:
  Writer(const ClientOptions& client, std::string_view name) : output_(settings_of(client, name)) {}

  Result<void> start(std::chrono::milliseconds patience) {
    const Alarm alarm(patience);
    return output_.init(alarm.rang());
  }

  Result<void> write(std::span<const Outgoing> records) override {
    if (auto ok = output_.begin(); !ok) return ok;
    Result<void> done;
    for (const Outgoing& record : records) {
      if (done = output_.send(record); !done) break;
    }
    if (done) done = output_.commit_alone();
    // A fenced producer has nothing left to abort, and the outcome of a lost commit stays unknown.
    if (!done && done.error().code != code(Errc::kFenced) &&
        done.error().code != code(Errc::kOutcomeUnknown)) {
      if (auto aborted = output_.abort(); !aborted) return aborted;
    }
    return done;
  }

 private:
  KafkaOutput output_;
};

}  // namespace

Result<std::unique_ptr<ExclusiveWriter>> ExclusiveWriter::open(const ClientOptions& client,
                                                               std::string_view name,
                                                               std::chrono::milliseconds patience) {
  auto writer = std::make_unique<Writer>(client, name);
  if (auto ok = writer->start(patience); !ok) return tl::unexpected(ok.error());
  return writer;
}

}  // namespace kronika::bus
