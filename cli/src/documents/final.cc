#include "documents/final.h"

#include "documents/organisation_reports.h"
#include "figures.h"
#include "table.h"

#include <algorithm>
#include <array>
#include <istream>

#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

namespace kronika::cli::documents {
namespace {

using query::v1::IndicatorRow;
using query::v1::IndicatorTable;

// Which question an indicator answers (own rule; docs/domain.md 16). What is not named here is a
// result: section 4.
struct Group {
  std::string_view section;
  std::string_view title;
  std::string_view danish;
  std::vector<std::string_view> ids;  ///< without the letter of a part: I-16 is I-16a to I-16d
};
const std::vector<Group>& groups() {
  static const std::vector<Group> list{
      {"3a",
       "Reach and flow of the programmes",
       "Forløbsprogrammernes rækkevidde og flow",
       {"I-01", "I-02", "I-03", "I-04", "I-05", "I-06", "I-07", "I-11"}},
      {"3b",
       "Rehabilitation and patient education",
       "Rehabilitering og patientuddannelse",
       {"I-08", "I-09", "I-10"}},
      {"4", "Patient experience", "Patientoplevede erfaringer", {"I-22"}},
      {"5", "Inequality and completeness", "Ulighed og komplethed", {"I-23", "I-24"}},
  };
  return list;
}

std::string_view base_id(std::string_view id) {
  while (!id.empty() && id.back() >= 'a' && id.back() <= 'z') id.remove_suffix(1);
  return id;
}

bool in_group(const Group& group, const IndicatorAnswer& answer) {
  return std::find(group.ids.begin(), group.ids.end(), base_id(answer.info.id())) !=
         group.ids.end();
}

bool grouped_elsewhere(const IndicatorAnswer& answer) {
  return std::any_of(groups().begin(), groups().end(),
                     [&](const Group& group) { return in_group(group, answer); });
}

using Answers = std::vector<const IndicatorAnswer*>;

bool there(const query::v1::Rate& rate) {
  return rate.status() == query::v1::FIGURE_STATUS_SHOWN ||
         rate.status() == query::v1::FIGURE_STATUS_SUPPRESSED;
}

/// A mean of all that the denominator counts; its rate says how many have a value.
bool is_mean(const IndicatorRow& row) {
  return there(row.mean()) && row.numerator().status() == query::v1::FIGURE_STATUS_NO_DATA;
}

/// The one figure of a row that says most: a rate, a median wait, a mean change, else the count.
Cell main_figure(const IndicatorRow& row, const IndicatorTable& table) {
  if (is_mean(row)) return number(row.mean());
  if (there(row.rate())) return rate_text(row.rate(), table.rate_per());
  if (there(row.median())) return number(row.median());
  if (there(row.mean())) return number(row.mean());
  if (row.denominator().status() == query::v1::FIGURE_STATUS_NO_DATA) {
    return text_of(row.numerator());
  }
  return "-";
}

/// What main_figure() is.
std::string figure_name(const IndicatorRow& row, const IndicatorTable& table) {
  if (is_mean(row)) return "mean";
  if (there(row.rate())) {
    return table.rate_per() > 1 ? "per " + grouped(table.rate_per()) : "share";
  }
  if (there(row.median())) return "median";
  if (there(row.mean())) return "mean";
  return row.denominator().status() == query::v1::FIGURE_STATUS_NO_DATA ? "count" : "-";
}

/// "period 2026Q3, 2026Q3-R · as of ... · rules ... · live figures": every table carries it.
std::string basis_of(const Answers& answers) {
  std::vector<std::string> periods;
  std::string as_of, rules;
  bool live = false;
  for (const IndicatorAnswer* answer : answers) {
    if (answer->nation() == nullptr) continue;
    const IndicatorTable& table = *answer->nation();
    if (std::find(periods.begin(), periods.end(), table.period()) == periods.end()) {
      periods.push_back(table.period());
    }
    const std::string time = table.has_as_of_time() ? time_text(table.as_of_time()) : "unknown";
    if (as_of.empty() || time < as_of) as_of = time;  // what holds for all of them
    rules = rules_text(table.rules());
    live = live || table.live();
  }
  if (periods.empty()) return "no figures";
  std::string text = "period ";
  for (const std::string& period : periods) text += (text.size() > 7 ? ", " : "") + period;
  return text + " · as of " + as_of + " · rules " + rules +
         (live ? " · live figures" : " · published figures");
}

void add_nation_table(const Answers& answers, const std::string& title, Section& section) {
  DataTable table;
  table.caption = title + ", whole nation · " + basis_of(answers);
  table.columns = {{"Indicator", false, true},
                   {"What"},
                   {"Counts"},
                   {"Period", false, true},
                   {"Figure"},
                   {"Value", true},
                   {"P90", true},
                   {"Numerator", true},
                   {"Of", true},
                   {"Unknown", true},
                   {"Excluded", true}};
  std::vector<std::string> notes;
  for (const IndicatorAnswer* answer : answers) {
    const query::v1::IndicatorInfo& info = answer->info;
    const IndicatorTable* nation = answer->nation();
    if (nation == nullptr) {
      const Cell none("-", Tone::kQuiet);
      table.rows.push_back({info.id(), info.title() + ": " + answer->problem, info.unit(), none,
                            none, none, none, none, none, none, none});
      continue;
    }
    const IndicatorRow& total = nation->total();
    table.rows.push_back(
        {info.id(), info.title(), info.unit(), nation->period(), figure_name(total, *nation),
         main_figure(total, *nation), number(total.p90()), text_of(total.numerator()),
         text_of(total.denominator()), text_of(total.unknown()), text_of(total.excluded())});
    if (!nation->second().empty()) {
      table.rows.push_back({info.id(), nation->second(), info.unit(), nation->period(), "share",
                            percent(total.second_rate()), "-", text_of(total.second()),
                            text_of(total.denominator()), "-", "-"});
    }
    for (const std::string& note : nation->notes()) {
      if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
    }
  }
  section.blocks.emplace_back(std::move(table));
  for (std::string& note : notes) section.blocks.emplace_back(Paragraph{std::move(note), true});
}

/// One line an indicator, one column a row of the table that they all have.
void add_split(const Answers& answers, const std::string& name, const std::string& title,
               Section& section) {
  std::vector<std::pair<std::string, std::string>> columns;  // key, name
  for (const IndicatorAnswer* answer : answers) {
    if (answer->table(name) == nullptr) continue;
    for (const IndicatorRow& row : answer->table(name)->rows()) {
      const bool known = std::any_of(columns.begin(), columns.end(),
                                     [&](const auto& c) { return c.first == row.key(); });
      if (!known && counts_anything(row)) {
        columns.emplace_back(row.key(), row.name().empty() ? row.key() : row.name());
      }
    }
  }
  if (columns.empty()) return;
  DataTable table;
  table.caption = title + ", by " + words(name) + " · " + basis_of(answers);
  table.columns = {{"Indicator", false, true}, {"What"}};
  for (const auto& [key, column] : columns) table.columns.push_back({column, true});
  table.columns.push_back({"Nation", true});
  for (const IndicatorAnswer* answer : answers) {
    const IndicatorTable* found = answer->table(name);
    if (found == nullptr) continue;
    std::vector<Cell> cells{answer->info.id(), answer->info.title()};
    for (const auto& [key, column] : columns) {
      const auto row = std::find_if(found->rows().begin(), found->rows().end(),
                                    [&key = key](const auto& r) { return r.key() == key; });
      cells.push_back(row == found->rows().end() ? Cell("-") : main_figure(*row, *found));
    }
    cells.push_back(main_figure(found->total(), *found));
    table.rows.push_back(std::move(cells));
  }
  section.blocks.emplace_back(std::move(table));
}

void add_figures(const Answers& answers, const std::string& title, const std::string& danish,
                 Section& section) {
  if (answers.empty()) return;
  section.blocks.emplace_back(Subheading{title, danish});
  add_nation_table(answers, title, section);
  for (const std::string& name : wanted_tables()) {
    if (name != "NATION") add_split(answers, name, title, section);
  }
}

void add_groups(const FinalInput& input, std::string_view number, Section& section) {
  for (const Group& group : groups()) {
    if (group.section != number) continue;
    Answers answers;
    for (const IndicatorAnswer& answer : input.indicators) {
      if (in_group(group, answer)) answers.push_back(&answer);
    }
    add_figures(answers, std::string(group.title), std::string(group.danish), section);
  }
}

Cell verdict_cell(query::v1::Verdict verdict) {
  switch (verdict) {
    case query::v1::VERDICT_MET:
      return {"met", Tone::kGood};
    case query::v1::VERDICT_NOT_MET:
      return {"not met", Tone::kBad};
    case query::v1::VERDICT_SUPPRESSED:
      return {"cannot be told: suppressed", Tone::kQuiet};
    default:
      return {"cannot be told: no data", Tone::kQuiet};
  }
}

/// The figure that a standard is about.
std::string observed(const std::string& figure, const IndicatorRow& row,
                     const IndicatorTable& table) {
  if (figure == "SECOND_RATE") return percent(row.second_rate());
  if (figure == "MEDIAN") return number(row.median());
  if (figure == "P90") return number(row.p90());
  if (figure == "MEAN") return number(row.mean());
  return rate_text(row.rate(), table.rate_per());
}

void add_standards(const FinalInput& input, Section& section) {
  Answers answers;
  for (const IndicatorAnswer& answer : input.indicators) {
    if (answer.nation() != nullptr && answer.nation()->standards_size() > 0) {
      answers.push_back(&answer);
    }
  }
  if (answers.empty()) return;
  section.blocks.emplace_back(
      Subheading{"Results against standards", "Resultater i forhold til standarder"});
  DataTable table;
  table.caption = "Figures and their standards, whole nation · " + basis_of(answers);
  table.columns = {
      {"Indicator", false, true}, {"What"},   {"Period", false, true}, {"Standard"}, {"Source"},
      {"Observed", true},         {"Verdict"}};
  for (const IndicatorAnswer* answer : answers) {
    const IndicatorTable& nation = *answer->nation();
    const IndicatorRow& total = nation.total();
    for (int i = 0; i < nation.standards_size(); ++i) {
      const query::v1::Standard& standard = nation.standards(i);
      table.rows.push_back(
          {answer->info.id(), answer->info.title(), nation.period(), standard.text(),
           standard.source(), observed(standard.figure(), total, nation),
           verdict_cell(i < total.verdicts_size() ? total.verdicts(i)
                                                  : query::v1::VERDICT_UNSPECIFIED)});
    }
  }
  section.blocks.emplace_back(std::move(table));
}

/// Differences between classes, each as often as it is told.
void add_gaps(const FinalInput& input, Section& section) {
  DataTable table;
  table.columns = {
      {"Told by", false, true}, {"Indicator", false, true}, {"What"}, {"Between"}, {"First", true},
      {"Second", true},         {"Percentage points", true}};
  Answers answers;
  for (const IndicatorAnswer& answer : input.indicators) {
    for (const auto& [name, told] : answer.tables) {
      for (const query::v1::Gap& gap : told.gaps()) {
        table.rows.push_back({answer.info.id(), gap.indicator(), gap.title(),
                              gap.low().name() + " and " + gap.high().name(),
                              percent(gap.low().rate()), percent(gap.high().rate()),
                              difference(gap.points())});
        if (answers.empty() || answers.back() != &answer) answers.push_back(&answer);
      }
    }
  }
  if (table.rows.empty()) return;
  table.caption = "Differences between classes, whole nation · " + basis_of(answers);
  section.blocks.emplace_back(Subheading{"Gaps", "Forskelle mellem grupper"});
  section.blocks.emplace_back(std::move(table));
}

constexpr std::array<std::string_view, 4> kStatuses{"NOT_STARTED", "IN_PROGRESS", "REACHED",
                                                    "NOT_REACHED"};

std::string goals_basis(const query::v1::ReportBasis& basis) {
  return " · as of " + time_text(basis.as_of_time()) + " · rules " + rules_text(basis.rules());
}

void add_goal_attainment(const FinalInput& input, Section& section) {
  section.blocks.emplace_back(Subheading{"Goal attainment", "Målopfyldelse"});
  DataTable table;
  table.caption = "Goals by area and status" + goals_basis(input.goals.basis());
  table.columns = {{"Area", true}, {"Goals"}};
  for (const std::string_view status : kStatuses) {
    table.columns.push_back({words(std::string(status)), true});
  }
  table.columns.push_back({"overdue", true});
  table.columns.push_back({"reached without evidence", true});
  for (const query::v1::GoalArea& area : input.goals.areas()) {
    std::vector<Cell> row{std::to_string(area.number()), area.title()};
    const auto& goals = area.goals();
    const auto count = [&](const auto& holds) {
      return grouped(std::count_if(goals.begin(), goals.end(), holds));
    };
    for (const std::string_view status : kStatuses) {
      row.emplace_back(count([&](const auto& goal) { return goal.status() == status; }));
    }
    row.emplace_back(count([](const auto& goal) { return goal.overdue(); }));
    row.emplace_back(count([](const auto& goal) { return goal.evidence_missing(); }));
    table.rows.push_back(std::move(row));
  }
  section.blocks.emplace_back(std::move(table));
}

/// The goals of one area, where no indicator tells of it.
void add_area_goals(const FinalInput& input, std::uint32_t number, Section& section) {
  const Names names(input.goals.organisations());
  for (const query::v1::GoalArea& area : input.goals.areas()) {
    if (area.number() != number || area.goals_size() == 0) continue;
    section.blocks.emplace_back(Subheading{"Goals: " + area.title(), area.danish_title()});
    section.blocks.emplace_back(goals_table(area, names, input.goals.basis()));
  }
}

void add_deviations(const FinalInput& input, Section& section) {
  DataTable table;
  table.caption =
      "Goals not reached, or open after their deadline" + goals_basis(input.goals.basis());
  table.columns = {{"Area", true},
                   {"Organisation"},
                   {"Measurable target"},
                   {"Deadline", false, true},
                   {"Status"}};
  const Names names(input.goals.organisations());
  for (const query::v1::GoalArea& area : input.goals.areas()) {
    for (const query::v1::Goal& goal : area.goals()) {
      if (!goal.overdue() && goal.status() != "NOT_REACHED") continue;
      table.rows.push_back({std::to_string(area.number()), names.of(goal.organisation()),
                            goal.measurable_target(), goal.deadline(),
                            Cell(words(goal.status()), Tone::kBad)});
    }
  }
  if (table.rows.empty()) return;
  section.blocks.emplace_back(Subheading{"Goals that deviate", "Afvigelser"});
  section.blocks.emplace_back(std::move(table));
}

void add_own_text(const FinalInput& input, const query::v1::FinalQuestion& question,
                  Section& section) {
  const auto own = input.texts.find(question.section());
  if (own != input.texts.end()) section.blocks.emplace_back(Quote{"", own->second});
  if (own == input.texts.end() && question.answers_size() == 0) {
    section.blocks.emplace_back(Paragraph{"No text was given.", true});
  }
}

void add_answers(const FinalInput& input, const query::v1::FinalQuestion& question,
                 Section& section) {
  if (question.answers_size() == 0) return;
  section.blocks.emplace_back(
      Paragraph{"Answers of " + grouped(question.answers_size()) + " organisations:", true});
  const Names names(input.answers.organisations());
  for (const query::v1::FinalAnswer& answer : question.answers()) {
    section.blocks.emplace_back(
        Quote{names.of(answer.organisation()) + ", " + answer.on(), answer.text()});
  }
}

void add_results(const FinalInput& input, Section& section) {
  add_goal_attainment(input, section);
  Answers results;
  for (const IndicatorAnswer& answer : input.indicators) {
    if (!grouped_elsewhere(answer)) results.push_back(&answer);
  }
  add_figures(results, "Health effects and care", "Sundhedsfaglige effekter", section);
}

/// Sections of the document, by the first character of the questions that they hold.
struct Title {
  char number;
  std::string_view title;
  std::string_view danish;
};
constexpr Title kThird{'3', "Main measures", "Væsentligste tiltag"};

void fill_figures(const FinalInput& input, const std::string& question, Section& section) {
  if (question == "4") add_results(input, section);
  if (question == "5") add_standards(input, section);
  add_groups(input, question, section);
  if (question == "5") add_gaps(input, section);
  if (question == "5") add_deviations(input, section);
  if (question == "3c") {
    section.blocks.emplace_back(
        Paragraph{"None of the indicators I-01 to I-24 counts self-treatment.", true});
    add_area_goals(input, 6, section);
  }
}

nlohmann::json json_of(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  (void)google::protobuf::util::MessageToJsonString(message, &text, options).ok();
  return nlohmann::json::parse(text, nullptr, false);
}

std::string section_of(const IndicatorAnswer& answer) {
  for (const Group& group : groups()) {
    if (in_group(group, answer)) return std::string(group.section);
  }
  return "4";
}

}  // namespace

const std::vector<std::string>& wanted_tables() {
  static const std::vector<std::string> names{"NATION",    "REGION", "LEVEL",
                                              "EDUCATION", "SEX",    "AGE_BAND"};
  return names;
}

const query::v1::IndicatorTable* IndicatorAnswer::table(const std::string& name) const {
  const auto found = tables.find(name);
  return found == tables.end() ? nullptr : &found->second;
}

const query::v1::IndicatorTable* IndicatorAnswer::nation() const {
  for (const std::string& name : wanted_tables()) {
    if (const IndicatorTable* found = table(name)) return found;
  }
  return nullptr;
}

Document final_document(const FinalInput& input) {
  Document document;
  document.title = "Final report";
  document.danish = "Slutrapportering";
  document.facts.emplace_back(
      "Period", input.period + "; what happens over time: the 12 months that end with it (" +
                    input.period + "-R)");
  bool simulated = false;
  for (const IndicatorAnswer& answer : input.indicators) {
    simulated = simulated || (answer.nation() != nullptr && answer.nation()->includes_simulated());
  }
  add_basis(input.goals.basis(), document);
  document.facts.emplace_back("Figures",
                              "* suppressed: 1 to 4, or hidden to protect such a count; "
                              "- nothing counted");
  if (simulated) document.notices.emplace_back("SIMULATED citizens are among those counted.");
  document.notices.emplace_back(
      "Every rule behind these figures awaits the sign-off of a responsible clinician.");
  for (const query::v1::FinalQuestion& question : input.answers.questions()) {
    const std::string number = question.section().substr(0, 1);
    const bool part = question.section().size() > 1;
    if (document.sections.empty() || document.sections.back().number != number) {
      document.sections.push_back({number,
                                   part ? std::string(kThird.title) : question.title(),
                                   part ? std::string(kThird.danish) : question.danish_title(),
                                   {}});
    }
    Section& section = document.sections.back();
    if (part) {
      section.blocks.emplace_back(
          Subheading{question.section() + " " + question.title(), question.danish_title()});
    }
    add_own_text(input, question, section);
    fill_figures(input, question.section(), section);
    add_answers(input, question, section);
  }
  return document;
}

std::string final_json(const FinalInput& input) {
  nlohmann::json sections = nlohmann::json::array();
  for (const query::v1::FinalQuestion& question : input.answers.questions()) {
    nlohmann::json section = json_of(question);
    const auto own = input.texts.find(question.section());
    section["text"] = own == input.texts.end() ? "" : own->second;
    section["indicators"] = nlohmann::json::array();
    for (const IndicatorAnswer& answer : input.indicators) {
      if (section_of(answer) != question.section()) continue;
      nlohmann::json one{{"info", json_of(answer.info)}};
      one["tables"] = nlohmann::json::object();
      for (const auto& [name, table] : answer.tables) one["tables"][name] = json_of(table);
      if (!answer.problem.empty()) one["problem"] = answer.problem;
      section["indicators"].push_back(std::move(one));
    }
    sections.push_back(std::move(section));
  }
  return nlohmann::json{{"title", "Final report"},
                        {"period", input.period},
                        {"sections", sections},
                        {"goals", json_of(input.goals)},
                        {"organisations", json_of(input.answers)["organisations"]},
                        {"basis", json_of(input.answers.basis())}}
      .dump();
}

std::optional<Texts> read_texts(std::istream& in, std::string& fault) {
  static constexpr std::array<std::string_view, 9> kSections{"1", "2", "3a", "3b", "3c",
                                                             "4", "5", "6",  "7"};
  Texts texts;
  std::string section;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const std::string at = "line " + std::to_string(number) + ": ";
    if (line.starts_with('#')) {
      const std::size_t begin = line.find_first_not_of("# ");
      const std::size_t end =
          begin == std::string::npos ? begin : line.find_first_of(" .:\r", begin);
      section = begin == std::string::npos ? "" : line.substr(begin, end - begin);
      if (std::find(kSections.begin(), kSections.end(), section) == kSections.end()) {
        fault = at + "a heading begins with its section: 1, 2, 3a, 3b, 3c, 4, 5, 6 or 7";
        return std::nullopt;
      }
      if (texts.contains(section)) {
        fault = at + "section " + section + " stands twice";
        return std::nullopt;
      }
      texts[section];
      continue;
    }
    if (section.empty()) {
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      fault = at + "text before the first heading; begin with a line such as: # 1";
      return std::nullopt;
    }
    texts[section] += line + "\n";
  }
  for (auto it = texts.begin(); it != texts.end();) {
    const bool blank = it->second.find_first_not_of(" \t\r\n") == std::string::npos;
    it = blank ? texts.erase(it) : std::next(it);
  }
  return texts;
}

}  // namespace kronika::cli::documents
