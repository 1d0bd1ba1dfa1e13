#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <mutex>
#include <poll.h>
#include <thread>
#include <unistd.h>

#include <kronika/telemetry/errc.h>
#include <kronika/telemetry/log.h>
#include <kronika/telemetry/shutdown.h>

namespace kronika::telemetry {
namespace {

// Process-wide, because signal handlers are. A pipe that is never drained: once asked for, a stop
// stays asked for.
std::atomic<bool> g_installed{false};
std::atomic<int> g_signals{0};
std::atomic<bool> g_hung_up{false};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);
int g_pipe[2] = {-1, -1};
struct sigaction g_old_term, g_old_int, g_old_pipe, g_old_hup;

void wake() {
  const int saved = errno;
  const char byte = 1;
  [[maybe_unused]] const auto written = write(g_pipe[1], &byte, 1);  // full means already readable
  errno = saved;
}

extern "C" void on_stop_signal(int number) {
  if (g_signals.fetch_add(1) > 0) _exit(128 + number);
  wake();
}

extern "C" void on_hangup(int) { g_hung_up = true; }

}  // namespace

Result<std::unique_ptr<Shutdown>> Shutdown::install() {
  if (g_installed.exchange(true)) {
    return fail(code<Errc::kSignals>(), "the stop signals are already handled by this process");
  }
  if (pipe2(g_pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
    g_installed = false;
    return fail(code<Errc::kSignals>(), "no file descriptor left for the stop signal");
  }
  g_signals = 0;
  g_hung_up = false;
  struct sigaction action{};
  action.sa_handler = on_stop_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, &g_old_term);
  sigaction(SIGINT, &action, &g_old_int);
  action.sa_handler = on_hangup;
  sigaction(SIGHUP, &action, &g_old_hup);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, &g_old_pipe);
  return std::unique_ptr<Shutdown>(new Shutdown());
}

Shutdown::~Shutdown() {
  sigaction(SIGTERM, &g_old_term, nullptr);
  sigaction(SIGINT, &g_old_int, nullptr);
  sigaction(SIGPIPE, &g_old_pipe, nullptr);
  sigaction(SIGHUP, &g_old_hup, nullptr);
  close(g_pipe[0]);
  close(g_pipe[1]);
  g_pipe[0] = g_pipe[1] = -1;
  g_installed = false;
}

bool Shutdown::requested() const { return wait_for(std::chrono::milliseconds(0)); }

bool Shutdown::hung_up() const { return g_hung_up.exchange(false); }

void Shutdown::request() { wake(); }

bool Shutdown::wait_for(std::chrono::milliseconds timeout) const {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waiting{g_pipe[0], POLLIN, 0};
    const int n = poll(&waiting, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
    if (n > 0) return true;
    if (n == 0) return false;
    if (errno != EINTR) return false;
  }
}

int Shutdown::fd() const { return g_pipe[0]; }

struct StopDeadline::Impl {
  std::mutex mutex;  // guards done
  std::condition_variable changed;
  bool done = false;
  std::thread watcher;
};

StopDeadline::StopDeadline(std::chrono::milliseconds limit) : impl_(std::make_unique<Impl>()) {
  impl_->watcher = std::thread([&impl = *impl_, limit] {
    std::unique_lock lock(impl.mutex);
    if (impl.changed.wait_for(lock, limit, [&] { return impl.done; })) return;
    log::error("STOP_DEADLINE", "the stop took longer than its deadline; nothing is lost",
               {{"duration_ms", limit.count()}});
    std::_Exit(kExitDeadline);
  });
}

StopDeadline::~StopDeadline() {
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->done = true;
  }
  impl_->changed.notify_all();
  impl_->watcher.join();
}

}  // namespace kronika::telemetry
