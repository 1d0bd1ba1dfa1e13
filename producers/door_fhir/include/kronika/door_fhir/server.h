// The FHIR door: FHIR R4 over HTTP/1.1, plaintext on a loopback address or TLS.
//
//   POST /fhir/$process-message   a message bundle; MedCom's are answered with an Acknowledgement
//   POST /fhir                    a transaction or batch; transaction-response, batch-response
//   POST /fhir/Observation ...    one resource
//   GET  /fhir/metadata           the CapabilityStatement
//   GET  /health/{startup,ready,live}
//
//   auto door = Server::open(options, edge, clock, registry);           // an edge::OpenDoor
//
// Answers are FHIR (docs/doors.md). Bounded: connections, header and body sizes, bytes of all
// bodies and answers together, and the time of each request, so that slow or silent clients cost
// little. Thread: as edge::OpenDoor; requests run on threads of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include <kronika/edge/listen.h>
#include <kronika/edge/process.h>

namespace kronika::door_fhir {

struct ServerOptions {
  edge::Listen listen;
  int threads = 2;
  int max_connections = 500;
  std::size_t max_message_bytes = 5U << 20;
  /// Of all requests and answers that are in memory, beyond the first 64 KiB of each; a request
  /// that does not fit is answered 503.
  std::size_t max_buffered_bytes = 32U << 20;
  std::chrono::milliseconds request_timeout{
      30'000};                                     ///< first byte to last; and to take the answer
  std::chrono::milliseconds idle_timeout{60'000};  ///< between two requests
};

/// What the settings say.
[[nodiscard]] ServerOptions options_of(const config::Settings& settings);

class Server {
 public:
  /// Error: edge_listen.
  [[nodiscard]] static Result<std::unique_ptr<edge::OpenDoor>> open(const ServerOptions& options,
                                                                    edge::Edge& edge,
                                                                    const Clock& clock,
                                                                    telemetry::Registry& registry);
};

}  // namespace kronika::door_fhir
