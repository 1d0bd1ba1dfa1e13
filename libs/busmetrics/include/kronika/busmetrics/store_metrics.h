// RocksDB's figures as metrics: kronika_store_*. One call for a process, whatever number of stores
// it has.
//
//   auto listed = register_store_metrics(registry, [&] { return StoreFigures{{view->usage()}, ...};
//   });
//
// Thread: `figures` is called on the metrics page's thread and must not block.
#pragma once

#include <functional>
#include <vector>

#include <kronika/store/state_store.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::busmetrics {

struct StoreFigures {
  std::vector<store::Usage> stores;  ///< those open now; they share one budget
  double write_stall_seconds = 0;    ///< since the process began
  double background_errors = 0;      ///< since the process began
};

[[nodiscard]] std::vector<telemetry::Registration> register_store_metrics(
    telemetry::Registry& registry, std::function<StoreFigures()> figures);

}  // namespace kronika::busmetrics
