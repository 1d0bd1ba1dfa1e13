// What proves to the brokers who a client is: its certificate and key, the brokers' authority, its
// password. librdkafka reads the files when a client is made, so a client that runs for long is
// made anew when they change, and one whom the brokers turn away says so in one sentence.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <librdkafka/rdkafka.h>

#include <kronika/base/file_watch.h>
#include <kronika/base/result.h>
#include <kronika/bus/options.h>

namespace kronika::bus {

/// Thread: one at a time.
class CredentialWatch {
 public:
  /// Made before the client whose files it watches.
  explicit CredentialWatch(const ClientOptions& client);

  /// As often as one likes; looks every few seconds. True once when the files were replaced and a
  /// client can be made with them. Either way the process's ClientWatch is told.
  [[nodiscard]] bool renewed(std::chrono::steady_clock::time_point now);

 private:
  const ClientOptions client_;
  FileWatch files_;
  std::chrono::steady_clock::time_point next_look_{};
};

/// What an error callback heard about proving who we are. Thread: any.
class Refusal {
 public:
  explicit Refusal(const ClientOptions& client);

  /// Of every error that the client reports; keeps those that it is about.
  void note(rd_kafka_resp_err_t err, const char* reason);
  /// The brokers know no such user, or not by this password: trying again is of no use.
  [[nodiscard]] std::optional<Error> definite(std::string_view doing) const;
  /// `error`, or what was heard instead where it only says that nobody answered.
  [[nodiscard]] Error told(Error error, std::string_view doing) const;

 private:
  const std::string user_;
  mutable std::mutex mutex_;
  rd_kafka_resp_err_t err_ = RD_KAFKA_RESP_ERR_NO_ERROR;  // guarded by mutex_
  std::string reason_;                                    // guarded by mutex_
};

}  // namespace kronika::bus
