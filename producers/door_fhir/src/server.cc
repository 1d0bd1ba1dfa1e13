#include "connection.h"

#include <filesystem>
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
#include <kronika/telemetry/log.h>

namespace kronika::door_fhir {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace log = telemetry::log;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::seconds kCertificateRefresh{30};
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
        pause_(acceptor_.get_executor()),
        refresh_(acceptor_.get_executor()) {}

  ~FhirDoor() override { close(std::chrono::milliseconds(0)); }

  Result<void> listen() {
    const edge::Listen& at = exchange_.options.listen;
    if (at.tls()) {
      auto context = load_certificates();
      if (!context) return tl::unexpected(context.error());
      tls_ = std::move(*context);
      loaded_ = stamps();
      refresh_certificates();
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
      refresh_.cancel();
    });
    exchange_.stop();
  }

  void close(std::chrono::milliseconds deadline) override {
    if (threads_.empty()) return;
    stop_accepting();
    const auto until = std::chrono::steady_clock::now() + deadline;
    while (exchange_.connections() > 0 && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    io_.stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  using Context = std::shared_ptr<asio::ssl::context>;

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
    // A copy of the handle would keep the connection: it is made only where there is room.
    if (exchange_.connections() < static_cast<std::size_t>(exchange_.options.max_connections)) {
      const auto connection = make_connection(std::move(socket), tls_, exchange_);
      if (exchange_.add(connection)) connection->start();
      return;
    }
    exchange_.counted(Operation::kNone, 503);
    if (tls_ != nullptr) return;  // closed without a word: a handshake costs more than it is worth
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(kFull.data(), kFull.size()), ignored);
  }

  Result<Context> load_certificates() const {
    const edge::Listen& at = exchange_.options.listen;
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    context->set_options(asio::ssl::context::no_sslv2 | asio::ssl::context::no_sslv3 |
                         asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
    error_code fault;
    context->use_certificate_chain_file(at.cert_file.string(), fault);
    if (fault) return unusable(at.cert_file, fault);
    context->use_private_key_file(at.key_file.string(), asio::ssl::context::pem, fault);
    if (fault) return unusable(at.key_file, fault);
    if (at.client_ca_file.empty()) return context;
    context->load_verify_file(at.client_ca_file.string(), fault);
    if (fault) return unusable(at.client_ca_file, fault);
    context->set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
    return context;
  }

  static tl::unexpected<Error> unusable(const fs::path& file, const error_code& fault) {
    return fail(edge::kListen, file.string() + " cannot be used: " + fault.message());
  }

  [[nodiscard]] std::vector<fs::file_time_type> stamps() const {
    const edge::Listen& at = exchange_.options.listen;
    std::vector<fs::file_time_type> out;
    for (const auto& file : {at.cert_file, at.key_file, at.client_ca_file}) {
      std::error_code ignored;
      out.push_back(fs::last_write_time(file, ignored));
    }
    return out;
  }

  void refresh_certificates() {
    refresh_.expires_after(kCertificateRefresh);
    refresh_.async_wait([this](error_code stopped) {
      if (stopped) return;
      if (const auto now = stamps(); now != loaded_) {
        if (auto context = load_certificates()) {
          tls_ = std::move(*context);
          loaded_ = now;
          log::info("CERTIFICATE_READ", "new certificates are in force");
        } else {
          log::error("CERTIFICATE_UNUSABLE", "the old certificates stay in force",
                     {{"error", context.error().context}});
        }
      }
      refresh_certificates();
    });
  }

  Exchange exchange_;  // before io_, whose connections use it
  asio::io_context io_;
  // A request at the edge has nothing under way here: its answer must still find the threads.
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
  tcp::acceptor acceptor_;
  asio::steady_timer pause_, refresh_;
  // Used on the acceptor's strand once the threads run.
  Context tls_;
  std::vector<fs::file_time_type> loaded_;
  std::vector<std::thread> threads_;
  std::uint16_t port_ = 0;
};

}  // namespace

ServerOptions options_of(const config::Settings& settings) {
  const config::EdgeFhir& s = settings.edge_fhir;
  return {edge::listen_of(s.listen, "edge_fhir"),
          s.threads,
          s.max_connections,
          settings.ingest.max_message_bytes,
          settings.ingest.max_inflight_bytes + settings.ingest.max_message_bytes,
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
