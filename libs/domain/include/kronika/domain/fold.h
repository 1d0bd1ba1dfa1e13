// State as a pure function of the set of events:
//
//   CitizenState = refold(rules, effective events in fold order)          independent of as_of
//   Evaluation   = evaluate(rules, CitizenState, as_of)                   flags, timers, proposals,
//   next change
//
// append() is the fast path of architecture A7: where can_append() says so, appending one event to
// a state gives the very bytes that refolding with that event would give. evaluate() never changes
// the state; what time alone changes (MOVED_OUT, flags, ages) is computed there, and next_change
// says when the answer would differ.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <kronika/domain/citizen.h>
#include <kronika/domain/evaluation.h>
#include <kronika/domain/event.h>
#include <kronika/domain/indicators.h>
#include <kronika/domain/journal.h>
#include <kronika/domain/rules.h>

namespace kronika::domain {

/// What the fold did with one event; collected where a caller wants reasons (timeline, why).
struct TraceStep {
  EventId event_id;
  ProgrammeIndex programme = kNoProgramme;
  std::uint16_t episode = 0;
  /// "T08", "T01m", "takeover", "moved", "timer" (T41, brought to light by this event), "stay",
  /// "measurement", "group"; without effect: see irregular().
  std::string row;
  std::string detail;  ///< one short sentence
};
using Trace = std::vector<TraceStep>;

/// Whether the step makes its event irregular, as append() returns it: an illegal transition, after
/// the death, a contradiction (BP_ORDER, FEV_ORDER), or an end, leave or report without its
/// contact.
[[nodiscard]] bool irregular(const TraceStep& step);

/// Rules prepared for the fold: resolved indexes and compiled rule sets. Internal to libs/domain.
struct FoldTables;

/// Thread-safe after construction: all members are const.
class Fold {
 public:
  /// `rules` must outlive the fold.
  explicit Fold(const Rules& rules);
  ~Fold();
  Fold(Fold&&) noexcept;
  Fold(const Fold&) = delete;
  Fold& operator=(const Fold&) = delete;
  Fold& operator=(Fold&&) = delete;

  /// False for an event type that this fold does not handle yet: it is journaled, marked
  /// UNIMPLEMENTED, and changes nothing until a later generation refolds (A8).
  [[nodiscard]] static bool handles(EventType type);

  /// True where appending gives what refolding would: the event is a fact not seen before and no
  /// CANCEL (the caller knows), sorts after everything applied, and contradicts nothing of its own
  /// instant. Cheap: one comparison of sort keys for most events.
  [[nodiscard]] bool can_append(const CitizenState& state, const Event& event) const;
  /// Pre: can_append(); state.person is the key (an empty one takes the event's). Returns whether
  /// the event was irregular, as irregular() says of its trace. That a revision has no CREATE is
  /// known to the journal alone (EffectiveSet::revised_without_create). An event that the fold does
  /// not handle changes nothing, here and in refold().
  bool append(CitizenState& state, const Event& event, Trace* trace = nullptr) const;

  /// `events` are effective, in fold order.
  [[nodiscard]] CitizenState refold(const PersonKey& person,
                                    std::span<const JournalEntry* const> events,
                                    Trace* trace = nullptr) const;

  [[nodiscard]] Evaluation evaluate(const CitizenState& state, Instant as_of) const;
  /// What-if: proposals with another version of a programme's rule set; labelled as such in the
  /// evaluation.
  [[nodiscard]] Evaluation evaluate_with(const CitizenState& state, Instant as_of,
                                         std::string_view ruleset_id,
                                         std::string_view version) const;

  /// All contributions at `as_of`, in canonical order.
  [[nodiscard]] std::vector<Contribution> contributions(const CitizenState& state,
                                                        Instant as_of) const;

 private:
  std::unique_ptr<const FoldTables> tables_;
};

}  // namespace kronika::domain
