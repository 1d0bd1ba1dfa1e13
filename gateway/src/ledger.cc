// Writing: events, bookings and messages into their places, and what they count for.
#include "ledger_keys.h"
#include "ledger_values.h"

#include <algorithm>
#include <charconv>

#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/codec/uuid5.h>
#include <kronika/domain/identity.h>
#include <kronika/gateway/errc.h>
#include <kronika/gateway/view.h>

namespace kronika::gateway {

using namespace ledger_keys;  // NOLINT(google-build-using-namespace)

namespace {

// A flood of invented senders must not fill the memory: further ones of a day count as none.
constexpr std::size_t kSendersOfDay = 10'000;
constexpr int kHabitDays = 28;

std::optional<std::uint8_t> event_topic(std::string_view name) {
  for (std::uint8_t i = 0; i < kEventTopics; ++i) {
    if (kViewTopics[i] == name) return i;
  }
  return std::nullopt;
}

std::uint16_t day_of(Instant t) {
  return static_cast<std::uint16_t>(std::clamp(domain::civil_date_of(t).days, 0, 0xffff));
}

}  // namespace

std::string_view to_text(EventFate fate) {
  switch (fate) {
    case EventFate::kPending:
      return "PENDING";
    case EventFate::kApplied:
      return "APPLIED";
    case EventFate::kDuplicate:
      return "DUPLICATE";
    case EventFate::kSuperseded:
      return "SUPERSEDED";
    case EventFate::kRejected:
      return "REJECTED";
    case EventFate::kKept:
      return "KEPT";
    case EventFate::kNotBooked:
      return "NOT_BOOKED";
    case EventFate::kNotOnTopic:
      return "NOT_ON_TOPIC";
  }
  return {};
}

std::uint64_t SenderDay::pending() const {
  const std::uint64_t done = booked() + not_booked;
  return published > done ? published - done : 0;
}
bool SenderDay::adds_up() const {
  return received == accepted + rejected && not_booked == 0 && not_on_topic == 0 &&
         without_original == 0 && without_letter == 0;
}

std::uint64_t Ledger::sender_code(std::string_view sor_id) {
  std::uint64_t code = 0;
  if (sor_id.size() > 19 || !domain::is_sor_id(sor_id)) return 0;
  std::from_chars(sor_id.data(), sor_id.data() + sor_id.size(), code);
  return code;
}

Ledger::Ledger(store::StateStore& store, const LedgerTerms& terms, Instant now)
    : store_(store),
      terms_(terms),
      since_(domain::start_of_day(domain::civil_date_of(now) - terms.days)) {}

Result<void> Ledger::load() {
  auto since = store_.get(kFamily, "t");
  if (!since) return tl::unexpected(since.error());
  // What was not kept at first is not there later either.
  if (*since) since_ = std::max(since_, Instant{from_sortable(read_be<std::uint64_t>(**since, 0))});
  auto done = store_.scan_prefix(kFamily, "c", [&](std::string_view key, std::string_view value) {
    const DayKey at{read_be<std::uint16_t>(key, 1), read_be<std::uint64_t>(key, 3)};
    counts_[at] = read_counts(value);
    ++senders_of_day_[at.first];
    return true;
  });
  if (!done) return done;
  const auto offsets = [&](std::string_view prefix, Offsets& out) {
    return store_.scan_prefix(kFamily, prefix, [&](std::string_view key, std::string_view value) {
      out[{static_cast<std::uint8_t>(key[1]), read_be<std::uint16_t>(key, 2)}] =
          static_cast<std::int64_t>(read_be<std::uint64_t>(value, 0));
      return true;
    });
  };
  if (done = offsets("f", frontier_); !done) return done;
  if (done = offsets("v", compared_); !done) return done;
  if (done = offsets("b", begins_); !done) return done;
  if (done = load_letters(); !done) return done;
  return store_.scan_prefix(kFamily, "d", [&](std::string_view key, std::string_view value) {
    marks_[{{static_cast<std::uint8_t>(key[3]), read_be<std::uint16_t>(key, 4)},
            read_be<std::uint16_t>(key, 1)}] =
        static_cast<std::int64_t>(read_be<std::uint64_t>(value, 0));
    return true;
  });
}

Instant Ledger::since() const {
  const std::lock_guard lock(mutex_);
  return since_;
}
Ledger::Offsets Ledger::compared() const {
  const std::lock_guard lock(mutex_);
  return compared_;
}

SenderDay& Ledger::counts_of(std::uint16_t day, std::uint64_t sender) {
  auto found = counts_.find({day, sender});
  if (found == counts_.end()) {
    std::size_t& senders = senders_of_day_[day];
    if (senders >= kSendersOfDay) sender = 0;
    const auto [at, added] = counts_.try_emplace({day, sender});
    if (added) ++senders;
    found = at;
  }
  touched_[found->first] = true;
  return found->second;
}

void Ledger::mark(RecordAt at, std::uint16_t day, store::WriteSet& writes) {
  const auto [found, added] = marks_.try_emplace({{at.topic, at.partition}, day}, at.offset);
  if (!added && found->second >= at.offset) return;
  found->second = at.offset;
  std::string key = day_key('d', day);
  key.push_back(static_cast<char>(at.topic));
  append_be(key, static_cast<std::uint16_t>(at.partition));
  std::string value;
  append_be(value, static_cast<std::uint64_t>(at.offset));
  writes.put(kFamily, key, value);
}

void Ledger::stage_event(const bus::Record& record, RecordAt at, store::WriteSet& writes) {
  const Instant first = since();
  if (record.timestamp < first) return;
  const std::uint16_t day = day_of(record.timestamp);
  Stands stands;
  stands.time = record.timestamp;
  const auto wire = bus::read_wire(record.value);
  thread_local domain::Event event;
  if (wire && wire->schema_id == codec::kEventSchemaId &&
      codec::decode_event(wire->message, event)) {
    stands.sender = sender_code(event.sender_org);
    stands.id = event.event_id;
  }
  stands.person = PersonKey::from_bytes(record.key);
  writes.put(kFamily, place_key(at, kStands), value_of(stands));
  mark(at, day, writes);
  const std::lock_guard lock(mutex_);
  ++counts_of(day, stands.sender).published;
}

Result<void> Ledger::stage_booking(const bus::Record& record, RecordAt at,
                                   store::WriteSet& writes) {
  const auto wire = bus::read_wire(record.value);
  if (!wire) return {};
  if (wire->schema_id == codec::kLedgerEntrySchemaId) {
    codec::LedgerEntry entry;
    if (!codec::decode_ledger_entry(wire->message, entry)) return {};
    return stage_entry(entry, record.timestamp, at, writes);
  }
  if (wire->schema_id == codec::kLetterClosedSchemaId) {
    codec::LetterClosed closed;
    if (!codec::decode_letter_closed(wire->message, closed)) return {};
    return close_letter(closed.letter, day_of(closed.closed_at), writes);
  }
  if (wire->schema_id != codec::kMessageReceivedSchemaId) return {};
  codec::MessageReceived received;
  if (!codec::decode_message_received(wire->message, received)) return {};
  return stage_message(wire->message, received, at, writes);
}

void Ledger::count_booking(const LedgerBooking& booking, int by) {
  SenderDay& counts = counts_of(booking.day, booking.sender);
  const auto add = [by](std::uint64_t& n) { n += static_cast<std::uint64_t>(by); };
  switch (booking.fate) {
    case EventFate::kApplied:
      add(counts.applied);
      break;
    case EventFate::kDuplicate:
      add(counts.duplicate);
      break;
    case EventFate::kSuperseded:
      add(counts.superseded);
      break;
    default:
      add(counts.refused);
  }
  if (booking.irregular) add(counts.irregular);
  if (booking.unimplemented) add(counts.unimplemented);
}

Result<void> Ledger::stage_entry(const codec::LedgerEntry& entry, Instant written, RecordAt,
                                 store::WriteSet& writes) {
  const auto topic = event_topic(entry.topic);
  if (!topic) return {};
  const bool old = entry.record_time == Instant{};
  const Instant time = old ? written : entry.record_time;
  if (time < since()) return {};
  const RecordAt place{*topic, entry.partition, entry.offset};
  LedgerBooking booking;
  switch (entry.outcome) {
    case codec::LedgerOutcome::kApplied:
      booking.fate = EventFate::kApplied;
      break;
    case codec::LedgerOutcome::kDuplicate:
      booking.fate = EventFate::kDuplicate;
      break;
    case codec::LedgerOutcome::kSuperseded:
      booking.fate = EventFate::kSuperseded;
      break;
    default:
      booking.fate = EventFate::kRejected;
  }
  booking.irregular = entry.irregular;
  booking.unimplemented = entry.unimplemented;
  booking.without_time = old;
  booking.day = day_of(time);
  booking.sender = sender_code(entry.sender_org);
  booking.id = entry.event_id;
  booking.reason = entry.reason;

  // An event is booked again where a copy of it takes its place, or gives it back.
  std::optional<std::string> before;
  std::int64_t& frontier = frontier_[{place.topic, place.partition}];
  if (place.offset < frontier) {
    if (const auto here = batch_bookings_.find(place); here != batch_bookings_.end()) {
      before = here->second;
    } else {
      auto stored = store_.get(kFamily, place_key(place, kBooked));
      if (!stored) return tl::unexpected(stored.error());
      before = std::move(*stored);
    }
  } else {
    frontier = place.offset + 1;
    std::string value;
    append_be(value, static_cast<std::uint64_t>(frontier));
    writes.put(kFamily, part_key('f', place.topic, place.partition), value);
  }
  const std::string value = value_of(booking);
  batch_bookings_[place] = value;
  writes.put(kFamily, place_key(place, kBooked), value);
  mark(place, booking.day, writes);
  for (const std::string_view reason : reasons_of(booking)) {
    std::string key = day_key('r', booking.day);
    key.append(reason).push_back('\0');
    append_place(key, place);
    writes.put(kFamily, key, "");
  }
  const std::lock_guard lock(mutex_);
  if (before) count_booking(read_booking(*before), -1);
  count_booking(booking, 1);
  return {};
}

Result<void> Ledger::stage_message(std::string_view message, const codec::MessageReceived& received,
                                   RecordAt at, store::WriteSet& writes) {
  if (received.received_at < since()) return {};
  const std::uint16_t day = day_of(received.received_at);
  const std::uint64_t sender = sender_code(received.sender_org);
  writes.put(kFamily, place_key(at, kMessage), message);
  mark(at, day, writes);
  std::string place;
  append_place(place, at);
  std::string key = day_key('s', day);
  append_be(key, sender);
  append_48(key, static_cast<std::uint64_t>(received.received_at.ms));
  writes.put(kFamily, key.append(place), "");
  // Doors tell both to the sender.
  const std::string names[] = {to_hex(received.sha256), received.message_id};
  for (const std::string& name : names) {
    if (!name.empty()) writes.put(kFamily, day_key('i', day) + hash_of_id(name) + place, "");
  }
  for (const codec::RefusedFacts& refused : received.refused) {
    key = day_key('r', day);
    key.append(refused.reason).push_back('\0');
    writes.put(kFamily, key.append(place), "");
  }
  if (received.has_original()) {
    stage_claim(received, at, {kRawTopic, received.raw.partition, received.raw.offset}, day,
                writes);
  }
  for (const codec::RecordPlace& letter : received.dead_letters) {
    stage_claim(received, at, {kDeadLetterTopic, letter.partition, letter.offset}, day, writes);
  }
  for (const codec::RecordPlace& letter : received.replay_of) {
    if (auto ok = close_letter(letter, day, writes); !ok) return ok;
  }
  std::uint64_t announced = 0;
  for (const codec::PublishedEvent& event : received.events) {
    const auto topic = event_topic(event.topic);
    if (!topic) continue;
    ++announced;
    std::string value(event.event_id.view().substr(0, kIdBytes));
    append_be(value, static_cast<std::uint16_t>(at.partition));
    append_48(value, static_cast<std::uint64_t>(at.offset));
    const RecordAt there{*topic, event.partition, event.offset};
    writes.put(kFamily, place_key(there, kAnnounced), value);
    mark(there, day, writes);
  }
  const std::lock_guard lock(mutex_);
  SenderDay& counts = counts_of(day, sender);
  ++counts.received;
  ++(received.refused.empty() ? counts.accepted : counts.rejected);
  counts.announced += announced;
  counts.last_message_ms = std::max(counts.last_message_ms, received.received_at.ms);
  const std::int64_t in_day =
      received.received_at.ms - domain::start_of_day(domain::CivilDate{day}).ms;
  // A day of 25 hours ends in the last slot.
  const auto slot = static_cast<std::size_t>(std::max<std::int64_t>(in_day, 0) / 300'000);
  counts.active.set(std::min(slot, SenderDay::kSlots - 1));
  return {};
}

void Ledger::finish(store::WriteSet& writes) {
  batch_bookings_.clear();
  batch_letters_.clear();
  batch_closed_.clear();
  put_touched(writes);
}

void Ledger::put_touched(store::WriteSet& writes) {
  const std::lock_guard lock(mutex_);
  if (touched_.empty()) return;
  for (const auto& [at, is] : touched_) {
    std::string key = day_key('c', at.first);
    append_be(key, at.second);
    writes.put(kFamily, key, value_of(counts_[at]));
  }
  touched_.clear();
  std::string since;
  append_be(since, sortable(since_.ms));
  writes.put(kFamily, "t", since);
}

Result<void> Ledger::prune(Instant now) {
  const domain::CivilDate first = domain::civil_date_of(now) - terms_.days;
  const Instant from = domain::start_of_day(first);
  if (from <= since()) return {};
  const auto day = static_cast<std::uint16_t>(std::max(first.days, 0));
  store::WriteSet writes;
  for (auto at = marks_.begin(); at != marks_.end();) {
    const auto& [part, of_day] = at->first;
    if (of_day >= day) {
      ++at;
      continue;
    }
    const RecordAt begin{part.first, part.second, 0};
    const RecordAt end{part.first, part.second, at->second + 1};
    if (begin.topic == kDeadLetterTopic) {
      if (auto ok = forget_letters(begin, end); !ok) return ok;
    }
    if (auto ok = store_.erase_range(kFamily, place_key(begin), place_key(end)); !ok) return ok;
    at = marks_.erase(at);
  }
  for (const char prefix : {'s', 'i', 'r', 'h', 'd'}) {
    if (auto ok = store_.erase_range(kFamily, day_key(prefix, 0), day_key(prefix, day)); !ok) {
      return ok;
    }
  }
  const int habit_from = std::min(first.days, domain::civil_date_of(now).days - kHabitDays);
  const auto counts_from = static_cast<std::uint16_t>(std::max(habit_from, 0));
  if (auto ok = store_.erase_range(kFamily, day_key('c', 0), day_key('c', counts_from)); !ok) {
    return ok;
  }
  {
    const std::lock_guard lock(mutex_);
    since_ = from;
    counts_.erase(counts_.begin(), counts_.lower_bound({counts_from, 0}));
    senders_of_day_.erase(senders_of_day_.begin(), senders_of_day_.lower_bound(counts_from));
    std::string value;
    append_be(value, sortable(since_.ms));
    writes.put(kFamily, "t", value);
  }
  return store_.apply(writes);
}

}  // namespace kronika::gateway
