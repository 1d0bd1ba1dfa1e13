// From stored cells to the tables of any period, in one place for the gateway, for publications and
// for whoever checks them: which quarters a figure needs, which inhabitants, and when nothing may
// be published at all.
//
//   TableMaker maker(rules, {.residents = residents, .data_start = start}, read_cells);
//   const auto tables = maker.make(info, *parse_quarter("2025Q1"), true);
//   (*tables)->rows(TableKind::kSex, kNoProgramme);
//
// A maker remembers the quarters that it has made: use one for a row of questions about one moment,
// and a new one when cells may have changed. Thread: one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <kronika/base/result.h>
#include <kronika/domain/published_table.h>

namespace kronika::domain {

struct TableSettings {
  std::shared_ptr<const Residents> residents;  ///< nullptr: rates per inhabitant are NO_DATA
  /// The civil date from which the platform's data are complete. I-02 is published for periods that
  /// begin 1825 days later or more; not at all where nobody has said.
  std::optional<CivilDate> data_start;
};
inline constexpr int kIncidenceRunIn = 1825;

class TableMaker {
 public:
  using Cells = std::function<Result<AreaCells>(Indicator, Quarter, bool rolling)>;
  /// `rules` must outlive the maker.
  TableMaker(const Rules& rules, TableSettings settings, Cells cells)
      : rules_(rules), settings_(std::move(settings)), cells_(std::move(cells)) {}

  /// All tables of an indicator that has cells of its own (not I-23, I-24). Errors: those of
  /// `cells`.
  [[nodiscard]] Result<std::shared_ptr<const PublishedIndicator>> make(const IndicatorInfo& info,
                                                                       Quarter quarter,
                                                                       bool rolling);
  /// What is missing in the answer, and what to do about it: sentences; empty where nothing is.
  [[nodiscard]] std::vector<std::string> notes(const IndicatorInfo& info, Quarter quarter,
                                               bool rolling) const;
  /// False: the data are too young for incidence; notes() says so.
  [[nodiscard]] bool may_publish(const IndicatorInfo& info, Quarter quarter, bool rolling) const;

 private:
  Result<std::shared_ptr<const PublishedIndicator>> quarter_of(const IndicatorInfo& info,
                                                               Quarter quarter);

  const Rules& rules_;
  TableSettings settings_;
  Cells cells_;
  std::map<std::pair<Indicator, Quarter>, std::shared_ptr<const PublishedIndicator>> quarters_;
};

/// Differences between two classes of the nation (I-23 and its like, VIDEN).
struct Gap {
  Indicator indicator = Indicator::kNone;
  TableKind table = TableKind::kEducation;
  PublishedRow low, high;
  PublishedRow unknown;  ///< units whose class is unknown
  /// low - high: of shares in percentage points, of others in the figure's own unit. Suppressed
  /// where either side is, NO_DATA where either side has none.
  Rate points;
};
/// Of EDUCATION low and high, of SEX women and men; nothing for other tables.
[[nodiscard]] std::optional<Gap> gap_of(const PublishedIndicator& tables, const IndicatorInfo& info,
                                        TableKind table, ProgrammeIndex programme);
/// The indicators that I-23 compares.
[[nodiscard]] const std::vector<Indicator>& education_gap_indicators();

}  // namespace kronika::domain
