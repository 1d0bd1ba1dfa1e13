#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <map>
#include <mutex>
#include <unistd.h>
#include <unordered_map>
#include <utility>

#include <kronika/telemetry/log.h>
#include <kronika/telemetry/metrics.h>
#include <kronika/telemetry/service.h>

namespace kronika::telemetry::log {
namespace {

constexpr std::int64_t kRepeatWindowMs = 10'000;
constexpr int kLinesPerWindow = 10;
constexpr std::size_t kMaxCodes = 80;

/// Every code that is logged as an error by some program: a human must act, and is told by an alert
/// that counts. They begin at 0; tests/tidy compares them with the sources.
constexpr std::string_view kErrorCodes[] = {"CERTIFICATE_UNUSABLE",
                                            "EDGE_CONNECTION_FAILED",
                                            "EDGE_STOPPED",
                                            "GATEWAY_STOPPED",
                                            "KAFKA_CLIENT",
                                            "KAFKA_ERROR",
                                            "LOG_LEVEL_UNCHANGED",
                                            "RUNTIME_FAILED",
                                            "SEAL_KEYS_UNUSABLE",
                                            "SEAL_KEY_MISSING",
                                            "STOPPED",
                                            "STOP_DEADLINE"};

struct Repeat {
  std::int64_t window_start_ms = 0;
  int lines = 0;
  std::int64_t held_back = 0;
};

struct Logger {
  std::mutex mutex;  // guards all
  Options options;
  const Clock* clock = nullptr;
  Registry* registry = nullptr;
  std::unordered_map<std::string, Repeat> repeats;
  std::map<std::pair<Level, std::string>, Counter> counters;
};

// Never destroyed: threads may log until the very end.
Logger& logger() {
  static auto* const instance = new Logger();
  return *instance;
}

void append_text(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", byte);
      out += escape.data();
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_time(std::int64_t us, std::string& out) {
  const std::time_t seconds = static_cast<std::time_t>(us / 1'000'000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", utc.tm_year + 1900,
                utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                static_cast<int>(us % 1'000'000));
  out += text.data();
}

void append_member(std::string_view key, std::string_view value, std::string& out) {
  append_text(key, out);
  out += ':';
  append_text(value, out);
}

std::int64_t now_us(const Logger& l) {
  if (l.clock != nullptr) return l.clock->now().ms * 1'000;
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Counter& counter_of(Logger& l, Level level, std::string_view code) {
  auto key = std::make_pair(level, std::string(code));
  auto at = l.counters.find(key);
  if (at == l.counters.end()) {
    if (l.counters.size() >= kMaxCodes) key.second = "other";
    at = l.counters
             .try_emplace(key, l.registry->counter(
                                   "kronika_log_messages_total", "Log lines by level and code",
                                   {{"level", std::string(name(level))}, {"code", key.second}}))
             .first;
  }
  return at->second;
}

// Whether to write now; `held_back` gets the number of lines kept back before this one.
bool admit(Logger& l, std::string_view code, std::int64_t now_ms, std::int64_t& held_back) {
  Repeat& repeat = l.repeats[std::string(code)];
  if (now_ms - repeat.window_start_ms >= kRepeatWindowMs) {
    held_back = std::exchange(repeat.held_back, 0);
    repeat.window_start_ms = now_ms;
    repeat.lines = 0;
  }
  if (++repeat.lines <= kLinesPerWindow) return true;
  ++repeat.held_back;
  return false;
}

void write_all(int fd, std::string_view line) {
  while (!line.empty()) {
    const auto n = ::write(fd, line.data(), line.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;  // nowhere to complain to
    line.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

std::string_view name(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarn:
      return "warn";
    case Level::kError:
      return "error";
  }
  return "error";
}

std::optional<Level> level_from_name(std::string_view text) {
  for (const auto level : {Level::kDebug, Level::kInfo, Level::kWarn, Level::kError}) {
    if (name(level) == text) return level;
  }
  return std::nullopt;
}

void append_json(const Value& value, std::string& out) {
  if (const auto* text = std::get_if<std::string_view>(&value.value_)) {
    append_text(*text, out);
  } else if (const auto* flag = std::get_if<bool>(&value.value_)) {
    out += *flag ? "true" : "false";
  } else if (const auto* real = std::get_if<double>(&value.value_)) {
    if (!std::isfinite(*real)) {
      out += "null";  // JSON has no NaN
      return;
    }
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *real).ptr;
    out.append(digits.data(), end);
  } else {
    out += std::to_string(std::get<std::int64_t>(value.value_));
  }
}

void configure(Options options) {
  Logger& l = logger();
  const std::scoped_lock lock(l.mutex);
  l.options = std::move(options);
  if (l.options.version.empty()) l.options.version = telemetry::version();
  l.repeats.clear();
}

void set_level(Level level) {
  Logger& l = logger();
  const std::scoped_lock lock(l.mutex);
  l.options.level = level;
}

void take_level(const Result<std::string>& setting) {
  const auto level = setting ? level_from_name(*setting) : std::nullopt;
  if (!level) {
    error("LOG_LEVEL_UNCHANGED", "the settings cannot be read again, the level stays",
          {{"error", setting ? *setting : setting.error().context}});
    return;
  }
  set_level(Level::kInfo);  // so that the next line is seen
  info("LOG_LEVEL", "the level of this log from here on", {{"to", *setting}});
  set_level(*level);
}

void count_in(Registry* registry) {
  Logger& l = logger();
  const std::scoped_lock lock(l.mutex);
  l.registry = registry;
  l.counters.clear();
  if (registry == nullptr) return;
  for (const std::string_view code : kErrorCodes) (void)counter_of(l, Level::kError, code);
}

void set_clock(const Clock* clock) {
  Logger& l = logger();
  const std::scoped_lock lock(l.mutex);
  l.clock = clock;
}

void write(Level level, std::string_view code, std::string_view msg, Fields fields) {
  Logger& l = logger();
  const std::scoped_lock lock(l.mutex);
  if (level < l.options.level) return;
  if (l.registry != nullptr) counter_of(l, level, code).add();
  const auto us = now_us(l);
  std::int64_t held_back = 0;
  if (!admit(l, code, us / 1'000, held_back)) return;

  std::string line = "{\"ts\":\"";
  append_time(us, line);
  line += "\",";
  append_member("level", name(level), line);
  line += ',';
  append_member("code", code, line);
  line += ',';
  append_member("msg", msg, line);
  line += ',';
  append_member("component", l.options.component, line);
  line += ',';
  append_member("version", l.options.version, line);
  line += ',';
  append_member("pod", l.options.pod, line);
  for (const Field& field : fields) {
    line += ',';
    append_text(field.key, line);
    line += ':';
    append_json(field.value, line);
  }
  if (held_back > 0) line += ",\"count\":" + std::to_string(held_back);
  line += "}\n";
  write_all(l.options.fd, line);
}

}  // namespace kronika::telemetry::log
