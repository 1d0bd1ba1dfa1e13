#include "reporting_checks.h"

#include <algorithm>
#include <array>

#include <kronika/domain/reporting.h>

namespace kronika::domain {
namespace {

constexpr std::string_view kTarget = "goal_progress_reported.measurable_target";
constexpr std::string_view kProgressTarget = "annual_documentation.progress.measurable_target";
constexpr std::string_view kPersonKey = "person_key";

bool blank(std::string_view text) { return plain_text(text).empty(); }

/// Places of a goal's fields: as an event of its own, and as a row of an annual documentation.
struct GoalPlaces {
  std::string_view area, owner, target, status;
};
constexpr GoalPlaces kOwn{"goal_progress_reported.area", "goal_progress_reported.owner", kTarget,
                          "goal_progress_reported.status"};
constexpr GoalPlaces kRow{"annual_documentation.progress.area",
                          "annual_documentation.progress.owner", kProgressTarget,
                          "annual_documentation.progress.status"};

std::string_view missing(const GoalProgressReported& goal, const GoalPlaces& places) {
  if (goal.area == 0) return places.area;
  if (blank(goal.owner)) return places.owner;
  if (blank(goal.measurable_target)) return places.target;
  return goal.status == GoalStatus::kUnspecified ? places.status : std::string_view{};
}

std::string_view unknown(const GoalProgressReported& goal, const GoalPlaces& places) {
  if (goal.area > goal_areas().size()) return places.area;
  return goal.status > GoalStatus::kNotReached ? places.status : std::string_view{};
}

bool names_person(const GoalProgressReported& goal) {
  return holds_person_number(goal.owner) || holds_person_number(goal.measurable_target) ||
         holds_person_number(goal.evidence_link) ||
         std::any_of(goal.measuring_points.begin(), goal.measuring_points.end(),
                     [](const std::string& point) { return holds_person_number(point); });
}

/// The field that names a person; empty: none.
struct PersonIn {
  std::string_view operator()(const GoalProgressReported& p) const {
    return names_person(p) ? "goal_progress_reported" : std::string_view{};
  }
  std::string_view operator()(const AnnualDocumentation& p) const {
    for (const Spend& spend : p.spend) {
      if (holds_person_number(spend.document) || holds_person_number(spend.purpose)) {
        return "annual_documentation.spend";
      }
    }
    if (std::any_of(p.progress.begin(), p.progress.end(), names_person)) {
      return "annual_documentation.progress";
    }
    if (holds_person_number(p.health_effects)) return "annual_documentation.health_effects";
    if (holds_person_number(p.economic_effects)) return "annual_documentation.economic_effects";
    return {};
  }
  std::string_view operator()(const FinalReportAnswered& p) const {
    const bool any =
        std::any_of(p.answers.begin(), p.answers.end(),
                    [](const ReportAnswer& answer) { return holds_person_number(answer.text); });
    return any ? "final_report_answered.answers.text" : std::string_view{};
  }
  template <class Other>
  std::string_view operator()(const Other&) const {
    return {};
  }
};

}  // namespace

std::string_view missing_in_report(const GoalProgressReported& report) {
  return missing(report, kOwn);
}

std::string_view missing_in_report(const AnnualDocumentation& report) {
  if (report.year == 0) return "annual_documentation.year";
  for (const Spend& spend : report.spend) {
    if (blank(spend.document)) return "annual_documentation.spend.document";
    if (blank(spend.purpose)) return "annual_documentation.spend.purpose";
  }
  for (const GoalProgressReported& row : report.progress) {
    if (const std::string_view field = missing(row, kRow); !field.empty()) return field;
  }
  return {};
}

std::string_view missing_in_report(const FinalReportAnswered& report) {
  if (report.answers.empty()) return "final_report_answered.answers";
  for (const ReportAnswer& answer : report.answers) {
    if (blank(answer.section)) return "final_report_answered.answers.section";
    if (blank(answer.text)) return "final_report_answered.answers.text";
  }
  return {};
}

std::string_view unknown_in_report(const GoalProgressReported& report) {
  return unknown(report, kOwn);
}

std::string_view unknown_in_report(const AnnualDocumentation& report) {
  for (const GoalProgressReported& row : report.progress) {
    if (const std::string_view field = unknown(row, kRow); !field.empty()) return field;
  }
  return {};
}

std::string_view unknown_in_report(const FinalReportAnswered& report) {
  for (const ReportAnswer& answer : report.answers) {
    if (!final_question(answer.section)) return "final_report_answered.answers.section";
  }
  return {};
}

std::optional<std::pair<Reason, std::string_view>> check_report(const Event& event) {
  const auto* year = std::get_if<AnnualDocumentation>(&event.payload);
  if (event.op != Op::kCancel && year != nullptr) {
    const auto first_day = civil_date(static_cast<int>(std::min(year->year, 9999U)), 1, 1);
    if (!first_day || *first_day > civil_date_of(event.recorded_at)) {
      return std::pair(Reason::kTimeFuture, std::string_view("annual_documentation.year"));
    }
  }
  if (!event.person_key.is_zero()) return std::pair(Reason::kCprFormat, kPersonKey);
  // Also of a CANCEL: its bytes are published like any other's.
  if (const std::string_view field = std::visit(PersonIn{}, event.payload); !field.empty()) {
    return std::pair(Reason::kCprFormat, field);
  }
  return std::nullopt;
}

std::string_view explain_report_field(Reason reason, std::string_view field) {
  if (reason == Reason::kFieldMissing && (field == kTarget || field == kProgressTarget)) {
    return "A goal without a measurable target cannot be reported on; state what is counted, and "
           "how much of it by when.";
  }
  if (reason == Reason::kTimeFuture && field == "annual_documentation.year") {
    return "The year had not begun when this was recorded; documentation is of years that have.";
  }
  const bool report = field == kPersonKey || field.starts_with("goal_progress_reported") ||
                      field.starts_with("annual_documentation") ||
                      field.starts_with("final_report_answered");
  if (reason == Reason::kCprFormat && report) {
    return "A report by an organisation holds no person; take the person number out.";
  }
  return {};
}

bool holds_person_number(std::string_view text) {
  const auto digit = [&text](std::size_t i) {
    return i < text.size() && text[i] >= '0' && text[i] <= '9';
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!digit(i) || (i > 0 && digit(i - 1))) continue;
    std::array<int, 10> d{};
    std::size_t n = 0, at = i;
    for (; n < d.size() && digit(at); ++n) {
      d[n] = text[at++] - '0';
      if (n == 5 && at < text.size() && text[at] == '-') ++at;
    }
    if (n < d.size() || digit(at)) continue;
    // Any century will do: 2000 has a 29 February.
    if (civil_date(2000, d[2] * 10 + d[3], d[0] * 10 + d[1])) return true;
  }
  return false;
}

}  // namespace kronika::domain
