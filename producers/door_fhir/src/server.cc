#include "connection.h"

#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>

#include <kronika/door_fhir/server.h>
#include <kronika/edge/errc.h>
#include <kronika/edge/tls_files.h>
#include <kronika/telemetry/log.h>

namespace kronika::door_fhir {
namespace {

namespace asio = boost::asio;
namespace log = telemetry::log;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptPause{100};  ///< when there are no file handles left
constexpr std::string_view kFull =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: "
    "close\r\n\r\n";

class FhirDoor final : public edge::OpenDoor {
 public:
  FhirDoor(const ServerOptions& options, edge::Edge& edge, const Clock& clock,
           telemetry::Registry& registry)
      : exchange_(options, edge, clock, registry),
        acceptor_(asio::make_strand(io_)),
        pause_(acceptor_.get_executor()) {}

  ~FhirDoor() override { close(std::chrono::milliseconds(0)); }

  Result<void> listen() {
    const edge::Listen& at = exchange_.options.listen;
    if (at.tls()) {
      auto tls = edge::TlsFiles::open(at);
      if (!tls) return tl::unexpected(tls.error());
      tls_ = std::move(*tls);
    }
    error_code fault;
    const auto address =
        asio::ip::make_address(at.address == "localhost" ? "127.0.0.1" : at.address, fault);
    if (fault) return tl::unexpected(edge::port_taken(at, "no IP address"));
    const tcp::endpoint endpoint(address, at.port);
    acceptor_.open(endpoint.protocol(), fault);
    if (!fault) acceptor_.set_option(asio::socket_base::reuse_address(true), fault);
    if (!fault) acceptor_.bind(endpoint, fault);
    if (!fault) acceptor_.listen(asio::socket_base::max_listen_connections, fault);
    if (fault) return tl::unexpected(edge::port_taken(at, fault.message()));
    port_ = acceptor_.local_endpoint().port();
    asio::post(acceptor_.get_executor(), [this] { accept(); });
    for (int i = 0; i < exchange_.options.threads; ++i) {
      threads_.emplace_back([this] { run(); });
    }
    return {};
  }

  [[nodiscard]] std::uint16_t port() const override { return port_; }
  void set_serving(bool serving) override { exchange_.serving = serving; }

  void stop_accepting() override {
    asio::post(acceptor_.get_executor(), [this] {
      error_code ignored;
      acceptor_.close(ignored);
      pause_.cancel();
    });
    exchange_.stop();
  }

  void close(std::chrono::milliseconds deadline) override {
    if (threads_.empty()) return;
    stop_accepting();
    const auto until = std::chrono::steady_clock::now() + deadline;
    while (exchange_.peers->connections() > 0 && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    io_.stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  void run() {
    for (;;) {
      try {
        io_.run();
        return;
      } catch (const std::exception& e) {
        // One connection's fault (no memory for its answer): the others go on.
        log::error("EDGE_CONNECTION_FAILED", "a connection ended by an exception",
                   {{"error", e.what()}});
      }
    }
  }

  void accept() {
    acceptor_.async_accept(asio::make_strand(io_), [this](error_code fault, tcp::socket socket) {
      if (fault == asio::error::operation_aborted || exchange_.stopping) return;
      if (fault) {
        pause_.expires_after(kAcceptPause);
        pause_.async_wait([this](error_code stopped) {
          if (!stopped) accept();
        });
        return;
      }
      error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      take(std::move(socket));
      accept();
    });
  }

  void take(tcp::socket socket) {
    error_code ignored;
    const auto remote = socket.remote_endpoint(ignored);
    if (ignored) return;  // gone already
    if (auto place = exchange_.peers->enter(edge::peer_of_address(remote.address().to_string()))) {
      const auto connection = make_connection(std::move(socket), tls_ ? tls_->current() : nullptr,
                                              std::move(*place), exchange_);
      exchange_.add(connection);
      connection->start();
      return;
    }
    exchange_.counted(Operation::kNone, 503);
    if (tls_ != nullptr) return;  // closed without a word: a handshake costs more than it is worth
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(kFull.data(), kFull.size()), ignored);
  }

  Exchange exchange_;  // before io_, whose connections use it
  asio::io_context io_;
  // A request at the edge has nothing under way here: its answer must still find the threads.
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::unique_ptr<edge::TlsFiles> tls_;  ///< null: plaintext. Of the acceptor's strand.
  std::vector<std::thread> threads_;
  std::uint16_t port_ = 0;
};

}  // namespace

ServerOptions options_of(const config::Settings& settings) {
  const config::EdgeFhir& s = settings.edge_fhir;
  return {edge::listen_of(s.listen, "edge_fhir"),
          s.threads,
          settings.ingest.max_message_bytes,
          edge::peers_of(settings.ingest, static_cast<std::size_t>(s.max_connections),
                         settings.ingest.max_inflight_bytes + settings.ingest.max_message_bytes),
          s.request_timeout,
          s.idle_timeout};
}

Result<std::unique_ptr<edge::OpenDoor>> Server::open(const ServerOptions& options, edge::Edge& edge,
                                                     const Clock& clock,
                                                     telemetry::Registry& registry) {
  if (auto may = edge::check(options.listen); !may) return tl::unexpected(may.error());
  auto door = std::make_unique<FhirDoor>(options, edge, clock, registry);
  if (auto ok = door->listen(); !ok) return tl::unexpected(ok.error());
  return door;
}

}  // namespace kronika::door_fhir
