#include "../src/table.h"

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/config/print.h>

namespace kronika::config {
namespace {

using ::testing::HasSubstr;

std::string read_text(const std::string& path) {
  std::ifstream in(std::string(KRONIKA_SOURCE_DIR) + "/" + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

Loaded loaded(std::vector<std::string> args = {}) {
  auto r = load({.args = std::move(args), .environment = {{"KRONIKA_HOME", "/k"}}});
  EXPECT_TRUE(r.has_value());
  return std::move(*r);
}

TEST(Table, NamesAndVariablesAreUniqueAndEveryRowIsExplained) {
  std::set<std::string> names, variables;
  for (const Row& row : rows()) {
    EXPECT_TRUE(names.emplace(row.name).second) << row.name;
    EXPECT_TRUE(variables.insert(environment_name(row.name)).second) << row.name;
    EXPECT_TRUE(row.doc.ends_with('.')) << row.name;
    EXPECT_FALSE(section_doc(section_of(row.name)).empty()) << row.name;
    EXPECT_FALSE(row.unit == "ms" && !row.name.ends_with("_ms")) << row.name;
    EXPECT_FALSE(row.unit == "bytes" && !row.name.ends_with("_bytes")) << row.name;
  }
}

// Whoever tries things out changes values in the file; that alone is no fault.
std::string without_values(const std::string& text) {
  std::istringstream in(text);
  std::string out;
  for (std::string line; std::getline(in, line);) {
    const bool is_comment = line.find_first_not_of(' ') == line.find('#');
    out += (is_comment ? line : line.substr(0, line.find(':'))) + "\n";
  }
  return out;
}

TEST(Template, TheCheckedInFileIsTheGeneratedOne) {
  EXPECT_EQ(without_values(read_text("config/kronika.yaml")), without_values(file_template()))
      << "run: ./kronika config print --template > config/kronika.yaml";
}

// In a clean clone a changed value is a fault: the file would silently override a changed default.
// Two differ on purpose, so that the samples from abroad are accepted on a newcomer's machine.
TEST(Template, TheCheckedInFileChangesOnlyTheDefaultsForMessagesFromAbroad) {
  if (std::getenv("CI") == nullptr) GTEST_SKIP() << "only a clean clone (CI is set) is held to it";
  const auto plain = loaded();
  const auto from_file =
      loaded({"--config", std::string(KRONIKA_SOURCE_DIR) + "/config/kronika.yaml"});
  ASSERT_EQ(plain.effective.size(), from_file.effective.size());
  std::set<std::string> differing;
  for (std::size_t i = 0; i < plain.effective.size(); ++i) {
    if (plain.effective[i].value != from_file.effective[i].value)
      differing.emplace(plain.effective[i].name);
  }
  EXPECT_EQ(differing, (std::set<std::string>{"identity.extra_identifier_systems",
                                              "identity.default_sender_org"}));
}

TEST(Template, ReadBackItGivesTheDefaults) {
  const std::string path = ::testing::TempDir() + "/template.yaml";
  std::ofstream(path) << file_template();
  const auto plain = loaded(), from_file = loaded({"--config", path});
  ASSERT_EQ(plain.effective.size(), from_file.effective.size());
  for (std::size_t i = 0; i < plain.effective.size(); ++i) {
    EXPECT_EQ(plain.effective[i].value, from_file.effective[i].value) << plain.effective[i].name;
    EXPECT_THAT(from_file.effective[i].origin, HasSubstr("template.yaml:"));
  }
}

TEST(ReferencePage, TheCheckedInPageIsTheGeneratedOne) {
  EXPECT_EQ(read_text("docs/config.md"), reference_page())
      << "run: ./kronika config print --reference > docs/config.md";
}

TEST(Print, ShowsValueAndOriginInEachForm) {
  const auto l = loaded({"--kafka.partitions=12"});
  EXPECT_THAT(print(l, Format::kTable),
              ::testing::ContainsRegex("kafka\\.partitions +12 +flag --kafka\\.partitions"));
  EXPECT_THAT(print(l, Format::kJson),
              HasSubstr("\"kafka.partitions\": {\"value\": \"12\", \"origin\": \"flag "
                        "--kafka.partitions\"}"));
  EXPECT_THAT(print(l, Format::kEnv), HasSubstr("KRONIKA_KAFKA_PARTITIONS='12'\n"));
  EXPECT_THAT(print(l, Format::kEnv), HasSubstr("KRONIKA_DATA_DIR='/k/var/data'\n"));
}

TEST(Print, PropertiesWithSecretsAreRedacted) {
  const auto text = print(loaded({"--kafka.client.ssl.key.password=hush"}), Format::kTable);
  EXPECT_THAT(text, HasSubstr("(redacted)"));
  EXPECT_EQ(text.find("hush"), std::string::npos);
}

TEST(ConfigCommand, AnUnknownFormGivesTheUsage) {
  std::ostringstream out, err;
  EXPECT_EQ(run_config_command(loaded(), {"print", "--xml"}, out, err), 2);
  EXPECT_THAT(err.str(), HasSubstr("usage: kronika config print"));
  EXPECT_EQ(run_config_command(loaded(), {"print", "--template"}, out, err), 0);
  EXPECT_EQ(out.str(), file_template());
}

}  // namespace
}  // namespace kronika::config
