#include <utility>

#include <kronika/domain/suppression.h>

namespace kronika::domain {
namespace {

// The secondary suppression of one figure (all denominators, or all numerators).
class Figures {
 public:
  Figures(const FigureSet& set, std::vector<std::int64_t> value, std::vector<bool> present,
          std::vector<bool>& hidden)
      : set_(set), value_(std::move(value)), present_(std::move(present)), hidden_(hidden) {}

  void run() {
    // Every pass that goes on hides at least one more cell, so the passes are bounded by the cells.
    for (bool changed = true; changed;) {
      changed = false;
      for (const FigureLine& line : set_.lines) changed |= protect(line);
    }
  }

 private:
  bool protect(const FigureLine& line) {
    if (!present_[line.total]) return false;
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
      sum += value_[i];
    }
    if (count == 0) return false;
    bool changed = false;
    while (count < 2 || sum < 5) {
      changed = true;
      const std::optional<std::size_t> next = smallest_shown(line);
      if (!next) {
        hidden_[line.total] = true;
        break;
      }
      hidden_[*next] = true;
      ++count;
      sum += value_[*next];
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
    hidden_[*next] = true;
    return true;
  }

  std::optional<std::size_t> smallest_shown(const FigureLine& line) const {
    std::optional<std::size_t> best;
    for (const std::size_t i : line.cells) {
      if (hidden_[i] || !present_[i] || value_[i] <= 0) continue;
      if (!best || value_[i] < value_[*best] ||
          (value_[i] == value_[*best] && set_.cells[i].dimension < set_.cells[*best].dimension)) {
        best = i;
      }
    }
    return best;
  }

  const FigureSet& set_;
  const std::vector<std::int64_t> value_;
  const std::vector<bool> present_;
  std::vector<bool>& hidden_;
};

}  // namespace

Withheld suppress(const FigureSet& set) {
  const std::size_t n = set.cells.size();
  Withheld out{std::vector<bool>(n), std::vector<bool>(n)};
  std::vector<std::int64_t> numerators(n), denominators(n);
  std::vector<bool> has_denominator(n);

  for (std::size_t i = 0; i < n; ++i) {
    const FigureCell& cell = set.cells[i];
    numerators[i] = cell.numerator;
    if (!cell.denominator) continue;
    has_denominator[i] = true;
    denominators[i] = *cell.denominator;
    out.denominator[i] = is_small(*cell.denominator) || cell.withhold_denominator;
  }
  Figures(set, std::move(denominators), has_denominator, out.denominator).run();

  for (std::size_t i = 0; i < n; ++i) {
    const FigureCell& cell = set.cells[i];
    out.numerator[i] = is_small(cell.numerator) || cell.withhold_numerator || out.denominator[i] ||
                       (cell.denominator && is_small(*cell.denominator - cell.numerator));
  }
  Figures(set, std::move(numerators), std::vector<bool>(n, true), out.numerator).run();
  return out;
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
  }
  line.total = cells.size();
  set.cells = std::move(cells);
  set.cells.push_back(std::move(total));
  set.lines.push_back(std::move(line));
  return set;
}

}  // namespace kronika::domain
