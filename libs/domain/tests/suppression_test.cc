// domain.md 11, with the tables of scenario G24, and what must hold of any table.
#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <kronika/domain/suppression.h>

namespace kronika::domain {
namespace {

using Published = std::map<std::string, std::pair<std::optional<int>, std::optional<int>>>;

Published publish(const FigureSet& set) {
  const Withheld hidden = suppress(set);
  Published out;
  for (std::size_t i = 0; i < set.cells.size(); ++i) {
    auto& row = out[set.cells[i].dimension];
    if (!hidden.numerator[i]) row.first = static_cast<int>(set.cells[i].numerator);
    if (set.cells[i].denominator && !hidden.denominator[i])
      row.second = static_cast<int>(*set.cells[i].denominator);
  }
  return out;
}

TEST(Suppression, GivesTheFirstTableOfScenarioG24) {
  const Published expected{{"0740", {std::nullopt, std::nullopt}},
                           {"0751", {7, 20}},
                           {"0766", {std::nullopt, std::nullopt}},
                           {"0779", {std::nullopt, 14}},
                           {"TOTAL", {16, 43}}};
  EXPECT_EQ(publish(with_total({{"0740", 2, 5}, {"0751", 7, 20}, {"0766", 1, 4}, {"0779", 6, 14}})),
            expected);
}

TEST(Suppression, ShowsZerosAndNumeratorsEqualToTheirDenominator) {
  const Published expected{{"0740", {0, 5}}, {"0751", {5, 5}}, {"TOTAL", {5, 10}}};
  EXPECT_EQ(publish(with_total({{"0740", 0, 5}, {"0751", 5, 5}})), expected);
}

TEST(Suppression, HidesTheTotalWhereNoNeighbourIsLeftToHide) {
  const Published expected{
      {"A", {std::nullopt, std::nullopt}}, {"B", {0, 0}}, {"TOTAL", {std::nullopt, std::nullopt}}};
  EXPECT_EQ(publish(with_total({{"A", 1, 3}, {"B", 0, 0}})), expected);
}

TEST(Suppression, HidesANumeratorWhoseComplementIsSmall) {
  const Published out = publish(with_total({{"A", 18, 20}, {"B", 9, 20}, {"C", 12, 30}}));
  EXPECT_EQ(out.at("A"), std::make_pair(std::optional<int>{}, std::optional<int>{20}));
  EXPECT_EQ(out.at("B"), std::make_pair(std::optional<int>{}, std::optional<int>{20}));
  EXPECT_EQ(out.at("C"), std::make_pair(std::optional<int>{12}, std::optional<int>{30}));
}

TEST(Suppression, BreaksTiesByTheSmallestDimension) {
  const Published out = publish(with_total({{"A", 0, 4}, {"C", 0, 9}, {"B", 0, 9}}));
  EXPECT_FALSE(out.at("B").second);
  EXPECT_TRUE(out.at("C").second);
}

TEST(Suppression, WorksWithoutDenominators) {
  const Published expected{{"A", {std::nullopt, std::nullopt}},
                           {"B", {std::nullopt, std::nullopt}},
                           {"C", {90, std::nullopt}},
                           {"TOTAL", {104, std::nullopt}}};
  EXPECT_EQ(publish(with_total({{"A", 3, {}}, {"B", 11, {}}, {"C", 90, {}}})), expected);
}

TEST(Suppression, HidesACellOfALineWhoseHiddenTotalWouldOtherwiseAddUp) {
  // Regions R1 = {a: 2, b: 6} and R2 = {c: 8, d: 20}, nation 36. R1's cells go; nothing else may
  // give them away.
  FigureSet set;
  set.cells = {{"a", 2, {}},  {"b", 1, {}},   {"c", 8, {}},  {"d", 20, {}},
               {"R1", 3, {}}, {"R2", 28, {}}, {"DK", 31, {}}};
  set.lines = {{{0, 1}, 4}, {{2, 3}, 5}, {{0, 1, 2, 3}, 6}, {{4, 5}, 6}};
  const Withheld hidden = suppress(set);
  EXPECT_TRUE(hidden.numerator[4]) << "R1 is small itself";
  EXPECT_TRUE(hidden.numerator[5]) << "else R1 = DK - R2";
  EXPECT_TRUE(hidden.numerator[2]) << "else R2 = c + d";
  EXPECT_FALSE(hidden.numerator[3]);
  EXPECT_FALSE(hidden.numerator[6]);
}

TEST(Suppression, TreatsACellWithheldFromOutsideAsHidden) {
  FigureSet set = with_total({{"A", 50, 100}, {"B", 60, 100}, {"C", 70, 100}});
  set.cells[0].withhold_numerator = true;
  const Withheld hidden = suppress(set);
  EXPECT_TRUE(hidden.numerator[0]);
  EXPECT_TRUE(hidden.numerator[1]);
  EXPECT_FALSE(hidden.numerator[2]);
  EXPECT_FALSE(hidden.denominator[0]);
}

// rows x columns with row totals, column totals and a grand total: the shape of a table with two
// dimensions.
FigureSet random_table(std::mt19937& random) {
  const std::size_t rows = 1 + random() % 6, columns = 1 + random() % 5;
  const bool with_denominators = random() % 4 != 0;
  const int spread = 1 + static_cast<int>(random() % 30);
  const auto at = [&](std::size_t r, std::size_t c) { return r * (columns + 1) + c; };
  FigureSet set;
  set.cells.resize((rows + 1) * (columns + 1));
  for (std::size_t r = 0; r <= rows; ++r) {
    for (std::size_t c = 0; c <= columns; ++c) {
      FigureCell& cell = set.cells[at(r, c)];
      cell.dimension = "r" + std::to_string(r) + "c" + std::to_string(c);
      if (with_denominators) cell.denominator = 0;
    }
  }
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      const int denominator = static_cast<int>(random() % static_cast<unsigned>(spread));
      const int numerator =
          denominator == 0 ? 0
                           : static_cast<int>(random() % static_cast<unsigned>(denominator + 1));
      for (const std::size_t i : {at(r, c), at(rows, c), at(r, columns), at(rows, columns)}) {
        set.cells[i].numerator += numerator;
        if (with_denominators) *set.cells[i].denominator += denominator;
      }
    }
  }
  for (std::size_t r = 0; r <= rows; ++r) {
    FigureLine line{{}, at(r, columns)};
    for (std::size_t c = 0; c < columns; ++c) line.cells.push_back(at(r, c));
    if (r < rows) set.lines.push_back(line);
    if (r == rows) set.lines.push_back(line);
  }
  for (std::size_t c = 0; c <= columns; ++c) {
    FigureLine line{{}, at(rows, c)};
    for (std::size_t r = 0; r < rows; ++r) line.cells.push_back(at(r, c));
    set.lines.push_back(line);
  }
  return set;
}

// What an outsider may not be able to do, line by line.
void expect_protected(const FigureSet& set, const std::vector<bool>& hidden,
                      const std::vector<std::int64_t>& value) {
  for (const FigureLine& line : set.lines) {
    std::size_t count = 0;
    std::int64_t sum = 0;
    for (const std::size_t i : line.cells) {
      if (hidden[i]) ++count, sum += value[i];
    }
    if (!hidden[line.total]) {
      EXPECT_NE(count, 1U) << "a single hidden cell is the total less the others";
      if (count > 0) {
        EXPECT_GE(sum, 5) << "the hidden cells add up to a small count";
      }
    } else if (count == 0) {
      EXPECT_EQ(value[line.total], 0) << "a hidden total of shown cells adds up";
    }
  }
}

TEST(SuppressionProperty, HoldsForAnyTable) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const FigureSet set = random_table(random);
    const Withheld hidden = suppress(set);
    std::vector<std::int64_t> numerators, denominators;
    for (std::size_t i = 0; i < set.cells.size(); ++i) {
      const FigureCell& cell = set.cells[i];
      numerators.push_back(cell.numerator);
      denominators.push_back(cell.denominator.value_or(0));
      if (!hidden.numerator[i]) {
        EXPECT_FALSE(is_small(cell.numerator));
      }
      if (!cell.denominator) {
        EXPECT_FALSE(hidden.denominator[i]);
        continue;
      }
      if (!hidden.denominator[i]) {
        EXPECT_FALSE(is_small(*cell.denominator));
      }
      if (!hidden.numerator[i]) {
        EXPECT_FALSE(is_small(*cell.denominator - cell.numerator));
      }
      if (hidden.denominator[i]) {
        EXPECT_TRUE(hidden.numerator[i]);
      }
    }
    expect_protected(set, hidden.numerator, numerators);
    expect_protected(set, hidden.denominator, denominators);
    if (HasFailure()) return;
  }
}

TEST(SuppressionProperty, GivesTheSameAnswerTwiceAndHidesNothingMoreOfItsOwnAnswer) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    std::mt19937 random(seed);
    FigureSet set = random_table(random);
    const Withheld once = suppress(set);
    const Withheld again = suppress(set);
    EXPECT_EQ(once.numerator, again.numerator);
    EXPECT_EQ(once.denominator, again.denominator);
    for (std::size_t i = 0; i < set.cells.size(); ++i) {
      set.cells[i].withhold_numerator = once.numerator[i];
      set.cells[i].withhold_denominator = once.denominator[i];
    }
    const Withheld fixed = suppress(set);
    EXPECT_EQ(fixed.numerator, once.numerator) << "seed " << seed;
    EXPECT_EQ(fixed.denominator, once.denominator) << "seed " << seed;
  }
}

TEST(SuppressionProperty, HidesNothingWhereNothingIsSmall) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    std::mt19937 random(seed);
    std::vector<FigureCell> cells;
    for (int i = 0; i < 8; ++i) {
      const int numerator = 5 + static_cast<int>(random() % 50);
      cells.push_back(
          {std::to_string(i), numerator, numerator + 5 + static_cast<int>(random() % 50)});
    }
    const Withheld hidden = suppress(with_total(std::move(cells)));
    EXPECT_EQ(std::count(hidden.numerator.begin(), hidden.numerator.end(), true), 0);
    EXPECT_EQ(std::count(hidden.denominator.begin(), hidden.denominator.end(), true), 0);
  }
}

}  // namespace
}  // namespace kronika::domain
