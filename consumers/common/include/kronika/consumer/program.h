// What the consumer programs have in common: settings, reference data, logs, metrics page, the
// runtime, a clean stop. A main.cc says only which task it runs and which figures are its own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <kronika/bus/task.h>
#include <kronika/canary/canary_metrics.h>
#include <kronika/config/settings.h>
#include <kronika/domain/rules.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::consumer {

struct Wiring {
  const config::Settings& settings;
  std::shared_ptr<const domain::Rules> rules;
  telemetry::Registry& registry;
  /// Keep registrations of sampled families here; dropped before the registry.
  std::vector<telemetry::Registration>& registrations;
  /// Outlives the tasks.
  canary::CanaryMetrics& canary;
};

struct Program {
  std::string name;  ///< "kronika-citizen"
  const config::Consumer& (*settings)(const config::Settings&);
  std::function<bus::TaskSpec(const Wiring&)> make_spec;
  std::string canary_stage;  ///< what seeing a canary here is called: "state", "indicator"
  /// The stage of kronika_end_to_end_seconds that a commit reaches; empty where the input was not
  /// written by edges.
  std::string stage = {};
  /// Of its own, for which the task refuses a record.
  std::vector<std::string> refusals = {};
};

/// Runs until a signal or a fatal error; returns the process's exit code (docs/operations.md).
int run(int argc, char** argv, const Program& program);

}  // namespace kronika::consumer
