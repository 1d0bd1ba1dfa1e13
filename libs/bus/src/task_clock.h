// A task's clock (A9): the smallest over its inputs of the last handled record's timestamp, or wall
// time where the end was seen. It never goes back, except that an abort returns it to where the
// last commit left it.
#pragma once

#include <algorithm>
#include <vector>

#include <kronika/base/clock.h>

namespace kronika::bus {

class TaskClock {
 public:
  explicit TaskClock(std::size_t inputs) : inputs_(inputs), committed_inputs_(inputs) {}

  /// Starts at what the store or the progress record says was reached.
  void start(Instant floor) { now_ = committed_now_ = floor; }
  void handled(std::size_t input, Instant timestamp) { inputs_[input] = {timestamp, false}; }
  void end_seen(std::size_t input) { inputs_[input].at_end = true; }

  /// Where the inputs allow the clock to go, given wall time; never before now().
  [[nodiscard]] Instant candidate(Instant wall) const {
    Instant least = Instant::max();
    for (const auto& input : inputs_) least = std::min(least, input.at_end ? wall : input.last);
    return std::max(now_, least == Instant::max() ? wall : least);
  }
  void advance_to(Instant t) { now_ = std::max(now_, t); }
  /// Runs `fire` with now() at `t`, then sets the clock back: how far it really goes is known only
  /// afterwards.
  template <class Fire>
  auto fire_at(Instant t, const Fire& fire) {
    const Instant before = now_;
    now_ = t;
    auto result = fire();
    now_ = before;
    return result;
  }
  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] bool at_end(std::size_t input) const { return inputs_[input].at_end; }
  [[nodiscard]] Instant last_handled(std::size_t input) const { return inputs_[input].last; }

  void commit() {
    committed_now_ = now_;
    committed_inputs_ = inputs_;
  }
  /// The records come again, so no input stands at its end until that is seen again.
  void rollback() {
    now_ = committed_now_;
    inputs_ = committed_inputs_;
    for (auto& input : inputs_) input.at_end = false;
  }

 private:
  struct Input {
    Instant last = Instant::min();
    bool at_end = false;
  };
  Instant now_ = Instant::min();
  Instant committed_now_ = Instant::min();
  std::vector<Input> inputs_;
  std::vector<Input> committed_inputs_;
};

}  // namespace kronika::bus
