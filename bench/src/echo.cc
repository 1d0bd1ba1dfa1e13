#include "commands.h"
#include "common.h"
#include "echo.grpc.pb.h"

#include <csignal>
#include <iostream>

#include <grpcpp/grpcpp.h>

namespace kronika::bench {
namespace {

class EchoServer final : public v1::EchoService::Service {
 public:
  grpc::Status Echo(grpc::ServerContext*, const v1::EchoRequest* request,
                    v1::EchoResponse* response) override {
    response->mutable_payload()->assign(static_cast<std::size_t>(request->response_bytes()), 'x');
    return grpc::Status::OK;
  }
};

}  // namespace

int echo(const std::string& address) {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);

  EchoServer service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  if (server == nullptr) die("cannot listen on " + address);
  int caught = 0;
  sigwait(&stop, &caught);
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  return 0;
}

}  // namespace kronika::bench
