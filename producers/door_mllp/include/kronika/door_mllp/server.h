// HL7 v2 over MLLP, plain or with TLS: many connections, one message under way on each, answered in
// its turn. A positive answer is written only when the edge has everything on all in-sync replicas.
//
//   auto door = Server::open(options_of(settings), {&edge, &clock, &registry});   // edge::OpenDoor
//   ...
//   (*door)->stop_accepting();                         // what was read gets its answer
//   (*door)->close(5s);
//
// Memory is bounded, in all and by peer: connections, bytes of unfinished messages, and what the
// edge has under way. While the edge is full, or the peer over its rates, nothing more is read, so
// the sender feels it. A message that takes too long to come, and an answer that nobody takes, end
// their connection.
//
// Thread: everything may be called from any thread; connections live on the server's own.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include <kronika/base/clock.h>
#include <kronika/base/result.h>
#include <kronika/edge/listen.h>
#include <kronika/edge/peers.h>
#include <kronika/edge/process.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::door_mllp {

struct Options {
  edge::Listen listen;
  int threads = 2;
  std::size_t max_message_bytes = 5U << 20;
  /// Connections, and bytes of unfinished messages; a message that does not fit is answered
  /// "again".
  edge::Peers::Options peers{};
  std::chrono::milliseconds message_timeout{30'000};  ///< first byte to last; taking an answer
  std::chrono::milliseconds idle_timeout{600'000};    ///< between two messages
  std::chrono::milliseconds busy_timeout{10'000};     ///< how long a message waits for a full edge
};

struct Tools {
  edge::Edge* edge = nullptr;
  const Clock* clock = nullptr;
  telemetry::Registry* registry = nullptr;  ///< nullptr: nothing is counted
};

/// What the settings say.
[[nodiscard]] Options options_of(const config::Settings& settings);

class Server : public edge::OpenDoor {
 public:
  /// Listens when it returns. Error: edge_listen (port, certificate), with the reason.
  [[nodiscard]] static Result<std::unique_ptr<Server>> open(const Options& options,
                                                            const Tools& tools);
  [[nodiscard]] virtual std::size_t connections() const = 0;
  /// MLLP has no way to say so.
  void set_serving(bool /*serving*/) override {}
};

}  // namespace kronika::door_mllp
