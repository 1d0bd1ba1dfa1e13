#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include <kronika/health/errc.h>
#include <kronika/health/health_server.h>

namespace kronika::health {
namespace {

using namespace std::chrono_literals;
constexpr auto kLookEvery = 200ms;  // a probe comes every few seconds

class GrpcHealthServer final : public HealthServer {
 public:
  explicit GrpcHealthServer(telemetry::Service& service) : service_(service) {}

  ~GrpcHealthServer() override {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (looker_.joinable()) looker_.join();
    if (server_ != nullptr) {
      server_->Shutdown(std::chrono::system_clock::now());
      server_->Wait();
    }
  }

  Result<void> listen(const std::string& address, std::uint16_t port) {
    grpc::ServerBuilder builder;
    const std::string host = address.find(':') != std::string::npos && address.front() != '['
                                 ? "[" + address + "]"
                                 : address;
    int bound = 0;
    builder.AddListeningPort(host + ":" + std::to_string(port), grpc::InsecureServerCredentials(),
                             &bound);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // a port belongs to one process
    builder.SetMaxReceiveMessageSize(4 << 10);                // a request is a name
    // A probe is one small call every few seconds.
    builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || bound == 0 || server_->GetHealthCheckService() == nullptr) {
      return fail(code<Errc::kHealthPort>(),
                  "cannot serve health on " + host + ":" + std::to_string(port) +
                      ": the port is in use or not permitted; choose another with the program's "
                      "health_port setting, or 0 for none");
    }
    port_ = static_cast<std::uint16_t>(bound);
    look();
    looker_ = std::thread([this] {
      std::unique_lock lock(mutex_);
      while (!wake_.wait_for(lock, kLookEvery, [this] { return stopping_; })) look();
    });
    return {};
  }

  std::uint16_t port() const override { return port_; }

 private:
  void look() {
    auto* health = server_->GetHealthCheckService();
    const bool ready = service_.ready();
    health->SetServingStatus("startup", service_.started());
    health->SetServingStatus("live", service_.live());
    health->SetServingStatus("ready", ready);
    health->SetServingStatus("", ready);
  }

  telemetry::Service& service_;
  std::unique_ptr<grpc::Server> server_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;  // guards stopping_
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread looker_;
};

Result<std::unique_ptr<HealthServer>> open_at(telemetry::Service& service,
                                              const std::string& address, std::uint16_t port) {
  // Process-wide switches of gRPC. Reflection is there because a server whose only service is the
  // health service does not start (gRPC 1.51).
  static const bool plugins = [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
  (void)plugins;
  auto server = std::make_unique<GrpcHealthServer>(service);
  if (auto ok = server->listen(address, port); !ok) return tl::unexpected(ok.error());
  return server;
}

}  // namespace

std::string grpc_version() { return grpc::Version(); }

Result<std::unique_ptr<HealthServer>> HealthServer::open(telemetry::Service& service,
                                                         const std::string& address,
                                                         std::uint16_t port) {
  if (port == 0) return nullptr;
  return open_at(service, address, port);
}

Result<std::unique_ptr<HealthServer>> HealthServer::open_on_free_port(telemetry::Service& service,
                                                                      const std::string& address) {
  return open_at(service, address, 0);
}

}  // namespace kronika::health
