#include "citizen_log.h"

#include <iterator>
#include <utility>

#include <kronika/bus/wire.h>
#include <kronika/codec/event_codec.h>

namespace kronika::verify {
namespace {

using domain::JournalEntry;

std::optional<std::uint8_t> input_index(std::string_view topic) {
  for (std::uint8_t i = 0; i < std::size(kInputs); ++i) {
    if (kInputs[i] == topic) return i;
  }
  return std::nullopt;
}

// A record of flytning: an event that arrives, or leaves again, by a path.
void take_moved(std::string_view message, std::vector<JournalEntry>& moved) {
  codec::Flytning flytning;
  if (!codec::decode_flytning(message, flytning)) return;
  const auto* event = std::get_if<codec::MovedEvent>(&flytning);
  if (event == nullptr) return;
  JournalEntry entry;
  if (!codec::decode_event(event->event, entry.event)) return;
  const auto topic = input_index(event->origin.topic);
  if (!topic) return;
  entry.origin = {event->origin.timestamp, *topic, event->origin.partition, event->origin.offset};
  entry.path = event->path;
  std::erase_if(moved, [&](const JournalEntry& known) { return domain::same_copy(known, entry); });
  if (!event->withdrawn) moved.push_back(std::move(entry));
}

}  // namespace

std::set<Place> places_of(const std::vector<codec::RefusedRecord>& refused) {
  std::set<Place> places;
  for (const codec::RefusedRecord& r : refused) {
    if (codec::loses_to_a_copy(r)) continue;
    if (const auto topic = input_index(r.topic)) places.insert({*topic, r.offset});
  }
  return places;
}

// The records of the last complete transaction and before. A transaction ends with its progress
// record, so what comes behind the last progress record belongs to a transaction that is only
// partly read, and waits.
Result<CitizenCut> read_cut(LogSource& log, std::int32_t partition) {
  CitizenCut cut;
  std::unordered_map<PersonKey, std::optional<StateRecord>> waiting;
  const auto end = log.read(
      std::string(bus::kCitizenState), partition, [&](const bus::Record& record) -> Result<void> {
        const auto wire = bus::read_wire(record.value);
        if (codec::is_progress_key(record.key)) {
          codec::ProgressRecord progress;
          if (!wire || !codec::decode_progress(wire->message, progress)) {
            cut.unreadable.push_back(record.offset);
            return {};
          }
          for (auto& [person, state] : waiting) {
            if (state) {
              cut.records[person] = std::move(*state);
            } else {
              cut.records.erase(person);
            }
          }
          waiting.clear();
          cut.progress = std::move(progress);
          return {};
        }
        const auto person = PersonKey::from_bytes(record.key);
        if (!person) return {};
        if (record.tombstone) {
          waiting[*person] = std::nullopt;
        } else {
          waiting[*person] =
              StateRecord{record.offset, std::string(wire ? wire->message : std::string_view())};
        }
        return {};
      });
  if (!end) return tl::unexpected(end.error());
  return cut;
}

Result<PartitionEvents> read_events(LogSource& log, std::int32_t partition,
                                    const codec::ProgressRecord& progress, const Moved& moved) {
  PartitionEvents events;
  for (std::uint8_t t = 0; t < std::size(kInputs); ++t) {
    const std::string topic(kInputs[t]);
    std::int64_t end = 0;
    for (const codec::TopicPosition& p : progress.positions) {
      if (p.topic == topic) end = p.next_offset;
    }
    const bool to_its_end = t == kFlytningIndex && moved;
    const auto visit = [&](const bus::Record& record) -> Result<void> {
      const auto wire = bus::read_wire(record.value);
      const auto person = PersonKey::from_bytes(record.key);
      if (!wire || !person) return {};
      if (to_its_end) moved(*person, wire->message);
      if (record.offset >= end) return {};
      if (t != kFlytningIndex) ++events.count;
      events.people[*person].push_back(
          {record.timestamp, t, record.offset, std::string(wire->message)});
      return {};
    };
    if (to_its_end) {
      const auto read = log.read(topic, partition, visit);
      if (!read) return tl::unexpected(read.error());
    } else if (auto ok = log.read_to(topic, partition, end, visit); !ok) {
      return tl::unexpected(ok.error());
    }
  }
  return events;
}

std::vector<JournalEntry> entries_of(const PersonKey& person, std::int32_t partition,
                                     const std::vector<RawEvent>& events,
                                     const std::set<Place>& refused) {
  std::vector<JournalEntry> arrived, moved;
  for (const RawEvent& raw : events) {
    if (refused.contains({raw.topic, raw.offset})) continue;
    if (raw.topic == kFlytningIndex) {
      take_moved(raw.message, moved);
      continue;
    }
    JournalEntry entry;
    if (!codec::decode_event(raw.message, entry.event) || entry.event.person_key != person)
      continue;
    entry.origin = {raw.timestamp, raw.topic, partition, raw.offset};
    arrived.push_back(std::move(entry));
  }
  std::move(moved.begin(), moved.end(), std::back_inserter(arrived));
  return domain::merge_copies(std::move(arrived));
}

}  // namespace kronika::verify
