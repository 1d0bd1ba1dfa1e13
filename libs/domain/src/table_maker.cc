#include <utility>

#include <kronika/domain/table_maker.h>

namespace kronika::domain {
namespace {

Quarter first_quarter(Quarter quarter, bool rolling) { return rolling ? quarter - 3 : quarter; }

const Rate& figure_of(const PublishedRow& row, FigureKind kind) {
  if (kind == FigureKind::kValues) return row.median;
  return kind == FigureKind::kMean ? row.mean : row.rate;
}

}  // namespace

bool TableMaker::may_publish(const IndicatorInfo& info, Quarter quarter, bool rolling) const {
  if (info.population != PopulationBase::kFirstDayWithoutCase) return true;
  if (!settings_.data_start) return false;
  return first_day(first_quarter(quarter, rolling)) - *settings_.data_start >= kIncidenceRunIn;
}

Result<std::shared_ptr<const PublishedIndicator>> TableMaker::quarter_of(const IndicatorInfo& info,
                                                                         Quarter quarter) {
  auto& made = quarters_[{info.indicator, quarter}];
  if (made) return made;
  auto cells = cells_(info.indicator, quarter, false);
  if (!cells) return tl::unexpected(cells.error());
  Population population{settings_.residents.get(), nullptr};
  std::shared_ptr<const PublishedIndicator> cases;
  if (info.population == PopulationBase::kFirstDayWithoutCase && settings_.residents) {
    auto before = quarter_of(*indicator_info(Indicator::kI01Prevalence), quarter - 1);
    if (!before) return before;
    cases = std::move(*before);
    population.cases_before = cases.get();
  }
  made = std::make_shared<PublishedIndicator>(rules_, info, quarter, *cells, population);
  return made;
}

Result<std::shared_ptr<const PublishedIndicator>> TableMaker::make(const IndicatorInfo& info,
                                                                   Quarter quarter, bool rolling) {
  if (!may_publish(info, quarter, rolling))
    return std::make_shared<const PublishedIndicator>(
        PublishedIndicator::nothing(rules_, info, quarter));
  if (!rolling) return quarter_of(info, quarter);
  PublishedIndicator::Window window{};
  std::vector<std::shared_ptr<const PublishedIndicator>> kept;
  for (int q = 0; q < 5; ++q) {
    auto one = quarter_of(info, quarter - (4 - q));
    if (!one) return one;
    window[static_cast<std::size_t>(q)] = one->get();
    kept.push_back(std::move(*one));
  }
  if (info.rolling != Rolling::kOwn)
    return std::make_shared<const PublishedIndicator>(
        PublishedIndicator::rolling(rules_, info, quarter, window));
  auto cells = cells_(info.indicator, quarter, true);
  if (!cells) return tl::unexpected(cells.error());
  return std::make_shared<const PublishedIndicator>(
      PublishedIndicator::rolling_cells(rules_, info, quarter, *cells, window));
}

std::vector<std::string> TableMaker::notes(const IndicatorInfo& info, Quarter quarter,
                                           bool rolling) const {
  std::vector<std::string> out;
  if (!may_publish(info, quarter, rolling)) {
    out.push_back(settings_.data_start
                      ? "incidence is not published before the data are " +
                            std::to_string(kIncidenceRunIn) +
                            " days old at the period's start: an old case would count as a new one"
                      : "incidence is not published: say in gateway.data_start since when the data "
                        "are complete");
    return out;
  }
  if (info.population == PopulationBase::kNone) return out;
  const Quarter needed = first_quarter(quarter, rolling);
  if (!settings_.residents) {
    out.emplace_back(
        "no rates: there are no resident counts; name a file of them in gateway.residents_file");
  } else if (settings_.residents->of(needed) == nullptr) {
    out.push_back("no rates: the resident counts have no rows of " + to_text(needed));
  } else if (info.by_programme) {
    out.emplace_back(
        "rates are of one programme: a person may have several, so all together have none");
  }
  return out;
}

std::optional<Gap> gap_of(const PublishedIndicator& tables, const IndicatorInfo& info,
                          TableKind table, ProgrammeIndex programme) {
  const Facet facet = facet_of(table);
  if (table != TableKind::kEducation && table != TableKind::kSex) return std::nullopt;
  const bool education = table == TableKind::kEducation;
  const auto at = [&](auto value) {
    return tables.row_of({facet, static_cast<std::uint8_t>(value)}, programme);
  };
  Gap gap;
  gap.indicator = info.indicator;
  gap.table = table;
  gap.low = education ? at(EducationGroup::kLow) : at(Sex::kFemale);
  gap.high = education ? at(EducationGroup::kHigh) : at(Sex::kMale);
  gap.unknown = at(0);
  const Rate& low = figure_of(gap.low, info.kind);
  const Rate& high = figure_of(gap.high, info.kind);
  if (low.status == FigureStatus::kSuppressed || high.status == FigureStatus::kSuppressed) {
    gap.points.status = FigureStatus::kSuppressed;
  } else if (low.status == FigureStatus::kShown && high.status == FigureStatus::kShown) {
    const bool share = info.kind == FigureKind::kShare;
    gap.points = {FigureStatus::kShown, (share ? 100.0 : 1.0) * (low.value - high.value)};
  }
  return gap;
}

const std::vector<Indicator>& education_gap_indicators() {
  static const std::vector<Indicator> list{Indicator::kI08Uptake, Indicator::kI09Completion,
                                           Indicator::kI10Dropout, Indicator::kI15Hba1cOnTarget};
  return list;
}

}  // namespace kronika::domain
