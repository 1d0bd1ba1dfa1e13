// The task runtime's reports as metrics and log lines. One object for a consumer process:
//
//   RuntimeMetrics metrics(service->registry(), {.input_topics = spec.input_topics});
//   ... make the runtime with &metrics as its probe ...
//   metrics.observe(*service, [&] { return runtime->snapshot(); });   // gauges, live and ready;
//   until stop_observing()
//   ... metrics.stop_observing() before the runtime is destroyed; the Service goes last but one,
//   this object last.
//
// Thread: the probe's methods from any stream thread, the snapshot from the metrics page's thread.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kronika/bus/probe.h>
#include <kronika/busmetrics/store_metrics.h>
#include <kronika/telemetry/metrics.h>
#include <kronika/telemetry/service.h>

namespace kronika::busmetrics {

/// kronika_end_to_end_seconds, for whoever sees an event or a canary arrive.
[[nodiscard]] telemetry::Histogram end_to_end(telemetry::Registry& registry,
                                              const std::string& stage, const std::string& source);

struct Options {
  std::vector<std::string> input_topics;  ///< names without prefix; their series begin at 0
  /// The stage of kronika_end_to_end_seconds that a commit of this process reaches, e.g. "state".
  /// Only for a consumer of what edges wrote: their records' time is when they received the event.
  /// Empty: not measured.
  std::string stage = {};
  /// Of dead letters: the task's name, and the reasons of its own for which it refuses a record.
  std::string dead_letter_stage = {};
  std::vector<std::string> dead_letter_reasons = {};
};

class RuntimeMetrics final : public bus::RuntimeProbe {
 public:
  using Snapshot = std::function<bus::RuntimeSnapshot()>;

  /// `registry` must outlive this object's last report.
  RuntimeMetrics(telemetry::Registry& registry, const Options& options);
  ~RuntimeMetrics() override;

  /// Serves lag, position, task states and restore progress from `snapshot`, which must not block,
  /// and lets it decide `live` (the slowest loop) and `ready` (every task runs, and each input's
  /// end was seen or its position is younger than `ready_lag`, once). Call once.
  void observe(telemetry::Service& service, Snapshot snapshot,
               std::chrono::milliseconds ready_lag = std::chrono::milliseconds(0));
  /// Waits for a running scrape; `snapshot` is not called afterwards.
  void stop_observing();

  void on_transaction(const bus::TransactionReport& report) override;
  void on_consumed(const bus::ConsumedReport& report) override;
  void on_visible(std::span<const Instant> received, Instant now) override;
  void on_dead_letter(std::string_view stage, std::string_view reason) override;
  void on_refused(const bus::RefusedReport& report) override;
  void on_rebalance(bus::RebalanceKind kind) override;
  void on_client_error(bus::ClientErrorKind kind, std::string_view error_code) override;
  void on_restored(bus::RestoreKind kind, std::int32_t partition, std::size_t records) override;
  void on_log(std::string_view log_code, std::string_view text) override;

 private:
  struct Outcome {
    telemetry::Histogram seconds, records;
  };
  /// Counters of one family that come into being as their label values occur; at most `limit`, then
  /// "other".
  class Labelled {
   public:
    Labelled(telemetry::Registry& registry, std::string name, std::string help,
             std::vector<std::string> keys, std::size_t limit);
    telemetry::Counter get(std::vector<std::string> values);

   private:
    telemetry::Registry& registry_;
    const std::string name_, help_;
    const std::vector<std::string> keys_;
    const std::size_t limit_;
    std::mutex mutex_;  // guards counters_
    std::map<std::vector<std::string>, telemetry::Counter> counters_;
  };
  struct Source;  // the snapshot behind a lock, shared with the listings

  [[nodiscard]] std::vector<telemetry::Registration> list_gauges(
      telemetry::Registry& registry) const;

  Outcome committed_, aborted_;
  telemetry::Counter produced_;
  telemetry::Histogram end_to_end_;
  Labelled consumed_, aborts_, dead_letters_, rebalances_, client_errors_, restored_;
  std::shared_ptr<Source> source_;
  std::vector<telemetry::Registration> registrations_;
};

}  // namespace kronika::busmetrics
