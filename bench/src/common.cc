#include "common.h"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <unistd.h>

namespace kronika::bench {

void die(std::string_view why) {
  std::cerr << "kronika-bench: " << why << '\n';
  std::exit(1);
}

Cost cost_of(pid_t pid) {
  const std::string folder = "/proc/" + (pid == 0 ? std::string("self") : std::to_string(pid));
  Cost cost;
  std::ifstream stat(folder + "/stat");
  std::string line;
  std::getline(stat, line);
  // proc(5): the program's name in brackets may hold blanks; user and system time are fields 14
  // and 15.
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return cost;
  std::istringstream fields(line.substr(name_end + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  cost.cpu_seconds = (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  std::ifstream status(folder + "/status");
  while (std::getline(status, line)) {
    const auto kib = [&] { return std::strtod(line.c_str() + line.find(':') + 1, nullptr) / 1024; };
    if (line.starts_with("VmRSS:")) cost.rss_mib = kib();
    if (line.starts_with("VmHWM:")) cost.rss_peak_mib = kib();
  }
  return cost;
}

}  // namespace kronika::bench
