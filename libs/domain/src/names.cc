#include <kronika/domain/citizen.h>
#include <kronika/domain/evaluation.h>

namespace kronika::domain {

std::string_view state_name(State state) {
  switch (state) {
    case State::kNone:
      return "none";
    case State::kDetected:
      return "DETECTED";
    case State::kDiagnosed:
      return "DIAGNOSED";
    case State::kStratified:
      return "STRATIFIED";
    case State::kReferred:
      return "REFERRED";
    case State::kVisitated:
      return "VISITATED";
    case State::kInitialInterview:
      return "INITIAL_INTERVIEW";
    case State::kRehabActive:
      return "REHAB_ACTIVE";
    case State::kFinalInterview:
      return "FINAL_INTERVIEW";
    case State::kFollowUp:
      return "FOLLOW_UP";
    case State::kCompleted:
      return "COMPLETED";
    case State::kDroppedOut:
      return "DROPPED_OUT";
    case State::kInterrupted:
      return "INTERRUPTED";
    case State::kDeclined:
      return "DECLINED";
    case State::kNotConfirmed:
      return "NOT_CONFIRMED";
    case State::kMovedOut:
      return "MOVED_OUT";
    case State::kDeceased:
      return "DECEASED";
  }
  return "none";
}

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNone:
      return "";
    case Outcome::kFull:
      return "FULL";
    case Outcome::kEarly:
      return "EARLY";
    case Outcome::kNoNeed:
      return "NO_NEED";
  }
  return "";
}

std::string_view flag_name(Flag flag) {
  switch (flag) {
    case Flag::kRejected:
      return "rejected";
    case Flag::kRevoked:
      return "revoked";
    case Flag::kReReferral:
      return "re_referral";
    case Flag::kVisitationInferred:
      return "visitation_inferred";
    case Flag::kInterviewMissing:
      return "interview_missing";
    case Flag::kStartInferred:
      return "start_inferred";
    case Flag::kFinalInterviewMissing:
      return "final_interview_missing";
    case Flag::kParallelReferral:
      return "parallel_referral";
    case Flag::kDiagnosisDisputed:
      return "diagnosis_disputed";
    case Flag::kTransferred:
      return "transferred";
    case Flag::kInferredDiagnosis:
      return "inferred_diagnosis";
    case Flag::kUnstratified:
      return "unstratified";
    case Flag::kAwaitingFinal:
      return "awaiting_final";
    case Flag::kPaused:
      return "paused";
    case Flag::kVisitationOverdue:
      return "visitation_overdue";
    case Flag::kInterviewOverdue:
      return "interview_overdue";
    case Flag::kStartOverdue:
      return "start_overdue";
    case Flag::kSuspectedDropout:
      return "suspected_dropout";
    case Flag::kRelativeContactDue:
      return "relative_contact_due";
    case Flag::kLevelStale:
      return "level_stale";
    case Flag::kRestratifyDue:
      return "restratify_due";
    case Flag::kLostToFollowUp:
      return "lost_to_follow_up";
    case Flag::kTransferPending:
      return "transfer_pending";
    case Flag::kLevelDiffers:
      return "level_differs";
    case Flag::kPrivateChoiceRight:
      return "private_choice_right";
    case Flag::kTelekolCandidate:
      return "telekol_candidate";
    case Flag::kNeedsAssessmentDue:
      return "needs_assessment_due";
    case Flag::kTargetDebutAssumed:
      return "target_debut_assumed";
  }
  return "";
}

std::string_view warning_name(Warning warning) {
  switch (warning) {
    case Warning::kT1dMunicipal:
      return "T1D_MUNICIPAL";
    case Warning::kReceiverSector:
      return "RECEIVER_SECTOR";
    case Warning::kReceiverUnknown:
      return "RECEIVER_UNKNOWN";
    case Warning::kLbpTooEarly:
      return "LBP_TOO_EARLY";
    case Warning::kLbpOnsetUnknown:
      return "LBP_ONSET_UNKNOWN";
    case Warning::kPlanConflict:
      return "PLAN_CONFLICT";
  }
  return "";
}

std::string_view age_track_name(AgeTrack track) {
  switch (track) {
    case AgeTrack::kNone:
      return "";
    case AgeTrack::kChild:
      return "CHILD";
    case AgeTrack::kAdult:
      return "ADULT";
    case AgeTrack::kUnknown:
      return "UNKNOWN";
  }
  return "";
}

std::string_view care_setting_name(CareSetting setting) {
  switch (setting) {
    case CareSetting::kUnspecified:
      return "";
    case CareSetting::kHome:
      return "HOME";
    case CareSetting::kAdmitted:
      return "ADMITTED";
    case CareSetting::kOnLeave:
      return "ON_LEAVE";
    case CareSetting::kUnknown:
      return "UNKNOWN";
    case CareSetting::kEnded:
      return "ENDED";
  }
  return "";
}

}  // namespace kronika::domain
