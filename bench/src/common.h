// What the subcommands share: how to reach Kafka, how to end, and what a process has cost so far.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>

#include <kronika/base/result.h>

namespace kronika::bench {

/// Ends the program with a sentence on standard error.
[[noreturn]] void die(std::string_view why);

template <class T>
T need(Result<T> result, std::string_view doing) {
  if (!result) die(std::string(doing) + ": " + result.error().context);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

struct Cost {
  double cpu_seconds = 0;   ///< user and system
  double rss_mib = 0;       ///< resident now
  double rss_peak_mib = 0;  ///< highest since start
};
/// Of a process of this machine; zeros when it is gone.
[[nodiscard]] Cost cost_of(pid_t pid);
[[nodiscard]] inline Cost own_cost() { return cost_of(0); }

[[nodiscard]] inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace kronika::bench
