// A real Kafka broker (one KRaft node) for a test: free loopback ports, its own data folder, gone
// with the object and with the test process. The jars are those that the set-up script fetched
// (var/kafka/lib); the environment variable KRONIKA_TEST_KAFKA_LIBS names another folder. An absent
// broker is a failure, never a skipped test.
//
//   auto broker = TestBroker::start();
//   ASSERT_TRUE(broker) << broker.error();
//   ClientOptions client{.bootstrap_servers = (*broker)->bootstrap_servers()};
//
// Thread: start it from the test's main thread.
#pragma once

#include "support/child_process.h"

#include <cstdint>
#include <memory>
#include <string>

#include <tl/expected.hpp>

namespace kronika::test_support {

class TestBroker {
 public:
  /// Returns when the broker accepts connections; about three seconds. The error is a sentence.
  [[nodiscard]] static tl::expected<std::unique_ptr<TestBroker>, std::string> start();
  ~TestBroker();

  [[nodiscard]] std::string bootstrap_servers() const;
  /// kill -9; the data stays.
  void kill();
  /// Starts it again on the same port and data.
  [[nodiscard]] tl::expected<void, std::string> restart();
  void pause();   ///< SIGSTOP
  void resume();  ///< SIGCONT
  /// Deletes the records below the offset, as somebody with too many rights could.
  [[nodiscard]] tl::expected<void, std::string> delete_records(const std::string& topic,
                                                               int partition, std::int64_t before);
  [[nodiscard]] std::string log_file() const;

 private:
  TestBroker(std::string class_path, std::string java);
  [[nodiscard]] tl::expected<void, std::string> launch();

  TempFolder folder_{"kronika-kafka"};
  const std::string class_path_;
  const std::string java_;
  int port_ = 0;
  int controller_port_ = 0;
  ChildProcess process_;
};

}  // namespace kronika::test_support
