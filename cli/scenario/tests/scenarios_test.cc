// Every scenario file of the project passes. KRONIKA_SCENARIO_SEED gives other shuffles.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include <kronika/scenario/runner.h>

namespace kronika::scenario {
namespace {

namespace fs = std::filesystem;

Options options() {
  Options o;
  o.reference_folder = KRONIKA_SOURCE_DIR "/data/reference";
  o.organisations_file = KRONIKA_SOURCE_DIR "/data/reference/organisations.csv";
  if (const char* seed = std::getenv("KRONIKA_SCENARIO_SEED")) o.seed = std::stoull(seed);
  return o;
}

std::vector<std::string> files() {
  std::vector<std::string> all;
  for (const auto& entry : fs::directory_iterator(KRONIKA_SOURCE_DIR "/tests/scenarios")) {
    if (entry.path().extension() == ".yaml") all.push_back(entry.path().string());
  }
  std::sort(all.begin(), all.end());
  return all;
}

class ScenarioFile : public ::testing::TestWithParam<std::string> {};

TEST_P(ScenarioFile, GivesWhatItExpectsInEveryOrderOfArrival) {
  std::ostringstream report;
  EXPECT_EQ(run_files({GetParam()}, options(), report), 0) << report.str();
}

INSTANTIATE_TEST_SUITE_P(
    Project, ScenarioFile, ::testing::ValuesIn(files()), [](const auto& tested) {
      std::string name = fs::path(tested.param).stem().string();
      std::replace_if(name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
      return name;
    });

/// Rows of the state machine (domain.md 7) that a scenario says it is about, in its title or
/// reason.
TEST(Scenarios, NameEveryRowOfTheStateMachine) {
  std::string all;
  for (const std::string& file : files()) {
    std::ifstream in(file);
    all.append(std::istreambuf_iterator<char>(in), {});
  }
  const auto named = [&all](const std::string& row) {
    for (auto at = all.find(row); at != std::string::npos; at = all.find(row, at + 1)) {
      const std::size_t end = at + row.size();
      if (end == all.size() || !std::isalnum(static_cast<unsigned char>(all[end]))) return true;
    }
    return false;
  };
  EXPECT_FALSE(named("T46"));  // the last row is T45
  EXPECT_TRUE(named("T01m"));
  for (int row = 1; row <= 45; ++row) {
    const std::string id = (row < 10 ? "T0" : "T") + std::to_string(row);
    EXPECT_TRUE(named(id)) << id;
  }
}

/// A checker nobody has seen fail is not a checker: each kind of expectation, spoilt, fails.
TEST(ScenarioRunner, FailsWhereAnExpectationIsWrong) {
  const fs::path path = fs::path(KRONIKA_BINARY_DIR) / "tests" / "spoilt-scenario.yaml";
  const auto run = [&path](const std::string& rest) {
    std::ostringstream yaml;
    yaml << "scenarios:\n- id: X1\n  persons: {A: {cpr: \"0101509991\", municipality: \"0751\"}}\n"
            "  given:\n    - {t: \"2025-01-10 09:00\", from: \"990000000000101\", e: "
            "DiagnosisRecorded, code: DJ449}\n"
         << rest;
    {
      std::FILE* f = std::fopen(path.c_str(), "w");
      std::fputs(yaml.str().c_str(), f);
      std::fclose(f);
    }
    const auto outcomes = run_file(path.string(), options());
    EXPECT_TRUE(outcomes) << outcomes.error().context;
    return outcomes ? outcomes->front().status : Status::kPass;
  };
  const auto expecting = [](const std::string& what) {
    return "  checks:\n    - {as_of: \"2025-01-12\", expect: {" + what + "}}\n";
  };
  EXPECT_EQ(run(expecting("A.KOL: {episode: 1, state: DIAGNOSED, illegal: 0, warnings: []}")),
            Status::kPass);
  EXPECT_EQ(run(expecting("A.KOL: {state: STRATIFIED}")), Status::kFail);
  EXPECT_EQ(run(expecting("A.KOL: none")), Status::kFail);
  EXPECT_EQ(run(expecting("A.T2D: {state: DIAGNOSED}")), Status::kFail);
  EXPECT_EQ(run(expecting("A: none")), Status::kFail);
  EXPECT_EQ(run(expecting("A: {sex: F}")), Status::kFail);
  EXPECT_EQ(run(expecting("A: {municipality: \"0740\"}")), Status::kFail);
  EXPECT_EQ(run(expecting("A.KOL: {flags: [unstratified]}")), Status::kFail);
  EXPECT_EQ(run(expecting("A.KOL: {warnings: [LBP_TOO_EARLY]}")), Status::kFail);
  EXPECT_EQ(run(expecting("A.KOL: {flags: [no_such_flag]}")), Status::kUnimplemented);
  EXPECT_EQ(run("  quarantine: [{line: 1, reason: CPR_DATE}]\n"), Status::kFail);
  EXPECT_EQ(run("  duplicates: 1\n"), Status::kFail);
  EXPECT_EQ(run("  tables:\n    - {cells: {a: [7, 20]}, published: {a: [null, 20]}}\n"),
            Status::kFail);
  fs::remove(path);
}

TEST(ScenarioRunner, SaysWhatIsWrongWithAFile) {
  const auto outcomes = run_file("/nonexistent.yaml", options());
  ASSERT_FALSE(outcomes);
  EXPECT_NE(outcomes.error().context.find("/nonexistent.yaml"), std::string::npos);
}

}  // namespace
}  // namespace kronika::scenario
