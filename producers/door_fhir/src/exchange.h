// What all connections share: limits, the edge, metrics, certificates, and the list that a stop
// goes through.
#pragma once

#include "answer.h"

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include <boost/asio/ssl/context.hpp>

#include <kronika/base/clock.h>
#include <kronika/door_fhir/server.h>
#include <kronika/edge/edge.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::door_fhir {

class Connection;

/// Bytes of requests and answers in memory. Thread-safe.
class ByteBudget {
 public:
  explicit ByteBudget(std::size_t most) : most_(most) {}
  [[nodiscard]] bool take(std::size_t bytes) {
    if (used_.fetch_add(bytes) + bytes <= most_) return true;
    used_.fetch_sub(bytes);
    return false;
  }
  /// An answer must be given, fits or not; what follows feels it.
  void take_anyway(std::size_t bytes) { used_.fetch_add(bytes); }
  void give_back(std::size_t bytes) { used_.fetch_sub(bytes); }

 private:
  const std::size_t most_;
  std::atomic<std::size_t> used_{0};
};

class Exchange {
 public:
  Exchange(const ServerOptions& server_options, edge::Edge& behind, const Clock& time,
           telemetry::Registry& registry);

  const ServerOptions options;
  edge::Edge& edge;
  const Clock& clock;
  ByteBudget budget;
  std::atomic<bool> serving{false}, stopping{false};

  void counted(Operation operation, unsigned status) const;

  /// False: there are as many connections as may be.
  [[nodiscard]] bool add(const std::shared_ptr<Connection>& connection);
  void remove(const Connection* connection);
  [[nodiscard]] std::size_t connections();
  /// Closes those that wait for a request; the others after their answer.
  void stop();

 private:
  std::map<std::pair<Operation, unsigned>, telemetry::Counter> requests_;
  telemetry::Counter other_requests_;
  telemetry::Gauge open_;
  std::mutex mutex_;
  std::map<const Connection*, std::weak_ptr<Connection>> connections_;  ///< guarded by mutex_
};

}  // namespace kronika::door_fhir
