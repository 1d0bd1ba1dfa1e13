// What organisations report of their own work (domain.md 12, sources PLAN and SLUT): the goal
// register, the annual documentation and the answers to the final report. One fold over the records
// of the topic rapport makes all three; like the citizen's, it is a function of the set of records:
// corrections, cancellations, repetitions and any order of arrival give the same answer.
//
//   const Reporting all = fold_reports(rules, records, {now, Instant::max()});
//
// Pure. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/domain/checks.h>
#include <kronika/domain/event.h>
#include <kronika/domain/journal.h>
#include <kronika/domain/rules.h>

namespace kronika::domain {

/// One of the nine areas of PLAN; goals are reported against them.
struct GoalArea {
  std::uint32_t number = 0;  ///< 1 to 9
  std::string_view title;
  std::string_view danish;
  std::string_view plan_period;  ///< by when, in PLAN's words; empty: the steering group decides
};
[[nodiscard]] std::span<const GoalArea> goal_areas();

/// One question of the final report. The seven sections have nine questions: 3 asks thrice.
struct FinalQuestion {
  std::string_view section;  ///< "1", "2", "3a", "3b", "3c", "4", "5", "6", "7"
  std::string_view title;
  std::string_view danish;
};
[[nodiscard]] std::span<const FinalQuestion> final_questions();
/// Place in final_questions(); nothing for what is no section.
[[nodiscard]] std::optional<std::size_t> final_question(std::string_view section);

/// "NOT_STARTED", "IN_PROGRESS", "REACHED", "NOT_REACHED"; "UNKNOWN" for anything else.
[[nodiscard]] std::string_view name_of(GoalStatus status);

/// A text without the blanks at its ends and with one between words: "is this the same goal" and
/// "is there a target at all" ask for it.
[[nodiscard]] std::string plain_text(std::string_view text);

/// A record of the topic rapport, as it was read.
struct ReportRecord {
  std::string key;  ///< the record's key: the sender's SOR id
  Origin origin;
  std::optional<Event> event;           ///< nothing: unreadable, for `fault`
  Reason fault = Reason::kUndecodable;  ///< only where there is no event
};

struct RefusedReport {
  std::string organisation;  ///< the record's key
  Origin origin;
  Refusal refusal;
};

struct MeasuringPoint {
  std::string text;
  CivilDate added_on;             ///< of the first report that names it
  bool after_first_year = false;  ///< 365 days or more after the goal was first reported (PLAN)
};

/// What one report said of a goal.
struct GoalStep {
  CivilDate on;
  GoalStatus status = GoalStatus::kUnspecified;
  EventId event_id;
  bool annual = false;  ///< a row of an annual documentation
};

/// One row of the register. A goal is its organisation, area, owner and measurable target: another
/// target is another goal, a reworded one is a REVISE of its report.
struct GoalRow {
  std::string organisation;  ///< SOR id of who reports
  std::uint32_t area = 0;    ///< 1 to 9
  std::string owner;
  std::string measurable_target;
  std::optional<CivilDate> deadline;             ///< the last one stated
  GoalStatus status = GoalStatus::kUnspecified;  ///< of the latest report
  std::string evidence_link;                     ///< the last one stated; may be empty
  std::vector<MeasuringPoint> measuring_points;  ///< in the order in which they were added
  std::vector<GoalStep> steps;                   ///< oldest first, never empty
  bool overdue = false;           ///< neither reached nor given up, and the deadline has passed
  bool evidence_missing = false;  ///< said to be reached, and nothing shows it
  bool simulated = false;
};

/// One annual documentation. Several of one organisation and year stand beside each other.
struct AnnualReport {
  std::string organisation;
  AnnualDocumentation said;
  EventId event_id;
  std::string source_system;
  std::string source_message_id;
  std::uint64_t source_version = 0;
  Instant occurred_at;
  Instant recorded_at;
  bool simulated = false;
};

/// Spend as one document states it, as one report tells it. Documents are never added to each
/// other, nor reconciled (domain.md 12); two reports that name the same document stay apart, too.
struct SpendDocument {
  std::string document;
  EventId report;            ///< event id of the annual documentation
  std::vector<Spend> lines;  ///< in the order of reporting
  std::int64_t total_oere = 0;
};
/// By document name, then in the order of the reports. `reports` are those of one organisation and
/// year.
[[nodiscard]] std::vector<SpendDocument> spend_by_document(std::span<const AnnualReport> reports);
/// Purposes for which two documents state different amounts.
[[nodiscard]] std::vector<std::string> disagreeing_purposes(
    std::span<const SpendDocument> documents);

struct FinalAnswer {
  std::string organisation;
  std::string section;
  std::string text;
  CivilDate on;
  EventId event_id;
  bool simulated = false;
};

/// What became of the records; the last five add up to the first.
struct ReportTally {
  std::int64_t records = 0;
  std::int64_t effective = 0;
  std::int64_t superseded = 0;  ///< lower versions of a fact
  std::int64_t cancelled = 0;   ///< facts whose highest version is a CANCEL
  std::int64_t duplicate = 0;
  std::int64_t refused = 0;
  friend bool operator==(const ReportTally&, const ReportTally&) = default;
};

struct Reporting {
  std::vector<GoalRow> goals;          ///< by area, organisation, owner, target
  std::vector<AnnualReport> annual;    ///< by organisation, year, time
  std::vector<FinalAnswer> answers;    ///< by section, organisation, time
  std::vector<RefusedReport> refused;  ///< by origin
  ReportTally tally;                   ///< of all records, whatever the visibility
};

/// Every record is checked (checks.h) against its own timestamp, as in the citizen task; versions
/// are judged per organisation as they are per person (journal.h). "Overdue" is meant on the civil
/// date of visibility.as_of.
[[nodiscard]] Reporting fold_reports(const Rules& rules, std::span<const ReportRecord> records,
                                     const Visibility& visibility);

}  // namespace kronika::domain
