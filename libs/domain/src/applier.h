// Applies one event to a citizen's state: the one place where state changes, used by append() and
// refold() alike. Handlers lie by topic: pathway_referral.cc, pathway_care.cc, moves.cc, stays.cc,
// measurements.cc, person.cc.
#pragma once

#include "fold_tables.h"

#include <string_view>

#include <kronika/domain/fold.h>

namespace kronika::domain {

class Applier {
 public:
  Applier(const FoldTables& tables, CitizenState& state, const Event& event, const SortKey& key,
          Trace* trace)
      : t_(tables),
        s_(state),
        e_(event),
        at_(key.time),
        rank_(key.rank),
        date_(civil_date_of(key.time)),
        trace_(trace) {}

  /// Returns whether the event was irregular.
  bool apply();
  /// The event is left out: BP_ORDER or FEV_ORDER.
  void exclude(bool fev_order);

 private:
  void advance();
  /// The sender's place has reported in this quarter, whatever the event meant (I-24).
  void reported();
  void dispatch();

  // person.cc
  void envelope();
  void attributes(const PersonAttributesRecorded& p);
  void deceased();
  void coordination(CoordinationRole role, std::string_view holder);
  void self_treatment(const SelfTreatmentChanged& p);

  // moves.cc
  void fire_timers();
  void residence_changed(const ResidenceChanged& p);
  [[nodiscard]] bool in_new_municipality(const Organisation* org) const;
  void take_over(Episode& ep, std::string_view receiver);
  void take_over_by_sender(Episode& ep);
  void clear_pending(Episode& ep);
  void set_receiver(Episode& ep, std::string_view receiver);

  // pathway_referral.cc
  void health_check(const HealthCheckCompleted& p);
  void diagnosis(const DiagnosisRecorded& p);
  void unknown_code(std::string_view system, std::string_view code, std::string_view effect);
  void diagnosis_of(const DiagnosisRow& row, DiagnosisSetting setting);
  void diabetes_sign();
  void excluded(const DiagnosisExcluded& p);
  void assessed(const StratificationAssessed& p);
  void referral(const ReferralSent& p);
  void referral_warnings(Episode& ep, const ReferralSent& p, const Organisation* receiver);
  Referral& add_referral(Episode& ep, const ReferralSent& p);
  void wait_for(Episode& ep, Referral& referral);
  void start_wait(Episode& ep, const ReferralSent& p);
  template <class F>
  void by_referral(std::string_view referral_id, F&& f);
  void visitation(const VisitationDecided& p);
  void decide(Episode& ep, Referral& referral, const VisitationDecided& p);
  void revoked(const ReferralRevoked& p);
  /// The referral leaves force; where none is left in REFERRED or VISITATED: back state and flag.
  void leave_force(Episode& ep, Referral& referral, Flag flag, std::string_view row);

  // pathway_care.cc
  template <class F>
  void each_programme(const std::vector<std::string>& ids, F&& f);
  void declined(const PatientDeclined& p);
  void interview(InterviewKind kind, ProgrammeIndex p);
  bool follow_up(Episode& ep);
  void started(const InterventionStarted& p, ProgrammeIndex programme);
  void enter_rehab(Episode& ep, std::string_view id, bool inferred);
  void attended(const InterventionAttended& p, ProgrammeIndex programme);
  void stopped(const InterventionStopped& p, ProgrammeIndex programme);
  void plan(const PathwayPlanChanged& p);
  bool plan_for(const PathwayPlanChanged& p, ProgrammeIndex programme);
  static void keep_legal_basis(const PathwayPlanChanged& p, Episode& ep);
  void keep_plan(const PathwayPlanChanged& p);
  void end_by_reason(Episode& ep, const StopReason& reason);
  void closed(const PathwayClosed& p);

  // stays.cc
  void stay_started(const HospitalStayStarted& p);
  void leave(std::string_view contact_id, bool started);
  void stay_ended(const HospitalStayEnded& p);
  void report(const DischargeReportReceived& p);

  // measurements.cc
  void measurement(const MeasurementRecorded& p);
  void questionnaire(const QuestionnaireAnswered& p);
  void value(MeasureIndex measure, double number, bool soft, Timepoint timepoint);
  void detect(ProgrammeIndex programme);
  void cross_check_bmi();
  void cross_check_hba1c(double number, bool percent);
  void keep_weight(double kilograms);
  void measured();

  // outcomes.cc
  void keep_outcome(MeasureIndex measure, double number, Timepoint timepoint);
  void baselines(Episode& ep);
  void ends(Episode& ep);
  void keep_runs(MeasureIndex measure, double number);

  // Common.
  /// An event was routed to the programme.
  void touch(ProgrammeFacts& facts);
  void keep(std::vector<Run>& runs, Series series, std::uint8_t value_class);
  void rehab_start(Episode& ep);
  void end_wait(Episode& ep, State ended_by);
  Episode* current(ProgrammeIndex p);
  ProgrammeFacts& facts(ProgrammeIndex p);
  /// The programme's current episode, noting that an event was routed to it; where there is none,
  /// counts an illegal event and returns nullptr.
  Episode* route(ProgrammeIndex p);
  Episode& open(ProgrammeIndex p, State state, std::string_view row);
  void enter(Episode& ep, State to, std::string_view row);
  void stay(const Episode& ep, std::string_view row);
  void complete(Episode& ep, Outcome outcome, std::string_view row);
  [[nodiscard]] State back_state(ProgrammeIndex p);
  void illegal(Episode* ep, ProgrammeIndex p = kNoProgramme);
  void note(ProgrammeIndex p, std::uint16_t episode, std::string_view row, std::string_view detail);

  const FoldTables& t_;
  CitizenState& s_;
  const Event& e_;
  const Instant at_;
  const std::uint8_t rank_;
  const CivilDate date_;
  Trace* trace_;
  bool irregular_ = false;
};

template <class F>
void Applier::each_programme(const std::vector<std::string>& ids, F&& f) {
  std::uint32_t seen = 0;
  for (const std::string& id : ids) {
    const ProgrammeIndex p = t_.rules.programme(id);
    if (p == kNoProgramme) {
      illegal(nullptr);
      continue;
    }
    if ((seen >> p & 1U) != 0) continue;
    seen |= 1U << p;
    f(p);
  }
}

/// The programme of a referral: as named, or of its first known diagnosis code (domain.md 4.4).
[[nodiscard]] ProgrammeIndex programme_of(const FoldTables& tables, const ReferralSent& referral,
                                          CivilDate date);

}  // namespace kronika::domain
