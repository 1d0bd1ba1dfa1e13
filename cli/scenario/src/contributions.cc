// Indicators and suppressed tables of a scenario.
#include "expect.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <kronika/domain/completeness.h>
#include <kronika/domain/indicator_info.h>
#include <kronika/domain/published_table.h>
#include <kronika/domain/suppression.h>

namespace kronika::scenario {
namespace {

using namespace domain;

struct Period {
  Quarter last;
  bool rolling = false;
};

Period period_of(const std::string& text) {
  const bool rolling = text.ends_with("-R");
  const auto quarter = parse_quarter(text.substr(0, rolling ? text.size() - 2 : text.size()));
  if (!quarter) throw FormError("period '" + text + "' is no quarter");
  return {*quarter, rolling};
}

std::string group_text(EducationGroup group) {
  switch (group) {
    case EducationGroup::kUnknown:
      return "unknown";
    case EducationGroup::kLow:
      return "low";
    case EducationGroup::kHigh:
      return "high";
  }
  return "unknown";
}

void add_for_period(const Contribution& c, const Period& period, Rolling kind, CellValue& sum) {
  const int quarters = period.rolling && kind == Rolling::kSum ? 4 : 1;
  if (c.rolling != (period.rolling && kind == Rolling::kOwn)) return;
  for (int i = 0; i < quarters; ++i) {
    const Quarter q = period.last - i;
    if (c.from <= q && q <= c.to) sum += c.value;
  }
}

std::uint8_t acsc_set(const std::string& name) {
  static constexpr std::array<std::string_view, 4> kNames{"ASTHMA", "KOL", "HF", "DIABETES"};
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) throw FormError("set '" + name + "' is no ACSC set");
  return static_cast<std::uint8_t>(found - kNames.begin() + 1);
}

/// `start`: how the reason's uuid begins.
std::uint8_t reason_number(const Rules& rules, const std::string& start) {
  for (std::size_t i = 0; i < rules.stop_reasons.size(); ++i) {
    if (rules.stop_reasons[i].uuid.starts_with(start)) return static_cast<std::uint8_t>(i + 1);
  }
  throw FormError("reason '" + start + "' is in no row of dropout_reasons.csv");
}

std::string figure(const std::optional<std::int64_t>& value) {
  return value ? std::to_string(*value) : "null";
}

/// Cells "row" or "row|col" with all their totals, rows and columns in bytewise order.
class TableForm {
 public:
  explicit TableForm(const YAML::Node& cells) {
    std::set<std::string> rows;
    std::set<std::string> columns;
    for (const auto& item : cells) {
      const auto name = item.first.as<std::string>();
      const std::size_t bar = name.find('|');
      rows.insert(name.substr(0, bar));
      if (bar != std::string::npos) columns.insert(name.substr(bar + 1));
      add(name, item.second);
    }
    if (columns.empty()) {
      add_line("TOTAL", {rows.begin(), rows.end()});
      return;
    }
    std::vector<std::string> row_totals;
    std::vector<std::string> column_totals;
    for (const std::string& row : rows) {
      row_totals.push_back(row + "|TOTAL");
      add_line(row_totals.back(),
               crossed(columns, [&row](const std::string& c) { return row + "|" + c; }));
    }
    for (const std::string& column : columns) {
      column_totals.push_back("TOTAL|" + column);
      add_line(column_totals.back(),
               crossed(rows, [&column](const std::string& r) { return r + "|" + column; }));
    }
    add_line("TOTAL|TOTAL", row_totals);
    add_line("TOTAL|TOTAL", column_totals);
  }

  [[nodiscard]] const FigureSet& set() const { return set_; }
  [[nodiscard]] std::optional<std::size_t> find(const std::string& name) const {
    const auto it = index_.find(name);
    return it == index_.end() ? std::nullopt : std::optional(it->second);
  }

 private:
  template <class Name>
  std::vector<std::string> crossed(const std::set<std::string>& parts, Name name) const {
    std::vector<std::string> names;
    for (const std::string& part : parts) {
      if (index_.contains(name(part))) names.push_back(name(part));
    }
    return names;
  }
  void add(const std::string& name, const YAML::Node& figures) {
    FigureCell cell;
    cell.dimension = name;
    cell.numerator = figures[0].as<std::int64_t>();
    if (figures.size() > 1) cell.denominator = figures[1].as<std::int64_t>();
    index_.emplace(name, set_.cells.size());
    set_.cells.push_back(std::move(cell));
  }
  void add_line(const std::string& total, const std::vector<std::string>& names) {
    FigureLine line;
    FigureCell sum;
    sum.dimension = total;
    for (const std::string& name : names) {
      const FigureCell& cell = set_.cells[index_.at(name)];
      line.cells.push_back(index_.at(name));
      sum.numerator += cell.numerator;
      if (cell.denominator) sum.denominator = sum.denominator.value_or(0) + *cell.denominator;
    }
    const auto [it, added] = index_.emplace(total, set_.cells.size());
    if (added) set_.cells.push_back(std::move(sum));
    line.total = it->second;
    set_.lines.push_back(std::move(line));
  }

  FigureSet set_;
  std::map<std::string, std::size_t> index_;
};

}  // namespace

void compare_indicator(const YAML::Node& expected, const std::string& at, const Scenario& scenario,
                       const World& world, Instant as_of, Instant known_at, Findings& findings) {
  const std::string id = text_at(expected, "id").value_or("");
  std::string numbered = id;
  if (const auto measure = text_at(expected, "measure"); measure && id == "I-21") {
    static constexpr std::array<std::string_view, 6> kMeasures{
        "BMI", "WEIGHT", "WAIST", "WALK_6MIN", "SIT_TO_STAND_30S", "WHO5"};
    const auto at_measure = std::find(kMeasures.begin(), kMeasures.end(), *measure);
    if (at_measure != kMeasures.end()) {
      numbered += static_cast<char>('a' + (at_measure - kMeasures.begin()));
    }
  }
  const auto indicator = indicator_from_id(numbered);
  if (!indicator) throw FormError("indicator '" + id + "' is unknown");
  const auto& computed = computed_indicators();
  if (std::find(computed.begin(), computed.end(), *indicator) == computed.end()) {
    findings.unimplemented.push_back("indicator " + id);
    return;
  }
  const Period period = period_of(text_at(expected, "period").value_or(""));
  const IndicatorInfo* info = indicator_info(*indicator);
  const auto programme = text_at(expected, "programme");
  const auto education = text_at(expected, "education");

  std::optional<std::uint8_t> detail;
  if (const auto reason = text_at(expected, "reason")) {
    detail = reason_number(world.rules(), *reason);
  } else if (const auto set = text_at(expected, "set")) {
    detail = acsc_set(*set);
  }

  CellValue sum;
  ReportingCells reporting;
  std::set<PersonKey> persons;
  for (const auto& [label, person] : scenario.persons) {
    persons.insert(world.resolve(person.key, known_at));
  }
  for (const PersonKey& key : persons) {
    const auto view = world.view(key, as_of, known_at);
    if (!view) continue;
    for (const Contribution& c : world.fold().contributions(view->state, as_of)) {
      if (c.indicator != *indicator) continue;
      if (programme && world.rules().programme(*programme) != c.at.programme) continue;
      if (education && group_text(c.at.education) != *education) continue;
      if (detail && c.at.detail != *detail) continue;
      CellValue here;
      add_for_period(c, period, info == nullptr ? Rolling::kNone : info->rolling, here);
      sum += here;
      CellKey cell;
      cell.indicator = *indicator;
      cell.at = c.at;
      add_reporting(cell, here, reporting);
    }
  }
  const ReportingCompleteness completeness(world.rules(), period.last, reporting);
  const bool organisations = *indicator == Indicator::kI24ReportingCompleteness;

  for (const auto& item : expected) {
    const auto key = item.first.as<std::string>();
    std::string actual;
    if (key == "id" || key == "period" || key == "programme" || key == "education" ||
        key == "measure" || key == "reason" || key == "set") {
      continue;
    }
    if (organisations && key == "num") {
      actual = std::to_string(ReportingCompleteness::count(completeness.municipalities()));
    } else if (organisations && key == "den") {
      actual = std::to_string(completeness.municipalities().size());
    } else if (organisations && key == "regions_num") {
      actual = std::to_string(ReportingCompleteness::count(completeness.regions()));
    } else if (organisations && key == "regions_den") {
      actual = std::to_string(completeness.regions().size());
    } else if (key == "num") {
      actual = std::to_string(sum.numerator);
    } else if (key == "den") {
      actual = std::to_string(sum.denominator);
    } else if (key == "unknown") {
      actual = std::to_string(sum.unknown);
    } else if (key == "excluded") {
      actual = std::to_string(sum.excluded);
    } else if (key == "ge75" || key == "paused_days" || key == "interrupted") {
      actual = std::to_string(sum.numerator2);
    } else if (key == "median" || key == "p90") {
      const auto value = percentile(sum.buckets, key == "median" ? 50 : 90);
      actual = value ? std::to_string(*value) : "none";
    } else if (key == "mean") {
      // Of satisfaction over those who answered.
      const auto values =
          *indicator == Indicator::kI22Satisfaction ? sum.numerator : sum.denominator;
      actual = values == 0 ? "none"
                           : number_text(static_cast<double>(sum.sum_thousandths) / 1000.0 /
                                         static_cast<double>(values));
    } else {
      findings.unimplemented.push_back("indicator " + id + " " + key);
      continue;
    }
    if (!item.second.IsScalar() || !same_value(item.second, actual)) {
      findings.problems.push_back(at + " " + id + " " + text_at(expected, "period").value_or("") +
                                  " " + key + ": expected " + YAML::Dump(item.second) + ", got " +
                                  actual);
    }
  }
}

void compare_table(const YAML::Node& table, Findings& findings) {
  const TableForm form(table["cells"]);
  const Withheld hidden = suppress(form.set());
  const auto shown = [&form, &hidden](std::size_t i) {
    const FigureCell& cell = form.set().cells[i];
    const bool no_denominator = hidden.denominator[i];
    std::pair<std::optional<std::int64_t>, std::optional<std::int64_t>> figures;
    if (!hidden.numerator[i] && !no_denominator) figures.first = cell.numerator;
    if (!no_denominator) figures.second = cell.denominator;
    return figures;
  };
  for (const auto& item : table["published"]) {
    const auto name = item.first.as<std::string>();
    const auto i = form.find(name);
    if (!i) throw FormError("published cell " + name + " is no cell of the table");
    const auto [numerator, denominator] = shown(*i);
    const auto wanted = [&item](std::size_t n) -> std::optional<std::int64_t> {
      if (item.second.size() <= n || item.second[n].IsNull()) return std::nullopt;
      return item.second[n].as<std::int64_t>();
    };
    if (wanted(0) != numerator || (item.second.size() > 1 && wanted(1) != denominator)) {
      findings.problems.push_back("cell " + name + ": expected [" + figure(wanted(0)) + ", " +
                                  figure(wanted(1)) + "], got [" + figure(numerator) + ", " +
                                  figure(denominator) + "]");
    }
  }
}

}  // namespace kronika::scenario
