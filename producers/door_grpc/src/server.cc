#include "answer.h"
#include "publish_stream.h"

#include <utility>

#include <grpcpp/alarm.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include "kronika/ingest/v1/ingest.grpc.pb.h"
#include <kronika/door_grpc/server.h>
#include <kronika/edge/errc.h>

namespace kronika::door_grpc {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kEnvelopeBytes = 64U << 10;  ///< of a request beside its message
// New replicas get no calls while old connections last for ever (operations.md 5).
constexpr milliseconds kConnectionAge{5 * 60'000}, kConnectionGrace{30'000};
constexpr milliseconds kHandshakeTime{10'000}, kKeepaliveTime{60'000}, kKeepaliveTimeout{20'000};
constexpr int kStreamsOfAConnection = 100;

/// What is refused before it begins.
class Refusing final : public grpc::ServerBidiReactor<ingest::v1::PublishStreamRequest,
                                                      ingest::v1::PublishStreamResponse> {
 public:
  explicit Refusing(grpc::Status status) { Finish(std::move(status)); }
  void OnDone() override { delete this; }
};

/// One Publish call, until its answer. Deletes itself.
class UnaryPublish {
 public:
  UnaryPublish(edge::Edge& edge, const Clock& clock, const Calls& calls, OpenCall call,
               const grpc::CallbackServerContext& context,
               const ingest::v1::PublishRequest& request, ingest::v1::PublishResponse& response,
               grpc::ServerUnaryReactor& reactor)
      : edge_(edge),
        clock_(clock),
        calls_(calls),
        call_(std::move(call)),
        context_(context),
        request_(request),
        response_(response),
        reactor_(reactor) {}

  /// A small message of a peer over its rates waits for its turn, as on a stream. A large one would
  /// be held in memory meanwhile: it is tried at once, and refused where the debt is deep.
  void begin() {
    const auto pause = call_.place().pause();
    if (pause.count() == 0 || request_.message().size() > edge::Peers::kFreeBytes) return submit();
    alarm_.Set(std::chrono::system_clock::now() +
                   std::chrono::duration_cast<std::chrono::system_clock::duration>(pause),
               [this](bool) { submit(); });
  }

 private:
  void submit() {
    edge_.submit({.bytes = request_.message(),
                  .door = edge::Door::kGrpc,
                  .source = request_.source(),
                  .traceparent = traceparent_of(context_),
                  .place = &call_.place(),
                  .received = clock_.now()},
                 [this](const Result<edge::Account>& account) { finish(account); });
  }

  void finish(const Result<edge::Account>& account) {
    const std::unique_ptr<UnaryPublish> self(this);
    grpc::Status status;
    if (account) {
      write_account(*account, *response_.mutable_account());
    } else {
      status = grpc_status(account.error());
    }
    calls_.unary.handled(status.error_code(), std::chrono::steady_clock::now() - begun_);
    reactor_.Finish(std::move(status));
  }

  edge::Edge& edge_;
  const Clock& clock_;
  const Calls& calls_;
  OpenCall call_;
  const grpc::CallbackServerContext& context_;
  const ingest::v1::PublishRequest& request_;
  ingest::v1::PublishResponse& response_;
  grpc::ServerUnaryReactor& reactor_;
  grpc::Alarm alarm_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

class IngestService final : public ingest::v1::IngestService::CallbackService {
 public:
  IngestService(edge::Edge& edge, const Clock& clock, Calls& calls, std::size_t window)
      : edge_(edge), clock_(clock), calls_(calls), window_(window) {}

  grpc::ServerUnaryReactor* Publish(grpc::CallbackServerContext* context,
                                    const ingest::v1::PublishRequest* request,
                                    ingest::v1::PublishResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    calls_.unary.started();
    auto call = calls_.enter(*context);
    if (!call) {
      calls_.unary.handled(grpc::StatusCode::UNAVAILABLE, {});
      reactor->Finish(full());
      return reactor;
    }
    (new UnaryPublish(edge_, clock_, calls_, std::move(*call), *context, *request, *response,
                      *reactor))
        ->begin();
    return reactor;
  }

  grpc::ServerBidiReactor<ingest::v1::PublishStreamRequest, ingest::v1::PublishStreamResponse>*
  PublishStream(grpc::CallbackServerContext* context) override {
    if (auto call = calls_.enter(*context)) {
      return new door_grpc::PublishStream(*context, edge_, clock_, calls_, std::move(*call),
                                          window_);
    }
    calls_.stream.started();
    calls_.stream.handled(grpc::StatusCode::UNAVAILABLE, {});
    return new Refusing(full());
  }

 private:
  static grpc::Status full() {
    return grpc_status({edge::kBusy, "too many calls are open; call again in a moment"});
  }

  edge::Edge& edge_;
  const Clock& clock_;
  Calls& calls_;
  const std::size_t window_;
};

std::shared_ptr<grpc::ServerCredentials> credentials_of(const edge::Listen& listen) {
  if (!listen.tls()) return grpc::InsecureServerCredentials();
  using namespace grpc::experimental;  // NOLINT(google-build-using-namespace): reload of files
  const auto provider = std::make_shared<FileWatcherCertificateProvider>(
      listen.key_file.string(), listen.cert_file.string(), listen.client_ca_file.string(),
      static_cast<unsigned>(listen.certificate_refresh.count()));
  TlsServerCredentialsOptions options(provider);
  options.watch_identity_key_cert_pairs();
  if (!listen.client_ca_file.empty()) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return TlsServerCredentials(options);
}

class GrpcDoor final : public edge::OpenDoor {
 public:
  GrpcDoor(const ServerOptions& options, edge::Edge& edge, const Clock& clock,
           telemetry::Registry& registry)
      : options_(options),
        calls_(registry, options.peers),
        service_(edge, clock, calls_, options.window) {}

  Result<void> listen() {
    grpc::ServerBuilder builder;
    const edge::Listen& at = options_.listen;
    const std::string host = at.address == "::1" ? "[::1]" : at.address;
    int port = 0;
    builder.AddListeningPort(host + ":" + std::to_string(at.port), credentials_of(at), &port);
    // Without this, a second process would listen beside the first and take half of its calls.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    const auto limit = [&](const char* name, auto value) {
      builder.AddChannelArgument(name, static_cast<int>(value));
    };
    limit(GRPC_ARG_MAX_CONNECTION_AGE_MS, kConnectionAge.count());
    limit(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, kConnectionGrace.count());
    limit(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeTime.count());
    limit(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTime.count());
    limit(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeout.count());
    limit(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsOfAConnection);
    // Windows stay small: what a stream that is not read may send ahead is memory.
    limit(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    builder.SetMaxReceiveMessageSize(static_cast<int>(options_.max_message_bytes + kEnvelopeBytes));
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0) {
      return tl::unexpected(edge::port_taken(at, "taken, or not permitted"));
    }
    port_ = static_cast<std::uint16_t>(port);
    if (auto* health = server_->GetHealthCheckService()) {
      health->SetServingStatus("startup", true);
      health->SetServingStatus("live", true);
    }
    set_serving(false);
    return {};
  }

  ~GrpcDoor() override { close(milliseconds(0)); }

  [[nodiscard]] std::uint16_t port() const override { return port_; }

  void set_serving(bool serving) override {
    if (auto* health = server_->GetHealthCheckService()) {
      health->SetServingStatus(serving);
      health->SetServingStatus("ready", serving);
      health->SetServingStatus("kronika.ingest.v1.IngestService", serving);
    }
  }

  void stop_accepting() override { calls_.stop(); }

  void close(milliseconds deadline) override {
    if (server_ == nullptr || std::exchange(closed_, true)) return;
    calls_.stop();
    server_->Shutdown(std::chrono::system_clock::now() + deadline);
    server_->Wait();
  }

 private:
  const ServerOptions options_;
  Calls calls_;
  IngestService service_;
  std::unique_ptr<grpc::Server> server_;  // last: its threads use what stands above
  std::uint16_t port_ = 0;
  bool closed_ = false;
};

}  // namespace

ServerOptions options_of(const config::Settings& settings) {
  return {
      edge::listen_of(settings.edge_grpc.listen, "edge_grpc"), settings.edge_grpc.window,
      settings.ingest.max_message_bytes,
      edge::peers_of(settings.ingest, static_cast<std::size_t>(settings.edge_grpc.max_calls), 0)};
}

Result<std::unique_ptr<edge::OpenDoor>> Server::open(const ServerOptions& options, edge::Edge& edge,
                                                     const Clock& clock,
                                                     telemetry::Registry& registry) {
  if (auto may = edge::check(options.listen); !may) return tl::unexpected(may.error());
  static const bool plugins = [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
  (void)plugins;
  auto door = std::make_unique<GrpcDoor>(options, edge, clock, registry);
  if (auto ok = door->listen(); !ok) return tl::unexpected(ok.error());
  return door;
}

}  // namespace kronika::door_grpc
