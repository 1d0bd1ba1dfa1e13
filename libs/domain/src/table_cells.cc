#include <algorithm>
#include <array>
#include <utility>

#include <kronika/domain/table_cells.h>

namespace kronika::domain {
namespace {

constexpr std::array kFacetValues = {
    FacetValue{Facet::kLevel, 1},     FacetValue{Facet::kLevel, 2},
    FacetValue{Facet::kLevel, 3},     FacetValue{Facet::kLevel, 0},
    FacetValue{Facet::kEducation, 1}, FacetValue{Facet::kEducation, 2},
    FacetValue{Facet::kEducation, 0}, FacetValue{Facet::kSex, 1},
    FacetValue{Facet::kSex, 2},       FacetValue{Facet::kSex, 0},
    FacetValue{Facet::kAgeBand, 1},   FacetValue{Facet::kAgeBand, 2},
    FacetValue{Facet::kAgeBand, 3},   FacetValue{Facet::kAgeBand, 4},
    FacetValue{Facet::kAgeBand, 5},   FacetValue{Facet::kAgeBand, 6},
    FacetValue{Facet::kAgeBand, 7},   FacetValue{Facet::kAgeBand, 0},
    FacetValue{Facet::kSet, 1},       FacetValue{Facet::kSet, 2},
    FacetValue{Facet::kSet, 3},       FacetValue{Facet::kSet, 4},
    FacetValue{Facet::kSet, 0}};
static_assert(static_cast<int>(AgeBand::k85Plus) == 7);
static_assert(static_cast<int>(EducationGroup::kHigh) == 2);
static_assert(static_cast<int>(AcscSet::kDiabetes) == 4);

constexpr std::array<std::string_view, 13> kNames = {
    "NATION",   "REGION",       "MUNICIPALITY",     "LEVEL",      "EDUCATION",       "SEX",
    "AGE_BAND", "REGION_LEVEL", "REGION_EDUCATION", "REGION_SEX", "REGION_AGE_BAND", "REASON",
    "SET"};
constexpr TableKind kLast = TableKind::kSet;
static_assert(kNames.size() == static_cast<std::size_t>(kLast) + 1);

std::uint8_t known_level(std::uint8_t level) { return level <= 3 ? level : std::uint8_t{0}; }

}  // namespace

std::span<const FacetValue> facet_values() { return kFacetValues; }

std::vector<FacetValue> reason_values(const Rules& rules) {
  std::vector<FacetValue> out;
  for (std::size_t i = 0; i < rules.stop_reasons.size(); ++i) {
    if (rules.stop_reasons[i].reason_class == ReasonClass::kDropout)
      out.push_back({Facet::kReason, static_cast<std::uint8_t>(i + 1)});
  }
  out.push_back({Facet::kReason, 0});
  return out;
}

Facet detail_facet(Indicator indicator) {
  if (indicator == Indicator::kI10Dropout) return Facet::kReason;
  return indicator == Indicator::kI19Acsc ? Facet::kSet : Facet::kNone;
}

std::string_view key_of(FacetValue value, const Rules& rules) {
  if (value.facet == Facet::kReason && value.value >= 1 && value.value <= rules.stop_reasons.size())
    return rules.stop_reasons[value.value - 1U].uuid;
  return key_of(value);
}

std::string_view key_of(FacetValue value) {
  static constexpr std::array<std::string_view, 4> kLevels{"UNKNOWN", "1", "2", "3"};
  static constexpr std::array<std::string_view, 3> kEducation{"UNKNOWN", "LOW", "HIGH"};
  static constexpr std::array<std::string_view, 8> kAges{"UNKNOWN", "0-17",  "18-29", "30-44",
                                                         "45-64",   "65-74", "75-84", "85+"};
  static constexpr std::array<std::string_view, 5> kSets{"UNKNOWN", "ACSC_ASTHMA", "ACSC_KOL",
                                                         "ACSC_HF", "ACSC_DIABETES"};
  const auto of = [&](const auto& names) {
    return value.value < names.size() ? names[value.value] : names[0];
  };
  switch (value.facet) {
    case Facet::kNone:
      return "";
    case Facet::kLevel:
      return of(kLevels);
    case Facet::kEducation:
      return of(kEducation);
    case Facet::kSex:
      return value.value == static_cast<std::uint8_t>(Sex::kMale)     ? "MALE"
             : value.value == static_cast<std::uint8_t>(Sex::kFemale) ? "FEMALE"
                                                                      : "UNKNOWN";
    case Facet::kAgeBand:
      return of(kAges);
    case Facet::kReason:
      return "UNKNOWN";
    case Facet::kSet:
      return of(kSets);
  }
  return "";
}

void add_cell(const CellKey& key, const CellValue& value, AreaCells& into) {
  if (key.canary) return;
  into[{key.at.municipality, key.at.programme, {}}] += value;
  const FacetValue classes[] = {{Facet::kLevel, known_level(key.at.level)},
                                {Facet::kEducation, static_cast<std::uint8_t>(key.at.education)},
                                {Facet::kSex, static_cast<std::uint8_t>(key.at.sex)},
                                {Facet::kAgeBand, static_cast<std::uint8_t>(key.at.age)}};
  for (const FacetValue by : classes) {
    into[{key.at.municipality, kAllProgrammes, by}] += value;
    into[{kAllMunicipalities, key.at.programme, by}] += value;
  }
  if (const Facet facet = detail_facet(key.indicator); facet != Facet::kNone) {
    const FacetValue by{facet, key.at.detail};
    into[{kAllMunicipalities, kAllProgrammes, by}] += value;
    into[{kAllMunicipalities, key.at.programme, by}] += value;
  }
}

std::vector<ProgrammeIndex> programmes_of(const AreaCells& cells) {
  std::vector<ProgrammeIndex> out;
  for (const auto& [key, value] : cells) {
    if (key.programme != kNoProgramme && key.programme != kAllProgrammes)
      out.push_back(key.programme);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::optional<TableKind> table_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<TableKind>(i);
  }
  return std::nullopt;
}

std::string_view name_of(TableKind table) { return kNames[static_cast<std::size_t>(table)]; }

Facet facet_of(TableKind table) {
  switch (table) {
    case TableKind::kNation:
    case TableKind::kRegion:
    case TableKind::kMunicipality:
      return Facet::kNone;
    case TableKind::kLevel:
    case TableKind::kRegionLevel:
      return Facet::kLevel;
    case TableKind::kEducation:
    case TableKind::kRegionEducation:
      return Facet::kEducation;
    case TableKind::kSex:
    case TableKind::kRegionSex:
      return Facet::kSex;
    case TableKind::kAgeBand:
    case TableKind::kRegionAgeBand:
      return Facet::kAgeBand;
    case TableKind::kReason:
      return Facet::kReason;
    case TableKind::kSet:
      return Facet::kSet;
  }
  return Facet::kNone;
}

std::optional<TableKind> table_by(Facet facet, bool region) {
  for (int i = 0; i <= static_cast<int>(kLast) && facet != Facet::kNone; ++i) {
    const auto table = static_cast<TableKind>(i);
    if (facet_of(table) == facet && is_region_by_class(table) == region) return table;
  }
  return std::nullopt;
}

bool is_region_by_class(TableKind table) {
  return table >= TableKind::kRegionLevel && table <= TableKind::kRegionAgeBand;
}

std::vector<TableKind> tables_of(const IndicatorInfo& info) {
  if (info.indicator == Indicator::kI23EducationGap) return {TableKind::kEducation};
  if (info.indicator == Indicator::kI24ReportingCompleteness)
    return {TableKind::kNation, TableKind::kRegion, TableKind::kMunicipality};
  std::vector<TableKind> out;
  for (int i = 0; i <= static_cast<int>(kLast); ++i) {
    const auto table = static_cast<TableKind>(i);
    const Facet facet = facet_of(table);
    if (facet == Facet::kLevel && !info.by_programme) continue;
    if (is_detail(facet) && facet != detail_facet(info.indicator)) continue;
    out.push_back(table);
  }
  return out;
}

bool is_offered(const IndicatorInfo& info, TableKind table, ProgrammeIndex programme) {
  const std::vector<TableKind> list = tables_of(info);
  if (std::find(list.begin(), list.end(), table) == list.end()) return false;
  return programme == kNoProgramme || (info.by_programme && !is_region_by_class(table));
}

}  // namespace kronika::domain
