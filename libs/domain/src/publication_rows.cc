#include "publication_rows.h"

namespace kronika::domain {
namespace {

void suppress_statistics(PublishedRow& row) {
  for (Rate* rate : {&row.median, &row.p90, &row.mean}) {
    if (rate->status == FigureStatus::kShown) *rate = kSuppressedRate;
  }
}

}  // namespace

RowName name_of(const PublishedTable& table, const PublishedRow& row) {
  return {table.kind, table.programme, row.key, row.by};
}

RowIndex index_of(const Publication& publication) {
  RowIndex rows;
  for (const PublishedTable& table : publication.tables) {
    for (const PublishedRow& row : table.rows) rows[name_of(table, row)] = &row;
    rows[name_of(table, table.total)] = &table.total;
  }
  return rows;
}

const PublishedRow& row_or_nothing(const PublishedRow* row) {
  static const PublishedRow kNothing = [] {
    PublishedRow r;
    r.numerator = r.denominator = r.unknown = r.excluded = r.second = {FigureStatus::kShown, 0};
    return r;
  }();
  return row == nullptr ? kNothing : *row;
}

void suppress_numerator(PublishedRow& row) {
  row.numerator = kSuppressedFigure;
  for (Rate* rate : {&row.rate, &row.mean}) {
    if (rate->status == FigureStatus::kShown) *rate = kSuppressedRate;
  }
}
void suppress_second(PublishedRow& row) {
  row.second = kSuppressedFigure;
  if (row.second_rate.status == FigureStatus::kShown) row.second_rate = kSuppressedRate;
}
void suppress_denominator(PublishedRow& row) {
  row.denominator = kSuppressedFigure;
  if (row.numerator.status == FigureStatus::kShown) suppress_numerator(row);
  if (row.second.status == FigureStatus::kShown) suppress_second(row);
  if (row.rate.status == FigureStatus::kShown) row.rate = kSuppressedRate;
  suppress_statistics(row);
}

}  // namespace kronika::domain
