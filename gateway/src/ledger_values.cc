#include "ledger_values.h"

#include <array>

#include <kronika/gateway/view.h>

namespace kronika::gateway {
namespace {

constexpr char kIrregular = 1, kUnimplemented = 2, kWithoutTime = 4;
constexpr std::size_t kBookingHead = 2 + 2 + 8 + ledger_keys::kIdBytes;

/// In the order of their bytes.
template <class Counts>
auto numbers_of(Counts& c) {
  return std::array{&c.received,     &c.accepted,         &c.rejected,      &c.announced,
                    &c.published,    &c.applied,          &c.duplicate,     &c.superseded,
                    &c.refused,      &c.irregular,        &c.unimplemented, &c.not_booked,
                    &c.not_on_topic, &c.without_original, &c.without_letter};
}

}  // namespace

Claim read_claim(std::string_view key, std::string_view value) {
  const std::size_t message = 1 + ledger_keys::kPlaceBytes + 1;
  Claim claim;
  claim.message = {kLedgerTopic, read_be<std::uint16_t>(key, message),
                   static_cast<std::int64_t>(ledger_keys::read_48(key, message + 2))};
  claim.day = read_be<std::uint16_t>(value, 0);
  claim.hash = value.substr(2);
  return claim;
}

std::string value_of(const Letter& letter) {
  std::string value(1, letter.open ? '\1' : '\0');
  ledger_keys::append_48(value, static_cast<std::uint64_t>(letter.time.ms));
  std::string hash = letter.hash;
  hash.resize(ledger_keys::kIdBytes);
  return value.append(hash).append(letter.stage).append(1, '\0').append(letter.reason);
}
Letter read_letter(std::string_view value) {
  constexpr std::size_t kHash = 1 + 6, kStage = kHash + ledger_keys::kIdBytes;
  Letter letter;
  letter.open = value[0] != '\0';
  letter.time.ms = static_cast<std::int64_t>(ledger_keys::read_48(value, 1));
  letter.hash = value.substr(kHash, ledger_keys::kIdBytes);
  const std::size_t end = value.find('\0', kStage);
  letter.stage = value.substr(kStage, end - kStage);
  letter.reason = value.substr(end + 1);
  return letter;
}
std::string open_prefix(std::string_view stage, std::string_view reason) {
  std::string key = "o";
  return key.append(stage).append(1, '\0').append(reason).append(1, '\0');
}
std::string open_key(const Letter& letter, const RecordAt& at) {
  std::string key = open_prefix(letter.stage, letter.reason);
  ledger_keys::append_48(key, static_cast<std::uint64_t>(letter.time.ms));
  ledger_keys::append_place(key, at);
  return key;
}

std::vector<std::string_view> reasons_of(const LedgerBooking& booking) {
  std::vector<std::string_view> reasons;
  if (booking.fate == EventFate::kRejected) {
    reasons.push_back(booking.reason);
  } else if (booking.fate != EventFate::kApplied) {
    reasons.push_back(to_text(booking.fate));
  }
  if (booking.irregular) reasons.push_back("IRREGULAR");
  if (booking.unimplemented) reasons.push_back("UNIMPLEMENTED");
  return reasons;
}

std::string value_of(const LedgerBooking& booking) {
  std::string value(1, static_cast<char>(booking.fate));
  value.push_back(static_cast<char>((booking.irregular ? kIrregular : 0) |
                                    (booking.unimplemented ? kUnimplemented : 0) |
                                    (booking.without_time ? kWithoutTime : 0)));
  append_be(value, booking.day);
  append_be(value, booking.sender);
  value.append(booking.id.view().substr(0, ledger_keys::kIdBytes));
  value.append(booking.reason);
  return value;
}

LedgerBooking read_booking(std::string_view value) {
  LedgerBooking booking;
  booking.fate = static_cast<EventFate>(value[0]);
  booking.irregular = (value[1] & kIrregular) != 0;
  booking.unimplemented = (value[1] & kUnimplemented) != 0;
  booking.without_time = (value[1] & kWithoutTime) != 0;
  booking.day = read_be<std::uint16_t>(value, 2);
  booking.sender = read_be<std::uint64_t>(value, 4);
  std::copy_n(value.begin() + 12, ledger_keys::kIdBytes,
              reinterpret_cast<char*>(booking.id.bytes.data()));
  booking.reason = value.substr(kBookingHead);
  return booking;
}

std::string value_of(const SenderDay& counts) {
  std::string value;
  for (const auto* number : numbers_of(counts)) append_be(value, *number);
  append_be(value, sortable(counts.last_message_ms));
  for (std::size_t i = 0; i < SenderDay::kSlots; i += 8) {
    unsigned byte = 0;
    for (std::size_t bit = 0; bit < 8; ++bit) {
      byte |= static_cast<unsigned>(counts.active[i + bit]) << bit;
    }
    value.push_back(static_cast<char>(byte));
  }
  return value;
}

SenderDay read_counts(std::string_view value) {
  SenderDay counts;
  std::size_t at = 0;
  for (auto* number : numbers_of(counts)) {
    *number = read_be<std::uint64_t>(value, at);
    at += 8;
  }
  counts.last_message_ms = from_sortable(read_be<std::uint64_t>(value, at));
  at += 8;
  for (std::size_t i = 0; i < SenderDay::kSlots; ++i) {
    const auto byte = static_cast<unsigned char>(value[at + i / 8]);
    if ((byte >> (i % 8) & 1U) != 0) counts.active.set(i);
  }
  return counts;
}

}  // namespace kronika::gateway
