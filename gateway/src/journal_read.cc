#include "journal_read.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include <kronika/codec/event_codec.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/gateway/view.h>

namespace kronika::gateway {
namespace {

std::uint8_t topic_index(std::string_view topic) {
  for (int i = 0; i < kInputTopics; ++i) {
    if (kViewTopics[i] == topic) return static_cast<std::uint8_t>(i);
  }
  return kInputTopics;
}

bool same_place(const domain::JournalEntry& a, const domain::JournalEntry& b) {
  return a.event.source_system == b.event.source_system &&
         a.event.source_message_id == b.event.source_message_id &&
         a.event.source_version == b.event.source_version &&
         a.event.adapter_revision == b.event.adapter_revision && a.path == b.path;
}

}  // namespace

void JournalReader::add(const domain::Origin& origin, bool flytning, std::string_view bytes) {
  if (flytning) {
    add_flytning(bytes);
    return;
  }
  domain::JournalEntry entry;
  if (!codec::decode_event(bytes, entry.event)) return;
  entry.origin = origin;
  arrived_.push_back(std::move(entry));
}

// Links stay out of the fold: the old key's state record says where its events went.
void JournalReader::add_flytning(std::string_view bytes) {
  codec::Flytning flytning;
  if (!codec::decode_flytning(bytes, flytning)) return;
  const auto* moved = std::get_if<codec::MovedEvent>(&flytning);
  if (moved == nullptr) return;
  domain::JournalEntry entry;
  if (!codec::decode_event(moved->event, entry.event)) return;
  entry.origin = {moved->origin.timestamp, topic_index(moved->origin.topic),
                  moved->origin.partition, moved->origin.offset};
  entry.path = moved->path;
  if (moved->withdrawn) {
    std::erase_if(arrived_,
                  [&](const domain::JournalEntry& known) { return same_place(known, entry); });
    return;
  }
  arrived_.push_back(std::move(entry));
}

std::vector<domain::JournalEntry> JournalReader::take() {
  std::stable_sort(arrived_.begin(), arrived_.end(),
                   [](const domain::JournalEntry& a, const domain::JournalEntry& b) {
                     return a.origin < b.origin;
                   });
  std::vector<domain::JournalEntry> entries;
  entries.reserve(arrived_.size());
  // Entries of the same fact or event id, by index: what admit() must see.
  std::unordered_map<std::string, std::vector<std::size_t>> by_fact;
  std::unordered_map<EventId, std::vector<std::size_t>> by_event;
  std::vector<const domain::JournalEntry*> known;
  std::vector<std::size_t> known_at;

  for (domain::JournalEntry& incoming : arrived_) {
    if (!incoming.path.empty()) {  // moved entries meet the others in the fold alone
      entries.push_back(std::move(incoming));
      continue;
    }
    std::string fact = incoming.event.source_system;
    fact.push_back('\0');
    fact += incoming.event.source_message_id;
    known_at = by_fact[fact];
    for (const std::size_t i : by_event[incoming.event.event_id]) {
      if (std::find(known_at.begin(), known_at.end(), i) == known_at.end()) known_at.push_back(i);
    }
    known.clear();
    for (const std::size_t i : known_at) known.push_back(&entries[i]);
    domain::Verdict verdict = domain::admit(known, incoming);
    if (!verdict.store_incoming) continue;
    if (verdict.replaces) {
      const std::size_t at = known_at[*verdict.replaces];
      const EventId merged = verdict.merged.event.event_id;
      entries[at] = std::move(verdict.merged);
      auto& same = by_event[merged];
      if (std::find(same.begin(), same.end(), at) == same.end()) same.push_back(at);
      continue;
    }
    by_fact[fact].push_back(entries.size());
    by_event[verdict.merged.event.event_id].push_back(entries.size());
    entries.push_back(std::move(verdict.merged));
  }
  arrived_.clear();
  return entries;
}

}  // namespace kronika::gateway
