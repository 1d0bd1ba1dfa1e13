// One task's state on disk: a RocksDB database with column families, opened exclusively by one
// process.
//
// Writes are collected in a WriteSet and become visible to nobody until apply() writes them, with
// the position they cover, as one atomic RocksDB batch (architecture A5): the store is behind the
// log, never ahead of it.
//
//   auto store = StateStore::open(options);
//   WriteSet writes;  writes.put(kState, key, value);
//   store->apply(writes);            // after the Kafka transaction has committed
//
// Thread: a StateStore may be read from any thread; apply() is for its owner alone. RocksDB types
// stay in src/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/base/result.h>

namespace kronika::store {

/// Index into Options::column_families. Column family 0 always exists and holds the store's own
/// records (identity, positions); users number theirs from 1.
using ColumnFamily = std::uint32_t;
inline constexpr ColumnFamily kMeta = 0;

/// How a column family is used; it decides memtable, bloom filter and compaction settings.
enum class Access : std::uint8_t {
  kPointLookup,  ///< read and overwritten by whole key (states)
  kAppendScan,   ///< written once, read by prefix scan (journal); keys begin with a fixed-length
                 ///< prefix
  kOrderedScan,  ///< small, scanned in key order (deadline index)
};

struct ColumnFamilyOptions {
  std::string name;
  Access access = Access::kPointLookup;
  std::size_t prefix_bytes = 0;  ///< length of the fixed key prefix, for kAppendScan
};

/// The memory that all stores of a process share: one LRU block cache, to which index blocks,
/// filters and the memtables of every store are charged. Create one, hand it to each
/// Options::memory. Thread-safe.
class MemoryBudget {
 public:
  /// `memtable_bytes` is the part of `cache_bytes` that all memtables together may take before the
  /// largest is flushed; at most half of `cache_bytes` is taken.
  [[nodiscard]] static std::shared_ptr<MemoryBudget> create(std::size_t cache_bytes,
                                                            std::size_t memtable_bytes);
  virtual ~MemoryBudget() = default;
  /// Bytes in the cache now, memtables included.
  [[nodiscard]] virtual std::size_t used_bytes() const = 0;

 protected:
  MemoryBudget() = default;
};

struct Options {
  std::string path;  ///< folder; created when missing
  std::vector<ColumnFamilyOptions>
      column_families;  ///< after the built-in meta family, in this order
  std::shared_ptr<MemoryBudget>
      memory;  ///< shared between stores; null: a budget of this store's own
  std::size_t block_cache_bytes = 16U << 20;  ///< of the own budget, where `memory` is null
  std::size_t memtable_bytes = 8U << 20;      ///< a column family's memtable
  bool read_only = false;  ///< no lock is taken and only what was flushed is seen; apply() and
                           ///< flush() fail with store_read_only
};

/// Staged writes in the order given; a later write to a key wins. Reusable after clear().
class WriteSet {
 public:
  void put(ColumnFamily cf, std::string_view key, std::string_view value);
  void erase(ColumnFamily cf, std::string_view key);
  void clear();
  [[nodiscard]] bool empty() const { return ops_.empty(); }
  [[nodiscard]] std::size_t size() const { return ops_.size(); }
  [[nodiscard]] std::size_t bytes() const { return arena_.size(); }
  struct Write {
    ColumnFamily cf = 0;
    bool is_put = false;  ///< else an erase
    std::string_view key, value;
  };
  /// The write number `index` in the order given; valid until the next write or clear().
  /// Pre: index < size().
  [[nodiscard]] Write at(std::size_t index) const;

 private:
  friend class StateStore;
  struct Op {
    ColumnFamily cf;
    bool is_put;
    std::uint32_t key_at, key_bytes, value_at, value_bytes;
  };
  std::vector<Op> ops_;
  std::string arena_;
};

/// Memory and disk figures for metrics, in bytes where nothing else is said.
struct Usage {
  std::uint64_t block_cache = 0, pinned = 0;  ///< of the budget that the stores share
  std::uint64_t memtables = 0, table_readers = 0, pending_compaction = 0;
  std::uint64_t write_stall_micros =
      0;  ///< time that writes waited for RocksDB, since it was opened
  std::uint64_t background_errors = 0;  ///< failed flushes and compactions, since it was opened
  std::vector<std::pair<std::string, std::uint64_t>> live_sst;  ///< by column family name
};

/// Version of RocksDB, e.g. "7.8.3".
[[nodiscard]] std::string library_version();

class StateStore {
 public:
  /// Errors: store_locked (another process holds it), store_corrupt (moved aside by the caller and
  /// rebuilt), store_io, store_options (the folder holds column families that the options do not
  /// name, or a bad prefix length).
  [[nodiscard]] static Result<std::unique_ptr<StateStore>> open(const Options& options);
  virtual ~StateStore() = default;

  /// Nothing when the key is absent.
  [[nodiscard]] virtual Result<std::optional<std::string>> get(ColumnFamily cf,
                                                               std::string_view key) const = 0;

  /// Calls `visit(key, value)` in key order for every key that begins with `prefix`; `visit`
  /// returns false to stop. The views live only during the call.
  using Visit = std::function<bool(std::string_view key, std::string_view value)>;
  [[nodiscard]] virtual Result<void> scan_prefix(ColumnFamily cf, std::string_view prefix,
                                                 const Visit& visit) const = 0;

  /// Calls `visit` in key order from the first key >= `from` up to, not including, `to` (empty: no
  /// end).
  [[nodiscard]] virtual Result<void> scan_range(ColumnFamily cf, std::string_view from,
                                                std::string_view to, const Visit& visit) const = 0;
  /// The same, for whoever passes over a whole family: what it reads does not push out of the block
  /// cache what others read again and again.
  [[nodiscard]] virtual Result<void> sweep(ColumnFamily cf, std::string_view from,
                                           const Visit& visit) const = 0;

  /// Writes everything in `writes` atomically. A crash may take the last batches away, whole ones
  /// and in order: at most what memory held (Options::memtable_bytes a family, five minutes), which
  /// restore makes good (A5). There is no write-ahead log but Kafka's.
  [[nodiscard]] virtual Result<void> apply(const WriteSet& writes) = 0;

  /// Deletes the keys from `from` up to, not including, `to`, at once and apart from apply(). Files
  /// that lie wholly within are dropped, not rewritten.
  [[nodiscard]] virtual Result<void> erase_range(ColumnFamily cf, std::string_view from,
                                                 std::string_view to) = 0;

  /// Approximate number of keys.
  [[nodiscard]] virtual std::uint64_t estimate_keys(ColumnFamily cf) const = 0;
  [[nodiscard]] virtual Usage usage() const = 0;
  /// Flushes memtables to disk, so that a crash takes nothing away; called on clean shutdown.
  [[nodiscard]] virtual Result<void> flush() = 0;

 protected:
  StateStore() = default;
  static const std::vector<WriteSet::Op>& ops(const WriteSet& w) { return w.ops_; }
  static const std::string& arena(const WriteSet& w) { return w.arena_; }
  using Op = WriteSet::Op;
};

}  // namespace kronika::store
