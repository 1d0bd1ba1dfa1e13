// What a reader must know of each indicator besides its figures: title, unit, standard, and how its
// cells may be combined. The list is the one of domain.md 10.3; whether this build computes an
// indicator says computed_indicators().
#pragma once

#include <span>
#include <string_view>

#include <kronika/domain/indicators.h>

namespace kronika::domain {

enum class FigureKind : std::uint8_t {
  kShare,   ///< numerator / denominator
  kCount,   ///< a number; of inhabitants where resident counts are there (PopulationBase)
  kMean,    ///< mean of the values; the denominator counts them, and the rate is its share of it
            ///< and the unknown (I-21: pairs)
  kValues,  ///< median and P90 of one-day buckets; the denominator counts the values
};

/// How figures of quarters become those of rolling 12 months ("2025Q1-R").
enum class Rolling : std::uint8_t {
  kSum,   ///< the sum of the four quarters: what happened in a period
  kOwn,   ///< cells of their own (CellKey::rolling)
  kNone,  ///< a state at the end of a period: there is no rolling figure
};

/// The inhabitants that a count is set against: those of the period's first or last day.
enum class PopulationBase : std::uint8_t {
  kNone,
  kLastDay,
  kFirstDayWithoutCase,  ///< less the persons who are cases already
  kFirstDayFrom15,
  kFirstDayFrom65,
};

/// Standards are data: standards_of() in standards.h.
struct IndicatorInfo {
  Indicator indicator = Indicator::kNone;
  std::string_view title;
  std::string_view unit;  ///< what is counted
  std::string_view basis;
  FigureKind kind = FigureKind::kShare;
  Rolling rolling = Rolling::kSum;
  bool by_programme = true;   ///< false: its cells name no programme, and so no level
  std::string_view second{};  ///< what the second numerator counts; empty: there is none
  PopulationBase population = PopulationBase::kNone;
  /// Of a share: its numerator has values, and their mean is shown (I-22).
  bool numerator_mean = false;
  int rate_per = 1;  ///< the rate is rate_per x numerator / denominator: 1, 1000 or 100000
};

/// All of them, in the order of publication.
[[nodiscard]] std::span<const IndicatorInfo> indicator_list();
/// nullptr for kNone and numbers that stand for nothing.
[[nodiscard]] const IndicatorInfo* indicator_info(Indicator indicator);

}  // namespace kronika::domain
