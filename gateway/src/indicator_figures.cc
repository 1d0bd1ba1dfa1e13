#include "indicator_figures.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <kronika/domain/published_table.h>
#include <kronika/domain/standards.h>

namespace kronika::gateway {
namespace {

using domain::FigureStatus;
using domain::Indicator;
using domain::Publication;
using domain::PublishedRow;
using domain::PublishedTable;
using domain::Rate;
using domain::StandardFigure;
using domain::TableKind;

constexpr std::string_view kCoherence = "coherence";
constexpr std::string_view kQuality = "quality";
constexpr std::string_view kTechnology = "technology";
constexpr std::string_view kEquality = "equality";
constexpr std::string_view kNation = "all";

struct Shown {
  std::string_view picture;
  Indicator indicator = Indicator::kNone;
  StandardFigure figure = StandardFigure::kRate;
};
// domain.md 12, "Dashboard rows". Of kEquality: low less high education (I-23), of the nation.
constexpr Shown kShown[] = {{kCoherence, Indicator::kI05Wait, StandardFigure::kMedian},
                            {kCoherence, Indicator::kI06EarlyStart},
                            {kCoherence, Indicator::kI07RightOffer},
                            {kCoherence, Indicator::kI08Uptake},
                            {kCoherence, Indicator::kI11LostToFollowUp},
                            {kCoherence, Indicator::kI12Readmission},
                            {kCoherence, Indicator::kI13KolReadmission},
                            {kCoherence, Indicator::kI18aHeartRehab},
                            {kQuality, Indicator::kI03StratifiedShare},
                            {kQuality, Indicator::kI04RehabReferralKol},
                            {kQuality, Indicator::kI09Completion},
                            {kQuality, Indicator::kI10Dropout},
                            {kQuality, Indicator::kI14KolMortality},
                            {kQuality, Indicator::kI15Hba1cOnTarget},
                            {kQuality, Indicator::kI16aBloodPressure},
                            {kQuality, Indicator::kI16bUacr},
                            {kQuality, Indicator::kI16cEye},
                            {kQuality, Indicator::kI16dFoot},
                            {kQuality, Indicator::kI17SmokingStatus},
                            {kQuality, Indicator::kI24ReportingCompleteness},
                            {kTechnology, Indicator::kI21dWalk, StandardFigure::kMean},
                            {kTechnology, Indicator::kI21eSitToStand, StandardFigure::kMean},
                            {kTechnology, Indicator::kI21fWho5, StandardFigure::kMean},
                            {kTechnology, Indicator::kI22Satisfaction, StandardFigure::kMean},
                            {kEquality, Indicator::kI08Uptake},
                            {kEquality, Indicator::kI09Completion},
                            {kEquality, Indicator::kI10Dropout},
                            {kEquality, Indicator::kI15Hba1cOnTarget}};

bool is_gap(const Shown& shown) { return shown.picture == kEquality; }

std::string id_of(const Shown& shown) {
  const std::string id(domain::id_of(shown.indicator));
  return is_gap(shown) ? "I-23/" + id : id;
}

/// The revisions of the newest quarter of an indicator, latest first; read as they are asked for.
class Revisions {
 public:
  [[nodiscard]] static Result<std::optional<Revisions>> of(const View& view, Indicator indicator) {
    auto heads = view.publications(indicator, std::nullopt, std::nullopt,
                                   std::numeric_limits<std::size_t>::max());
    if (!heads) return tl::unexpected(heads.error());
    const Publication* newest = nullptr;
    for (const Publication& head : *heads) {
      if (head.period.rolling) continue;
      const auto rank = [](const Publication& p) { return std::pair(p.period, p.revision); };
      if (newest == nullptr || rank(*newest) < rank(head)) newest = &head;
    }
    if (newest == nullptr) return std::optional<Revisions>();
    return std::optional(Revisions(view, *newest));
  }

  [[nodiscard]] domain::Quarter quarter() const { return name_.period.quarter; }

  /// The first one, from the latest back, that shows what `read` reads; else what the latest says.
  template <class Read>
  Result<Rate> newest_shown(const Read& read) {
    const auto latest = rate_of(name_.revision, read);
    if (!latest || latest->status == FigureStatus::kShown || name_.revision == 1) return latest;
    // What the first revision hides no later one shows (domain.md 16): most need no more than that.
    const auto first = rate_of(1, read);
    if (!first || first->status == FigureStatus::kSuppressed) return latest;
    for (std::uint32_t revision = name_.revision - 1; revision > 1; --revision) {
      const auto rate = rate_of(revision, read);
      if (!rate || rate->status == FigureStatus::kShown) return rate;
    }
    return first->status == FigureStatus::kShown ? first : latest;
  }
  /// Codes of the regions of the latest revision.
  Result<std::vector<std::string>> regions() {
    const auto publication = load(name_.revision);
    if (!publication) return tl::unexpected(publication.error());
    std::vector<std::string> codes;
    const PublishedTable* table =
        *publication == nullptr ? nullptr : (*publication)->table(TableKind::kRegion, "");
    if (table == nullptr) return codes;
    for (const PublishedRow& row : table->rows) {
      if (row.key != "UNKNOWN" && row.key != "TOTAL") codes.push_back(row.key);
    }
    return codes;
  }

 private:
  Revisions(const View& view, const Publication& newest)
      : view_(&view), name_{newest.indicator, newest.period, newest.revision} {}

  template <class Read>
  Result<Rate> rate_of(std::uint32_t revision, const Read& read) {
    const auto publication = load(revision);
    if (!publication) return tl::unexpected(publication.error());
    return *publication == nullptr ? Rate{} : read(**publication);
  }

  Result<const Publication*> load(std::uint32_t revision) {
    auto found = loaded_.find(revision);
    if (found == loaded_.end()) {
      auto publication = view_->publication({name_.indicator, name_.period, revision});
      if (!publication) return tl::unexpected(publication.error());
      found = loaded_.emplace(revision, std::move(*publication)).first;
    }
    return found->second ? &*found->second : nullptr;
  }

  const View* view_;
  domain::PublicationName name_;
  std::map<std::uint32_t, std::optional<Publication>> loaded_;
};

const PublishedRow* row_of(const Publication& publication, TableKind kind, std::string_view key) {
  const PublishedTable* table = publication.table(kind, "");
  if (table == nullptr) return nullptr;
  for (const PublishedRow& row : table->rows) {
    if (row.key == key) return &row;
  }
  return nullptr;
}

Rate rate_in(const Publication& publication, StandardFigure figure, std::string_view region) {
  if (region == kNation) {
    const PublishedTable* table = publication.table(TableKind::kNation, "");
    return table == nullptr ? Rate{} : domain::figure_of(figure, table->total);
  }
  const PublishedRow* row = row_of(publication, TableKind::kRegion, region);
  return row == nullptr ? Rate{} : domain::figure_of(figure, *row);
}

Rate gap_in(const Publication& publication) {
  const PublishedRow* low = row_of(publication, TableKind::kEducation, "LOW");
  const PublishedRow* high = row_of(publication, TableKind::kEducation, "HIGH");
  if (low == nullptr || high == nullptr) return {};
  for (const PublishedRow* side : {low, high}) {
    if (side->rate.status != FigureStatus::kShown) return {side->rate.status, 0};
  }
  return {FigureStatus::kShown, low->rate.value - high->rate.value};
}

class Collector {
 public:
  Collector(const View& view, const domain::Rules& rules) : view_(view), rules_(rules) {}

  Result<void> add(const Shown& shown) {
    auto revisions = Revisions::of(view_, shown.indicator);
    if (!revisions) return tl::unexpected(revisions.error());
    if (!*revisions) return {};
    const telemetry::Labels labels{{"picture", std::string(shown.picture)},
                                   {"indicator", id_of(shown)}};
    std::vector<std::string> places{std::string(kNation)};
    if (!is_gap(shown)) {
      auto regions = (*revisions)->regions();
      if (!regions) return tl::unexpected(regions.error());
      places.insert(places.end(), regions->begin(), regions->end());
    }
    int suppressed = 0;
    for (const std::string& place : places) {
      const auto rate = (*revisions)->newest_shown([&](const Publication& publication) {
        return is_gap(shown) ? gap_in(publication) : rate_in(publication, shown.figure, place);
      });
      if (!rate) return tl::unexpected(rate.error());
      if (rate->status == FigureStatus::kSuppressed) ++suppressed;
      if (rate->status != FigureStatus::kShown) continue;
      telemetry::Labels at = labels;
      at.emplace_back("region", place);
      out_.value.push_back({std::move(at), rounded(rate->value)});
    }
    out_.suppressed.push_back({labels, static_cast<double>(suppressed)});
    add_target(shown, labels, (*revisions)->quarter());
    add_period(shown, (*revisions)->quarter());
    return {};
  }

  IndicatorFigures take() { return std::move(out_); }

 private:
  void add_target(const Shown& shown, const telemetry::Labels& labels, domain::Quarter quarter) {
    if (is_gap(shown)) return;
    for (const domain::Standard* standard :
         domain::standards_of(rules_, shown.indicator, domain::last_day(quarter))) {
      if (standard->figure != shown.figure) continue;
      telemetry::Labels with = labels;
      with.emplace_back("direction", std::string(domain::name_of(standard->direction)));
      out_.target.push_back({std::move(with), domain::limit_of(*standard)});
      return;
    }
  }

  void add_period(const Shown& shown, domain::Quarter quarter) {
    if (!periods_.insert(shown.indicator).second) return;
    const Instant end = domain::end_of_day(domain::last_day(quarter));
    out_.period_end.push_back({{{"indicator", std::string(domain::id_of(shown.indicator))}},
                               static_cast<double>(end.ms) / 1000});
  }

  const View& view_;
  const domain::Rules& rules_;
  IndicatorFigures out_;
  std::set<Indicator> periods_;
};

}  // namespace

double rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return value;
  const int decimals = 2 - static_cast<int>(std::floor(std::log10(std::abs(value))));
  const double scale = std::pow(10.0, std::abs(decimals));  // a whole number, so 0.667 stays 0.667
  return decimals >= 0 ? std::round(value * scale) / scale : std::round(value / scale) * scale;
}

std::size_t most_indicator_series(std::size_t regions) {
  std::size_t most = 0;
  for (const Shown& shown : kShown) {
    most += 3 + (is_gap(shown) ? 1 : 1 + regions);  // suppressed, target, period_end; values
  }
  return most;
}

Result<IndicatorFigures> indicator_figures(const View& view, const domain::Rules& rules) {
  Collector collector(view, rules);
  for (const Shown& shown : kShown) {
    if (auto ok = collector.add(shown); !ok) return tl::unexpected(ok.error());
  }
  return collector.take();
}

}  // namespace kronika::gateway
