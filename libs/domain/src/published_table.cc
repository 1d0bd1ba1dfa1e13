#include "table_layout.h"

#include <algorithm>
#include <set>
#include <utility>

#include <kronika/domain/published_table.h>

namespace kronika::domain {
namespace {

Figure shown(std::int64_t value) { return {FigureStatus::kShown, value}; }
constexpr Figure kHiddenFigure{FigureStatus::kSuppressed, 0};
constexpr Rate kHiddenRate{FigureStatus::kSuppressed, 0};

Figure figure(bool hidden, std::int64_t value) { return hidden ? kHiddenFigure : shown(value); }

Rate ratio(bool hidden, std::int64_t numerator, std::int64_t denominator, int per) {
  if (hidden) return kHiddenRate;
  return {FigureStatus::kShown, static_cast<double>(per) * static_cast<double>(numerator) /
                                    static_cast<double>(denominator)};
}

bool mixed_with_unnamed(const AreaCells& cells) {
  return std::any_of(cells.begin(), cells.end(),
                     [](const auto& cell) {
                       return cell.first.programme == kNoProgramme &&
                              cell.first.by.facet == Facet::kNone;
                     }) &&
         !programmes_of(cells).empty();
}

// Those that are counted; of rates per inhabitant all of them, for nobody of many is a rate too.
std::vector<ProgrammeIndex> programmes_shown(const Rules& rules, const IndicatorInfo& info,
                                             const AreaCells& cells, const Population& population) {
  std::vector<ProgrammeIndex> out = programmes_of(cells);
  if (!info.by_programme || info.population == PopulationBase::kNone ||
      population.residents == nullptr)
    return out;
  out.clear();
  for (ProgrammeIndex p = 0; p < rules.programmes.size(); ++p) out.push_back(p);
  return out;
}

}  // namespace

std::optional<std::int32_t> percentile(
    const std::vector<std::pair<std::int32_t, std::int64_t>>& buckets, int p) {
  std::int64_t n = 0;
  for (const auto& [value, count] : buckets) n += count;
  if (n <= 0) return std::nullopt;
  std::int64_t left = (p * n + 99) / 100;
  for (const auto& [value, count] : buckets) {
    left -= count;
    if (left <= 0) return value;
  }
  return buckets.back().first;
}

Rate share_with_value(const Figure& denominator, const Figure& unknown) {
  if (denominator.status == FigureStatus::kNoData || unknown.status == FigureStatus::kNoData)
    return {};
  if (denominator.status != FigureStatus::kShown || unknown.status != FigureStatus::kShown)
    return kHiddenRate;
  const std::int64_t all = denominator.value + unknown.value;
  return all == 0 ? Rate{} : ratio(false, denominator.value, all, 1);
}

PublishedIndicator::PublishedIndicator(const IndicatorInfo& info,
                                       std::shared_ptr<const TableLayout> layout)
    : info_(info),
      layout_(std::move(layout)),
      values_(layout_->size()),
      denominators_(layout_->size()),
      hidden_(layout_->size()) {}

PublishedIndicator::PublishedIndicator(const Rules& rules, const IndicatorInfo& info,
                                       Quarter quarter, const AreaCells& cells,
                                       const Population& population)
    : PublishedIndicator(
          info, std::make_shared<TableLayout>(rules, info, quarter,
                                              programmes_shown(rules, info, cells, population),
                                              mixed_with_unnamed(cells))) {
  values_ = layout_->sum(cells);
  take_inhabitants(quarter, population);
  hide();
}

// Denominators: the cells' own, or the inhabitants. The cells of a count have none.
void PublishedIndicator::take_inhabitants(Quarter quarter, const Population& population) {
  if (info_.kind != FigureKind::kCount) {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (!layout_->by_detail(i)) denominators_[i] = values_[i].denominator;
    }
    return;
  }
  if (info_.population == PopulationBase::kNone || population.residents == nullptr) return;
  const Residents::OfQuarter* residents = population.residents->of(quarter);
  const bool less_cases = info_.population == PopulationBase::kFirstDayWithoutCase;
  if (residents == nullptr || (less_cases && population.cases_before == nullptr)) return;
  denominators_ = layout_->inhabitants(*residents, info_.population);
  // Several programmes together have no inhabitants of their own: a person may have several.
  for (std::size_t i = 0; i < values_.size() && info_.by_programme; ++i) {
    if (layout_->places()[i].plane == layout_->all()) denominators_[i].reset();
  }
  if (!less_cases) return;
  const PublishedIndicator& cases = *population.cases_before;
  const auto parts = layout_->match(*cases.layout_);
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (!denominators_[i]) continue;
    if (!parts[i]) {
      denominators_[i].reset();
      continue;
    }
    for (const std::size_t there : *parts[i]) {
      *denominators_[i] -= cases.values_[there].numerator;
      hidden_[i].denominator |= cases.hidden_[there].numerator;
    }
    *denominators_[i] = std::max<std::int64_t>(*denominators_[i], 0);
  }
}

void PublishedIndicator::hide() {
  FigureSet set = layout_->geometry();
  set.public_denominators = info_.kind == FigureKind::kCount;
  std::vector<std::int64_t> unknown(values_.size());
  std::vector<std::int64_t> excluded(values_.size());
  for (std::size_t i = 0; i < values_.size(); ++i) {
    FigureCell& cell = set.cells[i];
    // Where values are measured, only their number is a count.
    cell.numerator = measured() ? values_[i].denominator : values_[i].numerator;
    cell.withhold_numerator = hidden_[i].numerator || (measured() && hidden_[i].denominator);
    if (!measured()) {
      cell.denominator = denominators_[i];
      cell.withhold_denominator = hidden_[i].denominator;
      if (!info_.second.empty() && !layout_->by_detail(i)) cell.second = values_[i].numerator2;
      // A part stands beside the denominator of the whole.
      const std::size_t whole = layout_->denominator_cell(i);
      if (whole != i && info_.kind != FigureKind::kCount)
        cell.withhold_numerator |= is_small(values_[whole].denominator - values_[i].numerator);
    }
    unknown[i] = values_[i].unknown;
    excluded[i] = values_[i].excluded;
  }
  const Withheld hidden = protect(set);
  const std::vector<bool> hidden_unknown = protect_counts(unknown, set);
  const std::vector<bool> hidden_excluded = protect_counts(excluded, set);
  for (std::size_t i = 0; i < values_.size(); ++i) {
    Hidden& h = hidden_[i];
    h.numerator = h.numerator || hidden.numerator[i];
    h.denominator = h.denominator || (measured() ? hidden.numerator[i] : hidden.denominator[i]);
    h.second = h.second || hidden.second[i];
    h.unknown = h.unknown || hidden_unknown[i];
    h.excluded = h.excluded || hidden_excluded[i];
  }
}

std::shared_ptr<const TableLayout> PublishedIndicator::layout_of_window(const Rules& rules,
                                                                        const IndicatorInfo& info,
                                                                        Quarter last,
                                                                        const AreaCells* cells,
                                                                        const Window& window) {
  std::set<ProgrammeIndex> programmes;
  bool unnamed = false;
  // Of the quarter that left, too: what it hides is hidden here.
  for (const PublishedIndicator* quarter : window) {
    const auto list = quarter->layout_->programmes();
    programmes.insert(list.begin(), list.end());
    unnamed = unnamed || quarter->layout_->unnamed();
  }
  if (cells != nullptr) {
    const auto list = programmes_of(*cells);
    programmes.insert(list.begin(), list.end());
    unnamed = unnamed || mixed_with_unnamed(*cells);
  }
  return std::make_shared<TableLayout>(
      rules, info, last, std::vector<ProgrammeIndex>{programmes.begin(), programmes.end()},
      unnamed);
}

void PublishedIndicator::hide_by_window(const Window& window) {
  for (const PublishedIndicator* quarter : window) {
    const auto parts = layout_->match(*quarter->layout_);
    for (std::size_t i = 0; i < values_.size(); ++i) {
      Hidden& here = hidden_[i];
      if (!parts[i]) {
        here = {true, true, true, true, true};
        continue;
      }
      for (const std::size_t part : *parts[i]) {
        const Hidden& there = quarter->hidden_[part];
        here.numerator |= there.numerator;
        // Inhabitants of the window's first quarter stand for the whole year.
        if (info_.kind != FigureKind::kCount || quarter == window[1])
          here.denominator |= there.denominator;
        here.second |= there.second;
        here.unknown |= there.unknown;
        here.excluded |= there.excluded;
      }
    }
  }
}

PublishedIndicator PublishedIndicator::rolling(const Rules& rules, const IndicatorInfo& info,
                                               Quarter last, const Window& window) {
  PublishedIndicator out(info, layout_of_window(rules, info, last, nullptr, window));
  for (std::size_t q = 1; q < window.size(); ++q) {
    const PublishedIndicator& quarter = *window[q];
    const auto parts = out.layout_->match(*quarter.layout_);
    for (std::size_t i = 0; i < out.values_.size(); ++i) {
      if (!parts[i]) continue;
      for (const std::size_t part : *parts[i]) {
        out.values_[i] += quarter.values_[part];
        if (info.kind == FigureKind::kCount && q == 1 && quarter.denominators_[part])
          out.denominators_[i] = out.denominators_[i].value_or(0) + *quarter.denominators_[part];
      }
    }
  }
  if (info.kind != FigureKind::kCount) {
    for (std::size_t i = 0; i < out.values_.size(); ++i) {
      if (!out.layout_->by_detail(i)) out.denominators_[i] = out.values_[i].denominator;
    }
  }
  out.hide_by_window(window);
  return out;
}

PublishedIndicator PublishedIndicator::rolling_cells(const Rules& rules, const IndicatorInfo& info,
                                                     Quarter last, const AreaCells& cells,
                                                     const Window& window) {
  PublishedIndicator out(info, layout_of_window(rules, info, last, &cells, window));
  out.values_ = out.layout_->sum(cells);
  out.take_inhabitants(last, {});
  out.hide_by_window(window);
  out.hide();
  return out;
}

PublishedIndicator PublishedIndicator::rolling(const Rules& rules, const IndicatorInfo& info,
                                               Quarter last, const AreaCells& before,
                                               const std::array<const AreaCells*, 4>& quarters) {
  std::vector<PublishedIndicator> published;
  published.reserve(5);
  published.emplace_back(rules, info, last - 4, before);
  for (int q = 0; q < 4; ++q)
    published.emplace_back(rules, info, last - (3 - q), *quarters[static_cast<std::size_t>(q)]);
  return rolling(rules, info, last,
                 {&published[0], &published[1], &published[2], &published[3], &published[4]});
}

PublishedIndicator PublishedIndicator::of_publication(const Rules& rules, const IndicatorInfo& info,
                                                      Quarter quarter,
                                                      const std::vector<ProgrammeIndex>& programmes,
                                                      const PublishedRows& row) {
  PublishedIndicator out(info,
                         std::make_shared<TableLayout>(rules, info, quarter, programmes, false));
  for (std::size_t i = 0; i < out.values_.size(); ++i) {
    const TableLayout::RowName name = out.layout_->row_of(i);
    const PublishedRow* found = row(name.table, name.programme, name.key, name.by);
    const bool is_shown = found != nullptr && found->numerator.status == FigureStatus::kShown;
    if (is_shown) out.values_[i].numerator = found->numerator.value;
    out.hidden_[i].numerator = !is_shown;
  }
  return out;
}

PublishedIndicator PublishedIndicator::nothing(const Rules& rules, const IndicatorInfo& info,
                                               Quarter quarter) {
  PublishedIndicator out(info, std::make_shared<TableLayout>(rules, info, quarter,
                                                             std::vector<ProgrammeIndex>{}, false));
  out.nothing_ = true;
  return out;
}

PublishedRow PublishedIndicator::row(std::optional<std::size_t> cell, std::string key,
                                     std::string name) const {
  PublishedRow out;
  out.key = std::move(key);
  out.name = std::move(name);
  if (nothing_) return out;
  static const CellValue kNothing;
  const CellValue& value = cell ? values_[*cell] : kNothing;
  Hidden hidden = cell ? hidden_[*cell] : Hidden{};
  // Where no cell is, nothing is counted: 0 of 0.
  const bool counted = info_.kind != FigureKind::kCount;
  const std::size_t base = cell ? layout_->denominator_cell(*cell) : 0;
  const bool any_denominator = cell ? denominators_[base].has_value() : counted;
  const std::int64_t denominator = cell ? denominators_[base].value_or(0) : 0;
  if (cell) hidden.denominator = hidden_[base].denominator;

  out.unknown = figure(hidden.unknown, value.unknown);
  out.excluded = figure(hidden.excluded, value.excluded);
  if (!measured()) out.numerator = figure(hidden.numerator, value.numerator);
  const bool second = !info_.second.empty();
  if (second) out.second = figure(hidden.second, value.numerator2);
  if (!any_denominator) return out;
  out.denominator = figure(hidden.denominator, denominator);
  if (info_.kind == FigureKind::kMean) out.rate = share_with_value(out.denominator, out.unknown);
  if (!hidden.denominator && denominator == 0) return out;

  const auto mean_of = [&](bool hide, std::int64_t values) {
    if (hide || values < kFewestForMedian) return kHiddenRate;
    return Rate{FigureStatus::kShown, static_cast<double>(value.sum_thousandths) /
                                          (1000.0 * static_cast<double>(values))};
  };
  if (!measured()) {
    out.rate =
        ratio(hidden.numerator || hidden.denominator, value.numerator, denominator, info_.rate_per);
    if (second)
      out.second_rate =
          ratio(hidden.second || hidden.denominator, value.numerator2, denominator, info_.rate_per);
    if (info_.numerator_mean && (hidden.numerator || value.numerator > 0))
      out.mean = mean_of(hidden.numerator, value.numerator);
    return out;
  }
  if (info_.kind == FigureKind::kMean) {
    out.mean = mean_of(hidden.denominator, denominator);
    return out;
  }
  const auto statistic = [&](int p, std::int64_t fewest) {
    const auto at = percentile(value.buckets, p);
    if (hidden.denominator || denominator < fewest || !at) return kHiddenRate;
    return Rate{FigureStatus::kShown, static_cast<double>(*at)};
  };
  out.median = statistic(50, kFewestForMedian);
  out.p90 = statistic(90, kFewestForP90);
  return out;
}

std::vector<PublishedRow> PublishedIndicator::rows(TableKind table,
                                                   ProgrammeIndex programme) const {
  std::vector<PublishedRow> out;
  if (!is_offered(info_, table, programme)) return out;
  const auto plane = layout_->plane_of(programme);
  const auto cell = [&](std::size_t area, std::size_t facet) {
    return plane ? layout_->cell({area, *plane, facet}) : std::nullopt;
  };
  const auto& areas = layout_->areas();
  const auto& facets = layout_->facets();
  const Facet facet = facet_of(table);
  using AreaKind = TableLayout::AreaKind;
  for (std::size_t area = 0; area < areas.size(); ++area) {
    const TableLayout::Area& at = areas[area];
    if (facet == Facet::kNone) {
      const TableKind kind = at.kind == AreaKind::kNation   ? TableKind::kNation
                             : at.kind == AreaKind::kRegion ? TableKind::kRegion
                                                            : TableKind::kMunicipality;
      if (kind == table) out.push_back(row(cell(area, TableLayout::kNoFacet), at.code, at.name));
      continue;
    }
    if (at.kind == AreaKind::kMunicipality) continue;
    const bool by_region = is_region_by_class(table);
    if (!by_region && at.kind == AreaKind::kRegion) continue;
    for (std::size_t f = 0; f < facets.size(); ++f) {
      if (facets[f].facet != facet) continue;
      const std::string& key = layout_->facet_key(f);
      if (by_region) {
        out.push_back(row(cell(area, f), at.code, at.name));
        out.back().by = key;
      } else {
        out.push_back(row(cell(area, f), key, layout_->facet_name(f)));
        // Only who dropped out has a reason that is counted here.
        if (facet == Facet::kReason) {
          PublishedRow& reason = out.back();
          reason.unknown = reason.excluded = reason.second = {};
          reason.second_rate = {};
        }
      }
    }
    if (by_region) {
      out.push_back(row(cell(area, TableLayout::kNoFacet), at.code, at.name));
      out.back().by = "TOTAL";
    }
  }
  return out;
}

std::vector<ProgrammeIndex> PublishedIndicator::programmes() const { return layout_->programmes(); }

PublishedRow PublishedIndicator::row_of(FacetValue value, ProgrammeIndex programme) const {
  const auto plane = layout_->plane_of(programme);
  const auto& facets = layout_->facets();
  const auto at = std::find(facets.begin(), facets.end(), value);
  std::optional<std::size_t> cell;
  if (plane && at != facets.end())
    cell =
        layout_->cell({layout_->nation(), *plane, static_cast<std::size_t>(at - facets.begin())});
  const bool found = at != facets.end();
  return row(cell, std::string(key_of(value)),
             found ? layout_->facet_name(static_cast<std::size_t>(at - facets.begin())) : "");
}

PublishedRow PublishedIndicator::total(ProgrammeIndex programme) const {
  const auto plane = layout_->plane_of(programme);
  return row(plane ? layout_->cell({layout_->nation(), *plane}) : std::nullopt, "TOTAL", "total");
}

}  // namespace kronika::domain
