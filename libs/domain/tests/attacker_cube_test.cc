// The attacker against sets of tables of a shape of our own: three dimensions with all margins. The
// rule that looks at one line at a time is broken there; protect() holds.
#include "attacker.h"

#include <algorithm>
#include <array>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <kronika/domain/suppression.h>

namespace kronika::domain {
namespace {

using attack::System;
using attack::Tally;
using attack::Terms;

// Every small count of a set of tables, of which `hidden` cannot be seen.
void attack_set(const FigureSet& set, const Withheld& hidden, Tally& tally) {
  System system;
  const std::size_t n = set.cells.size();
  std::vector<std::size_t> numerator(n), denominator(n), second(n);
  for (std::size_t i = 0; i < n; ++i) {
    const FigureCell& cell = set.cells[i];
    numerator[i] = system.add("N " + cell.dimension, cell.numerator, !hidden.numerator[i]);
    Terms rest;
    if (cell.denominator) {
      denominator[i] = system.add("D " + cell.dimension, *cell.denominator, !hidden.denominator[i]);
      rest = {{denominator[i], 1}, {numerator[i], -1}};
    }
    if (cell.second) {
      second[i] = system.add("S " + cell.dimension, *cell.second, !hidden.second[i]);
      rest.emplace_back(second[i], -1);
    }
    if (cell.denominator) system.add_bound(rest);
  }
  for (const FigureLine& line : set.lines) {
    const auto add = [&](const std::vector<std::size_t>& of) {
      std::vector<std::size_t> parts;
      for (const std::size_t i : line.cells) parts.push_back(of[i]);
      system.add_sum(of[line.total], parts);
    };
    add(numerator);
    if (set.cells[line.total].denominator) add(denominator);
    if (set.cells[line.total].second) add(second);
  }
  ASSERT_FALSE(system.broken()) << *system.broken();
  for (std::size_t i = 0; i < n; ++i) {
    const FigureCell& cell = set.cells[i];
    tally.ask(system, {{numerator[i], 1}});
    if (cell.denominator) {
      tally.ask(system, {{denominator[i], 1}});
      tally.ask(system, {{denominator[i], 1}, {numerator[i], -1}});
    }
    if (!cell.second) continue;
    tally.ask(system, {{second[i], 1}});
    if (!cell.denominator) continue;
    tally.ask(system, {{denominator[i], 1}, {second[i], -1}});
    tally.ask(system, {{denominator[i], 1}, {numerator[i], -1}, {second[i], -1}});
  }
}

// Three dimensions with all margins: the shape in which lines one by one protect least.
FigureSet random_cube(std::mt19937& random, bool shares, bool seconds) {
  const auto pick = [&](unsigned n) { return static_cast<std::size_t>(random() % n); };
  const std::array<std::size_t, 3> side{2 + pick(2), 2 + pick(2), 1 + pick(3)};
  const auto at = [&](std::size_t a, std::size_t b, std::size_t c) {
    return (a * (side[1] + 1) + b) * (side[2] + 1) + c;
  };
  FigureSet set;
  set.cells.resize((side[0] + 1) * (side[1] + 1) * (side[2] + 1));
  const unsigned spread = 2 + static_cast<unsigned>(pick(12));
  for (std::size_t a = 0; a <= side[0]; ++a) {
    for (std::size_t b = 0; b <= side[1]; ++b) {
      for (std::size_t c = 0; c <= side[2]; ++c) {
        FigureCell& cell = set.cells[at(a, b, c)];
        cell.dimension = std::to_string(a) + std::to_string(b) + std::to_string(c);
        if (shares) cell.denominator = 0;
        if (seconds) cell.second = 0;
      }
    }
  }
  for (std::size_t a = 0; a < side[0]; ++a) {
    for (std::size_t b = 0; b < side[1]; ++b) {
      for (std::size_t c = 0; c < side[2]; ++c) {
        const auto first = static_cast<std::int64_t>(random() % spread);
        const auto second = seconds ? static_cast<std::int64_t>(random() % spread) : 0;
        const auto rest = static_cast<std::int64_t>(random() % spread);
        for (const std::size_t x : {a, side[0]}) {
          for (const std::size_t y : {b, side[1]}) {
            for (const std::size_t z : {c, side[2]}) {
              FigureCell& cell = set.cells[at(x, y, z)];
              cell.numerator += first;
              if (shares) *cell.denominator += first + second + rest;
              if (seconds) *cell.second += second;
            }
          }
        }
      }
    }
  }
  for (std::size_t a = 0; a <= side[0]; ++a) {
    for (std::size_t b = 0; b <= side[1]; ++b) {
      FigureLine line{{}, at(a, b, side[2])};
      for (std::size_t c = 0; c < side[2]; ++c) line.cells.push_back(at(a, b, c));
      set.lines.push_back(line);
    }
    for (std::size_t c = 0; c <= side[2]; ++c) {
      FigureLine line{{}, at(a, side[1], c)};
      for (std::size_t b = 0; b < side[1]; ++b) line.cells.push_back(at(a, b, c));
      set.lines.push_back(line);
    }
  }
  for (std::size_t b = 0; b <= side[1]; ++b) {
    for (std::size_t c = 0; c <= side[2]; ++c) {
      FigureLine line{{}, at(side[0], b, c)};
      for (std::size_t a = 0; a < side[0]; ++a) line.cells.push_back(at(a, b, c));
      set.lines.push_back(line);
    }
  }
  return set;
}

Tally attack_cubes(const std::function<Withheld(const FigureSet&)>& rule, unsigned seeds,
                   bool seconds) {
  Tally tally;
  for (unsigned seed = 0; seed < seeds; ++seed) {
    std::mt19937 random(seed);
    const FigureSet set = random_cube(random, seconds || seed % 3 != 0, seconds);
    attack_set(set, rule(set), tally);
  }
  return tally;
}

TEST(Attacker, FindsNothingInProtectedCubes) {
  const Tally tally = attack_cubes(protect, 300, false);
  EXPECT_GT(tally.small, 1000);
  EXPECT_EQ(tally.revealed, 0) << tally.first;
  EXPECT_EQ(tally.unclear, 0);
}

TEST(Attacker, FindsNothingInProtectedCubesWithASecondNumerator) {
  const Tally tally = attack_cubes(protect, 150, true);
  EXPECT_GT(tally.small, 1000);
  EXPECT_EQ(tally.revealed, 0) << tally.first;
  EXPECT_EQ(tally.unclear, 0);
}

TEST(Attacker, BreaksTheRuleThatLooksAtOneLineAtATime) {
  const Tally tally = attack_cubes(suppress, 300, false);
  EXPECT_GT(tally.revealed, 0) << "then protect() would not be needed";
}

}  // namespace
}  // namespace kronika::domain
