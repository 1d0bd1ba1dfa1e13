#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include <kronika/refdata/errc.h>
#include <kronika/refdata/loader.h>

namespace kronika::refdata {
namespace {

namespace fs = std::filesystem;
const fs::path kReference = KRONIKA_SOURCE_DIR "/data/reference";

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

/// A copy of the real tables of which one can be spoilt.
class Loading : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(KRONIKA_BINARY_DIR) / "tests" /
              (std::string("reference-") +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    fs::copy(kReference, folder_, fs::copy_options::recursive);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void append(const std::string& file, const std::string& row) {
    std::ofstream(folder_ / file, std::ios::app | std::ios::binary) << row << '\n';
  }
  void replace(const std::string& file, const std::string& from, const std::string& to) {
    std::string content = slurp(folder_ / file);
    const std::size_t at = content.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    content.replace(at, from.size(), to);
    std::ofstream(folder_ / file, std::ios::binary) << content;
  }
  [[nodiscard]] std::string error() const {
    const auto rules = load(folder_.string(), (folder_ / "organisations.csv").string(), 1);
    return rules ? "none" : rules.error().context;
  }
  [[nodiscard]] int lines(const std::string& file) const {
    const std::string content = slurp(folder_ / file);
    return static_cast<int>(std::count(content.begin(), content.end(), '\n'));
  }
  [[nodiscard]] std::string at_end(const std::string& file, const std::string& what) const {
    return file + ":" + std::to_string(lines(file)) + ": " + what;
  }

  fs::path folder_;
};

TEST_F(Loading, TheShippedTablesAreInOrder) {
  const auto rules = load(kReference.string(), (kReference / "organisations.csv").string(), 3);
  ASSERT_TRUE(rules) << rules.error().context;
  const domain::Rules& r = **rules;
  EXPECT_EQ(r.programmes.size(), 14U);
  EXPECT_EQ(r.generation.ordinal, 3U);
  EXPECT_NE(r.generation.hash, 0U);
  EXPECT_EQ(r.region_of(265, *domain::civil_date(2026, 12, 31)), "1085");
  EXPECT_EQ(r.region_of(265, *domain::civil_date(2027, 1, 1)), "OEST");
  EXPECT_EQ(r.rule_set("KOL", *domain::civil_date(2025, 12, 31))->version, "2023");
  EXPECT_EQ(r.rule_set("KOL", *domain::civil_date(2026, 1, 1))->version, "2026");
  EXPECT_EQ(r.rule_set("KOL", *domain::civil_date(2022, 12, 31)), nullptr);
  EXPECT_EQ(r.education_group("35"), domain::EducationGroup::kLow);
  EXPECT_EQ(r.education_group("99"), domain::EducationGroup::kUnknown);
  EXPECT_TRUE(r.in_admission_set("KOL_MAIN", "DJ441"));
  EXPECT_FALSE(r.in_admission_set("KOL_MAIN", "DJ43"));
  const auto* h1 = r.organisation("990000000000201", *domain::civil_date(2025, 1, 1));
  ASSERT_NE(h1, nullptr);
  EXPECT_EQ(h1->sector, domain::Sector::kHospital);
  EXPECT_EQ(r.organisation("990000000000201", *domain::civil_date(2006, 12, 31)), nullptr);
}

TEST_F(Loading, EveryMunicipalityHasAnOrganisation) {
  const auto rules = load(kReference.string(), (kReference / "organisations.csv").string(), 1);
  ASSERT_TRUE(rules);
  std::set<domain::Municipality> all;
  std::set<domain::Municipality> served;
  for (const auto& m : (*rules)->municipalities) all.insert(m.code);
  for (const auto& o : (*rules)->organisations) {
    if (o.sector == domain::Sector::kMunicipality) served.insert(o.municipality);
  }
  EXPECT_EQ(all.size(), 98U);
  EXPECT_EQ(served, all);
}

TEST_F(Loading, ACodeMatchesByItsLongestPrefix) {
  const auto rules = load(kReference.string(), (kReference / "organisations.csv").string(), 1);
  ASSERT_TRUE(rules);
  const auto programmes = [&](std::string_view system, std::string_view code) {
    std::vector<const domain::DiagnosisRow*> rows;
    (*rules)->find_diagnosis(system, code, rows);
    std::set<std::string> ids;
    for (const auto* row : rows) {
      ids.insert(row->programme == domain::kNoProgramme ? "-"
                                                        : (*rules)->programmes[row->programme].id);
    }
    return ids;
  };
  using Set = std::set<std::string>;
  EXPECT_EQ(programmes("SKS", "DJ449"), Set{"KOL"});
  EXPECT_EQ(programmes("ICD-10", "J44.9"), Set{"KOL"});
  EXPECT_EQ(programmes("ICD-10", "DJ44.9"), Set{"KOL"});
  EXPECT_EQ(programmes("ICPC-2", "R95"), Set{"KOL"});
  EXPECT_EQ(programmes("ICPC-2", "R951"), Set{});
  EXPECT_EQ(programmes("SKS", "DC509"), (Set{"CANCER_REHAB", "CANCER_FOLLOWUP"}));
  EXPECT_EQ(programmes("SKS", "DF329"), Set{"-"});
  EXPECT_EQ(programmes("SKS", "DJ4"), Set{});
  EXPECT_EQ(programmes("SKS", ""), Set{});
  EXPECT_EQ(programmes("LOINC", "DJ449"), Set{});
}

TEST_F(Loading, AMissingFileIsNamed) {
  fs::remove(folder_ / "education.csv");
  const auto rules = load(folder_.string(), (folder_ / "organisations.csv").string(), 1);
  ASSERT_FALSE(rules);
  EXPECT_EQ(rules.error().code, code<Errc::kUnreadable>());
  EXPECT_NE(rules.error().context.find("education.csv"), std::string::npos);
}

TEST_F(Loading, AnUnknownProgrammeIsRefused) {
  append("diagnoses.csv", "KAL,KOL,SKS,DJ99,prefix,");
  EXPECT_EQ(error(), at_end("diagnoses.csv", "programme 'KAL' is not in programmes.csv"));
}

TEST_F(Loading, ADuplicateIsRefused) {
  append("diagnoses.csv", "KOL,KOL,SKS,DJ44,prefix,");
  EXPECT_EQ(error(), at_end("diagnoses.csv", "diagnosis 'KOL SKS DJ44*' stands twice"));
}

TEST_F(Loading, OverlappingValidityIsRefused) {
  append("organisations.csv", "990000000000101,Other,GP,0751,,PRAKSIS,2020-01-01,2020-12-31");
  EXPECT_EQ(error(),
            at_end("organisations.csv", "the validity of 990000000000101 overlaps an earlier row"));
}

TEST_F(Loading, OverlappingRuleVersionsAreRefused) {
  replace("rulesets.csv", "2023-01-01,2025-12-31", "2023-01-01,2026-01-01");
  EXPECT_EQ(error(), "rulesets.csv:3: the validity of rule set KOL overlaps an earlier version");
}

TEST_F(Loading, AMalformedNumberIsRefused) {
  replace("measurements.csv", "kg/m²=1,8,100", "kg/m²=1,8x,100");
  EXPECT_EQ(error(), "measurements.csv:2: hard_min '8x' is no number");
}

TEST_F(Loading, AMalformedUnitIsRefused) {
  replace("measurements.csv", "kg/m²=1,8,100", "kg/m²=one,8,100");
  EXPECT_EQ(error(),
            "measurements.csv:2: accepted unit 'kg/m²=one' is not unit=factor[;offset][;roundN]");
}

TEST_F(Loading, AMalformedDateIsRefused) {
  append("organisations.csv", "990000000000999,Other,GP,0751,,PRAKSIS,2020-02-30,");
  EXPECT_EQ(error(), at_end("organisations.csv", "valid_from '2020-02-30' is no date YYYY-MM-DD"));
}

TEST_F(Loading, AnUnknownInputOfARuleSetIsRefused) {
  append("ruleset_inputs.csv", "KOL,2026,NOSUCH,365,no");
  EXPECT_EQ(error(),
            at_end("ruleset_inputs.csv", "measure_key 'NOSUCH' is not in measurements.csv"));
}

TEST_F(Loading, ABranchBehindAnUnconditionalOneIsRefused) {
  append("ruleset_branches.csv", "LBP,1,proposed_level,START_TOTAL <= 2,1");
  EXPECT_NE(error().find(at_end("ruleset_branches.csv", "the branch can never be reached")),
            std::string::npos)
      << error();
}

TEST_F(Loading, ABranchWhoseCasesAreTakenIsRefused) {
  replace("ruleset_branches.csv", "KOL,2023,gold_grade,FEV1_PCT >= 50,2",
          "KOL,2023,gold_grade,FEV1_PCT >= 90,2");
  EXPECT_EQ(error(),
            "ruleset_branches.csv:3: the branch can never be reached: line 2 takes all its cases");
}

TEST_F(Loading, AnOutputNeedsALastBranchThatAlwaysApplies) {
  replace("ruleset_branches.csv", "LBP,1,proposed_level,,3",
          "LBP,1,proposed_level,START_PSYCH > 3,3");
  EXPECT_EQ(error(),
            "ruleset_branches.csv:1: output proposed_level of rule set LBP version 1 has no last "
            "branch without condition");
}

TEST_F(Loading, AConditionSpeaksOfKnownInputsAndValues) {
  replace("ruleset_branches.csv", "FEV1_PCT >= 80", "FEV9_PCT >= 80");
  EXPECT_EQ(error(),
            "ruleset_branches.csv:2: when: 'FEV9_PCT' is no measure, no derived input and no "
            "earlier output");
  replace("ruleset_branches.csv", "FEV9_PCT >= 80", "FEV1_PCT => 80");
  EXPECT_EQ(error(), "ruleset_branches.csv:2: when: '=>' is no comparison");
  replace("ruleset_branches.csv", "FEV1_PCT => 80", "FEV1_PCT >= many");
  EXPECT_EQ(error(), "ruleset_branches.csv:2: when: 'many' is no number");
  replace("ruleset_branches.csv", "FEV1_PCT >= many", "FEV1_PCT >= 80 and");
  EXPECT_EQ(error(), "ruleset_branches.csv:2: when: a comparison is cut short");
  replace("ruleset_branches.csv", "FEV1_PCT >= 80 and", "HBA1C >= 80");
  EXPECT_EQ(
      error(),
      "ruleset_branches.csv:2: when: HBA1C is no input of the rule set in ruleset_inputs.csv");
}

TEST_F(Loading, TheGenerationChangesWithARuleAndNotWithANote) {
  const auto hash = [this] {
    const auto rules = load(folder_.string(), (folder_ / "organisations.csv").string(), 1);
    return rules ? (*rules)->generation.hash : 0;
  };
  const auto before = hash();
  ASSERT_NE(before, 0U);
  replace("clusters.csv", "Bispebjerg", "Bispebjærg");
  EXPECT_EQ(hash(), before);
  replace("ruleset_inputs.csv", "365", "366");
  EXPECT_NE(hash(), before);
}

}  // namespace
}  // namespace kronika::refdata
