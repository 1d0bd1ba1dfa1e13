// HL7 v2 over MLLP, plain or with TLS: many connections, one message under way on each, answered in
// its turn. A positive answer is written only when the edge has everything on all in-sync replicas.
//
//   auto server = Server::start(options, tools);       // listens when it returns
//   ...
//   (*server)->stop_accepting();                       // what was read gets its answer
//   (*server)->close(5s);
//
// Memory is bounded: connections, bytes of unfinished messages over all of them, and what the edge
// has under way. While the edge is full nothing more is read, so the sender feels it. A message
// that takes too long to come, and an answer that nobody takes, end their connection.
//
// Thread: everything may be called from any thread; connections live on the server's own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <kronika/base/clock.h>
#include <kronika/base/result.h>
#include <kronika/edge/edge.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::door_mllp {

struct Options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;           ///< 0 takes a free one
  std::filesystem::path cert_file;  ///< PEM with its chain; empty: plaintext
  std::filesystem::path key_file;
  std::filesystem::path client_ca_file;  ///< given: clients must show a certificate
  int threads = 2;
  std::size_t max_connections = 500;
  std::size_t max_connections_per_peer = 100;  ///< of one address
  std::size_t max_message_bytes = 5U << 20;
  /// Of unfinished messages over all connections; a message that does not fit is answered "again".
  std::size_t max_buffered_bytes = 32U << 20;
  std::chrono::milliseconds message_timeout{30'000};  ///< first byte to last; taking an answer
  std::chrono::milliseconds idle_timeout{600'000};    ///< between two messages
  std::chrono::milliseconds busy_timeout{10'000};     ///< how long a message waits for a full edge
};

struct Tools {
  edge::Edge* edge = nullptr;
  const Clock* clock = nullptr;
  telemetry::Registry* registry = nullptr;  ///< nullptr: nothing is counted
};

class Server {
 public:
  virtual ~Server() = default;  ///< ends all connections
  /// Errors: door_mllp_listen (port, certificate), with the reason.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(const Options& options,
                                                             const Tools& tools);
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  [[nodiscard]] virtual std::size_t connections() const = 0;
  virtual void stop_accepting() = 0;
  virtual void close(std::chrono::milliseconds deadline) = 0;
};

inline constexpr ErrorRow kListenRow{"door_mllp_listen", Disposition::kFatal};
inline constexpr ErrorCode kListen{kListenRow};

}  // namespace kronika::door_mllp
