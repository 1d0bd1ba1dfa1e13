// Reconciliation: follows behind the citizen task and compares, place by place, what was announced,
// what stands on the topics and what was booked.
#include "ledger_values.h"

#include <algorithm>
#include <set>

#include <kronika/gateway/view.h>

namespace kronika::gateway {

using namespace ledger_keys;  // NOLINT(google-build-using-namespace)

namespace {

// Places compared in one step: some hundred milliseconds, so that the reader is not held up.
constexpr std::size_t kPlacesOfStep = 200'000;
constexpr int kHabitDays = 28;
constexpr int kHabitNeeds = 3;  ///< days with messages
constexpr std::int64_t kSlotMs = 300'000;

/// Reads one of a place's values; false: not one of the three.
bool take(std::string_view key, std::string_view value, LedgerKnown& known) {
  switch (key[1 + kPlaceBytes]) {
    case kAnnounced:
      known.announced = std::string(value);
      return true;
    case kBooked:
      known.booking = read_booking(value);
      return true;
    case kStands:
      known.stands = read_stands(value);
      return true;
    default:
      return false;
  }
}

/// Booked or announced is another event than the one that stands there, or none stands there.
bool differs(const LedgerKnown& known) {
  if (!known.stands) {
    return known.announced.has_value() || (known.booking && !known.booking->without_time);
  }
  const std::string_view there = known.stands->id.view();
  if (known.announced && !same_start(*known.announced, there)) return true;
  return known.booking && !is_zero(known.booking->id) && !is_zero(known.stands->id) &&
         !same_start(known.booking->id.view(), there);
}

}  // namespace

Result<void> Ledger::check(const Log& log, Instant now) {
  if (auto ok = check_events(log); !ok) return ok;
  return check_kept(log, now);
}

Result<void> Ledger::check_events(const Log& log) {
  const auto& [read, handled, ends, begins] = log;
  if (!waiting_) {
    waiting_.emplace(handled, ends);
    return {};
  }
  const auto reached = [&](const Offsets& goal) {
    return std::all_of(goal.begin(), goal.end(), [&](const auto& g) {
      const auto at = read.find(g.first);
      const std::int64_t next = at == read.end() ? 0 : at->second;
      const bool counts = g.first.first < kEventTopics || g.first.first == kLedgerTopic;
      return !counts || next >= g.second;
    });
  };
  // The citizen task commits booking and position together: what it had handled then was booked
  // below these ends.
  if (!reached(waiting_->second) || !reached(waiting_->first)) return {};
  if (auto ok = find_beyond(ends); !ok) return ok;
  std::size_t budget = kPlacesOfStep;
  for (const auto& [part, to] : waiting_->first) {
    if (part.first >= kEventTopics) continue;
    if (auto ok = compare(part.first, part.second, to, budget); !ok) return ok;
    if (budget == 0) return {};  // the rest at the next step
  }
  waiting_.emplace(handled, ends);
  return {};
}

Result<void> Ledger::scan_announced(const Offsets& from, const AnnouncedAt& found) const {
  const auto scan = [&](const RecordAt& first, const RecordAt& end) {
    return store_.scan_range(kFamily, place_key(first), place_key(end),
                             [&](std::string_view key, std::string_view value) {
                               if (key[1 + kPlaceBytes] == kAnnounced) {
                                 found(read_place(key, 1), value);
                               }
                               return true;
                             });
  };
  for (std::uint8_t topic = 0; topic < kEventTopics; ++topic) {
    // From behind one partition's offset to the next one named: those in between are new.
    RecordAt at{topic, 0, 0};
    for (auto part = from.lower_bound({topic, 0}); part != from.end(); ++part) {
      if (part->first.first != topic) break;
      const std::int32_t partition = part->first.second;
      if (auto ok = scan(at, {topic, partition, 0}); !ok) return ok;
      at = {topic, partition, part->second};
    }
    const auto next = static_cast<std::uint8_t>(topic + 1);
    if (auto ok = scan(at, {next, 0, 0}); !ok) return ok;
  }
  return {};
}

Result<std::int64_t> Ledger::announced_beyond(const Offsets& read) const {
  std::set<RecordAt> waiting;
  auto done = scan_announced(read, [&](RecordAt at, std::string_view) { waiting.insert(at); });
  if (done && !waiting.empty()) {
    // Those known as lost will never be read.
    done = store_.scan_prefix(kFamily, "h", [&](std::string_view key, std::string_view) {
      waiting.erase(read_place(key, 11));
      return true;
    });
  }
  if (!done) return tl::unexpected(done.error());
  return static_cast<std::int64_t>(waiting.size());
}

/// An edge announces an event after Kafka has acknowledged it: what is announced behind the end of
/// its topic was lost there.
Result<void> Ledger::find_beyond(const Offsets& ends) {
  store::WriteSet writes;
  const auto lost = [&](RecordAt at, std::string_view announced) {
    LedgerKnown known;
    known.announced = std::string(announced);
    note(at, known, writes);
  };
  if (auto ok = scan_announced(ends, lost); !ok) return ok;
  if (writes.empty()) return {};
  put_touched(writes);
  return store_.apply(writes);
}

Result<void> Ledger::compare(std::uint8_t topic, std::int32_t partition, std::int64_t to,
                             std::size_t& budget) {
  std::int64_t from = 0;
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = compared_.find({topic, partition}); at != compared_.end()) {
      from = at->second;
    }
  }
  if (from >= to || budget == 0) return {};
  store::WriteSet writes;
  std::optional<RecordAt> open;
  LedgerKnown known;
  std::int64_t done = to;
  const auto close = [&] {
    if (open) note(*open, known, writes);
    open.reset();
    known = {};
  };
  const auto scanned = store_.scan_range(kFamily, place_key({topic, partition, from}),
                                         place_key({topic, partition, to}),
                                         [&](std::string_view key, std::string_view value) {
                                           const RecordAt at = read_place(key, 1);
                                           if (!open || *open != at) {
                                             close();
                                             if (budget == 0) {
                                               done = at.offset;
                                               return false;
                                             }
                                             --budget;
                                             open = at;
                                           }
                                           take(key, value, known);
                                           return true;
                                         });
  if (!scanned) return scanned;
  close();
  std::string value;
  append_be(value, static_cast<std::uint64_t>(done));
  writes.put(kFamily, part_key('v', topic, partition), value);
  put_touched(writes);
  if (auto ok = store_.apply(writes); !ok) return ok;
  const std::lock_guard lock(mutex_);
  compared_[{topic, partition}] = done;
  return {};
}

void Ledger::note(const RecordAt& at, const LedgerKnown& known, store::WriteSet& writes) {
  const bool unbooked = known.stands && !known.booking;
  const bool differing = differs(known);
  if (!unbooked && !differing) return;
  std::uint16_t day = 0;
  std::uint64_t sender = 0;
  if (known.booking && !unbooked) {
    day = known.booking->day;
    sender = known.booking->sender;
  } else if (known.stands) {
    day = static_cast<std::uint16_t>(domain::civil_date_of(known.stands->time).days);
    sender = known.stands->sender;
  }
  if (differing && known.announced) {
    // The message that announced it knows its sender, whatever stands there.
    const RecordAt message{kLedgerTopic, read_be<std::uint16_t>(*known.announced, kIdBytes),
                           static_cast<std::int64_t>(read_48(*known.announced, kIdBytes + 2))};
    const auto stored = store_.get(kFamily, place_key(message, kMessage));
    codec::MessageReceived received;
    if (stored && *stored && codec::decode_message_received(**stored, received)) {
      day = static_cast<std::uint16_t>(domain::civil_date_of(received.received_at).days);
      sender = sender_code(received.sender_org);
    }
  }
  const EventFate fate = differing ? EventFate::kNotOnTopic : EventFate::kNotBooked;
  const std::string key = missing_key(day, sender, at, fate);
  if (const auto before = store_.get(kFamily, key); before && *before) return;
  writes.put(kFamily, key, "");
  const std::lock_guard lock(mutex_);
  SenderDay& counts = counts_of(day, sender);
  ++(differing ? counts.not_on_topic : counts.not_booked);
}

Result<std::vector<Ledger::Missing>> Ledger::missing(domain::CivilDate from, domain::CivilDate to,
                                                     std::size_t limit) const {
  std::vector<Missing> found;
  const auto key_day = [](domain::CivilDate day) {
    return static_cast<std::uint16_t>(std::clamp(day.days, 0, 0xffff));
  };
  const auto done =
      store_.scan_range(kFamily, day_key('h', key_day(from)), day_key('h', key_day(to + 1)),
                        [&](std::string_view key, std::string_view) {
                          found.push_back({domain::CivilDate{read_be<std::uint16_t>(key, 1)},
                                           read_be<std::uint64_t>(key, 3), read_place(key, 11),
                                           static_cast<EventFate>(key[11 + kPlaceBytes])});
                          return found.size() < limit;
                        });
  if (!done) return tl::unexpected(done.error());
  return found;
}

std::size_t Ledger::unbalanced_senders() const {
  std::set<std::uint64_t> senders;
  const std::lock_guard lock(mutex_);
  for (const auto& [at, counts] : counts_) {
    if (!counts.adds_up()) senders.insert(at.second);
  }
  return senders.size();
}

Ledger::MissingCounts Ledger::missing_counts() const {
  MissingCounts sum;
  const std::lock_guard lock(mutex_);
  for (const auto& [at, counts] : counts_) {
    sum.events += counts.not_booked + counts.not_on_topic;
    sum.originals += counts.without_original;
    sum.letters += counts.without_letter;
  }
  return sum;
}

Result<std::optional<Instant>> Ledger::oldest_pending(const Offsets& handled) const {
  std::optional<Instant> oldest;
  for (const auto& [part, next] : handled) {
    if (part.first >= kEventTopics) continue;
    const auto done = store_.scan_range(kFamily, place_key({part.first, part.second, next}),
                                        place_key({part.first, part.second + 1, 0}),
                                        [&](std::string_view key, std::string_view value) {
                                          if (key[1 + kPlaceBytes] != kStands) return true;
                                          const Instant time = read_stands(value).time;
                                          oldest = oldest ? std::min(*oldest, time) : time;
                                          return false;
                                        });
    if (!done) return tl::unexpected(done.error());
  }
  return oldest;
}

std::vector<DayRow> Ledger::days(domain::CivilDate from, domain::CivilDate to,
                                 std::optional<std::uint64_t> sender) const {
  std::vector<DayRow> rows;
  const std::lock_guard lock(mutex_);
  for (const auto& [at, counts] : counts_) {
    const domain::CivilDate day{at.first};
    if (day < from || day > to || (sender && at.second != *sender)) continue;
    rows.push_back({day, at.second, counts});
  }
  return rows;
}

std::map<std::string, Habit> Ledger::habits(const Group& group) const {
  struct OfDay {
    std::int64_t last_ms = 0;
    std::bitset<SenderDay::kSlots> active;
  };
  std::map<std::string, std::map<std::uint16_t, OfDay>> senders;
  int newest = 0;
  {
    const std::lock_guard lock(mutex_);
    std::map<std::uint64_t, std::string> names;
    for (const auto& [at, counts] : counts_) {
      if (counts.received == 0) continue;
      const auto [name, fresh] = names.try_emplace(at.second);
      if (fresh) name->second = group(at.second);
      OfDay& day = senders[name->second][at.first];
      day.last_ms = std::max(day.last_ms, counts.last_message_ms);
      day.active |= counts.active;
      newest = std::max<int>(newest, at.first);
    }
  }
  std::map<std::string, Habit> habits;
  for (const auto& [name, days] : senders) {
    Habit& habit = habits[name];
    habit.last_message = Instant{days.rbegin()->second.last_ms};
    int counted = 0;
    std::int64_t before = -1, longest = 0, next = 0;
    for (const auto& [day, of_day] : days) {
      if (day < newest - kHabitDays) continue;
      ++counted;
      const std::int64_t midnight = domain::start_of_day(domain::CivilDate{day}).ms;
      for (std::size_t slot = 0; slot < SenderDay::kSlots; ++slot) {
        if (!of_day.active[slot]) continue;
        const std::int64_t begin = midnight + static_cast<std::int64_t>(slot) * kSlotMs;
        if (before >= 0) {
          const std::int64_t gap = begin + kSlotMs - before;
          next = std::max(next, std::min(gap, longest));
          longest = std::max(longest, gap);
        }
        before = begin;
      }
    }
    // The longest one may be an outage; weekends and nights come more than once.
    if (counted >= kHabitNeeds && next > 0) {
      habit.expected_interval = std::chrono::milliseconds(next);
    }
  }
  return habits;
}

}  // namespace kronika::gateway
