#include "commands.h"
#include "common.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <iostream>
#include <iterator>
#include <mutex>
#include <optional>
#include <thread>

#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/alarm.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <nlohmann/json.hpp>

#include "kronika/ingest/v1/ingest.pb.h"

namespace kronika::bench {
namespace {

using std::chrono::steady_clock;
using Wire = google::protobuf::io::CodedInputStream;

constexpr std::uint32_t kSequenceTag = 1 << 3;  ///< field 1, a varint: written first
constexpr std::uint64_t kLookedInto =
    512;  ///< one answer in so many is parsed; of a paced stream each
constexpr std::size_t kPlaces = 1U << 16;  ///< of times of sending; more than any window

std::vector<std::string> read_all(const std::vector<std::string>& files) {
  std::vector<std::string> messages;
  for (const std::string& file : files) {
    std::ifstream in(file, std::ios::binary);
    if (!in) die(file + " cannot be read");
    messages.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return messages;
}

/// The bytes of a request: its sequence is put before what is the same each time.
class Requests {
 public:
  explicit Requests(const std::vector<std::string>& messages) {
    for (const std::string& message : messages) {
      ingest::v1::PublishStreamRequest request;
      request.set_message(message);
      tails_.emplace_back(request.SerializeAsString());
    }
  }
  [[nodiscard]] grpc::ByteBuffer make(std::uint64_t sequence) const {
    ingest::v1::PublishStreamRequest head;
    head.set_sequence(sequence);
    const std::array<grpc::Slice, 2> slices{grpc::Slice(head.SerializeAsString()),
                                            tails_[sequence % tails_.size()]};
    return {slices.data(), slices.size()};
  }

 private:
  std::vector<grpc::Slice> tails_;
};

/// The client: the same code and the same bytes for both services; answers are not parsed but for
/// their sequence, and one in kLookedInto.
class Sender final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  Sender(const StreamOptions& options, const Requests& requests)
      : options_(options),
        requests_(requests),
        sent_at_(kPlaces),
        begun_(steady_clock::now()),
        warm_at_(begun_ + std::chrono::milliseconds(500)),
        until_(warm_at_ + std::chrono::milliseconds(static_cast<int>(options.seconds * 1000))) {}

  void start() {
    AddHold();  // for writes that begin outside a reaction
    if (!options_.deaf) StartRead(&answer_);
    {
      const std::lock_guard lock(mutex_);
      send_next();
    }
    StartCall();
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    if (!ok) {
      broken_ = true;
      return end_of_sending();
    }
    send_next();
  }

  void OnReadDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    if (!ok) {
      broken_ = true;
      if (!writing_) end_of_sending();
      return;
    }
    count();
    answer_.Clear();
    StartRead(&answer_);
    if (!writing_) send_next();
  }

  void OnDone(const grpc::Status& status) override {
    const std::lock_guard lock(mutex_);
    status_ = status;
    done_.notify_all();
  }

  /// One JSON object's worth.
  nlohmann::json await() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return status_.has_value(); });
    if (options_.deaf) return {{"messages_sent", next_}, {"status", status_->error_message()}};
    if (micros_.empty()) die("no message was answered: " + status_->error_message());
    std::sort(micros_.begin(), micros_.end());
    const auto answers = static_cast<double>(micros_.size());
    const auto at = [&](double share) {
      return micros_[static_cast<std::size_t>(share * (answers - 1))] / 1000;
    };
    const double seconds = std::chrono::duration<double>(until_ - warm_at_).count();
    return {
        {"service", options_.echo ? "echo" : "door"},
        {"messages", micros_.size()},
        {"messages_per_second", answers / seconds},
        {"request_bytes", static_cast<double>(bytes_out_) / static_cast<double>(next_)},
        {"response_bytes", static_cast<double>(bytes_in_) / answers},
        {"looked_into", looked_into_},
        {"accounts", accounts_},
        {"accepted", accepted_},
        {"status", status_->error_message()},
        {"server_cpu_us_per_message", (after_.cpu_seconds - before_.cpu_seconds) * 1e6 / answers},
        {"p50_ms", at(0.5)},
        {"p99_ms", at(0.99)}};
  }

 private:
  /// The mutex is held, and nothing is being written.
  void send_next() {
    const auto now = steady_clock::now();
    if (broken_ || now >= until_) return end_of_sending();
    const bool full = next_ - answered_ >= static_cast<std::uint64_t>(options_.window);
    if (full && !options_.deaf) return;  // goes on with the next answer
    if (options_.rate > 0) {
      const auto due =
          begun_ + std::chrono::duration_cast<steady_clock::duration>(
                       std::chrono::duration<double>(static_cast<double>(next_) / options_.rate));
      if (due > now) return send_later(due - now);
    }
    request_ = requests_.make(next_);
    bytes_out_ += request_.Length();
    sent_at_[next_ % sent_at_.size()] = now;
    ++next_;
    writing_ = true;
    StartWrite(&request_);
  }

  void send_later(steady_clock::duration time) {
    writing_ = true;  // as good as
    alarm_.emplace();
    alarm_->Set(std::chrono::system_clock::now() + time, [this](bool) {
      const std::lock_guard lock(mutex_);
      writing_ = false;
      send_next();
    });
  }

  void end_of_sending() {
    if (ended_) return;
    ended_ = true;
    StartWritesDone();
    RemoveHold();
  }

  void count() {
    ++answered_;
    const auto now = steady_clock::now();
    if (now >= warm_at_ && !warm_) {
      warm_ = true;
      before_ = cost_of(options_.pid);
    }
    if (!warm_ || over_) return;
    if (now >= until_) {
      over_ = true;
      after_ = cost_of(options_.pid);
      return;
    }
    grpc::Slice slice;
    if (!answer_.TrySingleSlice(&slice).ok()) (void)answer_.DumpToSingleSlice(&slice);
    Wire wire(slice.begin(), static_cast<int>(slice.size()));
    std::uint64_t sequence = 0;
    if (wire.ReadTag() == kSequenceTag) (void)wire.ReadVarint64(&sequence);
    micros_.push_back(
        std::chrono::duration<float, std::micro>(now - sent_at_[sequence % sent_at_.size()])
            .count());
    bytes_in_ += slice.size();
    if (options_.echo || (options_.rate == 0 && answered_ % kLookedInto != 0)) return;
    ingest::v1::PublishStreamResponse response;
    ++looked_into_;
    if (!response.ParseFromArray(slice.begin(), static_cast<int>(slice.size()))) return;
    accounts_ += response.has_account() ? 1 : 0;
    accepted_ += response.account().verdict() == ingest::v1::VERDICT_ACCEPTED ? 1 : 0;
  }

  const StreamOptions& options_;
  const Requests& requests_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::optional<grpc::Status> status_;
  std::optional<grpc::Alarm> alarm_;
  grpc::ByteBuffer request_, answer_;
  std::vector<steady_clock::time_point> sent_at_;
  std::vector<float> micros_;
  const steady_clock::time_point begun_, warm_at_, until_;
  Cost before_, after_;
  std::uint64_t next_ = 0, answered_ = 0, bytes_out_ = 0, bytes_in_ = 0;
  std::uint64_t looked_into_ = 0, accounts_ = 0, accepted_ = 0;
  bool writing_ = false, broken_ = false, ended_ = false, warm_ = false, over_ = false;
};

}  // namespace

int stream(const StreamOptions& options) {
  const Requests requests(read_all(options.files));
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  grpc::GenericStub stub(
      grpc::CreateCustomChannel(options.target, grpc::InsecureChannelCredentials(), arguments));
  grpc::ClientContext context;
  Sender sender(options, requests);
  stub.PrepareBidiStreamingCall(&context,
                                options.echo ? "/kronika.bench.v1.EchoService/EchoStream"
                                             : "/kronika.ingest.v1.IngestService/PublishStream",
                                {}, &sender);
  sender.start();
  std::cout << sender.await().dump() << '\n';
  return 0;
}

}  // namespace kronika::bench
