// All tables of an indicator for one period, as they may leave the gateway (table_cells.h lists
// them). They are suppressed together to one fixpoint (domain.md 11 point 6, protect()), so that no
// table completes another.
//
//   AreaCells cells;  for (each stored cell of the indicator's quarter) add_cell(key, value,
//   cells); PublishedIndicator published(rules, info, quarter, cells);
//   published.rows(TableKind::kRegion, kNoProgramme);
//
// Pure. Thread: any; immutable after construction.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kronika/domain/indicator_info.h>
#include <kronika/domain/indicators.h>
#include <kronika/domain/residents.h>
#include <kronika/domain/rules.h>
#include <kronika/domain/suppression.h>
#include <kronika/domain/table_cells.h>

namespace kronika::domain {

class TableLayout;

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

struct PublishedRow {
  std::string key;  ///< code of the area, or of the class in a table of the nation by class;
                    ///< "UNKNOWN"; "TOTAL"
  std::string name;
  std::string by;  ///< in a table of regions by class: the class, or "TOTAL"; else empty
  Figure numerator, denominator, unknown, excluded;
  Rate rate;  ///< IndicatorInfo::rate_per x numerator / denominator; of FigureKind::kMean
              ///< denominator / (denominator + unknown)
  Rate median, p90, mean;  ///< the mean of 5 values or more
  Figure second;           ///< IndicatorInfo::second
  Rate second_rate;        ///< of the denominator
  friend bool operator==(const PublishedRow&, const PublishedRow&) = default;
};

class PublishedIndicator;

/// What the denominators of I-01, I-02, I-19 and I-20 are made of. Without it, or without the
/// quarter in the file, they are NO_DATA.
struct Population {
  const Residents* residents = nullptr;
  /// I-02 alone: I-01 of the quarter before, whose cases leave the inhabitants. Where that figure
  /// is hidden the denominator is hidden, too.
  const PublishedIndicator* cases_before = nullptr;
};

class PublishedIndicator {
 public:
  /// One quarter. `rules` and `population` need not outlive the object.
  PublishedIndicator(const Rules& rules, const IndicatorInfo& info, Quarter quarter,
                     const AreaCells& cells, const Population& population = {});

  /// The quarter that left a window of 12 months, then the four of the window, oldest first.
  using Window = std::array<const PublishedIndicator*, 5>;
  /// Rolling 12 months that end with `last`: the sum of quarters. Areas are those of the window's
  /// end. A cell is shown where all five quarters show it (domain.md 11 point 7 and 16): the sum
  /// then tells nothing that the quarters do not, and hides what they hide. Denominators of
  /// inhabitants are those of the window's first quarter.
  [[nodiscard]] static PublishedIndicator rolling(const Rules& rules, const IndicatorInfo& info,
                                                  Quarter last, const Window& window);
  /// Cells that are rolling already (I-14), withheld as above and suppressed among themselves.
  [[nodiscard]] static PublishedIndicator rolling_cells(const Rules& rules,
                                                        const IndicatorInfo& info, Quarter last,
                                                        const AreaCells& cells,
                                                        const Window& window);
  /// The numerators as publications of the quarter show them, through `row`; nullptr: hidden. For
  /// Population::cases_before, so that I-02 tells nothing of I-01 that is not published.
  using PublishedRows = std::function<const PublishedRow*(
      TableKind, const std::string& programme, const std::string& key, const std::string& by)>;
  [[nodiscard]] static PublishedIndicator of_publication(
      const Rules& rules, const IndicatorInfo& info, Quarter quarter,
      const std::vector<ProgrammeIndex>& programmes, const PublishedRows& row);
  /// A period of which nothing may be published: the areas, and NO_DATA everywhere.
  [[nodiscard]] static PublishedIndicator nothing(const Rules& rules, const IndicatorInfo& info,
                                                  Quarter quarter);
  /// The sum of quarters, from their cells.
  [[nodiscard]] static PublishedIndicator rolling(const Rules& rules, const IndicatorInfo& info,
                                                  Quarter last, const AreaCells& before,
                                                  const std::array<const AreaCells*, 4>& quarters);

  /// One row of kNation is the nation. In a table of regions by class each region's classes are
  /// followed by its total, and the nation's classes come last. Programme kNoProgramme: all
  /// together. Empty where the table is not offered (is_offered()).
  [[nodiscard]] std::vector<PublishedRow> rows(TableKind table, ProgrammeIndex programme) const;
  [[nodiscard]] PublishedRow total(ProgrammeIndex programme) const;
  /// Those of which something is counted; all, where there are rates per inhabitant.
  [[nodiscard]] std::vector<ProgrammeIndex> programmes() const;
  /// One row of a table of the nation by class.
  [[nodiscard]] PublishedRow row_of(FacetValue value, ProgrammeIndex programme) const;

 private:
  PublishedIndicator(const IndicatorInfo& info, std::shared_ptr<const TableLayout> layout);
  void take_inhabitants(Quarter quarter, const Population& population);
  void hide();
  void hide_by_window(const Window& window);
  [[nodiscard]] static std::shared_ptr<const TableLayout> layout_of_window(
      const Rules& rules, const IndicatorInfo& info, Quarter last, const AreaCells* cells,
      const Window& window);
  [[nodiscard]] PublishedRow row(std::optional<std::size_t> cell, std::string key,
                                 std::string name) const;
  /// The figure is of values, which the denominator counts.
  [[nodiscard]] bool measured() const {
    return info_.kind == FigureKind::kValues || info_.kind == FigureKind::kMean;
  }

  struct Hidden {
    bool numerator = false;
    bool denominator = false;
    bool second = false;
    bool unknown = false;
    bool excluded = false;
  };

  IndicatorInfo info_;
  bool nothing_ = false;
  std::shared_ptr<const TableLayout> layout_;
  std::vector<CellValue> values_;
  std::vector<std::optional<std::int64_t>> denominators_;  ///< nothing: NO_DATA
  std::vector<Hidden> hidden_;  ///< by cell; before hide(): withheld from outside
};

/// Value number ceil(p * n / 100) of the n values in the buckets; nothing where there are none.
[[nodiscard]] std::optional<std::int32_t> percentile(
    const std::vector<std::pair<std::int32_t, std::int64_t>>& buckets, int p);

/// The share of units that have a value, of two shown or hidden counts (FigureKind::kMean).
[[nodiscard]] Rate share_with_value(const Figure& denominator, const Figure& unknown);

}  // namespace kronika::domain
