// Where the cells of an indicator's tables lie, which lines bind them, and which cells of another
// quarter's layout they are (regions are effective-dated: the merger of 2027).
#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kronika/domain/residents.h>
#include <kronika/domain/rules.h>
#include <kronika/domain/suppression.h>
#include <kronika/domain/table_cells.h>

namespace kronika::domain {

class TableLayout {
 public:
  static constexpr std::size_t kNoFacet = std::numeric_limits<std::size_t>::max();
  enum class AreaKind : std::uint8_t { kMunicipality, kRegion, kNation };
  struct Area {
    AreaKind kind = AreaKind::kMunicipality;
    std::string code;
    std::string name;
    std::string region;  ///< of a municipality
  };
  struct Place {
    std::size_t area = 0;
    std::size_t plane = 0;
    std::size_t facet = kNoFacet;  ///< index into facets()
  };

  /// Areas as valid on the quarter's last day. `programmes` are ascending; `unnamed`: some units
  /// have a programme and some have none.
  TableLayout(const Rules& rules, const IndicatorInfo& info, Quarter quarter,
              const std::vector<ProgrammeIndex>& programmes, bool unnamed);

  [[nodiscard]] std::size_t size() const { return places_.size(); }
  [[nodiscard]] const std::vector<Place>& places() const { return places_; }
  [[nodiscard]] const std::vector<Area>& areas() const { return areas_; }
  [[nodiscard]] const std::vector<FacetValue>& facets() const { return facets_; }
  /// Key and name of a class's rows.
  [[nodiscard]] const std::string& facet_key(std::size_t facet) const {
    return facet_names_[facet].first;
  }
  [[nodiscard]] const std::string& facet_name(std::size_t facet) const {
    return facet_names_[facet].second;
  }
  [[nodiscard]] std::size_t nation() const { return areas_.size() - 1; }
  /// The plane of all programmes together.
  [[nodiscard]] std::size_t all() const { return planes_.size() - 1; }
  [[nodiscard]] std::size_t planes() const { return planes_.size(); }
  [[nodiscard]] std::vector<ProgrammeIndex> programmes() const;
  [[nodiscard]] bool unnamed() const;
  [[nodiscard]] std::optional<std::size_t> plane_of(ProgrammeIndex programme) const;
  /// The cell of a place; nothing where the tables have none (a municipality by class, a region by
  /// class of one programme, a region by detail).
  [[nodiscard]] std::optional<std::size_t> cell(const Place& place) const;
  /// Where the cell's denominator stands: of a cell by detail the whole of its programme.
  [[nodiscard]] std::size_t denominator_cell(std::size_t cell) const;
  [[nodiscard]] bool by_detail(std::size_t cell) const {
    const std::size_t facet = places_[cell].facet;
    return facet != kNoFacet && is_detail(facets_[facet].facet);
  }

  /// A row that shows the cell; a cell of a region's class stands in one of REGION_* alone.
  struct RowName {
    TableKind table = TableKind::kNation;
    std::string programme;  ///< id; empty: all together
    std::string key;
    std::string by;
  };
  [[nodiscard]] RowName row_of(std::size_t cell) const;

  [[nodiscard]] std::vector<CellValue> sum(const AreaCells& cells) const;
  /// Inhabitants of each cell, programmes left aside; nothing in cells by level or education.
  [[nodiscard]] std::vector<std::optional<std::int64_t>> inhabitants(
      const Residents::OfQuarter& residents, PopulationBase base) const;
  /// The names and lines of the cells; figures are left 0.
  [[nodiscard]] FigureSet geometry() const;

  /// Cells of `other` that make up each cell of this layout, whole; nothing where there are none
  /// such.
  [[nodiscard]] std::vector<std::optional<std::vector<std::size_t>>> match(
      const TableLayout& other) const;

 private:
  [[nodiscard]] std::size_t municipality(Municipality code) const;
  [[nodiscard]] std::size_t region_of(std::size_t municipality) const;
  [[nodiscard]] std::optional<std::vector<std::size_t>> match_area(const TableLayout& other,
                                                                   std::size_t area) const;
  [[nodiscard]] std::vector<std::string_view> municipalities_of(std::string_view region) const;
  void add_geography(std::size_t plane, FigureSet& set) const;
  void add_facets(FigureSet& set) const;

  std::vector<Area> areas_;  ///< municipalities, UNKNOWN, regions, UNKNOWN, nation last
  std::vector<std::pair<std::string, ProgrammeIndex>> planes_;    ///< by id; all together last
  std::vector<FacetValue> facets_;                                ///< those by detail last
  std::vector<std::pair<std::string, std::string>> facet_names_;  ///< key, name
  std::size_t region_facets_ = 0;                                 ///< those that regions have, too
  std::vector<Place> places_;
  std::size_t first_region_ = 0;
  std::map<std::string, std::size_t, std::less<>> municipality_by_code_, region_by_code_;
};

}  // namespace kronika::domain
