// Documents from answers of the gateway: what stands where, and that nothing hidden comes out.
#include "documents/final.h"
#include "documents/organisation_reports.h"

#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kronika::cli::documents {
namespace {

using namespace query::v1;

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
int count(const std::string& text, const std::string& part) {
  int n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

void set_basis(ReportBasis& basis) {
  basis.mutable_as_of_time()->set_seconds(1'790'000'000);
  basis.mutable_rules()->set_ordinal(4);
  basis.mutable_rules()->set_hash("00112233aabbccdd");
  basis.set_records(3);
  basis.set_effective(2);
  basis.set_refused_count(1);
}

Figure shown(std::int64_t value) {
  Figure f;
  f.set_status(FIGURE_STATUS_SHOWN);
  f.set_value(value);
  return f;
}
Rate rate(double value) {
  Rate r;
  r.set_status(FIGURE_STATUS_SHOWN);
  r.set_value(value);
  return r;
}
Rate suppressed() {
  Rate r;
  r.set_status(FIGURE_STATUS_SUPPRESSED);
  return r;
}

IndicatorAnswer indicator(const std::string& id, const Rate& share,
                          const std::string& standard = "", Verdict verdict = VERDICT_UNSPECIFIED,
                          const std::string& period = "2026Q3") {
  IndicatorAnswer answer;
  answer.info.set_id(id);
  answer.info.set_title("title of " + id);
  answer.info.set_unit("persons");
  answer.info.set_computed(true);
  IndicatorTable table;
  table.set_indicator(id);
  table.set_period(period);
  table.set_live(true);
  table.mutable_as_of_time()->set_seconds(1'790'000'000);
  table.mutable_rules()->set_ordinal(4);
  table.mutable_rules()->set_hash("00112233aabbccdd");
  *table.mutable_total()->mutable_rate() = share;
  *table.mutable_total()->mutable_denominator() = shown(1234);
  if (!standard.empty()) {
    Standard& s = *table.add_standards();
    s.set_figure("RATE");
    s.set_text(standard);
    s.set_source("DrKOL");
    table.mutable_total()->add_verdicts(verdict);
  }
  answer.tables["NATION"] = table;
  IndicatorRow& row = *table.add_rows();
  row.set_key("1082");
  row.set_name("Region Midtjylland");
  *row.mutable_rate() = share;
  *row.mutable_denominator() = shown(400);
  answer.tables["REGION"] = table;
  return answer;
}

FinalInput input() {
  FinalInput in;
  in.period = "2026Q3";
  set_basis(*in.goals.mutable_basis());
  set_basis(*in.answers.mutable_basis());
  for (std::uint32_t n = 1; n <= 9; ++n) {
    GoalArea& area = *in.goals.add_areas();
    area.set_number(n);
    area.set_title("area " + std::to_string(n));
  }
  Goal& goal = *in.goals.mutable_areas(5)->add_goals();
  goal.set_area(6);
  goal.set_organisation("990000000000301");
  goal.set_measurable_target("half of all AK patients");
  goal.set_status("IN_PROGRESS");
  goal.set_overdue(true);
  for (const char* section : {"1", "2", "3a", "3b", "3c", "4", "5", "6", "7"}) {
    FinalQuestion& question = *in.answers.add_questions();
    question.set_section(section);
    question.set_title(std::string("question ") + section);
  }
  Organisation& o = *in.answers.add_organisations();
  o.set_sor_id("990000000000301");
  o.set_name("Testkommune");
  FinalAnswer& answer = *in.answers.mutable_questions(0)->add_answers();
  answer.set_organisation("990000000000301");
  answer.set_text("Part of a larger effort.\n\n<b>Not bold</b>");
  answer.set_on("2026-03-31");
  in.indicators.push_back(indicator("I-04", rate(0.9), ">= 90 %", VERDICT_MET));
  in.indicators.push_back(
      indicator("I-13", suppressed(), "<= 15 %", VERDICT_SUPPRESSED, "2026Q3-R"));
  in.indicators.push_back(indicator("I-99", rate(0.5)));
  return in;
}

std::string section(const std::string& text, const std::string& number) {
  const std::size_t from = text.find("\n## " + number + ". ");
  const std::size_t to = text.find("\n## ", from + 1);
  return from == std::string::npos ? "" : text.substr(from, to - from);
}

TEST(FinalReport, HasSevenSectionsInTheirOrder) {
  const std::string text = markdown(final_document(input()));
  EXPECT_EQ(count(text, "\n## "), 7);
  EXPECT_TRUE(holds(section(text, "3"), "### 3b question 3b"));
  EXPECT_TRUE(holds(section(text, "2"), "No text was given."));
}

TEST(FinalReport, FiguresStandInSectionsThreeToFiveAndNewOnesInTheFourth) {
  const std::string text = markdown(final_document(input()));
  EXPECT_TRUE(holds(section(text, "3"), "| I-04 | title of I-04 |"));
  EXPECT_TRUE(holds(section(text, "4"), "| I-13 | title of I-13 |"));
  EXPECT_TRUE(holds(section(text, "4"), "| I-99 | title of I-99 |")) << "a new indicator";
  EXPECT_TRUE(holds(section(text, "4"), "Region Midtjylland"));
  EXPECT_FALSE(holds(section(text, "6"), "I-04"));
}

TEST(FinalReport, EachTableNamesPeriodAsOfAndRules) {
  const std::string text = markdown(final_document(input()));
  const int tables = count(text, "\n\n| ");
  EXPECT_GE(tables, 6);
  EXPECT_EQ(count(text, "as of 2026-09-21 16:13"), tables);
  EXPECT_GE(count(text, "rules 4, hash 00112233aabbccdd"), tables);
  EXPECT_TRUE(holds(text, "period 2026Q3-R, 2026Q3 ·"));
}

TEST(FinalReport, SuppressedFiguresStaySuppressed) {
  const std::string text = markdown(final_document(input()));
  EXPECT_TRUE(holds(section(text, "4"), "| share | * |"));
  EXPECT_TRUE(holds(section(text, "5"), "| * | cannot be told: suppressed |"));
  EXPECT_TRUE(holds(section(text, "5"), "| 90.0 % | met |"));
}

TEST(FinalReport, GoalsThatDeviateAreListed) {
  const std::string text = markdown(final_document(input()));
  EXPECT_TRUE(holds(section(text, "3"), "half of all AK patients"));
  EXPECT_TRUE(holds(section(text, "5"), "half of all AK patients"));
}

TEST(FinalReport, AnIndicatorThatIsNotThereSaysWhy) {
  FinalInput in = input();
  in.indicators[1].tables.clear();
  in.indicators[1].problem = "UNIMPLEMENTED in this build";
  const std::string text = markdown(final_document(in));
  EXPECT_TRUE(holds(section(text, "4"), "title of I-13: UNIMPLEMENTED in this build"));
  EXPECT_FALSE(holds(section(text, "5"), "I-13"));
}

TEST(FinalReport, JsonHoldsTheSameFigures) {
  FinalInput in = input();
  in.texts["6"] = "We go on.";
  const auto json = nlohmann::json::parse(final_json(in));
  ASSERT_EQ(json["sections"].size(), 9U);
  EXPECT_EQ(json["sections"][2]["section"], "3a");
  EXPECT_EQ(json["sections"][2]["indicators"][0]["tables"]["NATION"]["total"]["verdicts"][0],
            "VERDICT_MET");
  const auto& hidden = json["sections"][5]["indicators"][0]["tables"]["NATION"]["total"];
  EXPECT_FALSE(hidden["rate"].contains("value"));
  EXPECT_EQ(hidden["verdicts"][0], "VERDICT_SUPPRESSED");
  EXPECT_EQ(json["sections"][7]["text"], "We go on.");
  EXPECT_EQ(json["sections"][0]["answers"][0]["on"], "2026-03-31");
}

TEST(Documents, WhatOthersWroteIsNoStructure) {
  const std::string page = html(final_document(input()));
  EXPECT_TRUE(holds(page, "&lt;b&gt;Not bold&lt;/b&gt;"));
  EXPECT_FALSE(holds(page, "<b>"));
  Document d;
  d.sections.push_back({"", "S", "", {Quote{"", "# no heading\n<script>"}}});
  d.sections[0].blocks.emplace_back(
      DataTable{"c", {{"a"}, {"b"}}, {{Cell("x|y"), Cell::link("link", "javascript:alert(1)")}}});
  const std::string text = markdown(d);
  EXPECT_TRUE(holds(text, "\\# no heading"));
  EXPECT_TRUE(holds(text, "&lt;script>"));
  EXPECT_TRUE(holds(text, "| x\\|y | link |"));
  EXPECT_FALSE(holds(html(d), "javascript"));
}

TEST(Documents, TheGoalRegisterNamesWhatIsMissing) {
  GoalRegister goals;
  set_basis(*goals.mutable_basis());
  GoalArea& area = *goals.add_areas();
  area.set_number(7);
  area.set_title("Quality-assured patient education");
  Goal& goal = *area.add_goals();
  goal.set_organisation("990000000000301");
  goal.set_measurable_target("all courses reviewed");
  goal.set_status("REACHED");
  goal.set_evidence_missing(true);
  MeasuringPoint& point = *goal.add_measuring_points();
  point.set_text("courses reviewed");
  point.set_added_on("2026-02-01");
  point.set_after_first_year(true);
  RefusedReport& refused = *goals.mutable_basis()->add_refused();
  refused.set_reason("FIELD_MISSING");
  refused.set_sentence("goal_progress_reported.measurable_target: a goal needs one");
  refused.set_offset(7);
  const std::string text = markdown(goals_document(goals));
  EXPECT_TRUE(holds(text, "| all courses reviewed | none | reached | missing |"));
  EXPECT_TRUE(holds(text, "courses reviewed (2026-02-01, added after the first year)"));
  EXPECT_TRUE(holds(text, "| rapport/0@7 | FIELD_MISSING |"));
  EXPECT_TRUE(holds(html(goals_document(goals)), "<span class=\"bad\">missing</span>"));
}

TEST(Documents, AnnualSpendIsSummedWithinADocumentOnly) {
  AnnualDocumentation annual;
  set_basis(*annual.mutable_basis());
  annual.set_notice("no cost-effectiveness is claimed");
  OrganisationYear& year = *annual.add_years();
  year.set_year(2024);
  year.set_organisation("990000000000301");
  AnnualReport& sent = *year.add_reports();
  sent.set_event_id("id");
  sent.mutable_recorded_time()->set_seconds(1'790'000'000);
  SpendDocument& document = *year.add_documents();
  document.set_event_id("id");
  document.set_document("Regnskab");
  document.set_total_oere(58'500'000'005);
  for (const std::int64_t amount : {58'500'000'000, 5L}) {
    SpendLine& line = *document.add_lines();
    line.set_purpose("Kurser");
    line.set_amount_oere(amount);
  }
  year.add_disagreeing_purposes("Kurser");
  const std::string text = markdown(annual_document(annual));
  EXPECT_TRUE(holds(text, "| Regnskab | 2026-09-21 | Kurser | 585,000,000.00 |"));
  EXPECT_TRUE(holds(text, "| Regnskab | 2026-09-21 | sum of this document | 585,000,000.05 |"));
  EXPECT_TRUE(holds(text, "disagree about: Kurser"));
  EXPECT_TRUE(holds(text, "no cost-effectiveness"));
  EXPECT_EQ(kroner(-5), "-0.05");
  EXPECT_EQ(kroner(-123'456'789), "-1,234,567.89");
}

TEST(Texts, AreReadByTheirHeadings) {
  std::istringstream in("\n# 1\nOne.\n\nMore.\n## 3a. The programme\nText\n# 6:\n\n");
  std::string fault;
  const auto texts = read_texts(in, fault);
  ASSERT_TRUE(texts) << fault;
  EXPECT_EQ(texts->at("1"), "One.\n\nMore.\n");
  EXPECT_EQ(texts->at("3a"), "Text\n");
  EXPECT_FALSE(texts->contains("6")) << "nothing but blanks";
}

TEST(Texts, FaultsAreNamedWithTheirLine) {
  const auto fault_of = [](const std::string& text) {
    std::istringstream in(text);
    std::string fault;
    return read_texts(in, fault) ? "" : fault;
  };
  EXPECT_EQ(fault_of("# 1\n# 8\n").substr(0, 7), "line 2:");
  EXPECT_EQ(fault_of("# 1\nx\n# 1\n"), "line 3: section 1 stands twice");
  EXPECT_EQ(fault_of("hello\n").substr(0, 7), "line 1:");
}

TEST(FinalReport, ClassesSecondFiguresRatesGapsAndNotesAppearByThemselves) {
  FinalInput in = input();
  IndicatorTable& nation = in.indicators[0].tables["NATION"];
  nation.set_second("HbA1c >= 75");
  *nation.mutable_total()->mutable_second_rate() = rate(0.12);
  nation.add_notes("There are no resident counts; give residents.file.");
  IndicatorTable levels = nation;
  IndicatorRow& row = *levels.add_rows();
  row.set_key("3");
  row.set_name("level 3");
  *row.mutable_rate() = rate(0.77);
  *row.mutable_denominator() = shown(30);
  in.indicators[0].tables["LEVEL"] = levels;
  IndicatorAnswer admissions = indicator("I-20", rate(31.5));
  admissions.tables["NATION"].set_rate_per(1000);
  in.indicators.push_back(admissions);
  IndicatorAnswer gap = indicator("I-23", Rate());
  gap.tables.clear();
  IndicatorTable education;
  education.set_period("2026Q3");
  Gap& g = *education.add_gaps();
  g.set_indicator("I-08");
  g.set_title("uptake");
  g.mutable_low()->set_name("low");
  g.mutable_high()->set_name("high");
  *g.mutable_points() = rate(-4.25);
  gap.tables["EDUCATION"] = education;
  in.indicators.push_back(gap);
  const std::string text = markdown(final_document(in));
  EXPECT_TRUE(
      holds(section(text, "3"), "| I-04 | HbA1c >= 75 | persons | 2026Q3 | share | 12.0 % |"));
  EXPECT_TRUE(holds(section(text, "3"), "give residents.file"));
  EXPECT_TRUE(holds(section(text, "3"), "by level ·"));
  EXPECT_TRUE(holds(section(text, "3"), "| 77.0 % |"));
  EXPECT_TRUE(holds(section(text, "4"), "| per 1,000 | 31.50 |"));
  EXPECT_TRUE(holds(section(text, "5"), "| I-23 | I-08 | uptake | low and high |"));
  EXPECT_TRUE(holds(section(text, "5"), "| -4.2 |"));
}

}  // namespace
}  // namespace kronika::cli::documents
