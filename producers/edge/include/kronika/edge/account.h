// What a door hands to the edge, and what it gets back: the account of one message, from which it
// makes the answer in its own protocol. Plain data.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/base/ids.h>
#include <kronika/base/result.h>
#include <kronika/codec/adapter.h>
#include <kronika/codec/ledger_codec.h>

namespace kronika::edge {

class Place;

enum class Door : std::uint8_t { kFile, kGrpc, kFhir, kMllp, kReplay };
/// "file", "grpc", "fhir", "mllp", "replay".
[[nodiscard]] std::string_view to_text(Door door);

/// One message as it came in. The views need to live only during Edge::submit.
struct Incoming {
  std::string_view bytes;
  Door door = Door::kFile;
  /// What the door took the bytes for. The content decides; this names the protocol where the
  /// content does not (damaged bytes).
  codec::Protocol hint = codec::Protocol::kUnknown;
  /// The protocols that this door takes; empty: all. A message of another one is kept and refused
  /// as TYPE_UNKNOWN, with `not_taken` as the sentence.
  std::span<const codec::Protocol> takes{};
  std::string_view not_taken{};
  /// SOR id by which the door knows the connection, for the ledger and metrics where the message
  /// names none. Decides nothing else (architecture A17).
  std::string_view sender{};
  /// Where it came from, for a human: a file's name, "10.0.0.7:51234". Goes into the dead letter;
  /// one that could hold a CPR number is withheld.
  std::string_view source{};
  /// The sender's W3C traceparent; empty or malformed: a new trace begins here.
  std::string_view traceparent{};
  /// The dead letter whose bytes are sent once more: lineage in the ledger, and in the header
  /// kronika-replay-of of every record that comes of it.
  std::optional<codec::RecordPlace> replay_of{};
  /// The connection that it came on, whose peer's bounds it counts against; null: no bounds.
  const Place* place = nullptr;
  /// When it was received; TIME_FUTURE is judged by it, and it is the records' timestamp.
  Instant received;
};

/// An event, with its place on Kafka.
struct AcceptedFact {
  EventId event_id;
  domain::EventType type = domain::EventType::kUnknown;
  std::string position;  ///< "entry[3] Observation/abc"
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
};
/// codec::Refused with all its faults and their places, codec::Ignored with its name and place.
using Fact = std::variant<AcceptedFact, codec::Refused, codec::Ignored>;

/// What became of one message. Exists only when everything stands on all in-sync replicas: events
/// on their topics, the sealed bytes in `raw` (and in `dead-letter` where a fact was refused), and
/// the ledger's record.
struct Account {
  codec::Protocol protocol = codec::Protocol::kUnknown;
  std::string message_id;  ///< as the sender named it; empty: it did not
  std::string sender_org;  ///< SOR id; empty: unknown
  std::string sha256;      ///< of the bytes, lower-case hex
  std::string trace_id;    ///< 32 hex digits
  Instant received;
  std::vector<Fact> facts;  ///< in the order of the message
  std::size_t accepted = 0, refused = 0, ignored = 0;

  /// Without any refusal: the positive answer of a protocol that has only one answer a message.
  [[nodiscard]] bool whole() const { return refused == 0; }
};

/// An error is no verdict on the message but "not now" (kRetryCall: send the same bytes again), or
/// edge_message_too_large.
using OnAccount = std::function<void(Result<Account>)>;

/// How long a sender should wait before it sends again (Retry-After, RetryInfo).
inline constexpr std::chrono::seconds kRetryAfter{5};

}  // namespace kronika::edge
