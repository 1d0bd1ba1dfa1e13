// A small country of people at random, the cells that its tables show, and which of them add up to
// which: what an attacker knows before he reads a figure.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <kronika/domain/published_table.h>

namespace kronika::domain::attack {

// Two regions that merge at 2027, one that stays, six municipalities, three programmes.
inline Rules small_country() {
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

inline std::string place(const std::string& period, const std::string& area,
                         const std::string& programme, const std::string& facet = "") {
  return period + "|" + area + "|" + programme + "|" + facet;
}

struct Country {
  Rules rules = small_country();
  IndicatorInfo info;
  Quarter first = *parse_quarter("2025Q4");
  std::array<AreaCells, kQuarters> cells;
  Cells shown;
  std::map<std::string, CellValue> truth;
  std::map<std::tuple<int, Municipality, Sex, AgeBand>, std::int64_t> units;  ///< quarter's number

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

inline std::string table_of(Facet facet) {
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
inline std::string class_name(FacetValue value) {
  return table_of(value.facet) + "=" + std::string(key_of(value, small_country()));
}

// Units of one kind: in the quarter's cells, and in the truth of each cell and period that counts
// them.
inline void add_units(Country& country, int q, std::size_t m, const CellKey& key,
                      const CellValue& value) {
  add_cell(key, value, country.cells[static_cast<std::size_t>(q)]);
  country.units[{q, key.at.municipality, key.at.sex, key.at.age}] +=
      std::max(value.numerator, value.denominator + value.unknown + value.excluded);
  const std::string period = to_text(key.period);
  const std::string programme =
      country.info.by_programme ? country.rules.programmes[key.at.programme].id : std::string();
  const std::string municipality = kMunicipalities[std::min(m, std::size_t{6})];
  const FacetValue classes[] = {{Facet::kLevel, key.at.level},
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

// People at random, few enough that most cells are small.
inline void populate(Country& country, unsigned seed, unsigned units, bool quarters_of_zero) {
  std::mt19937 random(seed);
  const auto pick = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  const unsigned skew = 1 + pick(4);
  for (int q = 0; q < kQuarters; ++q) {
    if (quarters_of_zero && pick(5) == 0) continue;
    for (unsigned u = 0; u < units; ++u) {
      CellKey key;
      key.indicator = country.info.indicator;
      key.period = country.first + q;
      std::size_t m = std::min(pick(7), pick(7 + skew));
      // Who lives nowhere in Denmark is no case of them.
      if (country.info.population != PopulationBase::kNone) m = std::min(m, std::size_t{5});
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
      add_units(country, q, m, key, value);
    }
  }
}

// The cell that a row of a table shows.
inline std::string place_of(const std::string& period, TableKind table,
                            const std::string& programme, const PublishedRow& row) {
  const std::string facet = table_of(facet_of(table));
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
  return place(period, area, programme, by);
}

enum class What { kNumerator, kDenominator, kSecond, kUnknown, kExcluded };
constexpr What kEverything[] = {What::kNumerator, What::kDenominator, What::kSecond, What::kUnknown,
                                What::kExcluded};

inline const Figure& figure_of(const PublishedRow& row, What what) {
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
inline std::int64_t value_of(const CellValue& value, What what) {
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
inline bool is_part(const std::string& name, What what) {
  return what == What::kNumerator || name.find("|REASON=") == std::string::npos;
}

// Which cells add up to which: what every reader of the documentation knows.
inline std::vector<std::pair<std::string, std::vector<std::string>>> sums(const Country& country) {
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

}  // namespace kronika::domain::attack
