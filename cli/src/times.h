// Times on the command line and in answers.
#pragma once

#include <optional>
#include <string>

#include <google/protobuf/timestamp.pb.h>

#include <kronika/base/clock.h>

namespace kronika::cli {

/// An instant with offset, or a date, which means its end in Copenhagen. Nothing: neither.
[[nodiscard]] std::optional<Instant> read_time(const std::string& text);
void set_time(Instant instant, google::protobuf::Timestamp* out);

/// Puts the options --as-of and --known-at, where given, into a request that has both clocks; a
/// sentence where one cannot be read.
template <class Options, class Request>
std::string fill_clocks(const Options& options, Request& request) {
  const auto time = [](const std::string& text, auto* out) {
    const auto instant = read_time(text);
    if (instant) set_time(*instant, out);
    return instant.has_value();
  };
  constexpr const char* kHow =
      " is a date (2025-01-31: its end) or an instant with offset (2025-01-31T10:00:00+01:00)";
  if (!options.as_of.empty() && !time(options.as_of, request.mutable_as_of())) {
    return std::string("--as-of") + kHow;
  }
  if (!options.known_at.empty() && !time(options.known_at, request.mutable_known_at())) {
    return std::string("--known-at") + kHow;
  }
  return {};
}
/// "2025-01-31 10:00" at Copenhagen's clocks.
[[nodiscard]] std::string local_text(const google::protobuf::Timestamp& time);
[[nodiscard]] std::string local_date(const google::protobuf::Timestamp& time);

}  // namespace kronika::cli
