// What tables are made of: the closed list of tables by name, the classes that they divide by, and
// the sums of stored cells at the grain of the tables.
//
//   AreaCells cells;
//   for (each stored cell of an indicator's period) add_cell(key, value, cells);
//
// Pure. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <kronika/domain/indicator_info.h>
#include <kronika/domain/indicators.h>
#include <kronika/domain/rules.h>

namespace kronika::domain {

/// What a table divides by, besides area and programme.
enum class Facet : std::uint8_t { kNone, kLevel, kEducation, kSex, kAgeBand, kReason, kSet };
/// One class of a facet; `value` as in Dimensions (kReason and kSet: Dimensions::detail), 0 is
/// UNKNOWN.
struct FacetValue {
  Facet facet = Facet::kNone;
  std::uint8_t value = 0;
  friend bool operator==(const FacetValue&, const FacetValue&) = default;
};
/// All classes of all facets but kReason, each facet's together, UNKNOWN last.
[[nodiscard]] std::span<const FacetValue> facet_values();
/// Those of kReason: the reasons that count as a dropout, in the order of the reference data, and
/// UNKNOWN, which holds all else.
[[nodiscard]] std::vector<FacetValue> reason_values(const Rules& rules);
/// "2", "LOW", "FEMALE", "45-64", "ACSC_KOL", "UNKNOWN"; of a reason of `rules` its UUID.
[[nodiscard]] std::string_view key_of(FacetValue value);
[[nodiscard]] std::string_view key_of(FacetValue value, const Rules& rules);
/// What Dimensions::detail of an indicator's cells is in tables: kReason (I-10), kSet (I-19) or
/// kNone. Tables by detail are of the nation, and their rows are parts of its numerator: their
/// denominator is that of the whole.
[[nodiscard]] Facet detail_facet(Indicator indicator);
[[nodiscard]] constexpr bool is_detail(Facet facet) {
  return facet == Facet::kReason || facet == Facet::kSet;
}

/// Municipality and programme "all together", in the keys below.
inline constexpr Municipality kAllMunicipalities = 0xffff;
inline constexpr ProgrammeIndex kAllProgrammes = 0xfe;

/// The grain of the tables: (municipality, programme), (municipality, facet) and (programme,
/// facet). Finer dimensions are summed away.
struct AreaKey {
  Municipality municipality = 0;
  ProgrammeIndex programme = kNoProgramme;
  FacetValue by;
  friend bool operator==(const AreaKey&, const AreaKey&) = default;
};
struct AreaKeyHash {
  [[nodiscard]] std::size_t operator()(const AreaKey& key) const noexcept {
    const std::uint64_t bits = std::uint64_t{key.municipality} << 24 |
                               std::uint64_t{key.programme} << 16 |
                               static_cast<std::uint64_t>(key.by.facet) << 8 | key.by.value;
    return static_cast<std::size_t>(bits * 0x9e3779b97f4a7c15ULL >> 20);
  }
};
/// Every unit stands in it once under facet kNone, and twice for each facet (of kReason and kSet
/// under kAllMunicipalities alone).
using AreaCells = std::unordered_map<AreaKey, CellValue, AreaKeyHash>;
/// Leaves the canary out, which is never served.
void add_cell(const CellKey& key, const CellValue& value, AreaCells& into);
/// The programmes that the cells name, ascending; kNoProgramme is not among them.
[[nodiscard]] std::vector<ProgrammeIndex> programmes_of(const AreaCells& cells);

/// The closed list. The first three are by area; the next four of the whole nation; both also by
/// programme. REGION_*, region by class, are of all programmes together. The last two, of the
/// nation and also by programme, are of I-10 and I-19 alone. No table has more than three
/// dimensions (domain.md 11 point 5).
enum class TableKind : std::uint8_t {
  kNation,
  kRegion,
  kMunicipality,
  kLevel,
  kEducation,
  kSex,
  kAgeBand,
  kRegionLevel,
  kRegionEducation,
  kRegionSex,
  kRegionAgeBand,
  kReason,
  kSet,
};
[[nodiscard]] std::optional<TableKind> table_from_name(std::string_view name);  ///< "REGION_SEX"
[[nodiscard]] std::string_view name_of(TableKind table);
[[nodiscard]] Facet facet_of(TableKind table);
/// The table of the nation or of regions by a class; nothing where there is none.
[[nodiscard]] std::optional<TableKind> table_by(Facet facet, bool region);
/// kRegionLevel to kRegionAgeBand.
[[nodiscard]] bool is_region_by_class(TableKind table);
/// The tables of an indicator. LEVEL and REGION_LEVEL only where its cells name a programme; none
/// for indicators that have no cells (I-23, I-24).
[[nodiscard]] std::vector<TableKind> tables_of(const IndicatorInfo& info);
/// Whether the table is offered for one programme (kNoProgramme: all together).
[[nodiscard]] bool is_offered(const IndicatorInfo& info, TableKind table, ProgrammeIndex programme);

}  // namespace kronika::domain
