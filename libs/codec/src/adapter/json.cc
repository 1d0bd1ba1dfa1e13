#include "adapter/json.h"

#include <charconv>
#include <cstdlib>
#include <system_error>

namespace kronika::codec {
namespace {

template <class T>
std::optional<T> whole(std::string_view text) {
  T value{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::int64_t> Node::integer() const {
  std::int64_t value = 0;
  if (is_text()) return whole<std::int64_t>(text());
  if (present_ && element_.get_int64().get(value) == simdjson::SUCCESS) return value;
  return std::nullopt;
}

std::optional<std::uint64_t> Node::unsigned_integer() const {
  std::uint64_t value = 0;
  if (is_text()) return whole<std::uint64_t>(text());
  if (present_ && element_.get_uint64().get(value) == simdjson::SUCCESS) return value;
  return std::nullopt;
}

std::optional<double> Node::number() const {
  double d = 0;
  if (!present_) return std::nullopt;
  if (element_.is_number() && element_.get_double().get(d) == simdjson::SUCCESS) return d;
  std::string text(this->text());
  if (!text.empty() && text.front() == '+') text.erase(0, 1);
  // Digits alone may begin a number: strtod would also take "nan", "inf" and hexadecimal.
  if (text.empty() || text.find_first_not_of("0123456789.eE+-") != std::string::npos) {
    return std::nullopt;
  }
  char* end = nullptr;
  d = std::strtod(text.c_str(), &end);
  if (end != text.c_str() + text.size()) return std::nullopt;
  return d;
}

}  // namespace kronika::codec
