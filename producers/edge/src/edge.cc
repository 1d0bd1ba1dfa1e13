#include "probe.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <span>
#include <utility>

#include <kronika/bus/errc.h>
#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/codec/uuid5.h>
#include <kronika/domain/time.h>
#include <kronika/edge/edge.h>
#include <kronika/edge/event_record.h>
#include <kronika/edge/peers.h>
#include <kronika/edge/text.h>
#include <kronika/edge/trace.h>
#include <kronika/telemetry/log.h>

namespace kronika::edge {
namespace {

namespace log = telemetry::log;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kMostIdBytes = 128;  ///< of a sender's message id in the ledger
// What a message left out, by name: a sender's bundle of everything must not fill the ledger.
constexpr std::size_t kMostIgnoredNames = 32;
constexpr std::size_t kMostNameBytes = 80;

/// What the sender is told, and what the log says: brokers' names are not for senders.
Error edge_error(const Error& cause) {
  if (cause.code == bus::code(bus::Errc::kRecordTooLarge)) {
    return {kTooLarge, "the message is larger than the topics take; split it"};
  }
  if (cause.code == bus::code(bus::Errc::kTransient)) {
    return {kBusy, "too much is under way to Kafka; send it again in a moment"};
  }
  return {kKafkaAway,
          "not everything was acknowledged by Kafka; nothing is lost if the same bytes are sent "
          "again (" +
              std::string(cause.code.slug()) + ")"};
}

/// The name holds what the sender wrote as a code or type.
void count_ignored(std::string_view what, codec::MessageReceived& received) {
  std::string name =
      valid_utf8(without_person_number(what, "(name withheld)").substr(0, kMostNameBytes));
  auto& all = received.ignored_by_name;
  const auto named = [&all](std::string_view n) {
    return std::find_if(all.begin(), all.end(), [n](const auto& kind) { return kind.name == n; });
  };
  auto found = named(name);
  if (found == all.end() && all.size() >= kMostIgnoredNames) {
    name = "other";
    found = named(name);
  }
  if (found == all.end()) found = all.insert(all.end(), {std::move(name), 0});
  ++found->resources;
}

std::string ledger_key(const codec::MessageReceived& received) {
  if (!received.events.empty()) return std::string(received.events.front().event_id.view());
  const std::string hex = codec::sha256_hex(received.message_id);
  return received.message_id.empty() ? received.sha256.substr(0, 16)
                                     : from_hex(hex).value_or("").substr(0, 16);
}

}  // namespace

std::string_view to_text(Door door) {
  switch (door) {
    case Door::kFile:
      return "file";
    case Door::kGrpc:
      return "grpc";
    case Door::kFhir:
      return "fhir";
    case Door::kMllp:
      return "mllp";
    case Door::kReplay:
      return "replay";
  }
  return {};
}

class Edge::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(const Tools& tools, const Options& options)
      : tools_(tools), options_(options), probe_(tools.registry, *tools.adapters->rules) {}

  void submit(const Incoming& message, OnAccount& on_account) {
    UnderWay share;
    if (auto taken = admit(message, share); !taken) {
      return on_account(tl::unexpected(taken.error()));
    }
    auto p = std::make_shared<Pending>(shared_from_this(), message, std::move(on_account));
    p->share = std::move(share);
    auto at = SteadyClock::now();
    codec::Translation t = codec::translate(message.bytes, *tools_.adapters, message.received);
    if (t.protocol == codec::Protocol::kUnknown) t.protocol = message.hint;
    refuse_what_the_door_does_not_take(message, t);
    at = timed(Stage::kTranslate, at);
    describe(*p, message, t);
    const std::string sealed = tools_.sealer->seal(message.bytes, message.received);
    p->sealed_at = timed(Stage::kSeal, at);
    // The largest records first: what the topics do not take is found before an event is out.
    keep_raw(p, message, sealed);
    if (p->account.refused > 0) keep_dead_letter(p, message, sealed);
    publish_events(p, t);
    release(p);
  }

  [[nodiscard]] Load load() const {
    const std::lock_guard lock(mutex_);
    Load load{messages_, bytes_, 0};
    load.share = std::max(
        static_cast<double>(messages_) / static_cast<double>(options_.max_inflight_messages),
        static_cast<double>(bytes_) / static_cast<double>(options_.max_inflight_bytes));
    return load;
  }

  void stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }

  bool drain(std::chrono::milliseconds timeout) {
    const auto until = SteadyClock::now() + timeout;
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        if (empty_.wait_for(lock, std::chrono::milliseconds(1), [&] { return messages_ == 0; })) {
          return true;
        }
      }
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(until - SteadyClock::now());
      if (left <= std::chrono::milliseconds(0)) return false;
      // Not for its result: it sends at once what waits for company.
      for (bus::Publisher* lane : {tools_.bus, tools_.large_bus}) {
        if (lane != nullptr) (void)lane->flush(std::min(left, std::chrono::milliseconds(100)));
      }
    }
  }

  [[nodiscard]] std::optional<Error> failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

 private:
  /// One message on its way. The thread that submits fills it, then each record's result writes
  /// its own place; the last result of the step goes on with it.
  struct Pending {
    Pending(std::shared_ptr<Impl> owner, const Incoming& message, OnAccount on_account)
        : edge(std::move(owner)),
          done(std::move(on_account)),
          trace(message.traceparent),
          bytes(message.bytes.size()) {
      if (!message.replay_of) return;
      received.replay_of = {*message.replay_of};
      replay_of = std::string(bus::kDeadLetter) + "/" +
                  std::to_string(message.replay_of->partition) + "/" +
                  std::to_string(message.replay_of->offset);
    }

    const std::shared_ptr<Impl> edge;
    const OnAccount done;
    const SteadyClock::time_point begun = SteadyClock::now();
    SteadyClock::time_point sealed_at, published_at;
    Account account;
    codec::MessageReceived received;
    std::string replay_of;  ///< header kReplayOf; empty: no replay
    Trace trace;
    const std::size_t bytes;
    UnderWay share;                    ///< of what the peer may have under way
    std::atomic<std::size_t> open{1};  ///< records without a result, and one for the step itself
    std::mutex mutex;
    std::optional<Error> failure;  ///< guarded by mutex: the first
  };
  using PendingPtr = std::shared_ptr<Pending>;

  /// The peer's bounds before the common ones: who is over them does not fill what is left.
  Result<void> admit(const Incoming& message, UnderWay& share) {
    const std::size_t size = message.bytes.size();
    if (size > options_.max_message_bytes) {
      probe_.too_large(message.hint);
      if (message.place != nullptr) message.place->fault(size);
      return fail(kTooLarge, "the message is longer than " +
                                 std::to_string(options_.max_message_bytes) +
                                 " bytes (ingest.max_message_bytes); split it");
    }
    if (message.place != nullptr) {
      auto began = message.place->begin(size);
      if (!began) {
        probe_.unavailable(message.hint, message.sender, message.received);
        return tl::unexpected(began.error());
      }
      share = std::move(*began);
    }
    {
      const std::lock_guard lock(mutex_);
      const bool fits = messages_ < options_.max_inflight_messages &&
                        (messages_ == 0 || bytes_ + size <= options_.max_inflight_bytes);
      if (!stopped_ && fits) {
        ++messages_;
        bytes_ += size;
        return {};
      }
      if (stopped_) return fail(kStopping, "this edge stops; send the message again");
    }
    probe_.unavailable(message.hint, message.sender, message.received);
    return fail(kBusy, "too many messages are under way; send it again in a moment");
  }

  static void refuse_what_the_door_does_not_take(const Incoming& message, codec::Translation& t) {
    const auto& takes = message.takes;
    if (takes.empty() || std::find(takes.begin(), takes.end(), t.protocol) != takes.end()) return;
    t.outcomes.clear();
    t.outcomes.emplace_back(codec::Refused{
        {{domain::Reason::kTypeUnknown, "message", std::string(message.not_taken)}}});
  }

  SteadyClock::time_point timed(Stage stage, SteadyClock::time_point since) const {
    const auto now = SteadyClock::now();
    probe_.stage(stage, now - since);
    return now;
  }

  /// Account and ledger record, without the places.
  static void describe(Pending& p, const Incoming& message, codec::Translation& t) {
    Account& a = p.account;
    codec::MessageReceived& r = p.received;
    a.protocol = t.protocol;
    a.message_id = t.message_id;
    a.sender_org = t.sender_org;
    a.sha256 = codec::sha256_hex(message.bytes);
    a.trace_id = p.trace.trace_id();
    a.received = message.received;
    a.facts.reserve(t.outcomes.size());
    std::map<std::string_view, std::uint32_t> reasons;
    for (codec::Outcome& outcome : t.outcomes) {
      if (auto* accepted = std::get_if<codec::Accepted>(&outcome)) {
        const domain::Event& event = accepted->event;
        if (a.sender_org.empty()) a.sender_org = event.sender_org;
        ++a.accepted;
        a.facts.emplace_back(AcceptedFact{event.event_id, event.type(), accepted->position,
                                          std::string(domain::topic_of(event.type())), 0, 0});
        r.events.push_back({event.event_id, std::string(domain::topic_of(event.type())), 0, 0});
      } else if (auto* refused = std::get_if<codec::Refused>(&outcome)) {
        ++a.refused;
        ++reasons[domain::slug(refused->reason())];
        a.facts.emplace_back(std::move(*refused));
      } else {
        ++a.ignored;
        count_ignored(std::get<codec::Ignored>(outcome).what, r);
        a.facts.emplace_back(std::move(std::get<codec::Ignored>(outcome)));
      }
    }
    if (a.sender_org.empty()) a.sender_org = message.sender;
    r.sha256 = from_hex(a.sha256).value_or("");
    r.message_id = without_person_number(a.message_id, "(id withheld)").substr(0, kMostIdBytes);
    r.sender_org = a.sender_org;
    r.protocol = codec::to_text(a.protocol);
    r.door = to_text(message.door);
    r.received_at = a.received;
    r.size_bytes = message.bytes.size();
    r.adapter_revision = codec::kAdapterRevision;
    for (const auto& [reason, facts] : reasons) r.refused.push_back({std::string(reason), facts});
    r.ignored = static_cast<std::uint32_t>(a.ignored);
    r.traceparent = p.trace.header(a.refused > 0);
  }

  /// The last header is the lineage, which only a replay has.
  static std::span<const bus::Header> with_lineage(const Pending& p,
                                                   std::span<const bus::Header> headers) {
    return p.replay_of.empty() ? headers.first(headers.size() - 1) : headers;
  }

  void keep_raw(const PendingPtr& p, const Incoming& message, std::string_view sealed) {
    const std::string time = domain::to_text(message.received);
    const std::array<bus::Header, 7> headers{{{"kronika-raw-protocol", p->received.protocol},
                                              {"kronika-raw-door", p->received.door},
                                              {"kronika-raw-hash", p->account.sha256},
                                              {"kronika-raw-time", time},
                                              {"content-type", "application/vnd.kronika.sealed"},
                                              {"traceparent", p->received.traceparent},
                                              {kReplayOf, p->replay_of}}};
    bus::Outgoing record;
    record.topic = bus::kRaw;
    record.key = p->account.sha256;
    record.value = sealed;
    record.headers = with_lineage(*p, headers);
    record.timestamp = message.received;
    send(p, record, [raw = p.get()](const bus::Published& at) {
      raw->received.raw = {at.partition, at.offset};
    });
  }

  void keep_dead_letter(const PendingPtr& p, const Incoming& message, std::string_view sealed) {
    const codec::Fault* first = nullptr;
    for (const Fact& fact : p->account.facts) {
      const auto* refused = std::get_if<codec::Refused>(&fact);
      if (refused != nullptr && first == nullptr) first = &refused->faults.front();
    }
    std::string reasons;
    for (const codec::RefusedFacts& r : p->received.refused) {
      reasons += (reasons.empty() ? "" : " ") + r.reason + "=" + std::to_string(r.facts);
    }
    const std::string time = domain::to_text(message.received);
    const std::string source = without_person_number(message.source, "(source withheld)");
    const std::array<bus::Header, 14> headers{{{"kronika-dlq-stage", "edge"},
                                               {"kronika-dlq-reason", domain::slug(first->reason)},
                                               {"kronika-dlq-reasons", reasons},
                                               {"kronika-dlq-detail", first->sentence},
                                               {"kronika-dlq-position", first->position},
                                               {"kronika-dlq-source", source},
                                               {"kronika-dlq-protocol", p->received.protocol},
                                               {"kronika-dlq-door", p->received.door},
                                               {"kronika-dlq-sender", p->received.sender_org},
                                               {"kronika-dlq-hash", p->account.sha256},
                                               {"kronika-dlq-time", time},
                                               {"content-type", "application/vnd.kronika.sealed"},
                                               {"traceparent", p->received.traceparent},
                                               {kReplayOf, p->replay_of}}};
    bus::Outgoing record;
    record.topic = bus::kDeadLetter;
    record.key = p->account.sha256;
    record.value = sealed;
    record.headers = with_lineage(*p, headers);
    record.timestamp = message.received;
    p->received.dead_letters.resize(1);
    send(p, record, [letter = p.get()](const bus::Published& at) {
      letter->received.dead_letters.front() = {at.partition, at.offset};
    });
  }

  void publish_events(const PendingPtr& p, const codec::Translation& t) {
    thread_local EventRecord record;
    std::size_t index = 0;
    for (const codec::Outcome& outcome : t.outcomes) {
      const auto* accepted = std::get_if<codec::Accepted>(&outcome);
      if (accepted == nullptr) continue;
      const bool refusals = p->account.refused > 0;
      const auto made = record.make(accepted->event, p->trace.header(refusals), p->account.received,
                                    p->replay_of);
      send(p, made, [event = &p->received.events[index]](const bus::Published& at) {
        event->partition = at.partition;
        event->offset = at.offset;
      });
      ++index;
    }
  }

  [[nodiscard]] bus::Publisher& lane_of(const Pending& p) const {
    const bool large = p.bytes > kLargeBytes && tools_.large_bus != nullptr;
    return large ? *tools_.large_bus : *tools_.bus;
  }

  /// Once a record of the message has failed, the rest is not sent.
  template <class OnPlaced>
  void send(const PendingPtr& p, const bus::Outgoing& record, OnPlaced on_placed) {
    {
      const std::lock_guard lock(p->mutex);
      if (p->failure) return;
    }
    p->open.fetch_add(1, std::memory_order_relaxed);
    const std::string_view topic = record.topic;  // of a constant
    const auto queued =
        lane_of(*p).publish(record, [p, topic, on_placed](const Result<bus::Published>& result) {
          p->edge->probe_.produced(topic, result.has_value());
          if (result) {
            on_placed(*result);
          } else {
            p->edge->failed(*p, result.error());
          }
          p->edge->release(p);
        });
    if (queued) return;
    probe_.produced(topic, false);
    failed(*p, queued.error());
    release(p);
  }

  void failed(Pending& p, const Error& cause) {
    {
      const std::lock_guard lock(p.mutex);
      if (!p.failure) p.failure = cause;
    }
    if (cause.code.disposition() != Disposition::kFatal) return;
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = cause;
  }

  /// One result less to wait for; with the last, the next step.
  void release(const PendingPtr& p) {
    if (p->open.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    std::optional<Error> failure;
    {
      const std::lock_guard lock(p->mutex);
      failure = p->failure;
    }
    if (failure) return answer(p, tl::unexpected(give_up(*p, *failure)));
    if (p->published_at == SteadyClock::time_point{}) return book(p);
    timed(Stage::kBook, p->published_at);
    std::size_t index = 0;
    for (Fact& fact : p->account.facts) {
      auto* accepted = std::get_if<AcceptedFact>(&fact);
      if (accepted == nullptr) continue;
      accepted->partition = p->received.events[index].partition;
      accepted->offset = p->received.events[index].offset;
      ++index;
    }
    probe_.answered(p->account, p->bytes, SteadyClock::now() - p->begun);
    if (p->account.refused > 0 && p->account.accepted == 0) p->share.fault();
    answer(p, std::move(p->account));
  }

  /// The ledger's record comes last: what it names is there.
  void book(const PendingPtr& p) {
    p->published_at = timed(Stage::kPublish, p->sealed_at);
    p->open = 1;
    std::string value;
    bus::append_wire_prefix(codec::kMessageReceivedSchemaId, value);
    codec::encode_message_received(p->received, value);
    const std::string key = ledger_key(p->received);
    bus::Outgoing record;
    record.topic = bus::kLedger;
    record.key = key;
    record.value = value;
    record.timestamp = p->account.received;
    send(p, record, [](const bus::Published&) {});
    release(p);
  }

  Error give_up(const Pending& p, const Error& cause) {
    Error told = edge_error(cause);
    if (told.code == kTooLarge) {
      probe_.too_large(p.account.protocol);
      return told;
    }
    probe_.unavailable(p.account.protocol, p.account.sender_org, p.account.received);
    log::warn("EDGE_TRY_AGAIN",
              "a message was not acknowledged by Kafka; its sender is told to "
              "send it again",
              {{"reason", cause.code.slug()}, {"error", cause.context}});
    return told;
  }

  void answer(const PendingPtr& p, Result<Account> result) {
    p->share = {};  // who hears the answer may send the next at once
    p->done(std::move(result));
    const std::lock_guard lock(mutex_);
    --messages_;
    bytes_ -= p->bytes;
    if (messages_ == 0) empty_.notify_all();
  }

  const Tools tools_;
  const Options options_;
  Probe probe_;
  mutable std::mutex mutex_;
  std::condition_variable empty_;
  // Guarded by mutex_.
  std::size_t messages_ = 0;
  std::size_t bytes_ = 0;
  bool stopped_ = false;
  std::optional<Error> failure_;
};

Edge::Edge(const Tools& tools, const Options& options)
    : impl_(std::make_shared<Impl>(tools, options)) {
  if (tools.registry == nullptr) return;
  // The lists hold the state alone; they end with this object, before the tools do.
  const std::shared_ptr<Impl> impl = impl_;
  const auto gauge = [&](const char* name, const char* help, auto read) {
    gauges_.push_back(
        tools.registry->sampled(telemetry::SampleKind::kGauge, name, help, [impl, read] {
          return std::vector<telemetry::Sample>{{{}, static_cast<double>(read(*impl))}};
        }));
  };
  gauge("kronika_ingest_inflight", "Messages without an answer yet",
        [](const Impl& i) { return i.load().messages; });
  gauge("kronika_ingest_inflight_bytes", "Bytes of messages without an answer yet",
        [](const Impl& i) { return i.load().bytes; });
}

Edge::~Edge() { stop(); }

void Edge::submit(const Incoming& message, OnAccount on_account) {
  impl_->submit(message, on_account);
}
Edge::Load Edge::load() const { return impl_->load(); }
void Edge::stop() { impl_->stop(); }
bool Edge::drain(std::chrono::milliseconds timeout) { return impl_->drain(timeout); }
std::optional<Error> Edge::failure() const { return impl_->failure(); }

}  // namespace kronika::edge
