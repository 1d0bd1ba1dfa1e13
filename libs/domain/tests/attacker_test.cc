// No combination of answers gives a small count away: the attacker has all tables of all quarters
// and rolling periods of small random populations. That the attacker is able is shown with weaker
// rules, each of which it breaks.
#include "attacker.h"

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

using attack::System;
using attack::Tally;
using attack::Terms;

// --- every answer of the API ---------------------------------------------------------------------

// Two regions that merge at 2027, one that stays, six municipalities, three programmes.
Rules small_country() {
  Rules rules;
  const Validity before{{-1000000}, last_day(*parse_quarter("2026Q4"))};
  const Validity after{first_day(*parse_quarter("2027Q1")), {1000000}};
  rules.regions = {{"A", "A", before}, {"B", "B", before}, {"C", "C", {}}, {"AB", "AB", after}};
  const auto add = [&](Municipality code, const std::string& region, const Validity& validity) {
    rules.municipalities.push_back({code, std::to_string(code), region, validity});
  };
  for (const auto code : {Municipality{101}, Municipality{102}, Municipality{103}}) {
    add(code, "A", before);
    add(code, "AB", after);
  }
  add(201, "B", before);
  add(201, "AB", after);
  add(301, "C", {});
  add(302, "C", {});
  for (const char* id : {"KOL", "T2D", "LBP"}) rules.programmes.emplace_back().id = id;
  for (const char* id : {"r1", "r2", "r3"})
    rules.stop_reasons.push_back({id, id, ReasonClass::kDropout});
  rules.stop_reasons.push_back({"e1", "e1", ReasonClass::kEvent});
  return rules;
}

constexpr int kQuarters = 6;
constexpr std::array<const char*, 7> kMunicipalities{"0101", "0102", "0103",   "0201",
                                                     "0301", "0302", "UNKNOWN"};

// Figures of a cell by its name: "2026Q3|0101|KOL|" and so on; all that the attacker works with.
using Cells = std::map<std::string, PublishedRow>;

std::string place(const std::string& period, const std::string& area, const std::string& programme,
                  const std::string& facet = "") {
  return period + "|" + area + "|" + programme + "|" + facet;
}

struct Country {
  Rules rules = small_country();
  IndicatorInfo info;
  Quarter first = *parse_quarter("2025Q4");
  std::array<AreaCells, kQuarters> cells;
  Cells shown;
  std::map<std::string, CellValue> truth;

  [[nodiscard]] std::string region(std::size_t municipality, const std::string& period) const {
    if (municipality == 6) return "UNKNOWN";
    const bool merged = period.substr(0, 4) >= "2027";
    if (municipality >= 4) return "C";
    return merged ? "AB" : municipality == 3 ? "B" : "A";
  }
  [[nodiscard]] static std::vector<std::string> regions(const std::string& period) {
    if (period.substr(0, 4) >= "2027") return {"AB", "C", "UNKNOWN"};
    return {"A", "B", "C", "UNKNOWN"};
  }
};

std::string table_of(Facet facet) {
  switch (facet) {
    case Facet::kNone:
      return "";
    case Facet::kLevel:
      return "LEVEL";
    case Facet::kEducation:
      return "EDUCATION";
    case Facet::kSex:
      return "SEX";
    case Facet::kAgeBand:
      return "AGE_BAND";
    case Facet::kReason:
      return "REASON";
    case Facet::kSet:
      return "SET";
  }
  return "";
}
std::string class_name(FacetValue value) {
  return table_of(value.facet) + "=" + std::string(key_of(value, small_country()));
}

// People at random, few enough that most cells are small.
void populate(Country& country, unsigned seed, unsigned units, bool quarters_of_zero) {
  std::mt19937 random(seed);
  const auto pick = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  const unsigned skew = 1 + pick(4);
  for (int q = 0; q < kQuarters; ++q) {
    if (quarters_of_zero && pick(5) == 0) continue;
    for (unsigned u = 0; u < units; ++u) {
      CellKey key;
      key.indicator = country.info.indicator;
      key.period = country.first + q;
      const std::size_t m = std::min(pick(7), pick(7 + skew));
      key.at.municipality =
          m >= 6 ? Municipality{0} : static_cast<Municipality>(std::stoi(kMunicipalities[m]));
      key.at.programme = static_cast<ProgrammeIndex>(std::min(pick(3), pick(3 + skew)));
      key.at.level = static_cast<std::uint8_t>(pick(4));
      key.at.education = static_cast<EducationGroup>(pick(3));
      key.at.sex = static_cast<Sex>(1 + pick(2));
      key.at.age = static_cast<AgeBand>(4 + pick(3));
      if (!country.info.by_programme) key.at.programme = kNoProgramme, key.at.level = 0;
      CellValue value;
      const unsigned kind = pick(12);
      if (kind == 0) {
        value.unknown = 1;
      } else if (kind == 1) {
        value.excluded = 1;
      } else {
        value.denominator = 1;
        const unsigned outcome = pick(2 + skew);
        value.numerator = outcome == 0 ? 1 : 0;
        if (!country.info.second.empty() && outcome == 1) value.numerator2 = 1;
        if (country.info.kind == FigureKind::kCount) value.numerator = 1, value.denominator = 0;
      }
      if (detail_facet(key.indicator) == Facet::kSet)
        key.at.detail = static_cast<std::uint8_t>(1 + std::min(pick(4), pick(4)));
      if (detail_facet(key.indicator) == Facet::kReason && value.numerator == 1)
        key.at.detail = static_cast<std::uint8_t>(1 + std::min(pick(3), pick(3)));
      if (detail_facet(key.indicator) == Facet::kReason && value.numerator2 == 1) key.at.detail = 4;
      add_cell(key, value, country.cells[static_cast<std::size_t>(q)]);
      const std::string period = to_text(key.period);
      const std::string programme =
          country.info.by_programme ? country.rules.programmes[key.at.programme].id : std::string();
      const std::string municipality = kMunicipalities[std::min(m, std::size_t{6})];
      const FacetValue classes[] = {
          {Facet::kLevel, key.at.level},
          {Facet::kEducation, static_cast<std::uint8_t>(key.at.education)},
          {Facet::kSex, static_cast<std::uint8_t>(key.at.sex)},
          {Facet::kAgeBand, static_cast<std::uint8_t>(key.at.age)}};
      const Facet by_detail = detail_facet(key.indicator);
      const FacetValue detail{by_detail, by_detail == Facet::kReason && key.at.detail == 4
                                             ? std::uint8_t{0}
                                             : key.at.detail};
      // A rolling figure's areas are those of its end.
      std::vector<std::pair<std::string, std::string>> periods{{period, period}};
      for (int end = std::max(q, 4); end <= std::min(q + 3, kQuarters - 1); ++end) {
        const std::string last = to_text(country.first + end);
        periods.emplace_back(last + "-R", last);
      }
      for (const auto& [name, at] : periods) {
        const std::string region = country.region(std::min(m, std::size_t{6}), at);
        std::vector<std::string> programmes{""};
        if (!programme.empty()) programmes.push_back(programme);
        for (const std::string& p : programmes) {
          for (const std::string& area : {"M" + municipality, "R" + region, std::string("DK")})
            country.truth[place(name, area, p)] += value;
          for (const FacetValue c : classes)
            country.truth[place(name, "DK", p, class_name(c))] += value;
          if (by_detail != Facet::kNone)
            country.truth[place(name, "DK", p, class_name(detail))] += value;
        }
        for (const FacetValue c : classes)
          country.truth[place(name, "R" + region, "", class_name(c))] += value;
      }
    }
  }
}

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
          const std::string facet = table_of(facet_of(table));
          for (const PublishedRow& row : (*published)->rows(table, programme)) {
            std::string area = "DK";
            std::string by;
            if (table == TableKind::kMunicipality) area = "M" + row.key;
            if (table == TableKind::kRegion) area = "R" + row.key;
            if (is_region_by_class(table)) {
              area = row.key == "DK" ? "DK" : "R" + row.key;
              by = row.by;
            } else if (!facet.empty()) {
              by = row.key;
            }
            if (!by.empty()) by = by == "TOTAL" ? "" : facet + "=" + by;
            const std::string name = place(period, area, id, by);
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

enum class What { kNumerator, kDenominator, kSecond, kUnknown, kExcluded };
constexpr What kEverything[] = {What::kNumerator, What::kDenominator, What::kSecond, What::kUnknown,
                                What::kExcluded};

const Figure& figure_of(const PublishedRow& row, What what) {
  switch (what) {
    case What::kNumerator:
      return row.numerator;
    case What::kDenominator:
      return row.denominator;
    case What::kSecond:
      return row.second;
    case What::kUnknown:
      return row.unknown;
    case What::kExcluded:
      return row.excluded;
  }
  return row.numerator;
}
std::int64_t value_of(const CellValue& value, What what) {
  switch (what) {
    case What::kNumerator:
      return value.numerator;
    case What::kDenominator:
      return value.denominator;
    case What::kSecond:
      return value.numerator2;
    case What::kUnknown:
      return value.unknown;
    case What::kExcluded:
      return value.excluded;
  }
  return 0;
}

// By reason only the numerators are parts; the denominator of a row is that of the whole.
bool is_part(const std::string& name, What what) {
  return what == What::kNumerator || name.find("|REASON=") == std::string::npos;
}

// Which cells add up to which: what every reader of the documentation knows.
std::vector<std::pair<std::string, std::vector<std::string>>> sums(const Country& country) {
  std::vector<std::pair<std::string, std::vector<std::string>>> out;
  std::map<Facet, std::vector<FacetValue>> facets;
  for (const FacetValue v : facet_values()) {
    if (v.facet == Facet::kLevel && !country.info.by_programme) continue;
    if (is_detail(v.facet) && v.facet != detail_facet(country.info.indicator)) continue;
    facets[v.facet].push_back(v);
  }
  if (detail_facet(country.info.indicator) == Facet::kReason)
    facets[Facet::kReason] = reason_values(country.rules);
  std::vector<std::string> ids;
  for (const Programme& p : country.rules.programmes) {
    if (country.info.by_programme) ids.push_back(p.id);
  }
  std::vector<std::string> planes = ids;
  planes.emplace_back("");
  std::vector<std::string> periods;
  for (int q = 0; q < kQuarters; ++q) periods.push_back(to_text(country.first + q));
  const auto over = [](const auto& list, const auto& name) {
    std::vector<std::string> parts;
    for (const auto& x : list) parts.push_back(name(x));
    return parts;
  };
  for (const std::string& t : periods) {
    const std::vector<std::string> regions = Country::regions(t);
    std::vector<std::string> areas{"DK"};
    for (const char* m : kMunicipalities) areas.push_back("M" + std::string(m));
    for (const std::string& r : regions) areas.push_back("R" + r);
    for (const std::string& p : planes) {
      for (const std::string& r : regions) {
        std::vector<std::string> parts;
        for (std::size_t m = 0; m < kMunicipalities.size(); ++m) {
          if (country.region(m, t) == r)
            parts.push_back(place(t, "M" + std::string(kMunicipalities[m]), p));
        }
        out.emplace_back(place(t, "R" + r, p), parts);
      }
      out.emplace_back(place(t, "DK", p),
                       over(regions, [&](const std::string& r) { return place(t, "R" + r, p); }));
      for (const auto& [facet, values] : facets) {
        out.emplace_back(place(t, "DK", p), over(values, [&, &at = p](FacetValue v) {
                           return place(t, "DK", at, class_name(v));
                         }));
      }
    }
    for (const std::string& a : areas) {
      if (!ids.empty())
        out.emplace_back(place(t, a, ""),
                         over(ids, [&](const std::string& p) { return place(t, a, p); }));
    }
    for (const auto& [facet, values] : facets) {
      for (const FacetValue v : values) {
        const std::string c = class_name(v);
        if (!ids.empty())
          out.emplace_back(place(t, "DK", "", c),
                           over(ids, [&](const std::string& p) { return place(t, "DK", p, c); }));
        if (is_detail(facet)) continue;
        out.emplace_back(place(t, "DK", "", c), over(regions, [&](const std::string& r) {
                           return place(t, "R" + r, "", c);
                         }));
      }
      for (const std::string& r : regions) {
        if (is_detail(facet)) continue;
        out.emplace_back(place(t, "R" + r, ""), over(values, [&, &at = r](FacetValue v) {
                           return place(t, "R" + at, "", class_name(v));
                         }));
      }
    }
  }
  return out;
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
