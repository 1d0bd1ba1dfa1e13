#include <algorithm>
#include <array>
#include <optional>

#include <kronika/domain/care_timers.h>

namespace kronika::domain {
namespace {

using Classes = std::span<const std::string_view>;

constexpr std::array<std::string_view, 3> kVisitationDays{"0-14", "15-30", "31+"};
constexpr std::array<std::string_view, 3> kInterviewDays{"0-30", "31-60", "61+"};
constexpr std::array<std::string_view, 2> kStartDays{"0-60", "61+"};
constexpr std::array<std::string_view, 1> kSilentDays{"43+"};
constexpr std::array<std::string_view, 2> kAssessmentDays{"366+", "none"};
constexpr std::array<std::string_view, 3> kDischargeDays{"0-28", "29-90", "91+"};
constexpr std::array<std::string_view, 1> kContactDays{"366+"};
constexpr std::array<std::string_view, 2> kExaminationDays{"1-90", "91+"};
constexpr std::array<std::string_view, 1> kTransferDays{"0-60"};
constexpr std::array<std::string_view, 1> kLatelyDays{"0-30"};

constexpr int kLately = 30;
constexpr std::uint8_t kNoLevel = 1;  // index into kAssessmentDays

struct TimerInfo {
  std::string_view name;
  Classes classes;
};
constexpr std::array<TimerInfo, kCareTimerCount> kTimers{{{"visitation", kVisitationDays},
                                                          {"interview", kInterviewDays},
                                                          {"rehab_start", kStartDays},
                                                          {"silence", kSilentDays},
                                                          {"assessment", kAssessmentDays},
                                                          {"discharge", kDischargeDays},
                                                          {"contact", kContactDays},
                                                          {"examination", kExaminationDays},
                                                          {"transfer", kTransferDays},
                                                          {"dropout", kLatelyDays},
                                                          {"level_up", kLatelyDays},
                                                          {"level_down", kLatelyDays}}};

/// The class of a number of days, where each limit is the last day of its class.
template <std::size_t n>
std::uint8_t class_of(int days, const std::array<int, n>& limits) {
  const auto at =
      std::find_if(limits.begin(), limits.end(), [days](int limit) { return days <= limit; });
  return static_cast<std::uint8_t>(at - limits.begin());
}

/// The end of the latest closed stay of the set; kNoInstant: there is none.
Instant last_end(const std::vector<Stay>& stays, StaySet set) {
  Instant end = kNoInstant;
  for (const Stay& stay : stays) {
    if (!stay.open() && stay.in(set)) end = std::max(end, stay.end);
  }
  return end;
}

class Timers {
 public:
  Timers(const CitizenState& state, const Evaluation& evaluation, Instant as_of)
      : state_(state), evaluation_(evaluation), today_(civil_date_of(as_of)) {}

  void pathway(const Episode& episode, const PathwayEvaluation& now) {
    programme_ = now.programme;
    waiting(episode, now);
    const Flags flags = now.flags;
    if (flags.has(Flag::kSuspectedDropout) || flags.has(Flag::kRelativeContactDue)) {
      add(CareTimer::kSilence, 0);
    }
    if (flags.has(Flag::kUnstratified)) {
      add(CareTimer::kAssessment, kNoLevel);
    } else if (flags.has(Flag::kLevelStale)) {
      add(CareTimer::kAssessment, 0);
    }
    discharge(episode, flags);
    if (flags.has(Flag::kLostToFollowUp)) add(CareTimer::kContact, 0);
    examination(now);
    if (flags.has(Flag::kTransferPending)) add(CareTimer::kTransfer, 0);
    if (now.state == State::kDroppedOut && now.ended_on != kNoDate && lately(now.ended_on)) {
      add(CareTimer::kDropout, 0);
    }
    level_change();
  }

  std::vector<RunningTimer> take() { return std::move(out_); }

 private:
  void waiting(const Episode& episode, const PathwayEvaluation& now) {
    switch (now.state) {
      case State::kReferred:
        return add(CareTimer::kVisitation, class_of(since(episode.wait_clock), std::array{14, 30}));
      case State::kVisitated:
        return add(CareTimer::kInterview, class_of(since(episode.state_since), std::array{30, 60}));
      case State::kInitialInterview:
        return add(CareTimer::kRehabStart,
                   class_of(since(episode.initial_interview), std::array{60}));
      default:
        return;
    }
  }

  void discharge(const Episode& episode, Flags flags) {
    Instant due = kNoInstant;
    if (flags.has(Flag::kRestratifyDue)) due = last_end(evaluation_.stays, StaySet::kKol);
    if (flags.has(Flag::kNeedsAssessmentDue)) {
      due = std::max(episode.receiver_changed, last_end(evaluation_.stays, StaySet::kCancer));
    }
    if (due != kNoInstant) {
      add(CareTimer::kDischarge, class_of(since(due), std::array{28, 90}));
    }
  }

  void examination(const PathwayEvaluation& now) {
    std::optional<CivilDate> earliest;
    for (const DueExamination& exam : now.due) {
      if (exam.overdue && (!earliest || exam.due < *earliest)) earliest = exam.due;
    }
    if (earliest) add(CareTimer::kExamination, class_of(today_ - *earliest, std::array{90}));
  }

  void level_change() {
    const ProgrammeFacts* facts = state_.facts_of(programme_);
    if (facts == nullptr || facts->levels.size() < 2) return;
    const LevelEntry& last = facts->levels.back();
    const LevelEntry& before = facts->levels[facts->levels.size() - 2];
    if (last.level == before.level || !lately(civil_date_of(last.at))) return;
    add(last.level > before.level ? CareTimer::kLevelUp : CareTimer::kLevelDown, 0);
  }

  [[nodiscard]] int since(Instant t) const { return today_ - civil_date_of(t); }
  [[nodiscard]] bool lately(CivilDate date) const { return today_ - date <= kLately; }
  void add(CareTimer timer, std::uint8_t days) { out_.push_back({timer, days, programme_}); }

  const CitizenState& state_;
  const Evaluation& evaluation_;
  const CivilDate today_;
  ProgrammeIndex programme_ = kNoProgramme;
  std::vector<RunningTimer> out_;
};

}  // namespace

std::string_view name_of(CareTimer timer) { return kTimers[static_cast<std::size_t>(timer)].name; }

std::span<const std::string_view> classes_of(CareTimer timer) {
  return kTimers[static_cast<std::size_t>(timer)].classes;
}

std::vector<RunningTimer> running_timers(const CitizenState& state, const Evaluation& evaluation,
                                         Instant as_of) {
  if (state.deceased()) return {};
  Timers timers(state, evaluation, as_of);
  const std::size_t episodes = std::min(state.episodes.size(), evaluation.pathways.size());
  for (std::size_t i = 0; i < episodes; ++i) {
    if (evaluation.pathways[i].current) timers.pathway(state.episodes[i], evaluation.pathways[i]);
  }
  return timers.take();
}

}  // namespace kronika::domain
