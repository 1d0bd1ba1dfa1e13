#include "connection.h"

#include <list>
#include <thread>

#include <kronika/door_mllp/server.h>
#include <kronika/edge/errc.h>
#include <kronika/edge/tls_files.h>
#include <kronika/telemetry/log.h>

namespace kronika::door_mllp {
namespace {

namespace log = telemetry::log;
using namespace std::chrono_literals;

class Door final : public Server {
 public:
  Door(const Options& options, const Tools& tools)
      : shared_(std::make_shared<Shared>(options, tools)), acceptor_(asio::make_strand(io_)) {}

  ~Door() override { close(0ms); }

  Result<void> listen() {
    const edge::Listen& o = shared_->options.listen;
    if (auto ok = edge::check(o); !ok) return ok;
    if (o.tls()) {
      auto tls = edge::TlsFiles::open(o);
      if (!tls) return tl::unexpected(tls.error());
      tls_ = std::move(*tls);
    }
    error_code fault;
    const auto address =
        asio::ip::make_address(o.address == "localhost" ? "127.0.0.1" : o.address, fault);
    if (fault) return tl::unexpected(edge::port_taken(o, fault.message()));
    const Tcp::endpoint endpoint(address, o.port);
    acceptor_.open(endpoint.protocol(), fault);
    if (!fault) acceptor_.set_option(asio::socket_base::reuse_address(true), fault);
    if (!fault) acceptor_.bind(endpoint, fault);
    if (!fault) acceptor_.listen(asio::socket_base::max_listen_connections, fault);
    if (fault) return tl::unexpected(edge::port_taken(o, fault.message()));
    port_ = acceptor_.local_endpoint().port();
    accept();
    for (int i = 0; i < shared_->options.threads; ++i) {
      threads_.emplace_back([this] { io_.run(); });
    }
    return {};
  }

  [[nodiscard]] std::uint16_t port() const override { return port_; }
  [[nodiscard]] std::size_t connections() const override { return shared_->peers->connections(); }

  void stop_accepting() override {
    if (shared_->stopping.exchange(true)) return;
    asio::post(acceptor_.get_executor(), [this] {
      error_code ignored;
      acceptor_.close(ignored);
    });
    each([](AnyConnection& c) { c.stop(); });
  }

  void close(std::chrono::milliseconds deadline) override {
    if (threads_.empty()) return;
    stop_accepting();
    const auto until = std::chrono::steady_clock::now() + deadline;
    while (connections() > 0 && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(10ms);
    }
    {
      // From here on the edge's answers find nobody; what runs already has ended by then.
      const std::lock_guard lock(shared_->gate.mutex);
      shared_->gate.open = false;
    }
    each([](AnyConnection& c) { c.abort(); });
    io_.stop();
    for (std::thread& t : threads_) t.join();
    threads_.clear();
    io_.restart();
    io_.poll();  // what was aborted, so that nothing is left of any connection
  }

 private:
  template <class F>
  void each(F f) {
    const std::lock_guard lock(mutex_);
    for (const auto& weak : open_) {
      if (const auto connection = weak.lock()) f(*connection);
    }
  }

  void accept() {
    acceptor_.async_accept(asio::make_strand(io_),
                           [this](const error_code& fault, Tcp::socket socket) {
                             if (shared_->stopping || fault == asio::error::operation_aborted)
                               return;
                             if (fault) return wait();
                             take(std::move(socket));
                             accept();
                           });
  }

  /// Out of file descriptors, or the like: the next attempt would fail at once as well.
  void wait() {
    log::warn("MLLP_ACCEPT", "a connection could not be accepted");
    auto timer = std::make_shared<asio::steady_timer>(acceptor_.get_executor(), 100ms);
    timer->async_wait([this, timer](const error_code& fault) {
      if (!fault && !shared_->stopping) accept();
    });
  }

  void take(Tcp::socket socket) {
    error_code fault;
    const Tcp::endpoint remote = socket.remote_endpoint(fault);
    if (fault) return;
    const std::string address = remote.address().to_string();
    auto place = shared_->peers->enter(edge::peer_of_address(address));
    if (!place) {
      shared_->probe.trouble(Trouble::kCrowded);
      return;  // closed: there is no message to answer yet
    }
    socket.set_option(Tcp::no_delay(true), fault);
    socket.set_option(asio::socket_base::keep_alive(true), fault);
    const std::string source = address + ":" + std::to_string(remote.port());
    if (tls_ != nullptr) {
      auto context = tls_->current();
      TlsStream stream(std::move(socket), *context);
      begin(std::make_shared<Connection<TlsStream>>(std::move(stream), std::move(*place), source,
                                                    shared_));
    } else {
      begin(std::make_shared<Connection<PlainStream>>(std::move(socket), std::move(*place), source,
                                                      shared_));
    }
  }

  template <class C>
  void begin(std::shared_ptr<C> connection) {
    {
      const std::lock_guard lock(mutex_);
      open_.remove_if([](const auto& weak) { return weak.expired(); });
      open_.push_back(connection);
    }
    connection->start();
  }

  const std::shared_ptr<Shared> shared_;
  asio::io_context io_;
  // While the edge has the only message, no operation waits; the threads must.
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  Tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
  std::unique_ptr<edge::TlsFiles> tls_;  ///< null: plaintext. Of the accepting handler alone.
  std::mutex mutex_;
  std::list<std::weak_ptr<AnyConnection>> open_;  ///< guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace

codec::Hl7Verdict verdict_of(const Result<edge::Account>& account) {
  codec::Hl7Verdict verdict;
  if (!account) {
    verdict.settled = account.error().code == edge::kTooLarge ? codec::Settled::kTooLong
                                                              : codec::Settled::kTryAgain;
    return verdict;
  }
  for (const edge::Fact& fact : account->facts) {
    if (const auto* refused = std::get_if<codec::Refused>(&fact)) {
      verdict.faults.insert(verdict.faults.end(), refused->faults.begin(), refused->faults.end());
    } else if (const auto* ignored = std::get_if<codec::Ignored>(&fact)) {
      verdict.ignored.push_back(*ignored);
    } else {
      verdict.any_accepted = true;
    }
  }
  return verdict;
}

Options options_of(const config::Settings& settings) {
  const config::EdgeMllp& s = settings.edge_mllp;
  Options options;
  options.listen = edge::listen_of(s.listen, "edge_mllp");
  options.threads = s.threads;
  options.max_message_bytes = settings.ingest.max_message_bytes;
  options.peers = edge::peers_of(settings.ingest, static_cast<std::size_t>(s.max_connections),
                                 s.max_buffered_bytes);
  options.message_timeout = s.message_timeout;
  options.idle_timeout = s.idle_timeout;
  options.busy_timeout = settings.ingest.ack_timeout;
  return options;
}

Result<std::unique_ptr<Server>> Server::open(const Options& options, const Tools& tools) {
  auto door = std::make_unique<Door>(options, tools);
  if (auto ok = door->listen(); !ok) return tl::unexpected(ok.error());
  return door;
}

}  // namespace kronika::door_mllp
