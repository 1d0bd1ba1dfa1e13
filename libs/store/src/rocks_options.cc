#include "rocks_options.h"

#include <algorithm>

#include <rocksdb/filter_policy.h>
#include <rocksdb/memtablerep.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

namespace kronika::store {

std::shared_ptr<MemoryBudget> MemoryBudget::create(std::size_t cache_bytes,
                                                   std::size_t memtable_bytes) {
  return std::make_shared<RocksBudget>(cache_bytes, memtable_bytes);
}

RocksBudget::RocksBudget(std::size_t cache_bytes, std::size_t memtable_bytes) {
  rocksdb::LRUCacheOptions lru;
  lru.capacity = cache_bytes;
  lru.num_shard_bits = 2;  // few threads; a small cache in many shards cannot hold an index block
  // Not strict_capacity_limit: with it RocksDB 7.8 fails a *read* when memtables under flush have
  // taken the whole cache. Memtables get at most half, so the cache overshoots by some pinned
  // blocks at worst.
  lru.strict_capacity_limit = false;
  lru.high_pri_pool_ratio = 0.3;  // index and filter blocks outlive a scan
  cache_ = rocksdb::NewLRUCache(lru);
  write_buffers_ = std::make_shared<rocksdb::WriteBufferManager>(
      std::min(memtable_bytes, cache_bytes / 2), cache_);
}

rocksdb::DBOptions db_options(const Options& options, const RocksBudget& budget) {
  rocksdb::DBOptions db;
  db.create_if_missing = !options.read_only;
  db.create_missing_column_families = !options.read_only;
  db.write_buffer_manager = budget.write_buffers();
  db.max_background_jobs = 2;
  db.max_open_files = 256;
  // One writer a store. Without the concurrent insert path the skip list remembers where the last
  // key went, which is what makes the sorted batches of apply() cheap.
  db.allow_concurrent_memtable_write = false;
  db.enable_write_thread_adaptive_yield = false;
  // Kafka's log is the write-ahead log: nothing is written twice. All families are flushed
  // together, so that what a crash leaves is the store of some earlier commit, positions included.
  db.atomic_flush = true;
  db.bytes_per_sync = 1U << 20;
  db.avoid_flush_during_shutdown = false;
  db.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  db.max_log_file_size = 1U << 20;
  db.keep_log_file_num = 2;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  return db;
}

rocksdb::ColumnFamilyOptions family_options(const ColumnFamilyOptions& family,
                                            const Options& options, const RocksBudget& budget) {
  rocksdb::ColumnFamilyOptions cf;
  cf.write_buffer_size = options.memtable_bytes;
  // The memtable's arena allocates whole blocks: the default (1/8 of the memtable) would charge
  // idle families of many stores for a megabyte each.
  cf.arena_block_size = std::min<std::size_t>(options.memtable_bytes / 8, 256U << 10);
  cf.max_write_buffer_number = 3;
  // What a flush writes is rewritten by the next compaction: only the lasting levels are worth
  // compressing.
  cf.compression_per_level = {rocksdb::kNoCompression, rocksdb::kLZ4Compression};
  cf.level0_file_num_compaction_trigger = 8;
  cf.target_file_size_base = 32U << 20;
  cf.level_compaction_dynamic_level_bytes = true;

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = budget.cache();
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.format_version = 5;
  switch (family.access) {
    case Access::kPointLookup:
      table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
      table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
      cf.memtable_whole_key_filtering =
          true;  // a citizen not written lately costs no skip-list walk
      cf.memtable_prefix_bloom_size_ratio = 0.05;
      break;
    case Access::kAppendScan:
      cf.prefix_extractor.reset(rocksdb::NewCappedPrefixTransform(family.prefix_bytes));
      table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
      table.whole_key_filtering = false;  // scans ask for the prefix only
      // A small list a prefix: an entry finds its place in a few steps, not in twenty.
      cf.memtable_factory.reset(rocksdb::NewHashSkipListRepFactory(options.memtable_bytes >> 10));
      table.block_size = 8U << 10;
      cf.memtable_prefix_bloom_size_ratio = 0.05;
      break;
    case Access::kOrderedScan:
      break;
  }
  cf.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return cf;
}

}  // namespace kronika::store
