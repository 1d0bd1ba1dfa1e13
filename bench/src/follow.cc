#include "commands.h"
#include "common.h"
#include "kafka.h"

#include <chrono>
#include <iostream>
#include <thread>

#include <nlohmann/json.hpp>

namespace kronika::bench {

int follow(const KafkaPlace& kafka, const FollowOptions& options) {
  const auto client =
      make_client(RD_KAFKA_CONSUMER, kafka, {{"group.id", kafka.prefix + options.group}});
  const auto partitions = all_partitions(kafka, {std::begin(kEventTopics), std::end(kEventTopics)});
  const std::int64_t total = end_of(client.get(), *partitions);

  const auto start = std::chrono::steady_clock::now();
  struct Point {
    double seconds = 0;
    std::int64_t events = 0;
    Cost cost;
  };
  Point begun;  // before the first commit
  Point first;  // at the first commit seen
  Point now;
  nlohmann::json curve = nlohmann::json::array();
  double noted = 0;
  while (now.events < total) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    for (int i = 0; i < partitions->cnt; ++i) partitions->elems[i].offset = RD_KAFKA_OFFSET_INVALID;
    const auto err = rd_kafka_committed(client.get(), partitions.get(), 10'000);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;  // e.g. a transaction is being committed
    now = {seconds_since(start), 0, cost_of(options.pid)};
    for (int i = 0; i < partitions->cnt; ++i) {
      if (partitions->elems[i].offset > 0) now.events += partitions->elems[i].offset;
    }
    if (now.events == 0) begun = now;
    if (first.events == 0 && now.events > 0) first = now;
    if (options.pid != 0 && now.cost.rss_mib == 0) die("the consumer has ended");
    if (now.seconds > options.timeout_seconds) {
      die("after " + std::to_string(static_cast<int>(now.seconds)) + " s the consumer has read " +
          std::to_string(now.events) + " of " + std::to_string(total) + " events");
    }
    if (now.seconds - noted >= 1) {
      noted = now.seconds;
      curve.push_back(
          {{"seconds", now.seconds}, {"events", now.events}, {"rss_mib", now.cost.rss_mib}});
    }
  }
  // From commit to commit, so that neither start-up nor the first, unknown part of a batch counts.
  const auto events = static_cast<double>(now.events - first.events);
  std::cout << nlohmann::json{{"events", now.events},
                              {"seconds", now.seconds - first.seconds},
                              {"events_per_second", events / (now.seconds - first.seconds)},
                              {"cpu_us_per_event",
                               (now.cost.cpu_seconds - first.cost.cpu_seconds) * 1e6 / events},
                              {"cpu_us_per_event_whole",
                               (now.cost.cpu_seconds - begun.cost.cpu_seconds) * 1e6 /
                                   static_cast<double>(now.events)},
                              {"rss_mib", now.cost.rss_mib},
                              {"rss_peak_mib", now.cost.rss_peak_mib},
                              {"curve", curve}}
                   .dump()
            << '\n';
  return 0;
}

}  // namespace kronika::bench
