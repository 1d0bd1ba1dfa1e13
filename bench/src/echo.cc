#include "commands.h"
#include "common.h"
#include "echo.grpc.pb.h"

#include <csignal>
#include <deque>
#include <iostream>
#include <mutex>

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

/// Reads on while fewer than the window are unanswered, as the door does.
class EchoReactor final : public grpc::ServerBidiReactor<v1::StreamRequest, v1::StreamResponse> {
 public:
  explicit EchoReactor(const std::string& payload) : payload_(payload) { StartRead(&request_); }

  void OnReadDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    if (!ok) {
      all_read_ = true;
      if (!writing_) Finish(grpc::Status::OK);
      return;
    }
    v1::StreamResponse& answer = outbox_.emplace_back();
    answer.set_sequence(request_.sequence());
    answer.set_payload(payload_);
    write_next();
    if (outbox_.size() < kWindow) {
      StartRead(&request_);
    } else {
      full_ = true;
    }
  }
  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    outbox_.pop_front();
    if (!ok) outbox_.clear();
    if (full_) {
      full_ = false;
      StartRead(&request_);
    }
    write_next();
    if (all_read_ && !writing_) Finish(grpc::Status::OK);
  }
  void OnDone() override { delete this; }

 private:
  static constexpr std::size_t kWindow = 256;
  void write_next() {
    if (writing_ || outbox_.empty()) return;
    writing_ = true;
    StartWrite(&outbox_.front());
  }

  const std::string& payload_;
  std::mutex mutex_;
  // Guarded by mutex_, the request while no read is under way.
  v1::StreamRequest request_;
  std::deque<v1::StreamResponse> outbox_;  ///< the front is being written
  bool writing_ = false, full_ = false, all_read_ = false;
};

class EchoStreamServer final
    : public v1::EchoService::WithCallbackMethod_EchoStream<v1::EchoService::Service> {
 public:
  explicit EchoStreamServer(int response_bytes)
      : payload_(static_cast<std::size_t>(response_bytes), 'x') {}
  grpc::ServerBidiReactor<v1::StreamRequest, v1::StreamResponse>* EchoStream(
      grpc::CallbackServerContext*) override {
    return new EchoReactor(payload_);  // deletes itself
  }

 private:
  const std::string payload_;
};

int serve(const std::string& address, grpc::Service& service) {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);

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

}  // namespace

int echo(const std::string& address) {
  EchoServer service;
  return serve(address, service);
}

int echo_stream(const std::string& address, int response_bytes) {
  EchoStreamServer service(response_bytes);
  return serve(address, service);
}

}  // namespace kronika::bench
