// Everything that an edge process needs, from the settings: reference data, secrets, the connection
// to Kafka. Owns them.
//
//   auto setup = EdgeSetup::open(settings, "kronika-edge-fhir", &registry);
//   Edge edge((*setup)->tools(), (*setup)->options());
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <kronika/base/clock.h>
#include <kronika/base/result.h>
#include <kronika/config/settings.h>
#include <kronika/edge/edge.h>

namespace kronika::edge {

class EdgeSetup {
 public:
  virtual ~EdgeSetup() = default;
  /// `client_id` names the process to Kafka. `ack_timeout`: nothing is ingest.ack_timeout_ms; a
  /// bulk load may wait longer than a sender does. Errors (all fatal, with file and remedy):
  /// reference_*, config_secret, codec_key_file, bus_config.
  [[nodiscard]] static Result<std::unique_ptr<EdgeSetup>> open(
      const config::Settings& settings, const std::string& client_id, telemetry::Registry* registry,
      std::optional<std::chrono::milliseconds> ack_timeout = {});
  [[nodiscard]] virtual Tools tools() const = 0;
  /// The limits of the settings.
  [[nodiscard]] virtual Options options() const = 0;
  [[nodiscard]] virtual const Clock& clock() const = 0;
  [[nodiscard]] virtual bus::Publisher& bus() const = 0;
  /// Reads again what may change while the process runs (sealing keys); call it every second or so.
  virtual void tend() = 0;
};

/// How the settings say to reach Kafka.
[[nodiscard]] bus::ClientOptions client_options(const config::Settings& settings,
                                                const std::string& client_id);

}  // namespace kronika::edge
