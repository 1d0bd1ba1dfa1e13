// Where a door listens, and whether it may: plaintext on a loopback address, or where something
// else guards the port; TLS anywhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <kronika/base/result.h>
#include <kronika/config/settings.h>

namespace kronika::edge {

struct Listen {
  std::string section;  ///< of the settings, for what is said: "edge_fhir"
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0 takes a free one
  std::string plaintext_guarded_by;
  std::filesystem::path cert_file, key_file, client_ca_file;
  /// How often the files are looked at; whole seconds.
  std::chrono::seconds certificate_refresh{10};

  [[nodiscard]] bool tls() const { return !cert_file.empty(); }
};

[[nodiscard]] Listen listen_of(const config::DoorListen& settings, std::string section);

/// Errors: edge_listen (plaintext that crosses the network, half a TLS setting, a file that cannot
/// be read); the text names the setting.
[[nodiscard]] Result<void> check(const Listen& listen);

/// edge_listen, for a port that is taken or not permitted.
[[nodiscard]] Error port_taken(const Listen& listen, std::string_view why);

}  // namespace kronika::edge
