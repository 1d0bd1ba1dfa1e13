// One citizen in the task's memory, and the cache that holds them. A slot is the stored record plus
// what judging the next event needs: the hashes of its journal. Slots touched by the open
// transaction are never evicted.
#pragma once

#include <algorithm>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <kronika/codec/citizen_codec.h>
#include <kronika/domain/journal.h>

namespace kronika::citizen {

/// A CprReplaced whose old key is this citizen (architecture A16).
struct Link {
  /// A way round which the link's own probe came back: this link is the last of that cycle.
  struct Cycle {
    std::uint64_t own = 0;  ///< hash of the link's hop
    std::uint64_t way = 0;  ///< of the whole path
    friend bool operator==(const Cycle&, const Cycle&) = default;
  };
  domain::Event replacement;  ///< effective version; its person_key is the new key
  std::vector<Cycle> cycles;
};

/// Of a record that was never emitted. Real rule generations begin at 1.
inline constexpr domain::Generation kNeverEmitted{0, 0};

struct Slot {
  codec::CitizenRecord record;  ///< record.state.person is the citizen

  // Of the journal, this transaction's entries included. Short vectors: a linear search beats a
  // tree up to some hundreds.
  std::vector<std::uint64_t> fact_hashes;
  std::vector<std::uint64_t> id_hashes;
  std::optional<Instant> next_visible;  ///< earliest entry that record.as_of does not see yet
  std::vector<Link> links;
  bool contested = false;  ///< copies may contradict each other: judging needs the whole journal

  // Of the open transaction.
  bool touched = false;
  bool changed = false;            ///< the record must be emitted
  bool refold = false;             ///< the state must be folded from the journal first
  Instant heard = Instant::min();  ///< latest record timestamp: this citizen's own lower bound of
                                   ///< the time of day
  /// Journal writes of this citizen, as numbers into the task's WriteSet: the bytes lie there once.
  std::vector<std::uint32_t> staged;
  /// Its events whose ledger entries wait for the refold, as numbers into the task's list of them.
  std::vector<std::uint32_t> awaiting;

  std::size_t charge = 0;  ///< bytes accounted in the cache
  /// Of a rebuild (A8): 1 + the refused records that the stored stand-in names; 0: there is none.
  std::size_t stand_in = 0;

  [[nodiscard]] const PersonKey& person() const { return record.state.person; }
  /// Its record was never emitted: a new citizen, or one that a rebuild has yet to fold.
  [[nodiscard]] bool never_emitted() const { return record.generation == kNeverEmitted; }
  [[nodiscard]] bool knows_fact(std::uint64_t hash) const {
    return std::find(fact_hashes.begin(), fact_hashes.end(), hash) != fact_hashes.end();
  }
  [[nodiscard]] bool knows_id(std::uint64_t hash) const {
    return std::find(id_hashes.begin(), id_hashes.end(), hash) != id_hashes.end();
  }
  void remember(std::uint64_t fact, std::uint64_t id) {
    if (!knows_fact(fact)) fact_hashes.push_back(fact);
    if (!knows_id(id)) id_hashes.push_back(id);
  }
  void will_be_visible(Instant t) {
    if (!next_visible || t < *next_visible) next_visible = t;
  }
};

/// Least recently used first out, by bytes. Thread: the task's.
class SlotCache {
 public:
  explicit SlotCache(std::size_t limit_bytes) : limit_(limit_bytes) {}

  [[nodiscard]] Slot* find(const PersonKey& person) {
    const auto found = slots_.find(person);
    if (found == slots_.end()) return nullptr;
    order_.splice(order_.end(), order_, found->second.position);
    return found->second.slot.get();
  }
  Slot& insert(const PersonKey& person, std::unique_ptr<Slot> slot) {
    auto& held = slots_[person];
    held.slot = std::move(slot);
    held.position = order_.insert(order_.end(), person);
    used_ += held.slot->charge;
    return *held.slot;
  }
  void erase(const PersonKey& person) {
    const auto found = slots_.find(person);
    if (found == slots_.end()) return;
    used_ -= found->second.slot->charge;
    order_.erase(found->second.position);
    slots_.erase(found);
  }
  void set_charge(Slot& slot, std::size_t bytes) {
    used_ = used_ - slot.charge + bytes;
    slot.charge = bytes;
  }
  void clear() {
    slots_.clear();
    order_.clear();
    used_ = 0;
  }
  /// Between transactions: no slot is touched.
  void trim() {
    while (used_ > limit_ && !order_.empty()) {
      const PersonKey oldest = order_.front();
      erase(oldest);
    }
  }
  [[nodiscard]] std::size_t used_bytes() const { return used_; }

 private:
  struct Held {
    std::unique_ptr<Slot> slot;
    std::list<PersonKey>::iterator position;
  };
  const std::size_t limit_;
  std::size_t used_ = 0;
  std::unordered_map<PersonKey, Held> slots_;
  std::list<PersonKey> order_;
};

}  // namespace kronika::citizen
