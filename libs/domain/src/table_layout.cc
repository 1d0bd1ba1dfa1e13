#include "table_layout.h"

#include <algorithm>

namespace kronika::domain {
namespace {

constexpr std::string_view kUnknownArea = "UNKNOWN";
constexpr std::string_view kNationCode = "DK";
/// Units without a programme where others have one; no table names this plane.
constexpr ProgrammeIndex kUnnamed = 0xfd;

std::string four_digits(Municipality code) {
  std::string text = std::to_string(code);
  return std::string(text.size() < 4 ? 4 - text.size() : 0, '0') + text;
}

// What stands in the row of a class.
std::string class_name(FacetValue value, const Rules& rules) {
  if (value.facet == Facet::kReason && value.value >= 1 && value.value <= rules.stop_reasons.size())
    return rules.stop_reasons[value.value - 1U].name;
  std::string text(key_of(value));
  if (value.facet == Facet::kSet) return value.value == 0 ? "unknown" : text;
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (value.facet == Facet::kLevel) return "level " + text;
  if (value.facet == Facet::kEducation) return "education " + text;
  if (value.facet == Facet::kAgeBand) return "age " + text;
  if (value.facet == Facet::kReason) return "reason unknown";
  return text;
}

bool counts_towards(PopulationBase base, ResidentBand band) {
  switch (base) {
    case PopulationBase::kNone:
      return false;
    case PopulationBase::kLastDay:
    case PopulationBase::kFirstDayWithoutCase:
      return true;
    case PopulationBase::kFirstDayFrom15:
      return band >= ResidentBand::k15To17;
    case PopulationBase::kFirstDayFrom65:
      return band >= ResidentBand::k65To74;
  }
  return false;
}

}  // namespace

TableLayout::TableLayout(const Rules& rules, const IndicatorInfo& info, Quarter quarter,
                         const std::vector<ProgrammeIndex>& programmes, bool unnamed) {
  const CivilDate date = last_day(quarter);
  std::map<std::string, std::pair<std::string, std::string>> municipalities;  // name, region
  for (const MunicipalityRow& row : rules.municipalities) {
    if (row.code != 0 && row.validity.contains(date))
      municipalities[four_digits(row.code)] = {row.name, row.region};
  }
  std::map<std::string, std::string> regions;
  for (const Region& row : rules.regions) {
    if (row.validity.contains(date)) regions[row.code] = row.name;
  }
  const auto add = [&](AreaKind kind, std::string code, std::string name, std::string region) {
    if (kind == AreaKind::kMunicipality) municipality_by_code_[code] = areas_.size();
    if (kind == AreaKind::kRegion) region_by_code_[code] = areas_.size();
    areas_.push_back({kind, std::move(code), std::move(name), std::move(region)});
  };
  for (auto& [code, row] : municipalities) {
    const bool known = regions.contains(row.second);
    add(AreaKind::kMunicipality, code, row.first, known ? row.second : std::string(kUnknownArea));
  }
  // A cell of a municipality that the list does not hold is counted with UNKNOWN, never lost.
  add(AreaKind::kMunicipality, std::string(kUnknownArea), "unknown", std::string(kUnknownArea));
  first_region_ = areas_.size();
  for (auto& [code, name] : regions) add(AreaKind::kRegion, code, name, "");
  add(AreaKind::kRegion, std::string(kUnknownArea), "unknown", "");
  areas_.push_back({AreaKind::kNation, std::string(kNationCode), "Danmark", ""});

  for (const ProgrammeIndex p : programmes) {
    planes_.emplace_back(p < rules.programmes.size() ? rules.programmes[p].id : std::to_string(p),
                         p);
  }
  if (unnamed) planes_.emplace_back("-", kUnnamed);
  std::sort(planes_.begin(), planes_.end());
  planes_.emplace_back("", kNoProgramme);

  const std::vector<TableKind> tables = tables_of(info);
  for (const FacetValue value : facet_values()) {
    const bool served = std::any_of(tables.begin(), tables.end(),
                                    [&](TableKind t) { return facet_of(t) == value.facet; });
    if (served) facets_.push_back(value);
  }
  if (detail_facet(info.indicator) == Facet::kReason) {
    for (const FacetValue value : reason_values(rules)) facets_.push_back(value);
  }
  for (const FacetValue value : facets_) {
    facet_names_.emplace_back(key_of(value, rules), class_name(value, rules));
    if (!is_detail(value.facet)) ++region_facets_;
  }

  for (std::size_t plane = 0; plane < planes_.size(); ++plane) {
    for (std::size_t area = 0; area < areas_.size(); ++area) places_.push_back({area, plane});
  }
  for (std::size_t plane = 0; plane < planes_.size(); ++plane) {
    for (std::size_t f = 0; f < facets_.size(); ++f) places_.push_back({nation(), plane, f});
  }
  for (std::size_t region = first_region_; region < nation(); ++region) {
    for (std::size_t f = 0; f < region_facets_; ++f) places_.push_back({region, all(), f});
  }
}

std::optional<std::size_t> TableLayout::cell(const Place& place) const {
  if (place.facet == kNoFacet) return place.plane * areas_.size() + place.area;
  const std::size_t nation_facets = planes_.size() * areas_.size();
  if (place.area == nation()) return nation_facets + place.plane * facets_.size() + place.facet;
  if (place.plane != all() || place.area < first_region_ || place.facet >= region_facets_)
    return std::nullopt;
  return nation_facets + planes_.size() * facets_.size() +
         (place.area - first_region_) * region_facets_ + place.facet;
}

std::size_t TableLayout::denominator_cell(std::size_t index) const {
  return by_detail(index) ? *cell({nation(), places_[index].plane}) : index;
}

std::vector<ProgrammeIndex> TableLayout::programmes() const {
  std::vector<ProgrammeIndex> out;
  for (const auto& [id, programme] : planes_) {
    if (programme != kUnnamed && programme != kNoProgramme) out.push_back(programme);
  }
  std::sort(out.begin(), out.end());
  return out;
}

bool TableLayout::unnamed() const { return plane_of(kUnnamed).has_value(); }

std::optional<std::size_t> TableLayout::plane_of(ProgrammeIndex programme) const {
  for (std::size_t i = 0; i < planes_.size(); ++i) {
    if (planes_[i].second == programme) return i;
  }
  return std::nullopt;
}

std::size_t TableLayout::municipality(Municipality code) const {
  const auto found = municipality_by_code_.find(four_digits(code));
  return code == 0 || found == municipality_by_code_.end()
             ? municipality_by_code_.find(kUnknownArea)->second
             : found->second;
}

std::size_t TableLayout::region_of(std::size_t municipality) const {
  return region_by_code_.find(areas_[municipality].region)->second;
}

TableLayout::RowName TableLayout::row_of(std::size_t cell) const {
  const Place& place = places_[cell];
  const Area& area = areas_[place.area];
  RowName out{TableKind::kNation, planes_[place.plane].first, area.code, ""};
  if (place.facet == kNoFacet) {
    if (area.kind == AreaKind::kRegion) out.table = TableKind::kRegion;
    if (area.kind == AreaKind::kMunicipality) out.table = TableKind::kMunicipality;
    return out;
  }
  const bool by_region = area.kind == AreaKind::kRegion;
  out.table = *table_by(facets_[place.facet].facet, by_region);
  (by_region ? out.by : out.key) = facet_key(place.facet);
  return out;
}

std::vector<CellValue> TableLayout::sum(const AreaCells& cells) const {
  std::vector<CellValue> out(size());
  std::map<std::pair<Facet, std::uint8_t>, std::size_t> facet_index;
  for (std::size_t f = 0; f < facets_.size(); ++f)
    facet_index[{facets_[f].facet, facets_[f].value}] = f;
  for (const auto& [key, value] : cells) {
    const auto named =
        plane_of(key.programme == kNoProgramme && unnamed() ? kUnnamed : key.programme);
    if (key.by.facet == Facet::kNone) {
      const std::size_t area = municipality(key.municipality);
      for (const std::size_t a : {area, region_of(area), nation()}) {
        out[*cell({a, all()})] += value;
        if (named && *named != all()) out[*cell({a, *named})] += value;
      }
      continue;
    }
    auto f = facet_index.find({key.by.facet, key.by.value});
    // A reason that counts as no dropout.
    if (f == facet_index.end() && is_detail(key.by.facet)) f = facet_index.find({key.by.facet, 0});
    if (f == facet_index.end()) continue;
    if (key.programme == kAllProgrammes) {
      const std::size_t region = region_of(municipality(key.municipality));
      if (const auto there = cell({region, all(), f->second})) out[*there] += value;
      out[*cell({nation(), all(), f->second})] += value;
    } else if (named && *named != all()) {
      out[*cell({nation(), *named, f->second})] += value;
    }
  }
  return out;
}

std::vector<std::optional<std::int64_t>> TableLayout::inhabitants(
    const Residents::OfQuarter& residents, PopulationBase base) const {
  std::vector<std::optional<std::int64_t>> out(size());
  for (std::size_t i = 0; i < size(); ++i) {
    const Place& place = places_[i];
    if (place.facet == kNoFacet || facets_[place.facet].facet == Facet::kSex ||
        facets_[place.facet].facet == Facet::kAgeBand)
      out[i] = 0;
  }
  for (const auto& [key, count] : residents) {
    if (!counts_towards(base, key.band)) continue;
    const std::int64_t persons =
        base == PopulationBase::kLastDay ? count.last_day : count.first_day;
    const std::size_t area = municipality(key.municipality);
    const std::size_t region = region_of(area);
    const auto add = [&](const Place& place) {
      if (const auto i = cell(place)) *out[*i] += persons;
    };
    for (std::size_t plane = 0; plane < planes_.size(); ++plane) {
      for (const std::size_t a : {area, region, nation()}) add({a, plane});
      for (std::size_t f = 0; f < facets_.size(); ++f) {
        const bool of_it =
            facets_[f] == FacetValue{Facet::kSex, static_cast<std::uint8_t>(key.sex)} ||
            facets_[f] ==
                FacetValue{Facet::kAgeBand, static_cast<std::uint8_t>(age_band(key.band))};
        if (!of_it) continue;
        add({nation(), plane, f});
        add({region, plane, f});
      }
    }
  }
  return out;
}

void TableLayout::add_geography(std::size_t plane, FigureSet& set) const {
  FigureLine municipalities{{}, *cell({nation(), plane})};
  FigureLine regions = municipalities;
  for (std::size_t area = 0; area < nation(); ++area) {
    if (areas_[area].kind == AreaKind::kMunicipality) {
      municipalities.cells.push_back(*cell({area, plane}));
      continue;
    }
    regions.cells.push_back(*cell({area, plane}));
    FigureLine line{{}, *cell({area, plane})};
    for (std::size_t a = 0; a < first_region_; ++a) {
      if (areas_[a].region == areas_[area].code) line.cells.push_back(*cell({a, plane}));
    }
    if (!line.cells.empty()) set.lines.push_back(std::move(line));
  }
  set.lines.push_back(std::move(municipalities));
  set.lines.push_back(std::move(regions));
}

// Classes add up to their place's cell; programmes and regions add up to the nation's class.
void TableLayout::add_facets(FigureSet& set) const {
  const auto add_sums = [&](std::size_t area, std::size_t plane) {
    const std::size_t end = area == nation() ? facets_.size() : region_facets_;
    for (std::size_t f = 0; f < end;) {
      FigureLine line{{}, *cell({area, plane})};
      const Facet facet = facets_[f].facet;
      for (; f < end && facets_[f].facet == facet; ++f)
        line.cells.push_back(*cell({area, plane, f}));
      set.lines.push_back(std::move(line));
    }
  };
  for (std::size_t plane = 0; plane < all(); ++plane) add_sums(nation(), plane);
  for (std::size_t region = first_region_; region < nation(); ++region) add_sums(region, all());
  for (std::size_t f = 0; f < facets_.size(); ++f) {
    const std::size_t total = *cell({nation(), all(), f});
    FigureLine programmes{{}, total};
    for (std::size_t plane = 0; plane < all(); ++plane)
      programmes.cells.push_back(*cell({nation(), plane, f}));
    if (all() > 0) set.lines.push_back(std::move(programmes));
    if (f >= region_facets_) continue;
    FigureLine regions{{}, total};
    for (std::size_t region = first_region_; region < nation(); ++region)
      regions.cells.push_back(*cell({region, all(), f}));
    set.lines.push_back(std::move(regions));
  }
  add_sums(nation(), all());
}

FigureSet TableLayout::geometry() const {
  FigureSet set;
  set.cells.resize(size());
  for (std::size_t i = 0; i < size(); ++i) {
    const Place& place = places_[i];
    std::string& name = set.cells[i].dimension;
    name = areas_[place.area].code + "/" + planes_[place.plane].first;
    if (place.facet != kNoFacet) {
      name += "/" + std::to_string(static_cast<int>(facets_[place.facet].facet)) + "/" +
              facet_key(place.facet);
    }
  }
  for (std::size_t plane = 0; plane < all(); ++plane) add_geography(plane, set);
  for (std::size_t area = 0; area < areas_.size() && all() > 0; ++area) {
    FigureLine line{{}, *cell({area, all()})};
    for (std::size_t plane = 0; plane < all(); ++plane) line.cells.push_back(*cell({area, plane}));
    set.lines.push_back(std::move(line));
  }
  add_geography(all(), set);
  add_facets(set);
  return set;
}

std::vector<std::string_view> TableLayout::municipalities_of(std::string_view region) const {
  std::vector<std::string_view> out;
  for (std::size_t a = 0; a < first_region_; ++a) {
    if (areas_[a].region == region) out.push_back(areas_[a].code);
  }
  return out;
}

std::optional<std::vector<std::size_t>> TableLayout::match_area(const TableLayout& other,
                                                                std::size_t area) const {
  const Area& here = areas_[area];
  if (here.kind == AreaKind::kNation) return std::vector{other.nation()};
  if (here.kind == AreaKind::kMunicipality) {
    const auto found = other.municipality_by_code_.find(here.code);
    if (found == other.municipality_by_code_.end()) return std::nullopt;
    return std::vector{found->second};
  }
  // The regions of the other date that hold these municipalities, and no other ones.
  std::vector<std::string_view> mine = municipalities_of(here.code);
  std::vector<std::size_t> parts;
  std::vector<std::string_view> theirs;
  for (const std::string_view code : mine) {
    const auto found = other.municipality_by_code_.find(code);
    if (found == other.municipality_by_code_.end()) return std::nullopt;
    parts.push_back(other.region_of(found->second));
  }
  if (mine.empty()) {
    const auto found = other.region_by_code_.find(here.code);
    if (found == other.region_by_code_.end()) return std::nullopt;
    parts.push_back(found->second);
  }
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  for (const std::size_t part : parts) {
    const auto of_part = other.municipalities_of(other.areas_[part].code);
    theirs.insert(theirs.end(), of_part.begin(), of_part.end());
  }
  std::sort(mine.begin(), mine.end());
  std::sort(theirs.begin(), theirs.end());
  if (mine != theirs) return std::nullopt;
  return parts;
}

std::vector<std::optional<std::vector<std::size_t>>> TableLayout::match(
    const TableLayout& other) const {
  std::vector<std::optional<std::vector<std::size_t>>> areas;
  for (std::size_t a = 0; a < areas_.size(); ++a) areas.push_back(match_area(other, a));
  std::vector<std::optional<std::size_t>> planes;
  for (const auto& [id, programme] : planes_) planes.push_back(other.plane_of(programme));
  std::vector<std::optional<std::vector<std::size_t>>> out(size());
  for (std::size_t i = 0; i < size(); ++i) {
    const Place& place = places_[i];
    const auto& parts = areas[place.area];
    if (!parts) continue;
    out[i].emplace();
    const auto plane = planes[place.plane];
    if (!plane) continue;  // nothing of the programme there: made of no cell
    for (const std::size_t part : *parts) {
      // The facets are the same: they follow from the indicator.
      if (const auto there = other.cell({part, *plane, place.facet})) out[i]->push_back(*there);
    }
  }
  return out;
}

}  // namespace kronika::domain
