// process_* of Prometheus' own client libraries, which prometheus-cpp lacks.
#include <cstdint>
#include <dirent.h>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

#include <kronika/telemetry/service.h>

namespace kronika::telemetry {
namespace {

struct Stat {
  double cpu_seconds = 0, start_seconds_after_boot = 0, virtual_bytes = 0, resident_bytes = 0;
  double threads = 0;
};

// Fields 14, 15, 20, 22, 23, 24 of proc(5)'s stat. The second field, the program's name in
// brackets, may hold blanks, so counting starts after its last bracket, at field 3.
Stat read_stat() {
  std::ifstream in("/proc/self/stat");
  std::string line;
  std::getline(in, line);
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(line.substr(name_end + 1));
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const double page = static_cast<double>(sysconf(_SC_PAGESIZE));
  Stat stat;
  std::string field;
  for (int number = 3; number <= 24 && rest >> field; ++number) {
    if (number == 3) continue;  // the state is a letter
    const double value = std::stod(field);
    if (number == 14 || number == 15) stat.cpu_seconds += value / ticks;
    if (number == 20) stat.threads = value;
    if (number == 22) stat.start_seconds_after_boot = value / ticks;
    if (number == 23) stat.virtual_bytes = value;
    if (number == 24) stat.resident_bytes = value * page;
  }
  return stat;
}

double boot_time_seconds() {
  std::ifstream in("/proc/stat");
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("btime ", 0) == 0) return std::stod(line.substr(6));
  }
  return 0;
}

double open_files() {
  DIR* dir = opendir("/proc/self/fd");
  if (dir == nullptr) return 0;
  double n = -3;  // ".", ".." and the descriptor of this very listing
  while (readdir(dir) != nullptr) ++n;
  closedir(dir);
  return n;
}

double file_limit() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<double>(limit.rlim_cur) : 0;
}

}  // namespace

std::vector<Registration> register_process_metrics(Registry& registry) {
  std::vector<Registration> all;
  const auto add = [&](SampleKind kind, const char* name, const char* help, auto read) {
    all.push_back(registry.sampled(
        kind, name, help, [read] { return std::vector<Sample>{{.labels = {}, .value = read()}}; }));
  };
  using enum SampleKind;
  add(kCounter, "process_cpu_seconds_total", "User and system CPU time spent in seconds",
      [] { return read_stat().cpu_seconds; });
  add(kGauge, "process_resident_memory_bytes", "Resident memory size in bytes",
      [] { return read_stat().resident_bytes; });
  add(kGauge, "process_virtual_memory_bytes", "Virtual memory size in bytes",
      [] { return read_stat().virtual_bytes; });
  add(kGauge, "process_threads", "Number of threads of the process",
      [] { return read_stat().threads; });
  add(kGauge, "process_open_fds", "Number of open file descriptors", open_files);
  add(kGauge, "process_max_fds", "Largest number of open file descriptors allowed", file_limit);
  const double started = boot_time_seconds() + read_stat().start_seconds_after_boot;
  add(kGauge, "process_start_time_seconds", "Start time of the process since 1970 in seconds",
      [started] { return started; });
  return all;
}

}  // namespace kronika::telemetry
