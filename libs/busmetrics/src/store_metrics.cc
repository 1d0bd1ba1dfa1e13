#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include <kronika/busmetrics/store_metrics.h>

namespace kronika::busmetrics {

using telemetry::Registration;
using telemetry::Sample;
using telemetry::SampleKind;

std::vector<Registration> register_store_metrics(telemetry::Registry& registry,
                                                 std::function<StoreFigures()> figures) {
  std::vector<Registration> all;
  const auto add = [&](SampleKind kind, const char* name, const char* help, auto list) {
    all.push_back(registry.sampled(kind, name, help, [figures, list] { return list(figures()); }));
  };
  const auto one = [](double value) { return std::vector<Sample>{{.labels = {}, .value = value}}; };

  add(SampleKind::kGauge, "kronika_store_bytes", "Bytes on disk by column family",
      [](const StoreFigures& now) {
        std::map<std::string, double> by_family;
        for (const auto& store : now.stores) {
          for (const auto& [family, bytes] : store.live_sst) {
            by_family[family] += static_cast<double>(bytes);
          }
        }
        std::vector<Sample> samples;
        for (const auto& [family, bytes] : by_family) samples.push_back({{{"cf", family}}, bytes});
        return samples;
      });
  add(SampleKind::kGauge, "kronika_store_memory_bytes", "Memory of RocksDB by kind",
      [](const StoreFigures& now) {
        double cache = 0, pinned = 0, memtables = 0, readers = 0;
        for (const auto& store : now.stores) {
          // Cache and pins are those of the budget that all stores share.
          cache = std::max(cache, static_cast<double>(store.block_cache));
          pinned = std::max(pinned, static_cast<double>(store.pinned));
          memtables += static_cast<double>(store.memtables);
          readers += static_cast<double>(store.table_readers);
        }
        return std::vector<Sample>{{{{"kind", "block_cache"}}, cache},
                                   {{{"kind", "pinned"}}, pinned},
                                   {{{"kind", "memtables"}}, memtables},
                                   {{{"kind", "table_readers"}}, readers}};
      });
  add(SampleKind::kGauge, "kronika_store_pending_compaction_bytes",
      "Bytes that compaction still has to rewrite", [one](const StoreFigures& now) {
        double bytes = 0;
        for (const auto& store : now.stores) bytes += static_cast<double>(store.pending_compaction);
        return one(bytes);
      });
  add(SampleKind::kCounter, "kronika_store_write_stall_seconds_total",
      "Time that writes waited for RocksDB",
      [one](const StoreFigures& now) { return one(now.write_stall_seconds); });
  add(SampleKind::kCounter, "kronika_store_background_errors_total",
      "Flushes and compactions of RocksDB that failed",
      [one](const StoreFigures& now) { return one(now.background_errors); });
  return all;
}

}  // namespace kronika::busmetrics
