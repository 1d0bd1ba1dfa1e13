#include "hl7v2/reader.h"

#include <algorithm>

namespace kronika::codec::hl7v2 {
namespace {

/// The number in text[from, from + n); -1: not digits alone.
int digits(std::string_view text, std::size_t from, std::size_t n) {
  int value = 0;
  for (std::size_t i = from; i < from + n; ++i) {
    if (i >= text.size() || text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

/// Minutes east of UTC of "+0100"; nothing: malformed.
std::optional<int> offset_minutes(std::string_view zone) {
  const int hours = digits(zone, 1, 2);
  const int minutes = digits(zone, 3, 2);
  if (zone.size() != 5 || hours < 0 || hours > 14 || minutes < 0 || minutes > 59) {
    return std::nullopt;
  }
  const int total = hours * 60 + minutes;
  return zone[0] == '-' ? -total : total;
}

/// Milliseconds of ".1234"; -1: malformed.
int fraction_ms(std::string_view fraction) {
  if (fraction.size() < 2 || fraction.size() > 5 || digits(fraction, 1, fraction.size() - 1) < 0) {
    return -1;
  }
  int ms = 0;
  for (std::size_t i = 1; i <= 3; ++i) ms = ms * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
  return ms;
}

}  // namespace

Hl7Time parse_time(std::string_view text) {
  const auto zone_at = text.find_first_of("+-");
  std::optional<int> zone;
  if (zone_at != std::string_view::npos) {
    zone = offset_minutes(text.substr(zone_at));
    if (!zone) return {};
    text = text.substr(0, zone_at);
  }
  const auto dot = text.find('.');
  int ms = 0;
  if (dot != std::string_view::npos) {
    if (dot != 14) return {};
    ms = fraction_ms(text.substr(dot));
    if (ms < 0) return {};
    text = text.substr(0, dot);
  }
  const std::size_t n = text.size();
  if (n != 8 && n != 10 && n != 12 && n != 14) return {};
  if (digits(text, 0, 8) < 0) return {};
  const auto date = domain::civil_date(digits(text, 0, 4), digits(text, 4, 2), digits(text, 6, 2));
  if (!date || digits(text, 0, 4) < 1) return {};
  if (n == 8) return {{domain::start_of_day(*date), domain::TimePrecision::kDate}, false};
  const int hour = digits(text, 8, 2);
  const int minute = n >= 12 ? digits(text, 10, 2) : 0;
  const int second = n >= 14 ? digits(text, 12, 2) : 0;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return {};
  const std::int64_t of_day = ((hour * 60 + minute) * 60 + second) * std::int64_t{1000} + ms;
  if (zone) {
    const std::int64_t utc =
        std::int64_t{date->days} * 86'400'000 + of_day - std::int64_t{*zone} * 60'000;
    return {{Instant{utc}, domain::TimePrecision::kInstant}, false};
  }
  const domain::LocalResult local = domain::from_local(*date, of_day);
  return {{local.instant, domain::TimePrecision::kInstant}, local.ambiguous};
}

}  // namespace kronika::codec::hl7v2
