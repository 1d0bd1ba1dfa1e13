#include "client_conf.h"
#include "stream_session.h"

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>
#include <utility>

#include <kronika/bus/errc.h>
#include <kronika/bus/task_runtime.h>
#include <kronika/store/errc.h>

namespace kronika::bus {
namespace {

using namespace std::chrono_literals;

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

/// Everything that a thread may still touch when the runtime has given up on it; shared with the
/// threads for that.
struct State {
  TaskSpec spec;
  RuntimeOptions options;
  std::vector<std::unique_ptr<StreamShared>> threads;
  mutable std::mutex mutex;
  std::condition_variable ended;
  int running = 0;               // guarded by mutex
  std::optional<Error> failure;  // guarded by mutex
};

void run_thread(const std::shared_ptr<State>& state, StreamShared& shared) {
  Result<void> r;
  auto backoff = 100ms;
  while (!shared.stop) {
    const auto begun = std::chrono::steady_clock::now();
    {
      StreamSession session(shared);
      r = session.run();
    }
    {
      const std::lock_guard lock(shared.mutex);
      shared.tasks.clear();
      shared.caught_up = false;
    }
    if (r && shared.again.exchange(false) && !shared.stop) continue;
    if (r || r.error().code.disposition() == Disposition::kFatal) break;
    if (shared.stop) {
      r = {};  // it was on its way out anyway; what is uncommitted comes again
      break;
    }
    shared.log("SESSION_RESTART", std::string(r.error().code.slug()) + ": " + r.error().context);
    if (std::chrono::steady_clock::now() - begun > 30s) backoff = 100ms;
    for (auto waited = 0ms; waited < backoff && !shared.stop; waited += 50ms) {
      std::this_thread::sleep_for(50ms);
    }
    backoff = std::min(backoff * 2, std::chrono::milliseconds(5000));
  }
  std::optional<Error> failure;
  {
    const std::lock_guard lock(state->mutex);
    if (!r && !state->failure) failure = state->failure = r.error();
    --state->running;
    state->ended.notify_all();
  }
  if (failure) {
    shared.log("STREAM_THREAD_FAILED", std::string(failure->code.slug()) + ": " + failure->context);
  }
  if (failure && state->options.on_failure) state->options.on_failure(*failure);
}

class Runtime final : public TaskRuntime {
 public:
  explicit Runtime(std::shared_ptr<State> state) : state_(std::move(state)) {
    state_->running = static_cast<int>(state_->threads.size());
    for (auto& shared : state_->threads) {
      std::thread([state = state_, &shared = *shared] { run_thread(state, shared); }).detach();
    }
  }
  ~Runtime() override {
    if (auto r = stop(5s); !r) return;  // the destructor's caller did not ask
  }

  Result<void> stop(std::chrono::milliseconds deadline) override {
    for (auto& shared : state_->threads) shared->stop = true;
    std::unique_lock lock(state_->mutex);
    // The threads are detached and share the state, because a hanging client must not hold up the
    // exit.
    if (!state_->ended.wait_for(lock, deadline, [&] { return state_->running == 0; })) {
      return fail(code(Errc::kShutdownDeadline), "a stream thread did not end in time");
    }
    if (state_->failure) return tl::unexpected(*state_->failure);
    return {};
  }

  std::optional<Error> failure() const override {
    const std::lock_guard lock(state_->mutex);
    return state_->failure;
  }

  RuntimeSnapshot snapshot() const override {
    RuntimeSnapshot s;
    s.last_turn = Instant::max();
    s.all_caught_up = true;
    for (const auto& shared : state_->threads) {
      const std::lock_guard lock(shared->mutex);
      s.tasks.insert(s.tasks.end(), shared->tasks.begin(), shared->tasks.end());
      s.store_stall_micros += shared->store_stall_micros;
      s.store_background_errors += shared->store_background_errors;
      s.last_turn = std::min(s.last_turn, Instant{shared->last_turn_ms});
      // A thread without partitions has nothing to catch up with.
      s.all_caught_up = s.all_caught_up && (shared->caught_up || shared->tasks.empty());
    }
    s.all_caught_up = s.all_caught_up && !s.tasks.empty();
    return s;
  }

 private:
  const std::shared_ptr<State> state_;
};

}  // namespace

Result<std::unique_ptr<TaskRuntime>> TaskRuntime::start(TaskSpec spec, RuntimeOptions options) {
  // A wrong property must be refused here and now, not retried in the background.
  if (auto conf = make_conf(options.client, {}); !conf) return tl::unexpected(conf.error());
  std::error_code ec;
  std::filesystem::create_directories(options.state_folder + "/" + spec.name, ec);
  if (ec) {
    return fail(store::code(store::Errc::kIo),
                "creating " + options.state_folder + "/" + spec.name + ": " + ec.message());
  }
  if (!options.memory) {
    options.memory =
        store::MemoryBudget::create(options.store_cache_bytes, options.store_memtables_bytes);
  }
  if (options.clock == nullptr) options.clock = &system_clock();
  if (options.install_crash_handler) FaultLog::install_handler();
  auto state = std::make_shared<State>();
  state->spec = std::move(spec);
  state->options = std::move(options);
  for (int i = 0; i < state->options.threads; ++i) {
    auto shared = std::make_unique<StreamShared>();
    shared->spec = &state->spec;
    shared->options = &state->options;
    shared->wall = state->options.clock;
    shared->instance = state->options.pod + "-" + std::to_string(i);
    state->threads.push_back(std::move(shared));
  }
  return std::make_unique<Runtime>(std::move(state));
}

int TaskRuntime::exit_code(const Result<void>& stopped) {
  return stopped ? 0 : exit_code(stopped.error());
}

int TaskRuntime::exit_code(const Error& error) {
  if (error.code == code(Errc::kConfig) || error.code == code(Errc::kTopicMismatch) ||
      error.code == code(Errc::kUnauthenticated)) {
    return 2;
  }
  if (error.code == code(Errc::kShutdownDeadline)) return 5;
  return error.code.slug().starts_with("store_") ? 4 : 3;
}

}  // namespace kronika::bus
