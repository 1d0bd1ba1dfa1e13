// revise(): what two revisions of a publication show together tells no small change.
#include "publication_rows.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace kronika::domain {
namespace {

/// One row in all revisions: those before (nullptr: that revision has no such row, so it counted
/// zeros) and the next.
struct History {
  std::vector<const PublishedRow*> before;
  PublishedRow* now = nullptr;
};

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
struct Line {
  std::vector<std::size_t> rows;
  /// Rows by detail: parts of the numerator, each beside the denominator of the whole.
  bool detail = false;
};
using Lines = std::vector<Line>;

class LineFinder {
 public:
  LineFinder(const Rules& rules, const Publication& publication,
             const std::map<RowName, std::size_t>& rows)
      : rules_(rules), publication_(publication), rows_(rows) {}

  Lines run() {
    for (const PublishedTable& table : publication_.tables) {
      if (is_region_by_class(table.kind)) {
        by_region_and_class(table);
        continue;
      }
      whole(table);
      if (table.kind == TableKind::kMunicipality) by_region(table);
      if (table.programme.empty()) by_programme(table);
    }
    return std::move(lines_);
  }

 private:
  [[nodiscard]] std::size_t at(const RowName& name) const {
    const auto found = rows_.find(name);
    return found == rows_.end() ? SIZE_MAX : found->second;
  }
  void add(const PublishedTable& table, std::vector<std::size_t> line, std::size_t total) {
    if (line.empty() || total == SIZE_MAX) return;
    line.push_back(total);
    lines_.push_back({std::move(line), is_detail(facet_of(table.kind))});
  }
  /// The rows of a table make its total.
  void whole(const PublishedTable& table) {
    std::vector<std::size_t> line;
    for (const PublishedRow& row : table.rows) line.push_back(at(name_of(table, row)));
    add(table, std::move(line), at(name_of(table, table.total)));
  }
  /// The municipalities of a region make the region.
  void by_region(const PublishedTable& table) {
    const CivilDate date = last_day(publication_.period.quarter);
    std::map<std::string, std::vector<std::size_t>> regions;
    for (const PublishedRow& row : table.rows) {
      const auto code = rules_.municipality(row.key).code;
      const std::string region(code == 0 ? std::string_view(row.key)
                                         : rules_.region_of(code, date));
      regions[region].push_back(at(name_of(table, row)));
    }
    for (auto& [region, line] : regions)
      add(table, std::move(line), at({TableKind::kRegion, table.programme, region, ""}));
  }
  /// The classes of a region make the region, the regions of a class make the nation's class. The
  /// nation's rows come last.
  void by_region_and_class(const PublishedTable& table) {
    std::map<std::string, std::vector<std::size_t>> regions, classes;
    const std::string& nation = table.rows.back().key;
    const std::string& all = table.rows.back().by;
    for (const PublishedRow& row : table.rows) {
      const std::size_t i = at(name_of(table, row));
      if (row.by != all) regions[row.key].push_back(i);
      if (row.key != nation) classes[row.by].push_back(i);
    }
    for (auto& [region, line] : regions)
      add(table, std::move(line), at({table.kind, table.programme, region, all}));
    for (auto& [by, line] : classes)
      add(table, std::move(line), at({table.kind, table.programme, nation, by}));
  }
  /// The programmes of a row make the row of all programmes together.
  void by_programme(const PublishedTable& table) {
    for (const PublishedRow& row : table.rows) {
      std::vector<std::size_t> line;
      for (const PublishedTable& other : publication_.tables) {
        if (other.kind != table.kind || other.programme.empty()) continue;
        if (const std::size_t i = at(name_of(other, row)); i != SIZE_MAX) line.push_back(i);
      }
      add(table, std::move(line), at(name_of(table, row)));
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
  const bool of_whole = figure == &PublishedRow::denominator || figure == &PublishedRow::second;
  for (const Line& line : lines) {
    if (line.detail && of_whole) continue;
    for (std::size_t r = 0; r < revisions; ++r) {
      std::int64_t change = 0;
      bool others = false;
      for (std::size_t i = 0; i < line.rows.size(); ++i) {
        const Figure& then = row_or_nothing(rows[line.rows[i]].before[r]).*figure;
        const Figure& now = rows[line.rows[i]].now->*figure;
        if (then.status != FigureStatus::kShown || now.status != FigureStatus::kShown) {
          others = true;
          continue;
        }
        change += (i + 1 == line.rows.size() ? -1 : 1) * (now.value - then.value);
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

/// `inhabitants`: the denominators are public figures, or follow from publications of other
/// indicators; they tell nothing of this one's persons.
void revise_counts(std::vector<History>& rows, const Lines& lines, bool inhabitants) {
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
    small = small || any_before(row, [&](const PublishedRow& then) {
              if (small_change(then.numerator, now.numerator)) return true;
              if (inhabitants) return false;
              return small_change(then.denominator, now.denominator) ||
                     small_change(rest(then), rest(now)) || small_change(then.second, now.second) ||
                     small_change(second_rest(then, false), second_rest(now, false)) ||
                     small_change(second_rest(then, true), second_rest(now, true));
            });
  }
  small = small || small_in_lines(rows, lines, &PublishedRow::numerator) ||
          small_in_lines(rows, lines, &PublishedRow::second) ||
          (!inhabitants && small_in_lines(rows, lines, &PublishedRow::denominator));
  if (!small) return;
  for (History& row : rows) {
    PublishedRow& now = *row.now;
    const bool denominator = !inhabitants && any_before(row, [&](const PublishedRow& then) {
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
    const RowName name = name_of(table, row);
    places[name] = rows.size();
    History& history = rows.emplace_back();
    history.now = &row;
    for (const RowIndex& index : before) {
      const auto found = index.find(name);
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
    revise_counts(rows, lines, info != nullptr && info->kind == FigureKind::kCount);
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

}  // namespace kronika::domain
