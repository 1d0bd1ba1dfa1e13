// Plays the attacker of domain.md 11: someone who has every answer, knows that figures add up and
// that 0 <= numerator <= denominator, and nothing of how suppressed cells were chosen.
//
// A system holds whole numbers >= 0, some of them known, with sums and bounds over them, and the
// true values (which the attacker does not use to conclude anything: they only tell where a search
// for other solutions begins). A quantity is revealed if every solution gives it the same value.
// The search is exhaustive: a violated sum must be mended by one of its free numbers, and all ways
// are tried; kUnclear where that takes too long.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <kronika/domain/suppression.h>

namespace kronika::domain::attack {

using Terms = std::vector<std::pair<std::size_t, int>>;  ///< number, factor

class System {
 public:
  std::size_t add(std::string name, std::int64_t truth, bool known) {
    numbers_.push_back({std::move(name), truth, known, {}});
    return numbers_.size() - 1;
  }
  /// total = sum of parts.
  void add_sum(std::size_t total, const std::vector<std::size_t>& parts) {
    Terms terms{{total, -1}};
    for (const std::size_t part : parts) terms.emplace_back(part, 1);
    add_constraint({std::move(terms), true});
  }
  /// The sum of the terms is 0 or more.
  void add_bound(const Terms& terms) { add_constraint({terms, false}); }

  enum class Verdict { kHidden, kRevealed, kUnclear };
  /// Can the sum of the terms have another value than the true one?
  Verdict ask(const Terms& quantity) {
    std::vector<std::size_t> free;
    for (const auto& [n, factor] : quantity) {
      if (!numbers_[n].known) free.push_back(n);
    }
    quantity_ = &quantity;
    prepare();
    // Another solution found for an earlier question may answer this one.
    if (quantity.size() == 1 && moved_[quantity.front().first]) return Verdict::kHidden;
    bool unclear = false;
    // Quick rounds among the nearest numbers, in different orders, then the one that counts.
    for (int round = 0; round <= kRestarts; ++round) {
      const bool last = round == kRestarts;
      reach_ = last ? kReach : 1;
      for (const std::size_t n : free) {
        for (const std::int64_t d : steps(n)) {
          nodes_ = last ? kNodes : kQuickNodes;
          assign(n, d);
          const bool found = solve();
          clear(found);
          if (found) return Verdict::kHidden;
          unclear = unclear || (last && nodes_ <= 0);
        }
      }
    }
    return unclear ? Verdict::kUnclear : Verdict::kRevealed;
  }
  [[nodiscard]] const std::string& name(std::size_t n) const { return numbers_[n].name; }
  [[nodiscard]] std::int64_t truth(std::size_t n) const { return numbers_[n].truth; }
  [[nodiscard]] bool known(std::size_t n) const { return numbers_[n].known; }
  void reveal(std::size_t n) { numbers_[n].known = true; }
  [[nodiscard]] std::size_t size() const { return numbers_.size(); }
  /// The constraints hold for the true values: the model of the tables is right.
  [[nodiscard]] std::optional<std::string> broken() const {
    for (const Constraint& c : constraints_) {
      std::int64_t sum = 0;
      for (const auto& [n, factor] : c.terms) sum += factor * numbers_[n].truth;
      if (c.equal ? sum != 0 : sum < 0) return numbers_[c.terms.front().first].name;
    }
    return std::nullopt;
  }

 private:
  struct Number {
    std::string name;
    std::int64_t truth = 0;
    bool known = false;
    std::vector<std::pair<std::uint32_t, int>> in;  ///< constraint, factor
  };
  struct Constraint {
    Terms terms;
    bool equal = true;
  };
  static constexpr int kRestarts = 40;
  static constexpr int kQuickNodes = 1500;
  static constexpr int kNodes = 400000;
  static constexpr std::int64_t kReach = 4;  ///< how far above the truth solutions are looked for

  void add_constraint(Constraint c) {
    const auto index = static_cast<std::uint32_t>(constraints_.size());
    for (const auto& [n, factor] : c.terms) numbers_[n].in.emplace_back(index, factor);
    constraints_.push_back(std::move(c));
  }

  // Nearest first: -1, 1, -2, 2, ... never below 0.
  [[nodiscard]] std::vector<std::int64_t> steps(std::size_t n) const {
    std::vector<std::int64_t> out;
    const std::int64_t x = numbers_[n].truth;
    const std::int64_t down = reach_ < kReach ? reach_ : x;
    for (std::int64_t d = 1; d <= reach_ || d <= down; ++d) {
      if (d <= x) out.push_back(-d);
      if (d <= reach_) out.push_back(d);
    }
    return out;
  }

  void prepare() {
    if (delta_.size() == numbers_.size() && sum_.size() == constraints_.size()) return;
    delta_.assign(numbers_.size(), 0);
    fixed_.assign(numbers_.size(), 0);
    moved_.assign(numbers_.size(), 0);
    sum_.assign(constraints_.size(), 0);
    slack_.assign(constraints_.size(), 0);
    for (std::size_t c = 0; c < constraints_.size(); ++c) {
      if (constraints_[c].equal) continue;
      for (const auto& [n, factor] : constraints_[c].terms) slack_[c] += factor * numbers_[n].truth;
    }
  }
  void clear(bool found) {
    for (const std::size_t n : touched_) {
      if (found && delta_[n] != 0) moved_[n] = 1;
      if (fixed_[n]) release(n);
    }
    touched_.clear();
    violated_.clear();
  }
  [[nodiscard]] bool is_violated(std::uint32_t c) const {
    return constraints_[c].equal ? sum_[c] != 0 : slack_[c] + sum_[c] < 0;
  }
  void assign(std::size_t n, std::int64_t d) {
    fixed_[n] = 1;
    touched_.push_back(n);
    change(n, d);
  }
  void change(std::size_t n, std::int64_t d) {
    delta_[n] += d;
    for (const auto& [c, factor] : numbers_[n].in) {
      sum_[c] += factor * d;
      if (is_violated(c)) violated_.push_back(c);
    }
  }
  // By how many constraints more the change breaks than it mends.
  [[nodiscard]] int disorder(std::size_t n, std::int64_t d) const {
    if (numbers_[n].truth + d < 0) return 1000;
    int count = 0;
    for (const auto& [c, factor] : numbers_[n].in) {
      const std::int64_t after = sum_[c] + factor * d;
      const bool broken = constraints_[c].equal ? after != 0 : slack_[c] + after < 0;
      count += (broken ? 1 : 0) - (is_violated(c) ? 1 : 0);
    }
    return count;
  }
  void release(std::size_t n) {
    fixed_[n] = 0;
    change(n, -delta_[n]);
  }

  bool differs() const {
    std::int64_t sum = 0;
    for (const auto& [n, factor] : *quantity_) sum += factor * delta_[n];
    return sum != 0;
  }

  bool solve() {
    if (--nodes_ <= 0) return false;
    // The violated constraint with the fewest free numbers.
    std::optional<std::uint32_t> worst;
    std::size_t fewest = 0;
    std::vector<std::uint32_t> still;
    for (const std::uint32_t c : violated_) {
      if (!is_violated(c)) continue;
      if (std::find(still.begin(), still.end(), c) != still.end()) continue;
      still.push_back(c);
      std::size_t free = 0;
      for (const auto& [n, factor] : constraints_[c].terms)
        free += !numbers_[n].known && !fixed_[n] ? 1U : 0U;
      if (!worst || free < fewest) worst = c, fewest = free;
    }
    violated_ = still;
    if (!worst) return differs();
    const std::int64_t gap =
        constraints_[*worst].equal ? sum_[*worst] : slack_[*worst] + sum_[*worst];
    // What would mend the constraint at once, and breaks the fewest others, comes first.
    struct Choice {
      std::size_t number = 0;
      std::int64_t mend = 0;
      int disorder = 0;
    };
    std::vector<Choice> choices;
    for (const auto& [n, factor] : constraints_[*worst].terms) {
      if (numbers_[n].known || fixed_[n]) continue;
      const std::int64_t mend = -gap * factor;
      // Ties in an order that changes from round to round.
      choices.push_back({n, mend, 16 * disorder(n, mend) + static_cast<int>(random_() % 16)});
    }
    std::stable_sort(choices.begin(), choices.end(),
                     [](const Choice& x, const Choice& y) { return x.disorder < y.disorder; });
    std::vector<std::size_t> tried;
    bool found = false;
    for (const Choice& choice : choices) {
      const std::size_t n = choice.number;
      std::vector<std::int64_t> order = steps(n);
      std::stable_partition(order.begin(), order.end(),
                            [&](std::int64_t d) { return d == choice.mend; });
      for (const std::int64_t d : order) {
        const std::vector<std::uint32_t> before = violated_;
        assign(n, d);
        found = solve();
        if (found) break;
        release(n);
        violated_ = before;
        if (nodes_ <= 0) break;
      }
      if (found || nodes_ <= 0) break;
      fixed_[n] = 1;  // from here on it stays as it is
      touched_.push_back(n);
      tried.push_back(n);
    }
    if (!found) {
      for (const std::size_t n : tried) fixed_[n] = 0;
    }
    return found;
  }

  std::vector<Number> numbers_;
  std::vector<Constraint> constraints_;
  std::vector<std::int64_t> delta_, sum_, slack_;
  std::vector<char> fixed_, moved_;
  std::vector<std::size_t> touched_;
  std::vector<std::uint32_t> violated_;
  const Terms* quantity_ = nullptr;
  int nodes_ = 0;
  std::mt19937 random_{1};
  std::int64_t reach_ = kReach;
};

/// What an attack on the small counts of some tables found.
struct Tally {
  int small = 0;
  int revealed = 0;
  int unclear = 0;
  std::string first;  ///< revealed

  void ask(System& system, const Terms& quantity) {
    std::int64_t value = 0;
    std::string name;
    for (const auto& [n, factor] : quantity) {
      value += factor * system.truth(n);
      name += (factor > 0 ? " + " : " - ") + system.name(n);
    }
    if (!is_small(value)) return;
    ++small;
    const System::Verdict verdict = system.ask(quantity);
    if (verdict == System::Verdict::kUnclear) ++unclear;
    if (verdict != System::Verdict::kRevealed) return;
    if (revealed++ == 0) first = name + " = " + std::to_string(value);
  }
};

}  // namespace kronika::domain::attack
