#include "commands.h"
#include "common.h"
#include "record.h"

#include <array>
#include <chrono>
#include <iostream>
#include <map>
#include <thread>

#include <nlohmann/json.hpp>

#include <kronika/bus/publisher.h>
#include <kronika/bus/topic_admin.h>
#include <kronika/domain/checks.h>
#include <kronika/refdata/loader.h>

namespace kronika::bench {

int load(const KafkaPlace& kafka, const Plan& plan, double rate) {
  bus::ClientOptions client;
  client.bootstrap_servers = kafka.bootstrap_servers;
  client.prefix = kafka.prefix;
  need(bus::ensure_topics(client, {.partitions = kafka.partitions}), "creating the topics");
  const auto publisher = need(bus::Publisher::open(client), "opening a publisher");

  const auto start = std::chrono::steady_clock::now();
  EventSource source(plan);
  domain::Event event;
  EventRecord record;
  std::map<std::string, std::uint64_t> by_topic;
  std::uint64_t bytes = 0, made = 0;
  while (source.next(event)) {
    if (rate > 0) {
      const std::chrono::duration<double> due(static_cast<double>(made++) / rate);
      std::this_thread::sleep_until(
          start + std::chrono::duration_cast<std::chrono::steady_clock::duration>(due));
    }
    const bus::Outgoing& out = record.of(event);
    need(publisher->publish(out, {}), "publishing");
    ++by_topic[std::string(out.topic)];
    bytes += out.value.size();
  }
  need(publisher->flush(std::chrono::seconds(60)), "publishing");
  const auto stats = publisher->stats();
  if (stats.failed != 0) die(std::to_string(stats.failed) + " events were not delivered");
  const double seconds = seconds_since(start);
  std::cout << nlohmann::json{{"events", stats.acked},
                              {"seconds", seconds},
                              {"events_per_second", static_cast<double>(stats.acked) / seconds},
                              {"value_bytes", bytes},
                              {"by_topic", by_topic}}
                   .dump()
            << '\n';
  return 0;
}

int describe(const Plan& plan, const std::string& reference_folder) {
  const auto rules =
      need(refdata::load(reference_folder, reference_folder + "/organisations.csv", 1), "rules");
  const Instant now = plan.end + std::chrono::hours(24);
  const auto start = std::chrono::steady_clock::now();
  EventSource source(plan);
  domain::Event event;
  std::map<std::string, std::uint64_t> by_type;
  std::map<std::string, std::uint64_t> refused;
  while (source.next(event)) {
    ++by_type[std::string(domain::event_type_name(event.type()))];
    if (const auto refusal = domain::check(*rules, event, now)) ++refused[refusal->sentence];
  }
  std::cout << nlohmann::json{{"seconds", seconds_since(start)},
                              {"by_type", by_type},
                              {"refused", refused}}
                   .dump(1)
            << '\n';
  return refused.empty() ? 0 : 1;
}

}  // namespace kronika::bench
