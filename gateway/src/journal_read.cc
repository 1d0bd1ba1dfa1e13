#include "journal_read.h"

#include <algorithm>
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
    std::erase_if(arrived_, [&](const domain::JournalEntry& known) {
      return domain::same_copy(known, entry);
    });
    return;
  }
  arrived_.push_back(std::move(entry));
}

std::vector<domain::JournalEntry> JournalReader::take() {
  return domain::merge_copies(std::exchange(arrived_, {}));
}

}  // namespace kronika::gateway
