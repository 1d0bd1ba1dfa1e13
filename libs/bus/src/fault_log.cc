#include "fault_log.h"

#include <array>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <signal.h>
#include <string_view>
#include <unistd.h>

namespace kronika::bus {
namespace {

struct Current {
  int fd = -1;
  int topic_index = 0;
  std::int64_t offset = 0;
  FaultLog::Stage stage = FaultLog::Stage::kProcess;
  bool alone = false;
  bool active = false;
};
thread_local Current current;

/// Formats without allocation: this runs inside a signal handler.
std::size_t format_line(const Current& c, char* out) {
  std::size_t n = 0;
  const auto number = [&](std::int64_t value) {
    char digits[20];
    std::size_t d = 0;
    do {
      digits[d++] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value > 0 && d < sizeof digits);
    while (d > 0) out[n++] = digits[--d];
  };
  const auto text = [&](const char* s) {
    while (*s != 0) out[n++] = *s++;
  };
  number(c.topic_index);
  text(" ");
  number(c.offset);
  text(c.stage == FaultLog::Stage::kProcess ? " process" : " flush");
  text(c.alone ? " alone\n" : " batch\n");
  return n;
}

void write_line(const Current& c) {
  char line[80];
  const std::size_t n = format_line(c, line);
  if (c.fd >= 0 && write(c.fd, line, n) < 0)
    return;  // the disk is gone too: nothing left to do here
}

extern "C" void kronika_on_crash(int signal_number) {
  if (current.active) write_line(current);
  ::signal(signal_number, SIG_DFL);
  ::raise(signal_number);
}

}  // namespace

FaultLog::FaultLog(std::string path) : path_(std::move(path)) {
  if (path_.empty()) return;
  load();
  fd_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

FaultLog::~FaultLog() {
  leave();
  if (fd_ >= 0) ::close(fd_);
}

void FaultLog::load() {
  std::ifstream in(path_);
  Fault f;
  std::string stage;
  std::string mode;
  while (in >> f.topic_index >> f.offset >> stage >> mode) {
    f.stage = stage == "flush" ? Stage::kFlush : Stage::kProcess;
    f.alone = mode == "alone";
    faults_.push_back(f);
  }
}

bool FaultLog::isolates_slow(int topic_index, std::int64_t offset) const {
  if (faults_.size() < 2) return false;
  for (const Fault& f : faults_) {
    if (f.topic_index == topic_index && f.offset == offset) return true;
    // A faulty flush may be any input's fault, up to where the named topic stood.
    if (f.stage == Stage::kFlush && (f.topic_index != topic_index || offset <= f.offset)) {
      return true;
    }
  }
  return false;
}

bool FaultLog::is_culprit(int topic_index, std::int64_t offset) const {
  for (const Fault& f : faults_) {
    if (f.alone && f.topic_index == topic_index && f.offset == offset) return true;
  }
  return false;
}

void FaultLog::enter(int topic_index, std::int64_t offset, Stage stage, bool alone) noexcept {
  current = {fd_, topic_index, offset, stage, alone, true};
}

void FaultLog::leave() noexcept { current.active = false; }

void FaultLog::failed() {
  faults_.push_back({current.topic_index, current.offset, current.stage, current.alone});
  if (current.active) write_line(current);
  leave();
}

void FaultLog::committed(const std::vector<std::int64_t>& next_offsets) {
  if (faults_.empty()) return;
  if (faults_.size() >= 2) {
    for (const Fault& f : faults_) {
      const auto index = static_cast<std::size_t>(f.topic_index);
      if (index < next_offsets.size() && next_offsets[index] <= f.offset)
        return;  // not yet past it
    }
  }
  faults_.clear();
  if (fd_ >= 0 && ::ftruncate(fd_, 0) != 0) return;  // stale lines isolate once more: harmless
}

void FaultLog::install_handler() {
  struct sigaction action{};
  action.sa_handler = kronika_on_crash;
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    sigaction(number, &action, nullptr);
  }
}

}  // namespace kronika::bus
