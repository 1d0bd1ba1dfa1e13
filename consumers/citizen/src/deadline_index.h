// When which citizen must be looked at again (architecture A9). In memory, filled from the states
// when a task starts: one entry a citizen, some 30 bytes. It does not know which deadline a citizen
// has: its slot does. Changes of a transaction are undone by an abort.
#pragma once

#include <absl/container/btree_set.h>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/base/ids.h>

namespace kronika::citizen {

class DeadlineIndex {
 public:
  /// Moves a citizen's deadline from `before`, which must be what the index holds, to `after`;
  /// nothing: none.
  void move(const PersonKey& person, std::optional<Instant> before, std::optional<Instant> after) {
    if (before == after) return;
    if (before) {
      ordered_.erase({*before, person});
      undo_.push_back({{*before, person}, false});
    }
    if (after) {
      ordered_.insert({*after, person});
      undo_.push_back({{*after, person}, true});
    }
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
      if (it->inserted) {
        ordered_.erase(it->entry);
      } else {
        ordered_.insert(it->entry);
      }
    }
    undo_.clear();
  }

 private:
  using Entry = std::pair<Instant, PersonKey>;
  struct Change {
    Entry entry;
    bool inserted = false;
  };

  absl::btree_set<Entry> ordered_;
  std::vector<Change> undo_;
};

}  // namespace kronika::citizen
