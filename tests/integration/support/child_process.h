// A child process that a test starts, may kill, stop and continue, and that never outlives it.
// Thread: start it from the test's main thread: the kernel kills the child when the thread that
// started it ends.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include <kronika/base/result.h>

namespace kronika::test_support {

struct ChildOptions {
  std::string output_file;  ///< gets stdout and stderr; empty: the test's own
  std::map<std::string, std::string> environment;  ///< added to the test's
};

class ChildProcess {
 public:
  using Options = ChildOptions;
  ChildProcess() = default;
  /// `command[0]` is a path or is searched in PATH. Aborts the test process when fork fails.
  explicit ChildProcess(const std::vector<std::string>& command, const Options& options = {});
  ~ChildProcess();  ///< SIGKILL and wait
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;

  void signal(int number) const;  ///< nothing when it has ended
  void kill();                    ///< SIGKILL and wait
  [[nodiscard]] bool running();
  /// The wait status; nothing when it has not ended within `timeout`.
  [[nodiscard]] std::optional<int> wait(std::chrono::milliseconds timeout);
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  std::optional<int> status_;
};

/// A port on 127.0.0.1 that nobody listens on now.
[[nodiscard]] int free_port();

/// A folder under the system's temporary folder, removed with everything in it.
class TempFolder {
 public:
  explicit TempFolder(const std::string& name);
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace kronika::test_support
