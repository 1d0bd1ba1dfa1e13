// A person whose CPR number was replaced (architecture A16). Three parties, each a citizen of some
// task, talk over the topic flytning only:
//
//   new key   reads CprReplaced from `person` -> sends a Link to the old key (to every old key that
//             any version named)
//   old key   keeps the Link; of several the one that sorts last counts, the others are illegal.
//             Forwards every entry of its journal, past and later, through it to the new key, with
//             the path so far; its own state becomes a redirect
//   new key   journals what is forwarded beside its own events; the fold merges equal copies
//
// A link that no longer holds is undone by forwarding the same entries once more as withdrawn.
//
// Cycles. An entry that comes back to a key of its own path goes no further. Through the link that
// counts the old key also sends a probe: the CprReplaced itself, as an entry that no fold handles.
// Where the probe comes back and no link of its path sorts after the own one, the own link is void,
// and stays so until the probe is withdrawn on its way, because some link of the cycle changed. So
// what is void depends on which links count, never on the order in which they were heard.

#include "citizen_task_impl.h"
#include "journal_codec.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include <kronika/base/bytes.h>
#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/schema_ids.h>

namespace kronika::citizen {

using domain::Hop;
using domain::JournalEntry;
using domain::same_fact;
using domain::same_version;
using domain::version_less;

namespace {

/// Whether the new key's latest word on a link replaces an earlier one. The new key's task alone
/// speaks for its CprReplaced, in order, so its latest word holds. Should two persons claim one
/// fact (K_TWO_PERSONS), the higher version holds, then the smaller key, in any order of arrival.
bool supersedes(const domain::Event& link, const domain::Event& known) {
  if (link.person_key == known.person_key) return true;
  if (!same_version(link, known)) return version_less(known, link);
  return link.person_key < known.person_key;
}

/// Whether the link names this citizen: not cancelled, not revised to another old key.
bool names(const Link& link, const PersonKey& old_key) {
  const auto* replaced = std::get_if<domain::CprReplaced>(&link.replacement.payload);
  return link.replacement.op != domain::Op::kCancel && replaced != nullptr &&
         replaced->old_person_key == old_key;
}

/// The link that counts: the one that sorts last, of equal ones that of the smaller new key.
const Link* last_link(const Slot& slot) {
  const Link* last = nullptr;
  for (const auto& link : slot.links) {
    if (!names(link, slot.person())) continue;
    if (last == nullptr || domain::sorts_before(last->replacement, link.replacement)) last = &link;
  }
  return last;
}

Hop hop_of(const Link& link, const PersonKey& from) {
  const auto& event = link.replacement;
  return {from, event.source_system, event.source_message_id, event.recorded_at,
          domain::sort_key(event).time};
}

std::uint64_t own_hash(const Hop& hop) { return way_hash({&hop, 1}); }

bool is_void(const Link& link, const PersonKey& old_key) {
  const std::uint64_t own = own_hash(hop_of(link, old_key));
  return std::any_of(link.cycles.begin(), link.cycles.end(),
                     [own](const Link::Cycle& cycle) { return cycle.own == own; });
}

const Link* holding_link(const Slot& slot) {
  const Link* link = last_link(slot);
  return link == nullptr || is_void(*link, slot.person()) ? nullptr : link;
}

/// Whether both lead the same way to the same key.
bool same_way(const Link& a, const Link& b, const PersonKey& old_key) {
  return hop_of(a, old_key) == hop_of(b, old_key) &&
         a.replacement.person_key == b.replacement.person_key;
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
      slot.contested ? std::string(slot.person().view())
                     : fact_prefix(slot.person(), domain::fact_hash(replacement.source_system,
                                                                    replacement.source_message_id)),
      ctx);
  if (!records) return tl::unexpected(records.error());
  auto entries = entries_of(*records);
  if (!entries) return tl::unexpected(entries.error());
  std::erase_if(*entries, [](const JournalEntry& entry) { return !entry.path.empty(); });
  std::vector<const JournalEntry*> pointers;
  for (const auto& entry : *entries) pointers.push_back(&entry);
  const auto standing = domain::standings(pointers);

  const JournalEntry* effective = nullptr;
  std::vector<PersonKey> old_keys;
  for (std::size_t i = 0; i < pointers.size(); ++i) {
    const JournalEntry& entry = *pointers[i];
    if (!same_fact(entry.event, replacement)) continue;
    if (standing[i] == domain::Standing::kStands &&
        (effective == nullptr || version_less(effective->event, entry.event))) {
      effective = &entry;
    }
    const auto* replaced = std::get_if<domain::CprReplaced>(&entry.event.payload);
    if (replaced != nullptr &&
        std::find(old_keys.begin(), old_keys.end(), replaced->old_person_key) == old_keys.end()) {
      old_keys.push_back(replaced->old_person_key);
    }
  }
  codec::MoveLink link{slot.person(), {}, {}};
  if (effective != nullptr) {
    codec::encode_event(effective->event, link.replacement);
    link.origin = to_wire(effective->origin);
  } else {  // none of its copies stands: as if it were cancelled
    auto none = replacement;
    none.op = domain::Op::kCancel;
    codec::encode_event(none, link.replacement);
  }
  for (const auto& old_key : old_keys) send_flytning(old_key, link, ctx);
  return {};
}

void CitizenTask::put_link(Slot& slot, const Link& link, bus::TaskContext& ctx) {
  std::string value;
  append_link(link, value);
  ctx.writes().put(kJournal, fact_prefix(slot.person(), hash_of(link.replacement)), value);
}

CitizenTask::Route CitizenTask::route_of(const Slot& slot) {
  Route route;
  const Link* last = last_link(slot);
  if (last == nullptr) return route;
  route.last = *last;
  route.holds = !is_void(*last, slot.person());
  return route;
}

void CitizenTask::find_redirect(Slot& slot) {
  if (const Link* link = holding_link(slot)) slot.record.moved_to = link->replacement.person_key;
}

Result<void> CitizenTask::take_link(Slot& slot, const codec::MoveLink& message, Mode mode,
                                    bus::TaskContext& ctx) {
  Link link;
  if (!codec::decode_event(message.replacement, link.replacement)) {
    if (mode == Mode::kReplay) return {};
    return tl::unexpected(
        refusal(domain::Reason::kUndecodable, "link.replacement is no kronika.event.v1.Event"));
  }
  const Route before = route_of(slot);
  const auto known = std::find_if(slot.links.begin(), slot.links.end(), [&](const Link& l) {
    return same_fact(l.replacement, link.replacement);
  });
  if (known == slot.links.end()) {
    slot.links.push_back(link);
    put_link(slot, link, ctx);
  } else {
    if (!supersedes(link.replacement, known->replacement)) return {};
    known->replacement = std::move(link.replacement);
    put_link(slot, *known, ctx);
  }
  return mode != Mode::kLive ? Result<void>{} : redirect(slot, before, ctx);
}

Result<void> CitizenTask::redirect(Slot& slot, const Route& before, bus::TaskContext& ctx) {
  const Route now = route_of(slot);
  const bool same = before.last && now.last && same_way(*before.last, *now.last, slot.person());
  if (!same) {
    if (before.last) send_probe(*before.last, slot, true, ctx);
    if (now.last) send_probe(*now.last, slot, false, ctx);
  }
  if (before.holds == now.holds && (same || !now.holds)) return {};
  const auto records = journal_of(slot, slot.person().view(), ctx);
  if (!records) return tl::unexpected(records.error());
  JournalEntry entry;
  for (const auto& [key, value] : *records) {
    if (auto done = read_journal_value(value, entry); !done) return done;
    const auto event_bytes = event_bytes_of(value);
    if (before.holds) forward_through(*before.last, slot, entry, event_bytes, true, ctx);
    if (now.holds) forward_through(*now.last, slot, entry, event_bytes, false, ctx);
  }
  slot.changed = true;
  if (!now.holds) {
    slot.record.moved_to.reset();
    slot.refold = true;
    return {};
  }
  const PersonKey person = slot.person();
  slot.record.moved_to = now.last->replacement.person_key;
  slot.record.state = domain::CitizenState{};
  slot.record.state.person = person;
  slot.record.levels.clear();
  slot.next_visible.reset();
  slot.refold = false;
  return {};
}

void CitizenTask::send_probe(const Link& link, const Slot& slot, bool withdrawn,
                             bus::TaskContext& ctx) {
  JournalEntry probe;
  probe.event = link.replacement;
  // It tells the new key nothing that its own record does not, least of all when it was received.
  probe.origin = {Instant::max(), kPerson, 0, std::numeric_limits<std::int64_t>::max()};
  std::string bytes;
  codec::encode_event(probe.event, bytes);
  forward_through(link, slot, probe, bytes, withdrawn, ctx);
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
  JournalEntry entry;
  if (!codec::decode_event(moved.event, entry.event) || !from_wire(moved.origin, entry.origin)) {
    if (mode == Mode::kReplay) return {};
    return tl::unexpected(
        refusal(domain::Reason::kUndecodable, "moved.event or moved.origin does not read"));
  }
  const bool comes_back = std::any_of(moved.path.begin(), moved.path.end(), [&](const Hop& hop) {
    return hop.person_key == slot.person();
  });
  if (comes_back) return note_cycle(slot, entry.event, moved, record, mode, ctx);
  entry.path = moved.path;
  auto place = place_of(slot, entry, ctx);
  if (!place) return tl::unexpected(place.error());
  if (moved.withdrawn) {
    if (place->same) erase_entry(slot, place->key, ctx);
    if (mode == Mode::kLive && slot.record.moved_to) forward(slot, entry, moved.event, true, ctx);
  } else {
    put_entry(slot, place->key, entry, moved.event, mode, ctx);
  }
  if (mode == Mode::kLive) slot.changed = slot.refold = true;
  return {};
}

Result<void> CitizenTask::note_cycle(Slot& slot, const domain::Event& event,
                                     const codec::MovedEvent& moved, const bus::Record& record,
                                     Mode mode, bus::TaskContext& ctx) {
  const Hop& own = moved.path.front();
  const bool probe = own.person_key == slot.person() &&
                     event.source_system == own.link_source_system &&
                     event.source_message_id == own.link_source_message_id;
  if (!probe ||
      sorts_before(own, *std::max_element(moved.path.begin(), moved.path.end(), sorts_before))) {
    return {};
  }
  const auto link = std::find_if(slot.links.begin(), slot.links.end(),
                                 [&](const Link& l) { return same_fact(l.replacement, event); });
  if (link == slot.links.end()) return {};
  const Route before = route_of(slot);
  const Link::Cycle cycle{own_hash(own), way_hash(moved.path)};
  std::erase(link->cycles, cycle);
  if (!moved.withdrawn && link->cycles.size() < 255) link->cycles.push_back(cycle);
  put_link(slot, *link, ctx);
  if (mode != Mode::kLive) return {};
  if (before.holds && !route_of(slot).holds) {
    ctx.dead_letter(record,
                    {.stage = kStage,
                     .reason = domain::slug(domain::Reason::kCprCycle),
                     .detail = "CPR replacements form a cycle; the one that sorts last is void"});
  }
  return redirect(slot, before, ctx);
}

}  // namespace kronika::citizen
