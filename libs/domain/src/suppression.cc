#include "line_rule.h"

#include <algorithm>
#include <utility>

namespace kronika::domain {
namespace {

// The secondary suppression of one figure (all denominators, or all numerators).
class Figures {
 public:
  Figures(const FigureSet& set, const CountTable& table, std::vector<char>& hidden)
      : set_(set), table_(table), hidden_(hidden) {}

  bool run() {
    // Every pass that goes on hides at least one more cell, so the passes are bounded by the cells.
    bool any = false;
    for (bool changed = true; changed;) {
      changed = false;
      for (std::size_t l = 0; l < set_.lines.size(); ++l) {
        if (table_.line_in_force[l]) changed |= protect(set_.lines[l]);
      }
      any |= changed;
    }
    return any;
  }

 private:
  bool protect(const FigureLine& line) {
    return hidden_[line.total] ? protect_hidden_total(line) : protect_cells(line);
  }

  // The total is shown: the hidden cells of the line must be two or more, with a sum that is not
  // small itself.
  bool protect_cells(const FigureLine& line) {
    std::size_t count = 0;
    std::int64_t sum = 0;
    for (const std::size_t i : line.cells) {
      if (!hidden_[i]) continue;
      ++count;
      sum += table_.value[i];
    }
    if (count == 0) return false;
    bool changed = false;
    while (count < 2 || sum < 5) {
      changed = true;
      const std::optional<std::size_t> next = smallest_shown(line);
      if (!next) {
        hidden_[line.total] = 1;
        break;
      }
      hidden_[*next] = 1;
      ++count;
      sum += table_.value[*next];
    }
    return changed;
  }

  // The total is hidden: with all cells shown, their sum would be the total.
  bool protect_hidden_total(const FigureLine& line) {
    for (const std::size_t i : line.cells) {
      if (hidden_[i]) return false;
    }
    const std::optional<std::size_t> next = smallest_shown(line);
    if (!next) return false;  // all cells are 0, so the total is 0 and tells nothing
    hidden_[*next] = 1;
    return true;
  }

  std::optional<std::size_t> smallest_shown(const FigureLine& line) const {
    std::optional<std::size_t> best;
    for (const std::size_t i : line.cells) {
      if (hidden_[i] || !table_.present[i] || table_.value[i] <= 0) continue;
      if (!best || table_.value[i] < table_.value[*best] ||
          (table_.value[i] == table_.value[*best] &&
           set_.cells[i].dimension < set_.cells[*best].dimension)) {
        best = i;
      }
    }
    return best;
  }

  const FigureSet& set_;
  const CountTable& table_;
  std::vector<char>& hidden_;
};

std::vector<bool> as_bits(const std::vector<char>& flags) { return {flags.begin(), flags.end()}; }

}  // namespace

bool close_lines(const FigureSet& set, const CountTable& table, std::vector<char>& hidden) {
  return Figures(set, table, hidden).run();
}

CountTable denominators_of(const FigureSet& set) {
  CountTable out;
  for (const FigureCell& cell : set.cells) {
    out.value.push_back(cell.denominator.value_or(0));
    out.present.push_back(cell.denominator.has_value() ? 1 : 0);
  }
  for (const FigureLine& line : set.lines) {
    const bool whole =
        out.present[line.total] && std::all_of(line.cells.begin(), line.cells.end(),
                                               [&](std::size_t i) { return out.present[i] != 0; });
    out.line_in_force.push_back(whole ? 1 : 0);
  }
  return out;
}

CountTable numerators_of(const FigureSet& set) {
  CountTable out;
  for (const FigureCell& cell : set.cells) out.value.push_back(cell.numerator);
  out.present.assign(set.cells.size(), 1);
  out.line_in_force.assign(set.lines.size(), 1);
  return out;
}

std::vector<char> primary_denominators(const FigureSet& set) {
  std::vector<char> hidden;
  for (const FigureCell& cell : set.cells) {
    hidden.push_back(
        cell.denominator && (is_small(*cell.denominator) || cell.withhold_denominator) ? 1 : 0);
  }
  return hidden;
}

std::vector<char> primary_numerators(const FigureSet& set,
                                     const std::vector<char>& hidden_denominators) {
  std::vector<char> hidden;
  for (std::size_t i = 0; i < set.cells.size(); ++i) {
    const FigureCell& cell = set.cells[i];
    const bool primary = is_small(cell.numerator) || cell.withhold_numerator ||
                         hidden_denominators[i] ||
                         (cell.denominator && is_small(*cell.denominator - cell.numerator));
    hidden.push_back(primary ? 1 : 0);
  }
  return hidden;
}

Withheld suppress(const FigureSet& set) {
  std::vector<char> denominators = primary_denominators(set);
  close_lines(set, denominators_of(set), denominators);
  std::vector<char> numerators = primary_numerators(set, denominators);
  close_lines(set, numerators_of(set), numerators);
  return {as_bits(numerators), as_bits(denominators), {}};
}

FigureSet with_total(std::vector<FigureCell> cells) {
  FigureSet set;
  FigureLine line;
  FigureCell total;
  total.dimension = "TOTAL";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    line.cells.push_back(i);
    total.numerator += cells[i].numerator;
    if (cells[i].denominator)
      total.denominator = total.denominator.value_or(0) + *cells[i].denominator;
    if (cells[i].second) total.second = total.second.value_or(0) + *cells[i].second;
  }
  line.total = cells.size();
  set.cells = std::move(cells);
  set.cells.push_back(std::move(total));
  set.lines.push_back(std::move(line));
  return set;
}

}  // namespace kronika::domain
