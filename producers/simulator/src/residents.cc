#include "population.h"

#include <array>
#include <cstdio>
#include <map>
#include <ostream>
#include <string>
#include <tuple>

#include <kronika/simulator/simulator.h>

namespace kronika::simulator {

using namespace domain;

namespace {

/// Bands of domain.md 0.2, the first one split for I-19.
std::string_view band_of(int age) {
  struct Band {
    int last;
    std::string_view name;
  };
  constexpr std::array<Band, 7> kBands{{{14, "0-14"},
                                        {17, "15-17"},
                                        {29, "18-29"},
                                        {44, "30-44"},
                                        {64, "45-64"},
                                        {74, "65-74"},
                                        {84, "75-84"}}};
  for (const Band& band : kBands) {
    if (age <= band.last) return band.name;
  }
  return "85+";
}

struct Count {
  std::uint32_t first_day = 0;
  std::uint32_t last_day = 0;
};

}  // namespace

void write_residents(const Rules& rules, const Options& options, std::ostream& out) {
  const Population population(rules, options);
  const Timeline& timeline = population.timeline();
  std::map<std::tuple<Quarter, Municipality, Sex, std::string_view>, Count> counts;
  const auto lives = [](const Citizen& c, CivilDate day) {
    return c.birth <= day && !(c.death && *c.death <= day);
  };
  for (std::uint32_t i = 0; i < options.citizens; ++i) {
    const Citizen c = population.citizen(i);
    for (Quarter q = quarter_of(timeline.from); q <= quarter_of(timeline.to); q = q + 1) {
      const auto cell = [&](CivilDate day) -> Count& {
        return counts[{q, c.municipality_on(day), c.sex, band_of(age_on(c.birth, day))}];
      };
      if (lives(c, first_day(q))) ++cell(first_day(q)).first_day;
      if (lives(c, last_day(q))) ++cell(last_day(q)).last_day;
    }
  }
  out << "municipality,sex,age_band,quarter,residents_first_day,residents_last_day\n";
  for (const auto& [at, count] : counts) {
    const auto& [quarter, municipality, sex, band] = at;
    char code[8];
    std::snprintf(code, sizeof code, "%04d", static_cast<int>(municipality));
    out << code << ',' << (sex == Sex::kMale ? 'M' : 'F') << ',' << band << ',' << to_text(quarter)
        << ',' << count.first_day << ',' << count.last_day << '\n';
  }
}

}  // namespace kronika::simulator
