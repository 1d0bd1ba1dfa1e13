#include "figures.h"

namespace kronika::gateway {
namespace {

query::v1::FigureStatus status_of(domain::FigureStatus status) {
  switch (status) {
    case domain::FigureStatus::kShown:
      return query::v1::FIGURE_STATUS_SHOWN;
    case domain::FigureStatus::kSuppressed:
      return query::v1::FIGURE_STATUS_SUPPRESSED;
    case domain::FigureStatus::kNoData:
      return query::v1::FIGURE_STATUS_NO_DATA;
  }
  return query::v1::FIGURE_STATUS_UNSPECIFIED;
}

void fill_rate(const domain::Rate& rate, query::v1::Rate& out) {
  out.set_status(status_of(rate.status));
  if (rate.status == domain::FigureStatus::kShown) out.set_value(rate.value);
}

}  // namespace

void fill_figure(const domain::Figure& figure, query::v1::Figure& out) {
  out.set_status(status_of(figure.status));
  if (figure.status == domain::FigureStatus::kShown) out.set_value(figure.value);
}

void fill_row(const domain::PublishedRow& row, query::v1::IndicatorRow& out) {
  out.set_key(row.key);
  out.set_name(row.name);
  fill_figure(row.numerator, *out.mutable_numerator());
  fill_figure(row.denominator, *out.mutable_denominator());
  fill_figure(row.unknown, *out.mutable_unknown());
  fill_figure(row.excluded, *out.mutable_excluded());
  fill_rate(row.rate, *out.mutable_rate());
  fill_rate(row.median, *out.mutable_median());
  fill_rate(row.p90, *out.mutable_p90());
  fill_rate(row.mean, *out.mutable_mean());
}

}  // namespace kronika::gateway
