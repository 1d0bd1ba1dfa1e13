#include "commands.h"
#include "common.h"
#include "echo.pb.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <random>
#include <vector>

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <nlohmann/json.hpp>

#include "kronika/query/v1/query.pb.h"

namespace kronika::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kRequests = 20'000;

std::vector<PersonKey> some_citizens(const Plan& plan) {
  std::vector<bool> known(plan.citizens, false);
  EventSource source(plan);
  domain::Event event;
  while (source.next(event)) known[source.citizen()] = true;
  std::vector<PersonKey> keys;
  std::mt19937_64 random(
      plan.seed);  // NOLINT(bugprone-random-generator-seed): the same requests each time
  while (keys.size() < kRequests) {
    const std::uint64_t citizen = random() % plan.citizens;
    if (known[citizen]) keys.push_back(person_key(plan.seed, citizen));
  }
  return keys;
}

grpc::ByteBuffer bytes_of(const google::protobuf::MessageLite& message) {
  const std::string bytes = message.SerializeAsString();
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

std::vector<grpc::ByteBuffer> requests_of(const Plan& plan, const QueryOptions& options) {
  std::vector<grpc::ByteBuffer> requests;
  requests.reserve(kRequests);
  for (const auto& key : some_citizens(plan)) {
    if (options.echo) {
      v1::EchoRequest request;
      request.set_name(to_hex(key.view()));
      request.set_response_bytes(options.response_bytes);
      requests.push_back(bytes_of(request));
    } else {
      query::v1::GetCitizenRequest request;
      request.mutable_citizen()->set_person_key(to_hex(key.view()));
      requests.push_back(bytes_of(request));
    }
  }
  return requests;
}

struct Call {
  grpc::ClientContext context;
  grpc::ByteBuffer response;
  grpc::Status status;
  steady_clock::time_point begun;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
};

}  // namespace

// Answers are not parsed, neither here nor there: the client costs both services the same.
int queries(const Plan& plan, const QueryOptions& options) {
  const auto requests = requests_of(plan, options);
  grpc::GenericStub stub(grpc::CreateChannel(options.target, grpc::InsecureChannelCredentials()));
  const std::string method = options.echo ? "/kronika.bench.v1.EchoService/Echo"
                                          : "/kronika.query.v1.CitizenService/GetCitizen";
  grpc::CompletionQueue queue;
  std::size_t next = 0;
  const auto call = [&] {
    auto* c = new Call;  // owned by the queue until it comes back
    c->context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    c->reader =
        stub.PrepareUnaryCall(&c->context, method, requests[next++ % requests.size()], &queue);
    c->begun = steady_clock::now();
    c->reader->StartCall();
    c->reader->Finish(&c->response, &c->status, c);
  };

  std::vector<float> micros;
  std::uint64_t failed = 0;
  std::uint64_t bytes = 0;
  std::string first_failure;
  const auto warm_until = steady_clock::now() + std::chrono::milliseconds(500);
  const auto until =
      warm_until + std::chrono::milliseconds(static_cast<int>(options.seconds * 1000));
  Cost before;
  bool warm = false;
  for (int i = 0; i < options.in_flight; ++i) call();
  for (int in_flight = options.in_flight; in_flight > 0;) {
    void* tag = nullptr;
    bool ok = false;
    if (!queue.Next(&tag, &ok)) break;
    const std::unique_ptr<Call> done(static_cast<Call*>(tag));
    const auto now = steady_clock::now();
    if (!warm && now >= warm_until) {
      warm = true;
      before = cost_of(options.pid);
    }
    if (!done->status.ok()) {
      ++failed;
      if (first_failure.empty()) first_failure = done->status.error_message();
    } else if (warm && now < until) {
      micros.push_back(std::chrono::duration<float, std::micro>(now - done->begun).count());
      bytes += done->response.Length();
    }
    if (now < until) {
      call();
    } else {
      --in_flight;
    }
  }
  if (micros.empty()) die("no call was answered: " + first_failure);
  const Cost after = cost_of(options.pid);
  std::sort(micros.begin(), micros.end());
  const auto calls = static_cast<double>(micros.size());
  const auto at = [&](double share) {
    return micros[static_cast<std::size_t>(share * (calls - 1))] / 1000;
  };
  std::cout << nlohmann::json{{"service", options.echo ? "echo" : "gateway"},
                              {"calls", micros.size()},
                              {"failed", failed},
                              {"first_failure", first_failure},
                              {"calls_per_second", calls / options.seconds},
                              {"response_bytes", static_cast<double>(bytes) / calls},
                              {"server_cpu_us_per_call",
                               (after.cpu_seconds - before.cpu_seconds) * 1e6 / calls},
                              {"p50_ms", at(0.5)},
                              {"p99_ms", at(0.99)}}
                   .dump()
            << '\n';
  return 0;
}

}  // namespace kronika::bench
