#include "publish_stream.h"

#include "answer.h"

#include <utility>

#include <kronika/bus/headers.h>
#include <kronika/edge/errc.h>

namespace kronika::door_grpc {

std::string traceparent_of(const grpc::ServerContextBase& context) {
  const auto& metadata = context.client_metadata();
  const auto found =
      metadata.find(grpc::string_ref(bus::kTraceparent.data(), bus::kTraceparent.size()));
  return found == metadata.end() ? std::string()
                                 : std::string(found->second.data(), found->second.size());
}

PublishStream::PublishStream(grpc::CallbackServerContext& context, edge::Edge& edge,
                             const Clock& clock, Calls& calls, OpenCall call, std::size_t window)
    : edge_(edge),
      clock_(clock),
      calls_(calls),
      call_(std::move(call)),
      window_(window),
      traceparent_(traceparent_of(context)) {
  calls_.stream.started();
  go_on(std::unique_lock(mutex_));
  calls_.add(*this);
}

void PublishStream::OnReadDone(bool ok) {
  std::unique_lock lock(mutex_);
  if (!ok || finished_) {
    reading_ = false;
    all_read_ = true;
    return go_on(std::move(lock));
  }
  ++under_way_;
  lock.unlock();
  // reading_ stays true meanwhile: the next message is not read into request_ under our hands.
  const std::uint64_t sequence = request_.sequence();
  edge_.submit(
      {.bytes = request_.message(),
       .door = edge::Door::kGrpc,
       .source = request_.source(),
       .traceparent = request_.traceparent().empty() ? traceparent_ : request_.traceparent(),
       .place = &call_.place(),
       .received = clock_.now()},
      [this, sequence](const Result<edge::Account>& account) { answer(sequence, account); });
  // A cleared message keeps its room, which the next read may be long in needing.
  if (request_.message().size() > edge::Peers::kFreeBytes) {
    ingest::v1::PublishStreamRequest().Swap(&request_);
  }
  lock.lock();
  reading_ = false;
  go_on(std::move(lock));
}

void PublishStream::answer(std::uint64_t sequence, const Result<edge::Account>& account) {
  ingest::v1::PublishStreamResponse response;
  response.set_sequence(sequence);
  if (account) {
    write_account(*account, *response.mutable_account());
  } else {
    *response.mutable_not_now() = rpc_status(account.error());
  }
  std::unique_lock lock(mutex_);
  --under_way_;
  if (!broken_) {
    unread_bytes_ += response.ByteSizeLong();
    outbox_.push_back(std::move(response));
  }
  go_on(std::move(lock));
}

void PublishStream::OnWriteDone(bool ok) {
  std::unique_lock lock(mutex_);
  writing_ = false;
  if (ok) {
    unread_bytes_ -= outbox_.front().ByteSizeLong();
    outbox_.pop_front();
  } else {
    broken_ = true;
  }
  go_on(std::move(lock));
}

void PublishStream::OnCancel() {
  std::unique_lock lock(mutex_);
  broken_ = true;
  go_on(std::move(lock));
}

void PublishStream::stop() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  go_on(std::move(lock));
}

void PublishStream::go_on(std::unique_lock<std::mutex> lock) {
  if (finished_) return;
  if (broken_ && !writing_) outbox_.clear();
  if (!writing_ && !outbox_.empty()) {
    writing_ = true;
    StartWrite(&outbox_.front());
  }
  const bool more = !all_read_ && !stopping_ && !broken_;
  if (more && !reading_ && !pausing_ && under_way_ + outbox_.size() < window_ &&
      unread_bytes_ < kMostUnreadBytes) {
    read_next();
  }
  if (more || under_way_ > 0 || writing_ || pausing_) return;
  finished_ = true;
  grpc::Status status;
  if (broken_) {
    status = {grpc::StatusCode::CANCELLED, "the caller is gone"};
  } else if (!all_read_) {
    status = grpc_status({edge::kStopping, "this edge stops; send on over a new call"});
  }
  status_ = status.error_code();
  lock.unlock();
  Finish(std::move(status));
}

void PublishStream::read_next() {
  const auto pause = call_.place().pause();
  if (pause.count() == 0) {
    reading_ = true;
    StartRead(&request_);
    return;
  }
  pausing_ = true;
  alarm_.emplace();  // the last one may still be within its callback
  alarm_->Set(std::chrono::system_clock::now() +
                  std::chrono::duration_cast<std::chrono::system_clock::duration>(pause),
              [this](bool) {
                std::unique_lock lock(mutex_);
                pausing_ = false;
                go_on(std::move(lock));
              });
}

void PublishStream::OnDone() {
  calls_.remove(*this);
  calls_.stream.handled(status_, std::chrono::steady_clock::now() - begun_);
  delete this;
}

}  // namespace kronika::door_grpc
