#include <algorithm>
#include <array>
#include <tuple>

#include <kronika/domain/journal.h>

namespace kronika::domain {
namespace {

bool same_fact(const Event& a, const Event& b) {
  return a.source_message_id == b.source_message_id && a.source_system == b.source_system;
}

bool same_revision(const Event& a, const Event& b) {
  return a.source_version == b.source_version && a.adapter_revision == b.adapter_revision;
}

bool version_less(const Event& a, const Event& b) {
  return std::tie(a.source_version, a.adapter_revision) <
         std::tie(b.source_version, b.adapter_revision);
}

/// Equal copies are represented by the one recorded first, then by the smallest id.
bool represents_before(const Event& a, const Event& b) {
  return std::tie(a.recorded_at, a.event_id) < std::tie(b.recorded_at, b.event_id);
}

/// Type rank of domain.md 4.2 point 3 in the high nibble, the order within ranks 11 and 12 in the
/// low one.
constexpr std::uint8_t rank(int major, int minor = 0) {
  return static_cast<std::uint8_t>(major * 16 + minor);
}

std::uint8_t rank_of(const Event& event) {
  switch (event.type()) {
    case EventType::kCprReplaced:
    case EventType::kResidenceChanged:
    case EventType::kPersonAttributesRecorded:
      return rank(1);
    case EventType::kHealthCheckCompleted:
    case EventType::kDiagnosisRecorded:
    case EventType::kDiagnosisExcluded:
      return rank(2);
    case EventType::kMeasurementRecorded:
    case EventType::kQuestionnaireAnswered:
      return rank(3);
    case EventType::kStratificationAssessed:
      return rank(4);
    case EventType::kReferralSent:
      return rank(5);
    case EventType::kReferralRevoked:
    case EventType::kVisitationDecided:
      return rank(6);
    case EventType::kInterviewHeld:
      switch (std::get<InterviewHeld>(event.payload).kind) {
        case InterviewKind::kFinal:
          return rank(11, 0);
        case InterviewKind::kFollowUp:
          return rank(11, 2);
        case InterviewKind::kUnspecified:
        case InterviewKind::kInitial:
        case InterviewKind::kNeeds:
          return rank(7);
      }
      return rank(7);
    case EventType::kInterventionStarted:
      return rank(8);
    case EventType::kInterventionAttended:
      return rank(9);
    case EventType::kInterventionStopped:
      return rank(10);
    case EventType::kPathwayPlanChanged:
      return rank(11, 1);
    case EventType::kPathwayClosed:
      return rank(11, 3);
    case EventType::kPatientDeclined:
      return rank(11, 4);
    case EventType::kCoordinationAssigned:
    case EventType::kCoordinationEnded:
      return rank(11, 5);
    case EventType::kSelfTreatmentChanged:
      return rank(11, 6);
    case EventType::kHospitalStayStarted:
      return rank(12, 0);
    case EventType::kLeaveStarted:
      return rank(12, 1);
    case EventType::kLeaveEnded:
      return rank(12, 2);
    case EventType::kHospitalStayEnded:
      return rank(12, 3);
    case EventType::kDischargeReportReceived:
      return rank(12, 4);
    case EventType::kPersonDeceased:
      return rank(13);
    case EventType::kUnknown:
    case EventType::kGoalProgressReported:
    case EventType::kAnnualDocumentation:
    case EventType::kFinalReportAnswered:
      return rank(14);
  }
  return rank(14);
}

bool known_by(const JournalEntry& entry, Instant known_at) {
  if (entry.event.recorded_at > known_at) return false;
  return std::all_of(entry.path.begin(), entry.path.end(),
                     [known_at](const Hop& hop) { return hop.link_recorded_at <= known_at; });
}

/// Moved and direct events meet only here, so an event id that two facts carry is judged among what
/// is visible: the one received first keeps it, the others leave.
void drop_reused_ids(std::vector<const JournalEntry*>& entries) {
  std::vector<const JournalEntry*> by_id(entries);
  std::sort(by_id.begin(), by_id.end(), [](const JournalEntry* a, const JournalEntry* b) {
    return std::tie(a->event.event_id, a->origin) < std::tie(b->event.event_id, b->origin);
  });
  std::vector<const JournalEntry*> losers;
  for (std::size_t i = 0, first = 0; i < by_id.size(); ++i) {
    if (by_id[i]->event.event_id != by_id[first]->event.event_id) first = i;
    if (!same_fact(by_id[i]->event, by_id[first]->event)) losers.push_back(by_id[i]);
  }
  if (losers.empty()) return;
  std::erase_if(entries, [&losers](const JournalEntry* e) {
    return std::find(losers.begin(), losers.end(), e) != losers.end();
  });
}

struct Grouped {
  std::uint64_t hash;
  const JournalEntry* entry;
};

/// Facts together, highest version first, within a version in the order of receipt.
bool group_before(const Grouped& a, const Grouped& b) {
  if (a.hash != b.hash) return a.hash < b.hash;
  const Event& x = a.entry->event;
  const Event& y = b.entry->event;
  return std::tie(x.source_system, x.source_message_id, y.source_version, y.adapter_revision,
                  a.entry->origin) < std::tie(y.source_system, y.source_message_id,
                                              x.source_version, x.adapter_revision,
                                              b.entry->origin);
}

struct Keyed {
  SortKey key;
  const JournalEntry* entry;
};

bool keyed_before(const Keyed& a, const Keyed& b) {
  if (a.key.time != b.key.time) return a.key.time < b.key.time;
  if (a.key.rank != b.key.rank) return a.key.rank < b.key.rank;
  return std::tie(a.entry->event.source_system, a.entry->event.source_message_id) <
         std::tie(b.entry->event.source_system, b.entry->event.source_message_id);
}

}  // namespace

std::uint64_t fact_hash(std::string_view source_system, std::string_view source_message_id) {
  // FNV-1a, 64 bits, over source_system, one zero byte, source_message_id; then the finaliser of
  // MurmurHash3, because the journal key is compared from its first byte on.
  std::uint64_t h = 0xcbf29ce484222325ULL;
  const auto add = [&h](unsigned char byte) { h = (h ^ byte) * 0x100000001b3ULL; };
  for (const char c : source_system) add(static_cast<unsigned char>(c));
  add(0);
  for (const char c : source_message_id) add(static_cast<unsigned char>(c));
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdULL;
  h ^= h >> 33;
  h *= 0xc4ceb9fe1a85ec53ULL;
  h ^= h >> 33;
  return h;
}

Verdict admit(std::span<const JournalEntry* const> known, const JournalEntry& incoming) {
  Verdict verdict;
  const Event& in = incoming.event;
  bool higher_exists = false;
  bool same_content_exists = false;
  std::optional<std::size_t> duplicate;
  std::vector<std::size_t> losing;
  bool conflict_lost = false;
  bool id_lost = false;
  for (std::size_t i = 0; i < known.size(); ++i) {
    const JournalEntry& entry = *known[i];
    const bool fact = same_fact(entry.event, in);
    if (fact) {
      higher_exists = higher_exists || version_less(in, entry.event);
      same_content_exists = same_content_exists || same_content(entry.event, in);
    }
    // Copies that came another way (A16) are kept side by side and meet in effective_events().
    if (entry.path != incoming.path) continue;
    if (fact && same_revision(entry.event, in)) {
      if (same_content(entry.event, in)) {
        duplicate = i;
        continue;
      }
      if (entry.origin < incoming.origin)
        conflict_lost = true;
      else
        losing.push_back(i);
    } else if (!fact && entry.event.event_id == in.event_id) {
      if (entry.origin < incoming.origin)
        id_lost = true;
      else
        losing.push_back(i);
    }
  }

  if (duplicate) {
    const JournalEntry& kept = *known[*duplicate];
    verdict.admission = Admission::kDuplicate;
    verdict.merged = kept;
    if (represents_before(in, kept.event)) {
      verdict.merged.event.recorded_at = in.recorded_at;
      verdict.merged.event.event_id = in.event_id;
    }
    verdict.merged.origin = std::min(kept.origin, incoming.origin);
    verdict.store_incoming = verdict.merged.event.recorded_at != kept.event.recorded_at ||
                             verdict.merged.event.event_id != kept.event.event_id ||
                             verdict.merged.origin != kept.origin;
    if (verdict.store_incoming) verdict.replaces = duplicate;
    return verdict;
  }
  verdict.merged = incoming;
  if (id_lost || conflict_lost) {
    verdict.admission = id_lost ? Admission::kEventIdReused : Admission::kConflict;
    return verdict;
  }
  verdict.store_incoming = true;
  if (!losing.empty()) {
    verdict.replaces = losing.front();
    verdict.also_evicted.assign(losing.begin() + 1, losing.end());
    verdict.admission = same_fact(known[losing.front()]->event, in) ? Admission::kConflict
                                                                    : Admission::kEventIdReused;
    return verdict;
  }
  // The same words from a mended adapter are stored (they are a version of their own, and another
  // revision between the two may say something else) but are no news.
  if (same_content_exists)
    verdict.admission = Admission::kDuplicate;
  else if (higher_exists)
    verdict.admission = Admission::kSuperseded;
  return verdict;
}

SortKey sort_key(const Event& event) {
  return {event.time_precision == TimePrecision::kDate
              ? end_of_day(civil_date_of(event.occurred_at))
              : event.occurred_at,
          rank_of(event)};
}

bool sorts_before(const Event& a, const Event& b) {
  const SortKey x = sort_key(a);
  const SortKey y = sort_key(b);
  if (x.time != y.time) return x.time < y.time;
  if (x.rank != y.rank) return x.rank < y.rank;
  return std::tie(a.source_system, a.source_message_id) <
         std::tie(b.source_system, b.source_message_id);
}

Instant visible_from(const Event& event) {
  return event.time_precision == TimePrecision::kDate
             ? start_of_day(civil_date_of(event.occurred_at))
             : event.occurred_at;
}

EffectiveSet effective_events(std::span<const JournalEntry> entries, const Visibility& visibility) {
  std::vector<const JournalEntry*> known;
  known.reserve(entries.size());
  bool moved = false;
  for (const JournalEntry& entry : entries) {
    if (!known_by(entry, visibility.known_at)) continue;
    known.push_back(&entry);
    moved = moved || !entry.path.empty();
  }
  if (moved) drop_reused_ids(known);

  std::vector<Grouped> groups;
  groups.reserve(known.size());
  for (const JournalEntry* entry : known) {
    groups.push_back(
        {fact_hash(entry->event.source_system, entry->event.source_message_id), entry});
  }
  std::sort(groups.begin(), groups.end(), group_before);

  EffectiveSet result;
  std::vector<Keyed> order;
  order.reserve(groups.size());
  for (std::size_t i = 0; i < groups.size();) {
    const JournalEntry* top = groups[i].entry;
    bool created = false;
    const JournalEntry* effective = top;
    std::size_t next = i;
    for (; next < groups.size() && same_fact(groups[next].entry->event, top->event); ++next) {
      const Event& other = groups[next].entry->event;
      created = created || other.op != Op::kRevise;
      // Copies that came by several ways: the content received first, represented by its earliest
      // record.
      if (same_revision(other, top->event) && same_content(other, top->event) &&
          represents_before(other, effective->event)) {
        effective = groups[next].entry;
      }
    }
    i = next;
    if (effective->event.op == Op::kCancel) continue;
    const Instant from = visible_from(effective->event);
    if (from > visibility.as_of) {
      if (!result.next_visible || from < *result.next_visible) result.next_visible = from;
      continue;
    }
    if (!created) result.revised_without_create.push_back(effective);
    order.push_back({sort_key(effective->event), effective});
  }
  std::sort(order.begin(), order.end(), keyed_before);
  result.events.reserve(order.size());
  for (const Keyed& k : order) result.events.push_back(k.entry);
  return result;
}

}  // namespace kronika::domain
