#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>
#include <set>
#include <tuple>

#include <kronika/domain/publication.h>

namespace kronika::domain {
namespace {

constexpr std::string_view kRollingSuffix = "-R";

constexpr std::array kTableKinds{
    TableKind::kNation,    TableKind::kRegion, TableKind::kMunicipality, TableKind::kLevel,
    TableKind::kEducation, TableKind::kSex,    TableKind::kAgeBand};

constexpr Figure kSuppressedFigure{FigureStatus::kSuppressed, 0};
constexpr Rate kSuppressedRate{FigureStatus::kSuppressed, 0};

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

std::vector<PublishedTable> published_tables(const Rules& rules,
                                             const PublishedIndicator& figures) {
  std::vector<PublishedTable> out;
  const auto add = [&](ProgrammeIndex programme, const std::string& id) {
    for (const TableKind kind : kTableKinds) {
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

std::vector<PublishedTable> published_tables(const ReportingCompleteness& completeness) {
  std::vector<PublishedTable> out;
  for (const TableKind kind : {TableKind::kNation, TableKind::kRegion, TableKind::kMunicipality}) {
    out.push_back(table_of(kind, "", completeness.rows(kind), completeness.total(kind)));
  }
  return out;
}

namespace {

/// One row in all revisions: those before (nullptr: that revision has no such row, so it counted
/// zeros) and the next.
struct History {
  std::vector<const PublishedRow*> before;
  PublishedRow* now = nullptr;
};

const PublishedRow& row_or_nothing(const PublishedRow* row) {
  static const PublishedRow kNothing = [] {
    PublishedRow r;
    r.numerator = r.denominator = r.unknown = r.excluded = r.second = {FigureStatus::kShown, 0};
    return r;
  }();
  return row == nullptr ? kNothing : *row;
}

using RowName = std::tuple<TableKind, std::string, std::string>;  // programme, key
using RowIndex = std::map<RowName, const PublishedRow*>;

RowIndex index_of(const Publication& publication) {
  RowIndex rows;
  for (const PublishedTable& table : publication.tables) {
    for (const PublishedRow& row : table.rows) rows[{table.kind, table.programme, row.key}] = &row;
    rows[{table.kind, table.programme, table.total.key}] = &table.total;
  }
  return rows;
}

/// Whether two shown figures differ by a small count.
bool small_change(const Figure& then, const Figure& now) {
  return then.status == FigureStatus::kShown && now.status == FigureStatus::kShown &&
         is_small(std::abs(now.value - then.value));
}
bool changed(const Figure& then, const Figure& now) {
  return then.status == FigureStatus::kShown && now.status == FigureStatus::kShown &&
         now.value != then.value;
}

/// Rows of which the last is the sum of the others, as every reader knows; indexes into the rows.
using Lines = std::vector<std::vector<std::size_t>>;

class LineFinder {
 public:
  LineFinder(const Rules& rules, const Publication& publication,
             const std::map<RowName, std::size_t>& rows)
      : rules_(rules), publication_(publication), rows_(rows) {}

  Lines run() {
    for (const PublishedTable& table : publication_.tables) {
      whole(table);
      if (table.kind == TableKind::kMunicipality) by_region(table);
      if (table.programme.empty()) by_programme(table);
    }
    return std::move(lines_);
  }

 private:
  [[nodiscard]] std::size_t at(TableKind kind, const std::string& programme,
                               const std::string& key) const {
    const auto found = rows_.find({kind, programme, key});
    return found == rows_.end() ? SIZE_MAX : found->second;
  }
  void add(std::vector<std::size_t> line, std::size_t total) {
    if (line.empty() || total == SIZE_MAX) return;
    line.push_back(total);
    lines_.push_back(std::move(line));
  }
  /// The rows of a table make its total.
  void whole(const PublishedTable& table) {
    std::vector<std::size_t> line;
    for (const PublishedRow& row : table.rows) {
      line.push_back(at(table.kind, table.programme, row.key));
    }
    add(std::move(line), at(table.kind, table.programme, table.total.key));
  }
  /// The municipalities of a region make the region.
  void by_region(const PublishedTable& table) {
    const CivilDate date = last_day(publication_.period.quarter);
    std::map<std::string, std::vector<std::size_t>> regions;
    for (const PublishedRow& row : table.rows) {
      const auto code = rules_.municipality(row.key).code;
      const std::string region(code == 0 ? std::string_view(row.key)
                                         : rules_.region_of(code, date));
      regions[region].push_back(at(table.kind, table.programme, row.key));
    }
    for (auto& [region, line] : regions) {
      add(std::move(line), at(TableKind::kRegion, table.programme, region));
    }
  }
  /// The programmes of a row make the row of all programmes together.
  void by_programme(const PublishedTable& table) {
    for (const PublishedRow& row : table.rows) {
      std::vector<std::size_t> line;
      for (const PublishedTable& other : publication_.tables) {
        if (other.kind != table.kind || other.programme.empty()) continue;
        if (const std::size_t i = at(other.kind, other.programme, row.key); i != SIZE_MAX) {
          line.push_back(i);
        }
      }
      add(std::move(line), at(table.kind, "", row.key));
    }
  }

  const Rules& rules_;
  const Publication& publication_;
  const std::map<RowName, std::size_t>& rows_;
  Lines lines_;
};

/// Whether the figures that two revisions show of some line tell that its other figures together
/// change by a small count.
bool small_in_lines(const std::vector<History>& rows, const Lines& lines,
                    Figure PublishedRow::* figure) {
  const std::size_t revisions = rows.empty() ? 0 : rows.front().before.size();
  for (const auto& line : lines) {
    for (std::size_t r = 0; r < revisions; ++r) {
      std::int64_t change = 0;
      bool others = false;
      for (std::size_t i = 0; i < line.size(); ++i) {
        const Figure& then = row_or_nothing(rows[line[i]].before[r]).*figure;
        const Figure& now = rows[line[i]].now->*figure;
        if (then.status != FigureStatus::kShown || now.status != FigureStatus::kShown) {
          others = true;
          continue;
        }
        change += (i + 1 == line.size() ? -1 : 1) * (now.value - then.value);
      }
      if (others && is_small(std::abs(change))) return true;
    }
  }
  return false;
}

/// Those of the denominator that are not of the numerator.
Figure rest(const PublishedRow& row) {
  if (row.numerator.status != FigureStatus::kShown ||
      row.denominator.status != FigureStatus::kShown) {
    return {};
  }
  return {FigureStatus::kShown, row.denominator.value - row.numerator.value};
}

/// Those of the denominator that are not of the second numerator; `both`: nor of the first.
Figure second_rest(const PublishedRow& row, bool both) {
  const bool shown = row.second.status == FigureStatus::kShown &&
                     row.denominator.status == FigureStatus::kShown &&
                     (!both || row.numerator.status == FigureStatus::kShown);
  if (!shown) return {};
  return {FigureStatus::kShown,
          row.denominator.value - row.second.value - (both ? row.numerator.value : 0)};
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
void suppress_statistics(PublishedRow& row) {
  for (Rate* rate : {&row.median, &row.p90, &row.mean}) {
    if (rate->status == FigureStatus::kShown) *rate = kSuppressedRate;
  }
}
void suppress_denominator(PublishedRow& row) {
  row.denominator = kSuppressedFigure;
  if (row.numerator.status == FigureStatus::kShown) suppress_numerator(row);
  if (row.second.status == FigureStatus::kShown) suppress_second(row);
  if (row.rate.status == FigureStatus::kShown) row.rate = kSuppressedRate;
  suppress_statistics(row);
}

/// A figure of a column that was hidden when it was first published stays hidden.
bool was_never_shown(const History& row, Figure PublishedRow::* figure) {
  return std::all_of(row.before.begin(), row.before.end(), [&](const PublishedRow* then) {
    return (row_or_nothing(then).*figure).status == FigureStatus::kSuppressed;
  });
}

template <class Test>
bool any_before(const History& row, Test test) {
  return std::any_of(row.before.begin(), row.before.end(),
                     [&](const PublishedRow* then) { return test(row_or_nothing(then)); });
}

void revise_counts(std::vector<History>& rows, const Lines& lines) {
  bool small = false;
  for (History& row : rows) {
    PublishedRow& now = *row.now;
    if (now.denominator.status == FigureStatus::kShown &&
        was_never_shown(row, &PublishedRow::denominator)) {
      suppress_denominator(now);
    }
    if (now.numerator.status == FigureStatus::kShown &&
        was_never_shown(row, &PublishedRow::numerator)) {
      suppress_numerator(now);
    }
    if (now.second.status == FigureStatus::kShown && was_never_shown(row, &PublishedRow::second)) {
      suppress_second(now);
    }
    small = small || any_before(row, [&now](const PublishedRow& then) {
              return small_change(then.numerator, now.numerator) ||
                     small_change(then.denominator, now.denominator) ||
                     small_change(rest(then), rest(now)) || small_change(then.second, now.second) ||
                     small_change(second_rest(then, false), second_rest(now, false)) ||
                     small_change(second_rest(then, true), second_rest(now, true));
            });
  }
  if (!small && !small_in_lines(rows, lines, &PublishedRow::numerator) &&
      !small_in_lines(rows, lines, &PublishedRow::denominator) &&
      !small_in_lines(rows, lines, &PublishedRow::second)) {
    return;
  }
  for (History& row : rows) {
    PublishedRow& now = *row.now;
    const bool denominator = any_before(row, [&now](const PublishedRow& then) {
      return changed(then.denominator, now.denominator);
    });
    const bool numerator = any_before(
        row, [&now](const PublishedRow& then) { return changed(then.numerator, now.numerator); });
    const bool second = any_before(
        row, [&now](const PublishedRow& then) { return changed(then.second, now.second); });
    if (denominator) suppress_denominator(now);
    if (numerator) suppress_numerator(now);
    if (second) suppress_second(now);
  }
}

void revise_column(std::vector<History>& rows, const Lines& lines, Figure PublishedRow::* figure) {
  bool small = false;
  for (History& row : rows) {
    Figure& now = row.now->*figure;
    if (now.status == FigureStatus::kShown && was_never_shown(row, figure)) {
      now = kSuppressedFigure;
    }
    small = small || any_before(row, [&](const PublishedRow& then) {
              return small_change(then.*figure, now);
            });
  }
  if (!small && !small_in_lines(rows, lines, figure)) return;
  for (History& row : rows) {
    Figure& now = row.now->*figure;
    if (any_before(row, [&](const PublishedRow& then) { return changed(then.*figure, now); })) {
      now = kSuppressedFigure;
    }
  }
}

/// A mean or median that moved although the number of its values did not move by 5 or more.
bool moved_alone(const PublishedRow& then, const PublishedRow& now, Rate PublishedRow::* figure) {
  if ((then.*figure).status != FigureStatus::kShown ||
      (now.*figure).status != FigureStatus::kShown || then.*figure == now.*figure) {
    return false;
  }
  // Of a share the numerator has the values.
  const auto values = [](const PublishedRow& row) {
    return row.numerator.status == FigureStatus::kNoData ? row.denominator : row.numerator;
  };
  const std::int64_t more = values(now).value - values(then).value;
  return more == 0 || is_small(std::abs(more));
}

void revise_statistic(std::vector<History>& rows, Rate PublishedRow::* figure) {
  const bool alone = std::any_of(rows.begin(), rows.end(), [&](const History& row) {
    return any_before(
        row, [&](const PublishedRow& then) { return moved_alone(then, *row.now, figure); });
  });
  if (!alone) return;
  for (History& row : rows) {
    Rate& now = row.now->*figure;
    if (now.status == FigureStatus::kShown && any_before(row, [&](const PublishedRow& then) {
          return (then.*figure).status == FigureStatus::kShown && then.*figure != now;
        })) {
      now = kSuppressedRate;
    }
  }
}

/// Whether the next revision shows anything that the latest does not show so.
bool says_something(const std::vector<History>& rows) {
  const auto news = [](const auto& then, const auto& now) {
    return now.status == FigureStatus::kShown && now != then;
  };
  return std::any_of(rows.begin(), rows.end(), [&](const History& row) {
    const PublishedRow& then = row_or_nothing(row.before.back());
    const PublishedRow& now = *row.now;
    return news(then.numerator, now.numerator) || news(then.denominator, now.denominator) ||
           news(then.second, now.second) || news(then.unknown, now.unknown) ||
           news(then.excluded, now.excluded) || news(then.median, now.median) ||
           news(then.p90, now.p90) || news(then.mean, now.mean);
  });
}

}  // namespace

bool revise(const Rules& rules, Publication& next, std::span<const Publication> earlier) {
  next.revision = 1;
  if (earlier.empty()) return true;
  next.revision = earlier.back().revision + 1;
  // What stands together was hidden together: a table that an earlier revision does not have is
  // none of a later one.
  std::erase_if(next.tables, [&](const PublishedTable& table) {
    return std::any_of(earlier.begin(), earlier.end(),
                       [&](const Publication& p) { return p.table(table.kind, "") == nullptr; });
  });
  // Counts of organisations tell nothing of persons, and sums of published quarters nothing that
  // the quarters do not.
  const IndicatorInfo* info = indicator_info(next.indicator);
  const bool sum = next.period.rolling && info != nullptr && info->rolling == Rolling::kSum;
  const bool persons = next.indicator != Indicator::kI24ReportingCompleteness && !sum;

  std::vector<RowIndex> before;
  before.reserve(earlier.size());
  for (const Publication& p : earlier) before.push_back(index_of(p));
  std::vector<History> rows;
  std::map<RowName, std::size_t> places;
  const auto take = [&](const PublishedTable& table, PublishedRow& row) {
    places[{table.kind, table.programme, row.key}] = rows.size();
    History& history = rows.emplace_back();
    history.now = &row;
    for (const RowIndex& index : before) {
      const auto found = index.find({table.kind, table.programme, row.key});
      history.before.push_back(found == index.end() ? nullptr : found->second);
    }
  };
  for (PublishedTable& table : next.tables) {
    for (PublishedRow& row : table.rows) take(table, row);
    take(table, table.total);
  }
  // Nor is a second figure that an earlier revision does not have.
  for (History& row : rows) {
    if (any_before(row, [](const PublishedRow& then) {
          return then.second.status == FigureStatus::kNoData;
        })) {
      row.now->second = {};
      row.now->second_rate = {};
    }
  }
  if (persons) {
    const Lines lines = LineFinder(rules, next, places).run();
    revise_counts(rows, lines);
    revise_column(rows, lines, &PublishedRow::unknown);
    revise_column(rows, lines, &PublishedRow::excluded);
    for (Rate PublishedRow::* figure :
         {&PublishedRow::median, &PublishedRow::p90, &PublishedRow::mean}) {
      revise_statistic(rows, figure);
    }
    if (info != nullptr && info->kind == FigureKind::kMean) {
      for (History& row : rows)
        row.now->rate = share_with_value(row.now->denominator, row.now->unknown);
    }
  }
  return says_something(rows);
}

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
  out.numerator = sum_of(rows, &PublishedRow::numerator);
  out.denominator = sum_of(rows, &PublishedRow::denominator);
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
  if (info.kind != FigureKind::kShare || out.denominator.status == FigureStatus::kNoData) {
    return out;
  }
  const auto rate_of = [&out](const Figure& part) -> Rate {
    if (part.status != FigureStatus::kShown || out.denominator.status != FigureStatus::kShown)
      return kSuppressedRate;
    if (out.denominator.value == 0) return {};
    return {FigureStatus::kShown,
            static_cast<double>(part.value) / static_cast<double>(out.denominator.value)};
  };
  out.rate = rate_of(out.numerator);
  if (!info.second.empty()) out.second_rate = rate_of(out.second);
  return out;
}

}  // namespace

std::vector<PublishedTable> rolling_tables(const IndicatorInfo& info,
                                           const std::array<const Publication*, 5>& quarters) {
  std::array<RowIndex, 5> rows;
  std::set<std::pair<std::string, TableKind>> wanted;
  for (std::size_t q = 0; q < quarters.size(); ++q) {
    rows[q] = index_of(*quarters[q]);
    for (const PublishedTable& table : quarters[q]->tables) {
      wanted.emplace(table.programme, table.kind);
    }
  }
  const auto of_quarters = [&](TableKind kind, const std::string& programme,
                               const std::string& key) {
    std::array<const PublishedRow*, 5> found{};
    for (std::size_t q = 0; q < quarters.size(); ++q) {
      const auto at = rows[q].find({kind, programme, key});
      // A programme that nobody is in has no table in that quarter: zeros. The rows of a table are
      // those of all programmes together.
      const bool row_exists = rows[q].contains({kind, "", key});
      found[q] = at != rows[q].end()                                  ? at->second
                 : row_exists && !quarters[q]->table(kind, programme) ? &row_or_nothing(nullptr)
                                                                      : nullptr;
    }
    return found;
  };
  std::vector<PublishedTable> out;
  for (const auto& [programme, kind] : wanted) {
    const PublishedTable* last = quarters.back()->table(kind, "");
    if (last == nullptr) continue;
    PublishedTable& table = out.emplace_back();
    table.kind = kind;
    table.programme = programme;
    for (const PublishedRow& row : last->rows) {
      table.rows.push_back(rolling_row(info, row, of_quarters(kind, programme, row.key)));
    }
    table.total = rolling_row(info, last->total, of_quarters(kind, programme, last->total.key));
  }
  return out;
}

void hide_where_quarters_hide(std::vector<PublishedTable>& tables,
                              const std::array<const Publication*, 5>& quarters) {
  std::array<RowIndex, 5> rows;
  for (std::size_t q = 0; q < quarters.size(); ++q) rows[q] = index_of(*quarters[q]);
  const auto hide = [&rows](const PublishedTable& table, PublishedRow& row) {
    for (const RowIndex& quarter : rows) {
      const auto found = quarter.find({table.kind, table.programme, row.key});
      if (found == quarter.end()) continue;
      const PublishedRow& then = *found->second;
      if (then.denominator.status == FigureStatus::kSuppressed) suppress_denominator(row);
      if (then.numerator.status == FigureStatus::kSuppressed) suppress_numerator(row);
      if (then.second.status == FigureStatus::kSuppressed) suppress_second(row);
      if (then.unknown.status == FigureStatus::kSuppressed) row.unknown = kSuppressedFigure;
      if (then.excluded.status == FigureStatus::kSuppressed) row.excluded = kSuppressedFigure;
    }
  };
  for (PublishedTable& table : tables) {
    for (PublishedRow& row : table.rows) hide(table, row);
    hide(table, table.total);
  }
}

}  // namespace kronika::domain
