#include <algorithm>
#include <memory>
#include <mutex>
#include <thread>

#include <kronika/base/bytes.h>
#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/adapter.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/native_json.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/codec/uuid5.h>
#include <kronika/deadletters/errc.h>
#include <kronika/deadletters/replay.h>
#include <kronika/domain/checks.h>
#include <kronika/edge/event_record.h>
#include <kronika/edge/trace.h>

namespace kronika::deadletters {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kEventTopics[] = {bus::kHenvisning, bus::kUdskrivning, bus::kMaaling,
                                             bus::kForloeb, bus::kPerson};
constexpr auto kSendTimeout = 60s;
constexpr std::string_view kReplayedAction = "dead-letter.replayed";
constexpr std::string_view kCloseAction = "dead-letter.close";

/// Why a consumer's record of this topic and reason is not to be sent once more, and what to do
/// instead; empty: it may be.
std::string_view remedy_of(std::string_view topic, std::string_view reason) {
  if (reason == domain::slug(domain::Reason::kVersionConflict)) {
    return "another copy of the same fact and version stands, and this one is kept beside it; the "
           "sender must send what is right as a higher version";
  }
  if (reason == domain::slug(domain::Reason::kEventIdReused)) {
    return "its event id belongs to another fact, which stands; the sender must send it under an "
           "id of its own";
  }
  if (reason == domain::slug(domain::Reason::kCprCycle)) {
    return "it is a note, no record was lost: replacements of CPR numbers form a cycle; the sender "
           "must cancel or correct one of them, and the citizen's events follow by themselves";
  }
  if (topic == bus::kIndicatorDelta) {
    return "a difference of figures would count twice if it came twice; rebuild the indicators "
           "from the events (docs/operations.md, Rebuild everything)";
  }
  if (topic != bus::kFlytning && std::find(std::begin(kEventTopics), std::end(kEventTopics),
                                           topic) == std::end(kEventTopics)) {
    return "only messages, events and moves are sent once more, and it came from another topic";
  }
  return {};
}

Plan refused(std::string_view reason, std::string sentence, const DeadLetter& letter) {
  Plan plan;
  plan.reasons = std::string(reason) + "=1";
  plan.verdict = plan.reasons == letter.reasons() ? Verdict::kUnchanged : Verdict::kRefused;
  plan.sentence = std::move(sentence);
  return plan;
}

/// Filled by the answers of the edge, on another thread.
struct Answers {
  explicit Answers(std::size_t n) : accounts(n) {}
  std::mutex mutex;
  std::vector<Result<edge::Account>> accounts;
};

}  // namespace

std::string_view to_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAccepted:
      return "accepted";
    case Verdict::kPartly:
      return "partly";
    case Verdict::kRefused:
      return "refused";
    case Verdict::kUnchanged:
      return "unchanged";
    case Verdict::kNotReplayable:
      return "not replayable";
  }
  return {};
}

Replayer::Replayer(const edge::Tools& tools, const edge::Options& options, const Clock& clock,
                   AuditLog& audit, std::string purpose)
    : tools_(tools),
      options_(options),
      clock_(&clock),
      audit_(&audit),
      purpose_(std::move(purpose)) {}

Plan Replayer::plan(const DeadLetter& letter) const {
  return letter.sealed() ? plan_message(letter) : plan_record(letter);
}

Plan Replayer::plan_message(const DeadLetter& letter) const {
  Plan plan;
  const auto bytes = tools_.sealer->open(letter.value);
  if (!bytes) {
    plan.sentence = bytes.error().context;
    return plan;
  }
  const codec::Translation t = codec::translate(*bytes, *tools_.adapters, clock_->now());
  std::map<std::string_view, int> reasons;
  for (const codec::Outcome& outcome : t.outcomes) {
    if (std::holds_alternative<codec::Accepted>(outcome)) {
      ++plan.events;
    } else if (const auto* r = std::get_if<codec::Refused>(&outcome)) {
      ++reasons[domain::slug(r->reason())];
      if (plan.sentence.empty()) {
        plan.sentence = r->faults.front().position + ": " + r->faults.front().sentence;
      }
    } else {
      ++plan.ignored;
    }
  }
  for (const auto& [reason, facts] : reasons) {
    plan.reasons.append(plan.reasons.empty() ? "" : " ").append(reason);
    plan.reasons.append("=").append(std::to_string(facts));
  }
  if (reasons.empty()) {
    plan.verdict = Verdict::kAccepted;
  } else if (plan.reasons == letter.reasons()) {
    plan.verdict = Verdict::kUnchanged;
  } else {
    plan.verdict = plan.events > 0 ? Verdict::kPartly : Verdict::kRefused;
  }
  return plan;
}

Plan Replayer::plan_record(const DeadLetter& letter) const {
  const std::string topic = letter.fault("topic");
  Plan plan;
  if (const auto remedy = remedy_of(topic, letter.fault("reason")); !remedy.empty()) {
    plan.reasons = letter.reasons();
    plan.sentence = remedy;
    return plan;
  }
  return topic == bus::kFlytning ? plan_move(letter) : plan_event(letter);
}

/// Of two links of a citizen the later version counts, whenever it comes. A moved event and its
/// withdrawal have no versions: one that came late would undo what came after it.
Plan Replayer::plan_move(const DeadLetter& letter) const {
  const auto wire = bus::read_wire(letter.value);
  codec::Flytning move;
  domain::Event event;
  if (!wire || wire->schema_id != codec::kFlytningSchemaId ||
      !codec::decode_flytning(wire->message, move)) {
    return refused("UNDECODABLE", "not a kronika.event.v1.Flytning that this build reads", letter);
  }
  const auto* link = std::get_if<codec::MoveLink>(&move);
  const auto* moved = std::get_if<codec::MovedEvent>(&move);
  const std::string_view bytes = link != nullptr    ? std::string_view(link->replacement)
                                 : moved != nullptr ? std::string_view(moved->event)
                                                    : std::string_view();
  if (bytes.empty() || !codec::decode_event(bytes, event)) {
    return refused("UNDECODABLE", "the event in the move does not read", letter);
  }
  Plan plan;
  if (link != nullptr) {
    plan.verdict = Verdict::kAccepted;
    return plan;
  }
  plan.reasons = letter.reasons();
  plan.sentence =
      "this build reads the moved event, but coming late it could undo a later move; a rebuild "
      "takes it in its place (docs/operations.md, Rebuild everything)";
  return plan;
}

Plan Replayer::plan_event(const DeadLetter& letter) const {
  Plan plan;
  const auto wire = bus::read_wire(letter.value);
  if (!wire) return refused("UNDECODABLE", "the value has no wire prefix", letter);
  if (wire->schema_id != codec::kEventSchemaId) {
    return refused("SCHEMA_UNKNOWN", "the schema id is not that of kronika.event.v1.Event", letter);
  }
  domain::Event event;
  if (const auto read = codec::decode_event(wire->message, event); !read) {
    return refused("UNDECODABLE", read.error().context, letter);
  }
  if (event.person_key.view() != letter.key) {
    return refused("KEY_MISMATCH", "the record's key is not the event's person_key", letter);
  }
  if (const auto found = domain::check(*tools_.adapters->rules, event, clock_->now())) {
    return refused(domain::slug(found->reason), found->sentence, letter);
  }
  plan.verdict = Verdict::kAccepted;
  plan.events = 1;
  return plan;
}

Result<std::vector<Attempt>> Replayer::replay(const std::vector<DeadLetter>& letters) {
  std::vector<Attempt> attempts(letters.size());
  std::vector<codec::AuditRecord> begun;
  std::vector<const DeadLetter*> messages;
  std::vector<Attempt*> message_attempts;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    Attempt& attempt = attempts[i];
    attempt.letter = letters[i].at;
    attempt.plan = plan(letters[i]);
    const Verdict verdict = attempt.plan.verdict;
    // A consumer's record that is refused again would only stand on its topic a second time.
    attempt.sent = verdict == Verdict::kAccepted || verdict == Verdict::kPartly ||
                   (verdict == Verdict::kRefused && letters[i].sealed());
    if (!attempt.sent) continue;
    begun.push_back(record_of("dead-letter.replay", attempt.letter, purpose_, clock_->now()));
    if (letters[i].sealed()) {
      messages.push_back(&letters[i]);
      message_attempts.push_back(&attempt);
    }
  }
  if (begun.empty()) return attempts;
  if (auto ok = audit_->write(begun); !ok) return tl::unexpected(ok.error());
  if (auto ok = send_messages(messages, message_attempts); !ok) return tl::unexpected(ok.error());
  std::vector<codec::AuditRecord> ended;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    Attempt& attempt = attempts[i];
    if (!attempt.sent) continue;
    if (!letters[i].sealed()) {
      if (auto ok = send_record(letters[i], attempt); !ok) return tl::unexpected(ok.error());
    }
    auto record = record_of(std::string(kReplayedAction), attempt.letter, purpose_, clock_->now());
    record.outcome = to_text(attempt.plan.verdict);
    record.events = static_cast<std::uint32_t>(attempt.events.size());
    record.reasons = attempt.plan.reasons;
    ended.push_back(std::move(record));
  }
  if (auto ok = audit_->write(ended); !ok) return tl::unexpected(ok.error());
  return attempts;
}

Result<void> Replayer::send_messages(const std::vector<const DeadLetter*>& letters,
                                     const std::vector<Attempt*>& attempts) {
  if (letters.empty()) return {};
  edge::Edge edge(tools_, options_);
  const auto answers = std::make_shared<Answers>(letters.size());
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const DeadLetter& letter = *letters[i];
    auto bytes = tools_.sealer->open(letter.value);
    if (!bytes) return tl::unexpected(bytes.error());
    const std::string source = "dead-letter " + text_of(letter.at);
    const std::string sender = letter.sender();
    edge::Incoming message;
    message.bytes = *bytes;
    message.door = edge::Door::kReplay;
    message.sender = sender;
    message.source = source;
    message.replay_of = letter.at;
    message.received = clock_->now();
    edge.submit(message, [answers, i](Result<edge::Account> account) {
      const std::lock_guard lock(answers->mutex);
      answers->accounts[i] = std::move(account);
    });
    // One at a time where they are large: what does not fit is answered "busy".
    if (edge.load().share > 0.5 && !edge.drain(kSendTimeout)) break;
  }
  if (!edge.drain(kSendTimeout)) {
    return fail(kAuditAway, "Kafka did not acknowledge everything in time; send them again");
  }
  const std::lock_guard lock(answers->mutex);
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const Result<edge::Account>& account = answers->accounts[i];
    if (!account) return tl::unexpected(account.error());
    Attempt& attempt = *attempts[i];
    for (const edge::Fact& fact : account->facts) {
      if (const auto* a = std::get_if<edge::AcceptedFact>(&fact)) {
        attempt.events.push_back({a->event_id, a->topic, a->partition, a->offset});
      }
    }
  }
  return {};
}

Result<bus::Published> Replayer::publish(const bus::Outgoing& record) {
  struct Placed {
    std::mutex mutex;
    Result<bus::Published> result = fail(kAuditAway, "Kafka did not answer in time");
  };
  const auto placed = std::make_shared<Placed>();
  const auto queued = tools_.bus->publish(record, [placed](Result<bus::Published> result) {
    const std::lock_guard lock(placed->mutex);
    placed->result = std::move(result);
  });
  if (!queued) return tl::unexpected(queued.error());
  if (auto ok = tools_.bus->flush(kSendTimeout); !ok) return tl::unexpected(ok.error());
  const std::lock_guard lock(placed->mutex);
  return placed->result;
}

Result<void> Replayer::send_record(const DeadLetter& letter, Attempt& attempt) {
  const std::string lineage = std::string(bus::kDeadLetter) + "/" +
                              std::to_string(letter.at.partition) + "/" +
                              std::to_string(letter.at.offset);
  const std::string topic = letter.fault("topic");
  std::vector<bus::Header> headers;
  for (const auto& [key, value] : letter.headers) {
    const bool ours = key.starts_with("kronika-dlq-") && key != "kronika-dlq-attempt";
    if (!ours && key != edge::kReplayOf) headers.push_back({key, value});
  }
  headers.push_back({edge::kReplayOf, lineage});
  const Instant now = clock_->now();
  bus::Outgoing record;
  record.topic = topic;
  record.key = letter.key;
  record.value = letter.value;
  record.headers = headers;
  record.timestamp = now;
  const auto placed = publish(record);
  if (!placed) return tl::unexpected(placed.error());
  // A move is no event of its own: the ledger has booked the event where it first came in.
  if (topic == bus::kFlytning) return book_closed({letter}, now);
  domain::Event event;
  const auto wire = bus::read_wire(letter.value);
  if (auto ok = codec::decode_event(wire->message, event); !ok) return ok;
  attempt.events.push_back({event.event_id, topic, placed->partition, placed->offset});
  return book_event(letter, attempt, now);
}

Result<void> Replayer::book_event(const DeadLetter& letter, const Attempt& attempt, Instant now) {
  codec::MessageReceived received;
  received.sha256 = from_hex(codec::sha256_hex(letter.value)).value_or("");
  received.sender_org = letter.sender();
  received.protocol = codec::kEventProtocol;
  received.door = edge::to_text(edge::Door::kReplay);
  received.received_at = now;
  received.size_bytes = letter.value.size();
  received.adapter_revision = codec::kAdapterRevision;
  received.events = attempt.events;
  received.traceparent = edge::Trace(letter.header("traceparent")).header();
  received.replay_of = {letter.at};
  std::string value;
  bus::append_wire_prefix(codec::kMessageReceivedSchemaId, value);
  codec::encode_message_received(received, value);
  bus::Outgoing booked;
  booked.topic = bus::kLedger;
  booked.key = attempt.events.front().event_id.view();
  booked.value = value;
  booked.timestamp = now;
  const auto entered = publish(booked);
  return entered ? Result<void>() : tl::unexpected(entered.error());
}

Result<void> Replayer::book_closed(const std::vector<DeadLetter>& letters, Instant now) {
  struct Tally {
    std::mutex mutex;
    std::optional<Error> failure;  ///< guarded by mutex: the first
  };
  const auto tally = std::make_shared<Tally>();
  for (const DeadLetter& letter : letters) {
    std::string value;
    bus::append_wire_prefix(codec::kLetterClosedSchemaId, value);
    codec::encode_letter_closed({letter.at, now}, value);
    const std::string key = text_of(letter.at);
    bus::Outgoing record;
    record.topic = bus::kLedger;
    record.key = key;
    record.value = value;
    record.timestamp = now;
    const auto queued = tools_.bus->publish(record, [tally](const Result<bus::Published>& result) {
      const std::lock_guard lock(tally->mutex);
      if (!result && !tally->failure) tally->failure = result.error();
    });
    if (!queued) return tl::unexpected(queued.error());
  }
  if (auto ok = tools_.bus->flush(kSendTimeout); !ok) return ok;
  const std::lock_guard lock(tally->mutex);
  return tally->failure ? Result<void>(tl::unexpected(*tally->failure)) : Result<void>();
}

Result<void> Replayer::close(const std::vector<DeadLetter>& letters) {
  const Instant now = clock_->now();
  std::vector<codec::AuditRecord> records;
  for (const DeadLetter& letter : letters) {
    records.push_back(record_of(std::string(kCloseAction), letter.at, purpose_, now));
    records.back().outcome = "closed";
  }
  if (records.empty()) return {};
  if (auto ok = audit_->write(records); !ok) return ok;
  return book_closed(letters, now);
}

void Replays::add(const bus::Record& audit_record) {
  const auto wire = bus::read_wire(audit_record.value);
  codec::AuditRecord audit;
  if (!wire || !codec::decode_audit(wire->message, audit)) return;
  const bool ended = audit.action == kReplayedAction || audit.action == kCloseAction;
  if (!ended || audit.topic != bus::kDeadLetter) return;
  auto& last = last_[{audit.partition, audit.offset}];
  if (last.first <= audit.time) last = {audit.time, audit.outcome};
}

std::string Replays::outcome(const codec::RecordPlace& letter) const {
  const auto found = last_.find({letter.partition, letter.offset});
  return found == last_.end() ? std::string() : found->second.second;
}

Result<std::string> open_letter(const DeadLetter& letter, const codec::Sealer& sealer,
                                AuditLog& audit, std::string purpose, Instant now) {
  if (auto ok = audit.write({record_of("dead-letter.open", letter.at, std::move(purpose), now)});
      !ok) {
    return tl::unexpected(ok.error());
  }
  if (letter.sealed()) return sealer.open(letter.value);
  const auto wire = bus::read_wire(letter.value);
  domain::Event event;
  if (wire && wire->schema_id == codec::kEventSchemaId &&
      codec::decode_event(wire->message, event)) {
    return codec::write_native_json(event);
  }
  return to_hex(letter.value);
}

}  // namespace kronika::deadletters
