// Runs scenario files (the form is described at the top of tests/scenarios/golden.yaml) through the
// same checks, journal and fold as the citizen task, without Kafka:
//
//   for (auto& result : run_file(path, options).value()) ...     or run_files() for the command
//   line
//
// Each scenario is played in the given order of arrival and, unless arrival_matters, reversed, in
// seeded shuffles, and with every message sent twice; each time the fast path must give what a
// refold gives. Single-threaded.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include <kronika/base/result.h>

namespace kronika::scenario {

struct Options {
  std::string reference_folder = "data/reference";
  std::string organisations_file = "data/reference/organisations.csv";
  int shuffles = 5;
  std::uint64_t seed = 1;
};

enum class Status : std::uint8_t { kPass, kFail, kUnimplemented };

struct Outcome {
  std::string id;
  std::string title;
  Status status = Status::kPass;
  std::vector<std::string> problems;       ///< expectation, and what came instead
  std::vector<std::string> unimplemented;  ///< by name: "indicator I-24", "event CprReplaced"
};

/// Errors: kFile (unreadable, not YAML, or not of the form).
[[nodiscard]] Result<std::vector<Outcome>> run_file(const std::string& path,
                                                    const Options& options);

/// One line a scenario and its problems under it; 0, or 1 if one failed, 2 if a file is unusable.
[[nodiscard]] int run_files(const std::vector<std::string>& paths, const Options& options,
                            std::ostream& out);

}  // namespace kronika::scenario
