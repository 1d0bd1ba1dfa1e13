// Clinical timers of one citizen as classes that can be counted (domain.md 7.5): what waits, or has
// happened lately, and in which class of days. The figures of care are made of them
// (care_figures.h).
//
//   for (const RunningTimer& t : running_timers(state, fold.evaluate(state, now), now))
//     count(t.timer, t.days, t.programme);
//
// Pure. Thread: any.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <kronika/domain/citizen.h>
#include <kronika/domain/evaluation.h>

namespace kronika::domain {

enum class CareTimer : std::uint8_t {
  kVisitation,   ///< REFERRED, since the wait clock
  kInterview,    ///< VISITATED, since the ACCEPT
  kRehabStart,   ///< INITIAL_INTERVIEW, since it was held
  kSilence,      ///< suspected_dropout, relative_contact_due
  kAssessment,   ///< level_stale; unstratified
  kDischarge,    ///< restratify_due, needs_assessment_due, since the discharge
  kContact,      ///< lost_to_follow_up
  kExamination,  ///< an examination of diabetes is overdue, since it was due
  kTransfer,     ///< transfer_pending
  kDropout,      ///< DROPPED_OUT within 30 days
  kLevelUp,      ///< assessed within 30 days, above the level before
  kLevelDown,    ///< below it
};
inline constexpr int kCareTimerCount = 12;
/// "visitation", "level_up".
[[nodiscard]] std::string_view name_of(CareTimer timer);
/// "0-14", "15-30", "31+": the days that each class holds, both ends included. One that begins with
/// 0 is within its time; "none" of kAssessment is a pathway without a level.
[[nodiscard]] std::span<const std::string_view> classes_of(CareTimer timer);

struct RunningTimer {
  CareTimer timer = CareTimer::kVisitation;
  std::uint8_t days = 0;  ///< index into classes_of(timer)
  ProgrammeIndex programme = kNoProgramme;
  friend bool operator==(const RunningTimer&, const RunningTimer&) = default;
};

/// Those of the current pathways of a living citizen, at most one a pathway and timer. `evaluation`
/// is that of `state` at `as_of`.
[[nodiscard]] std::vector<RunningTimer> running_timers(const CitizenState& state,
                                                       const Evaluation& evaluation, Instant as_of);

}  // namespace kronika::domain
