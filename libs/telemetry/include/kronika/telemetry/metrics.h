// Counters, gauges and histograms, and the page that Prometheus reads. prometheus-cpp stays in
// src/.
//
//   Registry registry;
//   Counter applied = registry.counter("kronika_consumer_records_total", "Records by outcome",
//                                      {{"topic", "person"}, {"outcome", "applied"}});   // once,
//                                      at start
//   applied.add(batch_size);                                                             // per
//   batch auto exposer = Exposer::open(registry, "127.0.0.1", 9464);
//
// Names, units, labels and buckets follow docs/operations.md. Look a metric up once (the look-up is
// slow) and keep the handle; every label combination that can occur is created at start, so that it
// begins at 0. A label value comes from a closed list and is never a person, a message id or free
// text. Thread: everything here may be called from any thread. Handles must not outlive their
// Registry.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kronika/base/result.h>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace kronika::telemetry {

using Labels = std::vector<std::pair<std::string, std::string>>;

/// Only goes up. A default-made handle counts into nothing, so a component works without a
/// Registry.
class Counter {
 public:
  Counter() = default;
  void add(double n = 1) const;
  [[nodiscard]] double value() const;

 private:
  friend class Registry;
  explicit Counter(prometheus::Counter* impl) : impl_(impl) {}
  prometheus::Counter* impl_ = nullptr;
};

/// An instant value. A default-made handle does nothing.
class Gauge {
 public:
  Gauge() = default;
  void set(double v) const;
  void add(double n) const;
  /// Seconds since 1970, for a metric named ..._timestamp_seconds.
  void set_to_now() const;
  [[nodiscard]] double value() const;

 private:
  friend class Registry;
  explicit Gauge(prometheus::Gauge* impl) : impl_(impl) {}
  prometheus::Gauge* impl_ = nullptr;
};

/// The bucket edges of docs/operations.md; every service level's limit is an edge.
enum class Buckets : std::uint8_t {
  kFast,      ///< 0.5 ms to 2.5 s: calls, transactions, folds
  kEndToEnd,  ///< 50 ms to 5 min: freshness
  kCount,     ///< 1, 10 .. 10 000
  kSize,      ///< 256 bytes to 1 MiB by fours
};
[[nodiscard]] const std::vector<double>& bucket_edges(Buckets buckets);

/// A distribution. observe() takes a lock: call it per batch or per call, not per record of a
/// stream.
class Histogram {
 public:
  Histogram() = default;
  void observe(double v) const;
  /// Many at once, under one lock: for a batch.
  void observe_all(const std::vector<double>& values) const;
  void observe(std::chrono::nanoseconds elapsed) const {
    observe(std::chrono::duration<double>(elapsed).count());
  }

 private:
  friend class Registry;
  Histogram(prometheus::Histogram* impl, const std::vector<double>& edges)
      : impl_(impl), edges_(&edges) {}
  prometheus::Histogram* impl_ = nullptr;
  const std::vector<double>* edges_ = nullptr;  ///< one of bucket_edges()'s
};

/// One line of a family that is listed when Prometheus asks.
struct Sample {
  Labels labels;
  double value = 0;
};

enum class SampleKind : std::uint8_t { kCounter, kGauge };

/// Ends the listing of a sampled family when destroyed. Movable; may outlive the Registry.
class Registration {
 public:
  Registration() = default;
  explicit Registration(std::function<void()> remove) : remove_(std::move(remove)) {}
  Registration(Registration&& other) noexcept : remove_(std::exchange(other.remove_, nullptr)) {}
  Registration& operator=(Registration&& other) noexcept {
    if (this != &other) {
      reset();
      remove_ = std::exchange(other.remove_, nullptr);
    }
    return *this;
  }
  ~Registration() { reset(); }
  void reset() {
    if (remove_) std::exchange(remove_, nullptr)();
  }

 private:
  std::function<void()> remove_;
};

class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// The same name and labels give the same metric. A name used with two kinds or two help texts is
  /// a bug of the caller and ends the process, in tests as in service.
  [[nodiscard]] Counter counter(std::string_view name, std::string_view help,
                                const Labels& labels = {});
  [[nodiscard]] Gauge gauge(std::string_view name, std::string_view help,
                            const Labels& labels = {});
  [[nodiscard]] Histogram histogram(std::string_view name, std::string_view help, Buckets buckets,
                                    const Labels& labels = {});

  /// A family whose lines are listed at each scrape: for what comes and goes (one gauge a partition
  /// owned). `list` is called on the HTTP thread: read atomics or take a short lock, and never call
  /// back into the Registry.
  [[nodiscard]] Registration sampled(SampleKind kind, std::string_view name, std::string_view help,
                                     std::function<std::vector<Sample>()> list);

  /// Everything in Prometheus text form, as /metrics serves it.
  [[nodiscard]] std::string text() const;

 private:
  friend class Exposer;
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// How the page may be reached from other machines.
struct PageSecurity {
  /// PEM files; with a certificate and its key the page is served over TLS, and they are read again
  /// when they change. With authorities of clients, Prometheus must show a certificate of one.
  std::filesystem::path cert_file = {}, key_file = {}, client_ca_file = {};
  /// What guards a plaintext page on an address that is not loopback; empty: it is refused.
  std::string plaintext_guarded_by = {};
};

/// Serves GET /metrics until destroyed.
class Exposer {
 public:
  /// Port 0 takes a free one. Errors: metrics_port (in use or not permitted; the text says which
  /// setting to change), metrics_address, certificate.
  [[nodiscard]] static Result<std::unique_ptr<Exposer>> open(const Registry& registry,
                                                             const std::string& address,
                                                             std::uint16_t port,
                                                             const PageSecurity& security = {});
  ~Exposer();
  [[nodiscard]] std::uint16_t port() const;

 private:
  Exposer();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kronika::telemetry
