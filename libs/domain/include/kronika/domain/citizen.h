// What the fold knows of one citizen after applying all effective events in fold order: the
// accumulators, and nothing that depends on the clock. Flags, timers and proposals are computed
// from it by Fold::evaluate (evaluation.h).
//
// Compact on purpose: a typical citizen is below 1 KB. It grows with the number of episodes,
// referrals, stays, moves and assessments, never with the number of measurements.
// Programmes, measures and groups are indexes of the rule generation that folded it.
//
// What indicators need of the past (domain.md 10) is kept without keeping the events:
//   - Episode::steps, Episode::waits: states at past quarter ends, wait periods and how they ended;
//   - Run: whether a value of a kind existed within its window before any date, and its class;
//   - Episode::outcomes: baseline and end values, found among the values of the last 30 days;
//   - Reported: in which quarters somebody placed in a municipality sent an event;
//   - Contact::sets: the diagnosis and procedure sets of a stay, a bit a set.
//
// Plain values; no thread rules beyond those of any value.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/domain/event.h>
#include <kronika/domain/indicators.h>
#include <kronika/domain/rules.h>
#include <kronika/domain/time.h>

namespace kronika::domain {

/// "Never": before every real date and instant.
inline constexpr CivilDate kNoDate{INT32_MIN};
inline constexpr Instant kNoInstant = Instant::min();

/// The states of a pathway instance, in the order of domain.md 7. Numbers are stored: never
/// renumber.
enum class State : std::uint8_t {
  kNone = 0,
  kDetected = 1,
  kDiagnosed = 2,
  kStratified = 3,
  kReferred = 4,
  kVisitated = 5,
  kInitialInterview = 6,
  kRehabActive = 7,
  kFinalInterview = 8,
  kFollowUp = 9,
  kCompleted = 10,
  kDroppedOut = 11,
  kInterrupted = 12,
  kDeclined = 13,
  kNotConfirmed = 14,
  kMovedOut = 15,
  kDeceased = 16,
};
inline constexpr int kStateCount = 17;
/// "REHAB_ACTIVE"; "none" for kNone.
[[nodiscard]] std::string_view state_name(State state);
[[nodiscard]] constexpr bool is_active(State s) {
  return s >= State::kDetected && s <= State::kFollowUp;
}

/// Of COMPLETED.
enum class Outcome : std::uint8_t { kNone, kFull, kEarly, kNoNeed };
[[nodiscard]] std::string_view outcome_name(Outcome outcome);

/// Flags of a pathway instance (domain.md 7.1, 7.4), as bit numbers. The first group is set by
/// events and kept in Episode::flags, the second is computed by evaluate(). Stored: never renumber.
enum class Flag : std::uint8_t {
  kRejected = 0,
  kRevoked = 1,
  kReReferral = 2,
  kVisitationInferred = 3,
  kInterviewMissing = 4,
  kStartInferred = 5,
  kFinalInterviewMissing = 6,
  kParallelReferral = 7,
  kDiagnosisDisputed = 8,
  kTransferred = 9,

  kInferredDiagnosis = 10,
  kUnstratified = 11,
  kAwaitingFinal = 12,
  kPaused = 13,
  kVisitationOverdue = 14,
  kInterviewOverdue = 15,
  kStartOverdue = 16,
  kSuspectedDropout = 17,
  kRelativeContactDue = 18,
  kLevelStale = 19,
  kRestratifyDue = 20,
  kLostToFollowUp = 21,
  kTransferPending = 22,
  kLevelDiffers = 23,
  kPrivateChoiceRight = 24,
  kTelekolCandidate = 25,
  kNeedsAssessmentDue = 26,
  kTargetDebutAssumed = 27,
};
inline constexpr int kFlagCount = 28;
/// "suspected_dropout"
[[nodiscard]] std::string_view flag_name(Flag flag);

/// A set of Flag.
struct Flags {
  std::uint32_t bits = 0;
  constexpr void set(Flag f) { bits |= 1U << static_cast<unsigned>(f); }
  constexpr void clear(Flag f) { bits &= ~(1U << static_cast<unsigned>(f)); }
  [[nodiscard]] constexpr bool has(Flag f) const {
    return (bits >> static_cast<unsigned>(f) & 1U) != 0;
  }
  friend constexpr bool operator==(const Flags&, const Flags&) = default;
};

/// Warnings kept on an episode, as bit numbers; they never block (domain.md 7.1).
enum class Warning : std::uint8_t {
  kT1dMunicipal = 0,
  kReceiverSector = 1,
  kReceiverUnknown = 2,
  kLbpTooEarly = 3,
  kLbpOnsetUnknown = 4,
  kPlanConflict = 5,
};
inline constexpr int kWarningCount = 6;
/// "T1D_MUNICIPAL"
[[nodiscard]] std::string_view warning_name(Warning warning);

struct Referral {
  std::string referral_id;
  bool out_of_force = false;  ///< revoked, replaced or rejected
  bool waited_for = false;    ///< started the latest wait period: its FORWARD moves the receiver
  friend bool operator==(const Referral&, const Referral&) = default;
};

struct Intervention {
  std::string intervention_id;
  bool stopped = false;
  friend bool operator==(const Intervention&, const Intervention&) = default;
};

inline constexpr std::uint8_t kNoIndex = 0xff;

/// A change of state, or a rehab start that changed none (T26, T28).
struct Step {
  Instant at;
  State state = State::kNone;
  bool rehab_start = false;  ///< domain.md 7, "Rehab start": InterventionStarted, or inferred
  friend bool operator==(const Step&, const Step&) = default;
};

/// A wait period (domain.md 7); how it ended is the state that ended it.
struct Wait {
  Instant start;
  Instant end = kNoInstant;       ///< kNoInstant: open
  State ended_by = State::kNone;  ///< kReferred: the next T10
  RequestedService service = RequestedService::kUnspecified;
  friend bool operator==(const Wait&, const Wait&) = default;
};

/// What runs of values tell apart, each with the window of its indicators. Stored: never renumber.
enum class Series : std::uint8_t {
  kContact = 0,        ///< events routed to a programme (ProgrammeFacts::contact); I-11, 365 days
  kMeasured = 1,       ///< any measurement or questionnaire; I-11, 365
  kDyspnoea = 2,       ///< MRC or mMRC + 1; class 1: 3 or more; I-04, 365
  kRehabReferral = 3,  ///< KOL referral to rehab; I-04, 365
  kHba1c = 4,          ///< class 0: < 59, 1: < 75, 2: the rest; I-15, 365
  kSbp = 5,            ///< I-16a, 365
  kUacr = 6,           ///< I-16b, 730
  kEye = 7,            ///< DONE; I-16c, 730
  kFoot = 8,           ///< DONE; I-16d, 730
  kSmoking = 9,        ///< I-17, 365
  kHeartWork = 10,     ///< of persons with HEART_IHD from here on; I-18b, 182
  kHeartSmoking = 11,  ///< I-18c, 182
  kHeartDiet = 12,     ///< diet advice or treatment started; I-18d, 182
  kHeartLdl = 13,      ///< class 1: < 1.8; I-18e, 182
  kHeartSbp = 14,      ///< class 1: < 140; I-18f, 182
};
inline constexpr int kSeriesCount = 15;
[[nodiscard]] constexpr int window_of(Series s) {
  if (s >= Series::kHeartWork) return 182;
  return s == Series::kUacr || s == Series::kEye || s == Series::kFoot ? 730 : 365;
}

/// Values of one series and class without a gap longer than the window of the series. So whether a
/// value exists within the window before a date, and the class of the latest one, is known for
/// every date, past or coming, although the values are gone: see latest_class().
struct Run {
  Series series = Series::kContact;
  std::uint8_t value_class = 0;
  CivilDate first, last;
  friend bool operator==(const Run&, const Run&) = default;
};
/// The class of the latest value at the end of `date`, if it is within the window; else nothing.
[[nodiscard]] std::optional<std::uint8_t> latest_class(const std::vector<Run>& runs, Series series,
                                                       CivilDate date);

/// Baseline and end of one measure in an episode (I-21); of SATISFACTION the end alone (I-22).
struct OutcomeValue {
  MeasureIndex measure = kNoMeasure;
  bool baseline_marked = false;  ///< by its timepoint: a value without goes for one that has none
  bool end_marked = false;
  Instant baseline_at = kNoInstant;
  Instant end_at = kNoInstant;
  double baseline = 0;
  double end = 0;
  friend bool operator==(const OutcomeValue&, const OutcomeValue&) = default;
};

/// A pathway instance: person x programme x episode.
struct Episode {
  ProgrammeIndex programme = kNoProgramme;
  std::uint16_t number = 1;
  State state = State::kNone;
  Outcome outcome = Outcome::kNone;
  Flags flags;  ///< those set by events
  std::uint8_t warnings = 0;
  bool had_referral = false;
  bool waiting = false;                 ///< a wait period is open
  std::uint8_t stop_reason = kNoIndex;  ///< index into Rules::stop_reasons
  Instant started = kNoInstant;
  Instant state_since = kNoInstant;
  Instant wait_clock = kNoInstant;         ///< start of the latest wait period
  Instant initial_interview = kNoInstant;  ///< entry into INITIAL_INTERVIEW
  Instant rehab_start = kNoInstant;        ///< entry into REHAB_ACTIVE
  Instant ended = kNoInstant;
  CivilDate last_activity = kNoDate;    ///< rehab start, attendance or interview: the silence clock
  Instant last_interview = kNoInstant;  ///< INITIAL or NEEDS, whatever the row (7.4, cancer)
  Instant receiver_changed = kNoInstant;  ///< the receiver's sector changed (7.4, cancer)
  CivilDate moved = kNoDate;              ///< transfer pending since this date (7.3)
  std::uint32_t illegal = 0;
  std::string receiver;  ///< SOR id
  std::vector<Referral> referrals;
  std::vector<Intervention> interventions;  ///< emptied when rehab is over
  std::vector<Step> steps;                  ///< in fold order, the first at `started`
  std::vector<Wait> waits;
  CivilDate final_interview = kNoDate;  ///< entry into FINAL_INTERVIEW
  std::string plan_140;                 ///< the latest ACTIVE plan of §140; empty: none
  std::vector<OutcomeValue> outcomes;   ///< by measure
  friend bool operator==(const Episode&, const Episode&) = default;
};

struct LevelEntry {
  Instant at;  ///< sort time
  std::uint8_t level = 0;
  friend bool operator==(const LevelEntry&, const LevelEntry&) = default;
};

/// What is known of person x programme across episodes.
struct ProgrammeFacts {
  ProgrammeIndex programme = kNoProgramme;
  bool diagnosed = false;  ///< a DiagnosisRecorded later than the last DiagnosisExcluded
  CivilDate first_diagnosis = kNoDate;
  CivilDate last_diagnosis = kNoDate;
  CivilDate case_date = kNoDate;   ///< domain.md 10.2; of diabetes: DiabetesFacts
  CivilDate last_event = kNoDate;  ///< routed to an instance, legal or not
  EventId level_event;             ///< the assessment that gave the current level
  std::vector<LevelEntry> levels;  ///< in fold order
  std::vector<Run> contact;        ///< events routed to an instance, legal or not
  friend bool operator==(const ProgrammeFacts&, const ProgrammeFacts&) = default;
};

/// A diagnosis code that counts for a group and opens no pathway.
struct GroupFacts {
  GroupIndex group = 0;
  CivilDate last = kNoDate;
  friend bool operator==(const GroupFacts&, const GroupFacts&) = default;
};

struct DiabetesType {
  CivilDate from;
  bool type1 = false;
  friend bool operator==(const DiabetesType&, const DiabetesType&) = default;
};
struct DiabetesFacts {
  CivilDate first_sign = kNoDate;  ///< first date with HbA1c >= 48 or a diabetes code
  CivilDate case_date = kNoDate;   ///< second distinct date
  CivilDate last_high = kNoDate;   ///< latest date with HbA1c >= 48
  /// Latest HbA1c sent in mmol/mol and in percent, both in mmol/mol, for the cross-check (6.5).
  CivilDate molar_date = kNoDate;
  double molar = 0;
  CivilDate percent_date = kNoDate;
  double percent = 0;
  std::vector<DiabetesType> types;  ///< changes of the typed diagnosis, in fold order
  friend bool operator==(const DiabetesFacts&, const DiabetesFacts&) = default;
};

/// Three-valued, as stored.
enum class Tri : std::uint8_t { kUnknown, kFalse, kTrue };

/// Diagnosis sets that a contact's discharge report fell in (admission_sets.csv), as bit numbers.
enum class StaySet : std::uint8_t {
  kKol = 0,         ///< KOL_MAIN, or KOL_WITH_DJ44_SECONDARY with a secondary DJ44
  kHf = 1,          ///< HF_MAIN
  kIhd = 2,         ///< IHD_MAIN
  kAmi = 3,         ///< AMI_MAIN
  kRevasc = 4,      ///< a procedure in REVASC_PROCEDURE
  kCancer = 5,      ///< main diagnosis DC
  kBirth = 6,       ///< main diagnosis DO (left out of I-19)
  kReport = 7,      ///< a report exists
  kAcscAsthma = 8,  ///< ACSC_*: main diagnosis
  kAcscKol = 9,
  kAcscHf = 10,
  kAcscDiabetes = 11,
  kPreventable = 12,  ///< main diagnosis in a FOREBYG_* set
};

/// One hospital contact (domain.md 8). Contacts are in order of start.
struct Contact {
  std::string contact_id;
  std::string episode_id;
  Instant start;
  Instant end = kNoInstant;  ///< kNoInstant: open
  EncounterClass encounter_class = EncounterClass::kUnspecified;
  Tri acute = Tri::kUnknown;
  DischargeDisposition disposition = DischargeDisposition::kUnspecified;
  bool implied_end = false;       ///< ended by the next contact or by death
  bool end_before_start = false;  ///< an end sorted before the start and was ignored
  bool on_leave = false;          ///< a leave is open
  std::uint32_t sets = 0;         ///< bits of StaySet
  [[nodiscard]] bool open() const { return end == kNoInstant; }
  friend bool operator==(const Contact&, const Contact&) = default;
};

/// An end or a report that names a contact which has not started (yet, in fold order).
struct OrphanEnd {
  std::string contact_id;
  std::string episode_id;
  friend bool operator==(const OrphanEnd&, const OrphanEnd&) = default;
};
struct OrphanReport {
  std::string contact_id;
  std::string episode_id;
  std::uint32_t sets = 0;
  friend bool operator==(const OrphanReport&, const OrphanReport&) = default;
};

/// The latest value of one measure.
struct LatestValue {
  MeasureIndex measure = kNoMeasure;
  std::uint8_t at_same_time = 1;  ///< values of this measure at exactly `at` (saturates)
  bool soft_range = false;
  bool cross_check = false;
  Instant at;        ///< sort time
  double value = 0;  ///< canonical unit; coded: index into Measure::allowed_values
  EventId event_id;
  friend bool operator==(const LatestValue&, const LatestValue&) = default;
};

/// Highest weight of one date, kept for the 90 days before the latest one (domain.md 6.8).
struct WeightDay {
  CivilDate date;
  double highest = 0;
  friend bool operator==(const WeightDay&, const WeightDay&) = default;
};

/// A value of a measure of I-21 or I-22, kept for the 30 days before the latest one.
struct RecentValue {
  MeasureIndex measure = kNoMeasure;
  Timepoint timepoint = Timepoint::kUnspecified;
  Instant at;
  double value = 0;
  friend bool operator==(const RecentValue&, const RecentValue&) = default;
};

/// Quarters in a row in which organisations of one sector placed in one municipality sent an event
/// of this citizen (I-24). The place is that of the quarter's last day.
struct Reported {
  Municipality municipality = 0;
  ReportingSector sector = ReportingSector::kNone;
  Quarter from, to;
  friend bool operator==(const Reported&, const Reported&) = default;
};

struct Move {
  CivilDate date;
  Municipality to = 0;
  friend bool operator==(const Move&, const Move&) = default;
};

struct EducationEntry {
  CivilDate date;
  EducationGroup group = EducationGroup::kUnknown;
  friend bool operator==(const EducationEntry&, const EducationEntry&) = default;
};

/// An ACTIVE plan; only its targets are kept, for PLAN_CONFLICT.
struct Plan {
  struct Target {
    MeasureIndex measure = kNoMeasure;
    double target = 0;
    friend bool operator==(const Target&, const Target&) = default;
  };
  std::string plan_id;
  std::uint32_t programmes = 0;  ///< bit a programme
  std::vector<Target> targets;
  friend bool operator==(const Plan&, const Plan&) = default;
};

/// An effective event without effect: an illegal transition (domain.md 4.2 point 6).
struct IllegalEvent {
  EventId event_id;
  EventType type = EventType::kUnknown;
  State state = State::kNone;
  ProgrammeIndex programme = kNoProgramme;  ///< kNoProgramme: found no episode
  std::uint16_t episode = 0;
  friend bool operator==(const IllegalEvent&, const IllegalEvent&) = default;
};
/// The latest ones are listed, all are counted.
inline constexpr std::size_t kIllegalListed = 8;

/// A measurement that the fold left out: DBP >= SBP or FEV1 > FVC at one instant (domain.md 6.4).
struct ExcludedMeasurement {
  EventId event_id;
  bool fev_order = false;  ///< FEV_ORDER, else BP_ORDER
  friend bool operator==(const ExcludedMeasurement&, const ExcludedMeasurement&) = default;
};
inline constexpr std::size_t kExcludedListed = 8;

/// How often effective events named a code that is in no table (domain.md 3, 6).
struct UnknownCodeCount {
  std::string system;
  std::string code;  ///< empty: further codes of the system, which is one of kCodeSystemLabels then
  std::uint32_t count = 0;
  friend bool operator==(const UnknownCodeCount&, const UnknownCodeCount&) = default;
};
/// The first ones are listed by code, what comes after them by system alone; so are longer names.
inline constexpr std::size_t kUnknownCodesListed = 16;
inline constexpr std::size_t kUnknownCodeLongest = 40;
void count_unknown_code(std::vector<UnknownCodeCount>& counts, std::string_view system,
                        std::string_view code);

struct CitizenState {
  PersonKey person;

  // The last applied event's place in the fold order; can_append() compares with it.
  std::uint32_t events = 0;  ///< applied, irregular ones included
  Instant last_time = kNoInstant;
  std::uint8_t last_rank = 0;
  std::string last_source_system;
  std::string last_source_message_id;

  // The person.
  std::optional<CivilDate> birth_date;
  Sex sex = Sex::kUnknown;
  bool canary = false;
  bool simulated = false;
  bool residence_known = false;  ///< an envelope carried one
  Municipality initial_residence = 0;
  std::vector<Move> moves;
  std::vector<EducationEntry> education;
  Instant death = kNoInstant;
  SelfCare self_care = SelfCare::kUnspecified;
  CivilDate self_care_date = kNoDate;
  std::array<std::string, 2> coordination;              ///< holder: TOVHOLDER, FORLOEBSKOORDINATOR
  std::array<SelfTreatmentStatus, 4> self_treatment{};  ///< by SelfTreatmentKind - 1
  CivilDate telekol_since = kNoDate;

  // Pathways.
  std::vector<Episode> episodes;      ///< in order of opening
  std::vector<ProgrammeFacts> facts;  ///< by programme
  std::vector<GroupFacts> groups;     ///< by group
  DiabetesFacts diabetes;
  std::vector<Plan> plans;
  std::uint8_t transfers_pending = 0;  ///< episodes with `moved` set

  // Hospital.
  std::vector<Contact> contacts;
  std::vector<OrphanEnd> orphan_ends;
  std::vector<OrphanReport> orphan_reports;
  Instant last_stay_event = kNoInstant;

  // Measurements.
  std::vector<LatestValue> latest;  ///< by measure
  std::vector<WeightDay> weights;
  CivilDate last_measurement = kNoDate;
  std::vector<RecentValue> recent;
  std::vector<Run> runs;  ///< in order of their first date
  Instant last_exclusion = kNoInstant;

  std::vector<Reported> reported;  ///< in order of their first quarter

  // What had no effect.
  std::uint32_t illegal = 0;  ///< of all episodes, and of events that found none
  std::uint32_t after_death = 0;
  std::uint32_t excluded = 0;
  std::vector<IllegalEvent> illegal_events;
  std::vector<ExcludedMeasurement> excluded_measurements;
  /// Of diagnoses and referrals; an event with another unknown code is refused, and no fact.
  std::vector<UnknownCodeCount> unknown_codes;  ///< in fold order of their first use

  friend bool operator==(const CitizenState&, const CitizenState&) = default;

  [[nodiscard]] bool deceased() const { return death != kNoInstant; }
  /// The latest episode of a programme; nullptr if there is none.
  [[nodiscard]] const Episode* current(ProgrammeIndex programme) const;
  [[nodiscard]] const ProgrammeFacts* facts_of(ProgrammeIndex programme) const;
  [[nodiscard]] const LatestValue* latest_of(MeasureIndex measure) const;
  /// At the end of `date`; 0: unknown, or none of the 98.
  [[nodiscard]] Municipality municipality_on(CivilDate date) const;
  [[nodiscard]] EducationGroup education_on(CivilDate date) const;
  /// The clinician's level at the end of `date`; 0: none.
  [[nodiscard]] std::uint8_t level_on(ProgrammeIndex programme, CivilDate date) const;
};

}  // namespace kronika::domain
