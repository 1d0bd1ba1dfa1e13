// A small consumer process for the broker tests: runs the toy task until SIGTERM.
// usage: toy-worker BOOTSTRAP PREFIX STATE_FOLDER POD THREADS SESSION_TIMEOUT_MS
#include "toy_task.h"

#include <cstdio>
#include <cstdlib>
#include <signal.h>
#include <thread>
#include <unistd.h>

#include <kronika/bus/task_runtime.h>

namespace {

volatile sig_atomic_t stopping = 0;

class PrintingProbe final : public kronika::bus::RuntimeProbe {
 public:
  explicit PrintingProbe(const char* pod) : pod_(pod) {}
  void on_log(std::string_view code, std::string_view text) override {
    const auto now = kronika::SystemClock().now().ms % 1'000'000;
    std::fprintf(stderr, "%ld %s %.*s %.*s\n", now, pod_, static_cast<int>(code.size()),
                 code.data(), static_cast<int>(text.size()), text.data());
  }

 private:
  const char* pod_;
};

}  // namespace

int main(int argc, char** argv) {
  using namespace kronika::bus;
  if (argc != 7) return 2;
  signal(SIGTERM, [](int) { stopping = 1; });
  PrintingProbe probe(argv[4]);
  RuntimeOptions options;
  options.client.bootstrap_servers = argv[1];
  options.client.prefix = argv[2];
  options.state_folder = argv[3];
  options.pod = argv[4];
  options.threads = std::atoi(argv[5]);
  options.session_timeout = std::chrono::milliseconds(std::atoi(argv[6]));
  options.transaction_timeout = std::chrono::milliseconds(10'000);
  options.probe = &probe;
  auto runtime = TaskRuntime::start(testing::toy_spec(), options);
  if (!runtime) return TaskRuntime::exit_code(runtime.error());
  while (stopping == 0 && !(*runtime)->failure()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  const auto stopped = (*runtime)->stop(std::chrono::seconds(20));
  if (!stopped) std::fprintf(stderr, "%s\n", stopped.error().context.c_str());
  std::fflush(stderr);
  _exit(TaskRuntime::exit_code(stopped));
}
