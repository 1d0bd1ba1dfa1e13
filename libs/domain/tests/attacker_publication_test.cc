// The attacker and publications: whoever keeps every revision of a quarter can tell neither a small
// count nor that one has changed by a small count; and with I-02, whose denominators are made of
// I-01, no more of either.
#include "attacker.h"
#include "attacker_country.h"

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <kronika/domain/publication.h>

namespace kronika::domain {
namespace {

using namespace attack;

constexpr int kAt = 2;  // the quarter, of those that a country has

// The cells of a publication by name. A table of a programme that counts nothing is left out of a
// publication, so everyone knows its zeros.
Cells cells_of(const Publication& publication, const Country& country) {
  const std::string period = to_text(publication.period);
  Cells cells;
  const auto take = [&](TableKind kind, const std::string& programme, const PublishedRow& row) {
    const auto [at, fresh] = cells.emplace(place_of(period, kind, programme, row), row);
    if (fresh) return;
    // The same cell in two tables says the same.
    EXPECT_EQ(at->second.numerator, row.numerator) << at->first;
    EXPECT_EQ(at->second.denominator, row.denominator) << at->first;
    EXPECT_EQ(at->second.second, row.second) << at->first;
    EXPECT_EQ(at->second.unknown, row.unknown) << at->first;
    EXPECT_EQ(at->second.excluded, row.excluded) << at->first;
  };
  for (const PublishedTable& table : publication.tables) {
    for (const PublishedRow& row : table.rows) take(table.kind, table.programme, row);
    if (!table.programme.empty()) continue;
    for (const Programme& programme : country.rules.programmes) {
      if (!is_offered(country.info, table.kind, 0)) continue;
      if (publication.table(table.kind, programme.id) != nullptr) continue;
      for (PublishedRow row : table.rows) {
        for (Figure* figure :
             {&row.numerator, &row.denominator, &row.second, &row.unknown, &row.excluded}) {
          if (figure->status != FigureStatus::kNoData) *figure = {FigureStatus::kShown, 0};
        }
        row.rate = row.second_rate = {};
        take(table.kind, programme.id, row);
      }
    }
  }
  return cells;
}

Publication publish(const Country& country, const std::vector<Publication>& earlier,
                    const Population& population = {}, int at = kAt) {
  Publication next;
  next.indicator = country.info.indicator;
  next.period = {country.first + at, false};
  next.tables = published_tables(country.rules, country.info,
                                 {country.rules, country.info, next.period.quarter,
                                  country.cells[static_cast<std::size_t>(at)], population});
  (void)revise(country.rules, next, earlier);
  return next;
}

using Index = std::map<std::pair<std::string, What>, std::size_t>;

/// Another publication with its sums; `inhabitants`: denominators that everyone knows.
Index add_publication(System& system, const Country& country, const Publication& publication,
                      const std::string& label, const std::map<std::string, std::int64_t>& known) {
  Index index;
  const Cells shown = cells_of(publication, country);
  const bool count = country.info.kind == FigureKind::kCount;
  for (const auto& [name, row] : shown) {
    const auto found = country.truth.find(name);
    const CellValue truth = found == country.truth.end() ? CellValue{} : found->second;
    for (const What what : kEverything) {
      const Figure& figure = figure_of(row, what);
      if (figure.status == FigureStatus::kNoData || !is_part(name, what)) continue;
      if (count && what == What::kDenominator) continue;
      const std::int64_t value = value_of(truth, what);
      if (figure.status == FigureStatus::kShown) {
        EXPECT_EQ(figure.value, value) << label << name;
      }
      index[{name, what}] = system.add(label + std::to_string(static_cast<int>(what)) + " " + name,
                                       value, figure.status == FigureStatus::kShown);
    }
    if (row.rate.status == FigureStatus::kShown) {
      EXPECT_EQ(row.numerator.status, FigureStatus::kShown) << name;
      EXPECT_EQ(row.denominator.status, FigureStatus::kShown) << name;
    }
    if (const auto persons = known.find(name); persons != known.end()) {
      index[{name, What::kDenominator}] = system.add(label + "D " + name, persons->second, true);
    }
  }
  for (const auto& [total, parts] : sums(country)) {
    for (const What what : kEverything) {
      if (!index.contains({total, what}) || !is_part(parts.front(), what)) continue;
      if (count && what == What::kDenominator) continue;
      std::vector<std::size_t> numbers;
      for (const std::string& part : parts) {
        if (!index.contains({part, what})) ADD_FAILURE() << part;
        numbers.push_back(index.at({part, what}));
      }
      system.add_sum(index.at({total, what}), numbers);
    }
  }
  for (const auto& [name, row] : shown) {
    if (!index.contains({name, What::kDenominator})) continue;
    Terms rest{{index.at({name, What::kDenominator}), 1}, {index.at({name, What::kNumerator}), -1}};
    if (index.contains({name, What::kSecond}))
      rest.emplace_back(index.at({name, What::kSecond}), -1);
    system.add_bound(rest);
  }
  return index;
}

// Everything that must not be told of one publication.
void ask_counts(System& system, const Index& index, Tally& tally) {
  for (const auto& [at, number] : index) {
    if (at.second != What::kDenominator || !system.known(number)) tally.ask(system, {{number, 1}});
    if (at.second != What::kDenominator) continue;
    const std::size_t numerator = index.at({at.first, What::kNumerator});
    tally.ask(system, {{number, 1}, {numerator, -1}});
    if (!index.contains({at.first, What::kSecond})) continue;
    const std::size_t second = index.at({at.first, What::kSecond});
    tally.ask(system, {{number, 1}, {second, -1}});
    tally.ask(system, {{number, 1}, {numerator, -1}, {second, -1}});
  }
}

// The quantity, or its negative: a count that falls by one tells as much.
void ask_change(System& system, Terms quantity, Tally& tally) {
  tally.ask(system, quantity);
  for (auto& [number, factor] : quantity) factor = -factor;
  tally.ask(system, quantity);
}

void ask_changes(System& system, const Index& then, const Index& now, Tally& tally) {
  for (const auto& [at, number] : now) {
    const auto before = then.find(at);
    if (before == then.end()) continue;
    ask_change(system, {{number, 1}, {before->second, -1}}, tally);
    if (at.second != What::kDenominator) continue;
    ask_change(system,
               {{number, 1},
                {now.at({at.first, What::kNumerator}), -1},
                {before->second, -1},
                {then.at({at.first, What::kNumerator}), 1}},
               tally);
  }
}

// Many at once, of one kind, in any of its places: so many that it may be told.
void add_crowd(Country& country, std::mt19937& random) {
  const std::size_t m = random() % 6;
  CellKey key;
  key.indicator = country.info.indicator;
  key.period = country.first + kAt;
  key.at.municipality = static_cast<Municipality>(std::stoi(kMunicipalities[m]));
  key.at.programme = static_cast<ProgrammeIndex>(random() % 3);
  key.at.level = static_cast<std::uint8_t>(random() % 4);
  key.at.education = static_cast<EducationGroup>(random() % 3);
  key.at.sex = static_cast<Sex>(1 + random() % 2);
  key.at.age = static_cast<AgeBand>(4 + random() % 3);
  if (!country.info.by_programme) key.at.programme = kNoProgramme, key.at.level = 0;
  CellValue value;
  value.numerator = 8 + static_cast<std::int64_t>(random() % 3);
  if (country.info.kind != FigureKind::kCount)
    value.denominator = value.numerator + 5 + static_cast<std::int64_t>(random() % 9);
  if (detail_facet(key.indicator) != Facet::kNone)
    key.at.detail = static_cast<std::uint8_t>(1 + random() % 3);
  add_units(country, kAt, m, key, value);
}

// A country, and the same one some days later. Two of three times: a few units more, and a few that
// are not what they were. Else: crowds more, which may be told.
std::vector<Country> revisions_of(Indicator indicator, unsigned seed, unsigned count) {
  std::vector<Country> out;
  const bool zeros = seed % 2 == 0;
  for (unsigned r = 0; r < count; ++r) {
    Country country;
    country.info = *indicator_info(indicator);
    populate(country, seed, 4 + (seed * 37) % 90, false);
    if (seed % 3 == 2) {
      std::mt19937 random(seed);
      for (unsigned n = 0; n < r * 4; ++n) add_crowd(country, random);
    } else {
      populate(country, 1000 + seed * 10 + r, seed % 7 + (zeros ? 0 : r * 6), false);
    }
    out.push_back(std::move(country));
  }
  return out;
}

struct Found {
  Tally counts;
  Tally changes;
  int news = 0;  ///< figures that a later revision shows otherwise
};

// Each is asked with the other in hand.
void ask_both(System& system, const std::vector<Index>& index, Found& found) {
  for (const auto& [at, number] : index[1]) {
    const auto then = index[0].find(at);
    if (then != index[0].end() && system.known(number) && system.known(then->second) &&
        system.truth(number) != system.truth(then->second))
      ++found.news;
  }
  for (const Index& of_one : index) ask_counts(system, of_one, found.counts);
  ask_changes(system, index[0], index[1], found.changes);
}

Found attack_revisions(Indicator indicator, unsigned seeds) {
  Found found;
  for (unsigned seed = 0; seed < seeds && !::testing::Test::HasFailure(); ++seed) {
    const std::vector<Country> countries = revisions_of(indicator, seed, 2);
    std::vector<Publication> published;
    System system;
    std::vector<Index> index;
    for (const Country& country : countries) {
      published.push_back(publish(country, published));
      index.push_back(add_publication(system, country, published.back(),
                                      "r" + std::to_string(published.size()) + " ", {}));
    }
    EXPECT_FALSE(system.broken()) << *system.broken();
    ask_both(system, index, found);
  }
  return found;
}

void expect_safe(const Found& found) {
  EXPECT_GT(found.news, 50) << "else it is no test of what a revision shows";
  EXPECT_GT(found.counts.small, 500);
  EXPECT_EQ(found.counts.revealed, 0) << found.counts.first;
  EXPECT_EQ(found.counts.unclear, 0);
  EXPECT_GT(found.changes.small, 200);
  EXPECT_EQ(found.changes.revealed, 0) << found.changes.first;
  EXPECT_EQ(found.changes.unclear, 0);
}

TEST(Attacker, FindsNothingInTwoRevisionsOfAShare) {
  expect_safe(attack_revisions(Indicator::kI08Uptake, 18));
}
TEST(Attacker, FindsNothingInTwoRevisionsOfTheTablesByReason) {
  expect_safe(attack_revisions(Indicator::kI10Dropout, 18));
}
TEST(Attacker, FindsNothingInTwoRevisionsOfTheTablesBySet) {
  expect_safe(attack_revisions(Indicator::kI19Acsc, 18));
}

// A few more inhabitants than units of all the countries together.
Residents residents_of(const std::vector<const Country*>& countries, unsigned seed) {
  std::mt19937 random(seed);
  Residents residents;
  for (int q = 0; q < kQuarters; ++q) {
    for (std::size_t m = 0; m + 1 < kMunicipalities.size(); ++m) {
      const auto code = static_cast<Municipality>(std::stoi(kMunicipalities[m]));
      for (const Sex sex : {Sex::kMale, Sex::kFemale}) {
        for (const auto band :
             {ResidentBand::k45To64, ResidentBand::k65To74, ResidentBand::k75To84}) {
          auto persons = static_cast<std::int64_t>(random() % 4);
          for (const Country* country : countries) {
            for (int at = 0; at <= q; ++at) {
              const auto found = country->units.find({at, code, sex, age_band(band)});
              if (found != country->units.end()) persons += found->second;
            }
          }
          residents.add(countries.front()->first + q, {code, sex, band}, {persons, persons});
        }
      }
    }
  }
  return residents;
}

// What everyone can add up from the file of inhabitants, by name.
std::map<std::string, std::int64_t> inhabitants(const Country& country, const Residents& residents,
                                                int quarter) {
  const std::string period = to_text(country.first + quarter);
  std::map<std::string, std::int64_t> out;
  for (const auto& [key, count] : *residents.of(country.first + quarter)) {
    const std::string code = "0" + std::to_string(key.municipality);
    const auto m = static_cast<std::size_t>(
        std::find(kMunicipalities.begin(), kMunicipalities.end(), code) - kMunicipalities.begin());
    for (const Programme& programme : country.rules.programmes) {
      const std::string& id = programme.id;
      for (const std::string& area :
           {"M" + code, "R" + country.region(m, period), std::string("DK")})
        out[place(period, area, id)] += count.last_day;
      const FacetValue sex{Facet::kSex, static_cast<std::uint8_t>(key.sex)};
      const FacetValue age{Facet::kAgeBand, static_cast<std::uint8_t>(age_band(key.band))};
      for (const FacetValue value : {sex, age})
        out[place(period, "DK", id, class_name(value))] += count.last_day;
    }
  }
  return out;
}

TEST(Attacker, FindsNothingInTwoRevisionsOfRatesPerInhabitant) {
  Found found;
  for (unsigned seed = 0; seed < 18; ++seed) {
    const std::vector<Country> countries = revisions_of(Indicator::kI01Prevalence, seed, 2);
    const Residents residents = residents_of({&countries[0], &countries[1]}, seed);
    const auto known = inhabitants(countries[0], residents, kAt);
    std::vector<Publication> published;
    std::vector<Index> index;
    System system;
    for (const Country& country : countries) {
      published.push_back(publish(country, published, {&residents, nullptr}));
      index.push_back(add_publication(system, country, published.back(),
                                      "r" + std::to_string(published.size()) + " ", known));
    }
    ASSERT_FALSE(system.broken()) << *system.broken();
    ask_both(system, index, found);
  }
  expect_safe(found);
}

// I-02 stands on what is published of I-01, whose cases its denominators leave out. `live`: on the
// cases as they stand today instead, one of whom has come since.
Tally attack_incidence(unsigned seeds, bool live) {
  Tally tally;
  for (unsigned seed = 0; seed < seeds; ++seed) {
    std::vector<Country> cases = revisions_of(Indicator::kI01Prevalence, seed, 2);
    Country fresh;
    fresh.info = *indicator_info(Indicator::kI02Incidence);
    populate(fresh, 500 + seed, 3 + seed % 20, false);
    const Residents residents = residents_of({&cases[0], &cases[1], &fresh}, seed);
    const Publication before = publish(cases[0], {}, {&residents, nullptr}, kAt - 1);
    System system;
    const Index of_cases = add_publication(system, cases[0], before, "I-01 ",
                                           inhabitants(cases[0], residents, kAt - 1));
    const PublishedIndicator counted =
        live ? PublishedIndicator(cases[1].rules, cases[1].info, before.period.quarter,
                                  cases[1].cells[kAt - 1], {&residents, nullptr})
             : published_cases(cases[0].rules, before);
    const Publication next = publish(fresh, {}, {&residents, &counted});
    Index of_new = add_publication(system, fresh, next, "I-02 ", {});
    const auto persons = inhabitants(fresh, residents, kAt);
    int changed = 0;
    for (const auto& [name, row] : cells_of(next, fresh)) {
      const auto all = persons.find(name);
      if (all == persons.end() || row.denominator.status == FigureStatus::kNoData) continue;
      const std::string then = to_text(before.period) + name.substr(name.find('|'));
      const std::size_t with_case = of_cases.at({then, What::kNumerator});
      const std::int64_t without = all->second - system.truth(with_case);
      const bool is_shown = row.denominator.status == FigureStatus::kShown;
      if (is_shown && row.denominator.value != without) {
        // Shown beside the publication of I-01: so many cases have come since.
        EXPECT_TRUE(live) << name;
        if (system.known(with_case) && is_small(std::abs(row.denominator.value - without)))
          ++changed;
        continue;
      }
      const std::size_t number = system.add("I-02 D " + name, without, is_shown);
      const std::size_t sum = system.add("inhabitants " + name, all->second, true);
      system.add_sum(sum, {number, with_case});
      of_new[{name, What::kDenominator}] = number;
      system.add_bound({{number, 1}, {of_new.at({name, What::kNumerator}), -1}});
    }
    tally.revealed += changed;
    if (live) continue;
    EXPECT_FALSE(system.broken()) << *system.broken();
    ask_counts(system, of_cases, tally);
    ask_counts(system, of_new, tally);
  }
  return tally;
}

TEST(Attacker, FindsNothingInIncidenceBesidePrevalence) {
  const Tally tally = attack_incidence(12, false);
  EXPECT_GT(tally.small, 500);
  EXPECT_EQ(tally.revealed, 0) << tally.first;
  EXPECT_EQ(tally.unclear, 0);
}

TEST(Attacker, BreaksIncidenceThatStandsOnTodaysCases) {
  EXPECT_GT(attack_incidence(6, true).revealed, 0);
}

TEST(Attacker, BreaksASecondRevisionThatIsShownAsIfItWereTheFirst) {
  int revealed = 0;
  for (unsigned seed = 0; seed < 6; ++seed) {
    const std::vector<Country> countries = revisions_of(Indicator::kI08Uptake, seed, 2);
    const Cells then = cells_of(publish(countries[0], {}), countries[0]);
    for (const auto& [name, row] : cells_of(publish(countries[1], {}), countries[1])) {
      const Figure& before = then.at(name).numerator;
      if (before.status != FigureStatus::kShown || row.numerator.status != FigureStatus::kShown)
        continue;
      if (is_small(std::abs(row.numerator.value - before.value))) ++revealed;
    }
  }
  EXPECT_GT(revealed, 0);
}

}  // namespace
}  // namespace kronika::domain
