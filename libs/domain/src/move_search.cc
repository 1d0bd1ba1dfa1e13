#include "move_search.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace kronika::domain {
namespace {

/// Steps of a search among hidden cells, and of one round among all cells.
constexpr int kSteps = 600;
constexpr int kStepsWithHiding = 400;
constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max() / 4;

}  // namespace

MoveSearch::MoveSearch(const FigureSet& set)
    : set_(set),
      places_(set.cells.size()),
      imbalance_(set.lines.size()),
      open_at_(set.lines.size()),
      change_(set.cells.size()) {
  for (std::size_t l = 0; l < set.lines.size(); ++l) {
    const auto line = static_cast<std::uint32_t>(l);
    for (const std::size_t cell : set.lines[l].cells) places_[cell].push_back({line, false});
    places_[set.lines[l].total].push_back({line, true});
  }
}

Move MoveSearch::find(const CountTable& table, const Rules& rules, const Move& seeds) {
  if (!rules.may_hide) {
    const bool found = attempt(table, rules, seeds, 0, kSteps);
    Move move = std::move(move_);
    clear();
    return found ? move : Move{};
  }
  // The purse grows, so that a cheap move is met before a dear one.
  for (std::int64_t purse = 4; purse < kUnlimited; purse *= 4) {
    const bool last = purse > kUnlimited / 8;
    const bool found = attempt(table, rules, seeds, last ? kUnlimited : purse,
                               last ? 50 * kStepsWithHiding : kStepsWithHiding);
    Move move = std::move(move_);
    clear();
    if (found) return move;
    if (last) break;
  }
  return {};
}

bool MoveSearch::attempt(const CountTable& table, const Rules& rules, const Move& seeds,
                         std::int64_t purse, int steps) {
  steps_left_ = steps;
  for (const MoveStep& seed : seeds) apply(table, seed.cell, seed.change);
  return solve(table, rules, purse);
}

void MoveSearch::clear() {
  for (const std::uint32_t line : open_) imbalance_[line] = 0, open_at_[line] = 0;
  open_.clear();
  std::fill(change_.begin(), change_.end(), 0);
  move_.clear();
}

bool MoveSearch::solve(const CountTable& table, const Rules& rules, std::int64_t purse) {
  if (open_.empty()) return true;
  if (--steps_left_ < 0) return false;
  // The line with the fewest ways to mend it.
  std::vector<Choice> best;
  std::vector<Choice> here;
  bool any = false;
  for (const std::uint32_t line : open_) {
    const std::size_t most = any ? best.size() : std::numeric_limits<std::size_t>::max();
    if (!choices(table, rules, line, purse, most, here)) continue;
    if (here.empty()) return false;
    best.swap(here);
    any = true;
    if (best.size() == 1) break;
  }
  for (Choice& c : best) c.disorder = disorder(table, c.cell, c.change);
  std::sort(best.begin(), best.end(), [](const Choice& a, const Choice& b) {
    return std::tie(a.cost, a.disorder, a.cell, a.change) <
           std::tie(b.cost, b.disorder, b.cell, b.change);
  });
  for (const Choice& c : best) {
    apply(table, c.cell, c.change);
    if (solve(table, rules, purse - c.cost)) return true;
    take_back(table);
    if (steps_left_ < 0) return false;
  }
  return false;
}

/// False: the line has as many choices as the best so far, or more.
bool MoveSearch::choices(const CountTable& table, const Rules& rules, std::size_t line,
                         std::int64_t purse, std::size_t most, std::vector<Choice>& out) const {
  out.clear();
  const auto consider = [&](std::size_t cell, int change) {
    if (!table.present[cell] || change_[cell] != 0) return;
    if (change > 0 ? !rules.up[cell] : !rules.down[cell]) return;
    std::int64_t cost = 0;
    if (!rules.hidden[cell]) {
      if (!rules.may_hide || table.value[cell] <= 0) return;
      cost = table.value[cell];
      if (cost > purse) return;
    }
    out.push_back({cell, change, cost, 0});
  };
  const int needed = imbalance_[line] > 0 ? -1 : 1;
  consider(set_.lines[line].total, -needed);
  for (const std::size_t cell : set_.lines[line].cells) {
    consider(cell, needed);
    if (out.size() >= most) return false;
  }
  return out.size() < most;
}

int MoveSearch::disorder(const CountTable& table, std::size_t cell, int change) const {
  int sum = 0;
  for (const Place& place : places_[cell]) {
    if (!table.line_in_force[place.line]) continue;
    const int before = imbalance_[place.line];
    const int after = before + (place.total ? -change : change);
    sum += (after < 0 ? -after : after) - (before < 0 ? -before : before);
  }
  return sum;
}

void MoveSearch::apply(const CountTable& table, std::size_t cell, int change) {
  change_[cell] = static_cast<signed char>(change_[cell] + change);
  move_.push_back({cell, change});
  for (const Place& place : places_[cell]) {
    const std::uint32_t line = place.line;
    if (!table.line_in_force[line]) continue;
    imbalance_[line] += place.total ? -change : change;
    if (imbalance_[line] != 0 && open_at_[line] == 0) {
      open_.push_back(line);
      open_at_[line] = static_cast<std::uint32_t>(open_.size());
    } else if (imbalance_[line] == 0 && open_at_[line] != 0) {
      const std::uint32_t last = open_.back();
      open_[open_at_[line] - 1] = last;
      open_at_[last] = open_at_[line];
      open_.pop_back();
      open_at_[line] = 0;
    }
  }
}

void MoveSearch::take_back(const CountTable& table) {
  const MoveStep step = move_.back();
  apply(table, step.cell, -step.change);
  move_.pop_back();
  move_.pop_back();
}

}  // namespace kronika::domain
