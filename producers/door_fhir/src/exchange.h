// What all connections share: limits, the edge, metrics, and the list that a stop goes through.
#pragma once

#include "answer.h"

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include <boost/asio/ssl/context.hpp>

#include <kronika/base/clock.h>
#include <kronika/door_fhir/server.h>
#include <kronika/edge/edge.h>
#include <kronika/edge/peers.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::door_fhir {

class Connection;

class Exchange {
 public:
  Exchange(const ServerOptions& server_options, edge::Edge& behind, const Clock& time,
           telemetry::Registry& registry);

  const ServerOptions options;
  edge::Edge& edge;
  const Clock& clock;
  const std::shared_ptr<edge::Peers> peers;
  std::atomic<bool> serving{false}, stopping{false};

  void counted(Operation operation, unsigned status) const;

  void add(const std::shared_ptr<Connection>& connection);
  void remove(const Connection* connection);
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
