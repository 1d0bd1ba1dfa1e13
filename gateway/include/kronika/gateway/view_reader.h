// Keeps a View current: one thread that reads all partitions of its topics, committed records only,
// from the positions in the view, and writes what it read in batches. Order: the two compacted
// topics hold what the consumers made of the events, so a batch may show a citizen's event before
// or after its effect; View::journal shows events up to the effect only.
//
// Thread: start and stop from the owner; the rest from any thread.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <kronika/base/result.h>
#include <kronika/bus/options.h>
#include <kronika/gateway/view.h>
#include <kronika/telemetry/metrics.h>
#include <kronika/telemetry/service.h>

namespace kronika::gateway {

struct ViewReaderOptions {
  bus::ClientOptions client;
  /// A batch is written when it holds this much, or when this time has passed since its first
  /// record, or when the log has nothing more.
  std::size_t batch_records = 4096;
  std::size_t batch_bytes = 4U << 20;
  std::chrono::milliseconds batch_time{20};
  /// Between two steps of the ledger's reconciliation.
  std::chrono::milliseconds reconcile_every{5'000};
};

class ViewReader {
 public:
  /// `caught_up` is called once, from the reader's thread, when everything that the log held at the
  /// start is in the view; `failed` when the reader has ended by a fault that only a restart cures.
  struct Events {
    std::function<void()> caught_up;
    std::function<void(const Error&)> failed;
    /// The canary's state of this partition is in the view; with its publication time.
    std::function<void(std::int32_t partition, Instant published)> canary = {};
  };
  /// Errors: bus_* (the topics must exist), store_*.
  [[nodiscard]] static Result<std::unique_ptr<ViewReader>> start(const ViewReaderOptions& options,
                                                                 View& view,
                                                                 telemetry::Registry& registry,
                                                                 telemetry::Loop loop,
                                                                 Events events);
  virtual ~ViewReader() = default;

  /// Ends of the log as last heard.
  [[nodiscard]] virtual std::map<TopicPartition, std::int64_t> log_ends() const = 0;
  /// Writes the batch at hand and ends the thread.
  virtual void stop() = 0;
};

/// The id of the cluster that the brokers belong to. Errors: bus_timed_out, bus_config.
[[nodiscard]] Result<std::string> cluster_id(const bus::ClientOptions& client);

}  // namespace kronika::gateway
