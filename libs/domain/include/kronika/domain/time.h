// Civil time in Europe/Copenhagen, without a time-zone database: Denmark follows the EU rule
// (summer time from the last Sunday of March to the last Sunday of October, both at 01:00 UTC;
// until 1995 it ended on the last Sunday of September; none before 1980). Source: EU directive
// 2000/84/EC and its predecessors. domain.md 0.2 says how dates and windows count.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <kronika/base/clock.h>

namespace kronika::domain {

/// Days since 1970-01-01, a calendar date in Europe/Copenhagen.
struct CivilDate {
  std::int32_t days = 0;
  friend auto operator<=>(const CivilDate&, const CivilDate&) = default;
  friend constexpr CivilDate operator+(CivilDate d, int n) { return {d.days + n}; }
  friend constexpr CivilDate operator-(CivilDate d, int n) { return {d.days - n}; }
  /// days(a, b) of domain.md 0.2 is b - a.
  friend constexpr int operator-(CivilDate b, CivilDate a) { return b.days - a.days; }
};

struct YearMonthDay {
  int year = 1970;
  int month = 1;  ///< 1-12
  int day = 1;    ///< 1-31
  friend auto operator<=>(const YearMonthDay&, const YearMonthDay&) = default;
};

[[nodiscard]] YearMonthDay year_month_day(CivilDate date);
/// Nothing where the calendar has no such day.
[[nodiscard]] std::optional<CivilDate> civil_date(int year, int month, int day);
/// Completed years on `date`; a person born 29 February turns a year older on 1 March in other
/// years.
[[nodiscard]] int age_on(CivilDate birth, CivilDate date);

/// The date at Copenhagen's clocks at `t`.
[[nodiscard]] CivilDate civil_date_of(Instant t);
/// 00:00:00.000 local.
[[nodiscard]] Instant start_of_day(CivilDate date);
/// 23:59:59.999 local.
[[nodiscard]] Instant end_of_day(CivilDate date);

struct LocalResult {
  Instant instant;
  bool ambiguous =
      false;  ///< repeated autumn hour (first taken) or missing spring hour (one hour later taken)
};
/// A wall-clock time in Copenhagen; milliseconds since local midnight.
[[nodiscard]] LocalResult from_local(CivilDate date, std::int64_t ms_of_day);

/// "2025-01-31"
[[nodiscard]] std::string to_text(CivilDate date);
/// RFC 3339 in UTC with milliseconds: "2025-01-31T09:00:00.000Z".
[[nodiscard]] std::string to_text(Instant t);
/// RFC 3339 with the Copenhagen offset, seconds: "2025-01-31T10:00:00+01:00".
[[nodiscard]] std::string to_local_text(Instant t);
/// "YYYY-MM-DD" alone.
[[nodiscard]] std::optional<CivilDate> parse_date(std::string_view text);

enum class TimeFault : std::uint8_t { kNone, kMalformed, kNoZone };
struct ParsedInstant {
  TimeFault fault = TimeFault::kNone;
  Instant instant;
};
/// RFC 3339 / FHIR instant with offset or Z; fraction optional. kNoZone where only the offset is
/// missing.
[[nodiscard]] ParsedInstant parse_instant(std::string_view text);

/// A calendar quarter, written "2025Q1"; value = year * 4 + (quarter - 1).
struct Quarter {
  std::int32_t value = 0;
  friend auto operator<=>(const Quarter&, const Quarter&) = default;
  [[nodiscard]] constexpr int year() const { return value / 4; }
  [[nodiscard]] constexpr int number() const { return value % 4 + 1; }
  friend constexpr Quarter operator+(Quarter q, int n) { return {q.value + n}; }
  friend constexpr Quarter operator-(Quarter q, int n) { return {q.value - n}; }
};
[[nodiscard]] Quarter quarter_of(CivilDate date);
[[nodiscard]] CivilDate first_day(Quarter q);
[[nodiscard]] CivilDate last_day(Quarter q);
[[nodiscard]] std::string to_text(Quarter q);
[[nodiscard]] std::optional<Quarter> parse_quarter(std::string_view text);

}  // namespace kronika::domain
