// The gRPC server: CitizenService, IndicatorService, PublicationService, ReportService,
// StatusService, health and reflection; over TLS, or in plaintext on a loopback address.
//
//   auto server = Server::start(options, services);
//   server->set_serving(true);                         // when the view has caught up once
//   server->shutdown(std::chrono::seconds(20));        // running calls may end until then
//
// Thread: start and shutdown from the owner; handlers run on gRPC's threads.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include <kronika/base/clock.h>
#include <kronika/base/result.h>
#include <kronika/codec/person_hasher.h>
#include <kronika/domain/fold.h>
#include <kronika/domain/table_maker.h>
#include <kronika/gateway/options.h>
#include <kronika/gateway/view.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::gateway {

/// What the handlers work with; everything must outlive the server and be safe to use from many
/// threads.
struct Services {
  const domain::Rules& rules;
  const domain::Fold& fold;
  const View& view;
  const codec::PersonHasher& hasher;
  const Clock& clock;
  telemetry::Registry& registry;
  /// False until the view has read the log once: a citizen that is not there yet is not unknown, so
  /// queries answer view_catching_up (StatusService answers always). nullptr: the view is complete.
  const std::atomic<bool>* caught_up = nullptr;
  /// End offsets as last heard from the brokers, by place; empty where nobody knows.
  std::function<std::map<TopicPartition, std::int64_t>()> log_ends = [] {
    return std::map<TopicPartition, std::int64_t>();
  };
  /// Resident counts, and since when the data are complete.
  domain::TableSettings tables{};
};

/// Error: view_catching_up.
[[nodiscard]] Result<void> check_caught_up(const Services& services);

class Server {
 public:
  /// Errors: address_not_loopback, gateway_port_taken, certificate_unreadable.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(const ServerOptions& options,
                                                             const Services& services);
  virtual ~Server() = default;

  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// gRPC health of all services.
  virtual void set_serving(bool serving) = 0;
  /// Takes no new calls; running ones are cut off at the deadline.
  virtual void shutdown(std::chrono::milliseconds deadline) = 0;
};

}  // namespace kronika::gateway
