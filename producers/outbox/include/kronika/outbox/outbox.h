// A durable queue of messages to kronika.
//
//   auto outbox = Outbox::open({.file = "/var/lib/epj/kronika.db", .target =
//   "edge.example:50061"});
//   (*outbox)->start([](const Answer& a) { ... });      // an answer a message, from its own thread
//   auto ok = (*outbox)->put({.id = "ADT-4711", .citizen = "patient 17", .message = bytes});
//   ...
//   (*outbox)->stop();                                  // what has no answer is sent after restart
//
// Guarantees: put() returns true once the message is on disk; it is sent until kronika answers, at
// least once; messages of one `citizen` are sent one after the other in the order they were put,
// each when the one before has its answer. `citizen` is any name that the sender has for the person
// (or the unit that must stay in order); it stays on the sender's disk.
//
// An answer is final also where it says refused: the same bytes would be refused again. "Try again"
// (Kafka away, edge busy, no connection) is retried after a random pause of up to first_retry,
// doubled each time up to longest_retry. A message that the edge can never take (too large) is
// given up as kUnsendable, and the citizen's next one goes on.
//
// Thread-safe. Several processes may put; one may send.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <kronika/base/result.h>
#include <kronika/outbox/errc.h>

namespace kronika::outbox {

struct Options {
  std::filesystem::path file;
  std::string target;  ///< host:port of kronika-edge-grpc
  /// PEM texts. With `root_certificates` the channel is TLS; with the other two the sender shows a
  /// certificate of its own. All empty: plaintext, for a loopback address or a proxy beside it.
  std::string root_certificates{}, certificate{}, private_key{};
  std::chrono::milliseconds call_timeout{15'000};
  std::chrono::milliseconds first_retry{500};
  std::chrono::milliseconds longest_retry{60'000};
  std::size_t in_flight = 32;  ///< messages sent side by side, of as many citizens
  /// Ids of answered messages are known for so long; the bytes go with the answer.
  std::chrono::hours keep_answered{24 * 30};
};

struct Message {
  std::string id;  ///< the sender's own; the same id is the same message
  std::string citizen;
  std::string message;   ///< the bytes, as docs/messages.md knows them
  std::string source{};  ///< shown to people who look for a refusal; no patient data
};

enum class Verdict : std::uint8_t { kWaiting, kAccepted, kPartlyRefused, kRefused, kUnsendable };

struct Answer {
  std::string id;
  Verdict verdict = Verdict::kWaiting;
  std::string sha256;   ///< names the message in kronika (kronika message show)
  std::string reasons;  ///< "UNIT_MISSING entry[2] .valueQuantity", one a line
};

struct Counts {
  std::int64_t waiting = 0, accepted = 0, partly_refused = 0, refused = 0, unsendable = 0;
  std::int64_t oldest_waiting_ms = 0;  ///< age; 0: none waits
};

class Outbox {
 public:
  /// Errors: kStorage.
  [[nodiscard]] static Result<std::unique_ptr<Outbox>> open(const Options& options);
  virtual ~Outbox() = default;  ///< stops

  /// True: on disk now. False: this id is known already, nothing was added. Error: kStorage.
  [[nodiscard]] virtual Result<bool> put(const Message& message) = 0;
  /// The answer to `id`; kWaiting where there is none yet. Nothing: unknown.
  [[nodiscard]] virtual Result<std::optional<Answer>> answer(const std::string& id) = 0;
  [[nodiscard]] virtual Result<Counts> counts() = 0;

  /// `on_answer` is called after the answer is on disk; after a crash in between it is not called
  /// again, so ask answer() or counts() at the start. Errors: kTaken, kStorage.
  using OnAnswer = std::function<void(const Answer&)>;
  [[nodiscard]] virtual Result<void> start(OnAnswer on_answer = {}) = 0;
  /// Waits for the calls under way. Idempotent.
  virtual void stop() = 0;
  /// Why the last call had to be tried again; empty: none had to since it went well.
  [[nodiscard]] virtual std::string last_trouble() const = 0;
};

}  // namespace kronika::outbox
