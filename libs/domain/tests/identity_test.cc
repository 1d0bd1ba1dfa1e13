#include <gtest/gtest.h>

#include <kronika/domain/identity.h>

namespace kronika::domain {
namespace {

const CivilDate kRecorded = *civil_date(2025, 2, 20);

std::optional<Reason> refused(std::string_view text, bool ecpr_allowed = true) {
  Refusal refusal;
  const auto cpr = read_cpr(text, kRecorded, ecpr_allowed, refusal);
  if (cpr) return std::nullopt;
  EXPECT_EQ(refusal.sentence.find(text.empty() ? "never" : text), std::string::npos);
  return refusal.reason;
}

Cpr read(std::string_view text) {
  Refusal refusal;
  auto cpr = read_cpr(text, kRecorded, true, refusal);
  EXPECT_TRUE(cpr) << slug(refusal.reason);
  return cpr.value_or(Cpr{});
}

TEST(Cpr, TheCenturyFollowsFromDigitSeven) {
  EXPECT_EQ(read("0101003000").birth_date, civil_date(1900, 1, 1));
  EXPECT_EQ(refused("0101364000"), Reason::kCprFuture);  // 2036
  EXPECT_EQ(read("0101374000").birth_date, civil_date(1937, 1, 1));
  EXPECT_EQ(read("0101204000").birth_date, civil_date(2020, 1, 1));
  EXPECT_EQ(refused("0101575000"), Reason::kCprFuture);  // 2057
  EXPECT_EQ(read("0101588000").birth_date, civil_date(1858, 1, 1));
  EXPECT_EQ(read("0101205000").birth_date, civil_date(2020, 1, 1));
  EXPECT_EQ(read("0101379000").birth_date, civil_date(1937, 1, 1));
}

TEST(Cpr, LeapDayNeedsTheCentury) {
  EXPECT_EQ(refused("2902529993"), std::nullopt);
  EXPECT_EQ(refused("2902519992"), Reason::kCprDate);
  EXPECT_EQ(refused("2902000994"), Reason::kCprDate);
  EXPECT_EQ(refused("2902004996"), std::nullopt);
  EXPECT_EQ(refused("2902369991"), Reason::kCprFuture);
}

TEST(Cpr, OneHyphenAfterTheDateIsTakenAway) {
  EXPECT_EQ(read("290252-9993").digits, "2902529993");
  EXPECT_EQ(refused("29025-29993"), Reason::kCprFormat);
  EXPECT_EQ(refused("290252--9993"), Reason::kCprFormat);
  EXPECT_EQ(refused(" 2902529993"), Reason::kCprFormat);
  EXPECT_EQ(refused("290252999"), Reason::kCprFormat);
  EXPECT_EQ(refused(""), Reason::kCprFormat);
}

TEST(Cpr, TheLastDigitGivesTheSex) {
  EXPECT_EQ(read("2902529993").sex, Sex::kMale);
  EXPECT_EQ(read("2902004996").sex, Sex::kFemale);
}

TEST(Cpr, Modulus11OnlyFlags) {
  EXPECT_TRUE(read("2902529993").mod11_fail);
  EXPECT_FALSE(read("0707614285").mod11_fail);
}

TEST(Cpr, AReplacementNumberHasNoBirthDateAndNoSex) {
  for (const char* text : {"0101601AB3", "0101607xy4", "0101600AB3", "0101605AB3"}) {
    const Cpr cpr = read(text);
    EXPECT_TRUE(cpr.ecpr);
    EXPECT_FALSE(cpr.birth_date);
    EXPECT_EQ(cpr.sex, Sex::kUnknown);
  }
  EXPECT_EQ(refused("0101601AB3", false), Reason::kEcprNotAllowed);
  EXPECT_EQ(refused("0101602AB3"), Reason::kCprFormat);
  EXPECT_EQ(refused("01016X1AB3"), Reason::kCprFormat);
}

TEST(Organisations, IdsHaveTheirLengths) {
  EXPECT_TRUE(is_sor_id("12345678901"));
  EXPECT_FALSE(is_sor_id("1234567890"));
  EXPECT_FALSE(is_sor_id("1234567890A"));
  EXPECT_TRUE(is_ydernummer("00012345"));
  EXPECT_FALSE(is_ydernummer("123456789"));
  EXPECT_FALSE(is_ydernummer(""));
}

}  // namespace
}  // namespace kronika::domain
