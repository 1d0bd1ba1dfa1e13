// The closed list of tables of an indicator, as they may leave the gateway: NATION, REGION and
// MUNICIPALITY, each for all programmes together and for each programme, of one period. All of them
// are suppressed together to one fixpoint (domain.md 11 point 6), so that no table completes
// another.
//
//   AreaCells cells;  for (each stored cell of the indicator's quarter) add_cell(key, value,
//   cells); PublishedIndicator published(rules, info, quarter, cells);
//   published.rows(TableKind::kRegion, kNoProgramme);
//
// Pure. Thread: any; immutable after construction.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/domain/indicator_info.h>
#include <kronika/domain/indicators.h>
#include <kronika/domain/rules.h>
#include <kronika/domain/suppression.h>

namespace kronika::domain {

/// The grain of the tables: finer dimensions are summed away.
struct AreaKey {
  Municipality municipality = 0;
  ProgrammeIndex programme = kNoProgramme;
  friend auto operator<=>(const AreaKey&, const AreaKey&) = default;
};
using AreaCells = std::map<AreaKey, CellValue>;
/// Leaves the canary out, which is never served.
void add_cell(const CellKey& key, const CellValue& value, AreaCells& into);

enum class FigureStatus : std::uint8_t { kShown, kSuppressed, kNoData };
struct Figure {
  FigureStatus status = FigureStatus::kNoData;
  std::int64_t value = 0;  ///< only where shown
  friend bool operator==(const Figure&, const Figure&) = default;
};
struct Rate {
  FigureStatus status = FigureStatus::kNoData;
  double value = 0;
  friend bool operator==(const Rate&, const Rate&) = default;
};

enum class TableKind : std::uint8_t { kNation, kRegion, kMunicipality };
[[nodiscard]] std::optional<TableKind> table_from_name(std::string_view name);  ///< "REGION"
[[nodiscard]] std::string_view name_of(TableKind table);

struct PublishedRow {
  std::string key;  ///< code of the area; "UNKNOWN"; "TOTAL"
  std::string name;
  Figure numerator, denominator, unknown, excluded;
  Rate rate, median, p90, mean;
  friend bool operator==(const PublishedRow&, const PublishedRow&) = default;
};

class PublishedIndicator {
 public:
  /// One quarter, or cells that are rolling already (I-14). `rules` need not outlive the object.
  PublishedIndicator(const Rules& rules, const IndicatorInfo& info, Quarter quarter,
                     const AreaCells& cells);
  /// Rolling 12 months that end with `last`: the sum of quarters [0] to [3], oldest first at
  /// `before` = the quarter that left the window. A cell is withheld where it is hidden in the
  /// quarter that entered or in the one that left (point 7), or where only one of the four is
  /// hidden, or the hidden ones are small in sum: the published quarters would give them away.
  [[nodiscard]] static PublishedIndicator rolling(const Rules& rules, const IndicatorInfo& info,
                                                  Quarter last, const AreaCells& before,
                                                  const std::array<const AreaCells*, 4>& quarters);

  /// One row of kNation is the nation; programme kNoProgramme: all together.
  [[nodiscard]] std::vector<PublishedRow> rows(TableKind table, ProgrammeIndex programme) const;
  [[nodiscard]] PublishedRow total(ProgrammeIndex programme) const;

 private:
  struct Area {
    std::string code;
    std::string name;
    bool is_region = false;
    std::string region;  ///< of a municipality
  };
  PublishedIndicator(const Rules& rules, const IndicatorInfo& info, Quarter quarter,
                     const AreaCells& cells, const std::vector<const PublishedIndicator*>& window);
  void lay_out(const Rules& rules, Quarter quarter, const AreaCells& cells,
               const std::vector<ProgrammeIndex>& programmes);
  void withhold_by_window(const std::vector<const PublishedIndicator*>& window,
                          FigureSet& set) const;
  [[nodiscard]] std::int64_t counted(const CellValue& value) const;
  /// The figure is of values, which the denominator counts.
  [[nodiscard]] bool measured() const {
    return info_.kind == FigureKind::kValues || info_.kind == FigureKind::kMean;
  }
  [[nodiscard]] FigureSet figures() const;
  [[nodiscard]] std::size_t index(std::size_t area, std::size_t plane) const {
    return plane * areas_.size() + area;
  }
  [[nodiscard]] std::optional<std::size_t> plane_of(ProgrammeIndex programme) const;
  [[nodiscard]] PublishedRow row(std::size_t area, std::optional<std::size_t> plane) const;

  IndicatorInfo info_;
  std::vector<Area> areas_;  ///< municipalities, UNKNOWN, regions, nation last
  std::vector<std::pair<std::string, ProgrammeIndex>>
      planes_;  ///< by id; the last is all programmes together
  std::vector<CellValue> values_;
  Withheld hidden_;
};

/// Value number ceil(p * n / 100) of the n values in the buckets; nothing where there are none.
[[nodiscard]] std::optional<std::int32_t> percentile(
    const std::vector<std::pair<std::int32_t, std::int64_t>>& buckets, int p);

}  // namespace kronika::domain
