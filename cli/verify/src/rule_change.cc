#include "citizen_log.h"
#include "record_changes.h"
#include "row_changes.h"

#include <algorithm>
#include <array>
#include <utility>

#include <kronika/codec/citizen_codec.h>
#include <kronika/domain/differences.h>
#include <kronika/domain/fold.h>
#include <kronika/verify/errc.h>

namespace kronika::verify {
namespace {

using domain::ProgrammeIndex;
using state::v1::CitizenStateRecord;

/// Records number programmes in the order of the rules that folded them; their summaries name them.
/// Both rules' programmes get one number here: that of the new rules, or a further one.
class ProgrammeNumbers {
 public:
  explicit ProgrammeNumbers(const domain::Rules& rules) {
    for (const domain::Programme& programme : rules.programmes) ids_.push_back(programme.id);
    present_.fill(kUnknown);
  }

  /// Whether every programme of these episodes has been met.
  [[nodiscard]] bool know(const domain::CitizenState& state) const {
    return std::all_of(state.episodes.begin(), state.episodes.end(), [&](const auto& episode) {
      return present_[episode.programme] != kUnknown;
    });
  }
  /// Pre: `summary` is of `state`; its pathways stand in the order of the episodes.
  void learn(const domain::CitizenState& state, const state::v1::CitizenSummary& summary) {
    const auto count =
        std::min(static_cast<std::size_t>(summary.pathways_size()), state.episodes.size());
    for (std::size_t i = 0; i < count; ++i) {
      const std::string& id = summary.pathways(static_cast<int>(i)).programme();
      const auto known = std::find(ids_.begin(), ids_.end(), id);
      present_[state.episodes[i].programme] = static_cast<int>(known - ids_.begin());
      if (known == ids_.end()) ids_.push_back(id);
    }
  }
  /// `of_present` renumbered; one that no record named keeps its number.
  [[nodiscard]] std::vector<domain::Contribution> renumbered(
      std::vector<domain::Contribution> of_present) const {
    for (domain::Contribution& c : of_present) {
      if (const int number = present_[c.at.programme]; number != kUnknown)
        c.at.programme = static_cast<ProgrammeIndex>(number);
    }
    return of_present;
  }
  [[nodiscard]] const std::vector<std::string>& ids() const { return ids_; }

 private:
  static constexpr int kUnknown = -1;
  std::vector<std::string> ids_;
  std::array<int, 256> present_{};
};

std::string count_text(std::int64_t count, const char* of) {
  return std::to_string(count) + " " + of;
}

}  // namespace

struct RuleChange::Impl {
  const domain::Rules& rules;
  const domain::Fold fold;
  LogSource& log;
  const RuleChangeOptions options;
  RuleChangeReport report;
  ProgrammeNumbers programmes;
  domain::CellDeltas before;
  domain::CellDeltas difference;
  std::int64_t without_state = 0;
  std::string message;
  CitizenStateRecord now, then;

  Impl(const domain::Rules& the_rules, LogSource& the_log, RuleChangeOptions the_options)
      : rules(the_rules),
        fold(the_rules),
        log(the_log),
        options(std::move(the_options)),
        programmes(the_rules) {
    report.proposed = rules.generation;
  }

  Result<void> run() {
    const auto count = log.partitions(std::string(bus::kCitizenState));
    if (!count) return tl::unexpected(count.error());
    for (std::int32_t p = 0; p < *count; ++p) {
      if (auto ok = read_partition(p); !ok) return ok;
      if (options.progress) {
        options.progress("partition " + std::to_string(p + 1) + " of " + std::to_string(*count) +
                         ": " + count_text(report.events, "events, ") +
                         count_text(report.citizens, "citizens"));
      }
    }
    finish();
    return {};
  }

  Result<void> read_partition(std::int32_t partition) {
    const auto cut = read_cut(log, partition);
    if (!cut) return tl::unexpected(cut.error());
    if (!cut->progress) return {};
    if (cut->progress->awaiting_refold > 0) {
      return fail(code<Errc::kNotComplete>(),
                  "at least " + std::to_string(cut->progress->awaiting_refold) +
                      " citizens are still to be folded with the consumer's rules; run it again "
                      "when `kronika status` says no more of it");
    }
    // Before the events are read: whether these rules may follow. One record tells, and each is
    // looked at again in its turn.
    for (const auto& [person, stored] : cut->records) {
      codec::CitizenRecord record;
      if (auto ok = decode(stored, partition, record); !ok) return ok;
      if (record.moved_to) continue;
      if (auto ok = note_generation(record.generation); !ok) return ok;
      break;
    }
    const auto events = read_events(log, partition, *cut->progress, {});
    if (!events) return tl::unexpected(events.error());
    report.events += events->count;
    const std::set<Place> refused = places_of(cut->progress->refused);
    for (const auto& [person, raw] : events->people) {
      const auto stored = cut->records.find(person);
      codec::CitizenRecord record;
      if (stored == cut->records.end()) {
        ++without_state;
        continue;
      }
      if (auto ok = decode(stored->second, partition, record); !ok) return ok;
      if (record.moved_to || record.state.canary) continue;
      if (auto ok = note_generation(record.generation); !ok) return ok;
      std::set<Place> left_out = places_of(record.refused);
      left_out.insert(refused.begin(), refused.end());
      compare(record, entries_of(person, partition, raw, left_out), cut->progress->as_of,
              stored->second.message);
    }
    return {};
  }

  static Result<void> decode(const StateRecord& stored, std::int32_t partition,
                             codec::CitizenRecord& record) {
    if (codec::decode_citizen(stored.message, record)) return {};
    return fail(code<Errc::kUnreadable>(), "citizen-state/" + std::to_string(partition) + "@" +
                                               std::to_string(stored.offset) +
                                               ": the record cannot be read by this program");
  }

  Result<void> note_generation(const domain::Generation& theirs) {
    const domain::Generation ours = rules.generation;
    const std::string next = std::to_string(theirs.ordinal + 1);
    if (theirs.ordinal == ours.ordinal && theirs.hash != ours.hash) {
      return fail(code<Errc::kRulesRefused>(),
                  "generation " + std::to_string(ours.ordinal) +
                      " is in force with other files or another program: these rules need the next "
                      "number (--generation " +
                      next + ", and reference.generation when they are rolled out)");
    }
    if (theirs.ordinal > ours.ordinal) {
      return fail(
          code<Errc::kRulesRefused>(),
          "generation " + std::to_string(theirs.ordinal) +
              " is in force, these rules have the older number " + std::to_string(ours.ordinal) +
              ": going back means the old rules under the next number (--generation " + next + ")");
    }
    if (!report.present || report.present->ordinal < theirs.ordinal) report.present = theirs;
    return {};
  }

  void compare(const codec::CitizenRecord& record, const std::vector<domain::JournalEntry>& entries,
               Instant partition_as_of, const std::string& stored) {
    ++report.citizens;
    bool parsed = false;
    if (!programmes.know(record.state)) {
      parsed = now.ParseFromString(stored);
      programmes.learn(record.state, now.summary());
    }
    const auto contributions = programmes.renumbered(record.contributions);
    domain::add_difference({}, contributions, false, before);

    // The record has held since its own as-of: nothing woke the citizen. The new rules may have
    // woken it, so they are asked at the partition's.
    const Instant as_of = std::max(record.as_of, partition_as_of);
    const domain::EffectiveSet effective =
        domain::effective_events(entries, {.as_of = as_of, .known_at = Instant::max()});
    codec::CitizenRecord again = record;  // what rules do not change: refused, numbers, times
    again.state = fold.refold(record.state.person, effective.events);
    again.contributions = fold.contributions(again.state, as_of);
    const domain::Evaluation evaluation = fold.evaluate(again.state, as_of);
    message.clear();
    codec::encode_citizen(rules, again, &evaluation, message);
    if (message == stored) return;

    if (!parsed) parsed = now.ParseFromString(stored);
    if (!parsed || !then.ParseFromString(message)) return;  // both were read or written above
    std::vector<Change> changes = changes_between(now, then);
    domain::CellDeltas cells;
    domain::add_difference(contributions, again.contributions, false, cells);
    if (!cells.empty()) {
      changes.push_back({"", "indicators", "", ""});
      domain::add_difference(contributions, again.contributions, false, difference);
    }
    if (changes.empty()) {
      ++report.unseen;
      return;
    }
    ++report.changed;
    for (const Change& change : changes) ++report.changes[change];
    if (options.on_citizen) options.on_citizen(record.state.person, changes);
  }

  void finish() {
    const std::vector<std::string>& ids = programmes.ids();
    for (const auto& [key, value] : difference) {
      CellChange& cell = report.cells.emplace_back();
      cell.cell = key;
      if (key.at.programme < ids.size()) cell.programme = ids[key.at.programme];
      if (const auto present = before.find(key); present != before.end())
        cell.before = present->second;
      cell.after = cell.before;
      cell.after += value;
    }
    report.rows = row_changes(rules, ids, before, difference);
    if (!report.present)
      report.notes.emplace_back("there are no states yet: whatever these rules say is new");
    if (report.present == rules.generation)
      report.notes.emplace_back("these are the rules in force");
    if (without_state > 0) {
      report.notes.push_back(count_text(without_state, "citizens have events and no state") +
                             ": run kronika verify");
    }
  }
};

RuleChange::RuleChange(const domain::Rules& rules, LogSource& log, RuleChangeOptions options)
    : impl_(new Impl(rules, log, std::move(options))) {}
RuleChange::~RuleChange() = default;

Result<void> RuleChange::run() { return impl_->run(); }
const RuleChangeReport& RuleChange::report() const { return impl_->report; }

}  // namespace kronika::verify
