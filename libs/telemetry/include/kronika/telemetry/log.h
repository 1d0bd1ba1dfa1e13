// Structured logs: one JSON object a line, UTC with microseconds.
//
//   log::configure({.component = "kronika-citizen", .pod = settings.instance});
//   log::warn("KAFKA_FENCED", "producer fenced, rejoining", {{"partition", 3}, {"error",
//   error.context}});
//
// `code` is a stable identifier, `msg` constant text, and values stand in fields only. A line never
// holds a CPR number, a name, an address, a payload or a person key. ERROR: a human must act; WARN:
// it healed or was refused; INFO: life cycle, never per message. More than ten lines of one code in
// ten seconds are held back; the next line of that code after them says how many in `count`.
// Thread: any. A line is written whole, with one write().
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include <kronika/base/clock.h>
#include <kronika/base/result.h>

namespace kronika::telemetry {
class Registry;
}

namespace kronika::telemetry::log {

enum class Level : std::uint8_t { kDebug, kInfo, kWarn, kError };
[[nodiscard]] std::string_view name(Level level);  // "debug" ..
[[nodiscard]] std::optional<Level> level_from_name(std::string_view name);

/// A value in a line; text is copied into the line at once, never kept.
class Value {
 public:
  Value(std::string_view v) : value_(v) {}
  Value(const std::string& v) : value_(std::string_view(v)) {}
  Value(const char* v) : value_(std::string_view(v)) {}
  Value(bool v) : value_(v) {}
  Value(double v) : value_(v) {}
  template <class T, std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>, int> = 0>
  Value(T v) : value_(static_cast<std::int64_t>(v)) {}

 private:
  friend void append_json(const Value& value, std::string& out);
  std::variant<std::string_view, bool, double, std::int64_t> value_;
};

struct Field {
  std::string_view key;
  Value value;
};
using Fields = std::initializer_list<Field>;

struct Options {
  std::string component = {};
  std::string version = {};  ///< empty: that of this build
  std::string pod = {};
  Level level = Level::kInfo;
  int fd = 1;  ///< programs log to stdout; the command-line tool, whose stdout is its answer, to
               ///< stderr (2)
};

/// Sets where and what to log; before the first thread starts.
void configure(Options options);
/// The level may change at any time.
void set_level(Level level);
/// On SIGHUP: the level as it is set now, by name, or why the settings cannot be read; then the
/// level stays. Logs which of the two, whatever the level.
void take_level(const Result<std::string>& setting);
/// Counts lines, held-back ones included, in kronika_log_messages_total{level,code}: errors from 0
/// on; at most 80 codes, then "other". Ends by passing nullptr, before the registry goes.
void count_in(Registry* registry);

void write(Level level, std::string_view code, std::string_view msg, Fields fields = {});
inline void debug(std::string_view code, std::string_view msg, Fields fields = {}) {
  write(Level::kDebug, code, msg, fields);
}
inline void info(std::string_view code, std::string_view msg, Fields fields = {}) {
  write(Level::kInfo, code, msg, fields);
}
inline void warn(std::string_view code, std::string_view msg, Fields fields = {}) {
  write(Level::kWarn, code, msg, fields);
}
inline void error(std::string_view code, std::string_view msg, Fields fields = {}) {
  write(Level::kError, code, msg, fields);
}

/// For tests: the time that is written and by which repetition is counted; nullptr goes back to the
/// system's.
void set_clock(const Clock* clock);

}  // namespace kronika::telemetry::log
