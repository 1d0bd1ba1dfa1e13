// What the figures of care show on a day, and from one day to the next (domain.md 7.5, 11).
#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include <kronika/domain/care_figures.h>
#include <kronika/domain/suppression.h>
#include <kronika/refdata/loader.h>

namespace kronika::domain {
namespace {

const Rules& rules() {
  static const auto kRules = refdata::load("data/reference", "data/reference/organisations.csv", 1);
  return **kRules;
}

constexpr Municipality kAarhus = 751;      // 1082
constexpr Municipality kCopenhagen = 101;  // 1084
const CivilDate kDay = *parse_date("2026-05-04");

/// A citizen whose pathway was referred so many days ago.
class Referred {
 public:
  Referred(Municipality municipality, const std::string& programme, int days) {
    state_.episodes.emplace_back();
    state_.episodes.back().programme = rules().programme(programme);
    state_.episodes.back().wait_clock = start_of_day(kDay - days);
    evaluation_.municipality = municipality;
    evaluation_.pathways.emplace_back();
    evaluation_.pathways.back().programme = rules().programme(programme);
    evaluation_.pathways.back().current = true;
    evaluation_.pathways.back().state = State::kReferred;
  }
  void count(CareCounts& counts, int times = 1) const {
    for (int i = 0; i < times; ++i) counts.add(state_, evaluation_, start_of_day(kDay));
  }
  CitizenState& state() { return state_; }

 private:
  CitizenState state_;
  Evaluation evaluation_;
};

const CareCell& at(const std::vector<CareCell>& cells, const std::string& days,
                   const std::string& region, const std::string& programme) {
  for (const CareCell& cell : cells) {
    if (cell.key == CareKey{"visitation", days, region, programme}) return cell;
  }
  throw std::runtime_error("no such cell");
}

TEST(CareCounts, CountsByRegionAndClassAndByProgramme) {
  CareCounts counts(rules(), kDay);
  Referred(kAarhus, "KOL", 3).count(counts, 40);
  Referred(kAarhus, "T2D", 20).count(counts, 30);
  Referred(kCopenhagen, "KOL", 20).count(counts, 20);
  Referred(0, "KOL", 40).count(counts, 10);
  const auto cells = counts.cells();
  EXPECT_EQ(at(cells, "0-14", "1082", "all").count, 40);
  EXPECT_EQ(at(cells, "15-30", "1082", "all").count, 30);
  EXPECT_EQ(at(cells, "15-30", "1084", "all").count, 20);
  EXPECT_EQ(at(cells, "15-30", "all", "all").count, 50);
  EXPECT_EQ(at(cells, "31+", "UNKNOWN", "all").count, 10);
  EXPECT_EQ(at(cells, "all", "all", "KOL").count, 70);
  EXPECT_EQ(at(cells, "all", "all", "T2D").count, 30);
  EXPECT_EQ(at(cells, "all", "all", "all").count, 100);
  for (const CareCell& cell : cells) EXPECT_FALSE(cell.hidden && cell.count >= 5) << cell.count;
}

TEST(CareCounts, LeavesTheCanaryOut) {
  CareCounts counts(rules(), kDay);
  Referred canary(kAarhus, "KOL", 3);
  canary.state().canary = true;
  canary.count(counts, 10);
  EXPECT_EQ(at(counts.cells(), "all", "all", "all").count, 0);
}

TEST(CareCounts, HidesASmallCountAndWhatWouldGiveItAway) {
  CareCounts counts(rules(), kDay);
  Referred(kAarhus, "KOL", 3).count(counts, 40);
  Referred(kCopenhagen, "KOL", 3).count(counts, 3);
  const auto cells = counts.cells();
  EXPECT_TRUE(at(cells, "0-14", "1084", "all").hidden) << "small";
  EXPECT_TRUE(at(cells, "0-14", "1082", "all").hidden) << "the class less it is the small one";
}

// What a day shows, before it is rounded, leaves no small count to be told by adding and
// subtracting along its lines: classes of days by region, and programmes.
TEST(CareCountsProperty, NoLineOfADayGivesASmallCountAway) {
  const std::vector<Municipality> places{751, 101, 851, 461, 265, 0};
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    CareCounts counts(rules(), kDay);
    for (int i = 0; i < 40; ++i) {
      Referred(places[random() % places.size()], random() % 3 == 0 ? "T2D" : "KOL",
               static_cast<int>(random() % 40))
          .count(counts, static_cast<int>(random() % 9));
    }
    std::map<std::string, std::vector<CareCell>> lines;  // their totals among them
    for (const CareCell& cell : counts.cells()) {
      if (cell.key.timer != "visitation") continue;
      if (!cell.hidden) {
        EXPECT_FALSE(is_small(cell.count));
      }
      const bool nation = cell.key.region == CareKey::kAll;
      const bool total =
          nation && cell.key.days == CareKey::kAll && cell.key.programme == CareKey::kAll;
      if (cell.key.days != CareKey::kAll) lines["regions of " + cell.key.days].push_back(cell);
      if (nation && cell.key.programme == CareKey::kAll) lines["classes"].push_back(cell);
      if (cell.key.programme != CareKey::kAll || total) lines["programmes"].push_back(cell);
    }
    ASSERT_EQ(lines.size(), 5U);
    for (const auto& [name, cells] : lines) {
      const auto hidden = std::count_if(cells.begin(), cells.end(),
                                        [](const CareCell& cell) { return cell.hidden; });
      EXPECT_NE(hidden, 1) << name << ": the one is what the others leave";
    }
  }
}

TEST(CareCounts, FollowsTheRegionsOfTheDay) {
  const CareCounts after(rules(), *parse_date("2027-01-01"));
  std::set<std::string> regions;
  for (const CareCell& cell : after.cells()) regions.insert(cell.key.region);
  EXPECT_EQ(regions, (std::set<std::string>{"1081", "1082", "1083", "OEST", "UNKNOWN", "all"}));
}

TEST(CareCounts, HasABoundedNumberOfCells) {
  // docs/operations.md: the gateway's budget is 1,500 series in all.
  EXPECT_LE(CareCounts(rules(), kDay).cells().size(), 330U);
}

std::optional<std::int64_t> served(std::int64_t count, bool hidden = false) {
  return moved(nullptr, {{}, count, hidden}).served();
}

TEST(StandingFigure, IsRoundedToFiveAndBelowFiveIsNotServed) {
  for (std::int64_t count = 0; count < 5; ++count) EXPECT_FALSE(served(count)) << count;
  EXPECT_EQ(served(5), 5);
  EXPECT_EQ(served(7), 5);
  EXPECT_EQ(served(8), 10);
  EXPECT_EQ(served(12), 10);
  EXPECT_EQ(served(1003), 1005);
  EXPECT_FALSE(served(1003, true));
}

TEST(StandingFigure, MovesOnlyWhenTheCountHasMovedByFive) {
  StandingFigure figure = moved(nullptr, {{}, 22, false});
  EXPECT_EQ(figure.served(), 20);
  // Plain rounding would show each of these as 25.
  for (const std::int64_t count : {23, 22, 24, 26}) {
    figure = moved(&figure, {{}, count, false});
    EXPECT_EQ(figure.served(), 20) << count;
  }
  figure = moved(&figure, {{}, 27, false});
  EXPECT_EQ(figure.served(), 25);
}

TEST(StandingFigure, RemembersAcrossDaysOnWhichItIsHidden) {
  StandingFigure figure = moved(nullptr, {{}, 22, false});
  figure = moved(&figure, {{}, 23, true});
  EXPECT_FALSE(figure.served());
  figure = moved(&figure, {{}, 24, false});
  EXPECT_EQ(figure.served(), 20);
}

// Whoever writes down every day's figures: each change stands for five people or more, what is
// served is never small, and stays near the count.
TEST(StandingFigureProperty, TwoDaysNeverDifferByFewerThanFivePeople) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    std::int64_t count = static_cast<std::int64_t>(random() % 40);
    std::optional<StandingFigure> figure;
    for (int day = 0; day < 100; ++day) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " day " + std::to_string(day));
      count = std::max<std::int64_t>(0, count + static_cast<std::int64_t>(random() % 7) - 3);
      const std::optional<StandingFigure> before = figure;
      figure = moved(before ? &*before : nullptr, {{}, count, is_small(count)});
      EXPECT_LT(std::abs(count - figure->basis), 5);
      if (!before || before->basis == figure->basis) continue;
      EXPECT_GE(std::abs(count - before->basis), 5);
    }
    // So a figure that differs from the last one stands for a count that has moved by five since.
    for (int hidden = 0; hidden < 2; ++hidden) {
      const StandingFigure same{figure->basis, hidden != 0};
      EXPECT_EQ(same.served().has_value(), hidden == 0 && same.basis >= 5);
      if (same.served()) {
        EXPECT_LE(std::abs(*same.served() - same.basis), 2);
      }
    }
  }
}

}  // namespace
}  // namespace kronika::domain
