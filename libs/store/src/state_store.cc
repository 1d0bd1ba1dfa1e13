#include "rocks_options.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <map>
#include <numeric>
#include <utility>

#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/version.h>
#include <rocksdb/write_batch.h>

#include <kronika/store/errc.h>
#include <kronika/store/state_store.h>

namespace kronika::store {
namespace {

constexpr std::chrono::minutes kFlushAtLeastEvery{5};
constexpr std::string_view kMetaName = "default";  // RocksDB insists on a family of this name

rocksdb::Slice slice(std::string_view v) { return {v.data(), v.size()}; }
std::string_view view(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

Error error_of(const rocksdb::Status& status, std::string_view doing, const std::string& path) {
  const std::string text = status.ToString();
  Errc e = Errc::kIo;
  if (status.IsCorruption() || status.IsNotSupported()) {
    e = Errc::kCorrupt;
  } else if (status.IsInvalidArgument()) {
    e = Errc::kOptions;
  } else if (status.IsIOError() && (text.find("lock hold by") != std::string::npos ||
                                    text.find("While lock file") != std::string::npos)) {
    e = Errc::kLocked;
  }
  // RocksDB's texts name files and block positions, never keys or values.
  return Error{code(e), std::string(doing) + " " + path + ": " + text};
}

/// The smallest key greater than every key that begins with `prefix`; empty when there is none.
std::string prefix_end(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xFF) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

std::uint64_t first_eight(std::string_view key) {
  std::uint64_t head = 0;
  std::memcpy(&head, key.data(), std::min<std::size_t>(key.size(), sizeof head));
  return __builtin_bswap64(head);
}

class RocksStore final : public StateStore {
 public:
  RocksStore(const Options& options, std::shared_ptr<RocksBudget> budget)
      : options_(options), budget_(std::move(budget)) {}

  ~RocksStore() override {
    for (auto* handle : handles_) {
      if (const auto status = db_->DestroyColumnFamilyHandle(handle); !status.ok()) continue;
    }
    if (db_) {
      if (const auto status = db_->Close(); !status.ok())
        return;  // nothing left to save: the log has it
    }
  }

  Result<void> open() {
    if (!options_.read_only) {
      std::error_code ec;
      std::filesystem::create_directories(options_.path, ec);
      if (ec) return fail(code(Errc::kIo), "creating " + options_.path + ": " + ec.message());
    }
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    families.emplace_back(std::string(kMetaName),
                          family_options({"meta", Access::kOrderedScan, 0}, options_, *budget_));
    for (const auto& family : options_.column_families) {
      if (family.access == Access::kAppendScan && family.prefix_bytes == 0) {
        return fail(code(Errc::kOptions), "column family " + family.name + " needs prefix_bytes");
      }
      families.emplace_back(family.name, family_options(family, options_, *budget_));
      prefix_bytes_.push_back(family.access == Access::kAppendScan ? family.prefix_bytes : 0);
    }
    rocksdb::DB* db = nullptr;
    const auto settings = db_options(options_, *budget_);
    const auto status =
        options_.read_only
            ? rocksdb::DB::OpenForReadOnly(settings, options_.path, families, &handles_, &db)
            : rocksdb::DB::Open(settings, options_.path, families, &handles_, &db);
    if (!status.ok()) return tl::unexpected(error_of(status, "opening", options_.path));
    db_.reset(db);
    return {};
  }

  Result<std::optional<std::string>> get(ColumnFamily cf, std::string_view key) const override {
    rocksdb::PinnableSlice value;
    const auto status = db_->Get({}, handles_.at(cf), slice(key), &value);
    if (status.IsNotFound()) return std::nullopt;
    if (!status.ok()) return tl::unexpected(error_of(status, "reading", options_.path));
    return std::string(value.data(), value.size());
  }

  Result<void> scan_prefix(ColumnFamily cf, std::string_view prefix,
                           const Visit& visit) const override {
    rocksdb::ReadOptions read;
    const std::size_t fixed = prefix_bytes_.at(cf);
    // The bloom filters know whole fixed prefixes; a shorter one needs the full order.
    read.total_order_seek = fixed == 0 || prefix.size() < fixed;
    read.prefix_same_as_start = !read.total_order_seek;
    return scan(cf, prefix, prefix_end(prefix), read, visit);
  }

  Result<void> scan_range(ColumnFamily cf, std::string_view from, std::string_view to,
                          const Visit& visit) const override {
    rocksdb::ReadOptions read;
    read.total_order_seek = true;
    return scan(cf, from, to, read, visit);
  }

  Result<void> sweep(ColumnFamily cf, std::string_view from, const Visit& visit) const override {
    rocksdb::ReadOptions read;
    read.total_order_seek = true;
    read.fill_cache = false;
    return scan(cf, from, {}, read, visit);
  }

  Result<void> apply(const WriteSet& writes) override {
    if (options_.read_only) {
      return fail(code(Errc::kReadOnly), "writing " + options_.path);
    }
    const auto& all = ops(writes);
    const std::string& bytes = arena(writes);
    const auto key_of = [&](const Op& op) {
      return std::string_view(bytes).substr(op.key_at, op.key_bytes);
    };
    // In key order: neighbouring keys take the same path through the skip list, so the path stays
    // in the CPU's cache (random insertion was 42 % of the consumer's time). Of several writes to a
    // key only the last is kept.
    order_.clear();
    order_.reserve(all.size());
    for (std::uint32_t i = 0; i < all.size(); ++i) {
      order_.push_back({first_eight(key_of(all[i])), all[i].cf, i});
    }
    std::sort(order_.begin(), order_.end(), [&](const Place& a, const Place& b) {
      if (a.cf != b.cf) return a.cf < b.cf;
      if (a.head != b.head) return a.head < b.head;
      const int c = key_of(all[a.op]).compare(key_of(all[b.op]));
      return c != 0 ? c < 0 : a.op < b.op;
    });
    batch_.Clear();
    for (std::size_t i = 0; i < order_.size(); ++i) {
      const Op& op = all[order_[i].op];
      const std::string_view key = key_of(op);
      if (i + 1 < order_.size() && order_[i + 1].cf == op.cf &&
          key_of(all[order_[i + 1].op]) == key) {
        continue;
      }
      const auto status = op.is_put ? batch_.Put(handles_.at(op.cf), slice(key),
                                                 {bytes.data() + op.value_at, op.value_bytes})
                                    : batch_.Delete(handles_.at(op.cf), slice(key));
      if (!status.ok()) return tl::unexpected(error_of(status, "staging for", options_.path));
    }
    rocksdb::WriteOptions without_log;
    without_log.disableWAL = true;
    const auto status = db_->Write(without_log, &batch_);
    if (!status.ok()) return tl::unexpected(error_of(status, "writing", options_.path));
    return flush_now_and_then();
  }

  Result<void> erase_range(ColumnFamily cf, std::string_view from, std::string_view to) override {
    if (options_.read_only) {
      return fail(code(Errc::kReadOnly), "erasing in " + options_.path);
    }
    rocksdb::WriteOptions without_log;
    without_log.disableWAL = true;
    auto status = db_->DeleteRange(without_log, handles_.at(cf), slice(from), slice(to));
    if (!status.ok()) return tl::unexpected(error_of(status, "erasing in", options_.path));
    const rocksdb::Slice begin = slice(from), end = slice(to);
    status = rocksdb::DeleteFilesInRange(db_.get(), handles_.at(cf), &begin, &end, false);
    if (!status.ok()) return tl::unexpected(error_of(status, "erasing in", options_.path));
    return {};
  }

  std::uint64_t estimate_keys(ColumnFamily cf) const override {
    return property(handles_.at(cf), rocksdb::DB::Properties::kEstimateNumKeys);
  }

  Usage usage() const override {
    Usage u;
    u.block_cache = budget_->cache()->GetUsage();
    u.pinned = budget_->cache()->GetPinnedUsage();
    u.background_errors = property(handles_[0], rocksdb::DB::Properties::kBackgroundErrors);
    std::map<std::string, std::string> totals;
    if (db_->GetMapProperty(rocksdb::DB::Properties::kDBStats, &totals)) {
      const std::string& stalled = totals["db.user_write_stall_micros"];
      std::from_chars(stalled.data(), stalled.data() + stalled.size(), u.write_stall_micros);
    }
    for (std::size_t cf = 0; cf < handles_.size(); ++cf) {
      u.memtables += property(handles_[cf], rocksdb::DB::Properties::kSizeAllMemTables);
      u.table_readers += property(handles_[cf], rocksdb::DB::Properties::kEstimateTableReadersMem);
      u.pending_compaction +=
          property(handles_[cf], rocksdb::DB::Properties::kEstimatePendingCompactionBytes);
      u.live_sst.emplace_back(cf == 0 ? "meta" : options_.column_families[cf - 1].name,
                              property(handles_[cf], rocksdb::DB::Properties::kLiveSstFilesSize));
    }
    return u;
  }

  Result<void> flush() override {
    if (options_.read_only) return fail(code(Errc::kReadOnly), "flushing " + options_.path);
    const auto status = db_->Flush({}, handles_);
    if (!status.ok()) return tl::unexpected(error_of(status, "flushing", options_.path));
    return {};
  }

 private:
  /// Where little is written a memtable may take days to fill; a crash would lose them all.
  Result<void> flush_now_and_then() {
    const auto now = std::chrono::steady_clock::now();
    if (now - flushed_ < kFlushAtLeastEvery) return {};
    flushed_ = now;
    rocksdb::FlushOptions in_background;
    in_background.wait = false;
    in_background.allow_write_stall = true;
    const auto status = db_->Flush(in_background, handles_);
    if (!status.ok() && !status.IsTryAgain()) {
      return tl::unexpected(error_of(status, "flushing", options_.path));
    }
    return {};
  }

  struct Place {
    std::uint64_t head;
    ColumnFamily cf;
    std::uint32_t op;
  };

  std::uint64_t property(rocksdb::ColumnFamilyHandle* handle, const std::string& name) const {
    std::uint64_t value = 0;
    return db_->GetIntProperty(handle, name, &value) ? value : 0;
  }

  Result<void> scan(ColumnFamily cf, std::string_view from, std::string_view to,
                    rocksdb::ReadOptions read, const Visit& visit) const {
    const rocksdb::Slice bound = slice(to);
    if (!to.empty()) read.iterate_upper_bound = &bound;
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(read, handles_.at(cf)));
    for (it->Seek(slice(from)); it->Valid(); it->Next()) {
      if (!visit(view(it->key()), view(it->value()))) return {};
    }
    if (!it->status().ok()) {
      return tl::unexpected(error_of(it->status(), "scanning", options_.path));
    }
    return {};
  }

  // Constant after open().
  const Options options_;
  std::shared_ptr<RocksBudget> budget_;  // outlives db_, which charges it
  std::vector<std::size_t> prefix_bytes_{0};
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  // Owned by the thread that calls apply(); the latter two are kept for their memory.
  std::chrono::steady_clock::time_point flushed_ = std::chrono::steady_clock::now();
  std::vector<Place> order_;
  rocksdb::WriteBatch batch_;
};

}  // namespace

std::string library_version() { return rocksdb::GetRocksVersionAsString(true); }

Result<std::unique_ptr<StateStore>> StateStore::open(const Options& options) {
  auto budget = options.memory ? std::static_pointer_cast<RocksBudget>(options.memory)
                               : std::make_shared<RocksBudget>(options.block_cache_bytes,
                                                               options.block_cache_bytes / 2);
  auto store = std::make_unique<RocksStore>(options, std::move(budget));
  if (auto opened = store->open(); !opened) return tl::unexpected(opened.error());
  return store;
}

}  // namespace kronika::store
