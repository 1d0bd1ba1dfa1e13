#include "applier.h"

#include <algorithm>

namespace kronika::domain {

namespace {

/// A region's own unit may name its region alone: any municipality of it says as much.
Municipality place_of(const Rules& rules, const Organisation& org, CivilDate date) {
  if (org.municipality != 0 || org.region_code.empty()) return org.municipality;
  for (const MunicipalityRow& row : rules.municipalities) {
    if (row.region == org.region_code && row.validity.contains(date)) return row.code;
  }
  return 0;
}

}  // namespace

bool Applier::apply() {
  advance();
  // Timers fire before the first event at or after their instant, so that the order of events alone
  // decides.
  if (s_.transfers_pending != 0) fire_timers();
  const EventType type = e_.type();
  if (s_.deceased() && type != EventType::kDischargeReportReceived) {
    // A death reported again is no news, and no event after death either (domain.md 4.2 point 5).
    if (at_ > s_.death && type != EventType::kPersonDeceased) {
      ++s_.after_death;
      irregular_ = true;
      note(kNoProgramme, 0, "after_death", "occurred after the death: no effect");
    }
    return irregular_;
  }
  envelope();
  dispatch();
  return irregular_;
}

void Applier::exclude(bool fev_order) {
  advance();
  irregular_ = true;
  ++s_.excluded;
  s_.last_exclusion = at_;
  if (s_.excluded_measurements.size() == kExcludedListed) {
    s_.excluded_measurements.erase(s_.excluded_measurements.begin());
  }
  s_.excluded_measurements.push_back({e_.event_id, fev_order});
  note(kNoProgramme, 0, fev_order ? "FEV_ORDER" : "BP_ORDER",
       fev_order ? "FEV1 above FVC at one instant: both left out"
                 : "diastolic not below systolic at one instant: both left out");
}

void Applier::advance() {
  ++s_.events;
  s_.last_time = at_;
  s_.last_rank = rank_;
  s_.last_source_system = e_.source_system;
  s_.last_source_message_id = e_.source_message_id;
  reported();
}

void Applier::reported() {
  const Quarter q = quarter_of(date_);
  const CivilDate p_end = last_day(q);
  const Organisation* org = t_.rules.organisation(e_.sender_org, p_end);
  if (org == nullptr) return;
  Reported now;
  now.municipality = place_of(t_.rules, *org, p_end);
  now.from = now.to = q;
  if (now.municipality == 0) return;
  switch (org->sector) {
    case Sector::kMunicipality:
      now.sector = ReportingSector::kMunicipality;
      break;
    case Sector::kHospital:
    case Sector::kRegion:
      now.sector = ReportingSector::kRegion;
      break;
    default:
      return;
  }
  for (std::size_t i = s_.reported.size(); i-- > 0;) {
    Reported& run = s_.reported[i];
    if (run.municipality != now.municipality || run.sector != now.sector) continue;
    if (run.to + 1 < q) break;  // a gap
    run.to = q;
    return;
  }
  s_.reported.push_back(now);
}

void Applier::dispatch() {
  switch (e_.type()) {
    case EventType::kReferralSent:
      return referral(std::get<ReferralSent>(e_.payload));
    case EventType::kReferralRevoked:
      return revoked(std::get<ReferralRevoked>(e_.payload));
    case EventType::kVisitationDecided:
      return visitation(std::get<VisitationDecided>(e_.payload));
    case EventType::kHospitalStayStarted:
      return stay_started(std::get<HospitalStayStarted>(e_.payload));
    case EventType::kLeaveStarted:
      return leave(std::get<LeaveStarted>(e_.payload).contact_id, true);
    case EventType::kLeaveEnded:
      return leave(std::get<LeaveEnded>(e_.payload).contact_id, false);
    case EventType::kHospitalStayEnded:
      return stay_ended(std::get<HospitalStayEnded>(e_.payload));
    case EventType::kDischargeReportReceived:
      return report(std::get<DischargeReportReceived>(e_.payload));
    case EventType::kMeasurementRecorded:
      return measurement(std::get<MeasurementRecorded>(e_.payload));
    case EventType::kQuestionnaireAnswered:
      return questionnaire(std::get<QuestionnaireAnswered>(e_.payload));
    case EventType::kHealthCheckCompleted:
      return health_check(std::get<HealthCheckCompleted>(e_.payload));
    case EventType::kDiagnosisRecorded:
      return diagnosis(std::get<DiagnosisRecorded>(e_.payload));
    case EventType::kDiagnosisExcluded:
      return excluded(std::get<DiagnosisExcluded>(e_.payload));
    case EventType::kStratificationAssessed:
      return assessed(std::get<StratificationAssessed>(e_.payload));
    case EventType::kInterviewHeld: {
      const auto& p = std::get<InterviewHeld>(e_.payload);
      return each_programme(p.programmes,
                            [&](ProgrammeIndex programme) { interview(p.kind, programme); });
    }
    case EventType::kInterventionStarted: {
      const auto& p = std::get<InterventionStarted>(e_.payload);
      return each_programme(p.programmes, [&](ProgrammeIndex programme) { started(p, programme); });
    }
    case EventType::kInterventionAttended: {
      const auto& p = std::get<InterventionAttended>(e_.payload);
      return each_programme(p.programmes,
                            [&](ProgrammeIndex programme) { attended(p, programme); });
    }
    case EventType::kInterventionStopped: {
      const auto& p = std::get<InterventionStopped>(e_.payload);
      return each_programme(p.programmes, [&](ProgrammeIndex programme) { stopped(p, programme); });
    }
    case EventType::kPatientDeclined:
      return declined(std::get<PatientDeclined>(e_.payload));
    case EventType::kPathwayPlanChanged:
      return plan(std::get<PathwayPlanChanged>(e_.payload));
    case EventType::kPathwayClosed:
      return closed(std::get<PathwayClosed>(e_.payload));
    case EventType::kCoordinationAssigned: {
      const auto& p = std::get<CoordinationAssigned>(e_.payload);
      return coordination(p.role, p.holder);
    }
    case EventType::kCoordinationEnded:
      return coordination(std::get<CoordinationEnded>(e_.payload).role, {});
    case EventType::kSelfTreatmentChanged:
      return self_treatment(std::get<SelfTreatmentChanged>(e_.payload));
    case EventType::kPersonDeceased:
      return deceased();
    case EventType::kResidenceChanged:
      return residence_changed(std::get<ResidenceChanged>(e_.payload));
    case EventType::kPersonAttributesRecorded:
      return attributes(std::get<PersonAttributesRecorded>(e_.payload));
    case EventType::kUnknown:
    case EventType::kCprReplaced:
    case EventType::kGoalProgressReported:
    case EventType::kAnnualDocumentation:
    case EventType::kFinalReportAnswered:
      return;  // Fold::handles() says no: never applied
  }
}

// ---- common

Episode* Applier::current(ProgrammeIndex p) {
  for (std::size_t i = s_.episodes.size(); i-- > 0;) {
    if (s_.episodes[i].programme == p) return &s_.episodes[i];
  }
  return nullptr;
}

ProgrammeFacts& Applier::facts(ProgrammeIndex p) {
  auto it = s_.facts.begin();
  while (it != s_.facts.end() && it->programme < p) ++it;
  if (it == s_.facts.end() || it->programme != p) {
    it = s_.facts.insert(it, ProgrammeFacts{});
    it->programme = p;
  }
  return *it;
}

Episode* Applier::route(ProgrammeIndex p) {
  Episode* ep = p == kNoProgramme ? nullptr : current(p);
  if (ep == nullptr) {
    illegal(nullptr, p);
    return nullptr;
  }
  touch(facts(p));
  return ep;
}

Episode& Applier::open(ProgrammeIndex p, State state, std::string_view row) {
  const Episode* before = current(p);
  const auto number = static_cast<std::uint16_t>(before == nullptr ? 1 : before->number + 1);
  touch(facts(p));
  Episode& ep = s_.episodes.emplace_back();
  ep.programme = p;
  ep.number = number;
  ep.started = at_;
  enter(ep, state, row);
  return ep;
}

void Applier::enter(Episode& ep, State to, std::string_view row) {
  if (ep.state != to) ep.steps.push_back({at_, to, to == State::kRehabActive});
  ep.state = to;
  ep.state_since = at_;
  if (to != State::kReferred && to != State::kVisitated) end_wait(ep, to);
  if (to == State::kInitialInterview) ep.initial_interview = at_;
  if (to == State::kRehabActive) {
    ep.rehab_start = at_;
    baselines(ep);
  }
  if (to == State::kFinalInterview) ends(ep);
  if (to == State::kFinalInterview || !is_active(to)) {
    ep.interventions.clear();
    ep.interventions.shrink_to_fit();
  }
  if (!is_active(to)) ep.ended = at_;
  // Nothing is left to transfer once no referral is under way.
  if (to < State::kReferred || to > State::kFollowUp) clear_pending(ep);
  note(ep.programme, ep.number, row, state_name(to));
}

void Applier::end_wait(Episode& ep, State ended_by) {
  if (!ep.waiting) return;
  ep.waiting = false;
  ep.waits.back().end = at_;
  ep.waits.back().ended_by = ended_by;
}

void Applier::rehab_start(Episode& ep) {
  // One a date is enough: starts are asked for by date.
  if (civil_date_of(ep.steps.back().at) == date_ && ep.steps.back().rehab_start) return;
  ep.steps.push_back({at_, ep.state, true});
}

void Applier::touch(ProgrammeFacts& facts) {
  facts.last_event = date_;
  keep(facts.contact, Series::kContact, 0);
}

void Applier::keep(std::vector<Run>& runs, Series series, std::uint8_t value_class) {
  for (std::size_t i = runs.size(); i-- > 0;) {
    Run& run = runs[i];
    if (run.series != series) continue;
    if (run.value_class == value_class && date_ - run.last <= window_of(series)) {
      run.last = date_;
      return;
    }
    if (run.first == date_) {  // of one date the latest value counts
      run.value_class = value_class;
      return;
    }
    break;
  }
  runs.push_back({series, value_class, date_, date_});
}

void Applier::stay(const Episode& ep, std::string_view row) {
  note(ep.programme, ep.number, row, state_name(ep.state));
}

void Applier::complete(Episode& ep, Outcome outcome, std::string_view row) {
  ep.outcome = outcome;
  enter(ep, State::kCompleted, row);
}

State Applier::back_state(ProgrammeIndex p) {
  return facts(p).levels.empty() ? State::kDiagnosed : State::kStratified;
}

void Applier::illegal(Episode* ep, ProgrammeIndex p) {
  irregular_ = true;
  ++s_.illegal;
  IllegalEvent entry;
  entry.event_id = e_.event_id;
  entry.type = e_.type();
  entry.programme = p;
  if (ep != nullptr) {
    ++ep->illegal;
    entry.state = ep->state;
    entry.programme = ep->programme;
    entry.episode = ep->number;
  }
  if (s_.illegal_events.size() == kIllegalListed) {
    s_.illegal_events.erase(s_.illegal_events.begin());
  }
  s_.illegal_events.push_back(entry);
  note(entry.programme, entry.episode, "illegal",
       ep == nullptr ? "found no instance or referral" : state_name(ep->state));
}

void Applier::note(ProgrammeIndex p, std::uint16_t episode, std::string_view row,
                   std::string_view detail) {
  if (trace_ == nullptr) return;
  trace_->push_back({e_.event_id, p, episode, std::string(row), std::string(detail)});
}

}  // namespace kronika::domain
