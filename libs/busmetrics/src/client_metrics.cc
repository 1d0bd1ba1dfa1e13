#include "error_kind.h"

#include <algorithm>
#include <optional>

#include <kronika/bus/options.h>
#include <kronika/busmetrics/client_metrics.h>
#include <kronika/telemetry/log.h>

namespace kronika::busmetrics {
namespace {

namespace log = telemetry::log;
using telemetry::Sample;
using telemetry::SampleKind;

constexpr std::size_t kMaxBrokers = 9, kMaxPartitions = 130, kMaxCodes = 40;
/// A client that has not reported for this long is gone; statistics come every five seconds.
constexpr std::int64_t kGoneAfterMs = 30'000;

/// Errors that a client meets in an ordinary life; these begin at 0.
constexpr std::pair<bus::ClientErrorKind, const char*> kKnownErrors[] = {
    {bus::ClientErrorKind::kTransient, "_TRANSPORT"},
    {bus::ClientErrorKind::kTransient, "_ALL_BROKERS_DOWN"},
    {bus::ClientErrorKind::kTransient, "_RESOLVE"},
    {bus::ClientErrorKind::kTransient, "_TIMED_OUT"},
    {bus::ClientErrorKind::kTransient, "_SSL"},
    {bus::ClientErrorKind::kTransient, "_AUTHENTICATION"},
    {bus::ClientErrorKind::kFatal, "_FATAL"},
};

/// The client library's own lines, which name brokers, topics and ids. It calls 3 an error what it
/// mends itself; only what is worse is one for a human.
void log_client(int level, std::string_view facility, std::string_view text) {
  const auto ours = level <= 2   ? log::Level::kError
                    : level <= 4 ? log::Level::kWarn
                                 : log::Level::kDebug;
  log::write(ours, "KAFKA_CLIENT", "the Kafka client says",
             {{"facility", facility}, {"detail", text}});
}

}  // namespace

struct ClientMetrics::State {
  struct Broker {
    bool up = false;
    std::optional<double> rtt;
  };
  struct Partition {
    std::int64_t lag = 0;
    std::int64_t last_stable = -1;
    Instant last_advance;
  };
  struct Client {
    Instant seen;
    std::map<std::string, Broker> brokers;
    std::map<std::pair<std::string, std::int32_t>, Partition> partitions;
    std::uint64_t queued_records = 0;
  };
  std::mutex mutex;
  std::map<std::string, Client> clients;  // guarded by mutex
  std::map<std::pair<bus::ClientErrorKind, std::string>, telemetry::Counter>
      errors;  // guarded by mutex

  telemetry::Counter error(telemetry::Registry& registry, bus::ClientErrorKind kind,
                           std::string code) {
    if (errors.size() >= kMaxCodes && !errors.contains({kind, code})) code = "other";
    auto& counter = errors[{kind, code}];
    counter = registry.counter("kronika_kafka_errors_total", "Errors of the Kafka client",
                               {{"kind", std::string(name(kind))}, {"code", code}});
    return counter;
  }

  void forget_gone(Instant now) {
    std::erase_if(clients, [&](const auto& c) { return now.ms - c.second.seen.ms > kGoneAfterMs; });
  }
};

ClientMetrics::ClientMetrics(telemetry::Registry& registry, std::string topic_prefix,
                             const Clock* clock)
    : registry_(registry),
      prefix_(std::move(topic_prefix)),
      clock_(clock != nullptr ? *clock : system_clock_),
      state_(std::make_shared<State>()) {
  const auto by_broker = [&](const char* family, const char* help, auto value) {
    registrations_.push_back(
        registry.sampled(SampleKind::kGauge, family, help, [this, state = state_, value] {
          const std::scoped_lock lock(state->mutex);
          state->forget_gone(clock_.now());
          // Several clients know a broker: it is up for us when one of them reaches it.
          std::map<std::string, double> worst;
          for (const auto& [client, about] : state->clients) {
            for (const auto& [broker, b] : about.brokers) {
              const std::optional<double> v = value(b);
              if (!v) continue;
              const auto [at, is_new] = worst.try_emplace(broker, *v);
              if (!is_new) at->second = std::max(at->second, *v);
            }
          }
          // Once a broker has named itself, the address that we first asked is one of them.
          if (worst.size() > 1) worst.erase("bootstrap");
          std::vector<Sample> samples;
          for (const auto& [broker, v] : worst) {
            if (samples.size() < kMaxBrokers) samples.push_back({{{"broker", broker}}, v});
          }
          return samples;
        }));
  };
  by_broker("kronika_kafka_broker_up",
            "1 while a client of this process is connected to the broker",
            [](const State::Broker& b) { return std::optional<double>(b.up ? 1.0 : 0.0); });
  by_broker("kronika_kafka_broker_rtt_seconds",
            "99th percentile of the broker's answers lately, of the slowest client",
            [](const State::Broker& b) { return b.rtt; });
  const auto by_partition = [&](const char* family, const char* help, auto value) {
    registrations_.push_back(
        registry.sampled(SampleKind::kGauge, family, help, [this, state = state_, value] {
          const std::scoped_lock lock(state->mutex);
          state->forget_gone(clock_.now());
          // Two clients may list one partition while it moves between them.
          std::map<std::pair<std::string, std::int32_t>, double> values;
          for (const auto& [client, about] : state->clients) {
            for (const auto& [at, p] : about.partitions) values[at] = value(p);
          }
          std::vector<Sample> samples;
          for (const auto& [at, v] : values) {
            if (samples.size() >= kMaxPartitions) break;
            samples.push_back({{{"topic", at.first}, {"partition", std::to_string(at.second)}}, v});
          }
          return samples;
        }));
  };
  by_partition("kronika_lso_lag_records",
               "High watermark less last stable offset: what open transactions hold back",
               [](const State::Partition& p) { return static_cast<double>(p.lag); });
  by_partition(
      "kronika_lso_last_advance_timestamp_seconds",
      "When the last stable offset last moved, or stood at the high watermark",
      [](const State::Partition& p) { return static_cast<double>(p.last_advance.ms) / 1000; });
  registrations_.push_back(
      registry.sampled(SampleKind::kGauge, "kronika_kafka_producer_queue_records",
                       "Records that Kafka has not acknowledged yet, as producers last said",
                       [this, state = state_] {
                         const std::scoped_lock lock(state->mutex);
                         state->forget_gone(clock_.now());
                         double queued = 0;
                         for (const auto& [client, about] : state->clients) {
                           queued += static_cast<double>(about.queued_records);
                         }
                         return std::vector<Sample>{{{}, queued}};
                       }));
  for (const auto& [kind, code] : kKnownErrors) (void)state_->error(registry, kind, code);
  bus::set_client_watch(this);
  bus::set_client_log(&log_client);
}

ClientMetrics::~ClientMetrics() {
  bus::set_client_log(nullptr);
  bus::set_client_watch(nullptr);
  registrations_.clear();
}

void ClientMetrics::on_client_stats(const bus::ClientStats& stats) {
  const Instant now = clock_.now();
  const std::scoped_lock lock(state_->mutex);
  auto& client = state_->clients[stats.client];
  client.seen = now;
  client.queued_records = stats.queued_records;
  client.brokers.clear();
  for (const auto& broker : stats.brokers) {
    client.brokers[broker.broker] = {broker.up, broker.rtt_p99_seconds};
  }
  std::map<std::pair<std::string, std::int32_t>, State::Partition> partitions;
  for (const auto& p : stats.partitions) {
    std::string topic = p.topic;
    if (topic.starts_with(prefix_)) topic.erase(0, prefix_.size());
    const std::pair<std::string, std::int32_t> at{std::move(topic), p.partition};
    State::Partition next{std::max<std::int64_t>(0, p.high_watermark - p.last_stable_offset),
                          p.last_stable_offset, now};
    const auto before = client.partitions.find(at);
    const bool stands = before != client.partitions.end() && next.lag > 0 &&
                        next.last_stable <= before->second.last_stable;
    if (stands) next.last_advance = before->second.last_advance;
    partitions.emplace(at, next);
  }
  client.partitions = std::move(partitions);
}

void ClientMetrics::on_client_error(bus::ClientErrorKind kind, std::string_view error_code) {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->error(registry_, kind, std::string(error_code)).add();
  }
  const auto level = kind == bus::ClientErrorKind::kFatal ? log::Level::kError : log::Level::kWarn;
  log::write(level, "KAFKA_ERROR", "the Kafka client reports an error",
             {{"kind", name(kind)}, {"error", error_code}});
}

void ClientMetrics::on_credentials(const std::optional<std::string>& fault) {
  if (!fault) {
    log::info("CERTIFICATES_CHANGED",
              "certificates or password were replaced: a Kafka client is made anew");
    return;
  }
  log::warn("CERTIFICATE_UNUSABLE", "replaced certificates cannot be used, the old client goes on",
            {{"error", *fault}});
}

}  // namespace kronika::busmetrics
