#include "copies.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <tuple>

#include <kronika/domain/journal.h>

namespace kronika::domain {
namespace {

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

bool links_known_by(const JournalEntry& entry, Instant known_at) {
  return std::all_of(entry.path.begin(), entry.path.end(),
                     [known_at](const Hop& hop) { return hop.link_recorded_at <= known_at; });
}

std::uint64_t mixed(const EventId& id) {
  std::uint64_t halves[2];
  std::memcpy(halves, id.bytes.data(), sizeof(halves));
  const std::uint64_t h = (halves[0] ^ std::rotl(halves[1], 32)) * 0x9e3779b97f4a7c15ULL;
  const std::uint64_t folded = h ^ (h >> 29);
  return folded == 0 ? 1 : folded;
}

/// Whether some entries may share an event id, or do share a version: only then is there anything
/// to judge. `groups` are sorted.
bool contested(const std::vector<Grouped>& groups) {
  if (groups.size() < 2) return false;
  for (std::size_t i = 1; i < groups.size(); ++i) {
    if (groups[i].hash == groups[i - 1].hash &&
        same_version(groups[i].entry->event, groups[i - 1].entry->event)) {
      return true;
    }
  }
  const std::size_t slots = std::bit_ceil(groups.size() * 2);
  std::vector<std::uint64_t> seen(slots, 0);
  for (const Grouped& g : groups) {
    const std::uint64_t h = mixed(g.entry->event.event_id);
    std::size_t at = h & (slots - 1);
    for (; seen[at] != 0; at = (at + 1) & (slots - 1)) {
      if (seen[at] == h) return true;
    }
    seen[at] = h;
  }
  return false;
}

void drop_losers(std::vector<Grouped>& groups) {
  std::vector<const JournalEntry*> entries;
  entries.reserve(groups.size());
  for (const Grouped& g : groups) entries.push_back(g.entry);
  const std::vector<Standing> standing = standings(entries);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (standing[i] == Standing::kStands) groups[kept++] = groups[i];
  }
  groups.resize(kept);
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
  std::vector<Grouped> groups;
  groups.reserve(entries.size());
  for (const JournalEntry& entry : entries) {
    if (links_known_by(entry, visibility.known_at)) groups.push_back(grouped(entry));
  }
  std::sort(groups.begin(), groups.end(), group_before);
  // What does not stand is in quarantine at every known_at; what stands is known once recorded.
  if (contested(groups)) drop_losers(groups);
  if (visibility.known_at != Instant::max()) {
    std::erase_if(
        groups, [&](const Grouped& g) { return g.entry->event.recorded_at > visibility.known_at; });
  }

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
      // Copies that came by several ways are represented by the earliest record.
      if (same_version(other, top->event) && represents_before(other, effective->event)) {
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
