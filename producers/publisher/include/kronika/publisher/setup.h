// Everything that publishing needs, from the settings: reference data, secrets, the connection to
// Kafka. Owns them.
#pragma once

#include <memory>

#include <kronika/base/result.h>
#include <kronika/config/settings.h>
#include <kronika/publisher/publish.h>

namespace kronika::publisher {

class PublishSetup {
 public:
  virtual ~PublishSetup() = default;
  /// Errors (all fatal, with file and remedy): reference_*, config_secret, codec_key_file,
  /// bus_config.
  [[nodiscard]] static Result<std::unique_ptr<PublishSetup>> open(const config::Settings& settings);
  [[nodiscard]] virtual PublishTools tools() const = 0;
  /// The limits of the settings, without paths and streams.
  [[nodiscard]] virtual PublishOptions options() const = 0;
};

/// How the settings say to reach Kafka.
[[nodiscard]] bus::ClientOptions client_options(const config::Settings& settings);

}  // namespace kronika::publisher
