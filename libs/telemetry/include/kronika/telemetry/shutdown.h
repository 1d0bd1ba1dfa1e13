// Stopping on SIGTERM or SIGINT, reading again on SIGHUP.
//
//   auto shutdown = Shutdown::install();       // first thing in main, before any thread
//   while (!shutdown->wait_for(100ms)) { ... }
//
// The first signal asks for a clean stop. A second one ends the process at once with 128 + signal
// number: nothing is lost by that, because correctness never needs a clean exit (architecture A5).
// SIGPIPE is ignored. Thread: install() once, from the main thread; the rest from any thread.
#pragma once

#include <chrono>
#include <memory>

#include <kronika/base/result.h>

namespace kronika::telemetry {

/// Exit codes of every program (docs/operations.md).
enum ExitCode : int {
  kExitClean = 0,
  kExitFailed = 1,         ///< the command-line tool: what was asked for did not succeed
  kExitConfiguration = 2,  ///< a setting refuses to start
  kExitKafka = 3,          ///< fatal Kafka error; a restart resumes from the last commit
  kExitStore = 4,          ///< store unusable, moved aside; rebuilt on the next start
  kExitDeadline = 5,       ///< shutdown did not finish in time
};

class Shutdown {
 public:
  /// Errors: signals (installed twice, or the system refused).
  [[nodiscard]] static Result<std::unique_ptr<Shutdown>> install();
  ~Shutdown();
  Shutdown(const Shutdown&) = delete;
  Shutdown& operator=(const Shutdown&) = delete;

  [[nodiscard]] bool requested() const;
  /// True once after a SIGHUP: what may change while the process runs is to be read again.
  [[nodiscard]] bool hung_up() const;
  /// Asks for the stop from inside, as a signal would (a fatal error in a worker thread, a test).
  void request();
  /// Waits until a stop is asked for or `timeout` has passed; returns requested().
  bool wait_for(std::chrono::milliseconds timeout) const;
  /// Becomes readable when a stop is asked for; for poll().
  [[nodiscard]] int fd() const;

 private:
  Shutdown() = default;
};

/// Ends the process with kExitDeadline where it outlives `limit`: a client that hangs must not hold
/// up the exit, and nothing is lost by leaving it (A5). Made when the stop begins, kept until the
/// end of main().
class StopDeadline {
 public:
  explicit StopDeadline(std::chrono::milliseconds limit);
  ~StopDeadline();
  StopDeadline(const StopDeadline&) = delete;
  StopDeadline& operator=(const StopDeadline&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kronika::telemetry
