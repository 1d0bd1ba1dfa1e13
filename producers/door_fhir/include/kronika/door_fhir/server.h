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
// Answers are FHIR (docs/doors.md). Bounded, in all and by peer: connections, bytes of all bodies
// and answers together, and rates; header and body sizes and the time of each request, so that slow
// or silent clients cost little. Thread: as edge::OpenDoor; requests run on threads of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include <kronika/edge/listen.h>
#include <kronika/edge/peers.h>
#include <kronika/edge/process.h>

namespace kronika::door_fhir {

struct ServerOptions {
  edge::Listen listen;
  int threads = 2;
  std::size_t max_message_bytes = 5U << 20;
  /// Connections, and bytes of requests and answers that are in memory. A connection or a request
  /// that does not fit is answered 503 or 429.
  edge::Peers::Options peers{};
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
