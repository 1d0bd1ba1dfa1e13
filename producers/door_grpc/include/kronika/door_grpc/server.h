// The gRPC door: kronika.ingest.v1.IngestService, health and reflection, plaintext on a loopback
// address or TLS, with clients' certificates where the settings name their authority.
//
//   auto server = Server::open(options, {settings, edge, clock, registry});   // an edge::OpenDoor
//
// Backpressure: a stream has a window of unanswered messages, calls are bounded in all and by peer,
// a stream of a peer over its rates is not read, and what the edge does not take is answered
// UNAVAILABLE with google.rpc.RetryInfo. Certificates are read again when their files change.
// Thread: as edge::OpenDoor; calls run on gRPC's threads.
#pragma once

#include <cstddef>
#include <memory>

#include <kronika/edge/listen.h>
#include <kronika/edge/peers.h>
#include <kronika/edge/process.h>

namespace kronika::door_grpc {

struct ServerOptions {
  edge::Listen listen;
  std::size_t window = 256;  ///< unanswered messages of a stream
  std::size_t max_message_bytes = 5U << 20;
  edge::Peers::Options peers{.max_connections = 200};  ///< connections: unary calls and streams
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

}  // namespace kronika::door_grpc
