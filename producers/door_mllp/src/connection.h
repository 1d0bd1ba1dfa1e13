// One sender's connection: read a frame, submit it, write its answers, read on. Everything runs on
// the connection's strand; the edge's answer is posted there. One message is under way at a time,
// so what is not read stays in the sender's socket.
//
//   handshake (TLS) -> reading -> submitted -> writing -> reading ...
//                         \ edge full: wait, read nothing   \ end: close
#pragma once

#include "shared.h"

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>

#include <kronika/codec/hl7v2_ack.h>
#include <kronika/door_mllp/framing.h>
#include <kronika/edge/errc.h>
#include <kronika/edge/tls_files.h>

namespace kronika::door_mllp {

namespace asio = boost::asio;
using boost::system::error_code;
using Tcp = asio::ip::tcp;
using PlainStream = Tcp::socket;
using TlsStream = asio::ssl::stream<Tcp::socket>;

/// What the server keeps of a connection.
class AnyConnection {
 public:
  virtual ~AnyConnection() = default;
  /// Ends it as soon as nothing is under way on it; any thread.
  virtual void stop() = 0;
  /// Ends it at once; any thread.
  virtual void abort() = 0;
};

inline constexpr std::size_t kChunk = 16 * 1024;
inline constexpr double kFullShare = 0.95;
inline constexpr std::chrono::milliseconds kBusyPause{20};
inline constexpr std::chrono::milliseconds kLeaveTime{2000};

/// What the edge says of a message, for the answer.
[[nodiscard]] codec::Hl7Verdict verdict_of(const Result<edge::Account>& account);

template <class Stream>
class Connection final : public AnyConnection,
                         public std::enable_shared_from_this<Connection<Stream>> {
 public:
  /// `place`: of its address.
  Connection(Stream stream, edge::Place place, std::string source, std::shared_ptr<Shared> shared)
      : stream_(std::move(stream)),
        timer_(stream_.get_executor()),
        pause_(stream_.get_executor()),
        place_(std::move(place)),
        source_(std::move(source)),
        shared_(std::move(shared)),
        framing_(shared_->options.max_message_bytes) {
    shared_->probe.opened();
  }
  ~Connection() override { shared_->probe.closed(); }

  void start() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      arm(shared_->options.message_timeout);
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = this->shared_from_this()](const error_code& fault) {
                                if (fault) {
                                  self->shared_->probe.trouble(Trouble::kHandshake);
                                  return self->end();
                                }
                                self->known_by_certificate();
                              });
    } else {
      read();
    }
  }

  void stop() override {
    asio::post(stream_.get_executor(), [self = this->shared_from_this()] {
      if (self->state_ == State::kReading) self->end();
    });
  }
  void abort() override {
    asio::post(stream_.get_executor(), [self = this->shared_from_this()] { self->end(); });
  }

 private:
  enum class State : std::uint8_t { kReading, kSubmitted, kWriting, kLeaving, kEnded };
  using Deadline = std::chrono::steady_clock::time_point;

  [[nodiscard]] Tcp::socket& socket() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  void known_by_certificate() {
    const std::string name = edge::certificate_name(stream_.native_handle());
    if (name.empty() || place_.move_to(edge::peer_of_certificate(name))) return read();
    shared_->probe.trouble(Trouble::kCrowded);
    end();
  }

  void arm(std::chrono::milliseconds time) { arm(std::chrono::steady_clock::now() + time); }
  void arm(Deadline at) {
    timer_.expires_at(at);
    timer_.async_wait([self = this->shared_from_this()](const error_code& fault) {
      if (!fault) self->overdue();
    });
  }

  /// Nothing came, or nothing was taken, for too long.
  void overdue() {
    if (timer_.expiry() > std::chrono::steady_clock::now()) return;  // armed anew meanwhile
    if (state_ == State::kWriting) {
      shared_->probe.trouble(Trouble::kUnread);
      return end();
    }
    if (state_ == State::kReading && framing_.in_frame()) {
      shared_->probe.trouble(Trouble::kSlow);
      last_ = true;
      return refuse("The end of the message (FS CR) did not come in time.");
    }
    end();
  }

  void read() {
    state_ = State::kReading;
    if (!framing_.in_frame()) {
      if (const auto wait = place_.pause(); wait.count() > 0) return pause(wait);
    }
    for (;;) {
      if (shared_->stopping) return end();
      const Framing::Step step =
          framing_.read(std::string_view(chunk_.data() + begin_, end_ - begin_));
      begin_ += step.used;
      if (!reserve()) shared_->probe.trouble(Trouble::kNoRoom);
      switch (step.found) {
        case Framing::Found::kMore:
          return read_more();
        case Framing::Found::kMessage:
          return deliver();
        case Framing::Found::kCut:
          shared_->probe.trouble(Trouble::kCut);
          return refuse("A new message began (VT) before the end of this one (FS CR).");
        case Framing::Found::kStray:
          shared_->probe.trouble(Trouble::kStray);
          last_ = true;  // where the next message begins cannot be known
          return refuse("These bytes stand outside a frame (VT ... FS CR); the connection ends.");
        case Framing::Found::kTooLong:
          if (no_room_) {
            codec::Hl7Verdict again;
            again.settled = codec::Settled::kTryAgain;
            return answer(again);
          }
          shared_->probe.trouble(Trouble::kTooLong);
          place_.fault(shared_->options.max_message_bytes);
          codec::Hl7Verdict too_long;
          too_long.settled = codec::Settled::kTooLong;
          return answer(too_long);
      }
    }
  }

  /// Accounts for what the frame holds; where there is no room the rest of it is skipped.
  bool reserve() {
    if (place_.hold(framing_.held())) return true;
    if (!framing_.in_frame()) return true;  // whole already: it is handed on in a moment
    framing_.skip_rest();
    no_room_ = true;
    return false;
  }

  void read_more() {
    if (framing_.in_frame()) {
      if (!in_message_) message_deadline_ = now() + shared_->options.message_timeout;
      in_message_ = true;
      arm(message_deadline_);  // of the whole message, however slowly it trickles
    } else {
      arm(shared_->options.idle_timeout);
    }
    if (shared_->tools.edge->load().share >= kFullShare) return pause(kBusyPause);
    begin_ = end_ = 0;
    stream_.async_read_some(asio::buffer(chunk_), [self = this->shared_from_this()](
                                                      const error_code& fault, std::size_t n) {
      if (self->state_ != State::kReading) return;
      if (fault) return self->end();
      self->end_ = n;
      self->read();
    });
  }

  /// Nothing is read while the edge is full, or the peer over its rates: the sender's own socket
  /// fills.
  void pause(std::chrono::nanoseconds time) {
    message_deadline_ += time;  // it is not the sender that is slow
    if (!framing_.in_frame()) timer_.expires_at(Deadline::max());
    pause_.expires_after(time);
    pause_.async_wait([self = this->shared_from_this()](const error_code& fault) {
      if (!fault && self->state_ == State::kReading) self->read();
    });
  }

  [[nodiscard]] static Deadline now() { return std::chrono::steady_clock::now(); }

  void deliver() {
    in_message_ = false;
    state_ = State::kSubmitted;
    timer_.cancel();
    hold_ = this->shared_from_this();  // nothing else waits for anything now
    received_ = shared_->tools.clock->now();
    busy_until_ = now() + shared_->options.busy_timeout;
    submit();
  }

  void submit() {
    static constexpr std::array<codec::Protocol, 1> kTaken{codec::Protocol::kHl7v2};
    edge::Incoming incoming;
    incoming.bytes = framing_.message();
    incoming.door = edge::Door::kMllp;
    incoming.hint = codec::Protocol::kHl7v2;
    incoming.takes = kTaken;
    incoming.not_taken = "This port takes HL7 v2 alone; send this message to another door.";
    incoming.source = source_;
    incoming.place = &place_;
    incoming.received = received_;
    // The edge may answer after the door is gone; then nobody is there to be told.
    std::weak_ptr<Connection> weak = this->weak_from_this();
    shared_->tools.edge->submit(
        incoming, [weak, shared = shared_](Result<edge::Account> account) mutable {
          const std::lock_guard lock(shared->gate.mutex);
          if (!shared->gate.open) return;
          const auto self = weak.lock();
          if (self == nullptr) return;
          asio::post(self->stream_.get_executor(),
                     [self, account = std::move(account)] { self->on_account(account); });
        });
  }

  void on_account(const Result<edge::Account>& account) {
    const auto self = this->shared_from_this();  // hold_ may be the last to keep it
    if (state_ != State::kSubmitted) return;
    const bool busy = !account && (account.error().code == edge::kBusy ||
                                   account.error().code == edge::kThrottled);
    if (busy && now() < busy_until_ && !shared_->stopping) {
      pause_.expires_after(kBusyPause);
      pause_.async_wait([self = this->shared_from_this()](const error_code& fault) {
        if (!fault && self->state_ == State::kSubmitted) self->submit();
      });
      return;
    }
    answer(verdict_of(account));
  }

  /// Of bytes that are no message: they are not kept, so the sender must send them again.
  void refuse(std::string sentence) {
    place_.fault(framing_.message().size());
    codec::Hl7Verdict verdict;
    verdict.faults.push_back({domain::Reason::kUndecodable, "", std::move(sentence)});
    answer(verdict);
  }

  void answer(const codec::Hl7Verdict& verdict) {
    state_ = State::kWriting;
    hold_.reset();
    in_message_ = no_room_ = false;
    out_.clear();
    for (const std::string& text : codec::hl7v2_answers(framing_.message(), verdict)) {
      const auto msa = text.find("\rMSA");
      if (msa != std::string::npos) {
        shared_->probe.answered(std::string_view(text).substr(msa + 5, 2));
      }
      out_ += framed(text);
    }
    framing_.shrink();
    (void)reserve();
    if (out_.empty()) return written();
    arm(shared_->options.message_timeout);
    asio::async_write(stream_, asio::buffer(out_),
                      [self = this->shared_from_this()](const error_code& fault, std::size_t) {
                        if (self->state_ != State::kWriting) return;
                        if (fault) return self->end();
                        self->written();
                      });
  }

  void written() {
    if (out_.capacity() > kChunk) out_ = {};
    if (last_ || shared_->stopping) return leave();
    // Through the queue: other connections come in between, however much one has sent ahead.
    asio::post(stream_.get_executor(), [self = this->shared_from_this()] {
      if (self->state_ == State::kWriting) self->read();
    });
  }

  /// Closing with bytes unread would reset the connection and may take the answer with it: says
  /// that nothing more comes, and reads what is under way into nothing, for a moment.
  void leave() {
    state_ = State::kLeaving;
    error_code ignored;
    socket().shutdown(Tcp::socket::shutdown_send, ignored);
    arm(kLeaveTime);
    drain();
  }
  void drain() {
    socket().async_read_some(asio::buffer(chunk_), [self = this->shared_from_this()](
                                                       const error_code& fault, std::size_t) {
      if (self->state_ != State::kLeaving) return;
      if (fault) return self->end();
      self->drain();
    });
  }

  void end() {
    if (state_ == State::kEnded) return;
    state_ = State::kEnded;
    const auto self = std::move(hold_);
    timer_.cancel();
    pause_.cancel();
    error_code ignored;
    socket().shutdown(Tcp::socket::shutdown_both, ignored);
    socket().close(ignored);
  }

  Stream stream_;
  asio::steady_timer timer_;  ///< ends the connection
  asio::steady_timer pause_;  ///< while the edge is full
  edge::Place place_;
  const std::string source_;
  const std::shared_ptr<Shared> shared_;
  Framing framing_;
  std::array<char, kChunk> chunk_;
  std::size_t begin_ = 0, end_ = 0;  ///< of chunk_, what is not read yet
  State state_ = State::kReading;
  bool in_message_ = false;
  bool no_room_ = false;
  bool last_ = false;  ///< the connection ends with this answer
  Deadline message_deadline_, busy_until_;
  Instant received_;
  std::string out_;
  std::shared_ptr<Connection> hold_;  ///< itself, while the edge has its message
};

}  // namespace kronika::door_mllp
