// Suppression of small counts (domain.md 11, architecture A11), after aggregation and before any
// figure leaves: primary suppression of 1-4, then secondary suppression to a fixpoint over every
// line of every table at once. A cell that two tables share is one cell, so several tables of a
// closed list are one FigureSet and one answer.
//
//   FigureSet set = with_total({{"0740", 2, 5}, {"0751", 7, 20}});   // or cells and lines of any
//   shape Withheld hidden = suppress(set);                                 // hidden.numerator[i],
//   hidden.denominator[i]
//
// Beyond the text of domain.md 11 point 2: a line whose total is hidden while all its cells are
// shown gives the total away by adding up, so its smallest shown cell is hidden too (this happens
// where a total is itself a cell of another line). Pure and deterministic. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kronika::domain {

/// 1 to 4: never published.
[[nodiscard]] constexpr bool is_small(std::int64_t count) { return count >= 1 && count <= 4; }
/// Medians and means of fewer values are not published (point 4).
inline constexpr std::int64_t kFewestForMedian = 5;
inline constexpr std::int64_t kFewestForP90 = 10;

struct FigureCell {
  std::string dimension;  ///< e.g. the municipality's code; ties are broken bytewise
  std::int64_t numerator = 0;
  std::optional<std::int64_t> denominator{};  ///< nothing where only a numerator is published
  /// Withheld for a reason outside these tables (rolling windows, point 7); counts as primary.
  bool withhold_numerator = false;
  bool withhold_denominator = false;
};

/// total = sum of cells, as every reader knows. Indexes into FigureSet::cells.
struct FigureLine {
  std::vector<std::size_t> cells;
  std::size_t total = 0;
};

/// Lines are treated in the order given: rows, then columns, each in bytewise order, lines of
/// totals last.
struct FigureSet {
  std::vector<FigureCell> cells;
  std::vector<FigureLine> lines;
};

struct Withheld {
  std::vector<bool> numerator;    ///< by cell
  std::vector<bool> denominator;  ///< by cell; a hidden denominator hides its numerator
};

[[nodiscard]] Withheld suppress(const FigureSet& set);

/// One line: `cells`, and their sum as the last cell, with the dimension "TOTAL".
[[nodiscard]] FigureSet with_total(std::vector<FigureCell> cells);

}  // namespace kronika::domain
