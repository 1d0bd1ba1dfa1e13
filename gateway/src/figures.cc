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
  if (!row.by.empty()) out.set_by(row.by);
  if (row.second.status != domain::FigureStatus::kNoData) {
    fill_figure(row.second, *out.mutable_second());
    fill_rate(row.second_rate, *out.mutable_second_rate());
  }
}

void fill_standard(const domain::Standard& standard, query::v1::Standard& out) {
  out.set_figure(std::string(domain::name_of(standard.figure)));
  out.set_direction(std::string(domain::name_of(standard.direction)));
  out.set_value(standard.value);
  out.set_unit(standard.unit);
  out.set_source(standard.source);
  const domain::Validity always;
  if (standard.validity.from != always.from)
    out.set_valid_from(domain::to_text(standard.validity.from));
  if (standard.validity.to != always.to) out.set_valid_to(domain::to_text(standard.validity.to));
  out.set_text(domain::to_text(standard));
}

void fill_verdict(domain::StandardVerdict verdict, query::v1::IndicatorRow& out) {
  switch (verdict) {
    case domain::StandardVerdict::kMet:
      out.add_verdicts(query::v1::VERDICT_MET);
      return;
    case domain::StandardVerdict::kNotMet:
      out.add_verdicts(query::v1::VERDICT_NOT_MET);
      return;
    case domain::StandardVerdict::kSuppressed:
      out.add_verdicts(query::v1::VERDICT_SUPPRESSED);
      return;
    case domain::StandardVerdict::kNoData:
      out.add_verdicts(query::v1::VERDICT_NO_DATA);
      return;
  }
}

void fill_gap(const domain::Gap& gap, query::v1::Gap& out) {
  out.set_indicator(std::string(domain::id_of(gap.indicator)));
  if (const auto* info = domain::indicator_info(gap.indicator))
    out.set_title(std::string(info->title));
  out.set_table(std::string(domain::name_of(gap.table)));
  fill_row(gap.low, *out.mutable_low());
  fill_row(gap.high, *out.mutable_high());
  fill_row(gap.unknown, *out.mutable_unknown());
  fill_rate(gap.points, *out.mutable_points());
}

}  // namespace kronika::gateway
