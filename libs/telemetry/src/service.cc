#include "tls_page.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include <kronika/telemetry/log.h>
#include <kronika/telemetry/service.h>

namespace kronika::telemetry {
namespace {

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

void Loop::turned() const {
  if (state_) state_->last_turn_ms.store(now_ms(), std::memory_order_relaxed);
}

void Loop::ended() const {
  if (state_) state_->last_turn_ms.store(0, std::memory_order_relaxed);
}

struct Service::Impl {
  std::chrono::milliseconds loop_stall{};
  std::atomic<bool> started{false}, ready{false}, failed{false};
  std::mutex mutex;  // guards the next three
  std::vector<std::shared_ptr<Loop::State>> loops;
  std::vector<std::pair<std::string, std::function<Instant()>>> watched_loops;
  std::function<bool()> is_ready;  // empty once it has said yes
  // Destroyed in reverse: first the HTTP server, then the listings, then the registry they point
  // into.
  Registry registry;
  std::vector<Registration> registrations;
  std::unique_ptr<Exposer> exposer;

  // The loop that is furthest behind, by name.
  std::map<std::string, std::int64_t> last_turns() {
    const std::scoped_lock lock(mutex);
    std::map<std::string, std::int64_t> oldest;
    const auto take = [&](const std::string& name, std::int64_t turn) {
      if (turn == 0) return;
      const auto [at, is_new] = oldest.try_emplace(name, turn);
      if (!is_new) at->second = std::min(at->second, turn);
    };
    for (const auto& loop : loops) take(loop->name, loop->last_turn_ms.load());
    for (const auto& [name, last_turn] : watched_loops) take(name, last_turn().ms);
    return oldest;
  }

  bool ask_ready() {
    const std::scoped_lock lock(mutex);
    if (is_ready && is_ready()) {
      is_ready = nullptr;
      ready = true;
    }
    return ready;
  }

  bool live() {
    if (failed) return false;
    const auto limit = now_ms() - loop_stall.count();
    const auto turns = last_turns();
    return std::all_of(turns.begin(), turns.end(),
                       [&](const auto& t) { return t.second >= limit; });
  }
};

std::string_view version() { return KRONIKA_VERSION; }
std::string_view revision() { return KRONIKA_REVISION; }

Service::Service() : impl_(std::make_unique<Impl>()) {}
Service::~Service() { log::count_in(nullptr); }

Result<std::unique_ptr<Service>> Service::open(const ServiceInfo& info, const std::string& address,
                                               std::uint16_t port) {
  auto service = std::unique_ptr<Service>(new Service());
  Impl& impl = *service->impl_;
  impl.loop_stall = info.loop_stall;
  log::count_in(&impl.registry);

  Labels build{{"version", std::string(version())}, {"revision", std::string(revision())}};
  build.insert(build.end(), info.library_versions.begin(), info.library_versions.end());
  impl.registry.gauge("kronika_build_info", "Versions this process was built from; always 1", build)
      .set(1);
  impl.registry
      .gauge("kronika_config_info", "Hash of the effective settings; always 1",
             {{"hash", info.config_hash}})
      .set(1);

  impl.registrations = register_process_metrics(impl.registry);
  impl.registrations.push_back(impl.registry.sampled(
      SampleKind::kGauge, "kronika_loop_last_turn_timestamp_seconds",
      "When the loop of this name that is furthest behind last turned", [&impl] {
        std::vector<Sample> samples;
        for (const auto& [name, turn] : impl.last_turns()) {
          samples.push_back({{{"loop", name}}, static_cast<double>(turn) / 1000});
        }
        return samples;
      }));
  impl.registrations.push_back(impl.registry.sampled(
      SampleKind::kGauge, "kronika_health_serving", "Health by probe, 1 when serving", [&impl] {
        return std::vector<Sample>{{{{"service", "startup"}}, impl.started ? 1.0 : 0.0},
                                   {{{"service", "ready"}}, impl.ask_ready() ? 1.0 : 0.0},
                                   {{{"service", "live"}}, impl.live() ? 1.0 : 0.0}};
      }));

  impl.registrations.push_back(register_certificates(impl.registry, info.certificates));
  auto exposer = Exposer::open(impl.registry, address, port, info.page);
  if (!exposer) return tl::unexpected(exposer.error());
  impl.exposer = std::move(*exposer);
  return service;
}

Registry& Service::registry() { return impl_->registry; }
std::uint16_t Service::metrics_port() const { return impl_->exposer->port(); }

Loop Service::loop(const std::string& name) {
  auto state = std::make_shared<Loop::State>();
  state->name = name;
  const std::scoped_lock lock(impl_->mutex);
  impl_->loops.push_back(state);
  Loop loop(std::move(state));
  loop.turned();
  return loop;
}

void Service::watch_loop(const std::string& name, std::function<Instant()> last_turn) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->watched_loops.emplace_back(name, std::move(last_turn));
}

void Service::set_ready_when(std::function<bool()> is_ready) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->is_ready = std::move(is_ready);
}

void Service::set_started(bool started) { impl_->started = started; }
void Service::set_ready(bool ready) { impl_->ready = ready; }
void Service::set_failed() { impl_->failed = true; }
bool Service::started() const { return impl_->started; }
bool Service::ready() const { return impl_->ask_ready(); }
bool Service::live() const { return impl_->live(); }

}  // namespace kronika::telemetry
