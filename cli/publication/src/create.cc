#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include <kronika/bus/exclusive_writer.h>
#include <kronika/bus/log_reader.h>
#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/citizen_codec.h>
#include <kronika/codec/publication_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/publication/create.h>
#include <kronika/publication/errc.h>

namespace kronika::publication {
namespace {

using domain::Publication;
using domain::PublicationPeriod;
using PeriodKey = std::tuple<domain::Indicator, PublicationPeriod>;

/// Reads a topic up to where it ends now; answers the positions reached, by partition.
Result<std::vector<domain::CutPosition>> scan(const bus::ClientOptions& client,
                                              std::string_view topic,
                                              const bus::LogReader::Visit& visit) {
  auto reader = bus::LogReader::open(client);
  if (!reader) return tl::unexpected(reader.error());
  const auto count = (*reader)->partition_count(std::string(topic));
  if (!count) return tl::unexpected(count.error());
  std::vector<bus::PartitionOffset> from;
  for (std::int32_t p = 0; p < *count; ++p) {
    from.push_back({std::string(topic), p, bus::LogReader::kBeginning});
  }
  const auto ends = (*reader)->ends(from);
  if (!ends) return tl::unexpected(ends.error());
  if (auto ok = (*reader)->assign(from); !ok) return tl::unexpected(ok.error());
  if (auto ok = (*reader)->read_to(*ends, visit); !ok) return tl::unexpected(ok.error());
  std::vector<domain::CutPosition> cut;
  for (std::int32_t p = 0; p < *count; ++p) {
    cut.push_back({p, (*reader)->position(static_cast<std::size_t>(p))});
  }
  return cut;
}

struct Figures {
  std::map<domain::CellKey, domain::CellValue> cells;
  std::map<std::int32_t, Instant> as_of;  ///< by partition, of those that have written anything
  std::vector<domain::CutPosition> cut;
};

Result<Figures> read_figures(const bus::ClientOptions& client) {
  Figures figures;
  codec::IndicatorCell cell;
  codec::ProgressRecord progress;
  auto cut = scan(client, bus::kIndicatorState, [&](const bus::Record& record) -> Result<void> {
    if (record.tombstone) {
      if (const auto key = domain::CellKey::from_bytes(record.key)) figures.cells.erase(*key);
      return {};
    }
    const auto wire = bus::read_wire(record.value);
    if (!wire) return tl::unexpected(wire.error());
    if (codec::is_progress_key(record.key)) {
      if (auto ok = codec::decode_progress(wire->message, progress); !ok) return ok;
      figures.as_of[record.partition] = progress.as_of;
      return {};
    }
    const auto key = domain::CellKey::from_bytes(record.key);
    if (!key) return {};
    if (auto ok = codec::decode_cell(wire->message, cell); !ok) return ok;
    figures.cells[*key] = std::move(cell.value);
    return {};
  });
  if (!cut) return tl::unexpected(cut.error());
  figures.cut = std::move(*cut);
  return figures;
}

class KafkaMaker final : public Maker {
 public:
  KafkaMaker(bus::ClientOptions client, const domain::Rules& rules, domain::TableSettings tables)
      : client_(std::move(client)), rules_(rules), tables_(std::move(tables)) {}

  Result<void> start() {
    auto writer = bus::ExclusiveWriter::open(client_, bus::kPublikation);
    if (!writer) return tl::unexpected(writer.error());
    writer_ = std::move(*writer);
    // Only now: whoever had the name before has committed, or never will.
    auto all = read_publications(client_);
    if (!all) return tl::unexpected(all.error());
    for (Publication& p : *all) earlier_[{p.indicator, p.period}].push_back(std::move(p));
    auto figures = read_figures(client_);
    if (!figures) return tl::unexpected(figures.error());
    figures_ = std::move(*figures);
    return {};
  }

  Result<Made> create(domain::Indicator indicator, const PublicationPeriod& period, Instant now,
                      bool includes_simulated) override {
    const domain::IndicatorInfo* info = domain::indicator_info(indicator);
    const auto& computed = domain::computed_indicators();
    if (info == nullptr ||
        std::find(computed.begin(), computed.end(), indicator) == computed.end()) {
      return fail(kNoFigures, std::string(domain::id_of(indicator)) + " is not computed");
    }
    if (indicator == domain::Indicator::kI23EducationGap) {
      return fail(kNoFigures, "I-23 is a difference of other indicators and has no figures itself");
    }
    if (period.rolling && info->rolling == domain::Rolling::kNone) {
      return fail(kNotRolling, std::string(domain::id_of(indicator)) +
                                   " is a state at the end of a quarter: it has no rolling figure");
    }
    const domain::TableMaker maker(rules_, tables_, {});
    if (!maker.may_publish(*info, period.quarter, period.rolling))
      return fail(kNoFigures, maker.notes(*info, period.quarter, period.rolling).front());
    if (auto ended = check_ended(period, now); !ended) return tl::unexpected(ended.error());
    std::vector<Publication>& earlier = earlier_[{indicator, period}];
    const domain::CivilDate today = domain::civil_date_of(now);
    if (!earlier.empty() && domain::civil_date_of(earlier.back().published_at) == today) {
      return fail(kToday, domain::publication_key(indicator, period, earlier.back().revision) +
                              " was published today already; the next may follow tomorrow");
    }
    auto tables = tables_for(*info, period);
    if (!tables) return tl::unexpected(tables.error());

    Made made;
    Publication& next = made.publication;
    next.indicator = indicator;
    next.period = period;
    next.rules = rules_.generation;
    next.as_of = as_of();
    next.published_at = now;
    next.cut = figures_.cut;
    next.includes_simulated = includes_simulated;
    next.tables = std::move(*tables);
    if (!domain::revise(rules_, next, earlier)) return made;

    std::string value;
    bus::append_wire_prefix(codec::kPublicationSchemaId, value);
    value += codec::encode_publication(next);
    const std::string key = domain::publication_key(indicator, period, next.revision);
    bus::Outgoing record;
    record.topic = bus::kPublikation;
    record.key = key;
    record.value = value;
    if (auto ok = writer_->write({&record, 1}); !ok) return tl::unexpected(ok.error());
    made.published = true;
    earlier.push_back(next);
    return made;
  }

 private:
  /// The oldest cut of the partitions, as the gateway says of live figures.
  [[nodiscard]] Instant as_of() const {
    Instant oldest = Instant::max();
    for (const auto& [partition, at] : figures_.as_of) oldest = std::min(oldest, at);
    return figures_.as_of.empty() ? Instant{} : oldest;
  }

  [[nodiscard]] Result<void> check_ended(const PublicationPeriod& period, Instant now) const {
    const Instant end = domain::start_of_day(domain::first_day(period.quarter + 1));
    // A partition that nothing was written to lately is not behind: the newest one tells how far
    // the consumers are.
    Instant newest = Instant::min();
    for (const auto& [partition, at] : figures_.as_of) newest = std::max(newest, at);
    if (now >= end && newest >= end) return {};
    return fail(kPeriodRunning,
                domain::to_text(period) +
                    (now < end ? " has not ended: only periods that are over are published"
                               : " is over, but the consumers have not come to its end"));
  }

  [[nodiscard]] domain::AreaCells cells_of(domain::Indicator indicator, domain::Quarter quarter,
                                           bool rolling) const {
    domain::AreaCells out;
    domain::CellKey first;
    first.indicator = indicator;
    for (auto it = figures_.cells.lower_bound(first);
         it != figures_.cells.end() && it->first.indicator == indicator; ++it) {
      if (it->first.period == quarter && it->first.rolling == rolling) {
        domain::add_cell(it->first, it->second, out);
      }
    }
    return out;
  }

  [[nodiscard]] domain::ReportingCompleteness completeness(const PublicationPeriod& period) const {
    domain::ReportingCells reporting;
    for (const auto& [key, value] : figures_.cells) {
      const int back = period.quarter.value - key.period.value;
      if (back >= 0 && back < (period.rolling ? 4 : 1)) {
        domain::add_reporting(key, value, reporting);
      }
    }
    return {rules_, period.quarter, reporting};
  }

  Result<std::array<const Publication*, 5>> quarters_of(const domain::IndicatorInfo& info,
                                                        domain::Quarter last) {
    std::array<const Publication*, 5> quarters{};
    std::string missing;
    for (int q = 0; q < 5; ++q) {
      const PublicationPeriod quarter{last - (4 - q), false};
      const auto found = earlier_.find({info.indicator, quarter});
      if (found == earlier_.end() || found->second.empty()) {
        missing += " " + domain::to_text(quarter);
      } else {
        quarters[static_cast<std::size_t>(q)] = &found->second.back();
      }
    }
    if (missing.empty()) return quarters;
    return fail(kQuartersMissing, "publish these quarters of " +
                                      std::string(domain::id_of(info.indicator)) +
                                      " first:" + missing);
  }

  Result<std::vector<domain::PublishedTable>> quarter_tables(const domain::IndicatorInfo& info,
                                                             domain::Quarter quarter) {
    domain::Population population{tables_.residents.get(), nullptr};
    std::optional<domain::PublishedIndicator> cases;
    // Who has the case already is told as it is published, never as it stands today: the difference
    // could be one person.
    if (info.population == domain::PopulationBase::kFirstDayWithoutCase && tables_.residents) {
      const PublicationPeriod before{quarter - 1, false};
      const auto found = earlier_.find({domain::Indicator::kI01Prevalence, before});
      if (found == earlier_.end() || found->second.empty())
        return fail(kQuartersMissing, "publish I-01 of " + domain::to_text(before) + " first");
      cases = domain::published_cases(rules_, found->second.back());
      population.cases_before = &*cases;
    }
    const domain::AreaCells cells = cells_of(info.indicator, quarter, false);
    return domain::published_tables(rules_, info, {rules_, info, quarter, cells, population});
  }

  Result<std::vector<domain::PublishedTable>> tables_for(const domain::IndicatorInfo& info,
                                                         const PublicationPeriod& period) {
    if (info.indicator == domain::Indicator::kI24ReportingCompleteness) {
      return domain::published_tables(completeness(period));
    }
    if (!period.rolling) return quarter_tables(info, period.quarter);
    const auto quarters = quarters_of(info, period.quarter);
    if (!quarters) return tl::unexpected(quarters.error());
    if (info.rolling == domain::Rolling::kSum) return domain::rolling_tables(info, *quarters);
    const domain::AreaCells cells = cells_of(info.indicator, period.quarter, true);
    auto tables = domain::published_tables(rules_, info, {rules_, info, period.quarter, cells});
    domain::hide_where_quarters_hide(tables, *quarters);
    return tables;
  }

  const bus::ClientOptions client_;
  const domain::Rules& rules_;
  const domain::TableSettings tables_;
  std::unique_ptr<bus::ExclusiveWriter> writer_;
  std::map<PeriodKey, std::vector<Publication>> earlier_;  ///< oldest first
  Figures figures_;
};

}  // namespace

Result<std::unique_ptr<Maker>> Maker::open(const bus::ClientOptions& client,
                                           const domain::Rules& rules,
                                           domain::TableSettings tables) {
  auto maker = std::make_unique<KafkaMaker>(client, rules, std::move(tables));
  if (auto ok = maker->start(); !ok) return tl::unexpected(ok.error());
  return maker;
}

Result<std::vector<Publication>> read_publications(const bus::ClientOptions& client) {
  std::vector<Publication> all;
  auto cut = scan(client, bus::kPublikation, [&](const bus::Record& record) -> Result<void> {
    if (record.tombstone) return {};
    const auto wire = bus::read_wire(record.value);
    if (!wire) return tl::unexpected(wire.error());
    auto publication = codec::decode_publication(wire->message);
    if (!publication) return tl::unexpected(publication.error());
    all.push_back(std::move(*publication));
    return {};
  });
  if (!cut) return tl::unexpected(cut.error());
  std::sort(all.begin(), all.end(), [](const Publication& a, const Publication& b) {
    return std::tie(a.indicator, a.period, a.revision) <
           std::tie(b.indicator, b.period, b.revision);
  });
  return all;
}

}  // namespace kronika::publication
