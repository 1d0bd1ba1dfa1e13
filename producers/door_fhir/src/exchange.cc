#include "exchange.h"

#include "connection.h"

#include <array>
#include <vector>

namespace kronika::door_fhir {
namespace {

constexpr std::array kOperations{Operation::kNone,     Operation::kHealth,
                                 Operation::kMetadata, Operation::kProcessMessage,
                                 Operation::kBundle,   Operation::kResource};
constexpr std::array<unsigned, 15> kStatuses{200, 201, 400, 404, 405, 406, 408, 413,
                                             415, 417, 422, 429, 431, 500, 503};

}  // namespace

Exchange::Exchange(const ServerOptions& server_options, edge::Edge& behind, const Clock& time,
                   telemetry::Registry& registry)
    : options(server_options),
      edge(behind),
      clock(time),
      peers(edge::Peers::make(server_options.peers, &registry)) {
  const auto counter = [&](std::string_view operation, const std::string& status) {
    return registry.counter("kronika_http_requests_total", "HTTP requests by what they asked for",
                            {{"operation", std::string(operation)}, {"status", status}});
  };
  for (const Operation operation : kOperations) {
    for (const unsigned status : kStatuses) {
      requests_[{operation, status}] = counter(to_text(operation), std::to_string(status));
    }
  }
  other_requests_ = counter("other", "other");
  open_ = registry.gauge("kronika_ingest_connections",
                         "Open connections; of gRPC the open calls and streams",
                         {{"protocol", "fhir"}});
}

void Exchange::counted(Operation operation, unsigned status) const {
  const auto found = requests_.find({operation, status});
  (found == requests_.end() ? other_requests_ : found->second).add();
}

void Exchange::add(const std::shared_ptr<Connection>& connection) {
  const std::lock_guard lock(mutex_);
  connections_[connection.get()] = connection;
  open_.set(static_cast<double>(connections_.size()));
}

void Exchange::remove(const Connection* connection) {
  const std::lock_guard lock(mutex_);
  connections_.erase(connection);
  open_.set(static_cast<double>(connections_.size()));
}

void Exchange::stop() {
  stopping = true;
  std::vector<std::shared_ptr<Connection>> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, weak] : connections_) {
      if (auto connection = weak.lock()) all.push_back(std::move(connection));
    }
  }
  for (const auto& connection : all) connection->stop();
}

}  // namespace kronika::door_fhir
