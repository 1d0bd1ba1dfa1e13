#include <algorithm>
#include <array>
#include <cstdio>

#include <kronika/domain/time.h>

namespace kronika::domain {
namespace {

constexpr std::int64_t kMsPerHour = 3'600'000;
constexpr std::int64_t kMsPerDay = 24 * kMsPerHour;

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

// Howard Hinnant, "chrono-compatible low-level date algorithms": eras of 400 years from 1 March 0.
constexpr std::int32_t days_from_civil(int y, int m, int d) {
  y -= m <= 2;
  const int era = (y >= 0 ? y : y - 399) / 400;
  const int yoe = y - era * 400;
  const int doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  const int doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + doe - 719468;
}

constexpr bool is_leap(int y) { return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0); }

constexpr int days_in_month(int y, int m) {
  constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return m == 2 && is_leap(y) ? 29 : kDays[static_cast<std::size_t>(m - 1)];
}

constexpr std::int32_t sunday_on_or_before(std::int32_t days) {
  const int weekday = static_cast<int>(((days + 4) % 7 + 7) % 7);  // 1970-01-01 was a Thursday
  return days - weekday;
}

struct SummerTime {
  std::int64_t from_ms;
  std::int64_t to_ms;
};

constexpr int kFirstSummerYear = 1980;
constexpr int kTabledYears = 220;
// Instants come from the wire as any 64 bits; what lies outside these years counts as their ends.
constexpr std::int64_t kFirstMs = -62'135'596'800'000;  // 0001-01-01
constexpr std::int64_t kLastMs = 253'402'300'799'999;   // 9999-12-31

constexpr SummerTime summer_time_of(int year) {
  // In 1980 it began on the first Sunday of April, since 1981 on the last Sunday of March.
  const std::int32_t begin = year == 1980 ? sunday_on_or_before(days_from_civil(1980, 4, 7))
                                          : sunday_on_or_before(days_from_civil(year, 3, 31));
  const std::int32_t end = sunday_on_or_before(year <= 1995 ? days_from_civil(year, 9, 30)
                                                            : days_from_civil(year, 10, 31));
  return {begin * kMsPerDay + kMsPerHour, end * kMsPerDay + kMsPerHour};
}

constexpr auto kSummerTimes = [] {
  std::array<SummerTime, kTabledYears> table{};
  for (int i = 0; i < kTabledYears; ++i) {
    table[static_cast<std::size_t>(i)] = summer_time_of(kFirstSummerYear + i);
  }
  return table;
}();

constexpr bool is_summer(std::int64_t ms) {
  // The mean length of a year finds the year but for a day or two round New Year, where neither of
  // the two candidates has summer time.
  if (ms > kLastMs) return false;
  const auto index = floor_div(ms, 31'556'952'000) + 1970 - kFirstSummerYear;
  if (index < 0) return false;
  const SummerTime s = index < kTabledYears
                           ? kSummerTimes[static_cast<std::size_t>(index)]
                           : summer_time_of(static_cast<int>(index) + kFirstSummerYear);
  return ms >= s.from_ms && ms < s.to_ms;
}

constexpr std::int64_t offset_at(std::int64_t ms) {
  return is_summer(ms) ? 2 * kMsPerHour : kMsPerHour;
}

// Reads exactly `n` digits at `pos`; -1 where there are others.
int digits(std::string_view text, std::size_t pos, std::size_t n) {
  if (pos + n > text.size()) return -1;
  int value = 0;
  for (std::size_t i = pos; i < pos + n; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

}  // namespace

YearMonthDay year_month_day(CivilDate date) {
  const std::int32_t z = date.days + 719468;
  const std::int32_t era = (z >= 0 ? z : z - 146096) / 146097;
  const std::int32_t doe = z - era * 146097;
  const std::int32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const std::int32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const std::int32_t mp = (5 * doy + 2) / 153;
  const int month = mp < 10 ? mp + 3 : mp - 9;
  return {yoe + era * 400 + (month <= 2 ? 1 : 0), month, doy - (153 * mp + 2) / 5 + 1};
}

std::optional<CivilDate> civil_date(int year, int month, int day) {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 ||
      day > days_in_month(year, month)) {
    return std::nullopt;
  }
  return CivilDate{days_from_civil(year, month, day)};
}

int age_on(CivilDate birth, CivilDate date) {
  const YearMonthDay b = year_month_day(birth);
  const YearMonthDay d = year_month_day(date);
  // 29 February compares as later than 28 February, so the birthday of other years is 1 March.
  const bool reached = d.month > b.month || (d.month == b.month && d.day >= b.day);
  return d.year - b.year - (reached ? 0 : 1);
}

CivilDate civil_date_of(Instant t) {
  const std::int64_t ms = std::clamp(t.ms, kFirstMs, kLastMs);
  return {static_cast<std::int32_t>(floor_div(ms + offset_at(ms), kMsPerDay))};
}

Instant start_of_day(CivilDate date) {
  const std::int64_t midnight_utc = date.days * kMsPerDay;
  // Clocks change at 01:00 UTC, so the offset at 22:30 UTC of the day before is that of midnight.
  return {midnight_utc - offset_at(midnight_utc - 3 * kMsPerHour / 2)};
}

Instant end_of_day(CivilDate date) { return {start_of_day(date + 1).ms - 1}; }

LocalResult from_local(CivilDate date, std::int64_t ms_of_day) {
  const std::int64_t local = date.days * kMsPerDay + ms_of_day;
  const std::int64_t as_summer = local - 2 * kMsPerHour;
  const std::int64_t as_winter = local - kMsPerHour;
  const bool summer_fits = is_summer(as_summer);
  const bool winter_fits = !is_summer(as_winter);
  if (summer_fits) return {{as_summer}, winter_fits};
  return {{as_winter}, !winter_fits};
}

std::string to_text(CivilDate date) {
  const YearMonthDay d = year_month_day(date);
  char buffer[40];
  const int n = std::snprintf(buffer, sizeof buffer, "%04d-%02d-%02d", d.year, d.month, d.day);
  return {buffer, static_cast<std::size_t>(n)};
}

std::string to_text(Instant t) {
  const std::int64_t day = floor_div(t.ms, kMsPerDay);
  const auto ms = static_cast<int>(t.ms - day * kMsPerDay);
  char buffer[40];
  const int n = std::snprintf(buffer, sizeof buffer, "T%02d:%02d:%02d.%03dZ", ms / 3'600'000,
                              ms / 60'000 % 60, ms / 1000 % 60, ms % 1000);
  return to_text(CivilDate{static_cast<std::int32_t>(day)}) +
         std::string(buffer, static_cast<std::size_t>(n));
}

std::string to_local_text(Instant t) {
  const std::int64_t offset = offset_at(t.ms);
  const std::int64_t local = t.ms + offset;
  const std::int64_t day = floor_div(local, kMsPerDay);
  const auto ms = static_cast<int>(local - day * kMsPerDay);
  char buffer[40];
  const int n =
      std::snprintf(buffer, sizeof buffer, "T%02d:%02d:%02d+%02d:00", ms / 3'600'000,
                    ms / 60'000 % 60, ms / 1000 % 60, static_cast<int>(offset / kMsPerHour));
  return to_text(CivilDate{static_cast<std::int32_t>(day)}) +
         std::string(buffer, static_cast<std::size_t>(n));
}

std::optional<CivilDate> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const int year = digits(text, 0, 4);
  const int month = digits(text, 5, 2);
  const int day = digits(text, 8, 2);
  if (year < 0 || month < 0 || day < 0) return std::nullopt;
  return civil_date(year, month, day);
}

ParsedInstant parse_instant(std::string_view text) {
  constexpr ParsedInstant kBad{TimeFault::kMalformed, {}};
  if (text.size() < 19 || (text[10] != 'T' && text[10] != 't' && text[10] != ' ') ||
      text[13] != ':' || text[16] != ':') {
    return kBad;
  }
  const auto date = parse_date(text.substr(0, 10));
  const int hour = digits(text, 11, 2);
  const int minute = digits(text, 14, 2);
  const int second = digits(text, 17, 2);
  // Second 60 is a leap second and counts as the first moment of the next minute.
  if (!date || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) {
    return kBad;
  }
  std::size_t pos = 19;
  int millis = 0;
  if (pos < text.size() && text[pos] == '.') {
    const std::size_t first = ++pos;
    for (int scale = 100; pos < text.size() && text[pos] >= '0' && text[pos] <= '9'; ++pos) {
      millis += (text[pos] - '0') * scale;
      scale /= 10;
    }
    if (pos == first) return kBad;
  }
  if (pos == text.size()) return {TimeFault::kNoZone, {}};
  std::int64_t offset_minutes = 0;
  if (text[pos] == 'Z' || text[pos] == 'z') {
    ++pos;
  } else if (text[pos] == '+' || text[pos] == '-') {
    const int hours = digits(text, pos + 1, 2);
    const int minutes = digits(text, pos + 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || text[pos + 3] != ':') return kBad;
    offset_minutes = hours * 60 + minutes;
    if (text[pos] == '-') offset_minutes = -offset_minutes;
    pos += 6;
  } else {
    return kBad;
  }
  if (pos != text.size()) return kBad;
  const std::int64_t ms = date->days * kMsPerDay + hour * kMsPerHour + minute * 60'000LL +
                          second * 1000LL + millis - offset_minutes * 60'000;
  return {TimeFault::kNone, {ms}};
}

Quarter quarter_of(CivilDate date) {
  const YearMonthDay d = year_month_day(date);
  return {d.year * 4 + (d.month - 1) / 3};
}

CivilDate first_day(Quarter q) { return {days_from_civil(q.year(), q.number() * 3 - 2, 1)}; }

CivilDate last_day(Quarter q) { return first_day(q + 1) - 1; }

std::string to_text(Quarter q) {
  return std::to_string(q.year()) + 'Q' + std::to_string(q.number());
}

std::optional<Quarter> parse_quarter(std::string_view text) {
  if (text.size() != 6 || text[4] != 'Q') return std::nullopt;
  const int year = digits(text, 0, 4);
  const int number = digits(text, 5, 1);
  if (year < 1 || number < 1 || number > 4) return std::nullopt;
  return Quarter{year * 4 + number - 1};
}

}  // namespace kronika::domain
