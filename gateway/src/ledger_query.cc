// Reading: accounts of messages, joined from what is said of their places.
#include "ledger_values.h"

#include <algorithm>
#include <set>

#include <kronika/bus/topics.h>
#include <kronika/gateway/errc.h>
#include <kronika/gateway/view.h>

namespace kronika::gateway {

using namespace ledger_keys;  // NOLINT(google-build-using-namespace)

namespace {

RecordAt message_of(std::string_view announced) {
  return {kLedgerTopic, read_be<std::uint16_t>(announced, kIdBytes),
          static_cast<std::int64_t>(read_48(announced, kIdBytes + 2))};
}

std::uint16_t key_day(Instant t) {
  return static_cast<std::uint16_t>(std::clamp(domain::civil_date_of(t).days, 0, 0xfffe));
}

}  // namespace

Result<LedgerKnown> Ledger::known_at(const RecordAt& at) const {
  LedgerKnown known;
  const auto done =
      store_.scan_prefix(kFamily, place_key(at), [&](std::string_view key, std::string_view value) {
        switch (key[1 + kPlaceBytes]) {
          case kAnnounced:
            known.announced = std::string(value);
            break;
          case kBooked:
            known.booking = read_booking(value);
            break;
          case kStands:
            known.stands = read_stands(value);
            break;
          default:
            break;
        }
        return true;
      });
  if (!done) return tl::unexpected(done.error());
  return known;
}

Result<EventAccount> Ledger::event_at(const RecordAt& at, const EventId* announced,
                                      const Offsets& handled) const {
  auto known = known_at(at);
  if (!known) return tl::unexpected(known.error());
  EventAccount event;
  event.at = at;
  if (announced != nullptr) event.id = *announced;
  if (known->stands) {
    event.person = known->stands->person;
    event.sender = known->stands->sender;
  }
  const auto next = handled.find({at.topic, at.partition});
  const bool done = next != handled.end() && at.offset < next->second;
  const Offsets compared_to = compared();
  const auto compared = compared_to.find({at.topic, at.partition});
  const bool checked = compared != compared_to.end() && at.offset < compared->second;
  const bool other = known->stands && announced != nullptr &&
                     !same_start(known->stands->id.view(), announced->view());
  if (other || (checked && !known->stands)) {
    event.fate = EventFate::kNotOnTopic;
    event.person.reset();
    return event;
  }
  if (known->booking) {
    event.fate = known->booking->fate;
    event.irregular = known->booking->irregular;
    event.unimplemented = known->booking->unimplemented;
    event.reason = known->booking->reason;
  } else if (done && checked) {
    event.fate = EventFate::kNotBooked;
  }
  return event;
}

/// Which of the places that keep the message were found empty.
Result<void> Ledger::find_lost(MessageAccount& account) const {
  const codec::MessageReceived& received = *account.received;
  std::vector<RecordAt> kept;
  if (received.has_original()) {
    kept.push_back({kRawTopic, received.raw.partition, received.raw.offset});
  }
  for (const codec::RecordPlace& letter : received.dead_letters) {
    kept.push_back({kDeadLetterTopic, letter.partition, letter.offset});
  }
  const std::uint16_t day = key_day(received.received_at);
  const std::uint64_t sender = sender_code(received.sender_org);
  for (const RecordAt& at : kept) {
    const auto noted = store_.get(kFamily, missing_key(day, sender, at, EventFate::kNotOnTopic));
    if (!noted) return tl::unexpected(noted.error());
    if (*noted) account.lost.push_back(at);
  }
  return {};
}

Result<std::optional<MessageAccount>> Ledger::message_at(const RecordAt& at,
                                                         const Offsets& handled) const {
  auto stored = store_.get(kFamily, place_key(at, kMessage));
  if (!stored) return tl::unexpected(stored.error());
  if (!*stored) return std::nullopt;
  MessageAccount account;
  account.at = at;
  if (!codec::decode_message_received(**stored, account.received.emplace())) {
    return fail(code(Errc::kViewRecordUnreadable),
                "a message's account cannot be read; delete the view");
  }
  if (auto ok = find_lost(account); !ok) return tl::unexpected(ok.error());
  for (const codec::PublishedEvent& published : account.received->events) {
    std::optional<std::uint8_t> topic;
    for (std::uint8_t i = 0; i < std::size(kViewTopics); ++i) {
      if (kViewTopics[i] == published.topic) topic = i;
    }
    if (!topic) continue;
    const RecordAt there{*topic, published.partition, published.offset};
    if (published.topic == bus::kRapport) {
      EventAccount& event = account.events.emplace_back();
      event.at = there;
      event.id = published.event_id;
      event.fate = EventFate::kKept;
      continue;
    }
    auto event = event_at(there, &published.event_id, handled);
    if (!event) return tl::unexpected(event.error());
    account.events.push_back(std::move(*event));
  }
  return account;
}

Result<std::vector<MessageAccount>> Ledger::by_events(const std::vector<RecordAt>& events,
                                                      const Offsets& handled) const {
  std::vector<MessageAccount> found;
  std::set<RecordAt> messages;
  for (const RecordAt& at : events) {
    auto known = known_at(at);
    if (!known) return tl::unexpected(known.error());
    if (known->announced) {
      const RecordAt message = message_of(*known->announced);
      if (!messages.insert(message).second) continue;
      auto account = message_at(message, handled);
      if (!account) return tl::unexpected(account.error());
      if (*account) {
        found.push_back(std::move(**account));
        continue;
      }
    }
    if (!known->stands && !known->booking) continue;  // forgotten
    auto event = event_at(at, nullptr, handled);
    if (!event) return tl::unexpected(event.error());
    MessageAccount& account = found.emplace_back();
    account.at = at;
    account.events.push_back(std::move(*event));
  }
  return found;
}

Result<Ledger::Page> Ledger::by_message(std::string_view id, const Offsets& handled,
                                        std::size_t limit) const {
  Page page;
  const std::string hash = hash_of_id(id);
  const Instant first = since();
  // The newest day that has counts is the last one with messages.
  std::uint16_t last = key_day(first);
  {
    const std::lock_guard lock(mutex_);
    if (!counts_.empty()) last = counts_.rbegin()->first.first;
  }
  for (std::uint16_t day = key_day(first); day <= last; ++day) {
    std::vector<RecordAt> places;
    const auto done = store_.scan_prefix(kFamily, day_key('i', day) + hash,
                                         [&](std::string_view key, std::string_view) {
                                           places.push_back(read_place(key, 3 + 8));
                                           return places.size() < limit;
                                         });
    if (!done) return tl::unexpected(done.error());
    for (const RecordAt& at : places) {
      if (page.messages.size() >= limit) return page;
      auto account = message_at(at, handled);
      if (!account) return tl::unexpected(account.error());
      if (!*account) continue;
      const codec::MessageReceived& received = *(*account)->received;
      if (received.message_id != id && to_hex(received.sha256) != id) continue;
      page.messages.push_back(std::move(**account));
    }
  }
  return page;
}

/// The keys of `index` hold a place at their end. With a `reason`, events that were booked anew for
/// another one are left out.
Result<Ledger::Page> Ledger::page_of(std::string_view index, std::string_view to,
                                     const Range& range, std::string_view reason,
                                     const Offsets& handled) const {
  Page page;
  std::vector<std::string> keys;
  std::string from = std::max(std::string(index), range.after);
  if (!range.after.empty() && from == range.after) from.push_back('\0');
  const std::size_t wanted = range.limit + 1;
  const auto done = store_.scan_range(kFamily, from, to, [&](std::string_view key, auto) {
    keys.emplace_back(key);
    return keys.size() < wanted;
  });
  if (!done) return tl::unexpected(done.error());
  for (std::size_t i = 0; i < std::min(keys.size(), range.limit); ++i) {
    const RecordAt at = read_place(keys[i], keys[i].size() - kPlaceBytes);
    page.next = keys[i];
    if (at.topic == kLedgerTopic) {
      auto account = message_at(at, handled);
      if (!account) return tl::unexpected(account.error());
      if (*account) page.messages.push_back(std::move(**account));
      continue;
    }
    const auto known = known_at(at);
    if (!known) return tl::unexpected(known.error());
    if (known->booking) {
      const auto reasons = reasons_of(*known->booking);
      if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end()) continue;
    }
    auto accounts = by_events({at}, handled);
    if (!accounts) return tl::unexpected(accounts.error());
    for (auto& account : *accounts) page.messages.push_back(std::move(account));
  }
  if (keys.size() <= range.limit) page.next.clear();
  return page;
}

Result<Ledger::Page> Ledger::by_sender(std::uint64_t sender, const Range& range,
                                       const Offsets& handled) const {
  Page page;
  const Instant from = std::max(range.from, since());
  for (std::uint16_t day = key_day(from); day <= key_day(range.to); ++day) {
    std::string first = day_key('s', day);
    append_be(first, sender);
    std::string end = first;
    append_48(first, static_cast<std::uint64_t>(
                         std::max(from, domain::start_of_day(domain::CivilDate{day})).ms));
    append_48(end, static_cast<std::uint64_t>(
                       std::min(range.to, domain::start_of_day(domain::CivilDate{day} + 1)).ms));
    if (!range.after.empty() && range.after >= end) continue;
    Range rest = range;
    rest.limit = range.limit - page.messages.size();
    auto of_day = page_of(first, end, rest, {}, handled);
    if (!of_day) return tl::unexpected(of_day.error());
    for (auto& m : of_day->messages) page.messages.push_back(std::move(m));
    if (!of_day->next.empty() || page.messages.size() >= range.limit) {
      // The next day may have more, or nothing.
      page.next = of_day->next.empty() ? end : of_day->next;
      if (day == key_day(range.to) && of_day->next.empty()) page.next.clear();
      return page;
    }
  }
  return page;
}

Result<Ledger::Page> Ledger::by_reason(std::string_view reason, const Range& range,
                                       const Offsets& handled) const {
  Page page;
  const Instant from = std::max(range.from, since());
  for (std::uint16_t day = key_day(from); day <= key_day(range.to); ++day) {
    std::string first = day_key('r', day);
    first.append(reason).push_back('\0');
    std::string end = first;
    end.back() = '\1';
    if (!range.after.empty() && range.after >= end) continue;
    Range rest = range;
    rest.limit = range.limit - page.messages.size();
    auto of_day = page_of(first, end, rest, reason, handled);
    if (!of_day) return tl::unexpected(of_day.error());
    for (auto& m : of_day->messages) page.messages.push_back(std::move(m));
    if (!of_day->next.empty() || page.messages.size() >= range.limit) {
      page.next = of_day->next.empty() ? end : of_day->next;
      if (day == key_day(range.to) && of_day->next.empty()) page.next.clear();
      return page;
    }
  }
  return page;
}

}  // namespace kronika::gateway
