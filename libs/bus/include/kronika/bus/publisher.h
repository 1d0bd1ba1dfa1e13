// Publishes records from the edges: idempotent, acks=all, placed by murmur2 of the key like Java
// clients do, and each with a result. Not transactional: an edge's record stands alone, and a
// resend is found by its fact key (A17). Goes on with renewed certificates or a renewed password,
// for which it looks every few seconds.
//
//   auto publisher = Publisher::open(client, {});
//   (*publisher)->publish(record, [](Result<Published> r) { ... });    // called from the
//   publisher's own thread
//   (*publisher)->flush(5s);
//
// Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include <kronika/base/result.h>
#include <kronika/bus/options.h>
#include <kronika/bus/task.h>

namespace kronika::bus {

struct Published {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
};

class Publisher {
 public:
  struct Options {
    std::chrono::milliseconds delivery_timeout{30'000};  ///< then bus_undelivered
    std::size_t max_queue_messages = 200'000;
    std::size_t max_queue_kbytes = 65'536;
    /// Off: publish() fails with bus_transient instead of waiting for room.
    bool wait_when_full = true;
  };
  struct Stats {
    std::uint64_t acked = 0, failed = 0;
    std::uint64_t queued = 0;  ///< not yet answered
  };

  /// Errors: bus_config.
  [[nodiscard]] static Result<std::unique_ptr<Publisher>> open(const ClientOptions& client,
                                                               const Options& options);
  [[nodiscard]] static Result<std::unique_ptr<Publisher>> open(const ClientOptions& client) {
    return open(client, Options{});
  }
  virtual ~Publisher() = default;

  /// Called once a record, from the publisher's thread; must not block. Errors: bus_undelivered,
  /// bus_record_too_large, bus_config, bus_unauthenticated, bus_client_fatal.
  using OnResult = std::function<void(Result<Published>)>;
  /// Copies the record and returns at once; waits only while the queue is full, and not even then
  /// where Options::wait_when_full is off. An error here means
  /// that it was not queued and `on_result` is not called. `on_result` may be empty: failures are
  /// counted in stats() alone.
  [[nodiscard]] virtual Result<void> publish(const Outgoing& record, OnResult on_result) = 0;
  /// Waits until every record has its result. Errors: bus_timed_out.
  [[nodiscard]] virtual Result<void> flush(std::chrono::milliseconds timeout) = 0;
  [[nodiscard]] virtual Stats stats() const = 0;
  /// The brokers have never let us in and will not (bus_unauthenticated): a setting to mend. What
  /// was published is answered with the same.
  [[nodiscard]] virtual std::optional<Error> failure() const { return std::nullopt; }
};

}  // namespace kronika::bus
