// A person whose CPR number was replaced (architecture A16). Three parties, each a citizen of some
// task, talk over the topic flytning only:
//
//   new key   reads CprReplaced from `person`  -> sends a Link to the old key (to every old key
//   that any version named) old key   keeps the Link; of several the one that sorts last holds.
//   Forwards every entry of its journal, past
//             and later, to the holding link's new key with the path so far; its own state becomes
//             a redirect
//   new key   journals what is forwarded beside its own events; the fold merges equal copies
//
// A link that no longer holds is undone by forwarding the same entries once more as withdrawn. An
// entry that comes back to a key of its own path has gone round a cycle: the link of the cycle that
// sorts last is void.

#include "citizen_task_impl.h"
#include "journal_codec.h"

#include <algorithm>
#include <tuple>

#include <kronika/base/bytes.h>
#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/schema_ids.h>

namespace kronika::citizen {

using domain::Hop;
using domain::JournalEntry;

namespace {

bool same_fact(const domain::Event& a, const domain::Event& b) {
  return a.source_system == b.source_system && a.source_message_id == b.source_message_id;
}

bool higher_version(const domain::Event& a, const domain::Event& b) {
  return std::tie(a.source_version, a.adapter_revision) >
         std::tie(b.source_version, b.adapter_revision);
}

/// Whether the link moves this citizen: not cancelled, not revised to another old key, not void.
bool holds(const Link& link, const PersonKey& old_key) {
  const auto* replaced = std::get_if<domain::CprReplaced>(&link.replacement.payload);
  return !link.voided && link.replacement.op != domain::Op::kCancel && replaced != nullptr &&
         replaced->old_person_key == old_key;
}

const Link* holding_link(const Slot& slot) {
  const Link* last = nullptr;
  for (const auto& link : slot.links) {
    if (!holds(link, slot.person())) continue;
    if (last == nullptr || domain::sorts_before(last->replacement, link.replacement)) last = &link;
  }
  return last;
}

Hop hop_of(const Link& link, const PersonKey& from) {
  const auto& event = link.replacement;
  return {from, event.source_system, event.source_message_id, event.recorded_at,
          domain::sort_key(event).time};
}

bool sorts_before(const Hop& a, const Hop& b) {
  return std::tie(a.link_occurred_at, a.link_source_system, a.link_source_message_id) <
         std::tie(b.link_occurred_at, b.link_source_system, b.link_source_message_id);
}

codec::WireOrigin to_wire(const domain::Origin& origin) {
  return {origin.timestamp, std::string(input_topic_name(origin.topic)), origin.partition,
          origin.offset};
}

bool from_wire(const codec::WireOrigin& wire, domain::Origin& origin) {
  for (int i = 0; i < kInputTopics; ++i) {
    if (input_topic_name(i) != wire.topic) continue;
    origin = {wire.timestamp, static_cast<std::uint8_t>(i), wire.partition, wire.offset};
    return true;
  }
  return false;
}

void send_flytning(const PersonKey& to, const codec::Flytning& message, bus::TaskContext& ctx) {
  std::string value;
  bus::append_wire_prefix(codec::kFlytningSchemaId, value);
  codec::encode_flytning(message, value);
  ctx.send({.topic = bus::kFlytning, .key = to.view(), .value = value});
}

}  // namespace

Result<void> CitizenTask::take_flytning(const bus::Record& record, Mode mode,
                                        bus::TaskContext& ctx) {
  const auto undecodable = [](const char* what) {
    return tl::unexpected(refusal(domain::Reason::kUndecodable, what));
  };
  const auto wire = bus::read_wire(record.value);
  codec::Flytning message;
  if (!wire || wire->schema_id != codec::kFlytningSchemaId ||
      !codec::decode_flytning(wire->message, message)) {
    return mode == Mode::kReplay ? Result<void>{}
                                 : undecodable("the value is no kronika.event.v1.Flytning");
  }
  const auto person = PersonKey::from_bytes(record.key);
  if (!person)
    return mode == Mode::kReplay ? Result<void>{} : undecodable("the key is not 16 bytes");
  auto slot = slot_of(*person);
  if (!slot) return tl::unexpected(slot.error());
  touch(**slot);
  (*slot)->heard = std::max((*slot)->heard, record.timestamp);
  if (const auto* link = std::get_if<codec::MoveLink>(&message))
    return take_link(**slot, *link, mode, ctx);
  if (const auto* moved = std::get_if<codec::MovedEvent>(&message))
    return take_moved(**slot, *moved, record, mode, ctx);
  return mode == Mode::kReplay ? Result<void>{}
                               : undecodable("a kind of Flytning that this build does not know");
}

Result<void> CitizenTask::send_links(Slot& slot, const domain::Event& replacement,
                                     bus::TaskContext& ctx) {
  const auto records = journal_of(
      slot,
      fact_prefix(slot.person(),
                  domain::fact_hash(replacement.source_system, replacement.source_message_id)),
      ctx);
  if (!records) return tl::unexpected(records.error());
  const auto entries = entries_of(*records);
  if (!entries) return tl::unexpected(entries.error());
  const JournalEntry* effective = nullptr;
  std::vector<PersonKey> old_keys;
  for (const auto& entry : *entries) {
    if (!entry.path.empty() || !same_fact(entry.event, replacement)) continue;
    if (effective == nullptr || higher_version(entry.event, effective->event)) effective = &entry;
    const auto* replaced = std::get_if<domain::CprReplaced>(&entry.event.payload);
    if (replaced != nullptr &&
        std::find(old_keys.begin(), old_keys.end(), replaced->old_person_key) == old_keys.end()) {
      old_keys.push_back(replaced->old_person_key);
    }
  }
  if (effective == nullptr) return {};
  codec::MoveLink link{slot.person(), {}, to_wire(effective->origin)};
  codec::encode_event(effective->event, link.replacement);
  for (const auto& old_key : old_keys) send_flytning(old_key, link, ctx);
  return {};
}

void CitizenTask::put_link(Slot& slot, const Link& link, bus::TaskContext& ctx) {
  std::string value(1, link.voided ? '\1' : '\0');
  codec::encode_event(link.replacement, value);
  const auto& event = link.replacement;
  ctx.writes().put(
      kJournal,
      fact_prefix(slot.person(), domain::fact_hash(event.source_system, event.source_message_id)),
      value);
}

Result<void> CitizenTask::take_link(Slot& slot, const codec::MoveLink& message, Mode mode,
                                    bus::TaskContext& ctx) {
  Link link;
  if (!codec::decode_event(message.replacement, link.replacement)) {
    if (mode == Mode::kReplay) return {};
    return tl::unexpected(
        refusal(domain::Reason::kUndecodable, "link.replacement is no kronika.event.v1.Event"));
  }
  const Link* held = holding_link(slot);
  const std::optional<Link> before = held == nullptr ? std::nullopt : std::optional<Link>(*held);
  const auto known = std::find_if(slot.links.begin(), slot.links.end(), [&](const Link& l) {
    return same_fact(l.replacement, link.replacement);
  });
  if (known != slot.links.end()) {
    if (!higher_version(link.replacement, known->replacement)) return {};
    *known = link;
  } else {
    slot.links.push_back(link);
  }
  put_link(slot, link, ctx);
  if (mode == Mode::kReplay) return {};
  return redirect(slot, before ? &*before : nullptr, ctx);
}

Result<void> CitizenTask::redirect(Slot& slot, const Link* before, bus::TaskContext& ctx) {
  const Link* now = holding_link(slot);
  if (before == nullptr && now == nullptr) return {};
  if (before != nullptr && now != nullptr &&
      hop_of(*before, slot.person()) == hop_of(*now, slot.person()) &&
      before->replacement.person_key == now->replacement.person_key) {
    return {};
  }
  const auto records = journal_of(slot, slot.person().view(), ctx);
  if (!records) return tl::unexpected(records.error());
  JournalEntry entry;
  for (const auto& [key, value] : *records) {
    if (auto done = read_journal_value(value, entry); !done) return done;
    const auto event_bytes = event_bytes_of(value);
    if (before != nullptr) forward_through(*before, slot, entry, event_bytes, true, ctx);
    if (now != nullptr) forward_through(*now, slot, entry, event_bytes, false, ctx);
  }
  slot.changed = true;
  if (now == nullptr) {
    slot.record.moved_to.reset();
    slot.refold = true;
    return {};
  }
  const PersonKey person = slot.person();
  slot.record.moved_to = now->replacement.person_key;
  slot.record.state = domain::CitizenState{};
  slot.record.state.person = person;
  slot.record.levels.clear();
  slot.next_visible.reset();
  slot.refold = false;
  return {};
}

void CitizenTask::forward(const Slot& slot, const JournalEntry& entry, std::string_view event_bytes,
                          bool withdrawn, bus::TaskContext& ctx) {
  if (const Link* link = holding_link(slot))
    forward_through(*link, slot, entry, event_bytes, withdrawn, ctx);
}

void CitizenTask::forward_through(const Link& link, const Slot& slot, const JournalEntry& entry,
                                  std::string_view event_bytes, bool withdrawn,
                                  bus::TaskContext& ctx) {
  codec::MovedEvent moved;
  moved.event = event_bytes;
  moved.origin = to_wire(entry.origin);
  moved.path = entry.path;
  moved.path.push_back(hop_of(link, slot.person()));
  moved.withdrawn = withdrawn;
  send_flytning(link.replacement.person_key, std::move(moved), ctx);
}

Result<void> CitizenTask::take_moved(Slot& slot, const codec::MovedEvent& moved,
                                     const bus::Record& record, Mode mode, bus::TaskContext& ctx) {
  const bool cycle = std::any_of(moved.path.begin(), moved.path.end(),
                                 [&](const Hop& hop) { return hop.person_key == slot.person(); });
  if (cycle)
    return moved.withdrawn ? Result<void>{} : break_cycle(slot, moved.path, record, mode, ctx);
  JournalEntry entry;
  if (!codec::decode_event(moved.event, entry.event) || !from_wire(moved.origin, entry.origin)) {
    if (mode == Mode::kReplay) return {};
    return tl::unexpected(
        refusal(domain::Reason::kUndecodable, "moved.event or moved.origin does not read"));
  }
  entry.path = moved.path;
  const std::string key = journal_key(slot.person(), entry, 0);
  if (moved.withdrawn) {
    erase_entry(slot, key, ctx);
    if (mode == Mode::kLive && slot.record.moved_to) forward(slot, entry, moved.event, true, ctx);
  } else {
    put_entry(slot, key, entry, moved.event, mode, ctx);
  }
  if (mode == Mode::kLive) slot.changed = slot.refold = true;
  return {};
}

Result<void> CitizenTask::break_cycle(Slot& slot, const std::vector<Hop>& path,
                                      const bus::Record& record, Mode mode, bus::TaskContext& ctx) {
  // The cycle begins where this citizen sent the entry on; every member sees one of its own entries
  // come back, and all agree on which link is void.
  const auto own = std::find_if(path.begin(), path.end(),
                                [&](const Hop& hop) { return hop.person_key == slot.person(); });
  const auto last = std::max_element(own, path.end(), sorts_before);
  if (last != own) return {};
  for (auto& link : slot.links) {
    if (link.voided || !(hop_of(link, slot.person()) == *own)) continue;
    const Link before = link;
    link.voided = true;
    put_link(slot, link, ctx);
    if (mode == Mode::kReplay) return {};
    ctx.dead_letter(record,
                    {.stage = kStage,
                     .reason = domain::slug(domain::Reason::kCprCycle),
                     .detail = "CPR replacements form a cycle; the one that sorts last is void"});
    return redirect(slot, &before, ctx);
  }
  return {};
}

}  // namespace kronika::citizen
