#include "client_watch.h"

#include <algorithm>
#include <charconv>
#include <mutex>
#include <utility>

#include <nlohmann/json.hpp>

namespace kronika::bus {
namespace {

using nlohmann::json;

std::mutex g_mutex;              // held while the watch is called, so that it may be taken away
ClientWatch* g_watch = nullptr;  // guarded by g_mutex

// A consumer's fetch is answered within fetch.wait.max.ms, whether there is something or not.
constexpr double kSilentSeconds = 4;

int on_stats(rd_kafka_t*, char* text, std::size_t bytes, void*) {
  take_statistics({text, bytes});
  return 0;  // the library frees the text
}

void on_error(rd_kafka_t*, int err, const char*, void*) {
  tell_error(static_cast<rd_kafka_resp_err_t>(err));
}

void read_brokers(const json& all, ClientStats& out) {
  std::optional<BrokerStats> bootstrap;
  for (const auto& [name, broker] : all.items()) {
    const std::string state = broker.value("state", "");
    const std::string source = broker.value("source", "");
    if (source == "logical")
      continue;  // the group's coordinator: a second way to one of the others
    BrokerStats b;
    b.up = state == "UP";
    b.silent_seconds = static_cast<double>(broker.value("rxidle", std::int64_t{0})) / 1e6;
    const auto rtt = broker.find("rtt");
    if (rtt != broker.end() && rtt->value("cnt", 0) > 0) {
      b.rtt_p99_seconds = static_cast<double>(rtt->value("p99", std::int64_t{0})) / 1e6;
    }
    const int id = broker.value("nodeid", -1);
    if (id < 0) {
      b.broker = "bootstrap";
      if (bootstrap) b.up = b.up || bootstrap->up;
      bootstrap = std::move(b);
      continue;
    }
    if (state == "INIT") continue;  // never needed by this client, so never asked
    b.broker = std::to_string(id);
    out.brokers.push_back(std::move(b));
  }
  if (out.brokers.empty() && bootstrap) out.brokers.push_back(std::move(*bootstrap));
}

void read_partitions(const json& topics, ClientStats& out) {
  for (const auto& [topic, about] : topics.items()) {
    const auto partitions = about.find("partitions");
    if (partitions == about.end()) continue;
    for (const auto& [number, p] : partitions->items()) {
      if (p.value("fetch_state", "") != "active") continue;
      PartitionStats read;
      const auto parsed =
          std::from_chars(number.data(), number.data() + number.size(), read.partition);
      read.topic = topic;
      read.high_watermark = p.value("hi_offset", std::int64_t{-1});
      read.last_stable_offset = p.value("ls_offset", std::int64_t{-1});
      const bool known = parsed.ec == std::errc() && read.partition >= 0 &&
                         read.high_watermark >= 0 && read.last_stable_offset >= 0;
      if (known) out.partitions.push_back(std::move(read));
    }
  }
}

}  // namespace

std::optional<ClientStats> parse_statistics(std::string_view text) {
  const json all = json::parse(text, nullptr, false);
  if (!all.is_object()) return std::nullopt;
  try {
    ClientStats out;
    out.client = all.value("name", "");
    out.queued_records = all.value("msg_cnt", std::uint64_t{0});
    if (const auto brokers = all.find("brokers"); brokers != all.end()) {
      read_brokers(*brokers, out);
    }
    if (const auto topics = all.find("topics"); topics != all.end()) {
      read_partitions(*topics, out);
    }
    return out;
  } catch (const json::exception&) {
    return std::nullopt;  // a field of another type than the library documents
  }
}

bool take_statistics(std::string_view text) {
  const auto stats = parse_statistics(text);
  if (!stats) return false;
  {
    const std::scoped_lock lock(g_mutex);
    if (g_watch != nullptr) g_watch->on_client_stats(*stats);
  }
  return std::any_of(stats->brokers.begin(), stats->brokers.end(), [](const BrokerStats& b) {
    return b.up && b.silent_seconds < kSilentSeconds;
  });
}

void add_statistics(Properties& own) {
  own.emplace_back("statistics.interval.ms", kStatsIntervalMs);
}

void watch_client(rd_kafka_conf_t* conf, bool errors) {
  rd_kafka_conf_set_stats_cb(conf, &on_stats);
  if (errors) rd_kafka_conf_set_error_cb(conf, &on_error);
}

void tell_error(rd_kafka_resp_err_t err) {
  const auto kind =
      err == RD_KAFKA_RESP_ERR__FATAL ? ClientErrorKind::kFatal : ClientErrorKind::kTransient;
  const std::scoped_lock lock(g_mutex);
  if (g_watch != nullptr) g_watch->on_client_error(kind, rd_kafka_err2name(err));
}

void tell_credentials(const std::optional<std::string>& fault) {
  const std::scoped_lock lock(g_mutex);
  if (g_watch != nullptr) g_watch->on_credentials(fault);
}

void set_client_watch(ClientWatch* watch) {
  const std::scoped_lock lock(g_mutex);
  g_watch = watch;
}

std::string client_library_version() { return rd_kafka_version_str(); }

}  // namespace kronika::bus
