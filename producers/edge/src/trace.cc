#include <charconv>
#include <random>

#include <kronika/bus/headers.h>
#include <kronika/edge/trace.h>

namespace kronika::edge {
namespace {

std::mt19937_64& generator() {
  thread_local std::mt19937_64 g = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  return g;
}

void append_hex(std::uint64_t v, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) out += kDigits[v >> shift & 0xf];
}

std::uint64_t read_hex(std::string_view digits) {
  std::uint64_t v = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), v, 16);
  return v;
}

}  // namespace

Trace::Trace() : high_(generator()()), low_(generator()() | 1), sampled_(high_ % 100 == 0) {}

Trace::Trace(std::string_view traceparent) : Trace() {
  if (!bus::is_traceparent(traceparent)) return;
  high_ = read_hex(traceparent.substr(3, 16));
  low_ = read_hex(traceparent.substr(19, 16));
  sampled_ = (read_hex(traceparent.substr(53, 2)) & 1) != 0;
}

std::string Trace::trace_id() const {
  std::string id;
  append_hex(high_, id);
  append_hex(low_, id);
  return id;
}

std::string Trace::header(bool always_sampled) {
  std::string text = "00-";
  append_hex(high_, text);
  append_hex(low_, text);
  text += '-';
  append_hex(generator()() | 1, text);
  text += always_sampled || sampled_ ? "-01" : "-00";
  return text;
}

}  // namespace kronika::edge
