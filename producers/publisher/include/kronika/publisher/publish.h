// What `kronika publish PATH…|-` does: reads files, folders (recursively, in order of names) and
// standard input, sends each message through the edge (kronika/edge/edge.h) and reports its
// accounts. Use from one thread.
//
//   auto setup = edge::EdgeSetup::open(settings, "kronika-publish", nullptr);
//   PublishReport report = run_publish(options, {(*setup)->tools(), (*setup)->options(), &clock});
//   print_human(report, std::cout);                        // or print_json
//   return exit_code(report, options.strict);
#pragma once

#include <chrono>
#include <cstdint>
#include <istream>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/edge/edge.h>

namespace kronika::publisher {

struct PublishOptions {
  std::vector<std::string> paths;         ///< files, folders; "-" is `input`
  bool strict = false;                    ///< a refused message makes the exit code non-zero
  std::istream* input = nullptr;          ///< standard input
  std::ostream* progress = nullptr;       ///< one line, rewritten while it goes on; nullptr: none
  std::size_t max_refused_rows = 10'000;  ///< further refusals are counted without a row
  std::chrono::milliseconds flush_timeout{60'000};
};

/// What run_publish works with; all must outlive the call.
struct PublishTools {
  edge::Tools edge;
  edge::Options limits;
  const Clock* clock = nullptr;
};

struct RefusedRow {
  std::string file;      ///< as given, with "#2" for the second document of a stream
  std::string position;  ///< "entry[3] Observation/abc .valueQuantity.unit"
  std::string reason;    ///< "UNIT_UNKNOWN"
  std::string sentence;
};

struct PublishReport {
  std::uint64_t messages = 0;           ///< documents read
  std::uint64_t messages_accepted = 0;  ///< without any refusal
  std::uint64_t messages_refused = 0;   ///< with one or more; kept sealed in the dead-letter topic
  std::uint64_t events = 0;             ///< published
  std::uint64_t refused = 0;            ///< facts (or whole messages) refused
  std::uint64_t ignored = 0;            ///< resources without an event in the catalogue
  std::uint64_t skipped_files = 0;      ///< in folders: hidden files and *.md, *.txt
  /// Records that Kafka has: events, originals, dead letters, the ledger's.
  std::uint64_t acknowledged = 0;
  std::map<std::string, std::uint64_t> by_protocol;  ///< messages
  std::map<std::string, std::uint64_t> by_type;      ///< events
  std::map<std::string, std::uint64_t> by_reason;    ///< refused facts
  std::map<std::string, std::uint64_t> by_ignored;   ///< what was ignored, by name
  std::vector<RefusedRow> refused_rows;
  std::vector<std::string> failures;  ///< of files and of Kafka, a sentence each
};

/// Never throws. A file that cannot be read is a failure and the next one is taken; a Kafka failure
/// ends the run.
[[nodiscard]] PublishReport run_publish(const PublishOptions& options, const PublishTools& tools);

/// 0: everything was published, or refused by rule and kept. 1: strict, and something was refused.
/// 3: a file or Kafka failed (2 is a configuration that cannot be used).
[[nodiscard]] int exit_code(const PublishReport& report, bool strict);

/// The summary, then a row a refused message.
void print_human(const PublishReport& report, std::ostream& out);
/// One JSON object on one line.
void print_json(const PublishReport& report, std::ostream& out);

}  // namespace kronika::publisher
