// Instants and the clock. Time enters a program here and nowhere else: domain code gets instants as
// arguments.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>

namespace kronika {

/// Milliseconds since 1970-01-01T00:00:00Z. A strong type: it never mixes with durations or civil
/// dates.
struct Instant {
  std::int64_t ms = 0;
  friend auto operator<=>(const Instant&, const Instant&) = default;
  [[nodiscard]] static constexpr Instant min() {
    return {std::numeric_limits<std::int64_t>::min()};
  }
  [[nodiscard]] static constexpr Instant max() {
    return {std::numeric_limits<std::int64_t>::max()};
  }
  friend constexpr Instant operator+(Instant t, std::chrono::milliseconds d) {
    return {t.ms + d.count()};
  }
  friend constexpr Instant operator-(Instant t, std::chrono::milliseconds d) {
    return {t.ms - d.count()};
  }
  friend constexpr std::chrono::milliseconds operator-(Instant a, Instant b) {
    return std::chrono::milliseconds{a.ms - b.ms};
  }
};

/// The only source of "now". Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override {
    return {std::chrono::duration_cast<std::chrono::milliseconds>(
                std::chrono::system_clock::now().time_since_epoch())
                .count()};
  }
};

/// Stands where it is put; for tests and simulation. Not thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Instant start) : now_(start) {}
  [[nodiscard]] Instant now() const override { return now_; }
  void set(Instant t) { now_ = t; }

 private:
  Instant now_;
};

}  // namespace kronika
