#include "connection.h"

#include <array>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include <kronika/bus/headers.h>
#include <kronika/edge/account.h>
#include <kronika/edge/tls_files.h>

namespace kronika::door_fhir {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using codec::Protocol;

constexpr std::size_t kMostHeaderBytes = 16U << 10;
constexpr std::size_t kReadBytes = 64U << 10;
constexpr std::chrono::seconds kCloseTime{5};

constexpr std::array kMessages{Protocol::kMedcomHospitalNotification,
                               Protocol::kMedcomHomeCareObservation, Protocol::kMedcomOther};
constexpr std::array kBundles{Protocol::kFhirBundle};
constexpr std::array kResources{Protocol::kFhirResource};
/// Nothing that can be read is of this protocol: the body is kept and refused.
constexpr std::array kNothing{Protocol::kUnknown};

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

template <class Stream>
class HttpConnection final : public Connection,
                             public std::enable_shared_from_this<HttpConnection<Stream>> {
  static constexpr bool kTls = !std::is_same_v<Stream, beast::tcp_stream>;

 public:
  HttpConnection(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> tls,
                 edge::Place place, Exchange& exchange)
      : exchange_(exchange),
        place_(std::move(place)),
        tls_(std::move(tls)),
        stream_(make_stream(std::move(socket), tls_)),
        pause_(stream_.get_executor()) {
    error_code ignored;
    const auto peer = lowest().socket().remote_endpoint(ignored);
    if (!ignored) {
      peer_ = peer.address().to_string() + ":" + std::to_string(peer.port());
    }
  }
  ~HttpConnection() override { exchange_.remove(this); }

  void start() override {
    asio::dispatch(stream_.get_executor(), [self = this->shared_from_this()] {
      if constexpr (kTls) {
        self->lowest().expires_after(self->exchange_.options.request_timeout);
        self->stream_.async_handshake(asio::ssl::stream_base::server, [self](error_code fault) {
          if (!fault && self->known_by_certificate()) {
            self->wait(self->exchange_.options.request_timeout);
          }
        });
      } else {
        // A connection that nobody speaks on is no better than a request that does not come.
        self->wait(self->exchange_.options.request_timeout);
      }
    });
  }

  void stop() override {
    asio::post(stream_.get_executor(), [self = this->shared_from_this()] {
      if (self->idle_) self->lowest().cancel();
      self->pause_.cancel();
    });
  }

 private:
  static Stream make_stream(asio::ip::tcp::socket socket,
                            const std::shared_ptr<asio::ssl::context>& tls) {
    if constexpr (kTls) {
      return Stream(std::move(socket), *tls);
    } else {
      (void)tls;
      return Stream(std::move(socket));
    }
  }
  beast::tcp_stream& lowest() { return beast::get_lowest_layer(stream_); }

  /// False: the peer has no room for this connection, which ends.
  bool known_by_certificate() {
    const std::string name = edge::certificate_name(stream_.native_handle());
    return name.empty() || place_.move_to(edge::peer_of_certificate(name));
  }

  /// For the first byte of a request; then the request's own time begins. While the peer is over
  /// its rates nothing is read, so that its own socket fills.
  void wait(std::chrono::milliseconds time) {
    if (exchange_.stopping) return close();
    if (const auto pause = place_.pause(); pause.count() > 0) {
      pause_.expires_after(pause);
      pause_.async_wait([self = this->shared_from_this(), time](error_code) { self->wait(time); });
      return;
    }
    parser_.emplace();
    parser_->header_limit(kMostHeaderBytes);
    // The edge's limit is told in FHIR; this one is for who sends on all the same.
    parser_->body_limit(exchange_.options.max_message_bytes + 1);
    if (buffer_.size() > 0) return read_header();  // the next request came with the last one
    idle_ = true;
    lowest().expires_after(time);
    stream_.async_read_some(buffer_.prepare(kReadBytes),
                            [self = this->shared_from_this()](error_code fault, std::size_t n) {
                              self->idle_ = false;
                              if (fault) return self->close();
                              self->buffer_.commit(n);
                              self->read_header();
                            });
  }

  void read_header() {
    lowest().expires_after(exchange_.options.request_timeout);
    http::async_read_header(
        stream_, buffer_, *parser_,
        [self = this->shared_from_this()](error_code fault, std::size_t) {
          if (fault == http::error::header_limit) {
            return self->reject(plain_answer(431, "too-long", "The header is too long."));
          }
          if (fault == http::error::body_limit) return self->reject(self->too_long());
          if (self->lost(fault)) return;
          if (fault) {
            return self->reject(plain_answer(400, "structure", "This is no HTTP request."));
          }
          self->judge_header();
        });
  }

  void judge_header() {
    const auto& request = parser_->get();
    route_ = route_of(view(request.target()));
    const http::verb method = request.method();
    if (route_.operation == Operation::kNone) {
      return reject(plain_answer(404, "not-supported",
                                 "There is nothing here; GET /fhir/metadata tells what is taken."));
    }
    const bool reads =
        route_.operation == Operation::kHealth || route_.operation == Operation::kMetadata;
    if (method != (reads ? http::verb::get : http::verb::post)) {
      Answer answer = plain_answer(405, "not-supported", "This method is not served here.");
      answer.allow = reads ? "GET" : "POST";
      return reject(std::move(answer));
    }
    if (!accepts_json(view(request[http::field::accept]))) {
      return reject(plain_answer(406, "not-supported", "Answers are application/fhir+json."));
    }
    if (reads) return read_body_then([this] { answer_read(); });
    if (!is_json(view(request[http::field::content_type]))) {
      return reject(plain_answer(415, "not-supported",
                                 "Send application/fhir+json in UTF-8, and name it so in "
                                 "Content-Type."));
    }
    if (!request[http::field::content_encoding].empty()) {
      return reject(plain_answer(415, "not-supported", "Send the body as it is, not encoded."));
    }
    if (const auto length = parser_->content_length();
        length && *length > exchange_.options.max_message_bytes) {
      return reject(too_long());
    }
    const auto expects = request[http::field::expect];
    if (expects.empty()) return read_body_then([this] { submit(); });
    if (!beast::iequals(expects, "100-continue")) {
      return reject(plain_answer(417, "not-supported", "Only 100-continue may be expected."));
    }
    auto go = std::make_shared<http::response<http::empty_body>>(http::status::continue_, 11);
    http::async_write(stream_, *go,
                      [self = this->shared_from_this(), go](error_code fault, std::size_t) {
                        if (fault) return self->close();
                        self->read_body_then([raw = self.get()] { raw->submit(); });
                      });
  }

  Answer too_long() const {
    return plain_answer(413, "too-long",
                        "The body is longer than " +
                            std::to_string(exchange_.options.max_message_bytes) +
                            " bytes (ingest.max_message_bytes); split it.");
  }

  template <class Next>
  void read_body_then(Next next) {
    if (parser_->is_done()) return next();
    http::async_read_some(
        stream_, buffer_, *parser_,
        [self = this->shared_from_this(), next](error_code fault, std::size_t) {
          if (fault == http::error::body_limit) return self->reject(self->too_long());
          if (self->lost(fault)) return;
          if (fault) {
            return self->reject(plain_answer(400, "structure", "The body is no HTTP body."));
          }
          if (!self->place_.hold(self->parser_->get().body().size())) {
            return self->reject(busy());
          }
          self->read_body_then(next);
        });
  }

  static Answer busy() {
    Answer answer =
        plain_answer(503, "throttled", "Too much is being received; send it again in a moment.");
    answer.retry_later = true;
    return answer;
  }

  void answer_read() {
    if (route_.operation == Operation::kMetadata) {
      Answer answer;
      answer.body = capability_statement();
      return write(std::move(answer));
    }
    const bool known = route_.name == "startup" || route_.name == "live" || route_.name == "ready";
    if (!known) return write(plain_answer(404, "not-found", "startup, ready or live."));
    const bool well = route_.name != "ready" || exchange_.serving;
    write(plain_answer(well ? 200 : 503, "informational", well ? "well" : "not ready"));
  }

  void submit() {
    std::string bytes = std::move(parser_->get().body());
    auto body = std::make_shared<Body>(read_body(bytes));
    edge::Incoming incoming;
    incoming.bytes = bytes;
    incoming.door = edge::Door::kFhir;
    incoming.source = peer_;
    incoming.place = &place_;
    const auto trace =
        parser_->get()[beast::string_view(bus::kTraceparent.data(), bus::kTraceparent.size())];
    incoming.traceparent = view(trace);
    incoming.received = exchange_.clock.now();
    if (route_.operation == Operation::kProcessMessage) {
      incoming.hint = Protocol::kMedcomOther;
      incoming.takes = kMessages;
      incoming.not_taken = "$process-message takes bundles of type message.";
    } else if (route_.operation == Operation::kBundle) {
      incoming.hint = Protocol::kFhirBundle;
      incoming.takes = kBundles;
      incoming.not_taken =
          "POST /fhir takes bundles of type transaction and batch; messages go to "
          "/fhir/$process-message, single resources to /fhir/<type>.";
    } else {
      incoming.hint = Protocol::kFhirResource;
      incoming.takes = kResources;
      incoming.not_taken = "One resource is posted to /fhir/<type>; bundles go to /fhir.";
      if (!body->type.empty() && body->type != route_.name) {
        incoming.takes = kNothing;
        incoming.not_taken = "The body's resourceType is not the type in the address.";
      }
    }
    lowest().expires_never();  // the edge answers within its own time
    exchange_.edge.submit(
        incoming, [self = this->shared_from_this(), body](Result<edge::Account> account) {
          // On the bus publisher's thread: only pass it on.
          asio::post(self->stream_.get_executor(), [self, body, account = std::move(account)] {
            self->write(account ? answer_of(self->route_, *body, *account)
                                : answer_of(account.error()));
          });
        });
    place_.hold_anyway(0);
  }

  /// What was not read to its end cannot be followed by another request.
  void reject(Answer answer) {
    if (!answer.retry_later) place_.fault(parser_->get().body().size());
    last_ = true;
    write(std::move(answer));
  }

  void write(Answer answer) {
    exchange_.counted(route_.operation, answer.status);
    response_ = {static_cast<http::status>(answer.status), 11, std::move(answer.body)};
    response_.set(http::field::server, "kronika");
    response_.set(http::field::content_type, "application/fhir+json; charset=utf-8");
    response_.set(http::field::cache_control, "no-store");
    if (answer.retry_later) {
      response_.set(http::field::retry_after, std::to_string(edge::kRetryAfter.count()));
    }
    if (!answer.allow.empty()) response_.set(http::field::allow, answer.allow);
    if (!answer.trace_id.empty()) response_.set("X-Request-Id", answer.trace_id);
    last_ = last_ || !parser_->get().keep_alive() || exchange_.stopping;
    response_.keep_alive(!last_);
    response_.prepare_payload();
    place_.hold_anyway(response_.body().size());  // the request's bytes are gone
    lowest().expires_after(exchange_.options.request_timeout);
    http::async_write(stream_, response_,
                      [self = this->shared_from_this()](error_code fault, std::size_t) {
                        self->place_.hold_anyway(0);
                        self->response_ = {};
                        if (fault || self->last_) return self->close();
                        self->wait(self->exchange_.options.idle_timeout);
                      });
  }

  /// The peer is gone, or too slow: nothing is left to be said.
  bool lost(error_code fault) {
    const bool gone = fault == http::error::end_of_stream ||
                      fault == http::error::partial_message || fault == beast::error::timeout ||
                      fault == asio::error::operation_aborted ||
                      fault == asio::error::connection_reset || fault == asio::error::eof ||
                      fault == asio::ssl::error::stream_truncated;
    if (gone) close();
    return gone;
  }

  void close() {
    lowest().expires_after(kCloseTime);
    if constexpr (kTls) {
      stream_.async_shutdown([self = this->shared_from_this()](error_code) {});
    } else {
      error_code ignored;
      lowest().socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
      linger();
    }
  }

  /// Reads on a little, so that an answer to a request that was not read to its end arrives:
  /// closing with unread bytes would reset the connection and take the answer with it.
  void linger() {
    if (exchange_.stopping) return;
    idle_ = true;
    stream_.async_read_some(asio::buffer(waste_),
                            [self = this->shared_from_this()](error_code fault, std::size_t n) {
                              self->wasted_ += n;
                              if (!fault && self->wasted_ < kMostWasted) return self->linger();
                              if (self->wasted_ > 0) self->place_.fault(self->wasted_);
                            });
  }
  static constexpr std::size_t kMostWasted = 16U << 20;

  Exchange& exchange_;
  edge::Place place_;
  const std::shared_ptr<asio::ssl::context> tls_;
  Stream stream_;
  asio::steady_timer pause_;
  std::string peer_;
  beast::flat_buffer buffer_{kMostHeaderBytes + kReadBytes};
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  Route route_;
  bool idle_ = false;
  bool last_ = false;
  std::array<char, 4096> waste_{};
  std::size_t wasted_ = 0;
};

}  // namespace

std::shared_ptr<Connection> make_connection(asio::ip::tcp::socket socket,
                                            std::shared_ptr<asio::ssl::context> tls,
                                            edge::Place place, Exchange& exchange) {
  if (tls != nullptr) {
    return std::make_shared<HttpConnection<beast::ssl_stream<beast::tcp_stream>>>(
        std::move(socket), std::move(tls), std::move(place), exchange);
  }
  return std::make_shared<HttpConnection<beast::tcp_stream>>(std::move(socket), nullptr,
                                                             std::move(place), exchange);
}

}  // namespace kronika::door_fhir
