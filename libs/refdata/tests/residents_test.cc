// Resident counts and standards: what is read, and what is refused with its line and a remedy.
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include <kronika/domain/standards.h>
#include <kronika/refdata/errc.h>
#include <kronika/refdata/loader.h>
#include <kronika/refdata/residents.h>

namespace kronika::refdata {
namespace {

const domain::Rules& rules() {
  static const auto loaded = load(KRONIKA_SOURCE_DIR "/data/reference",
                                  KRONIKA_SOURCE_DIR "/data/reference/organisations.csv", 1);
  EXPECT_TRUE(loaded) << loaded.error().context;
  return **loaded;
}

class ResidentsTest : public ::testing::Test {
 protected:
  ResidentsTest() : folder_(std::filesystem::path(::testing::TempDir()) / "kronika-residents") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~ResidentsTest() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& lines) {
    const auto path = folder_ / "residents.csv";
    std::ofstream(path) << "municipality,sex,age_band,quarter,residents_first_day,"
                           "residents_last_day\n"
                        << lines;
    return path.string();
  }
  std::string refusal(const std::string& lines) {
    const auto loaded = load_residents(file(lines), rules());
    return loaded ? "accepted" : loaded.error().context;
  }
  static bool names(const std::string& text, const std::string& what) {
    return text.find(what) != std::string::npos;
  }

  std::filesystem::path folder_;
};

TEST_F(ResidentsTest, ReadsCountsByMunicipalitySexAgeBandAndQuarter) {
  const auto loaded =
      load_residents(file("0751,F,65-74,2025Q1,2310,2305\n0751,M,0-14,2025Q1,10,0\n"), rules());
  ASSERT_TRUE(loaded) << loaded.error().context;
  const auto* quarter = (*loaded)->of(*domain::parse_quarter("2025Q1"));
  ASSERT_NE(quarter, nullptr);
  ASSERT_EQ(quarter->size(), 2U);
  const auto& count = quarter->at({751, domain::Sex::kFemale, domain::ResidentBand::k65To74});
  EXPECT_EQ(count.first_day, 2310);
  EXPECT_EQ(count.last_day, 2305);
  EXPECT_EQ((*loaded)->of(*domain::parse_quarter("2025Q2")), nullptr);
}

TEST_F(ResidentsTest, RefusesAMistakeWithItsLineAndARemedy) {
  const std::string good = "0751,F,65-74,2025Q1,1,1\n";
  EXPECT_EQ(refusal(good), "accepted");
  const auto expect = [&](const std::string& line, const std::string& remedy) {
    const std::string text = refusal(good + line + "\n");
    EXPECT_TRUE(names(text, "residents.csv:3:")) << text;
    EXPECT_TRUE(names(text, remedy)) << text;
  };
  expect("9999,F,65-74,2025Q1,1,1", "municipalities.csv");
  expect("751,F,65-74,2025Q1,1,1", "four digits");
  expect("0751,K,65-74,2025Q1,1,1", "neither M nor F");
  expect("0751,F,0-17,2025Q1,1,1", "15-17");
  expect("0751,F,65-74,2025-1,1,1", "like 2025Q1");
  expect("0751,F,65-74,2025Q2,-1,1", "whole number");
  expect("0751,F,65-74,2025Q2,1,1.5", "whole number");
  expect("0751,F,65-74,2025Q1,2,2", "keep one");
}

TEST_F(ResidentsTest, NamesTheSettingOfAFileThatIsNotThere) {
  const auto loaded = load_residents((folder_ / "none.csv").string(), rules());
  ASSERT_FALSE(loaded);
  EXPECT_TRUE(names(loaded.error().context, "gateway.residents_file")) << loaded.error().context;
}

TEST_F(ResidentsTest, TakesTheFileOfTheDataFolderWhereTheSettingIsEmpty) {
  auto settings = table_settings("", folder_, "", rules());
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->residents, nullptr);
  EXPECT_FALSE(settings->data_start);
  (void)file("0751,F,65-74,2025Q1,1,1\n");
  settings = table_settings("", folder_, "2015-01-01", rules());
  ASSERT_TRUE(settings);
  EXPECT_NE(settings->residents, nullptr);
  EXPECT_EQ(settings->data_start, domain::civil_date(2015, 1, 1));
  EXPECT_FALSE(table_settings("", folder_, "2015", rules()));
}

class StandardsTest : public ::testing::Test {
 protected:
  StandardsTest() : folder_(std::filesystem::path(::testing::TempDir()) / "kronika-standards") {
    std::filesystem::remove_all(folder_);
    std::filesystem::copy(KRONIKA_SOURCE_DIR "/data/reference", folder_);
  }
  ~StandardsTest() override { std::filesystem::remove_all(folder_); }
  std::string with(const std::string& line) {
    std::ofstream(folder_ / "standards.csv")
        << "indicator,figure,direction,value,unit,source,valid_from,valid_to\n"
        << "I-17,RATE,>=,90,%,DrKOL,2010-01-01,2019-12-31\n"
        << line << "\n";
    const auto loaded = load(folder_.string(), (folder_ / "organisations.csv").string(), 1);
    return loaded ? "accepted" : loaded.error().context;
  }
  std::filesystem::path folder_;
};

TEST_F(StandardsTest, AreThoseOfTheSpecification) {
  const auto date = *domain::civil_date(2025, 3, 31);
  const auto text = [&](domain::Indicator i) {
    std::string out;
    for (const auto* s : domain::standards_of(rules(), i, date))
      out += (out.empty() ? "" : "; ") + domain::to_text(*s);
    return out;
  };
  EXPECT_EQ(text(domain::Indicator::kI04RehabReferralKol), ">= 90 %");
  EXPECT_EQ(text(domain::Indicator::kI13KolReadmission), "<= 15 %");
  EXPECT_EQ(text(domain::Indicator::kI15Hba1cOnTarget), "> 40 %; HbA1c >= 75 in < 20 %");
  EXPECT_EQ(text(domain::Indicator::kI08Uptake), "");
}

TEST_F(StandardsTest, AreRefusedWithTheirLine) {
  EXPECT_EQ(with("I-17,RATE,>=,95,%,DrKOL,2020-01-01,"), "accepted");
  for (const char* wrong :
       {"I-77,RATE,>=,95,%,DrKOL,2020-01-01,", "I-17,MEDIAN,>=,95,days,DrKOL,2020-01-01,",
        "I-17,SECOND_RATE,>=,95,%,DrKOL,2020-01-01,", "I-17,RATE,=,95,%,DrKOL,2020-01-01,",
        "I-17,RATE,>=,950,%,DrKOL,2020-01-01,", "I-17,RATE,>=,95,days,DrKOL,2020-01-01,",
        "I-17,RATE,>=,95,%,,2020-01-01,", "I-17,RATE,>=,95,%,DrKOL,2019-06-01,"}) {
    const std::string text = with(wrong);
    EXPECT_NE(text.find("standards.csv:3:"), std::string::npos) << wrong << ": " << text;
  }
}

}  // namespace
}  // namespace kronika::refdata
