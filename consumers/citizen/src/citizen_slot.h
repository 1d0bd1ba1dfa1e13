// One citizen in the open transaction (Slot), all of them (OpenSlots), and what memory keeps of a
// citizen between transactions (PackedCitizens): the bytes of its stored record and the hashes of
// its journal, in one block. Decoding a block costs less than the cache misses of a folded state
// that was left lying in a hundred small pieces, and three times as many citizens fit.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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

/// What is remembered of a journal entry: the lower halves of its fact's and its event id's hash. A
/// match is a reason to look, never a verdict.
struct Seen {
  std::uint32_t fact = 0;
  std::uint32_t id = 0;
};

struct Slot {
  codec::CitizenRecord record;  ///< record.state.person is the citizen

  /// Of the journal, this transaction's entries included. Short: a linear search beats a tree up to
  /// some hundreds.
  std::vector<Seen> seen;
  std::optional<Instant> next_visible;  ///< earliest entry that record.as_of does not see yet
  std::vector<Link> links;
  bool contested = false;  ///< copies may contradict each other: judging needs the whole journal
  std::optional<Instant> indexed;  ///< the deadline that the deadline index holds

  // Of the open transaction.
  bool touched = false;
  bool changed = false;            ///< the record must be emitted
  bool refold = false;             ///< the state must be folded from the journal first
  Instant heard = Instant::min();  ///< latest record timestamp: this citizen's own lower bound of
                                   ///< the time of day
  /// The record's message as it was read or, after flush(), as it was emitted; empty: none.
  std::string encoded;
  bool emitted = false;  ///< the store does not have `encoded` yet
  /// Journal writes of this citizen, as numbers into the task's WriteSet: the bytes lie there once.
  std::vector<std::uint32_t> staged;
  /// Its events whose ledger entries wait for the refold, as numbers into the task's list of them.
  std::vector<std::uint32_t> awaiting;

  /// Of a rebuild (A8): 1 + the refused records that the stored stand-in names; 0: there is none.
  std::size_t stand_in = 0;

  [[nodiscard]] const PersonKey& person() const { return record.state.person; }
  /// Its record was never emitted: a new citizen, or one that a rebuild has yet to fold.
  [[nodiscard]] bool never_emitted() const { return record.generation == kNeverEmitted; }
  [[nodiscard]] bool knows_fact(std::uint64_t hash) const {
    return std::any_of(seen.begin(), seen.end(),
                       [h = static_cast<std::uint32_t>(hash)](Seen s) { return s.fact == h; });
  }
  [[nodiscard]] bool knows_id(std::uint64_t hash) const {
    return std::any_of(seen.begin(), seen.end(),
                       [h = static_cast<std::uint32_t>(hash)](Seen s) { return s.id == h; });
  }
  void forget_fact(std::uint64_t fact) {
    std::erase_if(seen, [&](const Seen& s) { return s.fact == static_cast<std::uint32_t>(fact); });
  }
  void remember(std::uint64_t fact, std::uint64_t id) {
    if (knows_fact(fact) && knows_id(id)) return;
    seen.push_back({static_cast<std::uint32_t>(fact), static_cast<std::uint32_t>(id)});
  }
  void will_be_visible(Instant t) {
    if (!next_visible || t < *next_visible) next_visible = t;
  }
};

/// Least recently used first out, by bytes. A record that the store does not hold is written when
/// it leaves, and before that when it has been here for long enough: a citizen of many events is
/// then written once for all of them. Thread: the task's.
class PackedCitizens {
 public:
  /// Writes a citizen's record to the store.
  using Write = std::function<void(const PersonKey& person, std::string_view record)>;
  static constexpr std::int64_t kWritten = INT64_MAX;

  struct View {
    std::string_view record;  ///< the message, without wire prefix
    /// The transaction since which the store has not had the citizen's latest record; kWritten: it
    /// has it.
    std::int64_t unwritten_since = kWritten;
    const char* seen = nullptr;
    std::size_t seen_count = 0;
    std::optional<Instant> next_visible;
  };

  explicit PackedCitizens(std::size_t limit_bytes) : limit_(limit_bytes) {}

  /// Valid until the next call of put(), erase(), clear() or trim().
  [[nodiscard]] std::optional<View> find(const PersonKey& person) {
    const auto found = blocks_.find(person);
    if (found == blocks_.end()) return std::nullopt;
    const Block& block = found->second;
    Head head;
    std::memcpy(&head, block.bytes.get(), sizeof head);
    View view;
    view.record = {block.bytes.get() + sizeof head, head.record_bytes};
    view.unwritten_since = block.unwritten_since;
    view.seen = block.bytes.get() + sizeof head + head.record_bytes;
    view.seen_count = head.seen_count;
    if (head.next_visible != kNever) view.next_visible = Instant{head.next_visible};
    return view;
  }

  /// `record` may be a view that find() gave for the same citizen. `transaction`: the one that
  /// emitted it; kWritten: the store has it, unless it lacked the citizen's record before.
  void put(const PersonKey& person, std::string_view record, const std::vector<Seen>& seen,
           std::optional<Instant> next_visible, std::int64_t transaction = kWritten) {
    const Head head{static_cast<std::uint32_t>(record.size()),
                    static_cast<std::uint32_t>(seen.size()),
                    next_visible ? next_visible->ms : kNever};
    const std::size_t size = sizeof head + record.size() + seen.size() * sizeof(Seen);
    auto bytes = std::make_unique_for_overwrite<char[]>(size);
    std::memcpy(bytes.get(), &head, sizeof head);
    if (!record.empty()) std::memcpy(bytes.get() + sizeof head, record.data(), record.size());
    if (!seen.empty()) {
      std::memcpy(bytes.get() + sizeof head + record.size(), seen.data(),
                  seen.size() * sizeof(Seen));
    }
    auto [entry, fresh] = blocks_.try_emplace(person);
    Block& block = entry->second;
    if (fresh) {
      block.person = &entry->first;
    } else {
      used_ -= block.size + kOverhead;
      by_use_.unlink(block);
    }
    if (transaction < block.unwritten_since) {
      block.unwritten_since = transaction;
      by_write_.append(block);
    }
    block.bytes = std::move(bytes);
    block.size = size;
    used_ += size + kOverhead;
    by_use_.append(block);
  }
  /// Also where the store does not have the record.
  void erase(const PersonKey& person) {
    const auto found = blocks_.find(person);
    if (found != blocks_.end()) erase(found);
  }
  void clear() {
    blocks_.clear();
    by_use_ = {};
    by_write_ = {};
    used_ = 0;
  }
  void trim(const Write& write) {
    while (used_ > limit_ && by_use_.oldest != nullptr) {
      Block& block = *by_use_.oldest;
      if (block.unwritten_since != kWritten) write(*block.person, record_of(block));
      erase(blocks_.find(*block.person));
    }
  }
  /// Writes what the store has lacked since a transaction numbered below `before`.
  void write_unwritten(std::int64_t before, const Write& write) {
    while (by_write_.oldest != nullptr && by_write_.oldest->unwritten_since < before) {
      Block& block = *by_write_.oldest;
      write(*block.person, record_of(block));
      by_write_.unlink(block);
      block.unwritten_since = kWritten;
    }
  }
  [[nodiscard]] std::optional<std::int64_t> oldest_unwritten() const {
    if (by_write_.oldest == nullptr) return std::nullopt;
    return by_write_.oldest->unwritten_since;
  }
  [[nodiscard]] std::size_t used_bytes() const { return used_; }

 private:
  struct Head {
    std::uint32_t record_bytes;
    std::uint32_t seen_count;
    std::int64_t next_visible;
  };
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
    std::int64_t unwritten_since = kWritten;
    const PersonKey* person = nullptr;
    struct Neighbours {
      Block* older = nullptr;
      Block* newer = nullptr;
    } use, write;
  };
  using Blocks = std::unordered_map<PersonKey, Block>;  // its nodes stay where they are
  template <Block::Neighbours Block::* kLink>
  struct List {
    Block* oldest = nullptr;
    Block* newest = nullptr;
    void append(Block& block) {
      block.*kLink = {newest, nullptr};
      (newest != nullptr ? (newest->*kLink).newer : oldest) = &block;
      newest = &block;
    }
    void unlink(Block& block) {
      const auto [older, newer] = block.*kLink;
      (older != nullptr ? (older->*kLink).newer : oldest) = newer;
      (newer != nullptr ? (newer->*kLink).older : newest) = older;
    }
  };
  static constexpr std::int64_t kNever = INT64_MAX;
  /// A node of the map, its bucket, and what the allocator rounds up.
  static constexpr std::size_t kOverhead = 136;

  static std::string_view record_of(const Block& block) {
    Head head;
    std::memcpy(&head, block.bytes.get(), sizeof head);
    return {block.bytes.get() + sizeof head, head.record_bytes};
  }
  void erase(Blocks::iterator found) {
    Block& block = found->second;
    used_ -= block.size + kOverhead;
    by_use_.unlink(block);
    if (block.unwritten_since != kWritten) by_write_.unlink(block);
    blocks_.erase(found);
  }

  const std::size_t limit_;
  std::size_t used_ = 0;
  Blocks blocks_;
  List<&Block::use> by_use_;
  List<&Block::write> by_write_;  ///< what the store lacks
};

/// The citizens that the open transaction has looked at, decoded.
class OpenSlots {
 public:
  [[nodiscard]] Slot* find(const PersonKey& person) {
    const auto found = slots_.find(person);
    return found == slots_.end() ? nullptr : found->second.get();
  }
  Slot& insert(std::unique_ptr<Slot> slot) {
    auto& held = slots_[slot->person()];
    held = std::move(slot);
    return *held;
  }
  void clear() { slots_.clear(); }

 private:
  std::unordered_map<PersonKey, std::unique_ptr<Slot>> slots_;
};

}  // namespace kronika::citizen
