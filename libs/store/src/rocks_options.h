// How each kind of column family is tuned. Only this library's sources include it.
#pragma once

#include <memory>

#include <rocksdb/cache.h>
#include <rocksdb/options.h>
#include <rocksdb/write_buffer_manager.h>

#include <kronika/store/state_store.h>

namespace kronika::store {

class RocksBudget final : public MemoryBudget {
 public:
  RocksBudget(std::size_t cache_bytes, std::size_t memtable_bytes);
  [[nodiscard]] std::size_t used_bytes() const override { return cache_->GetUsage(); }
  [[nodiscard]] const std::shared_ptr<rocksdb::Cache>& cache() const { return cache_; }
  [[nodiscard]] const std::shared_ptr<rocksdb::WriteBufferManager>& write_buffers() const {
    return write_buffers_;
  }

 private:
  std::shared_ptr<rocksdb::Cache> cache_;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers_;
};

[[nodiscard]] rocksdb::DBOptions db_options(const Options& options, const RocksBudget& budget);
[[nodiscard]] rocksdb::ColumnFamilyOptions family_options(const ColumnFamilyOptions& family,
                                                          const Options& options,
                                                          const RocksBudget& budget);

}  // namespace kronika::store
