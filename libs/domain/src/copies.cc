// Which of contradicting copies stands (domain.md 4.2 point 2), as a function of the set of copies.
#include "copies.h"

#include <algorithm>
#include <unordered_map>

namespace kronika::domain {
namespace {

/// All entries of one content of one version, whatever way they came.
struct Content {
  std::size_t fact = 0;  ///< numbers of its fact and version
  std::size_t version = 0;
  Origin origin;                                 ///< smallest of its entries
  const JournalEntry* representative = nullptr;  ///< its event id is the content's
  std::vector<std::size_t> entries;
  Standing standing = Standing::kStands;
};

struct Numbered {
  Grouped grouped;
  std::size_t index;
};

/// The contents of `entries`; of one version next to each other.
std::vector<Content> contents_of(std::span<const JournalEntry* const> entries) {
  std::vector<Numbered> order;
  order.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) order.push_back({grouped(*entries[i]), i});
  std::sort(order.begin(), order.end(), [](const Numbered& a, const Numbered& b) {
    return group_before(a.grouped, b.grouped);
  });
  std::vector<Content> contents;
  std::size_t first = 0;  // of the current version
  for (std::size_t i = 0; i < order.size(); ++i) {
    const JournalEntry* entry = order[i].grouped.entry;
    if (i > 0) {
      const Event& before = order[i - 1].grouped.entry->event;
      if (!same_version(before, entry->event)) first = contents.size();
    }
    auto same = contents.begin() + static_cast<std::ptrdiff_t>(first);
    while (same != contents.end() && !same_content(same->representative->event, entry->event))
      ++same;
    if (same == contents.end()) {
      Content made;
      made.origin = entry->origin;
      made.representative = entry;
      made.version = first;
      if (!contents.empty()) {
        const Content& last = contents.back();
        made.fact = same_fact(last.representative->event, entry->event) ? last.fact : last.fact + 1;
      }
      contents.push_back(std::move(made));
      same = contents.end() - 1;
    }
    same->entries.push_back(order[i].index);
    same->origin = std::min(same->origin, entry->origin);
    if (represents_before(entry->event, same->representative->event)) same->representative = entry;
  }
  return contents;
}

}  // namespace

bool same_copy(const JournalEntry& a, const JournalEntry& b) {
  return same_version(a.event, b.event) && a.path == b.path && same_content(a.event, b.event);
}

bool merge_copy(JournalEntry& kept, const JournalEntry& incoming) {
  bool changed = false;
  if (represents_before(incoming.event, kept.event)) {
    kept.event.recorded_at = incoming.event.recorded_at;
    kept.event.event_id = incoming.event.event_id;
    changed = true;
  }
  if (incoming.origin < kept.origin) {
    kept.origin = incoming.origin;
    changed = true;
  }
  return changed;
}

std::vector<JournalEntry> merge_copies(std::vector<JournalEntry> arrived) {
  std::vector<Grouped> order;
  order.reserve(arrived.size());
  for (const JournalEntry& entry : arrived) order.push_back(grouped(entry));
  std::sort(order.begin(), order.end(), group_before);
  std::vector<JournalEntry> journal;
  journal.reserve(arrived.size());
  std::size_t first = 0;  // of the current version
  for (const Grouped& g : order) {
    if (first == journal.size() || !same_version(journal[first].event, g.entry->event))
      first = journal.size();
    std::size_t same = first;
    while (same < journal.size() && !same_copy(journal[same], *g.entry)) ++same;
    if (same < journal.size()) {
      merge_copy(journal[same], *g.entry);
    } else {
      journal.push_back(*g.entry);
    }
  }
  return journal;
}

std::vector<Standing> standings(std::span<const JournalEntry* const> entries) {
  std::vector<Content> contents = contents_of(entries);
  std::vector<Content*> received;
  received.reserve(contents.size());
  for (Content& c : contents) received.push_back(&c);
  std::sort(received.begin(), received.end(), [](const Content* a, const Content* b) {
    return std::tie(a->origin, a->representative->event.event_id) <
           std::tie(b->origin, b->representative->event.event_id);
  });
  std::unordered_map<EventId, std::size_t> owner;  // fact of an event id
  std::vector<bool> occupied(contents.size(), false);
  for (Content* c : received) {
    const EventId& id = c->representative->event.event_id;
    const auto owned = owner.find(id);
    if (owned != owner.end() && owned->second != c->fact) {
      c->standing = Standing::kEventIdReused;
    } else if (occupied[c->version]) {
      c->standing = Standing::kConflict;
    } else {
      owner.emplace(id, c->fact);
      occupied[c->version] = true;
    }
  }
  std::vector<Standing> result(entries.size(), Standing::kStands);
  for (const Content& c : contents) {
    for (const std::size_t i : c.entries) result[i] = c.standing;
  }
  return result;
}

Admission admission_of(std::span<const JournalEntry* const> entries,
                       std::span<const Standing> standing, std::size_t index) {
  if (standing[index] == Standing::kConflict) return Admission::kConflict;
  if (standing[index] == Standing::kEventIdReused) return Admission::kEventIdReused;
  const Event& event = entries[index]->event;
  bool higher = false;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Event& other = entries[i]->event;
    if (i == index || standing[i] != Standing::kStands || !same_fact(other, event)) continue;
    // The same words from a mended adapter are stored (they are a version of their own, and another
    // revision between the two may say something else) but are no news.
    if (same_content(other, event)) return Admission::kDuplicate;
    higher = higher || version_less(event, other);
  }
  return higher ? Admission::kSuperseded : Admission::kApplied;
}

Receipt receive(std::vector<JournalEntry>& journal, const JournalEntry& incoming) {
  const auto judge = [&journal](std::vector<const JournalEntry*>& entries) {
    entries.clear();
    for (const JournalEntry& entry : journal) entries.push_back(&entry);
    return standings(entries);
  };
  std::vector<const JournalEntry*> entries;
  const std::vector<Standing> before = judge(entries);
  Receipt receipt;
  std::size_t index = 0;
  while (index < journal.size() && !same_copy(journal[index], incoming)) ++index;
  const bool known = index < journal.size();
  if (known) {
    receipt.journal_changed = merge_copy(journal[index], incoming);
  } else {
    journal.push_back(incoming);
    receipt.journal_changed = true;
  }
  const std::vector<Standing> after = judge(entries);
  for (std::size_t i = 0; i < before.size(); ++i) {
    receipt.others_changed = receipt.others_changed || (before[i] != after[i] && i != index);
  }
  if (known && after[index] == Standing::kStands) {
    receipt.admission = Admission::kDuplicate;
  } else {
    receipt.admission = admission_of(entries, after, index);
  }
  return receipt;
}

}  // namespace kronika::domain
