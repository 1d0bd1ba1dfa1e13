// Publications of rolling 12 months, from publications of quarters.
#include "publication_rows.h"

#include <set>
#include <utility>

namespace kronika::domain {
namespace {

/// The sum over the four quarters of the window, where all five show the figure.
Figure sum_of(const std::array<const PublishedRow*, 5>& rows, Figure PublishedRow::* figure) {
  Figure sum{FigureStatus::kShown, 0};
  for (std::size_t q = 0; q < rows.size(); ++q) {
    if (rows[q] == nullptr) return kSuppressedFigure;
    const Figure& of_quarter = rows[q]->*figure;
    if (of_quarter.status != FigureStatus::kShown) return of_quarter;
    if (q > 0) sum.value += of_quarter.value;
  }
  return sum;
}

/// The sum of the values from means that everyone knows, over their number.
Rate mean_of(const std::array<const PublishedRow*, 5>& rows, Figure PublishedRow::* number) {
  double sum = 0;
  std::int64_t count = 0;
  for (std::size_t q = 1; q < rows.size(); ++q) {
    if (rows[q] == nullptr) return kSuppressedRate;
    const PublishedRow& row = *rows[q];
    const Figure& values = row.*number;
    if (values.status != FigureStatus::kShown) return kSuppressedRate;
    if (values.value == 0) continue;
    if (row.mean.status != FigureStatus::kShown) return kSuppressedRate;
    sum += row.mean.value * static_cast<double>(values.value);
    count += values.value;
  }
  if (count == 0) return {};
  return {FigureStatus::kShown, sum / static_cast<double>(count)};
}

PublishedRow rolling_row(const IndicatorInfo& info, const PublishedRow& last,
                         const std::array<const PublishedRow*, 5>& rows) {
  PublishedRow out;
  out.key = last.key;
  out.name = last.name;
  out.by = last.by;
  out.numerator = sum_of(rows, &PublishedRow::numerator);
  // Inhabitants of the window's first quarter stand for the whole year.
  const bool inhabitants = info.kind == FigureKind::kCount;
  out.denominator = inhabitants ? rows[1] == nullptr ? kSuppressedFigure : rows[1]->denominator
                                : sum_of(rows, &PublishedRow::denominator);
  if (!info.second.empty()) out.second = sum_of(rows, &PublishedRow::second);
  out.unknown = sum_of(rows, &PublishedRow::unknown);
  out.excluded = sum_of(rows, &PublishedRow::excluded);
  const bool values = info.kind == FigureKind::kValues;
  if (values) out.median = out.p90 = kSuppressedRate;
  if (info.kind == FigureKind::kMean) {
    out.mean = mean_of(rows, &PublishedRow::denominator);
    out.rate = share_with_value(out.denominator, out.unknown);
  }
  if (info.numerator_mean) out.mean = mean_of(rows, &PublishedRow::numerator);
  if ((info.kind != FigureKind::kShare && !inhabitants) ||
      out.denominator.status == FigureStatus::kNoData) {
    return out;
  }
  const auto rate_of = [&](const Figure& part) -> Rate {
    if (part.status != FigureStatus::kShown || out.denominator.status != FigureStatus::kShown)
      return kSuppressedRate;
    if (out.denominator.value == 0) return {};
    return {FigureStatus::kShown, info.rate_per * static_cast<double>(part.value) /
                                      static_cast<double>(out.denominator.value)};
  };
  out.rate = rate_of(out.numerator);
  if (!info.second.empty()) out.second_rate = rate_of(out.second);
  return out;
}

/// The rows of one name in five quarters.
class Quarters {
 public:
  explicit Quarters(const std::array<const Publication*, 5>& quarters) : quarters_(quarters) {
    for (std::size_t q = 0; q < quarters.size(); ++q) rows_[q] = index_of(*quarters[q]);
  }
  /// nullptr: the quarter's table has no such row (a region that came or went), or there is no such
  /// table.
  [[nodiscard]] std::array<const PublishedRow*, 5> of(const PublishedTable& table,
                                                      const PublishedRow& row) const {
    std::array<const PublishedRow*, 5> found{};
    for (std::size_t q = 0; q < quarters_.size(); ++q) {
      const auto at = rows_[q].find(name_of(table, row));
      // A programme that nobody is in has no table in that quarter: zeros. The rows of a table are
      // those of all programmes together.
      const bool row_exists = rows_[q].contains({table.kind, "", row.key, row.by});
      if (at != rows_[q].end()) {
        found[q] = at->second;
      } else if (row_exists && quarters_[q]->table(table.kind, table.programme) == nullptr) {
        found[q] = &row_or_nothing(nullptr);
      }
    }
    return found;
  }

 private:
  const std::array<const Publication*, 5>& quarters_;
  std::array<RowIndex, 5> rows_;
};

}  // namespace

std::vector<PublishedTable> rolling_tables(const IndicatorInfo& info,
                                           const std::array<const Publication*, 5>& quarters) {
  std::set<std::pair<std::string, TableKind>> wanted;
  for (const Publication* quarter : quarters) {
    for (const PublishedTable& table : quarter->tables) wanted.emplace(table.programme, table.kind);
  }
  const Quarters rows(quarters);
  std::vector<PublishedTable> out;
  for (const auto& [programme, kind] : wanted) {
    const PublishedTable* last = quarters.back()->table(kind, "");
    if (last == nullptr) continue;
    PublishedTable table;
    table.kind = kind;
    table.programme = programme;
    for (const PublishedRow& row : last->rows)
      table.rows.push_back(rolling_row(info, row, rows.of(table, row)));
    table.total = rolling_row(info, last->total, rows.of(table, last->total));
    out.push_back(std::move(table));
  }
  return out;
}

void hide_where_quarters_hide(std::vector<PublishedTable>& tables,
                              const std::array<const Publication*, 5>& quarters) {
  const Quarters rows(quarters);
  const auto hide = [&rows](const PublishedTable& table, PublishedRow& row) {
    for (const PublishedRow* then : rows.of(table, row)) {
      const auto hidden = [&](Figure PublishedRow::* figure) {
        return then == nullptr || (then->*figure).status == FigureStatus::kSuppressed;
      };
      if (hidden(&PublishedRow::denominator)) suppress_denominator(row);
      if (hidden(&PublishedRow::numerator)) suppress_numerator(row);
      if (!(row.second == Figure{}) && hidden(&PublishedRow::second)) suppress_second(row);
      if (hidden(&PublishedRow::unknown)) row.unknown = kSuppressedFigure;
      if (hidden(&PublishedRow::excluded)) row.excluded = kSuppressedFigure;
    }
  };
  for (PublishedTable& table : tables) {
    for (PublishedRow& row : table.rows) hide(table, row);
    hide(table, table.total);
  }
}

}  // namespace kronika::domain
