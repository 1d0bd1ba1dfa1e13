// Flags and timers of a pathway instance at an instant (domain.md 7.1, 7.2, 7.4), its level and its
// proposal. "More than N days" counts civil dates.
#include "evaluator.h"

#include <algorithm>

namespace kronika::domain {

namespace {

constexpr int kTakeoverDays = 60;
constexpr int kVisitationDays = 14;
constexpr int kInterviewDays = 30;
constexpr int kStartDays = 60;
constexpr int kSilenceDays = 42;
constexpr int kLevelDays = 365;
constexpr int kContactDays = 365;
constexpr int kTelekolDays = 365;
constexpr int kPrivateChoiceDays = 7;  // sundhedsloven §140
constexpr int kAdultAge = 18;

bool between(State s, State first, State last) { return s >= first && s <= last; }

}  // namespace

void StateEvaluator::pathway(const Episode& ep, bool current, const CompiledRuleSet* what_if) {
  PathwayEvaluation& out = out_.pathways.emplace_back();
  out.programme = ep.programme;
  out.episode = ep.number;
  out.current = current;
  out.state = ep.state;
  out.outcome = ep.outcome;
  out.flags = ep.flags;
  if (ep.ended != kNoInstant) out.ended_on = civil_date_of(ep.ended);
  if (ep.moved != kNoDate) {
    if (past(ep.moved, kTakeoverDays)) {
      out.state = State::kMovedOut;
      out.ended_on = ep.moved + (kTakeoverDays + 1);
    } else {
      out.flags.set(Flag::kTransferPending);
    }
  }
  if (ep.programme == t_.abi) out.age_track = age_track(out);
  const ProgrammeFacts* facts = s_.facts_of(ep.programme);
  if (facts == nullptr) return;  // every episode has its facts
  if (!current) {
    if (out.ended_on != kNoDate) out.level = s_.level_on(ep.programme, out.ended_on);
    return;
  }
  if (!facts->levels.empty()) {
    out.level = facts->levels.back().level;
    out.level_at = facts->levels.back().at;
  }
  if (!s_.deceased()) proposal(ep, what_if, out);
  flags(ep, *facts, out);
  out.heart_phase = heart_phase(out);
}

void StateEvaluator::flags(const Episode& ep, const ProgrammeFacts& facts, PathwayEvaluation& out) {
  const State state = out.state;
  const auto set = [&](Flag f, bool on) {
    if (on) out.flags.set(f);
  };
  set(Flag::kInferredDiagnosis,
      ep.had_referral && state != State::kNotConfirmed && !facts.diagnosed);
  set(Flag::kLevelDiffers,
      out.level != 0 && out.proposal.level != 0 && out.level != out.proposal.level);
  if (ep.programme == t_.kol && !s_.deceased()) {
    Instant ended = kNoInstant;
    for (const Stay& stay : out_.stays) {
      if (!stay.open() && stay.in(StaySet::kKol)) ended = stay.end;
    }
    set(Flag::kRestratifyDue,
        ended != kNoInstant && (facts.levels.empty() || facts.levels.back().at < ended));
    telekol(out);
  }
  if ((ep.programme == t_.t1d || ep.programme == t_.t2d) && facts.diagnosed && !s_.deceased()) {
    examinations(facts, out);
  }
  if (!is_active(state)) return;

  if (ep.programme == t_.abi && !ep.plan_140.empty()) private_choice(ep, out);
  set(Flag::kUnstratified, state >= State::kReferred && facts.levels.empty());
  if (state >= State::kDiagnosed) {
    set(Flag::kLevelStale,
        !facts.levels.empty() && past(civil_date_of(facts.levels.back().at), kLevelDays));
    set(Flag::kLostToFollowUp, past(std::max(facts.last_event, s_.last_measurement), kContactDays));
  }
  switch (state) {
    case State::kReferred:
      set(Flag::kVisitationOverdue, past(civil_date_of(ep.wait_clock), kVisitationDays));
      break;
    case State::kVisitated:
      set(Flag::kInterviewOverdue, past(civil_date_of(ep.state_since), kInterviewDays));
      break;
    case State::kInitialInterview:
      set(Flag::kStartOverdue, past(civil_date_of(ep.initial_interview), kStartDays));
      break;
    case State::kRehabActive:
      silence(ep, out);
      break;
    default:
      break;
  }
  if (t_.group_of[ep.programme] == t_.cancer_group) cancer_assessment(ep, out);
}

void StateEvaluator::silence(const Episode& ep, PathwayEvaluation& out) {
  const bool active = std::any_of(ep.interventions.begin(), ep.interventions.end(),
                                  [](const Intervention& i) { return !i.stopped; });
  if (!active) out.flags.set(Flag::kAwaitingFinal);
  const bool paused =
      out_.care_setting == CareSetting::kAdmitted || out_.care_setting == CareSetting::kOnLeave;
  if (paused) out.flags.set(Flag::kPaused);
  const bool silent = past(std::max(ep.last_activity, last_discharge()), kSilenceDays);
  if (!active || paused || !silent) return;
  // Silence is suspicion, never dropout; of a person with dementia the relatives are asked.
  out.flags.set(ep.programme == t_.dementia ? Flag::kRelativeContactDue : Flag::kSuspectedDropout);
}

void StateEvaluator::cancer_assessment(const Episode& ep, PathwayEvaluation& out) {
  Instant due = ep.receiver_changed;
  for (const Stay& stay : out_.stays) {
    if (!stay.open() && stay.in(StaySet::kCancer)) due = std::max(due, stay.end);
  }
  if (due != kNoInstant && ep.last_interview < due) out.flags.set(Flag::kNeedsAssessmentDue);
}

void StateEvaluator::private_choice(const Episode& ep, PathwayEvaluation& out) {
  if (out_.stays.empty() || !out_.stays.back().discharged_alive) return;
  const CivilDate discharged = civil_date_of(out_.stays.back().end);
  const bool started = std::any_of(ep.steps.begin(), ep.steps.end(), [&](const Step& step) {
    return step.rehab_start && civil_date_of(step.at) >= discharged;
  });
  if (!started && past(discharged, kPrivateChoiceDays)) out.flags.set(Flag::kPrivateChoiceRight);
}

void StateEvaluator::examinations(const ProgrammeFacts& facts, PathwayEvaluation& out) {
  const auto add = [&](std::string_view name, Series series, int interval) {
    DueExamination exam{name, kNoDate, facts.first_diagnosis, false};
    for (const Run& run : s_.runs) {
      if (run.series == series) exam.last = std::max(exam.last, run.last);
    }
    if (exam.last != kNoDate) exam.due = exam.last + interval;
    exam.overdue = past(exam.due, 0);
    out.due.push_back(exam);
  };
  add("BP", Series::kSbp, 365);
  add("UACR", Series::kUacr, 730);
  add("EYE", Series::kEye, 730);
  add("FOOT", Series::kFoot, 730);
}

AgeTrack StateEvaluator::age_track(const PathwayEvaluation& out) const {
  if (!s_.birth_date) return AgeTrack::kUnknown;
  const int age =
      out.ended_on == kNoDate && out_.age ? *out_.age : age_on(*s_.birth_date, out.ended_on);
  return age < kAdultAge ? AgeTrack::kChild : AgeTrack::kAdult;
}

/// Region Midt; a clinician confirms that KOL dominates.
void StateEvaluator::telekol(PathwayEvaluation& out) {
  const auto at_least = [&](MeasureIndex m, double limit) {
    const LatestValue* v = fresh(m, kTelekolDays);
    return v != nullptr && v->value >= limit;
  };
  const LatestValue* mrc = fresh(t_.mrc, kTelekolDays);
  const LatestValue* mmrc = fresh(t_.mmrc, kTelekolDays);
  if (mrc != nullptr && mmrc != nullptr) (mmrc->at > mrc->at ? mrc : mmrc) = nullptr;
  const bool breathless =
      (mrc != nullptr && mrc->value >= 3) || (mmrc != nullptr && mmrc->value >= 2);
  const bool burden = breathless || at_least(t_.cat, 10);
  bool severe = at_least(t_.exacerbations, 2);
  for (const Stay& stay : out_.stays) {
    if (!stay.in(StaySet::kKol)) continue;
    severe = severe || stay.open() || !past(civil_date_of(stay.end), kTelekolDays);
  }
  const LatestValue* fev1 = fresh(t_.fev1_pct, kTelekolDays);
  const LatestValue* oxygen = fresh(t_.home_oxygen, kTelekolDays);
  severe = severe || (fev1 != nullptr && fev1->value < 50) ||
           (oxygen != nullptr && t_.is_value(t_.home_oxygen, oxygen->value, "YES"));
  if (burden && severe) out.flags.set(Flag::kTelekolCandidate);
}

HeartPhase StateEvaluator::heart_phase(const PathwayEvaluation& out) const {
  if ((t_.heart >> out.programme & 1U) == 0) return HeartPhase::kNone;
  if (out_.care_setting == CareSetting::kAdmitted) return HeartPhase::kOne;
  if (between(out.state, State::kReferred, State::kFinalInterview)) return HeartPhase::kTwo;
  if (out.state == State::kFollowUp || out.state == State::kCompleted) return HeartPhase::kThree;
  return HeartPhase::kNone;
}

void StateEvaluator::proposal(const Episode& ep, const CompiledRuleSet* what_if,
                              PathwayEvaluation& out) {
  const std::string& id = t_.rules.programmes[ep.programme].level_ruleset;
  const CompiledRuleSet* in_force = nullptr;
  bool any = false;
  for (const CompiledRuleSet& set : t_.rule_sets) {
    if (set.rules->id != id) continue;
    any = true;
    deadlines_.on(set.rules->validity.from);
    deadlines_.past(set.rules->validity.to, 0);
    if (set.rules->validity.contains(today_)) in_force = &set;
  }
  if (!any) return;  // CLINICIAN_SET: only the clinician's level exists
  const bool other = what_if != nullptr && what_if->rules->id == id;
  const CompiledRuleSet* set = other ? what_if : in_force;
  if (set == nullptr) return;  // before the first version: UNKNOWN
  out.proposal = propose(t_, *set, {s_, out_.stays, as_of_, today_}, deadlines_);
  out.proposal.what_if = other && set != in_force;
  if (ep.programme == t_.t2d && s_.latest_of(t_.hba1c_debut) == nullptr) {
    out.flags.set(Flag::kTargetDebutAssumed);
  }
}

}  // namespace kronika::domain
