// Looks for moves in a set of tables that share cells: changes of -1, 0 or +1 that leave every line
// adding up. If a move touches hidden cells alone and keeps every count possible, the figures
// before and after it cannot be told apart by anyone who sees the shown cells, so each cell that it
// touches is protected. Searching for moves is how protect() knows that (suppression.h), and hiding
// the cells of a cheap one is how it mends what is not.
//
// A depth-first search that repairs one line after another, with a limit on its steps: "none found"
// may be wrong, a move found never is. Deterministic. Thread: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <kronika/domain/suppression.h>

namespace kronika::domain {

/// One count per cell of a FigureSet, and the lines that bind them.
struct CountTable {
  std::vector<std::int64_t> value;
  std::vector<char> present;        ///< a count that is no part of the figure is never touched
  std::vector<char> line_in_force;  ///< by line of the set
};

struct MoveStep {
  std::size_t cell = 0;
  int change = 0;  ///< -1 or +1
};
using Move = std::vector<MoveStep>;

class MoveSearch {
 public:
  explicit MoveSearch(const FigureSet& set);

  struct Rules {
    const std::vector<char>& hidden;
    const std::vector<char>& up;    ///< the count may be one more
    const std::vector<char>& down;  ///< the count may be one less
    /// Shown cells above 0 may take part; a cell costs its count. The caller hides them afterwards.
    bool may_hide = false;
  };
  /// A move that holds the seeds, or nothing. The seeds themselves are not checked against `rules`.
  [[nodiscard]] Move find(const CountTable& table, const Rules& rules, const Move& seeds);

 private:
  struct Place {
    std::uint32_t line = 0;
    bool total = false;
  };
  struct Choice {
    std::size_t cell = 0;
    int change = 0;
    std::int64_t cost = 0;
    int disorder = 0;  ///< lines that the choice brings out of balance, less those that it mends
  };

  bool solve(const CountTable& table, const Rules& rules, std::int64_t purse);
  [[nodiscard]] bool choices(const CountTable& table, const Rules& rules, std::size_t line,
                             std::int64_t purse, std::size_t most, std::vector<Choice>& out) const;
  [[nodiscard]] int disorder(const CountTable& table, std::size_t cell, int change) const;
  void apply(const CountTable& table, std::size_t cell, int change);
  void take_back(const CountTable& table);
  bool attempt(const CountTable& table, const Rules& rules, const Move& seeds, std::int64_t purse,
               int steps);
  void clear();

  const FigureSet& set_;
  std::vector<std::vector<Place>> places_;  ///< by cell
  std::vector<int> imbalance_;              ///< by line: sum of the cells' changes less the total's
  std::vector<std::uint32_t> open_;         ///< lines out of balance, unordered
  std::vector<std::uint32_t> open_at_;      ///< by line: place in open_ + 1; 0: in balance
  std::vector<signed char> change_;         ///< by cell
  Move move_;
  int steps_left_ = 0;
};

}  // namespace kronika::domain
