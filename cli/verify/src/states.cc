// Every citizen-state record against a plain fold of that citizen's events, byte for byte.
#include "impl.h"

#include <algorithm>
#include <utility>

#include <kronika/bus/wire.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/domain/differences.h>

namespace kronika::verify {
namespace {

using domain::JournalEntry;

std::string fact_of(const domain::Event& event) {
  return event.source_system + '\0' + event.source_message_id + '\0' +
         std::to_string(event.source_version) + '\0' + std::to_string(event.adapter_revision) +
         '\0' + std::to_string(static_cast<int>(event.op));
}

}  // namespace

Result<void> Verifier::Impl::check_states() {
  const auto count = log.partitions(std::string(bus::kCitizenState));
  if (!count) return tl::unexpected(count.error());
  for (std::int32_t p = 0; p < *count; ++p) {
    if (auto ok = check_partition(p); !ok) return ok;
    say("partition " + std::to_string(p + 1) + " of " + std::to_string(*count) + ": " +
        std::to_string(report.events) + " events, " + std::to_string(report.citizens) +
        " citizens, " + std::to_string(report.difference_count) + " differences");
  }
  if (report.awaiting_refold > 0) return {};
  check_moves();
  if (options.shared_facts) list_shared_facts();
  return {};
}

Result<void> Verifier::Impl::check_partition(std::int32_t partition) {
  auto cut = read_cut(log, partition);
  if (!cut) return tl::unexpected(cut.error());
  for (const std::int64_t offset : cut->unreadable) {
    differ("progress", "citizen-state/" + std::to_string(partition) + "@" + std::to_string(offset),
           "the progress record cannot be read");
  }
  if (!cut->progress) {
    if (!cut->records.empty()) {
      differ("progress", "citizen-state/" + std::to_string(partition),
             "there are states, but no progress record");
    }
    return note_unhandled(partition);
  }
  const codec::ProgressRecord& progress = *cut->progress;
  if (progress.awaiting_refold > 0) {
    report.awaiting_refold += progress.awaiting_refold;
    return {};
  }
  transactions[partition] = progress.transaction_number;
  report.refused += static_cast<std::int64_t>(progress.refused.size());

  const auto read =
      read_events(log, partition, progress, [&](const PersonKey& person, std::string_view message) {
        codec::Flytning flytning;
        if (!codec::decode_flytning(message, flytning)) return;
        const auto* moved = std::get_if<codec::MovedEvent>(&flytning);
        domain::Event event;
        if (moved != nullptr && codec::decode_event(moved->event, event))
          arrived[person].insert(fact_of(event));
      });
  if (!read) return tl::unexpected(read.error());
  report.events += read->count;
  const auto& events = read->people;

  const std::set<Place> refused = places_of(progress.refused);
  for (const auto& [person, raws] : events) {
    std::set<Place> all = refused;
    if (const auto found = cut->records.find(person); found != cut->records.end()) {
      codec::CitizenRecord record;
      if (codec::decode_citizen(found->second.message, record))
        all.merge(places_of(record.refused));
    }
    auto entries = entries_of(person, partition, raws, all);
    if (options.shared_facts) note_owners(person, entries);
    check_citizen(partition, person, std::move(entries), *cut);
  }
  for (const auto& [person, state] : cut->records) {
    if (events.contains(person)) continue;
    // Nothing but refused records may be known of a citizen: its state then names them.
    codec::CitizenRecord record;
    if (!codec::decode_citizen(state.message, record) || record.refused.empty() ||
        record.state.events != 0) {
      differ("state_without_events",
             "citizen-state/" + std::to_string(partition) + "@" + std::to_string(state.offset),
             "the log holds no event of this citizen");
    }
  }
  return {};
}

Result<void> Verifier::Impl::note_unhandled(std::int32_t partition) {
  std::int64_t waiting = 0;
  for (const std::string_view topic : kInputs) {
    const auto read = log.read(std::string(topic), partition, [&](const bus::Record&) {
      ++waiting;
      return Result<void>();
    });
    if (!read) return tl::unexpected(read.error());
  }
  if (waiting > 0) {
    report.notes.push_back("partition " + std::to_string(partition) +
                           ": the citizen consumer has " + "handled nothing yet; " +
                           std::to_string(waiting) + " records wait");
  }
  return {};
}

void Verifier::Impl::check_citizen(std::int32_t partition, const PersonKey& person,
                                   std::vector<JournalEntry> entries, const CitizenCut& cut) {
  const auto found = cut.records.find(person);
  if (found == cut.records.end()) {
    if (!entries.empty()) {
      differ("state_missing",
             std::string(kInputs[entries.front().origin.topic]) + "/" + std::to_string(partition) +
                 "@" + std::to_string(entries.front().origin.offset),
             "this citizen has " + std::to_string(entries.size()) + " events and no state");
    }
    return;
  }
  ++report.citizens;
  const std::string where =
      "citizen-state/" + std::to_string(partition) + "@" + std::to_string(found->second.offset);
  codec::CitizenRecord record;
  if (!codec::decode_citizen(found->second.message, record)) {
    differ("state", where, "the record cannot be read");
    return;
  }
  report.refused += static_cast<std::int64_t>(record.refused.size());
  if (record.moved_to) {
    ++report.moved;
    moved_to[person] = *record.moved_to;
    for (const JournalEntry& entry : entries) left[person].insert(fact_of(entry.event));
    if (!record.contributions.empty())
      differ("contributions", where, "a moved citizen still counts in indicators");
    return;
  }
  if (record.generation != rules.generation) {
    differ("generation", where,
           "folded with rule generation " + std::to_string(record.generation.ordinal) +
               ", verify runs with " + std::to_string(rules.generation.ordinal) +
               " (or other files under the same number)");
    return;
  }
  if (record.transaction_number > cut.progress->transaction_number) {
    differ("progress", where,
           "the record's transaction is newer than the partition's progress record");
  }

  const domain::EffectiveSet effective =
      domain::effective_events(entries, {.as_of = record.as_of, .known_at = Instant::max()});
  codec::CitizenRecord again =
      record;  // what is not recomputed here: levels emitted, refused, numbers
  again.state = fold.refold(person, effective.events);
  again.contributions = fold.contributions(again.state, record.as_of);
  const domain::Evaluation evaluation = fold.evaluate(again.state, record.as_of);

  std::string mine, theirs;
  codec::encode_fold(again.state, mine);
  codec::encode_fold(record.state, theirs);
  if (mine != theirs) {
    differ("state", where,
           "the folded state differs: " + std::to_string(again.state.events) +
               " events recomputed, " + std::to_string(record.state.events) + " in the record");
  } else if (again.contributions != record.contributions) {
    differ("contributions", where,
           std::to_string(again.contributions.size()) + " contributions recomputed, " +
               std::to_string(record.contributions.size()) + " in the record, or other values");
  } else {
    mine.clear();
    codec::encode_citizen(rules, again, &evaluation, mine);
    if (mine != found->second.message)
      differ("summary", where, "the evaluated summary differs from the recomputed one");
  }

  // What time alone changes must not have been slept through.
  std::optional<Instant> next = effective.next_visible;
  if (evaluation.next_change && (!next || *evaluation.next_change < *next))
    next = evaluation.next_change;
  if (next && (!record.next_deadline || *record.next_deadline > *next)) {
    differ("deadline", where, "the record wakes later than its answer changes");
  } else if (record.next_deadline && *record.next_deadline < cut.progress->as_of) {
    differ("deadline", where,
           "the record should have been woken before the partition's clock came so far");
  }
  domain::CellDeltas sums;
  domain::add_difference({}, again.contributions, again.state.canary, sums);
  for (const auto& [key, value] : sums) expected[key] += value;
}

void Verifier::Impl::check_moves() {
  for (const auto& [old_key, facts] : left) {
    const std::set<std::string>& there = arrived[moved_to[old_key]];
    const auto lost = std::count_if(facts.begin(), facts.end(),
                                    [&](const std::string& f) { return !there.contains(f); });
    if (lost > 0) {
      differ(
          "moved_events_missing", "flytning",
          std::to_string(lost) + " events of a replaced CPR number did not arrive at the new one");
    }
  }
}

void Verifier::Impl::note_owners(const PersonKey& person,
                                 const std::vector<JournalEntry>& entries) {
  std::set<std::uint64_t> noted;
  for (const JournalEntry& entry : entries) {
    if (!entry.path.empty()) continue;
    const domain::Event& event = entry.event;
    const std::uint64_t fact = domain::fact_hash(event.source_system, event.source_message_id);
    if (!noted.insert(fact).second) continue;
    const Owner here{person, entry.origin.topic, entry.origin.partition, entry.origin.offset};
    const auto [owner, first] = owners.try_emplace(fact, here);
    if (!first) shared.emplace_back(owner->second, here);
  }
}

void Verifier::Impl::list_shared_facts() {
  const auto now = [&](PersonKey person) {
    for (std::size_t hops = 0; hops <= moved_to.size(); ++hops) {
      const auto next = moved_to.find(person);
      if (next == moved_to.end()) break;
      person = next->second;
    }
    return person;
  };
  const auto place = [](const Owner& owner) {
    return std::string(kInputs[owner.topic]) + "/" + std::to_string(owner.partition) + "@" +
           std::to_string(owner.offset);
  };
  for (const auto& [first, second] : shared) {
    if (now(first.person) == now(second.person)) continue;
    ++report.shared_fact_count;
    if (report.shared_facts.size() < options.max_differences) {
      report.shared_facts.push_back({place(first), place(second)});
    }
  }
}

}  // namespace kronika::verify
