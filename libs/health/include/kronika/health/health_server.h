// grpc.health.v1.Health on a port of its own, for the probes of Kubernetes: services "startup",
// "ready" and "live" (docs/operations.md, Health), and "" as "ready". Every long-running program,
// consumers, gateway and edges alike, opens one beside its telemetry::Service:
//
//   auto service = telemetry::Service::open(...);                     // startup, ready, live: all
//   0 auto health = health::HealthServer::open(**service, settings.health.address,
//                                            own.health_port);        // port 0: no health port
//   if (!health) return refuse(health.error());                       // exit code 2
//   ... (*service)->set_started(true) when listening or consuming;
//   ... (*service)->set_ready(true) or set_ready_when(): see the table of docs/operations.md for
//       what `ready` and `live` may depend on and what never;
//   ... (*service)->set_ready(false) first of all when a stop is asked for.
//   (*health).reset() before the Service is destroyed.
//
// It speaks plaintext, because the kubelet does: it tells three yes or no, and takes nothing in.
// Listening begins at once, so that `startup` can say "not yet". Thread: one of its own; open and
// destroy from the owner's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <kronika/base/result.h>
#include <kronika/telemetry/service.h>

namespace kronika::health {

class HealthServer {
 public:
  /// Port 0 opens nothing and returns null. `service` must outlive the server. Errors: health_port
  /// (in use or not permitted).
  [[nodiscard]] static Result<std::unique_ptr<HealthServer>> open(telemetry::Service& service,
                                                                  const std::string& address,
                                                                  std::uint16_t port);
  /// As open(), on a port that the system chooses; for tests.
  [[nodiscard]] static Result<std::unique_ptr<HealthServer>> open_on_free_port(
      telemetry::Service& service, const std::string& address);
  virtual ~HealthServer() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;

 protected:
  HealthServer() = default;
};

/// Version of gRPC, for kronika_build_info.
[[nodiscard]] std::string grpc_version();

}  // namespace kronika::health
