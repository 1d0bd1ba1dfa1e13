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
/// "2025-01-31 10:00" at Copenhagen's clocks.
[[nodiscard]] std::string local_text(const google::protobuf::Timestamp& time);
[[nodiscard]] std::string local_date(const google::protobuf::Timestamp& time);

}  // namespace kronika::cli
