// One PublishStream call. Messages are read while fewer than the window are unanswered; a message
// counts until its answer has been written, so a sender that does not read its answers stops
// itself; so do answers of more than kMostUnreadBytes. While the peer is over its rates nothing is
// read.
//
// Lives from the call's begin to OnDone, which comes only after Finish; Finish is called only when
// no answer of the edge is outstanding and no alarm set, so callbacks may hold a plain pointer.
// Thread: reactions come on gRPC's threads, answers on the bus publisher's; mutex_ orders them.
#pragma once

#include "calls.h"

#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include <grpcpp/alarm.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "kronika/ingest/v1/ingest.pb.h"
#include <kronika/base/clock.h>
#include <kronika/edge/edge.h>

namespace kronika::door_grpc {

class PublishStream final : public grpc::ServerBidiReactor<ingest::v1::PublishStreamRequest,
                                                           ingest::v1::PublishStreamResponse> {
 public:
  PublishStream(grpc::CallbackServerContext& context, edge::Edge& edge, const Clock& clock,
                Calls& calls, OpenCall call, std::size_t window);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  /// Reads no more and ends with UNAVAILABLE when everything read is answered.
  void stop();

 private:
  void answer(std::uint64_t sequence, const Result<edge::Account>& account);
  /// Goes on with what may go on; unlocks, and does not touch the object after a Finish.
  void go_on(std::unique_lock<std::mutex> lock);
  /// Reads the next message, now or when the peer's pause is over.
  void read_next();

  static constexpr std::size_t kMostUnreadBytes = 256U << 10;

  edge::Edge& edge_;
  const Clock& clock_;
  Calls& calls_;
  OpenCall call_;
  const std::size_t window_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  const std::string traceparent_;

  std::mutex mutex_;
  // Guarded by mutex_, the request while no read is under way.
  ingest::v1::PublishStreamRequest request_;
  std::deque<ingest::v1::PublishStreamResponse> outbox_;  ///< the front is being written
  std::size_t unread_bytes_ = 0;                          ///< of the outbox
  std::size_t under_way_ = 0;                             ///< at the edge
  std::optional<grpc::Alarm> alarm_;                      ///< ends the pause; a new one each time
  bool pausing_ = false;                                  ///< until the alarm has gone off
  bool reading_ = false;
  bool writing_ = false;
  bool all_read_ = false;
  bool stopping_ = false;
  bool broken_ = false;  ///< cancelled, or an answer could not be written
  bool finished_ = false;
  grpc::StatusCode status_ = grpc::StatusCode::OK;
};

/// The traceparent of a call's metadata; empty where it has none.
[[nodiscard]] std::string traceparent_of(const grpc::ServerContextBase& context);

}  // namespace kronika::door_grpc
