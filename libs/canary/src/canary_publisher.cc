#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include <kronika/bus/headers.h>
#include <kronika/bus/log_reader.h>
#include <kronika/bus/publisher.h>
#include <kronika/bus/topics.h>
#include <kronika/canary/canary.h>
#include <kronika/canary/canary_publisher.h>
#include <kronika/telemetry/log.h>

namespace kronika::canary {
namespace {

using namespace std::chrono_literals;
namespace log = telemetry::log;

class KafkaCanary final : public CanaryPublisher {
 public:
  KafkaCanary(bus::ClientOptions client, std::chrono::milliseconds interval, Newest newest)
      : client_(std::move(client)), interval_(interval), newest_(std::move(newest)) {}

  ~KafkaCanary() override {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  Result<void> open() {
    auto publisher = bus::Publisher::open(client_);
    if (!publisher) return tl::unexpected(publisher.error());
    publisher_ = std::move(*publisher);
    thread_ = std::thread([this] { loop(); });
    return {};
  }

 private:
  bool wait(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return wake_.wait_for(lock, time, [this] { return stopping_; });
  }

  void loop() {
    std::int32_t partitions = 0;
    while (partitions == 0) {
      if (const auto counted = count_partitions()) {
        partitions = *counted;
      } else if (wait(5s)) {
        return;
      }
    }
    while (!wait(interval_)) {
      const Instant now = SystemClock().now();
      for (std::int32_t p = 0; p < partitions; ++p) publish(p, partitions, now);
    }
  }

  Result<std::int32_t> count_partitions() const {
    auto reader = bus::LogReader::open(client_, {.group = "kronika-gateway-view"});
    if (!reader) return tl::unexpected(reader.error());
    return (*reader)->partition_count(std::string(bus::kMaaling));
  }

  void publish(std::int32_t partition, std::int32_t partitions, Instant now) {
    const auto newest = newest_(partition);
    if (newest && now.ms - newest->ms < interval_.count() / 2) return;  // another replica's turn
    const PersonKey key = canary_key(partition, partitions);
    const std::string value = encode_canary(key, now);
    const bus::Header flag{"kronika-canary", "1"};
    bus::Outgoing record;
    record.topic = bus::kMaaling;
    record.key = key.view();
    record.value = value;
    record.timestamp = now;
    record.headers = {&flag, 1};
    const auto sent = publisher_->publish(record, [](Result<bus::Published> published) {
      if (!published) {
        log::warn("CANARY_UNDELIVERED", "a canary was not acknowledged",
                  {{"reason", published.error().code.slug()}});
      }
    });
    if (!sent) {
      log::warn("CANARY_UNDELIVERED", "a canary could not be sent",
                {{"reason", sent.error().code.slug()}});
    }
  }

  const bus::ClientOptions client_;
  const std::chrono::milliseconds interval_;
  const Newest newest_;
  std::unique_ptr<bus::Publisher> publisher_;
  std::mutex mutex_;  // guards stopping_
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<CanaryPublisher>> CanaryPublisher::start(const bus::ClientOptions& client,
                                                                std::chrono::milliseconds interval,
                                                                Newest newest) {
  if (interval.count() == 0) return nullptr;
  auto canary = std::make_unique<KafkaCanary>(client, interval, std::move(newest));
  if (auto ok = canary->open(); !ok) return tl::unexpected(ok.error());
  return canary;
}

}  // namespace kronika::canary
