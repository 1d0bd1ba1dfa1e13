// Publications and their revisions: what two revisions show together tells no small change.
#include <cstdlib>

#include <gtest/gtest.h>

#include <kronika/domain/publication.h>
#include <kronika/domain/table_maker.h>
#include <kronika/refdata/loader.h>

namespace kronika::domain {
namespace {

const Rules& rules() {
  static const auto kRules = refdata::load("data/reference", "data/reference/organisations.csv", 1);
  return **kRules;
}

CellKey cell(Municipality municipality, ProgrammeIndex programme) {
  CellKey key;
  key.indicator = Indicator::kI08Uptake;
  key.period = *parse_quarter("2025Q1");
  key.at.municipality = municipality;
  key.at.programme = programme;
  return key;
}

using Counts = std::map<std::pair<Municipality, ProgrammeIndex>,
                        std::pair<std::int64_t, std::int64_t>>;  // numerator, denominator

Publication published(const Counts& counts) {
  AreaCells cells;
  for (const auto& [at, figures] : counts) {
    CellValue value;
    value.numerator = figures.first;
    value.denominator = figures.second;
    add_cell(cell(at.first, at.second), value, cells);
  }
  const IndicatorInfo& info = *indicator_info(Indicator::kI08Uptake);
  Publication out;
  out.indicator = Indicator::kI08Uptake;
  out.period = {*parse_quarter("2025Q1"), false};
  out.tables = published_tables(rules(), info, {rules(), info, out.period.quarter, cells});
  return out;
}

const PublishedRow& row(const Publication& p, TableKind kind, const std::string& key,
                        const std::string& programme = "") {
  for (const PublishedRow& r : p.table(kind, programme)->rows) {
    if (r.key == key) return r;
  }
  throw std::runtime_error("no row " + key);
}

constexpr Figure shown(std::int64_t value) { return {FigureStatus::kShown, value}; }
constexpr Figure kHidden{FigureStatus::kSuppressed, 0};

PublishedRow nation(Indicator indicator, const CellValue& value) {
  AreaCells cells;
  CellKey key = cell(751, 0);
  key.indicator = indicator;
  add_cell(key, value, cells);
  const PublishedIndicator tables(rules(), *indicator_info(indicator), key.period, cells);
  return tables.total(kNoProgramme);
}

TEST(Published, SatisfactionHasTheMeanOfThoseWhoAnswered) {
  CellValue value;
  value.denominator = 20;
  value.numerator = 8;
  value.sum_thousandths = 8 * 4500;
  PublishedRow row = nation(Indicator::kI22Satisfaction, value);
  EXPECT_EQ(row.rate, (Rate{FigureStatus::kShown, 0.4}));
  EXPECT_EQ(row.mean, (Rate{FigureStatus::kShown, 4.5}));
  value.numerator = 4;
  row = nation(Indicator::kI22Satisfaction, value);
  EXPECT_EQ(row.mean.status, FigureStatus::kSuppressed);
  value.numerator = 0;
  row = nation(Indicator::kI22Satisfaction, value);
  EXPECT_EQ(row.mean.status, FigureStatus::kNoData);
}

TEST(Published, AnOutcomeChangeHasItsPairRate) {
  CellValue value;
  value.denominator = value.numerator = 6;
  value.unknown = 18;
  value.sum_thousandths = -6000;
  PublishedRow row = nation(Indicator::kI21aBmi, value);
  EXPECT_EQ(row.rate, (Rate{FigureStatus::kShown, 0.25}));
  EXPECT_EQ(row.mean, (Rate{FigureStatus::kShown, -1}));
  value.unknown = 3;
  row = nation(Indicator::kI21aBmi, value);
  EXPECT_EQ(row.rate.status, FigureStatus::kSuppressed);
  EXPECT_EQ(row.mean.status, FigureStatus::kShown);
}

TEST(Published, NobodyOfManyIsARateToo) {
  const IndicatorInfo& info = *indicator_info(Indicator::kI02Incidence);
  const Quarter last = *parse_quarter("2026Q1");
  auto residents = std::make_shared<Residents>();
  for (int q = -5; q <= 0; ++q)
    residents->add(last + q, {751, Sex::kFemale, ResidentBand::k45To64}, {1000, 1000});
  TableMaker maker(rules(), {residents, parse_date("2015-01-01")},
                   [&](Indicator indicator, Quarter quarter, bool) -> Result<AreaCells> {
                     AreaCells cells;
                     CellKey key = cell(751, 1);
                     key.indicator = indicator;
                     CellValue value;
                     value.numerator = 10;
                     // Cases of programme 1 alone, and new ones in the last quarter alone.
                     if (indicator == Indicator::kI01Prevalence || quarter == last)
                       add_cell(key, value, cells);
                     return cells;
                   });
  for (const bool rolling : {false, true}) {
    const auto tables = maker.make(info, last, rolling);
    ASSERT_TRUE(tables);
    EXPECT_EQ((*tables)->total(1).denominator, shown(990)) << rolling;
    EXPECT_EQ((*tables)->total(1).rate.status, FigureStatus::kShown) << rolling;
    EXPECT_EQ((*tables)->total(0).denominator, shown(1000)) << rolling;
    EXPECT_EQ((*tables)->total(0).rate, (Rate{FigureStatus::kShown, 0})) << rolling;
  }
}

TEST(PublicationKey, ReadsBackAsItWasWritten) {
  const PublicationPeriod period{*parse_quarter("2025Q1"), true};
  const std::string key = publication_key(Indicator::kI14KolMortality, period, 12);
  EXPECT_EQ(key, "I-14/2025Q1-R/12");
  const auto name = parse_publication_key(key);
  ASSERT_TRUE(name);
  EXPECT_EQ(name->indicator, Indicator::kI14KolMortality);
  EXPECT_EQ(name->period, period);
  EXPECT_EQ(name->revision, 12U);
  for (const char* bad : {"", "I-14", "I-14/2025Q1", "I-99/2025Q1/1", "I-14/2025/1", "I-14/2025Q1/",
                          "I-14/2025Q1/0", "I-14/2025Q1/-1", "I-14/2025Q1/1x"}) {
    EXPECT_FALSE(parse_publication_key(bad)) << bad;
  }
}

TEST(Revise, TheFirstRevisionIsAsItIs) {
  Publication first = published({{{751, 0}, {20, 40}}, {{740, 0}, {10, 30}}});
  EXPECT_TRUE(revise(rules(), first, {}));
  EXPECT_EQ(first.revision, 1U);
  EXPECT_EQ(row(first, TableKind::kMunicipality, "0751").numerator, shown(20));
}

TEST(Revise, NothingNewIsNoRevision) {
  Publication first = published({{{751, 0}, {20, 40}}});
  (void)revise(rules(), first, {});
  Publication again = published({{{751, 0}, {20, 40}}});
  EXPECT_FALSE(revise(rules(), again, {&first, 1}));
}

TEST(Revise, FiveMoreAreShownFourMoreAreNot) {
  Publication first = published({{{751, 0}, {20, 40}}, {{740, 0}, {10, 30}}});
  (void)revise(rules(), first, {});

  Publication five = published({{{751, 0}, {25, 45}}, {{740, 0}, {10, 30}}});
  EXPECT_TRUE(revise(rules(), five, {&first, 1}));
  EXPECT_EQ(five.revision, 2U);
  EXPECT_EQ(row(five, TableKind::kMunicipality, "0751").numerator, shown(25));
  EXPECT_EQ(row(five, TableKind::kNation, "DK").denominator, shown(75));

  Publication four = published({{{751, 0}, {24, 44}}, {{740, 0}, {10, 30}}});
  EXPECT_FALSE(revise(rules(), four, {&first, 1})) << "everything that changes is withheld";
  EXPECT_EQ(row(four, TableKind::kMunicipality, "0751").numerator, kHidden);
  EXPECT_EQ(row(four, TableKind::kMunicipality, "0751").denominator, kHidden);
  EXPECT_EQ(row(four, TableKind::kMunicipality, "0751").rate.status, FigureStatus::kSuppressed);
  EXPECT_EQ(row(four, TableKind::kRegion, "1082").denominator, kHidden);
  EXPECT_EQ(row(four, TableKind::kNation, "DK").denominator, kHidden);
  EXPECT_EQ(four.table(TableKind::kNation, "")->total.denominator, kHidden);
  EXPECT_EQ(row(four, TableKind::kMunicipality, "0740").denominator, shown(30))
      << "what did not change stays";
}

TEST(Revise, OneMoreWhoDidNotIsASmallChangeToo) {
  Publication first = published({{{751, 0}, {20, 40}}});
  (void)revise(rules(), first, {});
  // 5 more in each, but the 20 others became 21.
  Publication next = published({{{751, 0}, {25, 46}}});
  EXPECT_FALSE(revise(rules(), next, {&first, 1}));
  EXPECT_EQ(row(next, TableKind::kMunicipality, "0751").numerator, kHidden);
}

TEST(Revise, WhatWasHiddenStaysHidden) {
  // 0751 is small, 0740 protects it.
  Publication first = published({{{751, 0}, {2, 30}}, {{740, 0}, {10, 30}}, {{760, 0}, {20, 50}}});
  (void)revise(rules(), first, {});
  ASSERT_EQ(row(first, TableKind::kMunicipality, "0751").numerator, kHidden);
  ASSERT_EQ(row(first, TableKind::kMunicipality, "0740").numerator, kHidden);
  Publication next = published({{{751, 0}, {8, 30}}, {{740, 0}, {10, 30}}, {{760, 0}, {20, 50}}});
  (void)revise(rules(), next, {&first, 1});
  EXPECT_EQ(row(next, TableKind::kMunicipality, "0751").numerator, kHidden);
  EXPECT_EQ(row(next, TableKind::kMunicipality, "0740").numerator, kHidden)
      << "10, then as now: its difference would tell the other";
  EXPECT_EQ(row(next, TableKind::kNation, "DK").numerator, shown(38)) << "6 more together";
}

TEST(Revise, HiddenOnesThatChangeALittleTogetherStopTheRest) {
  Publication first = published({{{751, 0}, {2, 30}}, {{740, 0}, {10, 30}}, {{760, 0}, {20, 50}}});
  (void)revise(rules(), first, {});
  ASSERT_EQ(row(first, TableKind::kNation, "DK").numerator, shown(32));
  ASSERT_EQ(row(first, TableKind::kMunicipality, "0760").numerator, shown(20));
  // The nation 7 more, 0760 5 more: the two hidden ones 2 more.
  Publication next = published({{{751, 0}, {4, 30}}, {{740, 0}, {10, 30}}, {{760, 0}, {25, 50}}});
  (void)revise(rules(), next, {&first, 1});
  EXPECT_EQ(row(next, TableKind::kNation, "DK").numerator, kHidden);
  EXPECT_EQ(row(next, TableKind::kMunicipality, "0760").numerator, kHidden);
}

Publication dropouts(std::int64_t women, std::int64_t interrupted, std::int64_t all = 60) {
  AreaCells cells;
  for (const auto sex : {Sex::kMale, Sex::kFemale}) {
    CellKey key = cell(751, 0);
    key.indicator = Indicator::kI10Dropout;
    key.at.sex = sex;
    CellValue value;
    value.numerator = sex == Sex::kFemale ? women : 20;
    value.numerator2 = interrupted;
    value.denominator = all;
    add_cell(key, value, cells);
  }
  Publication out;
  out.indicator = Indicator::kI10Dropout;
  out.period = {*parse_quarter("2025Q1"), false};
  const IndicatorInfo& info = *indicator_info(out.indicator);
  out.tables = published_tables(rules(), info, {rules(), info, out.period.quarter, cells});
  return out;
}

TEST(Revise, TreatsClassesAndSecondFiguresAlike) {
  Publication first = dropouts(12, 15);
  (void)revise(rules(), first, {});
  EXPECT_EQ(row(first, TableKind::kSex, "FEMALE").numerator, shown(12));
  EXPECT_EQ(row(first, TableKind::kSex, "FEMALE").second, shown(15));

  Publication little = dropouts(14, 15);
  EXPECT_FALSE(revise(rules(), little, {&first, 1}));
  EXPECT_EQ(row(little, TableKind::kSex, "FEMALE").numerator, kHidden);
  EXPECT_EQ(row(little, TableKind::kNation, "DK").numerator, kHidden);
  EXPECT_EQ(row(little, TableKind::kSex, "MALE").numerator, shown(20));

  Publication second = dropouts(12, 16);
  EXPECT_FALSE(revise(rules(), second, {&first, 1}));
  EXPECT_EQ(row(second, TableKind::kSex, "MALE").second, kHidden);
  EXPECT_EQ(row(second, TableKind::kSex, "MALE").second_rate.status, FigureStatus::kSuppressed);
  EXPECT_EQ(row(second, TableKind::kSex, "MALE").numerator, shown(20));

  // Each grows by 5 and the denominator by 12: those of neither by 2.
  Publication rest = dropouts(17, 20, 72);
  EXPECT_FALSE(revise(rules(), rest, {&first, 1}));
  Publication many = dropouts(20, 25, 90);
  EXPECT_TRUE(revise(rules(), many, {&first, 1}));
  EXPECT_EQ(row(many, TableKind::kSex, "FEMALE").second, shown(25));
}

TEST(Revise, AddsNoTableThatAnEarlierRevisionDoesNotHave) {
  Publication first = dropouts(12, 15);
  std::erase_if(first.tables, [](const PublishedTable& t) { return t.kind == TableKind::kSex; });
  Publication next = dropouts(30, 30, 100);
  EXPECT_TRUE(revise(rules(), next, {&first, 1}));
  EXPECT_EQ(next.table(TableKind::kSex, ""), nullptr);
  EXPECT_NE(next.table(TableKind::kAgeBand, ""), nullptr);

  first = dropouts(12, 15);
  for (PublishedTable& t : first.tables) {
    for (PublishedRow& r : t.rows) r.second = {}, r.second_rate = {};
    t.total.second = {}, t.total.second_rate = {};
  }
  next = dropouts(30, 30, 100);
  EXPECT_TRUE(revise(rules(), next, {&first, 1}));
  EXPECT_EQ(row(next, TableKind::kSex, "MALE").second, Figure{});
}

TEST(Revise, LooksBackAtEveryRevision) {
  std::vector<Publication> all;
  all.push_back(published({{{751, 0}, {20, 40}}, {{740, 0}, {10, 30}}}));
  (void)revise(rules(), all[0], {});
  all.push_back(published({{{751, 0}, {30, 50}}, {{740, 0}, {10, 30}}}));
  ASSERT_TRUE(revise(rules(), all[1], {all.data(), 1}));
  // 6 less than the second revision, 4 more than the first.
  Publication third = published({{{751, 0}, {24, 44}}, {{740, 0}, {10, 30}}});
  (void)revise(rules(), third, all);
  EXPECT_EQ(third.revision, 3U);
  EXPECT_EQ(row(third, TableKind::kMunicipality, "0751").numerator, kHidden);
}

TEST(Revise, TellsNoSmallChangeOfACellOrOfAllThatIsHidden) {
  constexpr std::array<Municipality, 6> kPlaces{101, 147, 740, 751, 760, 851};
  for (unsigned seed = 1; seed <= 300; ++seed) {
    unsigned state = seed * 2654435761U;
    const auto random = [&state](unsigned below) {
      state = state * 1664525U + 1013904223U;
      return (state >> 8) % below;
    };
    Counts before;
    for (const Municipality m : kPlaces) {
      for (ProgrammeIndex p = 0; p < 2; ++p) {
        const std::int64_t n = random(30);
        before[{m, p}] = {n == 0 ? 0 : random(static_cast<unsigned>(n) + 1), n};
      }
    }
    Counts after = before;
    for (unsigned i = 0; i < 1 + random(3); ++i) {
      auto& [numerator, denominator] =
          after[{kPlaces[random(kPlaces.size())], static_cast<ProgrammeIndex>(random(2))}];
      const std::int64_t more = 1 + random(3);
      denominator += more;
      numerator += random(2) == 0 ? 0 : more;
    }
    Publication first = published(before);
    (void)revise(rules(), first, {});
    Publication next = published(after);
    (void)revise(rules(), next, {&first, 1});
    for (const PublishedTable& table : next.tables) {
      const PublishedTable* then = first.table(table.kind, table.programme);
      ASSERT_NE(then, nullptr) << seed;
      for (std::size_t i = 0; i < table.rows.size(); ++i) {
        const auto check = [&](const Figure& a, const Figure& b, const char* what) {
          if (a.status != FigureStatus::kShown || b.status != FigureStatus::kShown) return;
          EXPECT_FALSE(is_small(std::abs(b.value - a.value)))
              << "seed " << seed << " " << table.rows[i].key << " " << what << " " << a.value
              << " -> " << b.value;
        };
        check(then->rows[i].numerator, table.rows[i].numerator, "numerator");
        check(then->rows[i].denominator, table.rows[i].denominator, "denominator");
      }
    }
    const auto& municipalities = next.table(TableKind::kMunicipality, "")->rows;
    const auto& earlier = first.table(TableKind::kMunicipality, "")->rows;
    std::int64_t known = 0;
    bool all = true;
    for (std::size_t i = 0; i < municipalities.size(); ++i) {
      if (municipalities[i].denominator.status != FigureStatus::kShown ||
          earlier[i].denominator.status != FigureStatus::kShown) {
        all = false;
        continue;
      }
      known += municipalities[i].denominator.value - earlier[i].denominator.value;
    }
    const Figure& nation_then = first.table(TableKind::kNation, "")->total.denominator;
    const Figure& nation_now = next.table(TableKind::kNation, "")->total.denominator;
    if (!all && nation_then.status == FigureStatus::kShown &&
        nation_now.status == FigureStatus::kShown) {
      EXPECT_FALSE(is_small(std::abs(nation_now.value - nation_then.value - known)))
          << "seed " << seed << ": the hidden municipalities together";
    }
  }
}

TEST(Rolling, IsTheSumOfWhatTheQuartersShow) {
  std::array<Publication, 5> quarters;
  for (std::size_t q = 0; q < quarters.size(); ++q) {
    quarters[q] = published({{{751, 0}, {20 + static_cast<std::int64_t>(q), 40}},
                             {{740, 0}, {10, 30}},
                             {{760, 0}, {q == 2 ? 2 : 15, 50}}});
  }
  const auto tables =
      rolling_tables(*indicator_info(Indicator::kI08Uptake),
                     {&quarters[0], &quarters[1], &quarters[2], &quarters[3], &quarters[4]});
  Publication rolling;
  rolling.tables = tables;
  EXPECT_EQ(row(rolling, TableKind::kMunicipality, "0751").numerator, shown(21 + 22 + 23 + 24));
  EXPECT_EQ(row(rolling, TableKind::kMunicipality, "0751").denominator, shown(160));
  EXPECT_NEAR(row(rolling, TableKind::kMunicipality, "0751").rate.value, 90.0 / 160, 1e-12);
  EXPECT_EQ(row(rolling, TableKind::kMunicipality, "0760").numerator, kHidden)
      << "one quarter hides it";
  EXPECT_EQ(row(rolling, TableKind::kMunicipality, "0101").denominator, shown(0));
}

}  // namespace
}  // namespace kronika::domain
