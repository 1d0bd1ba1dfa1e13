#include <gtest/gtest.h>

#include <kronika/domain/time.h>

namespace kronika::domain {
namespace {

CivilDate day(int y, int m, int d) { return *civil_date(y, m, d); }
Instant at(std::string_view text) {
  const ParsedInstant parsed = parse_instant(text);
  EXPECT_EQ(parsed.fault, TimeFault::kNone) << text;
  return parsed.instant;
}

TEST(CivilTime, EveryDayOfTwoCenturiesReadsBackAsWritten) {
  YearMonthDay last = year_month_day(day(1899, 12, 31));
  for (CivilDate d = day(1900, 1, 1); d <= day(2100, 12, 31); d = d + 1) {
    const YearMonthDay now = year_month_day(d);
    ASSERT_LT(last, now);
    ASSERT_EQ(civil_date(now.year, now.month, now.day), d);
    last = now;
  }
}

TEST(CivilTime, DaysThatDoNotExistAreRefused) {
  EXPECT_FALSE(civil_date(1900, 2, 29));
  EXPECT_TRUE(civil_date(2000, 2, 29));
  EXPECT_FALSE(civil_date(2025, 4, 31));
  EXPECT_FALSE(civil_date(2025, 13, 1));
  EXPECT_FALSE(civil_date(2025, 1, 0));
  EXPECT_FALSE(parse_date("2025-1-01"));
  EXPECT_FALSE(parse_date("2025-01-01 "));
}

TEST(CivilTime, SomeoneBornOnLeapDayTurnsOlderOnTheFirstOfMarch) {
  EXPECT_EQ(age_on(day(1952, 2, 29), day(2025, 2, 28)), 72);
  EXPECT_EQ(age_on(day(1952, 2, 29), day(2025, 3, 1)), 73);
  EXPECT_EQ(age_on(day(1952, 2, 29), day(2024, 2, 29)), 72);
}

TEST(CivilTime, SummerTimeChangesAtOneUtc) {
  // 30 March 2025 and 26 October 2025 are the last Sundays.
  EXPECT_EQ(to_local_text(at("2025-03-30T00:59:59Z")), "2025-03-30T01:59:59+01:00");
  EXPECT_EQ(to_local_text(at("2025-03-30T01:00:00Z")), "2025-03-30T03:00:00+02:00");
  EXPECT_EQ(to_local_text(at("2025-10-26T00:59:59Z")), "2025-10-26T02:59:59+02:00");
  EXPECT_EQ(to_local_text(at("2025-10-26T01:00:00Z")), "2025-10-26T02:00:00+01:00");
}

TEST(CivilTime, EarlierYearsFollowTheRulesOfTheirTime) {
  EXPECT_EQ(to_local_text(at("1979-07-01T12:00:00Z")), "1979-07-01T13:00:00+01:00");
  EXPECT_EQ(to_local_text(at("1980-04-06T01:00:00Z")), "1980-04-06T03:00:00+02:00");
  EXPECT_EQ(to_local_text(at("1995-10-01T12:00:00Z")), "1995-10-01T13:00:00+01:00");
  EXPECT_EQ(to_local_text(at("1996-10-01T12:00:00Z")), "1996-10-01T14:00:00+02:00");
}

TEST(CivilTime, ADayBeginsAndEndsAtLocalMidnight) {
  EXPECT_EQ(to_text(start_of_day(day(2025, 1, 31))), "2025-01-30T23:00:00.000Z");
  EXPECT_EQ(to_text(start_of_day(day(2025, 3, 30))), "2025-03-29T23:00:00.000Z");
  EXPECT_EQ(to_text(end_of_day(day(2025, 3, 30))), "2025-03-30T21:59:59.999Z");
  EXPECT_EQ(to_text(end_of_day(day(2025, 10, 26))), "2025-10-26T22:59:59.999Z");
  for (CivilDate d = day(1975, 1, 1); d <= day(2035, 1, 1); d = d + 1) {
    ASSERT_EQ(civil_date_of(start_of_day(d)), d);
    ASSERT_EQ(civil_date_of(end_of_day(d)), d);
    ASSERT_EQ(civil_date_of({start_of_day(d).ms - 1}), d - 1);
  }
}

TEST(CivilTime, NewYearKeepsItsOffset) {
  for (int year = 1970; year < 2150; ++year) {
    ASSERT_EQ(to_local_text(start_of_day(day(year, 1, 1))).substr(19), "+01:00") << year;
    ASSERT_EQ(to_local_text(start_of_day(day(year, 12, 31))).substr(19), "+01:00") << year;
  }
}

TEST(CivilTime, TheRepeatedHourIsTheFirstAndTheMissingOneIsLater) {
  const std::int64_t half_past_two = (2 * 60 + 30) * 60'000;
  const LocalResult repeated = from_local(day(2025, 10, 26), half_past_two);
  EXPECT_TRUE(repeated.ambiguous);
  EXPECT_EQ(to_text(repeated.instant), "2025-10-26T00:30:00.000Z");
  const LocalResult lost = from_local(day(2025, 3, 30), half_past_two);
  EXPECT_TRUE(lost.ambiguous);
  EXPECT_EQ(to_local_text(lost.instant), "2025-03-30T03:30:00+02:00");
  const LocalResult plain = from_local(day(2025, 7, 1), half_past_two);
  EXPECT_FALSE(plain.ambiguous);
  EXPECT_EQ(to_local_text(plain.instant), "2025-07-01T02:30:00+02:00");
}

TEST(Rfc3339, ReadsOffsetsAndFractions) {
  EXPECT_EQ(at("2025-01-31T10:00:00+01:00"), at("2025-01-31T09:00:00Z"));
  EXPECT_EQ(at("2025-01-31T10:00:00.5-02:30").ms, at("2025-01-31T12:30:00Z").ms + 500);
  EXPECT_EQ(at("2025-01-31T10:00:00.123999Z").ms % 1000, 123);
  EXPECT_EQ(to_text(at("2016-12-31T23:59:60Z")), "2017-01-01T00:00:00.000Z");
}

TEST(Rfc3339, TellsAMissingOffsetFromNonsense) {
  EXPECT_EQ(parse_instant("2025-01-31T10:00:00").fault, TimeFault::kNoZone);
  EXPECT_EQ(parse_instant("2025-01-31T10:00:00.25").fault, TimeFault::kNoZone);
  for (const char* text : {"", "2025-01-31", "2025-02-30T10:00:00Z", "2025-01-31T24:00:00Z",
                           "2025-01-31T10:00Z", "2025-01-31T10:00:00.Z", "2025-01-31T10:00:00+0100",
                           "2025-01-31T10:00:00Zx", "2025-01-31T10:61:00Z"}) {
    EXPECT_EQ(parse_instant(text).fault, TimeFault::kMalformed) << text;
  }
}

TEST(Quarters, BeginAndEndOnTheirDays) {
  const Quarter q = *parse_quarter("2025Q1");
  EXPECT_EQ(first_day(q), day(2025, 1, 1));
  EXPECT_EQ(last_day(q), day(2025, 3, 31));
  EXPECT_EQ(quarter_of(day(2024, 12, 31)), q - 1);
  EXPECT_EQ(to_text(q + 3), "2025Q4");
  EXPECT_FALSE(parse_quarter("2025Q5"));
  EXPECT_FALSE(parse_quarter("2025q1"));
}

}  // namespace
}  // namespace kronika::domain
