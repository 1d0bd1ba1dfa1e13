// What a citizen's state means at an instant: flags, timers, stays, proposals with their reasons,
// and the next instant at which any of it would differ. Computed by Fold::evaluate from
// CitizenState, never stored as truth. Text is viewed in Rules, which must outlive an Evaluation.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <kronika/domain/citizen.h>

namespace kronika::domain {

enum class CareSetting : std::uint8_t {
  kUnspecified,
  kHome,
  kAdmitted,
  kOnLeave,
  kUnknown,
  kEnded
};
/// "ON_LEAVE"
[[nodiscard]] std::string_view care_setting_name(CareSetting setting);

/// Phase of heart rehabilitation (domain.md 7.2).
enum class HeartPhase : std::uint8_t { kNone, kOne, kTwo, kThree };

/// Contacts merged over gaps of at most four hours (domain.md 8 point 3).
struct Stay {
  Instant start;
  Instant end = kNoInstant;  ///< kNoInstant: open
  std::uint32_t first_contact = 0;
  std::uint32_t contacts = 0;
  bool admission = false;  ///< 12 hours or more; an open stay when it is that old
  Tri acute = Tri::kUnknown;
  bool discharged_alive = false;
  std::uint32_t sets = 0;  ///< bits of StaySet, of any contact
  [[nodiscard]] bool open() const { return end == kNoInstant; }
  [[nodiscard]] bool in(StaySet set) const {
    return (sets >> static_cast<unsigned>(set) & 1U) != 0;
  }
  friend bool operator==(const Stay&, const Stay&) = default;
};
/// The stays of `state` at `as_of`, in order of start.
[[nodiscard]] std::vector<Stay> stays_of(const CitizenState& state, Instant as_of);

struct RuleOutput {
  std::string_view name;   ///< "abe"
  std::string_view value;  ///< "E", "UNKNOWN", ...
  friend bool operator==(const RuleOutput&, const RuleOutput&) = default;
};
struct UsedInput {
  MeasureIndex measure = kNoMeasure;
  double value = 0;
  Instant at;
  EventId event_id;
  friend bool operator==(const UsedInput&, const UsedInput&) = default;
};

/// The answer of a rule set; a proposal, never the clinician's level.
struct Proposal {
  std::string_view ruleset_id;  ///< empty: CLINICIAN_SET, or no version is valid on the date
  std::string_view version;
  bool what_if = false;    ///< another version than the one in force was asked for
  std::uint8_t level = 0;  ///< 1-3; 0: UNKNOWN
  std::vector<RuleOutput> outputs;
  std::vector<UsedInput> inputs;
  std::vector<MeasureIndex> missing;  ///< required inputs that are absent or too old
  /// "UNKNOWN" where the rule set has no such output.
  [[nodiscard]] std::string_view output(std::string_view name) const;
  friend bool operator==(const Proposal&, const Proposal&) = default;
};

/// Care of an acquired brain injury differs with age (domain.md 3): CHILD below 18.
enum class AgeTrack : std::uint8_t { kNone, kChild, kAdult, kUnknown };
/// "CHILD"; "" for kNone.
[[nodiscard]] std::string_view age_track_name(AgeTrack track);

/// When the next regular examination of a person with diabetes is due (domain.md 7.4).
struct DueExamination {
  std::string_view name;     ///< "BP", "UACR", "EYE", "FOOT"
  CivilDate last = kNoDate;  ///< kNoDate: none is known; then due on the day of the diagnosis
  CivilDate due;
  bool overdue = false;  ///< later than `due`
  friend bool operator==(const DueExamination&, const DueExamination&) = default;
};

/// One pathway instance at the instant.
struct PathwayEvaluation {
  ProgrammeIndex programme = kNoProgramme;
  std::uint16_t episode = 0;
  bool current = false;        ///< the latest episode of its programme: timed flags and a proposal
  State state = State::kNone;  ///< MOVED_OUT by timer included
  Outcome outcome = Outcome::kNone;
  Flags flags;
  std::uint8_t level = 0;  ///< the clinician's; 0: none
  Instant level_at = kNoInstant;
  CivilDate ended_on = kNoDate;
  HeartPhase heart_phase = HeartPhase::kNone;
  AgeTrack age_track = AgeTrack::kNone;  ///< of ABI, by the age now or when the episode ended
  std::vector<DueExamination> due;       ///< of diabetes, of the current episode
  Proposal proposal;
  friend bool operator==(const PathwayEvaluation&, const PathwayEvaluation&) = default;
};

struct Evaluation {
  CareSetting care_setting = CareSetting::kHome;
  std::optional<int> age;
  Municipality municipality = 0;
  bool weight_loss = false;
  bool overdue_telemonitoring = false;
  std::uint32_t groups = 0;  ///< active chronic groups, bit a GroupIndex
  bool multimorbid = false;
  bool multimorbid_rh = false;
  SelfCare self_care = SelfCare::kUnspecified;
  Tri high_use_risk = Tri::kFalse;
  bool coordination_indicated = false;
  std::vector<PathwayEvaluation> pathways;  ///< one an episode, in the order of the state
  std::vector<Stay> stays;
  /// The next instant after as_of at which this or the contributions may differ although no event
  /// comes; never late, perhaps early. Nothing: never.
  std::optional<Instant> next_change;
  friend bool operator==(const Evaluation&, const Evaluation&) = default;
};

}  // namespace kronika::domain
