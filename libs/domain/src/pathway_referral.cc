// Rows T01-T20 of the pathway state machine (domain.md 7): detection, diagnosis, stratification,
// referral and visitation. Referral, visitation and stratification never imply each other.
#include "applier.h"

#include <algorithm>

namespace kronika::domain {

namespace {

constexpr int kBackPainDays = 84;    // 12 weeks (VIDEN)
constexpr int kDiagnosesApart = 30;  // case rule, domain.md 10.2
constexpr int kKolCaseAge = 30;      // DrKOL

void warn(Episode& ep, Warning w) {
  ep.warnings = static_cast<std::uint8_t>(ep.warnings | 1U << static_cast<unsigned>(w));
}

Referral* find_referral(Episode& ep, std::string_view id) {
  if (id.empty()) return nullptr;
  for (Referral& r : ep.referrals) {
    if (r.referral_id == id) return &r;
  }
  return nullptr;
}

bool any_in_force(const Episode& ep) {
  return std::any_of(ep.referrals.begin(), ep.referrals.end(),
                     [](const Referral& r) { return !r.out_of_force; });
}

}  // namespace

ProgrammeIndex programme_of(const FoldTables& tables, const ReferralSent& referral,
                            CivilDate date) {
  if (!referral.programme.empty()) return tables.rules.programme(referral.programme);
  std::vector<const DiagnosisRow*> rows;
  for (const Coding& coding : referral.diagnosis_codes) {
    rows.clear();
    tables.rules.find_diagnosis(coding.system, coding.code, rows);
    std::erase_if(rows, [](const DiagnosisRow* r) { return r->programme == kNoProgramme; });
    if (rows.empty()) continue;
    if (rows.size() == 1) return rows.front()->programme;
    // A cancer code opens two programmes; the receiver's sector says which one is meant.
    const Organisation* receiver = tables.rules.organisation(referral.receiver_org, date);
    const bool municipal = receiver != nullptr && (receiver->sector == Sector::kMunicipality ||
                                                   receiver->sector == Sector::kRegion);
    return municipal ? tables.cancer_rehab : tables.cancer_followup;
  }
  return kNoProgramme;
}

void Applier::health_check(const HealthCheckCompleted& p) {
  std::uint32_t seen = 0;
  for (const std::string& id : p.programmes) {
    const ProgrammeIndex programme = t_.rules.programme(id);
    if (programme == kNoProgramme) {
      illegal(nullptr);
      continue;
    }
    if ((seen >> programme & 1U) != 0) continue;
    seen |= 1U << programme;
    Episode* ep = current(programme);
    if (ep == nullptr || ep->state == State::kNotConfirmed) {
      open(programme, State::kDetected, "T01");
    } else {
      touch(facts(programme));
      illegal(ep);
    }
  }
}

void Applier::diagnosis(const DiagnosisRecorded& p) {
  std::vector<const DiagnosisRow*> rows;
  t_.rules.find_diagnosis(p.code_system, p.code, rows);
  bool sign = false;
  for (const DiagnosisRow* row : rows) {
    sign = sign || row->group == t_.diabetes_group;
    if (row->programme != kNoProgramme) {
      diagnosis_of(*row, p.setting);
      continue;
    }
    auto it = std::find_if(s_.groups.begin(), s_.groups.end(),
                           [&](const GroupFacts& g) { return g.group >= row->group; });
    if (it == s_.groups.end() || it->group != row->group) {
      it = s_.groups.insert(it, GroupFacts{row->group, date_});
    }
    it->last = date_;
    note(kNoProgramme, 0, "group", t_.rules.groups[row->group]);
  }
  if (rows.empty()) unknown_code(p.code_system, p.code, "stored, opens nothing");
  if (sign) diabetes_sign();
}

void Applier::unknown_code(std::string_view system, std::string_view code,
                           std::string_view effect) {
  count_unknown_code(s_.unknown_codes, system, code);
  note(kNoProgramme, 0, "unknown_code", effect);
}

void Applier::diagnosis_of(const DiagnosisRow& row, DiagnosisSetting setting) {
  const ProgrammeIndex p = row.programme;
  Episode* ep = current(p);
  if (ep == nullptr || ep->state == State::kNotConfirmed) {
    open(p, State::kDiagnosed, "T02");
  } else if (ep->state == State::kDetected) {
    enter(*ep, State::kDiagnosed, "T02");
  } else {
    stay(*ep, "T03");
  }
  ProgrammeFacts& f = facts(p);
  touch(f);
  f.diagnosed = true;
  f.last_diagnosis = date_;
  const CivilDate first = f.first_diagnosis;
  if (first == kNoDate) f.first_diagnosis = date_;
  if (p == t_.t1d || p == t_.t2d) {
    auto& types = s_.diabetes.types;
    if (types.empty() || types.back().type1 != (p == t_.t1d)) types.push_back({date_, p == t_.t1d});
  } else if (f.case_date == kNoDate) {
    if (p == t_.kol) {
      // DJ43 is inclusion only; a case needs DJ44 or R95 at age 30 or more (DrKOL).
      const bool counts =
          row.code != "DJ43" && s_.birth_date && age_on(*s_.birth_date, date_) >= kKolCaseAge;
      if (counts) f.case_date = date_;
    } else if (setting == DiagnosisSetting::kHospital ||
               (first != kNoDate && date_ - first >= kDiagnosesApart)) {
      f.case_date = date_;
    }
  }
}

void Applier::diabetes_sign() {
  DiabetesFacts& d = s_.diabetes;
  if (d.first_sign == kNoDate) {
    d.first_sign = date_;
  } else if (d.case_date == kNoDate && date_ != d.first_sign) {
    d.case_date = date_;
  }
}

void Applier::excluded(const DiagnosisExcluded& p) {
  const ProgrammeIndex programme = t_.rules.programme(p.programme);
  Episode* ep = route(programme);
  if (ep == nullptr) return;
  if (!is_active(ep->state)) return illegal(ep);
  facts(programme).diagnosed = false;
  if (ep->state <= State::kStratified) {
    enter(*ep, State::kNotConfirmed, "T04");
  } else {
    ep->flags.set(Flag::kDiagnosisDisputed);
    stay(*ep, "T05");
  }
}

void Applier::assessed(const StratificationAssessed& p) {
  const ProgrammeIndex programme = t_.rules.programme(p.programme);
  Episode* ep = route(programme);
  if (ep == nullptr) return;
  if (ep->state == State::kDetected || ep->state == State::kNotConfirmed ||
      ep->state == State::kDeceased) {
    return illegal(ep);
  }
  ProgrammeFacts& f = facts(programme);
  f.level_event = e_.event_id;
  f.levels.push_back({at_, static_cast<std::uint8_t>(p.level)});
  if (p.self_care != SelfCare::kUnspecified) {
    s_.self_care = p.self_care;
    s_.self_care_date = date_;
  }
  if (ep->state == State::kDiagnosed) {
    enter(*ep, State::kStratified, "T06");
  } else {
    stay(*ep, "T07");
  }
}

// ---- referral

Referral& Applier::add_referral(Episode& ep, const ReferralSent& p) {
  ep.had_referral = true;
  ep.flags.clear(Flag::kRejected);
  ep.flags.clear(Flag::kRevoked);
  if (Referral* known = find_referral(ep, p.referral_id); known != nullptr) {
    known->out_of_force = false;
    return *known;
  }
  return ep.referrals.emplace_back(Referral{p.referral_id});
}

void Applier::wait_for(Episode& ep, Referral& referral) {
  for (Referral& r : ep.referrals) r.waited_for = false;
  referral.waited_for = true;
}

void Applier::start_wait(Episode& ep, const ReferralSent& p) {
  end_wait(ep, State::kReferred);  // T10
  ep.waiting = true;
  ep.wait_clock = at_;
  ep.outcomes.clear();  // a baseline is one since the wait clock's start
  Wait& wait = ep.waits.emplace_back();
  wait.start = at_;
  wait.service = p.requested_service;
  wait_for(ep, add_referral(ep, p));
  set_receiver(ep, p.receiver_org);
}

void Applier::referral(const ReferralSent& p) {
  const ProgrammeIndex programme = programme_of(t_, p, date_);
  for (const Coding& coding : p.diagnosis_codes) {
    std::vector<const DiagnosisRow*> rows;
    t_.rules.find_diagnosis(coding.system, coding.code, rows);
    if (rows.empty()) unknown_code(coding.system, coding.code, "of the referral, tells nothing");
  }
  if (programme == kNoProgramme) return illegal(nullptr);
  const Organisation* receiver = t_.rules.organisation(p.receiver_org, date_);
  Episode* ep = current(programme);
  touch(facts(programme));
  switch (ep == nullptr ? State::kNone : ep->state) {
    case State::kNone:
      ep = &open(programme, State::kReferred, "T08");
      start_wait(*ep, p);
      break;
    case State::kDetected:
    case State::kDiagnosed:
    case State::kStratified:
      enter(*ep, State::kReferred, ep->state == State::kDetected ? "T08" : "T09");
      start_wait(*ep, p);
      break;
    case State::kNotConfirmed:
      ep = &open(programme, State::kReferred, "T13");
      start_wait(*ep, p);
      break;
    case State::kReferred:
    case State::kVisitated:
    case State::kInitialInterview:
    case State::kRehabActive:
    case State::kFinalInterview: {
      const bool early = ep->state <= State::kVisitated;
      Referral* replaced = find_referral(*ep, p.replaces_referral_id);
      if (replaced != nullptr && replaced->out_of_force) replaced = nullptr;
      const bool replaces = replaced != nullptr;
      if (replaces) replaced->out_of_force = true;
      if (ep->moved != kNoDate && in_new_municipality(receiver)) {
        // The clock goes on: a move is not a new wait.
        wait_for(*ep, add_referral(*ep, p));
        if (early) enter(*ep, State::kReferred, "takeover");
        take_over(*ep, p.receiver_org);
      } else if (early && replaces) {
        enter(*ep, State::kReferred, "T10");
        start_wait(*ep, p);
      } else {
        add_referral(*ep, p);
        ep->flags.set(Flag::kParallelReferral);
        stay(*ep, "T11");
      }
      break;
    }
    case State::kFollowUp:
      complete(*ep, Outcome::kFull, "T12");
      [[fallthrough]];
    case State::kCompleted:
    case State::kDroppedOut:
    case State::kInterrupted:
    case State::kDeclined:
    case State::kMovedOut:
      ep = &open(programme, State::kReferred, "T12");
      ep->flags.set(Flag::kReReferral);
      start_wait(*ep, p);
      break;
    case State::kDeceased:
      return illegal(ep);
  }
  referral_warnings(*ep, p, receiver);
  const auto service = p.requested_service;
  if (programme == t_.kol && (service == RequestedService::kMunicipalRehab ||
                              service == RequestedService::kNonSpecificMunicipal ||
                              service == RequestedService::kHospitalRehab)) {
    keep(s_.runs, Series::kRehabReferral, 0);
  }
}

void Applier::referral_warnings(Episode& ep, const ReferralSent& p, const Organisation* receiver) {
  if (receiver == nullptr) {
    warn(ep, Warning::kReceiverUnknown);
  } else if (ep.programme == t_.t1d) {
    if (receiver->sector == Sector::kMunicipality) warn(ep, Warning::kT1dMunicipal);
  } else {
    const auto& allowed = t_.rules.programmes[ep.programme].allowed_receiver_sectors;
    if (std::find(allowed.begin(), allowed.end(), receiver->sector) == allowed.end()) {
      warn(ep, Warning::kReceiverSector);
    }
  }
  if (ep.programme == t_.lbp) {
    if (!p.pain_onset_date) {
      warn(ep, Warning::kLbpOnsetUnknown);
    } else if (date_ - *p.pain_onset_date < kBackPainDays) {
      warn(ep, Warning::kLbpTooEarly);
    }
  }
}

/// Calls f(episode, referral) for each current episode that has the referral. One that only an
/// earlier episode has is illegal there; an unknown one is counted for the person.
template <class F>
void Applier::by_referral(std::string_view referral_id, F&& f) {
  bool found = false;
  Episode* earlier = nullptr;
  std::uint32_t seen = 0;
  for (std::size_t i = s_.episodes.size(); i-- > 0;) {
    Episode& ep = s_.episodes[i];
    const bool is_current = (seen >> ep.programme & 1U) == 0;
    seen |= 1U << ep.programme;
    Referral* r = find_referral(ep, referral_id);
    if (r == nullptr) continue;
    if (is_current) {
      found = true;
      touch(facts(ep.programme));
      f(ep, *r);
    } else if (earlier == nullptr) {
      earlier = &ep;
    }
  }
  if (found) return;
  if (earlier != nullptr) touch(facts(earlier->programme));
  illegal(earlier);
}

void Applier::visitation(const VisitationDecided& p) {
  by_referral(p.referral_id, [&](Episode& ep, Referral& r) { decide(ep, r, p); });
}

void Applier::leave_force(Episode& ep, Referral& referral, Flag flag, std::string_view row) {
  referral.out_of_force = true;
  if (any_in_force(ep)) return stay(ep, row);
  ep.flags.set(flag);
  enter(ep, back_state(ep.programme), row);
}

void Applier::decide(Episode& ep, Referral& referral, const VisitationDecided& p) {
  if (ep.state < State::kReferred || ep.state > State::kFinalInterview) return illegal(&ep);
  switch (p.decision) {
    case VisitationDecision::kAccept:
      if (ep.state != State::kReferred) return stay(ep, "T17");
      if (referral.out_of_force) return illegal(&ep);
      return enter(ep, State::kVisitated, "T14");
    case VisitationDecision::kReject:
      if (ep.state >= State::kInitialInterview) {
        referral.out_of_force = true;
        return stay(ep, "T17");
      }
      if (referral.out_of_force) return illegal(&ep);
      return leave_force(ep, referral, Flag::kRejected, "T15");
    case VisitationDecision::kForward: {
      if (referral.out_of_force) return illegal(&ep);
      const bool of_the_wait = referral.waited_for;
      stay(ep, "T16");
      if (ep.moved != kNoDate &&
          in_new_municipality(t_.rules.organisation(p.new_receiver_org, date_))) {
        take_over(ep, p.new_receiver_org);
      } else if (of_the_wait) {
        set_receiver(ep, p.new_receiver_org);
      }
      return;
    }
    case VisitationDecision::kPriorityChange:
      return stay(ep, "T17");
    case VisitationDecision::kUnspecified:
      return illegal(&ep);
  }
}

void Applier::revoked(const ReferralRevoked& p) {
  by_referral(p.referral_id, [&](Episode& ep, Referral& r) {
    switch (ep.state) {
      case State::kReferred:
      case State::kVisitated:
        if (r.out_of_force) return illegal(&ep);
        return leave_force(ep, r, Flag::kRevoked, "T18");
      case State::kInitialInterview:
      case State::kRehabActive:
      case State::kFinalInterview:
        r.out_of_force = true;
        return stay(ep, "T19");
      default:
        return illegal(&ep);
    }
  });
}

void Applier::declined(const PatientDeclined& p) {
  Episode* ep = route(t_.rules.programme(p.programme));
  if (ep == nullptr) return;
  if (ep->state < State::kReferred || ep->state > State::kInitialInterview) return illegal(ep);
  enter(*ep, State::kDeclined, "T20");
}

}  // namespace kronika::domain
