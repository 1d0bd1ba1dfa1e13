// The one way of a message from any door to Kafka, also under `kronika publish`: translate, publish
// its events, keep the sealed original, keep refused ones as dead letters, book it in the ledger,
// and answer once all of that is on every in-sync replica.
//
//   edge::Edge edge(tools, options);
//   edge.submit({.bytes = body, .door = Door::kFhir, .received = clock.now()},
//               [](Result<Account> account) { ... });         // once, must not block
//   edge.stop();                                              // further messages: edge_stopping
//   edge.drain(20s);                                          // what is under way gets its answer
//
// No memory between messages (architecture A17): the account is a function of the bytes, the
// settings and the receive time, so any replica gives a resend the same one; only places differ.
// Memory is bounded by the options: what does not fit is answered edge_busy at once, so that the
// sender feels it. A message whose publishing failed half-way is answered "again"; its resend makes
// duplicates, which change nothing.
//
// Thread: submit() from any thread, on which it translates and seals; the answer comes on a bus
// publisher's thread, or within submit() where nothing could be sent.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include <kronika/bus/publisher.h>
#include <kronika/codec/adapter.h>
#include <kronika/codec/seal.h>
#include <kronika/edge/account.h>
#include <kronika/edge/errc.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::edge {

struct Options {
  std::size_t max_message_bytes = 5U << 20;
  std::size_t max_inflight_messages = 4096;
  /// Sum of the bytes of messages without an answer yet. A message is taken whenever none is under
  /// way. What one byte takes in memory is some four bytes in the client's queue.
  std::size_t max_inflight_bytes = 32U << 20;
};

/// What an edge works with; all must outlive the last answer. `bus` must not wait when its queue is
/// full (bus::Publisher::Options::wait_when_full off).
struct Tools {
  const codec::AdapterSettings* adapters = nullptr;
  const codec::Sealer* sealer = nullptr;
  bus::Publisher* bus = nullptr;
  telemetry::Registry* registry = nullptr;  ///< nullptr: nothing is counted
  /// For messages of more than kLargeBytes, so that no small one waits behind megabytes on the same
  /// connection to a broker; as `bus`. nullptr: all go over `bus`.
  bus::Publisher* large_bus = nullptr;
};
inline constexpr std::size_t kLargeBytes = 256U << 10;

class Edge {
 public:
  Edge(const Tools& tools, const Options& options);
  ~Edge();
  Edge(const Edge&) = delete;
  Edge& operator=(const Edge&) = delete;

  void submit(const Incoming& message, OnAccount on_account);

  struct Load {
    std::size_t messages = 0;
    std::size_t bytes = 0;
    double share = 0;  ///< of what the options allow, the fuller of the two; ready below 0.8
  };
  [[nodiscard]] Load load() const;

  /// Takes nothing more. Idempotent.
  void stop();
  /// Waits until nothing is under way; false when the time was over first.
  [[nodiscard]] bool drain(std::chrono::milliseconds timeout);

  /// A fault of the Kafka client that only a restart of the process cures.
  [[nodiscard]] std::optional<Error> failure() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  ///< shared with answers that are still to come
  std::vector<telemetry::Registration> gauges_;
};

}  // namespace kronika::edge
