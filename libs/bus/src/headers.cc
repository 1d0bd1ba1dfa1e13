#include <array>
#include <cstdio>
#include <ctime>

#include <kronika/bus/headers.h>

namespace kronika::bus {
namespace {

bool lower_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}
bool all_zero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

std::optional<std::string_view> find_header(std::span<const Header> headers,
                                            std::string_view name) {
  for (const Header& h : headers) {
    if (h.key == name) return h.value;
  }
  return std::nullopt;
}

bool is_traceparent(std::string_view text) {
  // 00-<32 hex>-<16 hex>-<2 hex>; https://www.w3.org/TR/trace-context/#traceparent-header
  if (text.size() != 55 || !text.starts_with("00-") || text[35] != '-' || text[52] != '-') {
    return false;
  }
  const auto trace = text.substr(3, 32);
  const auto parent = text.substr(36, 16);
  return lower_hex(trace) && lower_hex(parent) && lower_hex(text.substr(53)) && !all_zero(trace) &&
         !all_zero(parent);
}

std::optional<std::string_view> trace_id_of(std::string_view traceparent) {
  if (!is_traceparent(traceparent)) return std::nullopt;
  return traceparent.substr(3, 32);
}

std::string rfc3339(Instant t) {
  std::int64_t seconds = t.ms / 1000;
  std::int64_t ms = t.ms % 1000;
  if (ms < 0) {
    ms += 1000;
    --seconds;
  }
  const std::time_t time = seconds;
  std::tm utc{};
  gmtime_r(&time, &utc);
  std::array<char, 32> text{};
  const std::size_t n = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(ms));
  return std::string(text.data(), n) + fraction.data();
}

MessageHeaders::MessageHeaders(const CloudEvent& event, std::string_view traceparent)
    : id_(event.id), source_(event.source), type_(event.type), time_(rfc3339(event.time)) {
  const auto add = [&](std::string_view key, std::string_view value) {
    headers_[count_++] = {key, value};
  };
  add("ce_specversion", "1.0");
  add("ce_id", id_);
  add("ce_source", source_);
  add("ce_type", type_);
  add("ce_time", time_);
  add("content-type", "application/protobuf");
  if (is_traceparent(traceparent)) {
    traceparent_ = traceparent;
    add(kTraceparent, traceparent_);
  }
}

}  // namespace kronika::bus
