#include "commands.h"
#include "common.h"
#include "record.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include <grpcpp/grpcpp.h>
#include <nlohmann/json.hpp>

#include "kronika/query/v1/query.grpc.pb.h"
#include <kronika/bus/publisher.h>

namespace kronika::bench {
namespace {

using std::chrono::steady_clock;

/// An event whose way is timed: published at `sent`, there when the citizen has more events than
/// `before`.
struct Watched {
  std::string key;  ///< hex
  std::int64_t before = 0;
  steady_clock::time_point sent;
  steady_clock::time_point next_ask;
};

class Asker {
 public:
  explicit Asker(const std::string& gateway)
      : stub_(query::v1::CitizenService::NewStub(
            grpc::CreateChannel(gateway, grpc::InsecureChannelCredentials()))) {}

  /// Events that the gateway knows of this citizen; 0: nobody.
  std::int64_t events_of(const std::string& key) {
    query::v1::GetCitizenRequest request;
    request.mutable_citizen()->set_person_key(key);
    query::v1::Citizen citizen;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    ++asked_;
    const auto status = stub_->GetCitizen(&context, request, &citizen);
    if (status.error_code() == grpc::StatusCode::NOT_FOUND) return 0;
    if (!status.ok()) die("asking the gateway: " + status.error_message());
    return citizen.event_count();
  }
  [[nodiscard]] std::uint64_t asked() const { return asked_; }

 private:
  std::unique_ptr<query::v1::CitizenService::Stub> stub_;
  std::uint64_t asked_ = 0;
};

}  // namespace

int latency(const KafkaPlace& kafka, const Plan& plan, const LatencyOptions& options) {
  // Rare enough that asking costs the machine little; half of it is what the figures are too high
  // by.
  constexpr auto kAskEvery = std::chrono::milliseconds(20);
  const auto count = static_cast<std::uint64_t>(options.seconds * options.events_per_second);
  const std::uint64_t watch_every =
      std::max(1, options.events_per_second / options.samples_per_second);

  // Events that continue the citizens' lives: another seed for the ids, the same people, one day
  // after the plan's end.
  Plan more = plan;
  more.duplicate_per_mille = more.corrected_per_mille = 0;
  more.events = plan.events + count;
  EventSource source(more);
  domain::Event event;
  for (std::uint64_t i = 0; i < plan.events; ++i) source.next(event);
  std::vector<domain::Event> events;
  std::vector<std::uint64_t> citizens;
  std::map<std::uint64_t, int> times;  // how often a citizen is among them
  const Instant now{std::chrono::duration_cast<std::chrono::milliseconds>(
                        std::chrono::system_clock::now().time_since_epoch())
                        .count()};
  while (source.next(event)) {
    event.source_system += "-NOW";
    event.event_id.bytes[0] ^= 0x55;
    event.occurred_at =
        now - std::chrono::milliseconds(static_cast<std::int64_t>(count - events.size()));
    event.recorded_at = event.occurred_at;
    events.push_back(event);
    citizens.push_back(source.citizen());
    ++times[source.citizen()];
  }

  Asker asker(options.gateway);
  // Known before, so that no question is asked between an event and its arrival.
  std::map<std::uint64_t, Watched> watched;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i % watch_every != 0) continue;
    std::uint64_t at = i;
    while (at < std::min(count, i + watch_every) && times[citizens[at]] != 1) ++at;
    if (at == std::min(count, i + watch_every)) continue;
    Watched w;
    w.key = to_hex(events[at].person_key.view());
    w.before = asker.events_of(w.key);
    watched.emplace(at, std::move(w));
  }

  bus::ClientOptions client;
  client.bootstrap_servers = kafka.bootstrap_servers;
  client.prefix = kafka.prefix;
  const auto publisher = need(bus::Publisher::open(client), "opening a publisher");
  EventRecord record;
  std::deque<Watched> waiting;
  std::vector<double> millis;
  std::uint64_t lost = 0;
  const auto start = steady_clock::now();
  std::uint64_t sent = 0;
  const auto due_at = [&](std::uint64_t number) {
    return start + std::chrono::microseconds(number * 1'000'000 /
                                             static_cast<std::uint64_t>(options.events_per_second));
  };
  while (sent < count || !waiting.empty()) {
    while (sent < count && steady_clock::now() >= due_at(sent)) {
      const auto found = watched.find(sent);
      if (found != watched.end()) {
        found->second.sent = found->second.next_ask = steady_clock::now();
        waiting.push_back(found->second);
      }
      need(publisher->publish(record.of(events[sent]), {}), "publishing");
      ++sent;
    }
    // One question at a time, the longest unasked first; publishing comes before it.
    if (!waiting.empty() && waiting.front().next_ask <= steady_clock::now()) {
      Watched w = std::move(waiting.front());
      waiting.pop_front();
      if (asker.events_of(w.key) > w.before) {
        millis.push_back(seconds_since(w.sent) * 1000);
      } else if (seconds_since(w.sent) > 10) {
        ++lost;
      } else {
        w.next_ask = steady_clock::now() + kAskEvery;
        waiting.push_back(std::move(w));
      }
      continue;
    }
    if (sent == count && waiting.empty()) break;  // the last one sent was not watched
    auto wake = sent < count ? due_at(sent) : steady_clock::time_point::max();
    if (!waiting.empty()) wake = std::min(wake, waiting.front().next_ask);
    std::this_thread::sleep_until(wake);
  }
  const double seconds = seconds_since(start);
  need(publisher->flush(std::chrono::seconds(30)), "publishing");
  if (millis.empty()) die("none of the watched events was seen within 10 s");
  std::sort(millis.begin(), millis.end());
  const auto at = [&](double share) {
    return millis[static_cast<std::size_t>(share * static_cast<double>(millis.size() - 1))];
  };
  std::cout << nlohmann::json{{"events", sent},
                              {"events_per_second", static_cast<double>(sent) / seconds},
                              {"watched", millis.size()},
                              {"not_seen_within_10_s", lost},
                              {"questions", asker.asked()},
                              {"p50_ms", at(0.5)},
                              {"p90_ms", at(0.9)},
                              {"p99_ms", at(0.99)},
                              {"max_ms", millis.back()}}
                   .dump()
            << '\n';
  return 0;
}

}  // namespace kronika::bench
