// Suppression of small counts (domain.md 11, architecture A11), after aggregation and before any
// figure leaves: primary suppression of 1-4, then secondary suppression to a fixpoint over every
// line of every table at once. A cell that two tables share is one cell, so several tables of a
// closed list are one FigureSet and one answer.
//
//   FigureSet set = with_total({{"0740", 2, 5}, {"0751", 7, 20}});  // or cells and lines of any
//                                                                   // shape
//   Withheld hidden = protect(set);  // hidden.numerator[i], hidden.denominator[i]
//
// suppress() is the rule of domain.md 11 point 2 alone. It looks at one line at a time, so in
// tables that share cells an outsider may still solve for a hidden cell. protect() goes on
// (domain.md 16): each small count gets a *move*, other whole numbers that fit every shown figure
// as well, and where none is found more cells are hidden until there is one. What is published is
// protect().
//
// Beyond the text of point 2, in both: a line whose total is hidden while all its cells are shown
// gives the total away by adding up, so its smallest shown cell is hidden too (this happens where a
// total is itself a cell of another line). Pure and deterministic. Thread: any.
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
  /// A second numerator that shares no unit with the first; nothing where there is none.
  std::optional<std::int64_t> second{};
  /// Withheld for a reason outside these tables (rolling windows, point 7); counts as primary.
  bool withhold_numerator = false;
  bool withhold_denominator = false;
};

/// total = sum of cells, as every reader knows. Indexes into FigureSet::cells. Denominators are
/// bound by lines where all cells and the total have one.
struct FigureLine {
  std::vector<std::size_t> cells;
  std::size_t total = 0;
};

/// Lines are treated in the order given: rows, then columns, each in bytewise order, lines of
/// totals last.
struct FigureSet {
  std::vector<FigureCell> cells;
  std::vector<FigureLine> lines;
  /// The denominators are known to every reader from elsewhere (inhabitants): hiding them protects
  /// no numerator.
  bool public_denominators = false;
};

struct Withheld {
  std::vector<bool> numerator;    ///< by cell
  std::vector<bool> denominator;  ///< by cell; a hidden denominator hides its numerator
  std::vector<bool> second;       ///< by cell; protect() alone fills it
};

/// The rule of domain.md 11 point 2; second numerators are left out.
[[nodiscard]] Withheld suppress(const FigureSet& set);
/// suppress(), and then what it takes that no small count follows from the shown figures.
[[nodiscard]] Withheld protect(const FigureSet& set);
/// The same for other counts over the same lines, one a cell of `geometry` (units of class unknown,
/// excluded units); denominators and flags of its cells do not matter.
[[nodiscard]] std::vector<bool> protect_counts(const std::vector<std::int64_t>& counts,
                                               const FigureSet& geometry);

/// One line: `cells`, and their sum as the last cell, with the dimension "TOTAL".
[[nodiscard]] FigureSet with_total(std::vector<FigureCell> cells);

}  // namespace kronika::domain
