#include "citizen_service.h"
#include "indicator_service.h"
#include "ledger_service.h"
#include "publication_service.h"
#include "report_service.h"
#include "status_service.h"

#include <fstream>
#include <string>
#include <utility>

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <kronika/gateway/errc.h>
#include <kronika/gateway/server.h>

namespace kronika::gateway {
namespace {

bool is_loopback(const std::string& address) {
  return address == "localhost" || address == "::1" || address == "[::1]" ||
         address.starts_with("127.");
}

constexpr unsigned kCertificateRefreshSeconds = 10;

std::shared_ptr<grpc::ServerCredentials> credentials_of(const ServerOptions& options) {
  if (options.cert_file.empty()) return grpc::InsecureServerCredentials();
  using namespace grpc::experimental;  // NOLINT(google-build-using-namespace): reload of files
  const auto provider = std::make_shared<FileWatcherCertificateProvider>(
      options.key_file.string(), options.cert_file.string(), options.client_ca_file.string(),
      kCertificateRefreshSeconds);
  TlsServerCredentialsOptions tls(provider);
  tls.watch_identity_key_cert_pairs();
  if (!options.client_ca_file.empty()) {
    tls.watch_root_certs();
    tls.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return TlsServerCredentials(tls);
}

// gRPC starts without them and refuses every call: say it at the start, with the setting.
Result<void> check_files(const ServerOptions& options) {
  for (const auto& [name, file] : {std::pair{"gateway.cert_file", &options.cert_file},
                                   std::pair{"gateway.key_file", &options.key_file},
                                   std::pair{"gateway.client_ca_file", &options.client_ca_file}}) {
    if (!file->empty() && !std::ifstream(*file)) {
      return fail(code(Errc::kCertificateUnreadable),
                  std::string(name) + ": " + file->string() + " cannot be read");
    }
  }
  return {};
}

class GrpcServer final : public Server {
 public:
  GrpcServer(const ServerOptions& options, const Services& services)
      : options_(options),
        services_(services),
        citizens_(options_, services_),
        indicators_(options_, services_),
        ledger_(options_, services_),
        publications_(options_, services_),
        reports_(options_, services_),
        status_(options_, services_) {}

  Result<void> listen() {
    grpc::ServerBuilder builder;
    const std::string host = options_.address == "::1" ? "[::1]" : options_.address;
    int port = 0;
    builder.AddListeningPort(host + ":" + std::to_string(options_.port), credentials_of(options_),
                             &port);
    // Without this, a second gateway would listen beside the first and take half of its calls.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.SetMaxReceiveMessageSize(64 << 10);  // requests are names and dates
    builder.RegisterService(&citizens_);
    builder.RegisterService(&indicators_);
    builder.RegisterService(&ledger_);
    builder.RegisterService(&publications_);
    builder.RegisterService(&reports_);
    builder.RegisterService(&status_);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0) {
      return fail(code(Errc::kPortTaken),
                  "port " + std::to_string(options_.port) + " of " + options_.address +
                      " is taken or not permitted: choose another with gateway.port");
    }
    port_ = static_cast<std::uint16_t>(port);
    if (auto* health = server_->GetHealthCheckService()) {
      health->SetServingStatus("startup", true);
      health->SetServingStatus("live", true);
    }
    set_serving(false);
    return {};
  }

  ~GrpcServer() override {
    if (server_ != nullptr) shutdown(std::chrono::milliseconds(0));
  }

  std::uint16_t port() const override { return port_; }

  void set_serving(bool serving) override {
    if (auto* health = server_->GetHealthCheckService()) {
      health->SetServingStatus(serving);
      for (const char* name :
           {"ready", "kronika.query.v1.CitizenService", "kronika.query.v1.IndicatorService",
            "kronika.query.v1.LedgerService", "kronika.query.v1.PublicationService",
            "kronika.query.v1.ReportService", "kronika.query.v1.StatusService"}) {
        health->SetServingStatus(name, serving);
      }
    }
  }

  void shutdown(std::chrono::milliseconds deadline) override {
    if (std::exchange(stopped_, true)) return;
    server_->Shutdown(std::chrono::system_clock::now() + deadline);
    server_->Wait();
  }

 private:
  const ServerOptions options_;
  const Services services_;
  CitizenService citizens_;
  IndicatorService indicators_;
  LedgerService ledger_;
  PublicationService publications_;
  ReportService reports_;
  StatusService status_;
  std::unique_ptr<grpc::Server> server_;  // last: its threads use what stands above
  std::uint16_t port_ = 0;
  bool stopped_ = false;
};

}  // namespace

Result<void> check_caught_up(const Services& services) {
  if (services.caught_up == nullptr || *services.caught_up) return {};
  return fail(code(Errc::kViewCatchingUp),
              "the gateway is still reading the log; try again in a moment");
}

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options,
                                              const Services& services) {
  if (auto ok = check_files(options); !ok) return tl::unexpected(ok.error());
  if (options.cert_file.empty() && !options.allow_remote_plaintext &&
      !is_loopback(options.address)) {
    return fail(
        code(Errc::kAddressNotLoopback),
        "gateway.address " + options.address +
            " is not a loopback address, and without gateway.cert_file citizens' data would "
            "cross the network in plaintext, unprotected. Give a certificate, or say in "
            "gateway.plaintext_guarded_by what guards the port");
  }
  static const bool plugins = [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
  (void)plugins;
  auto server = std::make_unique<GrpcServer>(options, services);
  if (auto ok = server->listen(); !ok) return tl::unexpected(ok.error());
  return server;
}

}  // namespace kronika::gateway
