#include "documents/organisation_reports.h"

#include "table.h"

#include <algorithm>
#include <cstdlib>

#include <kronika/domain/time.h>

namespace kronika::cli::documents {
namespace {

constexpr std::string_view kDanishGoals = "Målregister";
constexpr std::string_view kDanishAnnual = "Årlig dokumentation";

Cell status_cell(const query::v1::Goal& goal) {
  std::string text = words(goal.status());
  if (goal.overdue()) return {text + ", overdue", Tone::kBad};
  if (goal.status() == "NOT_REACHED") return {std::move(text), Tone::kBad};
  if (goal.status() == "REACHED") return {std::move(text), Tone::kGood};
  return {std::move(text)};
}

Cell evidence_cell(const query::v1::Goal& goal) {
  if (goal.evidence_missing()) return {"missing", Tone::kBad};
  if (goal.evidence_link().empty()) return {"none", Tone::kQuiet};
  const bool web = goal.evidence_link().starts_with("http");
  return Cell::link(web ? "evidence" : goal.evidence_link(), goal.evidence_link());
}

std::string points_text(const query::v1::Goal& goal) {
  std::string text;
  for (const query::v1::MeasuringPoint& point : goal.measuring_points()) {
    if (!text.empty()) text += "; ";
    text += point.text() + " (" + point.added_on() +
            (point.after_first_year() ? ", added after the first year)" : ")");
  }
  return text.empty() ? "none" : text;
}

/// The last report and how many there are; each of them is in the JSON.
std::string steps_text(const query::v1::Goal& goal) {
  if (goal.steps_size() == 0) return "-";
  const std::string last = goal.steps(goal.steps_size() - 1).on();
  return goal.steps_size() == 1 ? last
                                : last + " (" + std::to_string(goal.steps_size()) + " reports)";
}

std::string plan_text(const query::v1::GoalArea& area) {
  return area.plan_period().empty() ? "The steering group sets the goal of this area."
                                    : "The plan of 2009: " + area.plan_period() + ".";
}

void add_spend(const query::v1::OrganisationYear& year, const std::string& basis,
               Section& section) {
  section.blocks.emplace_back(Subheading{"Use of funds", "Anvendelse af bevillingen"});
  if (year.documents_size() == 0) {
    section.blocks.emplace_back(Paragraph{"No spend was documented.", true});
    return;
  }
  DataTable table;
  table.caption = "Spend as each document states it, " + std::to_string(year.year()) + basis;
  table.columns = {{"Document"}, {"Reported", false, true}, {"Purpose"}, {"DKK", true}};
  const auto reported = [&year](const query::v1::SpendDocument& document) {
    for (const query::v1::AnnualReport& report : year.reports()) {
      if (report.event_id() == document.event_id()) {
        return time_text(report.recorded_time()).substr(0, 10);
      }
    }
    return std::string("-");
  };
  for (const query::v1::SpendDocument& document : year.documents()) {
    for (const query::v1::SpendLine& line : document.lines()) {
      table.rows.push_back(
          {document.document(), reported(document), line.purpose(), kroner(line.amount_oere())});
    }
    if (document.lines_size() > 1) {
      table.rows.push_back({document.document(), reported(document),
                            Cell("sum of this document", Tone::kQuiet),
                            kroner(document.total_oere())});
    }
  }
  section.blocks.emplace_back(std::move(table));
  for (const std::string& purpose : year.disagreeing_purposes()) {
    section.blocks.emplace_back(Paragraph{
        "The documents disagree about: " + purpose + ". Each figure stands with its document.",
        true});
  }
}

void add_effects(const query::v1::OrganisationYear& year, Section& section) {
  section.blocks.emplace_back(
      Subheading{"Effects, as far as reported", "Sundhedsmæssige og økonomiske effekter"});
  bool any = false;
  const auto add = [&](const std::string& what, const std::string& text) {
    if (text.empty()) return;
    any = true;
    section.blocks.emplace_back(Quote{what, text});
  };
  for (const query::v1::AnnualReport& report : year.reports()) {
    const std::string of = ", reported " + time_text(report.recorded_time()).substr(0, 10);
    add("Health effects" + of, report.health_effects());
    add("Economic effects" + of, report.economic_effects());
  }
  if (!any) section.blocks.emplace_back(Paragraph{"No effect was reported.", true});
}

void add_progress(const query::v1::OrganisationYear& year, const std::string& basis,
                  Section& section) {
  section.blocks.emplace_back(Subheading{"Progress by area", "Fremdrift i målopfyldelsen"});
  DataTable table;
  table.caption = "Progress as reported for " + std::to_string(year.year()) + basis;
  table.columns = {{"Area", true}, {"Owner"},   {"Measurable target"}, {"Deadline", false, true},
                   {"Status"},     {"Evidence"}};
  std::vector<const query::v1::Goal*> goals;
  for (const query::v1::AnnualReport& report : year.reports()) {
    for (const query::v1::Goal& goal : report.progress()) goals.push_back(&goal);
  }
  std::stable_sort(goals.begin(), goals.end(),
                   [](const auto* a, const auto* b) { return a->area() < b->area(); });
  for (const query::v1::Goal* goal : goals) {
    table.rows.push_back({std::to_string(goal->area()), goal->owner(), goal->measurable_target(),
                          goal->deadline(), status_cell(*goal), evidence_cell(*goal)});
  }
  if (table.rows.empty()) {
    section.blocks.emplace_back(Paragraph{"No progress was reported.", true});
  } else {
    section.blocks.emplace_back(std::move(table));
  }
}

std::string basis_text(const query::v1::ReportBasis& basis) {
  return " · as of " + time_text(basis.as_of_time()) + " · rules " + rules_text(basis.rules());
}

}  // namespace

Names::Names(const google::protobuf::RepeatedPtrField<query::v1::Organisation>& list) {
  for (const query::v1::Organisation& o : list) {
    names_[o.sor_id()] = o.name().empty() ? "SOR " + o.sor_id() : o.name();
  }
}

const std::string& Names::of(const std::string& sor_id) const {
  const auto found = names_.find(sor_id);
  return found == names_.end() ? sor_id : found->second;
}

std::string time_text(const google::protobuf::Timestamp& time) {
  std::string text =
      domain::to_local_text({time.seconds() * 1000 + time.nanos() / 1'000'000}).substr(0, 16);
  if (text.size() > 10) text[10] = ' ';
  return text;
}

std::string rules_text(const query::v1::RuleGeneration& rules) {
  return std::to_string(rules.ordinal()) + ", hash " + rules.hash();
}

std::string kroner(std::int64_t oere) {
  const std::int64_t hundredths = std::abs(oere % 100);
  const std::string sign = oere < 0 && oere / 100 == 0 ? "-" : "";
  return sign + grouped(oere / 100) + (hundredths < 10 ? ".0" : ".") + std::to_string(hundredths);
}

std::string words(std::string status) {
  for (char& c : status) c = c == '_' ? ' ' : static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return status;
}

void add_basis(const query::v1::ReportBasis& basis, Document& document) {
  document.facts.emplace_back("Reports as of", time_text(basis.as_of_time()));
  if (basis.has_known_at_time()) {
    document.facts.emplace_back("Known at", time_text(basis.known_at_time()));
  }
  document.facts.emplace_back("Rules", rules_text(basis.rules()));
  document.facts.emplace_back(
      "Reports", grouped(basis.records()) + " received: " + grouped(basis.effective()) +
                     " in force, " + grouped(basis.superseded()) + " superseded, " +
                     grouped(basis.cancelled()) + " cancelled, " + grouped(basis.duplicate()) +
                     " repeated, " + grouped(basis.refused_count()) + " refused");
  if (basis.includes_simulated()) {
    document.notices.emplace_back("Invented reports of a simulated population are among these.");
  }
}

DataTable goals_table(const query::v1::GoalArea& area, const Names& names,
                      const query::v1::ReportBasis& basis) {
  DataTable table;
  table.caption = "Goals of area " + std::to_string(area.number()) + basis_text(basis);
  table.columns = {
      {"Organisation"}, {"Owner"},    {"Measurable target"}, {"Deadline", false, true},
      {"Status"},       {"Evidence"}, {"Measuring points"},  {"Last report", false, true}};
  for (const query::v1::Goal& goal : area.goals()) {
    table.rows.push_back(
        {names.of(goal.organisation()), goal.owner(), goal.measurable_target(),
         goal.deadline().empty() ? Cell("none", Tone::kQuiet) : Cell(goal.deadline()),
         status_cell(goal), evidence_cell(goal), points_text(goal), steps_text(goal)});
  }
  return table;
}

Document goals_document(const query::v1::GoalRegister& goals) {
  Document document;
  document.title = "Goal register";
  document.danish = kDanishGoals;
  add_basis(goals.basis(), document);
  const Names names(goals.organisations());
  for (const query::v1::GoalArea& area : goals.areas()) {
    Section section{std::to_string(area.number()), area.title(), area.danish_title(), {}};
    section.blocks.emplace_back(Paragraph{plan_text(area), true});
    if (area.goals_size() == 0) {
      section.blocks.emplace_back(Paragraph{"No goal was reported.", true});
    } else {
      section.blocks.emplace_back(goals_table(area, names, goals.basis()));
    }
    document.sections.push_back(std::move(section));
  }
  if (goals.basis().refused_count() > 0) {
    Section section{"", "Refused reports", "Afviste indberetninger", {}};
    DataTable table;
    table.caption = "Kept in the log, without effect; " +
                    std::to_string(goals.basis().refused_size()) + " of " +
                    std::to_string(goals.basis().refused_count());
    table.columns = {{"Organisation"}, {"Place"}, {"Reason"}, {"What to do"}};
    for (const query::v1::RefusedReport& refused : goals.basis().refused()) {
      table.rows.push_back({refused.organisation().empty() ? Cell("unknown", Tone::kQuiet)
                                                           : Cell(names.of(refused.organisation())),
                            "rapport/" + std::to_string(refused.partition()) + "@" +
                                std::to_string(refused.offset()),
                            refused.reason(), refused.sentence()});
    }
    section.blocks.emplace_back(std::move(table));
    document.sections.push_back(std::move(section));
  }
  return document;
}

Document annual_document(const query::v1::AnnualDocumentation& annual) {
  Document document;
  const Names names(annual.organisations());
  document.title = "Annual documentation";
  document.danish = kDanishAnnual;
  for (const query::v1::Organisation& o : annual.organisations()) {
    std::string place = o.municipality().empty() ? "" : ", municipality " + o.municipality();
    if (!o.region().empty()) place += ", region " + o.region();
    document.facts.emplace_back("Organisation", names.of(o.sor_id()) + " (SOR " + o.sor_id() +
                                                    ", " + words(o.sector()) + place + ")");
  }
  add_basis(annual.basis(), document);
  document.notices.push_back(annual.notice());
  const std::string basis = basis_text(annual.basis());
  for (const query::v1::OrganisationYear& year : annual.years()) {
    Section section{std::to_string(year.year()), names.of(year.organisation()), "", {}};
    add_spend(year, basis, section);
    add_progress(year, basis, section);
    add_effects(year, section);
    document.sections.push_back(std::move(section));
  }
  Section section{"", "Goals today", "Mål", {}};
  for (std::uint32_t number = 1; number <= 9; ++number) {
    query::v1::GoalArea area;
    area.set_number(number);
    for (const query::v1::Goal& goal : annual.goals()) {
      if (goal.area() == number) *area.add_goals() = goal;
    }
    if (area.goals_size() > 0)
      section.blocks.emplace_back(goals_table(area, names, annual.basis()));
  }
  if (section.blocks.empty()) section.blocks.emplace_back(Paragraph{"No goal was reported.", true});
  document.sections.push_back(std::move(section));
  return document;
}

}  // namespace kronika::cli::documents
