// The small messages that travel beside events: ledger entries, received messages, audit and
// progress records, and the topic flytning. Plain structs, read and written like events
// (event_codec.h).
//
// The topic ledger holds three kinds, told apart by the schema id of their wire prefix: LedgerEntry
// (what became of one event), MessageReceived (what an edge received and answered) and LetterClosed
// (a dead letter that is dealt with).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/base/ids.h>
#include <kronika/base/result.h>
#include <kronika/domain/journal.h>

namespace kronika::codec {

enum class LedgerOutcome : std::uint8_t {
  kUnspecified,
  kApplied,
  kDuplicate,
  kSuperseded,
  kRejected
};

/// What became of one event. The identity of an entry is the event's place (topic, partition,
/// offset).
struct LedgerEntry {
  EventId event_id;  ///< zero where the record could not be decoded
  LedgerOutcome outcome = LedgerOutcome::kUnspecified;
  bool irregular = false;
  std::string reason;  ///< reason code of kRejected
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::string sender_org;
  bool unimplemented = false;
  Instant record_time;  ///< timestamp of the event's record; Instant{0}: an earlier release's entry
  std::string trace_id = {};  ///< 16 bytes, of the record's traceparent; empty without one
  friend bool operator==(const LedgerEntry&, const LedgerEntry&) = default;
};

struct RecordPlace {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  friend bool operator==(const RecordPlace&, const RecordPlace&) = default;
};
struct PublishedEvent {
  EventId event_id;
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  friend bool operator==(const PublishedEvent&, const PublishedEvent&) = default;
};
struct RefusedFacts {
  std::string reason;
  std::uint32_t facts = 0;
  friend bool operator==(const RefusedFacts&, const RefusedFacts&) = default;
};
struct IgnoredResources {
  std::string name;
  std::uint32_t resources = 0;
  friend bool operator==(const IgnoredResources&, const IgnoredResources&) = default;
};
/// MessageReceived::protocol of a consumer's record that an operator sent once more.
inline constexpr std::string_view kEventProtocol = "event";

/// A message that an edge answered; written when everything that it gave is on Kafka.
struct MessageReceived {
  std::string sha256;      ///< 32 bytes
  std::string message_id;  ///< as the sender named it, withheld where it could be a CPR number
  std::string sender_org;
  std::string protocol;
  std::string door;
  Instant received_at;
  std::uint64_t size_bytes = 0;
  std::uint32_t adapter_revision = 0;
  std::vector<PublishedEvent> events;
  std::vector<RefusedFacts> refused;  ///< none: accepted whole
  std::uint32_t ignored = 0;
  std::string traceparent;
  RecordPlace raw;
  std::vector<RecordPlace> dead_letters;  ///< one where a fact was refused, else none
  std::vector<RecordPlace> replay_of;     ///< the dead letter that was sent once more, or none
  std::vector<IgnoredResources> ignored_by_name;

  /// Whether its bytes are kept, at `raw`: they are, unless it came as an event.
  [[nodiscard]] bool has_original() const { return protocol != kEventProtocol; }
  friend bool operator==(const MessageReceived&, const MessageReceived&) = default;
};

/// A dead letter that is dealt with, though no message came of it.
struct LetterClosed {
  RecordPlace letter;
  Instant closed_at;
  friend bool operator==(const LetterClosed&, const LetterClosed&) = default;
};

/// What a person did (topic audit); proto/kronika/state/v1/audit.proto has the words.
struct AuditRecord {
  Instant time;
  std::string actor;
  std::string host;
  std::string action;
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::string purpose;
  std::string outcome;
  std::uint32_t events = 0;
  std::string reasons;
  friend bool operator==(const AuditRecord&, const AuditRecord&) = default;
};

/// A record that the consumer refused (architecture A12).
struct RefusedRecord {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::string reason;
  friend bool operator==(const RefusedRecord&, const RefusedRecord&) = default;
};

/// Whether it was refused for another copy (VERSION_CONFLICT, EVENT_ID_REUSED). Such a record stays
/// in the journal: which copy stands is judged from all of them, so whoever reads the log again
/// must read it too. All other refused records are left out.
[[nodiscard]] bool loses_to_a_copy(const RefusedRecord& refused);

struct TopicPosition {
  std::string topic;
  std::int64_t next_offset = 0;
  friend bool operator==(const TopicPosition&, const TopicPosition&) = default;
};

/// One a task and transaction, under the key of progress_key().
struct ProgressRecord {
  Instant as_of;
  std::int64_t transaction_number = 0;
  std::vector<TopicPosition> positions;
  std::vector<RefusedRecord> refused;
  std::uint64_t awaiting_refold = 0;  ///< citizens still to be emitted with these rules (A8)
  friend bool operator==(const ProgressRecord&, const ProgressRecord&) = default;
};

/// A record's place on Kafka, with the topic's name (domain::Origin holds its index).
struct WireOrigin {
  Instant timestamp;
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  friend bool operator==(const WireOrigin&, const WireOrigin&) = default;
};

/// Events travel as their own bytes, so that a payload unknown to this build arrives unharmed.
struct MoveLink {
  PersonKey new_person_key;
  std::string replacement;  ///< bytes of the CprReplaced Event
  WireOrigin origin;
  friend bool operator==(const MoveLink&, const MoveLink&) = default;
};
struct MovedEvent {
  std::string event;  ///< bytes of the Event
  WireOrigin origin;
  std::vector<domain::Hop> path;
  bool withdrawn = false;
  friend bool operator==(const MovedEvent&, const MovedEvent&) = default;
};
/// monostate: a kind that this build does not know.
using Flytning = std::variant<std::monostate, MoveLink, MovedEvent>;

/// All decoders: kUndecodable on anything that is not the message. Encoders append to `out`.
[[nodiscard]] Result<void> decode_ledger_entry(std::string_view bytes, LedgerEntry& entry);
void encode_ledger_entry(const LedgerEntry& entry, std::string& out);
[[nodiscard]] Result<void> decode_message_received(std::string_view bytes,
                                                   MessageReceived& received);
void encode_message_received(const MessageReceived& received, std::string& out);
[[nodiscard]] Result<void> decode_letter_closed(std::string_view bytes, LetterClosed& closed);
void encode_letter_closed(const LetterClosed& closed, std::string& out);
[[nodiscard]] Result<void> decode_audit(std::string_view bytes, AuditRecord& record);
void encode_audit(const AuditRecord& record, std::string& out);
[[nodiscard]] Result<void> decode_progress(std::string_view bytes, ProgressRecord& progress);
void encode_progress(const ProgressRecord& progress, std::string& out);
[[nodiscard]] Result<void> decode_flytning(std::string_view bytes, Flytning& flytning);
void encode_flytning(const Flytning& flytning, std::string& out);

/// Key of a task's progress record in its compacted topic: "progress/<partition>", never 16 bytes
/// long.
[[nodiscard]] std::string progress_key(std::int32_t partition);
/// Whether a key of a compacted topic is a progress record's.
[[nodiscard]] bool is_progress_key(std::string_view key);

/// Key of a record of indicator-delta that holds no difference and tells that the canary's event
/// came this far; its timestamp is when that was published.
inline constexpr std::string_view kCanaryDeltaKey = "canary";

}  // namespace kronika::codec
