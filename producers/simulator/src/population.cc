#include "population.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace kronika::simulator {
namespace {

using namespace domain;

struct Inhabitants {
  Municipality code;
  double thousands;
};
// Rounded to thousands round 2024; weights for drawing, not statistics.
constexpr std::array<Inhabitants, 98> kInhabitants{
    {{101, 659}, {147, 105}, {151, 51}, {153, 40},  {155, 15},  {157, 75},  {159, 70},  {161, 24},
     {163, 30},  {165, 28},  {167, 53}, {169, 57},  {173, 58},  {175, 44},  {183, 24},  {185, 43},
     {187, 17},  {190, 42},  {201, 26}, {210, 42},  {217, 64},  {219, 55},  {223, 25},  {230, 58},
     {240, 45},  {250, 46},  {253, 52}, {259, 63},  {260, 31},  {265, 91},  {269, 25},  {270, 42},
     {306, 33},  {316, 74},  {320, 37}, {326, 48},  {329, 36},  {330, 80},  {336, 24},  {340, 31},
     {350, 29},  {360, 40},  {370, 84}, {376, 60},  {390, 46},  {400, 39},  {410, 40},  {420, 41},
     {430, 52},  {440, 24},  {450, 32}, {461, 209}, {479, 60},  {480, 30},  {482, 12},  {492, 6},
     {510, 55},  {530, 27},  {540, 74}, {550, 36},  {561, 116}, {563, 3.4}, {573, 50},  {575, 43},
     {580, 59},  {607, 52},  {615, 97}, {621, 95},  {630, 121}, {657, 90},  {661, 59},  {665, 19},
     {671, 21},  {706, 44},  {707, 37}, {710, 50},  {727, 24},  {730, 100}, {740, 101}, {741, 3.7},
     {746, 66},  {751, 367}, {756, 43}, {760, 56},  {766, 48},  {773, 20},  {779, 44},  {787, 43},
     {791, 98},  {810, 36},  {813, 58}, {820, 36},  {825, 1.8}, {840, 31},  {846, 41},  {849, 38},
     {851, 224}, {860, 62}}};

struct AgeGroup {
  int from, to;
  double share;          // of the population
  double deaths_a_year;  // of the group
};
constexpr std::array<AgeGroup, 7> kAges{{{0, 17, 0.195, 0.0002},
                                         {18, 29, 0.152, 0.0005},
                                         {30, 44, 0.184, 0.001},
                                         {45, 64, 0.262, 0.004},
                                         {65, 74, 0.109, 0.015},
                                         {75, 84, 0.075, 0.045},
                                         {85, 100, 0.023, 0.15}}};

/// Share of each age group that lives with the disease (docs/simulation.md says where from).
struct Prevalence {
  std::string_view programme;
  std::array<double, 7> share;
  double men;  // relative to women
};
constexpr std::array<Prevalence, 13> kPrevalence{{
    {"KOL", {0, 0, 0.005, 0.03, 0.09, 0.12, 0.11}, 1.0},
    {"T2D", {0, 0.002, 0.015, 0.065, 0.14, 0.16, 0.14}, 1.3},
    {"T1D", {0.002, 0.004, 0.005, 0.006, 0.006, 0.004, 0.002}, 1.2},
    {"HEART_IHD", {0, 0, 0.003, 0.03, 0.09, 0.14, 0.16}, 1.8},
    {"HEART_HF", {0, 0, 0.001, 0.008, 0.03, 0.07, 0.12}, 1.4},
    {"HEART_ARR", {0.001, 0.002, 0.004, 0.015, 0.055, 0.12, 0.16}, 1.3},
    {"HEART_VALVE", {0.001, 0.001, 0.001, 0.004, 0.015, 0.03, 0.05}, 1.1},
    {"CANCER", {0.001, 0.003, 0.01, 0.03, 0.075, 0.10, 0.10}, 1.0},
    {"LBP", {0.001, 0.015, 0.04, 0.07, 0.07, 0.07, 0.06}, 0.9},
    {"MSK", {0.001, 0.005, 0.012, 0.05, 0.11, 0.14, 0.13}, 0.7},
    {"DEMENTIA", {0, 0, 0, 0.002, 0.015, 0.06, 0.15}, 0.9},
    {"SCZ", {0, 0.005, 0.008, 0.008, 0.005, 0.003, 0.001}, 1.3},
    {"ABI", {0.001, 0.001, 0.002, 0.006, 0.015, 0.022, 0.03}, 1.2},
}};

struct Education {
  std::string_view code;
  double share;
};
constexpr std::array<Education, 8> kEducation{{{"10", 0.22},
                                               {"20", 0.08},
                                               {"35", 0.33},
                                               {"40", 0.06},
                                               {"50", 0.16},
                                               {"60", 0.03},
                                               {"65", 0.11},
                                               {"70", 0.01}}};

std::size_t age_group(int age) {
  for (std::size_t i = 0; i + 1 < kAges.size(); ++i) {
    if (age <= kAges[i].to) return i;
  }
  return kAges.size() - 1;
}

}  // namespace

Timeline timeline_of(const Options& options) {
  const CivilDate to = civil_date_of(options.end);
  const YearMonthDay last = year_month_day(to);
  const int months = last.year * 12 + last.month - 1 - options.months;
  // The same day some months earlier, or the last day that such a month has.
  std::optional<CivilDate> from;
  for (int day = last.day; !from; --day) from = civil_date(months / 12, months % 12 + 1, day);
  return {*from, to, options.end};
}

Municipality Citizen::municipality_on(CivilDate date) const {
  Municipality m = home;
  for (const Move& move : moves) {
    if (move.on <= date) m = move.to;
  }
  return m;
}

Providers::Providers(const Rules& rules, CivilDate on) {
  std::map<std::string, std::vector<std::string>, std::less<>> by_region;
  for (const Organisation& o : rules.organisations) {
    if (!o.validity.contains(on)) continue;
    if (o.sector == Sector::kMunicipality) municipal_[o.municipality].push_back(o.sor_id);
    if (o.sector == Sector::kGp) practices_[o.municipality].push_back(o.sor_id);
    if (o.sector == Sector::kHospital) {
      by_region[std::string(rules.region_of(o.municipality, on))].push_back(o.sor_id);
    }
    if (o.sector == Sector::kPrivate && register_.empty()) register_ = o.sor_id;
  }
  if (register_.empty() && !rules.organisations.empty()) register_ = rules.organisations[0].sor_id;
  for (const MunicipalityRow& m : rules.municipalities) {
    hospitals_[m.code] = by_region[std::string(rules.region_of(m.code, on))];
  }
}

const std::string& Providers::pick(const ByPlace& places, Municipality m,
                                   std::uint32_t choice) const {
  const auto found = places.find(m);
  if (found == places.end() || found->second.empty()) return register_;
  return found->second[choice % found->second.size()];
}

const std::string& Providers::municipal(Municipality m) const {
  // The last one of the register: the first rows may be those of test scenarios.
  const auto found = municipal_.find(m);
  return found == municipal_.end() ? register_ : found->second.back();
}

const std::string& Providers::practice(Municipality m, std::uint32_t citizen) const {
  return pick(practices_, m, citizen);
}

const std::string& Providers::hospital(Municipality m, std::uint32_t choice) const {
  return pick(hospitals_, m, choice);
}

Population::Population(const Rules& rules, const Options& options)
    : rules_(rules),
      timeline_(timeline_of(options)),
      seed_(options.seed),
      first_identifier_(Random(options.seed).next() % 100'000'000) {
  for (const Inhabitants& row : kInhabitants) {
    places_.push_back(row.code);
    inhabitants_.push_back(row.thousands);
  }
}

Citizen Population::citizen(std::uint32_t index) const {
  Random random(seed_, index, 1);
  Citizen c;
  c.index = index;
  char digits[16];
  std::snprintf(digits, sizeof digits, "99%08llu",
                static_cast<unsigned long long>((first_identifier_ + index) % 100'000'000));
  c.identifier = digits;
  std::array<double, kAges.size()> shares{};
  for (std::size_t i = 0; i < kAges.size(); ++i) shares[i] = kAges[i].share;
  const AgeGroup& ages = kAges[random.pick(shares)];
  const int age = random.between(ages.from, ages.to);
  c.birth = timeline_.from - (age * 365 + age / 4 + random.between(0, 364));
  // Women live longer.
  c.sex = random.chance(age >= 75 ? 0.43 : 0.5) ? Sex::kMale : Sex::kFemale;
  c.home = places_[random.pick(inhabitants_)];
  if (age >= 18) {
    std::array<double, kEducation.size()> weights{};
    for (std::size_t i = 0; i < kEducation.size(); ++i) weights[i] = kEducation[i].share;
    if (random.chance(0.95)) c.education = kEducation[random.pick(weights)].code;
  }
  draw_diseases(c, random);
  draw_fate(c, random);
  return c;
}

void Population::draw_diseases(Citizen& c, Random& random) const {
  const int age = age_on(c.birth, timeline_.from);
  const std::size_t group = age_group(age);
  // Less schooling, more chronic disease (VIDEN): seen as a gap between education groups.
  const bool low = rules_.education_group(c.education) == EducationGroup::kLow;
  const double years = timeline_.days() / 365.0;
  for (const Prevalence& row : kPrevalence) {
    double share = row.share[group] * (low ? 1.2 : 0.85);
    share *= c.sex == Sex::kMale ? 2 * row.men / (1 + row.men) : 2 / (1 + row.men);
    // A tenth of those who have it got it in the last year: about the ratio of incidence.
    const bool has = random.chance(share);
    const bool gets = random.chance(share * 0.1 * years);
    if (!has && !gets) continue;
    const CivilDate since = has ? timeline_.from - random.between(30, 9 * 365)
                                : timeline_.from + random.between(0, timeline_.days() - 1);
    const auto add = [&](std::string_view id) {
      const ProgrammeIndex p = rules_.programme(id);
      if (p != kNoProgramme && since > c.birth) c.diseases.push_back({p, since});
    };
    if (row.programme == "CANCER") {
      add("CANCER_REHAB");
      add("CANCER_FOLLOWUP");
    } else {
      add(row.programme);
    }
  }
}

void Population::draw_fate(Citizen& c, Random& random) const {
  const int age = age_on(c.birth, timeline_.from);
  const double years = timeline_.days() / 365.0;
  const double frail = c.diseases.size() >= 2 ? 2.0 : c.diseases.empty() ? 0.7 : 1.2;
  if (random.chance(std::min(0.9, kAges[age_group(age)].deaths_a_year * frail * years))) {
    c.death = timeline_.from + random.between(0, timeline_.days() - 1);
  }
  if (random.chance(std::min(0.5, 0.03 * years))) {
    c.moves.push_back({timeline_.from + random.between(0, timeline_.days() - 1),
                       places_[random.pick(inhabitants_)]});
    if (c.moves.back().to == c.home) c.moves.clear();
  }
}

}  // namespace kronika::simulator
