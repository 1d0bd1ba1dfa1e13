// W3C trace context of one message: every record that comes of it carries the same trace id.
// Use from one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kronika::edge {

class Trace {
 public:
  /// Random ids; sampled one in a hundred.
  Trace();
  /// The sender's trace goes on, with its decision on sampling; anything that is no traceparent
  /// begins a new one.
  explicit Trace(std::string_view traceparent);
  /// "00-<trace id>-<span id>-<flags>" with a new span id. Refusals are always sampled.
  [[nodiscard]] std::string header(bool always_sampled = false);
  [[nodiscard]] std::string trace_id() const;

 private:
  std::uint64_t high_, low_;
  bool sampled_;
};

}  // namespace kronika::edge
