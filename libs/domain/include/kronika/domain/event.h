// The event as domain rules see it: plain values, no wire types. It mirrors
// proto/kronika/event/v1/event.proto, where the meaning, units and sources of every field are
// documented; enumerators have the same numbers, 0 = not stated.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/base/ids.h>
#include <kronika/domain/time.h>

namespace kronika::domain {

enum class Op : std::uint8_t { kUnspecified, kCreate, kRevise, kCancel };
enum class Sex : std::uint8_t { kUnknown, kMale, kFemale };
enum class TimePrecision : std::uint8_t { kUnspecified, kInstant, kDate };

struct Coding {
  std::string system;
  std::string code;
  friend bool operator==(const Coding&, const Coding&) = default;
};

enum class RequestedService : std::uint8_t {
  kUnspecified,
  kMunicipalRehab,
  kNonSpecificMunicipal,
  kHospitalRehab,
  kHospitalOutpatient,
  kGpFollowup,
  kSelfCareOffer
};
enum class Priority : std::uint8_t { kUnspecified, kRoutine, kUrgent, kAsap, kStat };

struct ReferralSent {
  std::string referral_id;
  std::string receiver_org;
  RequestedService requested_service = RequestedService::kUnspecified;
  std::string programme;
  std::vector<Coding> diagnosis_codes;
  Priority priority = Priority::kUnspecified;
  std::optional<CivilDate> pain_onset_date;
  std::string replaces_referral_id;
  std::string special_needs;
  std::string reason;
  friend bool operator==(const ReferralSent&, const ReferralSent&) = default;
};

struct ReferralRevoked {
  std::string referral_id;
  std::string reason;
  friend bool operator==(const ReferralRevoked&, const ReferralRevoked&) = default;
};

enum class VisitationDecision : std::uint8_t {
  kUnspecified,
  kAccept,
  kReject,
  kForward,
  kPriorityChange
};

struct VisitationDecided {
  std::string referral_id;
  VisitationDecision decision = VisitationDecision::kUnspecified;
  std::string reason;
  std::string new_receiver_org;
  Priority priority = Priority::kUnspecified;
  friend bool operator==(const VisitationDecided&, const VisitationDecided&) = default;
};

enum class EncounterClass : std::uint8_t { kUnspecified, kImp, kEmer };

struct HospitalStayStarted {
  std::string contact_id;
  EncounterClass encounter_class = EncounterClass::kUnspecified;
  std::string episode_id;
  std::optional<bool> acute;
  std::string unit;
  friend bool operator==(const HospitalStayStarted&, const HospitalStayStarted&) = default;
};

struct LeaveStarted {
  std::string contact_id;
  friend bool operator==(const LeaveStarted&, const LeaveStarted&) = default;
};

struct LeaveEnded {
  std::string contact_id;
  friend bool operator==(const LeaveEnded&, const LeaveEnded&) = default;
};

enum class DischargeDisposition : std::uint8_t {
  kUnspecified,
  kHome,
  kTransfer,
  kDeceased,
  kOther
};

struct HospitalStayEnded {
  DischargeDisposition disposition = DischargeDisposition::kUnspecified;
  std::string contact_id;
  std::string episode_id;
  friend bool operator==(const HospitalStayEnded&, const HospitalStayEnded&) = default;
};

struct DischargeReportReceived {
  std::string contact_id;
  std::string episode_id;
  std::string main_diagnosis;
  std::vector<std::string> secondary_diagnoses;
  std::vector<std::string> procedures;
  friend bool operator==(const DischargeReportReceived&, const DischargeReportReceived&) = default;
};

enum class Timepoint : std::uint8_t { kUnspecified, kBaseline, kEnd, kFollowUp, kNone };
enum class Setting : std::uint8_t { kUnspecified, kClinic, kHome, kTelemed };
enum class Performer : std::uint8_t { kUnspecified, kProfessional, kPatient };

struct MeasurementRecorded {
  std::string code_system;
  std::string code;
  std::variant<std::monostate, double, std::string>
      value;  ///< number in `unit` as sent, or a coded value
  std::string unit;
  Timepoint timepoint = Timepoint::kUnspecified;
  Setting setting = Setting::kUnspecified;
  Performer performer = Performer::kUnspecified;
  std::string method;
  std::string programme;
  bool preliminary = false;
  friend bool operator==(const MeasurementRecorded&, const MeasurementRecorded&) = default;
};

enum class Instrument : std::uint8_t {
  kUnspecified,
  kStartBack,
  kCat,
  kWho5,
  kPromis10,
  kSatisfaction
};

struct Score {
  std::string measure_key;
  double value = 0;
  friend bool operator==(const Score&, const Score&) = default;
};

struct QuestionnaireAnswered {
  Instrument instrument = Instrument::kUnspecified;
  std::vector<Score> scores;
  Timepoint timepoint = Timepoint::kUnspecified;
  std::string programme;
  friend bool operator==(const QuestionnaireAnswered&, const QuestionnaireAnswered&) = default;
};

struct HealthCheckCompleted {
  std::vector<std::string> programmes;
  friend bool operator==(const HealthCheckCompleted&, const HealthCheckCompleted&) = default;
};

enum class DiagnosisSetting : std::uint8_t { kUnspecified, kGp, kHospital, kOther };

struct DiagnosisRecorded {
  std::string code_system;
  std::string code;
  DiagnosisSetting setting = DiagnosisSetting::kUnspecified;
  friend bool operator==(const DiagnosisRecorded&, const DiagnosisRecorded&) = default;
};

struct DiagnosisExcluded {
  std::string programme;
  friend bool operator==(const DiagnosisExcluded&, const DiagnosisExcluded&) = default;
};

enum class SelfCare : std::uint8_t { kUnspecified, kGood, kReduced, kLow };

struct StratificationAssessed {
  std::string programme;
  std::uint32_t level = 0;  ///< 1 to 3
  std::string assessor_role;
  SelfCare self_care = SelfCare::kUnspecified;
  std::string severity;
  std::string progression;
  std::string social;
  std::string ruleset_id;
  std::string ruleset_version;
  std::vector<EventId> input_event_ids;
  friend bool operator==(const StratificationAssessed&, const StratificationAssessed&) = default;
};

enum class InterviewKind : std::uint8_t { kUnspecified, kInitial, kNeeds, kFinal, kFollowUp };

struct InterviewHeld {
  InterviewKind kind = InterviewKind::kUnspecified;
  std::vector<std::string> programmes;
  friend bool operator==(const InterviewHeld&, const InterviewHeld&) = default;
};

enum class Delivery : std::uint8_t { kUnspecified, kGroup, kIndividual, kDigital, kRobot };

struct InterventionStarted {
  std::string intervention_id;
  std::vector<std::string> programmes;
  std::string type;
  Delivery delivery = Delivery::kUnspecified;
  std::optional<bool> diagnosis_specific;
  std::string plan_id;
  friend bool operator==(const InterventionStarted&, const InterventionStarted&) = default;
};

struct InterventionAttended {
  std::string intervention_id;
  std::vector<std::string> programmes;
  bool attended = false;
  friend bool operator==(const InterventionAttended&, const InterventionAttended&) = default;
};

enum class StopStatus : std::uint8_t { kUnspecified, kCompleted, kCancelled };

struct InterventionStopped {
  std::string intervention_id;
  std::vector<std::string> programmes;
  StopStatus status = StopStatus::kUnspecified;
  std::string reason;
  friend bool operator==(const InterventionStopped&, const InterventionStopped&) = default;
};

struct PatientDeclined {
  std::string programme;
  std::string reason;
  friend bool operator==(const PatientDeclined&, const PatientDeclined&) = default;
};

enum class PlanCategory : std::uint8_t { kUnspecified, kIntervention, kFollowUp };
enum class PlanStatus : std::uint8_t { kUnspecified, kActive, kCompleted, kCancelled };
/// Of sundhedsloven: municipal prevention (§119), rehabilitation after discharge (§140).
enum class LegalBasis : std::uint8_t { kUnspecified, kSection119, kSection140 };

struct Goal {
  std::string measure_key;
  double target = 0;
  friend bool operator==(const Goal&, const Goal&) = default;
};

struct PathwayPlanChanged {
  std::string plan_id;
  std::vector<std::string> programmes;
  PlanCategory category = PlanCategory::kUnspecified;
  PlanStatus status = PlanStatus::kUnspecified;
  std::string reason;
  std::vector<Goal> goals;
  std::optional<bool> shared_decision;
  std::string version;
  LegalBasis legal_basis = LegalBasis::kUnspecified;
  friend bool operator==(const PathwayPlanChanged&, const PathwayPlanChanged&) = default;
};

enum class CloseReason : std::uint8_t { kUnspecified, kFull, kNoNeed };

struct PathwayClosed {
  std::string programme;
  CloseReason reason = CloseReason::kUnspecified;
  friend bool operator==(const PathwayClosed&, const PathwayClosed&) = default;
};

enum class CoordinationRole : std::uint8_t { kUnspecified, kTovholder, kForloebskoordinator };

struct CoordinationAssigned {
  CoordinationRole role = CoordinationRole::kUnspecified;
  std::string holder;
  friend bool operator==(const CoordinationAssigned&, const CoordinationAssigned&) = default;
};

struct CoordinationEnded {
  CoordinationRole role = CoordinationRole::kUnspecified;
  friend bool operator==(const CoordinationEnded&, const CoordinationEnded&) = default;
};

enum class SelfTreatmentKind : std::uint8_t { kUnspecified, kAk, kTelekol, kTeleWound, kOther };
enum class SelfTreatmentStatus : std::uint8_t { kUnspecified, kOffered, kActive, kEnded };

struct SelfTreatmentChanged {
  SelfTreatmentKind kind = SelfTreatmentKind::kUnspecified;
  SelfTreatmentStatus status = SelfTreatmentStatus::kUnspecified;
  friend bool operator==(const SelfTreatmentChanged&, const SelfTreatmentChanged&) = default;
};

struct PersonDeceased {
  friend bool operator==(const PersonDeceased&, const PersonDeceased&) = default;
};

struct ResidenceChanged {
  std::string municipality;
  friend bool operator==(const ResidenceChanged&, const ResidenceChanged&) = default;
};

struct CprReplaced {
  PersonKey old_person_key;
  friend bool operator==(const CprReplaced&, const CprReplaced&) = default;
};

struct PersonAttributesRecorded {
  std::string education_code;
  std::optional<bool> lives_alone;
  std::string labour_market_status;
  friend bool operator==(const PersonAttributesRecorded&,
                         const PersonAttributesRecorded&) = default;
};

enum class GoalStatus : std::uint8_t {
  kUnspecified,
  kNotStarted,
  kInProgress,
  kReached,
  kNotReached
};

struct GoalProgressReported {
  std::uint32_t area = 0;
  std::string owner;
  std::optional<CivilDate> deadline;
  std::string measurable_target;
  GoalStatus status = GoalStatus::kUnspecified;
  std::string evidence_link;
  std::vector<std::string> measuring_points;
  friend bool operator==(const GoalProgressReported&, const GoalProgressReported&) = default;
};

struct Spend {
  std::string document;
  std::string purpose;
  std::int64_t amount_oere = 0;
  friend bool operator==(const Spend&, const Spend&) = default;
};

struct AnnualDocumentation {
  std::uint32_t year = 0;
  std::vector<Spend> spend;
  std::vector<GoalProgressReported> progress;
  std::string health_effects;
  std::string economic_effects;
  friend bool operator==(const AnnualDocumentation&, const AnnualDocumentation&) = default;
};

struct ReportAnswer {
  std::string section;
  std::string text;
  friend bool operator==(const ReportAnswer&, const ReportAnswer&) = default;
};

struct FinalReportAnswered {
  std::vector<ReportAnswer> answers;
  friend bool operator==(const FinalReportAnswered&, const FinalReportAnswered&) = default;
};

/// The order of alternatives is fixed (EventType below counts along); monostate = a type this build
/// does not know.
using Payload = std::variant<
    std::monostate, ReferralSent, ReferralRevoked, VisitationDecided, HospitalStayStarted,
    LeaveStarted, LeaveEnded, HospitalStayEnded, DischargeReportReceived, MeasurementRecorded,
    QuestionnaireAnswered, HealthCheckCompleted, DiagnosisRecorded, DiagnosisExcluded,
    StratificationAssessed, InterviewHeld, InterventionStarted, InterventionAttended,
    InterventionStopped, PatientDeclined, PathwayPlanChanged, PathwayClosed, CoordinationAssigned,
    CoordinationEnded, SelfTreatmentChanged, PersonDeceased, ResidenceChanged, CprReplaced,
    PersonAttributesRecorded, GoalProgressReported, AnnualDocumentation, FinalReportAnswered>;

/// Equal to Payload::index().
enum class EventType : std::uint8_t {
  kUnknown,
  kReferralSent,
  kReferralRevoked,
  kVisitationDecided,
  kHospitalStayStarted,
  kLeaveStarted,
  kLeaveEnded,
  kHospitalStayEnded,
  kDischargeReportReceived,
  kMeasurementRecorded,
  kQuestionnaireAnswered,
  kHealthCheckCompleted,
  kDiagnosisRecorded,
  kDiagnosisExcluded,
  kStratificationAssessed,
  kInterviewHeld,
  kInterventionStarted,
  kInterventionAttended,
  kInterventionStopped,
  kPatientDeclined,
  kPathwayPlanChanged,
  kPathwayClosed,
  kCoordinationAssigned,
  kCoordinationEnded,
  kSelfTreatmentChanged,
  kPersonDeceased,
  kResidenceChanged,
  kCprReplaced,
  kPersonAttributesRecorded,
  kGoalProgressReported,
  kAnnualDocumentation,
  kFinalReportAnswered
};
inline constexpr int kEventTypeCount = 32;

/// "ReferralSent" …; "Unknown" for kUnknown.
[[nodiscard]] std::string_view event_type_name(EventType type);
/// kUnknown where no type has this name.
[[nodiscard]] EventType event_type_from_name(std::string_view name);
/// The Kafka topic that carries this type: henvisning, udskrivning, maaling, forloeb, person or
/// rapport.
[[nodiscard]] std::string_view topic_of(EventType type);

/// Where and when a record was first received: the order that decides which of two conflicting
/// copies of one version stays (domain.md 4.2 point 2). `topic` is the index in the fixed topic
/// order of the citizen task.
struct Origin {
  Instant timestamp;
  std::uint8_t topic = 0;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  friend auto operator<=>(const Origin&, const Origin&) = default;
};

struct Event {
  EventId event_id;
  std::string source_system;
  std::string source_message_id;
  std::uint64_t source_version = 0;
  std::uint32_t adapter_revision = 1;
  std::uint32_t schema_version = 1;
  Op op = Op::kUnspecified;
  PersonKey person_key;
  std::optional<CivilDate> birth_date;
  Sex sex = Sex::kUnknown;
  Instant occurred_at;
  TimePrecision time_precision = TimePrecision::kUnspecified;
  Instant recorded_at;
  std::string sender_org;
  std::string residence_municipality;
  std::optional<EventId> correlation_id;
  bool canary = false;
  bool simulated = false;
  Payload payload;

  [[nodiscard]] EventType type() const { return static_cast<EventType>(payload.index()); }
};

/// Whether two events say the same: all fields but event_id, recorded_at and adapter_revision
/// (domain.md 4.2 point 2).
[[nodiscard]] bool same_content(const Event& a, const Event& b);

}  // namespace kronika::domain
