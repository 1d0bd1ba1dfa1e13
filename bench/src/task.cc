#include "commands.h"
#include "common.h"
#include "record.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>

#include <nlohmann/json.hpp>

#include <kronika/bus/partitioner.h>
#include <kronika/citizen/citizen_task.h>
#include <kronika/refdata/loader.h>

namespace kronika::bench {
namespace {

/// What the runtime is to a task, with a log that forgets.
class Context final : public bus::TaskContext {
 public:
  Context(store::StateStore& store, std::int32_t partition)
      : store_(store), partition_(partition) {}

  void send(const bus::Outgoing& record) override {
    ++sent;
    sent_bytes += record.key.size() + record.value.size();
  }
  void dead_letter(const bus::Record&, const bus::DeadLetter& fault) override {
    die("an event was refused: " + std::string(fault.reason));
  }
  store::WriteSet& writes() override { return writes_; }
  const store::StateStore& store() const override { return store_; }
  std::int32_t partition() const override { return partition_; }
  Instant task_clock() const override { return clock; }
  std::int64_t transaction_number() const override { return number; }
  std::span<const std::int64_t> next_offsets() const override { return offsets; }
  bool rebuilding() const override { return false; }

  Instant clock;
  std::int64_t number = 1;
  std::vector<std::int64_t> offsets = std::vector<std::int64_t>(citizen::kInputTopics, 0);
  std::uint64_t sent = 0;
  std::uint64_t sent_bytes = 0;

 private:
  store::StateStore& store_;
  const std::int32_t partition_;
  store::WriteSet writes_;
};

struct Part {
  std::unique_ptr<store::StateStore> store;
  std::unique_ptr<bus::Task> task;
  std::unique_ptr<Context> context;
};

}  // namespace

int task(const Plan& plan, const TaskOptions& options) {
  const auto rules =
      need(refdata::load(options.reference, options.reference + "/organisations.csv", 1), "rules");
  citizen::Probe probe;
  const auto spec = citizen::citizen_task_spec(
      {.rules = rules,
       .cache_bytes = options.cache_bytes / options.partitions,
       .indicator_partitions = static_cast<std::int32_t>(options.partitions),
       .probe = &probe});
  const auto memory =
      store::MemoryBudget::create(options.block_cache_bytes, options.block_cache_bytes / 2);
  std::filesystem::remove_all(options.folder);
  std::vector<Part> parts(options.partitions);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    store::Options store;
    store.path = options.folder + "/" + std::to_string(i);
    store.column_families = spec.column_families;
    store.memory = memory;
    parts[i].store = need(store::StateStore::open(store), "opening a store");
    const auto partition = static_cast<std::int32_t>(i);
    parts[i].task = spec.make_task(partition, *parts[i].store);
    parts[i].context = std::make_unique<Context>(*parts[i].store, partition);
    need(parts[i].task->on_restored(*parts[i].context), "starting a task");
  }

  EventSource source(plan);
  domain::Event event;
  EventRecord wire;
  struct Held {
    std::size_t part;
    int topic;
    std::string value;
    PersonKey key;
  };
  std::vector<Held> batch;
  double seconds = 0;
  double cpu = 0;
  std::uint64_t events = 0;
  const Instant now = plan.end + std::chrono::hours(24);
  for (bool more = true; more;) {
    batch.clear();
    while (batch.size() < options.transaction_records && (more = source.next(event))) {
      const auto& out = wire.of(event);
      int topic = 0;
      while (citizen::input_topic_name(topic) != out.topic) ++topic;
      batch.push_back({static_cast<std::size_t>(
                           bus::partition_of(out.key, static_cast<std::int32_t>(parts.size()))),
                       topic, std::string(out.value), event.person_key});
    }
    // Making the events is no part of what is measured.
    const auto start = std::chrono::steady_clock::now();
    const double cpu_before = own_cost().cpu_seconds;
    for (const Held& held : batch) {
      Part& part = parts[held.part];
      bus::Record record;
      record.topic = citizen::input_topic_name(held.topic);
      record.topic_index = held.topic;
      record.partition = static_cast<std::int32_t>(held.part);
      record.offset = part.context->offsets[static_cast<std::size_t>(held.topic)]++;
      record.timestamp = part.context->clock = now;
      record.key = held.key.view();
      record.value = held.value;
      (void)part.task->next_deadline();
      need(part.task->process(record, *part.context), "handling an event");
    }
    for (Part& part : parts) {
      need(part.task->flush(*part.context), "flushing");
      need(part.store->apply(part.context->writes()), "writing");
      part.context->writes().clear();
      part.task->on_committed();
      ++part.context->number;
    }
    events += batch.size();
    seconds += seconds_since(start);
    cpu += own_cost().cpu_seconds - cpu_before;
  }
  std::uint64_t sent = 0;
  std::uint64_t bytes = 0;
  for (const Part& part : parts) {
    sent += part.context->sent;
    bytes += part.context->sent_bytes;
  }
  const auto count = static_cast<double>(events);
  const Cost cost = own_cost();
  std::cout << nlohmann::json{{"events", events},
                              {"events_per_second", count / seconds},
                              {"cpu_us_per_event", cpu * 1e6 / count},
                              {"sent_per_event", static_cast<double>(sent) / count},
                              {"sent_bytes_per_event", static_cast<double>(bytes) / count},
                              {"fast_path", static_cast<double>(probe.fast_path.load()) / count},
                              {"refolds", static_cast<double>(probe.refolds.load()) / count},
                              {"cache_misses",
                               static_cast<double>(probe.cache_misses.load()) / count},
                              {"rss_mib", cost.rss_mib},
                              {"rss_peak_mib", cost.rss_peak_mib}}
                   .dump()
            << '\n';
  parts.clear();
  std::filesystem::remove_all(options.folder);
  return 0;
}

}  // namespace kronika::bench
