// The whole platform for a test: a real broker and the built programs, on free loopback ports with
// a data folder of their own, all gone with the object.
//
//   auto platform = Platform::start();
//   ASSERT_TRUE(platform) << platform.error();
//   EXPECT_EQ((*platform)->cli({"publish", "data/samples"}).code, 0);
//
// Thread: the test's main thread.
#pragma once

#include "support/child_process.h"
#include "support/test_broker.h"

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace kronika::test_support {

struct Answer {
  int code = -1;  ///< exit code; -1: ended by a signal or not in time
  std::string output;
};

class Platform {
 public:
  /// Broker, topics, both consumers and the gateway. `log_of()` names what each printed.
  [[nodiscard]] static tl::expected<std::unique_ptr<Platform>, std::string> start();

  /// Runs the command-line tool to its end.
  Answer cli(const std::vector<std::string>& args,
             std::chrono::seconds limit = std::chrono::seconds(120));
  /// Starts the command-line tool beside the test.
  ChildProcess cli_in_background(const std::vector<std::string>& args);

  /// "kronika-citizen", "kronika-indicators" or "kronika-gateway".
  void start_program(const std::string& name);
  void kill_program(const std::string& name);  ///< SIGKILL
  [[nodiscard]] bool running(const std::string& name);
  /// An environment variable of every program started from now on.
  void set(const std::string& name, const std::string& value) { environment_[name] = value; }
  [[nodiscard]] std::string log_of(const std::string& name) const;
  [[nodiscard]] TestBroker& broker() { return *broker_; }
  [[nodiscard]] const std::map<std::string, std::string>& environment() const {
    return environment_;
  }
  /// The page that Prometheus reads, of any program whose KRONIKA_..._METRICS_PORT is set.
  [[nodiscard]] std::string metrics_of(const std::string& name);

 private:
  Platform() = default;
  [[nodiscard]] std::string program(const std::string& name) const;

  TempFolder folder_{"kronika-platform"};
  std::unique_ptr<TestBroker> broker_;  // before the programs: they end first
  std::map<std::string, std::string> environment_;
  std::map<std::string, ChildProcess> programs_;
  int answers_ = 0;
};

/// The text of a file; empty where there is none.
[[nodiscard]] std::string read_file(const std::string& path);

}  // namespace kronika::test_support
