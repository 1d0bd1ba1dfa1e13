// Indicators of wait periods and episodes: I-05, I-07 to I-10.
#include "contributor.h"

#include <algorithm>
#include <cmath>

namespace kronika::domain {

namespace {

/// The matrix of I-07.
bool fits(RequestedService service, std::uint8_t level) {
  switch (service) {
    case RequestedService::kMunicipalRehab:
    case RequestedService::kNonSpecificMunicipal:
      return level == 1 || level == 2;
    case RequestedService::kGpFollowup:
    case RequestedService::kSelfCareOffer:
      return level == 1;
    case RequestedService::kHospitalRehab:
    case RequestedService::kHospitalOutpatient:
      return level == 3;
    case RequestedService::kUnspecified:
      break;
  }
  return false;
}

const OutcomeValue* find(const Episode& ep, MeasureIndex measure) {
  for (const OutcomeValue& o : ep.outcomes) {
    if (o.measure == measure) return &o;
  }
  return nullptr;
}

std::int64_t thousandths(double value) {
  return static_cast<std::int64_t>(std::llround(value * 1000));
}

}  // namespace

/// I-05: days from the wait clock to REHAB_ACTIVE; second figure: days of them touched by a stay.
void Contributor::wait(const Episode& ep) {
  if (ep.rehab_start == kNoInstant || ep.wait_clock == kNoInstant) return;
  const CivilDate from = civil_date_of(ep.wait_clock);
  const CivilDate to = civil_date_of(ep.rehab_start);
  CellValue v;
  v.denominator = 1;
  v.sum_thousandths = static_cast<std::int64_t>(to - from) * 1000;
  v.buckets = {{to - from, 1}};
  v.numerator2 = paused_days(from, to);
  list_.add(Indicator::kI05Wait, at(to, ep.programme), quarter_of(to), v);
}

/// Civil dates after `from` up to `to` that a stay touches. Stays do not overlap, but two of them
/// may touch one date.
int Contributor::paused_days(CivilDate from, CivilDate to) const {
  int days = 0;
  CivilDate next = from + 1;
  for (const Stay& stay : stays_) {
    const CivilDate first = std::max(next, civil_date_of(stay.start));
    const CivilDate last = stay.open() ? to : std::min(to, civil_date_of(stay.end));
    if (last < first) continue;
    days += last - first + 1;
    next = last + 1;
  }
  return days;
}

/// I-07: the service asked for fits the level known at the referral.
void Contributor::right_offer(const Episode& ep) {
  const ProgrammeFacts* facts = s_.facts_of(ep.programme);
  for (const Wait& wait : ep.waits) {
    std::uint8_t level = 0;
    if (facts != nullptr) {
      for (const LevelEntry& entry : facts->levels) {
        if (entry.at <= wait.start) level = entry.level;
      }
    }
    CellValue v;
    if (level == 0) {
      v.unknown = 1;
    } else {
      v.denominator = 1;
      v.numerator = fits(wait.service, level) ? 1 : 0;
    }
    const CivilDate date = civil_date_of(wait.start);
    list_.add(Indicator::kI07RightOffer, at(date, ep.programme), quarter_of(date), v);
  }
}

/// I-08: the wait period led to care within 90 days.
void Contributor::uptake(const Episode& ep) {
  const End end = end_of(ep);
  for (const Wait& wait : ep.waits) {
    const CivilDate start = civil_date_of(wait.start);
    State by = wait.ended_by;
    CivilDate ended = wait.end == kNoInstant ? kNoDate : civil_date_of(wait.end);
    if (ended == kNoDate && end.state != State::kNone) {  // by the transfer timer
      by = end.state;
      ended = end.date;
    }
    const bool in_time = ended != kNoDate && ended - start <= kUptakeWindow;
    // A back state, the next T10, death or a move says nothing about the offer.
    const bool off = by <= State::kReferred || by == State::kDeceased || by == State::kMovedOut;
    CellValue v;
    if (in_time && off) {
      v.excluded = 1;
    } else if (open_window(start, kUptakeWindow)) {
      v.unknown = 1;
    } else {
      v.denominator = 1;
      const bool taken =
          by == State::kInitialInterview || by == State::kRehabActive || by == State::kFollowUp;
      v.numerator = in_time && taken ? 1 : 0;
    }
    list_.add(Indicator::kI08Uptake, at(start, ep.programme), quarter_of(start), v);
  }
}

/// I-09 and I-10, a year after the entry into REHAB_ACTIVE.
void Contributor::completion_and_dropout(const Episode& ep) {
  if (ep.rehab_start == kNoInstant) return;
  const CivilDate start = civil_date_of(ep.rehab_start);
  const auto in_time = [&](CivilDate date) {
    return date != kNoDate && date - start <= kCompletionWindow;
  };
  const End end = end_of(ep);
  const bool ended = in_time(end.date);
  const bool completed = ended && end.state == State::kCompleted;
  const CivilDate final_interview = ep.final_interview;
  const bool left = ended && final_interview == kNoDate &&
                    (end.state == State::kDeceased || end.state == State::kMovedOut);
  const bool open = open_window(start, kCompletionWindow);
  const Dimensions d = at(start, ep.programme);
  const Quarter q = quarter_of(start);

  CellValue completion;
  if (left) {
    completion.excluded = 1;
  } else if (open) {
    completion.unknown = 1;
  } else {
    completion.denominator = 1;
    completion.numerator =
        in_time(final_interview) || (completed && ep.outcome == Outcome::kFull) ? 1 : 0;
  }
  list_.add(Indicator::kI09Completion, d, q, completion);

  CellValue dropout;
  if (left || (completed && ep.outcome == Outcome::kEarly)) {
    dropout.excluded = 1;
  } else if (open) {
    dropout.unknown = 1;
  } else {
    dropout.denominator = 1;
    dropout.numerator = ended && end.state == State::kDroppedOut ? 1 : 0;
    // Neither completed nor dropped out: shown apart.
    dropout.numerator2 = ended && end.state == State::kInterrupted ? 1 : 0;
  }
  Dimensions by_reason = d;
  if (dropout.numerator + dropout.numerator2 > 0 && ep.stop_reason != kNoIndex) {
    by_reason.detail = static_cast<std::uint8_t>(ep.stop_reason + 1);
  }
  list_.add(Indicator::kI10Dropout, by_reason, q, dropout);
}

/// I-21, each measure its own indicator, and I-22, of episodes that reached the final interview.
void Contributor::outcomes(const Episode& ep) {
  if (ep.final_interview == kNoDate) return;
  const Dimensions d = at(ep.final_interview, ep.programme);
  const Quarter q = quarter_of(ep.final_interview);
  for (std::size_t i = 0; i < t_.outcome_measures.size(); ++i) {
    const OutcomeValue* o = find(ep, t_.outcome_measures[i]);
    CellValue v;
    if (o == nullptr || o->baseline_at == kNoInstant || o->end_at == kNoInstant) {
      v.unknown = 1;
    } else {
      v.numerator = v.denominator = 1;
      v.sum_thousandths = thousandths(o->end) - thousandths(o->baseline);
    }
    const auto number = static_cast<std::size_t>(Indicator::kI21aBmi) + i;
    list_.add(static_cast<Indicator>(number), d, q, v);
  }
  CellValue answer;
  if (open_window(ep.final_interview, kSatisfactionWindow)) {
    answer.unknown = 1;
  } else {
    answer.denominator = 1;
    if (const OutcomeValue* o = find(ep, t_.satisfaction); o != nullptr) {
      answer.numerator = 1;
      answer.sum_thousandths = thousandths(o->end);
    }
  }
  list_.add(Indicator::kI22Satisfaction, d, q, answer);
}

}  // namespace kronika::domain
