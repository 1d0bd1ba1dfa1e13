// The events that the benchmarks run on: invented citizens with COPD, type 2 diabetes or
// measurements alone, in the clinical order of their citizens, apart from a fixed share that comes
// late, twice or corrected. Every event passes domain::check(). The same plan gives the same
// events, so each process makes them itself.
//
//   EventSource source({.citizens = 200'000, .events = 2'000'000});
//   domain::Event event;
//   while (source.next(event)) ...
//
// Thread: one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <kronika/domain/event.h>

namespace kronika::bench {

struct Plan {
  std::uint64_t citizens = 200'000;
  std::uint64_t events = 2'000'000;
  std::uint64_t seed = 1;
  /// The last event's time; 730 days before it the first one's.
  Instant end{1'767'225'600'000};          // 2026-01-01T00:00:00Z
  std::uint32_t late_per_mille = 10;       ///< occurred up to 20 days before its place
  std::uint32_t duplicate_per_mille = 10;  ///< an earlier event once more, byte for byte
  std::uint32_t corrected_per_mille = 10;  ///< an earlier measurement with another value
};

/// The person key of citizen `index` of a plan with this seed.
[[nodiscard]] PersonKey person_key(std::uint64_t seed, std::uint64_t index);

class EventSource {
 public:
  explicit EventSource(const Plan& plan);
  /// False when all have been made.
  bool next(domain::Event& event);
  /// Which citizen the last event is of.
  [[nodiscard]] std::uint64_t citizen() const { return citizen_; }

 private:
  void fill_envelope(std::uint64_t number, domain::Event& event);

  const Plan plan_;
  std::uint64_t made_ = 0;
  std::uint64_t citizen_ = 0;
  std::vector<std::uint16_t> steps_;  ///< how far each citizen is in its script
  std::vector<domain::Event> recent_;
  std::vector<std::uint64_t> recent_citizens_;
};

}  // namespace kronika::bench
