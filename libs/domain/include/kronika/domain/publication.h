// Publications (domain.md 11, architecture A11): the closed list of tables of an indicator and a
// period as everyone may see them, stored under a revision number. A later revision stands beside
// the earlier ones, which everyone has seen: what two of them show together must not tell what
// neither shows alone. revise() sees to it (domain.md 16):
//
//   // As if it were the first:
//   Publication next = {..., .tables = published_tables(rules, info, figures)};
//   // So that it may follow the earlier ones:
//   bool news = revise(rules, next, earlier);
//
// A rolling period is published from publications of quarters alone, so it tells nothing that they
// do not. Pure. Thread: any.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/domain/completeness.h>
#include <kronika/domain/indicator_info.h>
#include <kronika/domain/indicators.h>
#include <kronika/domain/published_table.h>
#include <kronika/domain/rules.h>
#include <kronika/domain/time.h>

namespace kronika::domain {

struct PublicationPeriod {
  Quarter quarter;
  bool rolling = false;  ///< the 12 months that end with `quarter`
  friend auto operator<=>(const PublicationPeriod&, const PublicationPeriod&) = default;
};
/// "2025Q1", "2025Q1-R".
[[nodiscard]] std::string to_text(const PublicationPeriod& period);
[[nodiscard]] std::optional<PublicationPeriod> parse_period(std::string_view text);

struct PublishedTable {
  TableKind kind = TableKind::kNation;
  std::string programme;  ///< id; empty: all together
  std::vector<PublishedRow> rows;
  PublishedRow total;
  friend bool operator==(const PublishedTable&, const PublishedTable&) = default;
};

struct CutPosition {
  std::int32_t partition = 0;
  std::int64_t next_offset = 0;  ///< of indicator-state
  friend bool operator==(const CutPosition&, const CutPosition&) = default;
};

struct Publication {
  Indicator indicator = Indicator::kNone;
  PublicationPeriod period;
  std::uint32_t revision = 1;
  Generation rules;
  Instant as_of;         ///< the figures are those known then
  Instant published_at;  ///< when the revision was made
  std::vector<CutPosition> cut;
  bool includes_simulated = false;
  std::vector<PublishedTable> tables;

  [[nodiscard]] const PublishedTable* table(TableKind kind, std::string_view programme) const;
};
/// The record's key: "I-08/2025Q1/1".
[[nodiscard]] std::string publication_key(Indicator indicator, const PublicationPeriod& period,
                                          std::uint32_t revision);
struct PublicationName {
  Indicator indicator = Indicator::kNone;
  PublicationPeriod period;
  std::uint32_t revision = 0;
};
[[nodiscard]] std::optional<PublicationName> parse_publication_key(std::string_view key);

/// All tables that are offered, in a fixed order; only those with anything in them, so that a
/// programme nobody is in takes no room. A table that is missing counts nothing but zeros.
[[nodiscard]] std::vector<PublishedTable> published_tables(const Rules& rules,
                                                           const IndicatorInfo& info,
                                                           const PublishedIndicator& figures);
[[nodiscard]] std::vector<PublishedTable> published_tables(
    const ReportingCompleteness& completeness);

/// I-01 of a quarter as it is published, for Population::cases_before of the next quarter's I-02.
[[nodiscard]] PublishedIndicator published_cases(const Rules& rules, const Publication& prevalence);

/// Withholds what may not follow the earlier revisions (oldest first), and numbers the publication:
/// - a figure that has never been shown stays hidden;
/// - where a count would change by 1 to 4, or the shown figures of a line would tell that its
///   hidden ones together change by 1 to 4, every count that would change is withheld. The earlier
///   figures then fit every later equation, so nobody can tell whether one has changed;
/// - inhabitants are public: a change of them hides nothing;
/// - a mean or median changes only with 5 values or more.
/// Returns whether it says anything new: a shown figure that the latest one does not show so. I-24
/// and sums of published quarters are left as they are.
[[nodiscard]] bool revise(const Rules& rules, Publication& next,
                          std::span<const Publication> earlier);

/// The rolling 12 months from the latest publications of five quarters: the one that left the
/// window, then the four of it, oldest first. A figure is shown where all five show it, and is then
/// their sum over the four; medians and percentiles are no sums and are withheld, inhabitants are
/// those of the window's first quarter. A row that one of the quarters does not have (a region that
/// came or went) is withheld.
[[nodiscard]] std::vector<PublishedTable> rolling_tables(
    const IndicatorInfo& info, const std::array<const Publication*, 5>& quarters);
/// Of a rolling period that is no sum of quarters (I-14): withholds each figure that one of the
/// five quarters withholds.
void hide_where_quarters_hide(std::vector<PublishedTable>& tables,
                              const std::array<const Publication*, 5>& quarters);

}  // namespace kronika::domain
