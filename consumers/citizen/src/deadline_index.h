// When which citizen must be looked at again (architecture A9). In memory, filled from the states
// when a task starts: one entry a citizen, some 100 bytes. Changes of a transaction are undone by
// an abort.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/base/ids.h>

namespace kronika::citizen {

class DeadlineIndex {
 public:
  /// Sets, moves or (nothing) removes a citizen's deadline.
  void set(const PersonKey& person, std::optional<Instant> deadline) {
    const auto found = by_person_.find(person);
    const std::optional<Instant> before =
        found == by_person_.end() ? std::nullopt : std::optional<Instant>(found->second);
    if (before == deadline) return;
    undo_.emplace_back(person, before);
    change(person, before, deadline);
  }

  [[nodiscard]] std::optional<Instant> earliest() const {
    if (ordered_.empty()) return std::nullopt;
    return ordered_.begin()->first;
  }
  /// The citizen with the earliest deadline. Pre: earliest() is something.
  [[nodiscard]] const PersonKey& first() const { return ordered_.begin()->second; }
  [[nodiscard]] std::size_t size() const { return ordered_.size(); }

  void commit() { undo_.clear(); }
  void abort() {
    for (auto it = undo_.rbegin(); it != undo_.rend(); ++it) {
      const auto found = by_person_.find(it->first);
      change(it->first,
             found == by_person_.end() ? std::nullopt : std::optional<Instant>(found->second),
             it->second);
    }
    undo_.clear();
  }

 private:
  void change(const PersonKey& person, std::optional<Instant> before,
              std::optional<Instant> after) {
    if (before) ordered_.erase({*before, person});
    if (after) {
      ordered_.emplace(*after, person);
      by_person_[person] = *after;
    } else {
      by_person_.erase(person);
    }
  }

  std::set<std::pair<Instant, PersonKey>> ordered_;
  std::unordered_map<PersonKey, Instant> by_person_;
  std::vector<std::pair<PersonKey, std::optional<Instant>>> undo_;
};

}  // namespace kronika::citizen
