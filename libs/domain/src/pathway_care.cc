// Rows T21-T45 of the pathway state machine (domain.md 7): interviews, interventions, plans and the
// end of a pathway.
#include "applier.h"

#include <algorithm>

namespace kronika::domain {

namespace {

Intervention* find_intervention(Episode& ep, std::string_view id) {
  for (Intervention& i : ep.interventions) {
    if (i.intervention_id == id) return &i;
  }
  return nullptr;
}

bool any_active(const Episode& ep) {
  return std::any_of(ep.interventions.begin(), ep.interventions.end(),
                     [](const Intervention& i) { return !i.stopped; });
}

}  // namespace

void Applier::interview(InterviewKind kind, ProgrammeIndex p) {
  Episode* ep = route(p);
  if (ep == nullptr) return;
  const State state = ep->state;
  const bool interviewing = state == State::kInitialInterview || state == State::kRehabActive;
  switch (kind) {
    case InterviewKind::kInitial:
      if (state == State::kVisitated) {
        enter(*ep, State::kInitialInterview, "T21");
      } else if (state == State::kReferred) {
        ep->flags.set(Flag::kVisitationInferred);
        enter(*ep, State::kInitialInterview, "T22");
      } else if (interviewing) {
        stay(*ep, "T23");
      } else {
        return illegal(ep);
      }
      break;
    case InterviewKind::kNeeds:
      if (interviewing) {
        stay(*ep, "T23");
      } else if (state == State::kFollowUp) {
        stay(*ep, "T36");
      } else {
        return illegal(ep);
      }
      break;
    case InterviewKind::kFinal:
      if (state != State::kRehabActive) return illegal(ep);
      enter(*ep, State::kFinalInterview, "T34");
      break;
    case InterviewKind::kFollowUp:
      if (!follow_up(*ep)) return illegal(ep);
      break;
    case InterviewKind::kUnspecified:
      return illegal(ep);
  }
  ep->last_activity = date_;
  if (kind == InterviewKind::kInitial || kind == InterviewKind::kNeeds) ep->last_interview = at_;
  take_over_by_sender(*ep);
}

/// T35, T36, T45; false where no row applies.
bool Applier::follow_up(Episode& ep) {
  switch (ep.state) {
    case State::kFinalInterview:
      enter(ep, State::kFollowUp, "T35");
      return true;
    case State::kFollowUp:
      stay(ep, "T36");
      return true;
    case State::kVisitated:
    case State::kInitialInterview:
      if (!t_.lasting_follow_up(ep.programme)) return false;
      enter(ep, State::kFollowUp, "T45");
      return true;
    default:
      return false;
  }
}

void Applier::enter_rehab(Episode& ep, std::string_view id, bool inferred) {
  const bool from_interview = ep.state == State::kInitialInterview;
  if (ep.state == State::kReferred) ep.flags.set(Flag::kVisitationInferred);
  if (!from_interview) ep.flags.set(Flag::kInterviewMissing);
  if (inferred) ep.flags.set(Flag::kStartInferred);
  enter(ep, State::kRehabActive, inferred ? "T27" : from_interview ? "T24" : "T25");
  ep.interventions.push_back({std::string(id), false});
  ep.last_activity = date_;
}

void Applier::started(const InterventionStarted& p, ProgrammeIndex programme) {
  Episode* ep = route(programme);
  if (ep == nullptr) return;
  const InterventionType* type = t_.rules.intervention(p.type);
  if (type == nullptr || !type->counts_as_rehab) return illegal(ep);
  switch (ep->state) {
    case State::kReferred:
    case State::kVisitated:
    case State::kInitialInterview:
      enter_rehab(*ep, p.intervention_id, false);
      break;
    case State::kRehabActive:
      if (Intervention* known = find_intervention(*ep, p.intervention_id); known != nullptr) {
        known->stopped = false;
      } else {
        ep->interventions.push_back({p.intervention_id, false});
      }
      ep->last_activity = date_;
      rehab_start(*ep);
      stay(*ep, "T26");
      break;
    default:
      return illegal(ep);
  }
  if (programme == t_.ihd && (type->kind == "DIET_ADVICE" || type->kind == "DIET_TREATMENT")) {
    keep(s_.runs, Series::kHeartDiet, 0);
  }
  take_over_by_sender(*ep);
}

void Applier::attended(const InterventionAttended& p, ProgrammeIndex programme) {
  Episode* ep = route(programme);
  if (ep == nullptr) return;
  switch (ep->state) {
    case State::kReferred:
    case State::kVisitated:
    case State::kInitialInterview:
      if (!p.attended) return illegal(ep);
      enter_rehab(*ep, p.intervention_id, true);
      break;
    case State::kRehabActive:
      if (p.attended) {
        if (find_intervention(*ep, p.intervention_id) == nullptr) {
          ep->interventions.push_back({p.intervention_id, false});
          ep->flags.set(Flag::kStartInferred);
          rehab_start(*ep);
        }
        ep->last_activity = date_;
      }
      stay(*ep, "T28");
      break;
    default:
      return illegal(ep);
  }
  take_over_by_sender(*ep);
}

void Applier::stopped(const InterventionStopped& p, ProgrammeIndex programme) {
  Episode* ep = route(programme);
  if (ep == nullptr) return;
  Intervention* known =
      ep->state == State::kRehabActive ? find_intervention(*ep, p.intervention_id) : nullptr;
  if (known == nullptr || known->stopped) return illegal(ep);
  const StopReason* reason = nullptr;
  if (p.status != StopStatus::kCompleted) {
    reason = t_.rules.stop_reason(p.reason);
    if (reason == nullptr) return illegal(ep);
  }
  known->stopped = true;
  // Only the stop that empties the active set decides, whatever earlier stops said.
  if (any_active(*ep)) return stay(*ep, "T29");
  if (reason == nullptr) return stay(*ep, "T30");
  end_by_reason(*ep, *reason);
}

void Applier::end_by_reason(Episode& ep, const StopReason& reason) {
  ep.stop_reason = static_cast<std::uint8_t>(&reason - t_.rules.stop_reasons.data());
  switch (reason.reason_class) {
    case ReasonClass::kDropout:
      return enter(ep, State::kDroppedOut, "T31");
    case ReasonClass::kEarly:
      return complete(ep, Outcome::kEarly, "T32");
    case ReasonClass::kEvent:
      return enter(ep, State::kInterrupted, "T33");
  }
}

void Applier::plan(const PathwayPlanChanged& p) {
  bool effective = false;
  each_programme(p.programmes, [&](ProgrammeIndex programme) {
    if (!plan_for(p, programme)) return;
    effective = true;
    keep_legal_basis(p, *current(programme));
  });
  if (effective) keep_plan(p);
}

bool Applier::plan_for(const PathwayPlanChanged& p, ProgrammeIndex programme) {
  Episode* ep = route(programme);
  if (ep == nullptr) return false;
  const bool cancelled = p.status == PlanStatus::kCancelled;
  if (p.category == PlanCategory::kFollowUp && p.status == PlanStatus::kActive) {
    if (follow_up(*ep)) return true;
  } else if (p.category == PlanCategory::kIntervention && cancelled) {
    const StopReason* reason = t_.rules.stop_reason(p.reason);
    if (reason != nullptr && ep->state == State::kRehabActive) {
      note(ep->programme, ep->number, "T42", "plan cancelled: all interventions end");
      end_by_reason(*ep, *reason);
      return true;
    }
    if (reason != nullptr && ep->state == State::kInitialInterview) {
      ep->stop_reason = static_cast<std::uint8_t>(reason - t_.rules.stop_reasons.data());
      switch (reason->reason_class) {
        case ReasonClass::kDropout:
          enter(*ep, State::kDeclined, "T43");
          break;
        case ReasonClass::kEarly:
          complete(*ep, Outcome::kNoNeed, "T43");
          break;
        case ReasonClass::kEvent:
          enter(*ep, State::kInterrupted, "T43");
          break;
      }
      return true;
    }
  } else if (p.category != PlanCategory::kUnspecified && p.status != PlanStatus::kUnspecified &&
             is_active(ep->state)) {
    stay(*ep, "T44");
    return true;
  }
  illegal(ep);
  return false;
}

void Applier::keep_legal_basis(const PathwayPlanChanged& p, Episode& ep) {
  if (p.legal_basis == LegalBasis::kSection140 && p.status == PlanStatus::kActive) {
    ep.plan_140 = p.plan_id;
  } else if (ep.plan_140 == p.plan_id) {
    ep.plan_140.clear();
  }
}

/// Keeps the targets of ACTIVE plans, and warns where two of them disagree; changes nothing else.
void Applier::keep_plan(const PathwayPlanChanged& p) {
  std::erase_if(s_.plans, [&](const Plan& known) { return known.plan_id == p.plan_id; });
  if (p.status != PlanStatus::kActive) return;
  Plan now;
  now.plan_id = p.plan_id;
  for (const std::string& id : p.programmes) {
    if (const ProgrammeIndex i = t_.rules.programme(id); i != kNoProgramme) {
      now.programmes |= 1U << i;
    }
  }
  for (const Goal& goal : p.goals) {
    if (const MeasureIndex m = t_.rules.measure(goal.measure_key); m != kNoMeasure) {
      now.targets.push_back({m, goal.target});
    }
  }
  std::uint32_t conflicting = 0;
  for (const Plan& other : s_.plans) {
    for (const Plan::Target& a : other.targets) {
      for (const Plan::Target& b : now.targets) {
        if (a.measure == b.measure && a.target != b.target) {
          conflicting |= other.programmes | now.programmes;
        }
      }
    }
  }
  for (ProgrammeIndex i = 0; conflicting >> i != 0; ++i) {
    if ((conflicting >> i & 1U) == 0) continue;
    if (Episode* ep = current(i); ep != nullptr) {
      ep->warnings = static_cast<std::uint8_t>(ep->warnings |
                                               1U << static_cast<unsigned>(Warning::kPlanConflict));
    }
  }
  s_.plans.push_back(std::move(now));
}

void Applier::closed(const PathwayClosed& p) {
  Episode* ep = route(t_.rules.programme(p.programme));
  if (ep == nullptr) return;
  if (p.reason == CloseReason::kFull) {
    if (ep->state == State::kFinalInterview || ep->state == State::kFollowUp) {
      return complete(*ep, Outcome::kFull, "T37");
    }
    if (ep->state == State::kRehabActive && !any_active(*ep)) {
      ep->flags.set(Flag::kFinalInterviewMissing);
      return complete(*ep, Outcome::kFull, "T39");
    }
  } else if (p.reason == CloseReason::kNoNeed && ep->state == State::kInitialInterview) {
    return complete(*ep, Outcome::kNoNeed, "T38");
  }
  illegal(ep);
}

}  // namespace kronika::domain
