// protect(): what follows domain.md 11 point 2 until no small count can be solved for.
//
// A unit (person, episode, stay) of a cell is in its first numerator, in its second, or in neither:
// the rest. Denominator = first + second + rest. A move of one kind changes
//   kFirst   the first numerator alone (a unit becomes one of the rest, another the reverse),
//   kSecond  the second alone,
//   kAllFirst, kAllSecond, kAllRest   the denominator and that class: units appear and disappear.
// Every kind leaves 0 <= first, second, rest, so the figures stay possible; every kind moves only
// hidden cells, so they fit what is shown.
#include "line_rule.h"

#include <algorithm>
#include <utility>

namespace kronika::domain {
namespace {

constexpr int kSigns[] = {-1, 1};

std::vector<bool> as_bits(const std::vector<char>& flags) { return {flags.begin(), flags.end()}; }

class Protection {
 public:
  explicit Protection(const FigureSet& set)
      : set_(set), n_(set.cells.size()), search_(set), denominators_(denominators_of(set)) {
    numerators_ = numerators_of(set);
    seconds_ = numerators_;
    rest_.assign(n_, 0);
    rest_known_.assign(n_, 0);
    for (std::size_t i = 0; i < n_; ++i) {
      const FigureCell& cell = set.cells[i];
      seconds_.value[i] = cell.second.value_or(0);
      seconds_.present[i] = cell.second ? 1 : 0;
      any_second_ = any_second_ || cell.second.has_value();
      if (!cell.denominator) continue;
      rest_[i] = *cell.denominator - cell.numerator - seconds_.value[i];
      // More events than inhabitants: then the inhabitants are no bound.
      rest_known_[i] = rest_[i] >= 0 ? 1 : 0;
    }
    for (std::size_t l = 0; l < set.lines.size(); ++l) {
      const FigureLine& line = set.lines[l];
      const bool whole = seconds_.present[line.total] &&
                         std::all_of(line.cells.begin(), line.cells.end(),
                                     [&](std::size_t i) { return seconds_.present[i] != 0; });
      seconds_.line_in_force[l] = whole ? 1 : 0;
    }
    joint_ = !set.public_denominators;
  }

  Withheld run() {
    hidden_denominators_ = primary_denominators(set_);
    do {
      close_lines(set_, denominators_, hidden_denominators_);
    } while (certify_denominators());

    hidden_ = primary_numerators(set_, hidden_denominators_);
    hidden_seconds_ = primary_seconds();
    first_safe_.assign(n_, 0);
    second_safe_ = second_rest_safe_ = all_safe_ = rest_safe_ = first_safe_;
    for (bool more = true; more;) {
      close_lines(set_, numerators_, hidden_);
      if (any_second_) close_lines(set_, seconds_, hidden_seconds_);
      more = certify();
    }
    return {as_bits(hidden_), as_bits(hidden_denominators_), as_bits(hidden_seconds_)};
  }

 private:
  enum class Kind { kFirst, kSecond, kAllFirst, kAllSecond, kAllRest };

  std::vector<char> primary_seconds() const {
    std::vector<char> hidden(n_, 0);
    for (std::size_t i = 0; i < n_; ++i) {
      const FigureCell& cell = set_.cells[i];
      if (!cell.second) continue;
      // With both numerators shown the rest would be, too.
      const bool primary =
          is_small(*cell.second) || hidden_denominators_[i] || cell.withhold_numerator ||
          (cell.denominator && (is_small(*cell.denominator - *cell.second) || is_small(rest_[i])));
      hidden[i] = primary ? 1 : 0;
    }
    return hidden;
  }

  // --- denominators: a function of the denominators alone, so that indicators which share them
  // (the
  // --- four of I-16) hide the same ones.

  bool certify_denominators() {
    if (denominator_safe_.empty()) denominator_safe_.assign(n_, 0);
    std::vector<char> up(n_, 1), down(n_, 0);
    for (std::size_t i = 0; i < n_; ++i) down[i] = denominators_.value[i] >= 1 ? 1 : 0;
    bool hid = false;
    for (std::size_t i = 0; i < n_; ++i) {
      const FigureCell& cell = set_.cells[i];
      if (denominator_safe_[i] || !cell.denominator || *cell.denominator <= 0) continue;
      if (!is_small(*cell.denominator) && !cell.withhold_denominator) continue;
      const Move move = any_move(denominators_, hidden_denominators_, up, down, i);
      hid |= hide(move, denominators_, hidden_denominators_);
      for (const MoveStep& step : move) denominator_safe_[step.cell] = 1;
    }
    return hid;
  }

  // A move among hidden cells if there is one, else one that hides more.
  Move any_move(const CountTable& table, std::vector<char>& hidden, const std::vector<char>& up,
                const std::vector<char>& down, std::size_t cell) {
    for (const bool may_hide : {false, true}) {
      for (const int sign : kSigns) {
        if (sign > 0 ? !up[cell] : !down[cell]) continue;
        Move move = search_.find(table, {hidden, up, down, may_hide}, {{cell, sign}});
        if (!move.empty()) return move;
      }
    }
    return {};
  }

  // Nothing found: everything above 0, after which any unit of the cell may be missing.
  static bool hide(const Move& move, const CountTable& table, std::vector<char>& hidden) {
    bool changed = false;
    const auto hide_one = [&](std::size_t i) {
      changed |= hidden[i] == 0;
      hidden[i] = 1;
    };
    if (move.empty()) {
      for (std::size_t i = 0; i < table.value.size(); ++i) {
        if (table.present[i] && table.value[i] > 0) hide_one(i);
      }
    }
    for (const MoveStep& step : move) hide_one(step.cell);
    return changed;
  }

  // --- numerators, with the denominators as they are

  struct Flags {
    std::vector<char> up, down;
  };
  Flags flags_of(Kind kind) const {
    Flags f{std::vector<char>(n_), std::vector<char>(n_)};
    for (std::size_t i = 0; i < n_; ++i) {
      const bool rest = !rest_known_[i] || rest_[i] >= 1;
      bool up = true;
      bool down = true;
      switch (kind) {
        case Kind::kFirst:
          up = rest, down = numerators_.value[i] >= 1;
          break;
        case Kind::kSecond:
          up = rest, down = seconds_.value[i] >= 1;
          break;
        case Kind::kAllFirst:
          down = numerators_.value[i] >= 1;
          break;
        case Kind::kAllSecond:
          up = seconds_.present[i] != 0, down = seconds_.value[i] >= 1;
          break;
        case Kind::kAllRest:
          down = rest_[i] >= 1;
          break;
      }
      f.up[i] = up ? 1 : 0, f.down[i] = down ? 1 : 0;
    }
    return f;
  }

  // A small count that stays hidden for certain: a first or second numerator, a denominator, and
  // what a denominator has besides them.
  bool certify() {
    bool hid = false;
    for (std::size_t i = 0; i < n_; ++i) {
      if (!hidden_[i]) continue;
      const FigureCell& cell = set_.cells[i];
      const bool counted = cell.denominator.has_value();
      const bool joint = counted && joint_ && hidden_denominators_[i];
      const bool with_all = joint || (joint_ && !counted);
      const bool withheld = cell.withhold_numerator && cell.numerator > 0;
      if (!first_safe_[i] && (is_small(cell.numerator) || withheld))
        hid |= secure(i, with(Kind::kFirst, with_all, {Kind::kAllFirst}));
      // Of no numerator at all, the denominator is the rest (below).
      if (counted && !rest_safe_[i] && cell.numerator > 0 &&
          is_small(*cell.denominator - cell.numerator))
        hid |= secure(i, with(Kind::kFirst, joint, {Kind::kAllRest, Kind::kAllSecond}));
      if (joint && (is_small(*cell.denominator) || cell.withhold_denominator) &&
          (!all_safe_[i] || (cell.numerator == 0 && !rest_safe_[i])))
        hid |= secure_denominator(i);
    }
    for (std::size_t i = 0; i < n_ && any_second_; ++i) {
      if (!hidden_seconds_[i]) continue;
      const FigureCell& cell = set_.cells[i];
      const bool counted = cell.denominator.has_value();
      const bool joint = counted && joint_ && hidden_denominators_[i];
      if (!second_safe_[i] && is_small(*cell.second))
        hid |= secure(i, with(Kind::kSecond, joint, {Kind::kAllSecond}));
      if (counted && !second_rest_safe_[i] && *cell.second > 0 &&
          (is_small(*cell.denominator - *cell.second) || is_small(rest_[i])))
        hid |= secure(i, with(Kind::kSecond, joint, {Kind::kAllRest}));
      if (counted && !second_rest_safe_[i] && !joint && *cell.second == 0 && is_small(rest_[i]))
        hid |= secure(i, {Kind::kSecond});
    }
    return hid;
  }

  static std::vector<Kind> with(Kind first, bool joint, std::vector<Kind> others) {
    if (!joint) return {first};
    others.insert(others.begin(), first);
    return others;
  }

  const CountTable& table_of(Kind kind) const {
    // A unit that appears in the first numerator appears in its parts, which have no denominator.
    if (kind == Kind::kFirst || kind == Kind::kAllFirst) return numerators_;
    return kind == Kind::kSecond ? seconds_ : denominators_;
  }
  std::vector<char>& hidden_of(Kind kind) {
    if (kind == Kind::kFirst) return hidden_;
    if (kind == Kind::kAllFirst) return hidden_both();
    return kind == Kind::kSecond ? hidden_seconds_ : hidden_denominators_;
  }

  // A hidden denominator hides its numerator; a cell without one has its numerator to hide.
  std::vector<char>& hidden_both() {
    hidden_both_ = hidden_denominators_;
    for (std::size_t i = 0; i < n_; ++i) {
      if (!set_.cells[i].denominator) hidden_both_[i] = hidden_[i];
    }
    return hidden_both_;
  }

  Move search(Kind kind, std::size_t cell, bool may_hide) {
    const Flags& f = flags(kind);
    for (const int sign : kSigns) {
      if (sign > 0 ? !f.up[cell] : !f.down[cell]) continue;
      Move move =
          search_.find(table_of(kind), {hidden_of(kind), f.up, f.down, may_hide}, {{cell, sign}});
      if (!move.empty()) return move;
    }
    return {};
  }
  const Flags& flags(Kind kind) {
    Flags& f = flags_[static_cast<std::size_t>(kind)];
    if (f.up.empty()) f = flags_of(kind);
    return f;
  }

  void mark(Kind kind, const Move& move) {
    for (const MoveStep& step : move) {
      const std::size_t i = step.cell;
      if (kind == Kind::kFirst || kind == Kind::kAllFirst) first_safe_[i] = 1;
      if (kind == Kind::kFirst || kind == Kind::kAllRest || kind == Kind::kAllSecond)
        rest_safe_[i] = 1;
      if (kind == Kind::kSecond || kind == Kind::kAllSecond) second_safe_[i] = 1;
      if (kind == Kind::kSecond || kind == Kind::kAllRest) second_rest_safe_[i] = 1;
      if (kind != Kind::kFirst && kind != Kind::kSecond) all_safe_[i] = 1;
    }
  }

  // The first kind is one of numerators alone, and the one that may hide more.
  bool secure(std::size_t cell, const std::vector<Kind>& kinds) {
    for (const Kind kind : kinds) {
      const Move move = search(kind, cell, false);
      if (move.empty()) continue;
      mark(kind, move);
      return false;
    }
    const Kind kind = kinds.front();
    const Move move = search(kind, cell, true);
    const bool hid = hide(move, table_of(kind), hidden_of(kind));
    mark(kind, move.empty() ? Move{{cell, -1}} : move);
    return hid;
  }

  // The denominators are what they are; where a move of theirs needs numerators to give way, more
  // of those are hidden.
  bool secure_denominator(std::size_t cell) {
    for (const Kind kind : {Kind::kAllRest, Kind::kAllSecond, Kind::kAllFirst}) {
      // A first numerator of 0 that may have become 1 leaves the rest as it was.
      if (kind == Kind::kAllFirst && numerators_.value[cell] == 0) continue;
      const Move move = search(kind, cell, false);
      if (move.empty()) continue;
      mark(kind, move);
      return false;
    }
    std::vector<char> up(n_, 1), down(n_, 0);
    for (std::size_t i = 0; i < n_; ++i) down[i] = denominators_.value[i] >= 1 ? 1 : 0;
    const Move move = any_move(denominators_, hidden_denominators_, up, down, cell);
    // Units that disappear are of the rest where there is one, else of the first numerator.
    Move seeds;
    bool by_first = !move.empty();
    Flags f = flags(Kind::kFirst);
    for (const MoveStep& step : move) {
      if (step.change > 0) {
        f.up[step.cell] = 1;
      } else if (rest_[step.cell] < 1) {
        by_first = by_first && numerators_.value[step.cell] >= 1;
        seeds.push_back({step.cell, -1});
      } else if (rest_[step.cell] == 1) {
        f.up[step.cell] = 0;  // its last unit of the rest has gone
      }
    }
    all_safe_[cell] = 1;
    if (numerators_.value[cell] == 0) rest_safe_[cell] = 1;
    Move mended;
    if (by_first) {
      mended = search_.find(numerators_, {hidden_, f.up, f.down, false}, seeds);
      if (mended.empty()) mended = search_.find(numerators_, {hidden_, f.up, f.down, true}, seeds);
    }
    bool hid = hide(mended, numerators_, hidden_);
    if (mended.empty() && any_second_) hid |= hide({}, seconds_, hidden_seconds_);
    if (!mended.empty()) {
      for (const MoveStep& step : move) all_safe_[step.cell] = 1;
    }
    return hid;
  }

  const FigureSet& set_;
  const std::size_t n_;
  MoveSearch search_;
  CountTable denominators_, numerators_, seconds_;
  std::vector<std::int64_t> rest_;
  std::vector<char> rest_known_;
  bool any_second_ = false;
  bool joint_ = false;  // moves may change denominators and numerators together
  std::vector<char> hidden_, hidden_denominators_, hidden_seconds_, hidden_both_;
  // Cells of which a move is known that changes the denominator (alone; with its numerators), the
  // first numerator, what is not of the first, the second, what is of neither.
  std::vector<char> denominator_safe_, all_safe_, first_safe_, rest_safe_, second_safe_,
      second_rest_safe_;
  Flags flags_[5];
};

}  // namespace

Withheld protect(const FigureSet& set) { return Protection(set).run(); }

std::vector<bool> protect_counts(const std::vector<std::int64_t>& counts,
                                 const FigureSet& geometry) {
  FigureSet set;
  set.lines = geometry.lines;
  set.cells.resize(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    set.cells[i].dimension = geometry.cells[i].dimension;
    set.cells[i].numerator = counts[i];
  }
  return Protection(set).run().numerator;
}

}  // namespace kronika::domain
