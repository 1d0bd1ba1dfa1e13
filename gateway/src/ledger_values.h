// The values of src/ledger_keys.h, and their bytes.
#pragma once

#include "ledger_keys.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/codec/uuid5.h>
#include <kronika/gateway/ledger.h>

namespace kronika::gateway {

/// The event tasks' own topics come first in kViewTopics; flytning, the sixth, is not booked.
inline constexpr std::uint8_t kEventTopics = 5;

/// What became of an event.
struct LedgerBooking {
  EventFate fate = EventFate::kApplied;
  bool irregular = false;
  bool unimplemented = false;
  bool without_time = false;  ///< of an earlier release: its event may be older than what is kept
  std::uint16_t day = 0;
  std::uint64_t sender = 0;
  EventId id;  ///< of a stored one the first four bytes
  std::string reason;
};

/// By what an event is found: why it was refused, what else became of it than being applied, marks.
[[nodiscard]] std::vector<std::string_view> reasons_of(const LedgerBooking& booking);

/// An event on its topic.
struct Stands {
  Instant time;
  std::uint64_t sender = 0;
  EventId id;  ///< of a stored one the first four bytes
  std::optional<PersonKey> person;
};

/// A message of the ledger names the place where its original or its dead letter is kept.
struct Claim {
  RecordAt message;
  std::uint16_t day = 0;
  std::string hash;  ///< first bytes of the message's SHA-256
};

/// What is said of one place.
struct LedgerKnown {
  std::optional<std::string> announced;  ///< value of kAnnounced
  std::optional<LedgerBooking> booking;
  std::optional<Stands> stands;
};

[[nodiscard]] inline bool same_start(std::string_view a, std::string_view b) {
  return a.substr(0, ledger_keys::kIdBytes) == b.substr(0, ledger_keys::kIdBytes);
}
[[nodiscard]] inline bool is_zero(const EventId& id) { return id == EventId{}; }

[[nodiscard]] inline std::string hash_of_id(std::string_view id) {
  return from_hex(codec::sha256_hex(id)).value_or("").substr(0, 8);
}

[[nodiscard]] inline std::string value_of(const Stands& stands) {
  std::string value;
  ledger_keys::append_48(value, static_cast<std::uint64_t>(stands.time.ms));
  append_be(value, stands.sender);
  value.append(stands.id.view().substr(0, ledger_keys::kIdBytes));
  if (stands.person) value.append(stands.person->view());
  return value;
}
[[nodiscard]] inline Stands read_stands(std::string_view value) {
  Stands stands;
  stands.time.ms = static_cast<std::int64_t>(ledger_keys::read_48(value, 0));
  stands.sender = read_be<std::uint64_t>(value, 6);
  std::copy_n(value.begin() + 14, ledger_keys::kIdBytes,
              reinterpret_cast<char*>(stands.id.bytes.data()));
  stands.person = PersonKey::from_bytes(value.substr(14 + ledger_keys::kIdBytes));
  return stands;
}

[[nodiscard]] inline std::string value_of(const Claim& claim) {
  std::string value;
  append_be(value, claim.day);
  return value.append(claim.hash);
}
[[nodiscard]] inline std::string claim_key(const RecordAt& at, const RecordAt& message) {
  std::string key = ledger_keys::place_key(at, ledger_keys::kClaimed);
  append_be(key, static_cast<std::uint16_t>(message.partition));
  ledger_keys::append_48(key, static_cast<std::uint64_t>(message.offset));
  return key;
}
[[nodiscard]] Claim read_claim(std::string_view key, std::string_view value);
[[nodiscard]] std::string value_of(const Letter& letter);
[[nodiscard]] Letter read_letter(std::string_view value);
/// What the keys of open letters of a kind begin with.
[[nodiscard]] std::string open_prefix(std::string_view stage, std::string_view reason);
[[nodiscard]] std::string open_key(const Letter& letter, const RecordAt& at);

/// Names what is missing somewhere.
[[nodiscard]] inline std::string missing_key(std::uint16_t day, std::uint64_t sender,
                                             const RecordAt& at, EventFate fate) {
  std::string key = ledger_keys::day_key('h', day);
  append_be(key, sender);
  ledger_keys::append_place(key, at);
  key.push_back(static_cast<char>(fate));
  return key;
}

[[nodiscard]] std::string value_of(const LedgerBooking& booking);
[[nodiscard]] LedgerBooking read_booking(std::string_view value);
[[nodiscard]] std::string value_of(const SenderDay& counts);
[[nodiscard]] SenderDay read_counts(std::string_view value);

}  // namespace kronika::gateway
