#include "storage.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <fcntl.h>
#include <random>
#include <sys/file.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <kronika/base/clock.h>
#include <kronika/ingest/v1/ingest.grpc.pb.h>

namespace kronika::outbox {
namespace {

using namespace std::chrono_literals;
using ingest::v1::PublishRequest;
using ingest::v1::PublishResponse;

std::int64_t now_ms() { return SystemClock().now().ms; }

/// Calls that the same bytes can never make go well.
bool never(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED ||
         status.error_code() == grpc::StatusCode::INVALID_ARGUMENT;
}

Answer answer_of(const std::string& id, const ingest::v1::Account& account) {
  Answer answer;
  answer.id = id;
  answer.sha256 = account.sha256();
  switch (account.verdict()) {
    case ingest::v1::VERDICT_ACCEPTED:
      answer.verdict = Verdict::kAccepted;
      break;
    case ingest::v1::VERDICT_PARTLY_REFUSED:
      answer.verdict = Verdict::kPartlyRefused;
      break;
    default:
      answer.verdict = Verdict::kRefused;
  }
  for (const auto& fact : account.facts()) {
    for (const auto& fault : fact.refused().faults()) {
      answer.reasons += (answer.reasons.empty() ? "" : "\n") + fault.reason() + " " +
                        fault.position() + ": " + fault.sentence();
    }
  }
  return answer;
}

/// One round: messages of different citizens side by side.
struct Round {
  struct Call {
    Due due;
    grpc::ClientContext context;
    PublishRequest request;
    PublishResponse response;
    grpc::Status status;
  };
  std::vector<std::unique_ptr<Call>> calls;
  std::mutex mutex;
  std::condition_variable done;
  std::size_t open = 0;  ///< guarded by mutex
};

class GrpcOutbox final : public Outbox {
 public:
  explicit GrpcOutbox(const Options& options) : options_(options) {}
  ~GrpcOutbox() override {
    stop();
    if (lock_ >= 0) ::close(lock_);
  }

  Result<void> open() { return storage_.open(options_.file); }

  Result<bool> put(const Message& message) override {
    auto added = storage_.put(message, now_ms());
    if (added && *added) wake();
    return added;
  }
  Result<std::optional<Answer>> answer(const std::string& id) override {
    return storage_.answer(id);
  }
  Result<Counts> counts() override { return storage_.counts(now_ms()); }

  Result<void> start(OnAnswer on_answer) override {
    const std::string name = options_.file.string() + ".sending";
    if (lock_ < 0) lock_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_ < 0) return fail(kStorage, "opening " + name);
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
      return fail(kTaken, "another process sends from " + options_.file.string());
    }
    on_answer_ = std::move(on_answer);
    channel_ = make_channel();
    stub_ = ingest::v1::IngestService::NewStub(channel_);
    stopping_ = false;
    thread_ = std::thread([this] { loop(); });
    return {};
  }

  void stop() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      if (round_ != nullptr) {
        for (const auto& call : round_->calls) call->context.TryCancel();
      }
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
    if (lock_ >= 0) ::flock(lock_, LOCK_UN);
  }

  std::string last_trouble() const override {
    const std::lock_guard lock(mutex_);
    return trouble_;
  }

 private:
  std::shared_ptr<grpc::Channel> make_channel() const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS,
                     static_cast<int>(options_.first_retry.count()));
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS,
                     static_cast<int>(std::max(options_.longest_retry, 1000ms).count()));
    auto credentials = grpc::InsecureChannelCredentials();
    if (!options_.root_certificates.empty()) {
      grpc::SslCredentialsOptions tls;
      tls.pem_root_certs = options_.root_certificates;
      tls.pem_cert_chain = options_.certificate;
      tls.pem_private_key = options_.private_key;
      credentials = grpc::SslCredentials(tls);
    }
    return grpc::CreateCustomChannel(options_.target, credentials, arguments);
  }

  void wake() {
    {
      const std::lock_guard lock(mutex_);
      more_ = true;
    }
    wake_.notify_all();
  }

  void loop() {
    std::int64_t forgotten = 0;
    for (;;) {
      {
        const std::lock_guard lock(mutex_);
        if (stopping_) return;
        more_ = false;
      }
      if (now_ms() - forgotten > 3'600'000) {
        forgotten = now_ms();
        note(
            storage_.forget(forgotten - std::chrono::milliseconds(options_.keep_answered).count()));
      }
      auto due = storage_.due(now_ms(), options_.in_flight);
      if (due && !due->empty()) {
        send(std::move(*due));
        continue;
      }
      std::chrono::milliseconds pause = 1s;  // also for what other processes put
      if (!due) {
        note(tl::unexpected(due.error()));
      } else if (const auto next = storage_.next_due(); next && *next >= 0) {
        pause = std::clamp(std::chrono::milliseconds(*next - now_ms()), 1ms, pause);
      }
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, pause, [this] { return stopping_ || more_; });
    }
  }

  void note(const Result<void>& result) {
    if (result) return;
    const std::lock_guard lock(mutex_);
    trouble_ = result.error().context;
  }

  void send(std::vector<Due> due) {
    const auto round = std::make_shared<Round>();
    round->open = due.size();
    for (Due& one : due) {
      auto call = std::make_unique<Round::Call>();
      call->due = std::move(one);
      call->request.set_message(call->due.message);
      call->request.set_source(call->due.source);
      call->context.set_deadline(std::chrono::system_clock::now() + options_.call_timeout);
      round->calls.push_back(std::move(call));
    }
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      round_ = round;
    }
    for (const auto& call : round->calls) {
      stub_->async()->Publish(&call->context, &call->request, &call->response,
                              [round, at = call.get()](grpc::Status status) {
                                at->status = std::move(status);
                                const std::lock_guard lock(round->mutex);
                                if (--round->open == 0) round->done.notify_all();
                              });
    }
    {
      std::unique_lock lock(round->mutex);
      round->done.wait(lock, [&] { return round->open == 0; });
    }
    {
      const std::lock_guard lock(mutex_);
      round_.reset();
    }
    for (const auto& call : round->calls) take(*call);
  }

  void take(Round::Call& call) {
    if (!call.status.ok() && !never(call.status)) {
      const std::string why = call.status.error_message();
      note(storage_.try_again(call.due.sequence, now_ms() + pause_of(call.due.attempts)));
      const std::lock_guard lock(mutex_);
      trouble_ = why.empty() ? "the edge does not answer" : why;
      return;
    }
    Answer answer;
    if (call.status.ok()) {
      answer = answer_of(call.due.id, call.response.account());
    } else {
      answer = {call.due.id, Verdict::kUnsendable, {}, call.status.error_message()};
    }
    if (auto kept = storage_.answered(call.due.sequence, answer, now_ms()); !kept) {
      return note(kept);  // it is sent once more, which changes nothing
    }
    {
      const std::lock_guard lock(mutex_);
      trouble_.clear();
    }
    if (on_answer_) on_answer_(answer);
  }

  /// Full jitter: senders that lost their edge together do not come back together.
  std::int64_t pause_of(int attempts) {
    const auto longest =
        std::min<std::int64_t>(options_.longest_retry.count(), options_.first_retry.count()
                                                                   << std::clamp(attempts, 0, 20));
    return std::uniform_int_distribution<std::int64_t>(0,
                                                       std::max<std::int64_t>(longest, 1))(random_);
  }

  const Options options_;
  Storage storage_;
  int lock_ = -1;
  OnAnswer on_answer_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<ingest::v1::IngestService::Stub> stub_;
  std::mt19937_64 random_{std::random_device{}()};
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  // guarded by mutex_
  bool stopping_ = false;
  bool more_ = false;
  std::shared_ptr<Round> round_;
  std::string trouble_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Outbox>> Outbox::open(const Options& options) {
  auto outbox = std::make_unique<GrpcOutbox>(options);
  if (auto ok = outbox->open(); !ok) return tl::unexpected(ok.error());
  return outbox;
}

}  // namespace kronika::outbox
