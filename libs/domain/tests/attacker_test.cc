// No combination of answers gives a small count away: the attacker has all tables of all quarters
// and rolling periods of small random populations. That the attacker is able is shown with weaker
// rules, each of which it breaks.
#include "attacker.h"

#include "attacker_country.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include <kronika/domain/published_table.h>
#include <kronika/domain/table_maker.h>

namespace kronika::domain {
namespace {

using namespace attack;

// --- every answer of the API ---------------------------------------------------------------------

// Asks for everything.
void ask(Country& country) {
  TableMaker maker(country.rules, {}, [&](Indicator, Quarter q, bool) -> Result<AreaCells> {
    const int at = q.value - country.first.value;
    return at < 0 || at >= kQuarters ? AreaCells() : country.cells[static_cast<std::size_t>(at)];
  });
  for (int q = 0; q < kQuarters; ++q) {
    for (const bool rolling : {false, true}) {
      if (rolling && (q < 4 || country.info.rolling == Rolling::kNone)) continue;
      const std::string period = to_text(country.first + q) + (rolling ? "-R" : "");
      const auto published = maker.make(country.info, country.first + q, rolling);
      ASSERT_TRUE(published);
      for (std::size_t p = 0; p <= country.rules.programmes.size(); ++p) {
        const bool all = p == country.rules.programmes.size();
        const auto programme = all ? kNoProgramme : static_cast<ProgrammeIndex>(p);
        const std::string id = all ? "" : country.rules.programmes[p].id;
        for (const TableKind table : tables_of(country.info)) {
          if (!is_offered(country.info, table, programme)) continue;
          for (const PublishedRow& row : (*published)->rows(table, programme)) {
            const std::string name = place_of(period, table, id, row);
            const auto [at, fresh] = country.shown.emplace(name, row);
            if (fresh) continue;
            // The same cell in two tables says the same.
            EXPECT_EQ(at->second.numerator, row.numerator) << name;
            EXPECT_EQ(at->second.denominator, row.denominator) << name;
            EXPECT_EQ(at->second.second, row.second) << name;
            EXPECT_EQ(at->second.unknown, row.unknown) << name;
            EXPECT_EQ(at->second.excluded, row.excluded) << name;
          }
          EXPECT_EQ((*published)->total(programme).denominator,
                    country.shown.at(place(period, "DK", id)).denominator);
        }
      }
    }
  }
}

// The quarters' cells that a rolling one is the sum of; a merged region is the sum of the old ones.
std::vector<std::string> parts_of_rolling(const Country& country, const std::string& name) {
  const std::size_t dash = name.find("-R|");
  const Quarter last = *parse_quarter(name.substr(0, dash));
  const std::string rest = name.substr(dash + 2);
  std::vector<std::string> parts;
  for (int back = 0; back < 4; ++back) {
    const std::string t = to_text(last - back);
    if (country.shown.contains(t + rest)) {
      parts.push_back(t + rest);
    } else {
      const std::string behind = rest.substr(rest.find('|', 1));
      parts.push_back(t + "|RA" + behind);
      parts.push_back(t + "|RB" + behind);
    }
  }
  return parts;
}

using Weaken = std::function<bool(const std::string& name, What what, std::int64_t value,
                                  std::int64_t complement)>;

bool is_rolling(const std::string& name) { return name.find("-R|") != std::string::npos; }

// Rolling figures: what is shown must be a sum of shown figures. Then it tells nothing new, every
// other solution for the quarters is one for the rolling figures, and the quarters may be attacked
// one by one. `weaken` shows more; a single hidden quarter is a subtraction then.
void attack_rolling(Country& country, const Weaken& weaken, Tally& tally) {
  for (const auto& [name, row] : country.shown) {
    if (!is_rolling(name)) continue;
    const CellValue& truth = country.truth[name];
    for (const What what : kEverything) {
      const Figure& figure = figure_of(row, what);
      if (figure.status == FigureStatus::kNoData || !is_part(name, what)) continue;
      const std::int64_t value = value_of(truth, what);
      const bool shown = figure.status == FigureStatus::kShown ||
                         (weaken && weaken(name, what, value, truth.denominator - value));
      if (!shown) continue;
      int hidden = 0;
      std::int64_t of_hidden = 0;
      std::int64_t sum = 0;
      for (const std::string& part : parts_of_rolling(country, name)) {
        ASSERT_TRUE(country.shown.contains(part)) << part;
        const std::int64_t of_part = value_of(country.truth[part], what);
        sum += of_part;
        if (figure_of(country.shown.at(part), what).status == FigureStatus::kShown) continue;
        ++hidden;
        of_hidden = of_part;
      }
      EXPECT_EQ(sum, value) << name;
      if (!weaken) {
        EXPECT_EQ(hidden, 0) << name << " is shown and one of its quarters is not";
      }
      if (hidden == 1 && is_small(of_hidden)) ++tally.revealed;
    }
  }
}

// Each quarter. `weaken` says which suppressed figures the attacker is shown all the same.
void attack_country(Country& country, const Weaken& weaken, Tally& tally) {
  System system;
  std::map<std::pair<std::string, What>, std::size_t> index;
  const bool count = country.info.kind == FigureKind::kCount;
  for (const auto& [name, row] : country.shown) {
    const CellValue& truth = country.truth[name];
    for (const What what : kEverything) {
      const Figure& figure = figure_of(row, what);
      if (figure.status == FigureStatus::kNoData || !is_part(name, what)) continue;
      const std::int64_t value = value_of(truth, what);
      if (figure.status == FigureStatus::kShown) {
        ASSERT_EQ(figure.value, value) << name;
      }
      if (is_rolling(name)) continue;
      const std::int64_t complement = count ? 0 : truth.denominator - value;
      const bool known = figure.status == FigureStatus::kShown ||
                         (weaken && weaken(name, what, value, complement));
      index[{name, what}] =
          system.add(std::to_string(static_cast<int>(what)) + " " + name, value, known);
    }
    // A rate is shown where it says nothing that its two counts do not.
    if (row.rate.status == FigureStatus::kShown) {
      EXPECT_EQ(row.numerator.status, FigureStatus::kShown) << name;
      EXPECT_EQ(row.denominator.status, FigureStatus::kShown) << name;
    }
    if (row.second_rate.status == FigureStatus::kShown) {
      EXPECT_EQ(row.second.status, FigureStatus::kShown) << name;
    }
  }
  for (const auto& [total, parts] : sums(country)) {
    for (const What what : kEverything) {
      if (!index.contains({total, what}) || !is_part(parts.front(), what)) continue;
      std::vector<std::size_t> numbers;
      for (const std::string& part : parts) {
        ASSERT_TRUE(index.contains({part, what})) << part;
        numbers.push_back(index.at({part, what}));
      }
      system.add_sum(index.at({total, what}), numbers);
    }
  }
  for (const auto& [name, row] : country.shown) {
    if (!index.contains({name, What::kDenominator})) continue;
    Terms rest{{index.at({name, What::kDenominator}), 1}, {index.at({name, What::kNumerator}), -1}};
    if (index.contains({name, What::kSecond}))
      rest.emplace_back(index.at({name, What::kSecond}), -1);
    system.add_bound(rest);
  }
  ASSERT_FALSE(system.broken()) << *system.broken();

  for (const auto& [name, row] : country.shown) {
    for (const What what : kEverything) {
      if (index.contains({name, what})) tally.ask(system, {{index.at({name, what}), 1}});
    }
    if (const std::size_t by = name.find("REASON="); by != std::string::npos) {
      const std::string whole = name.substr(0, by);
      if (index.contains({name, What::kNumerator}))
        tally.ask(system, {{index.at({whole, What::kDenominator}), 1},
                           {index.at({name, What::kNumerator}), -1}});
    }
    if (!index.contains({name, What::kDenominator})) continue;
    const std::size_t denominator = index.at({name, What::kDenominator});
    const std::size_t numerator = index.at({name, What::kNumerator});
    tally.ask(system, {{denominator, 1}, {numerator, -1}});
    if (!index.contains({name, What::kSecond})) continue;
    const std::size_t second = index.at({name, What::kSecond});
    tally.ask(system, {{denominator, 1}, {second, -1}});
    tally.ask(system, {{denominator, 1}, {numerator, -1}, {second, -1}});
  }
}

Tally attack_countries(Indicator indicator, unsigned seeds, const Weaken& weaken = nullptr) {
  Tally tally;
  for (unsigned seed = 0; seed < seeds && !::testing::Test::HasFatalFailure(); ++seed) {
    Country country;
    country.info = *indicator_info(indicator);
    populate(country, seed, 4 + (seed * 37) % 90, seed % 2 == 0);
    ask(country);
    attack_rolling(country, weaken, tally);
    attack_country(country, weaken, tally);
  }
  return tally;
}

void expect_safe(const Tally& tally) {
  EXPECT_GT(tally.small, 1000);
  EXPECT_EQ(tally.revealed, 0) << tally.first;
  EXPECT_EQ(tally.unclear, 0);
}

TEST(Attacker, FindsNothingInAllTablesOfAShare) {
  expect_safe(attack_countries(Indicator::kI08Uptake, 12));
}
TEST(Attacker, FindsNothingInAllTablesOfAShareWithASecondNumerator) {
  expect_safe(attack_countries(Indicator::kI10Dropout, 12));
}
TEST(Attacker, FindsNothingInAllTablesOfACount) {
  expect_safe(attack_countries(Indicator::kI01Prevalence, 12));
}
TEST(Attacker, FindsNothingInAllTablesOfAnIndicatorWithoutProgrammes) {
  expect_safe(attack_countries(Indicator::kI12Readmission, 12));
}

TEST(Attacker, FindsNothingInTheTablesBySetOfACount) {
  expect_safe(attack_countries(Indicator::kI19Acsc, 12));
}

TEST(Attacker, BreaksTablesByReasonThatHideTheirSmallCountsAlone) {
  const Tally tally =
      attack_countries(Indicator::kI10Dropout, 8,
                       [](const std::string& name, What, std::int64_t value, std::int64_t) {
                         return name.find("REASON=") != std::string::npos && !is_small(value);
                       });
  EXPECT_GT(tally.revealed, 0);
}

TEST(Attacker, BreaksPrimarySuppressionAlone) {
  const Tally tally =
      attack_countries(Indicator::kI08Uptake, 4,
                       [](const std::string&, What, std::int64_t value, std::int64_t complement) {
                         return !is_small(value) && !is_small(complement);
                       });
  EXPECT_GT(tally.revealed, 0);
}

TEST(Attacker, BreaksASuppressionThatForgetsTheTablesByClass) {
  const Tally tally = attack_countries(
      Indicator::kI08Uptake, 4,
      [](const std::string& name, What what, std::int64_t value, std::int64_t complement) {
        return name.back() != '|' && !is_small(value) &&
               !(what == What::kNumerator && is_small(complement));
      });
  EXPECT_GT(tally.revealed, 0);
}

TEST(Attacker, BreaksRollingFiguresThatAreShownWhereAQuarterIsHidden) {
  const Tally tally = attack_countries(
      Indicator::kI08Uptake, 8,
      [](const std::string& name, What, std::int64_t value, std::int64_t complement) {
        return is_rolling(name) && !is_small(value) && !is_small(complement);
      });
  EXPECT_GT(tally.revealed, 0);
}

}  // namespace
}  // namespace kronika::domain
