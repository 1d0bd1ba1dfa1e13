#include "error_kind.h"

#include <algorithm>

#include <kronika/base/clock.h>
#include <kronika/bus/errc.h>
#include <kronika/busmetrics/runtime_metrics.h>
#include <kronika/telemetry/log.h>

namespace kronika::busmetrics {
namespace {

namespace log = telemetry::log;
using telemetry::Buckets;
using telemetry::Registry;
using telemetry::Sample;
using telemetry::SampleKind;

constexpr std::size_t kMaxTopics = 14, kMaxReasons = 60, kMaxCodes = 40;
constexpr std::size_t kMaxPartitions = 130;

std::string_view name(bus::RebalanceKind kind) {
  switch (kind) {
    case bus::RebalanceKind::kAssign:
      return "assign";
    case bus::RebalanceKind::kRevoke:
      return "revoke";
    case bus::RebalanceKind::kLost:
      return "lost";
  }
  return "other";
}

std::string_view name(bus::RestoreKind kind) {
  switch (kind) {
    case bus::RestoreKind::kState:
      return "state";
    case bus::RestoreKind::kJournal:
      return "journal";
  }
  return "other";
}

std::string_view name(bus::TaskState state) {
  switch (state) {
    case bus::TaskState::kAssigned:
      return "assigned";
    case bus::TaskState::kRestoring:
      return "restoring";
    case bus::TaskState::kRebuilding:
      return "rebuilding";
    case bus::TaskState::kRunning:
      return "running";
    case bus::TaskState::kFailed:
      return "failed";
  }
  return "other";
}

/// Why a transaction may be aborted, and the session go on.
std::vector<std::string> abort_reasons() {
  std::vector<std::string> reasons{"assignment_lost"};
  for (int i = 1; i <= static_cast<int>(bus::Errc::kLast); ++i) {
    const auto errc = static_cast<bus::Errc>(i);
    switch (bus::disposition(errc)) {
      case Disposition::kRetryCall:
      case Disposition::kAbortTxn:
        reasons.emplace_back(bus::slug(errc));
        break;
      case Disposition::kTaskMigrated:
      case Disposition::kTaskCorrupted:
      case Disposition::kRejectRecord:
      case Disposition::kFatal:
        break;
    }
  }
  return reasons;
}

/// For which the runtime itself refuses a record, whatever the task.
constexpr bus::Errc kRefusals[] = {bus::Errc::kWireMagic, bus::Errc::kWireTruncated,
                                   bus::Errc::kRecordTooLarge, bus::Errc::kInternalInvariant};

double seconds(Instant t) { return static_cast<double>(t.ms) / 1000; }

telemetry::Histogram transaction_seconds(Registry& registry, const char* outcome) {
  return registry.histogram("kronika_transaction_seconds",
                            "Time from the begin of a commit, flush included, to its outcome",
                            Buckets::kFast, {{"outcome", outcome}});
}

telemetry::Histogram transaction_records(Registry& registry, const char* outcome) {
  return registry.histogram("kronika_transaction_records", "Records consumed by a transaction",
                            Buckets::kCount, {{"outcome", outcome}});
}

/// A busy partition's end may never be seen: behind by less than the limit is good enough to serve.
bool nearly_caught_up(const bus::RuntimeSnapshot& now, std::chrono::milliseconds limit) {
  const Instant oldest{SystemClock().now().ms - limit.count()};
  return !now.tasks.empty() &&
         std::all_of(now.tasks.begin(), now.tasks.end(), [&](const bus::TaskStatus& task) {
           return task.state == bus::TaskState::kRunning &&
                  std::all_of(task.inputs.begin(), task.inputs.end(),
                              [&](const auto& input) { return input.position_time > oldest; });
         });
}

}  // namespace

struct RuntimeMetrics::Source {
  std::mutex mutex;  // guards snapshot; held while it runs, so that stop() waits
  Snapshot snapshot;

  bus::RuntimeSnapshot get() {
    const std::scoped_lock lock(mutex);
    return snapshot ? snapshot() : bus::RuntimeSnapshot{};
  }
  void stop() {
    const std::scoped_lock lock(mutex);
    snapshot = nullptr;
  }
};

RuntimeMetrics::Labelled::Labelled(Registry& registry, std::string family, std::string help,
                                   std::vector<std::string> keys, std::size_t limit)
    : registry_(registry),
      name_(std::move(family)),
      help_(std::move(help)),
      keys_(std::move(keys)),
      limit_(limit) {}

telemetry::Counter RuntimeMetrics::Labelled::get(std::vector<std::string> values) {
  const std::scoped_lock lock(mutex_);
  const auto known = counters_.find(values);
  if (known != counters_.end()) return known->second;
  if (counters_.size() >= limit_) {
    for (auto& value : values) value = "other";
  }
  telemetry::Labels labels;
  for (std::size_t i = 0; i < keys_.size(); ++i) labels.emplace_back(keys_[i], values[i]);
  return counters_.try_emplace(std::move(values), registry_.counter(name_, help_, labels))
      .first->second;
}

telemetry::Histogram end_to_end(Registry& registry, const std::string& stage,
                                const std::string& source) {
  return registry.histogram("kronika_end_to_end_seconds",
                            "Time from an edge's receipt to where the stage makes it visible",
                            Buckets::kEndToEnd, {{"stage", stage}, {"source", source}});
}

RuntimeMetrics::RuntimeMetrics(Registry& registry, const Options& options)
    : committed_{transaction_seconds(registry, "committed"),
                 transaction_records(registry, "committed")},
      aborted_{transaction_seconds(registry, "aborted"), transaction_records(registry, "aborted")},
      produced_(registry.counter("kronika_kafka_produced_records_total",
                                 "Records produced by committed transactions",
                                 {{"outcome", "acked"}})),
      consumed_(registry, "kronika_kafka_consumed_records_total",
                "Records consumed by committed transactions", {"topic"}, kMaxTopics),
      aborts_(registry, "kronika_transaction_aborts_total", "Aborted transactions by reason",
              {"reason"}, kMaxReasons),
      dead_letters_(registry, "kronika_dead_letters_total", "Records sent to the dead-letter topic",
                    {"stage", "reason"}, kMaxReasons),
      rebalances_(registry, "kronika_rebalances_total", "Changes of the assignment", {"kind"}, 3),
      client_errors_(registry, "kronika_kafka_errors_total", "Errors of the Kafka client",
                     {"kind", "code"}, kMaxCodes),
      restored_(registry, "kronika_restore_records_total", "Records read while restoring",
                {"source", "partition"}, 2 * kMaxPartitions),
      source_(std::make_shared<Source>()) {
  if (!options.stage.empty()) end_to_end_ = end_to_end(registry, options.stage, "event");
  for (const auto& topic : options.input_topics) (void)consumed_.get({topic});
  for (const auto kind :
       {bus::RebalanceKind::kAssign, bus::RebalanceKind::kRevoke, bus::RebalanceKind::kLost}) {
    (void)rebalances_.get({std::string(name(kind))});
  }
  for (const std::string& reason : abort_reasons()) (void)aborts_.get({reason});
  if (options.dead_letter_stage.empty()) return;
  for (const bus::Errc reason : kRefusals) {
    (void)dead_letters_.get({options.dead_letter_stage, std::string(bus::slug(reason))});
  }
  for (const std::string& reason : options.dead_letter_reasons) {
    (void)dead_letters_.get({options.dead_letter_stage, reason});
  }
}

RuntimeMetrics::~RuntimeMetrics() { stop_observing(); }

void RuntimeMetrics::observe(telemetry::Service& service, Snapshot snapshot,
                             std::chrono::milliseconds ready_lag) {
  {
    const std::scoped_lock lock(source_->mutex);
    source_->snapshot = std::move(snapshot);
  }
  registrations_ = list_gauges(service.registry());
  for (auto& listed : register_store_metrics(service.registry(), [source = source_] {
         const auto now = source->get();
         StoreFigures figures;
         for (const auto& task : now.tasks) figures.stores.push_back(task.store);
         figures.write_stall_seconds = static_cast<double>(now.store_stall_micros) / 1e6;
         figures.background_errors = static_cast<double>(now.store_background_errors);
         return figures;
       })) {
    registrations_.push_back(std::move(listed));
  }
  service.watch_loop("poll", [source = source_] { return source->get().last_turn; });
  service.set_ready_when([source = source_, ready_lag] {
    const auto now = source->get();
    return now.all_caught_up || nearly_caught_up(now, ready_lag);
  });
}

void RuntimeMetrics::stop_observing() { source_->stop(); }

std::vector<telemetry::Registration> RuntimeMetrics::list_gauges(Registry& registry) const {
  std::vector<telemetry::Registration> all;
  const auto by_task = [&](const char* family, const char* help, auto list_task) {
    all.push_back(registry.sampled(SampleKind::kGauge, family, help, [source = source_, list_task] {
      std::vector<Sample> samples;
      for (const auto& task : source->get().tasks) list_task(task, samples);
      return samples;
    }));
  };
  const auto by_input = [&](const char* family, const char* help, auto value) {
    by_task(family, help, [value](const bus::TaskStatus& task, std::vector<Sample>& samples) {
      for (const auto& input : task.inputs) {
        // A task that restores has no position yet; kronika_task_state tells of it.
        if (input.position < 0) continue;
        samples.push_back({{{"topic", input.topic}, {"partition", std::to_string(task.partition)}},
                           value(input)});
      }
    });
  };
  by_input("kronika_consumer_lag_records", "Records not yet handled; 0 where the end was seen",
           [](const bus::InputStatus& input) { return static_cast<double>(input.lag); });
  by_input("kronika_consumer_position_timestamp_seconds",
           "Time of the last record handled; now where the end was seen",
           [](const bus::InputStatus& input) { return seconds(input.position_time); });
  by_task("kronika_task_state", "1 for the state that the partition's task is in",
          [](const bus::TaskStatus& task, std::vector<Sample>& samples) {
            for (const auto state :
                 {bus::TaskState::kAssigned, bus::TaskState::kRestoring,
                  bus::TaskState::kRebuilding, bus::TaskState::kRunning, bus::TaskState::kFailed}) {
              samples.push_back({{{"partition", std::to_string(task.partition)},
                                  {"state", std::string(name(state))}},
                                 task.state == state ? 1.0 : 0.0});
            }
          });
  by_task("kronika_restore_remaining_records", "Records still to be read, estimated from offsets",
          [](const bus::TaskStatus& task, std::vector<Sample>& samples) {
            samples.push_back({{{"partition", std::to_string(task.partition)}},
                               static_cast<double>(task.restore_remaining)});
          });
  by_task(
      "kronika_task_clock_timestamp_seconds", "The task's clock, by which deadlines fire",
      [](const bus::TaskStatus& task, std::vector<Sample>& samples) {
        samples.push_back({{{"partition", std::to_string(task.partition)}}, seconds(task.clock)});
      });
  all.push_back(registry.sampled(SampleKind::kGauge, "kronika_assigned_partitions",
                                 "Partitions that this process owns", [source = source_] {
                                   std::map<std::string, double> owned;
                                   for (const auto& task : source->get().tasks) {
                                     for (const auto& input : task.inputs) ++owned[input.topic];
                                   }
                                   std::vector<Sample> samples;
                                   samples.reserve(owned.size());
                                   for (const auto& [topic, count] : owned)
                                     samples.push_back({{{"topic", topic}}, count});
                                   return samples;
                                 }));
  return all;
}

void RuntimeMetrics::on_transaction(const bus::TransactionReport& report) {
  const Outcome& outcome = report.committed ? committed_ : aborted_;
  outcome.seconds.observe(report.duration);
  outcome.records.observe(static_cast<double>(report.records));
  if (report.committed) {
    produced_.add(static_cast<double>(report.produced));
    return;
  }
  aborts_.get({std::string(report.reason)}).add();
  log::warn("TRANSACTION_ABORTED", "transaction aborted, its records come again",
            {{"reason", report.reason}, {"count", report.records}});
}

void RuntimeMetrics::on_consumed(const bus::ConsumedReport& report) {
  consumed_.get({std::string(report.topic)}).add(static_cast<double>(report.records));
}

void RuntimeMetrics::on_visible(std::span<const Instant> received, Instant now) {
  std::vector<double> ages;
  ages.reserve(received.size());
  for (const Instant at : received) ages.push_back(std::max(0.0, seconds(now) - seconds(at)));
  end_to_end_.observe_all(ages);
}

void RuntimeMetrics::on_dead_letter(std::string_view stage, std::string_view reason) {
  dead_letters_.get({std::string(stage), std::string(reason)}).add();
}

void RuntimeMetrics::on_refused(const bus::RefusedReport& report) {
  log::warn("RECORD_REFUSED", "a record was refused and is in the dead letters",
            {{"stage", report.stage},
             {"reason", report.reason},
             {"topic", report.topic},
             {"partition", report.partition},
             {"offset", report.offset},
             {"event_id", report.event_id},
             {"trace_id", report.trace_id}});
}

void RuntimeMetrics::on_rebalance(bus::RebalanceKind kind) {
  rebalances_.get({std::string(name(kind))}).add();
  log::info("REBALANCE", "assignment changed", {{"kind", name(kind)}});
}

void RuntimeMetrics::on_client_error(bus::ClientErrorKind kind, std::string_view error_code) {
  client_errors_.get({std::string(name(kind)), std::string(error_code)}).add();
  const auto level = kind == bus::ClientErrorKind::kFatal ? log::Level::kError : log::Level::kWarn;
  log::write(level, "KAFKA_ERROR", "the Kafka client reports an error",
             {{"kind", name(kind)}, {"error", error_code}});
}

void RuntimeMetrics::on_restored(bus::RestoreKind kind, std::int32_t partition,
                                 std::size_t records) {
  restored_.get({std::string(name(kind)), std::to_string(partition)})
      .add(static_cast<double>(records));
}

void RuntimeMetrics::on_log(std::string_view log_code, std::string_view text) {
  log::info(log_code, "task runtime", {{"detail", text}});
}

}  // namespace kronika::busmetrics
