#include "publication_rows.h"

#include <algorithm>
#include <charconv>

namespace kronika::domain {
namespace {

constexpr std::string_view kRollingSuffix = "-R";

bool is_empty(const Figure& figure) {
  return figure.status == FigureStatus::kNoData ||
         (figure.status == FigureStatus::kShown && figure.value == 0);
}
bool is_empty(const PublishedRow& row) {
  return is_empty(row.numerator) && is_empty(row.denominator) && is_empty(row.unknown) &&
         is_empty(row.excluded);
}

PublishedTable table_of(TableKind kind, std::string programme, std::vector<PublishedRow> rows,
                        PublishedRow total) {
  return {kind, std::move(programme), std::move(rows), std::move(total)};
}

}  // namespace

std::string to_text(const PublicationPeriod& period) {
  return to_text(period.quarter) + (period.rolling ? std::string(kRollingSuffix) : "");
}

std::optional<PublicationPeriod> parse_period(std::string_view text) {
  PublicationPeriod period;
  period.rolling = text.ends_with(kRollingSuffix);
  if (period.rolling) text.remove_suffix(kRollingSuffix.size());
  const auto quarter = parse_quarter(text);
  if (!quarter) return std::nullopt;
  period.quarter = *quarter;
  return period;
}

std::string publication_key(Indicator indicator, const PublicationPeriod& period,
                            std::uint32_t revision) {
  return std::string(id_of(indicator)) + "/" + to_text(period) + "/" + std::to_string(revision);
}

std::optional<PublicationName> parse_publication_key(std::string_view key) {
  const std::size_t first = key.find('/');
  const std::size_t second = key.rfind('/');
  if (first == std::string_view::npos || first == second) return std::nullopt;
  PublicationName name;
  const auto indicator = indicator_from_id(key.substr(0, first));
  const auto period = parse_period(key.substr(first + 1, second - first - 1));
  const std::string_view digits = key.substr(second + 1);
  const auto [end, fault] =
      std::from_chars(digits.data(), digits.data() + digits.size(), name.revision);
  if (!indicator || !period || fault != std::errc() || end != digits.data() + digits.size() ||
      name.revision == 0) {
    return std::nullopt;
  }
  name.indicator = *indicator;
  name.period = *period;
  return name;
}

const PublishedTable* Publication::table(TableKind kind, std::string_view programme) const {
  for (const PublishedTable& t : tables) {
    if (t.kind == kind && t.programme == programme) return &t;
  }
  return nullptr;
}

std::vector<PublishedTable> published_tables(const Rules& rules, const IndicatorInfo& info,
                                             const PublishedIndicator& figures) {
  const std::vector<TableKind> kinds = tables_of(info);
  std::vector<PublishedTable> out;
  const auto add = [&](ProgrammeIndex programme, const std::string& id) {
    for (const TableKind kind : kinds) {
      std::vector<PublishedRow> rows = figures.rows(kind, programme);
      if (rows.empty()) continue;  // not offered
      const bool anything = !std::all_of(rows.begin(), rows.end(),
                                         [](const PublishedRow& row) { return is_empty(row); });
      if (!id.empty() && !anything) continue;
      out.push_back(table_of(kind, id, std::move(rows), figures.total(programme)));
    }
  };
  add(kNoProgramme, "");
  for (ProgrammeIndex p = 0; p < rules.programmes.size(); ++p) add(p, rules.programmes[p].id);
  return out;
}

PublishedIndicator published_cases(const Rules& rules, const Publication& prevalence) {
  const RowIndex rows = index_of(prevalence);
  std::vector<ProgrammeIndex> programmes;
  for (ProgrammeIndex p = 0; p < rules.programmes.size(); ++p) {
    const std::string& id = rules.programmes[p].id;
    if (std::any_of(prevalence.tables.begin(), prevalence.tables.end(),
                    [&](const PublishedTable& table) { return table.programme == id; }))
      programmes.push_back(p);
  }
  const auto row = [&](TableKind table, const std::string& programme, const std::string& key,
                       const std::string& by) -> const PublishedRow* {
    if (const auto found = rows.find({table, programme, key, by}); found != rows.end())
      return found->second;
    // A table of a programme that counts nothing takes no room.
    const bool is_left_out =
        prevalence.table(table, programme) == nullptr && rows.contains({table, "", key, by});
    return is_left_out ? &row_or_nothing(nullptr) : nullptr;
  };
  return PublishedIndicator::of_publication(rules, *indicator_info(prevalence.indicator),
                                            prevalence.period.quarter, programmes, row);
}

std::vector<PublishedTable> published_tables(const ReportingCompleteness& completeness) {
  std::vector<PublishedTable> out;
  for (const TableKind kind : {TableKind::kNation, TableKind::kRegion, TableKind::kMunicipality}) {
    out.push_back(table_of(kind, "", completeness.rows(kind), completeness.total(kind)));
  }
  return out;
}

}  // namespace kronika::domain
