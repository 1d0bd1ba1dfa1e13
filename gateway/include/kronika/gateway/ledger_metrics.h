// What the ledger says without being asked: senders whose days do not add up, the oldest event that
// waits, the open dead letters, and each sender's last message beside its ordinary silence. Labels
// as in the edges' metrics: SOR ids of the organisations file alone, general practices together by
// region
// ("gp-1084"), all others together as "other". Computed when Prometheus asks.
#pragma once

#include <vector>

#include <kronika/base/clock.h>
#include <kronika/domain/rules.h>
#include <kronika/gateway/view.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::gateway {

class LedgerMetrics {
 public:
  /// All must outlive this object. Nothing is listed where the view keeps no ledger.
  LedgerMetrics(telemetry::Registry& registry, const View& view, const domain::Rules& rules,
                const Clock& clock);

 private:
  std::vector<telemetry::Registration> registrations_;
};

}  // namespace kronika::gateway
