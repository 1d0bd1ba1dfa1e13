// Reporting completeness, I-24 (domain.md 10.3): which of the 98 municipalities, and which of the
// regions, sent at least one effective event in a period. Its cells count citizens (indicators.h,
// ReportingSector); here is asked only whether a cell is above 0, so that the answer counts
// organisations and never persons: it needs no suppression (domain.md 16).
//
//   ReportingCells cells;  for (each stored cell of I-24 in the period) add_reporting(key, value,
//   cells); ReportingCompleteness answer(rules, quarter, cells);
//
// Pure. Thread: any; immutable after construction.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <kronika/domain/indicators.h>
#include <kronika/domain/published_table.h>
#include <kronika/domain/rules.h>

namespace kronika::domain {

/// What reported: place and sector of the senders.
using ReportingCells = std::set<std::pair<Municipality, ReportingSector>>;
/// Leaves out the canary, other indicators and cells that are not above 0.
void add_reporting(const CellKey& key, const CellValue& value, ReportingCells& into);

struct ReportingArea {
  std::string code;  ///< "0751", "1082"
  std::string name;
  std::string region;  ///< of a municipality; of a region its own code
  bool reported = false;
  friend bool operator==(const ReportingArea&, const ReportingArea&) = default;
};

class ReportingCompleteness {
 public:
  /// Municipalities and regions are those valid on the last day of `quarter`. For a rolling period
  /// `cells` are those of its four quarters, and `quarter` its last.
  ReportingCompleteness(const Rules& rules, Quarter quarter, const ReportingCells& cells);

  /// By code; municipalities count their own sector, regions that of hospitals and regions.
  [[nodiscard]] const std::vector<ReportingArea>& municipalities() const { return municipalities_; }
  [[nodiscard]] const std::vector<ReportingArea>& regions() const { return regions_; }
  /// As a table: of NATION the rows MUNICIPALITIES and REGIONS, of the others a row an area with 1
  /// or 0 of 1. All figures are shown.
  [[nodiscard]] std::vector<PublishedRow> rows(TableKind table) const;
  /// How many of the areas of the table reported; of NATION, of the municipalities.
  [[nodiscard]] PublishedRow total(TableKind table) const;
  [[nodiscard]] static std::int64_t count(const std::vector<ReportingArea>& areas);

 private:
  std::vector<ReportingArea> municipalities_, regions_;
};

}  // namespace kronika::domain
