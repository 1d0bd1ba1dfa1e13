// The life of an edge process, the same for every door: settings, metrics, edge, door, readiness,
// and a stop that leaves nobody without an answer.
//
//   int main(int argc, char** argv) {
//     return edge::run_door({.name = "kronika-edge-fhir", .metrics_port = ..., .open = ...},
//                           argc, argv);
//   }
//
// On SIGTERM: not ready; Door::stop_accepting (no new connections or messages); what is under way
// gets its answer, for 20 s at most; Door::close (5 s). Exit codes as in docs/operations.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <kronika/base/clock.h>
#include <kronika/base/result.h>
#include <kronika/config/settings.h>
#include <kronika/edge/edge.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::edge {

/// An open door. Called from the process's main thread.
class OpenDoor {
 public:
  virtual ~OpenDoor() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// Readiness as the door's own protocol tells it (gRPC health, GET /health/ready).
  virtual void set_serving(bool serving) = 0;
  /// No new connection and no new message; what was read gets its answer.
  virtual void stop_accepting() = 0;
  /// Ends all connections; those that still have something to send may do so until the deadline.
  virtual void close(std::chrono::milliseconds deadline) = 0;
};

/// What a door works with; outlives it.
struct DoorTools {
  const config::Settings& settings;
  Edge& edge;
  const Clock& clock;
  telemetry::Registry& registry;
};

struct DoorProgram {
  std::string name;  ///< "kronika-edge-fhir"
  std::uint16_t (*metrics_port)(const config::Settings&) = nullptr;
  /// Null: no gRPC health for probes.
  std::uint16_t (*health_port)(const config::Settings&) = nullptr;
  /// Errors: edge_listen and the door's own.
  std::function<Result<std::unique_ptr<OpenDoor>>(const DoorTools&)> open;
};

/// The whole of main(); returns the exit code.
[[nodiscard]] int run_door(const DoorProgram& program, int argc, char** argv);

}  // namespace kronika::edge
