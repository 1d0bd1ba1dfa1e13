// A dry run of a rule generation (architecture A8): what its rollout would change, before it is
// rolled out. Each citizen's record on citizen-state, written by the rules (and the program) in
// force, is set beside a fold of the same events with these rules and this program, as of the same
// instant; the cells follow from the difference of their contributions, as the citizen task would
// emit it.
//
//   RuleChange dry_run(*new_rules, *log, {});
//   if (auto ok = dry_run.run(); !ok) ...           // refused, or the log could not be read
//   dry_run.report().changes ...                    // exact figures: who shows them rounds (A11)
//
// Nothing is written. The canary and redirects of replaced CPR numbers are left out. Memory: one
// partition's events and states at a time, and all cells. Thread: one.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <kronika/base/ids.h>
#include <kronika/base/result.h>
#include <kronika/domain/indicators.h>
#include <kronika/domain/rules.h>
#include <kronika/domain/table_cells.h>
#include <kronika/verify/log_source.h>

namespace kronika::verify {

/// One thing that is otherwise, as readers of citizen-state see it.
struct Change {
  std::string programme;  ///< "KOL"; empty: of the citizen, not of one pathway
  /// "state", "outcome", "level" (the clinician's), "proposed_level", "output abe", "ruleset",
  /// "reasons" (inputs of the proposal), "flag suspected_dropout", "warning RECEIVER_SECTOR",
  /// "transitions", "group KOL", "care_setting", "municipality", "stays", "indicators" (what the
  /// citizen adds to cells), "other".
  std::string field;
  std::string before, after;  ///< empty where the field has no short value
  friend auto operator<=>(const Change&, const Change&) = default;
};

/// A row of a table as the gateway names it, before suppression; rolling figures that are sums of
/// quarters follow from them and are not listed.
struct RowChange {
  domain::Indicator indicator = domain::Indicator::kNone;
  std::string period;  ///< "2025Q2"; "2025Q2-R" where the rolling cells are their own
  domain::TableKind table = domain::TableKind::kNation;
  std::string programme;  ///< empty: all together
  std::string key;        ///< code of the area or class; "DK", "UNKNOWN"
  std::string by;         ///< in a table of regions by class: the class
  domain::CellValue before, after;
};

/// A stored cell at its finest grain.
struct CellChange {
  domain::CellKey cell;   ///< without its programme, whose number may differ between the rules
  std::string programme;  ///< empty: the indicator has none
  domain::CellValue before, after;
};

struct RuleChangeReport {
  /// Of the records on citizen-state; nothing: there are none.
  std::optional<domain::Generation> present;
  domain::Generation proposed;
  std::int64_t events = 0;
  std::int64_t citizens = 0;
  std::int64_t changed = 0;  ///< citizens of whom anything is otherwise for a reader
  /// Citizens whose stored accumulators alone are otherwise: nothing that a reader sees.
  std::int64_t unseen = 0;
  std::map<Change, std::int64_t> changes;  ///< with the citizens that each is true of
  std::vector<RowChange> rows;             ///< by indicator, period, table, programme
  std::vector<CellChange> cells;
  std::vector<std::string> notes;
  [[nodiscard]] bool changes_something() const { return changed > 0 || !cells.empty(); }
};

struct RuleChangeOptions {
  std::function<void(const std::string&)> progress;  ///< one line each step; empty: none
  /// Each citizen of whom something changes, in no order.
  std::function<void(const PersonKey&, const std::vector<Change>&)> on_citizen;
};

class RuleChange {
 public:
  /// `rules` and `log` must outlive the object.
  RuleChange(const domain::Rules& rules, LogSource& log, RuleChangeOptions options);
  ~RuleChange();

  /// Errors: kRulesRefused (the log's states have this ordinal with another hash, or a higher one),
  /// kNotComplete (a refold or rebuild is under way), kUnreadable; those of the log.
  [[nodiscard]] Result<void> run();
  [[nodiscard]] const RuleChangeReport& report() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kronika::verify
