// The checks of reports by organisations (domain.md 12), apart from those of citizens' events.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include <kronika/domain/checks.h>
#include <kronika/domain/event.h>

namespace kronika::domain {

/// The first required field that is missing; empty: none. A target of blanks is no target.
[[nodiscard]] std::string_view missing_in_report(const GoalProgressReported& report);
[[nodiscard]] std::string_view missing_in_report(const AnnualDocumentation& report);
[[nodiscard]] std::string_view missing_in_report(const FinalReportAnswered& report);

/// The first field whose value is outside its closed list; empty: none.
[[nodiscard]] std::string_view unknown_in_report(const GoalProgressReported& report);
[[nodiscard]] std::string_view unknown_in_report(const AnnualDocumentation& report);
[[nodiscard]] std::string_view unknown_in_report(const FinalReportAnswered& report);

/// A year that had not begun when it was documented (TIME_FUTURE), and a person in a report
/// (CPR_FORMAT): its person key, or a text with ten digits that begin with a date.
[[nodiscard]] std::optional<std::pair<Reason, std::string_view>> check_report(const Event& event);

/// What to do about a fault, where the reason's own sentence says too little; empty: it says
/// enough.
[[nodiscard]] std::string_view explain_report_field(Reason reason, std::string_view field);

/// Ten digits DDMMYYSSSS that are no part of a longer number, with or without a hyphen after six.
[[nodiscard]] bool holds_person_number(std::string_view text);

}  // namespace kronika::domain
