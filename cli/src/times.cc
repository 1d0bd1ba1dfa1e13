#include "times.h"

#include <kronika/domain/time.h>

namespace kronika::cli {
namespace {

Instant instant_of(const google::protobuf::Timestamp& time) {
  return {time.seconds() * 1000 + time.nanos() / 1'000'000};
}

}  // namespace

std::optional<Instant> read_time(const std::string& text) {
  if (const auto date = domain::parse_date(text)) return domain::end_of_day(*date);
  const domain::ParsedInstant parsed = domain::parse_instant(text);
  if (parsed.fault != domain::TimeFault::kNone) return std::nullopt;
  return parsed.instant;
}

void set_time(Instant instant, google::protobuf::Timestamp* out) {
  std::int64_t seconds = instant.ms / 1000, ms = instant.ms % 1000;
  if (ms < 0) --seconds, ms += 1000;
  out->set_seconds(seconds);
  out->set_nanos(static_cast<std::int32_t>(ms * 1'000'000));
}

std::string local_text(const google::protobuf::Timestamp& time) {
  std::string text = domain::to_local_text(instant_of(time)).substr(0, 16);
  if (text.size() > 10) text[10] = ' ';
  return text;
}

std::string local_date(const google::protobuf::Timestamp& time) {
  return domain::to_text(domain::civil_date_of(instant_of(time)));
}

}  // namespace kronika::cli
