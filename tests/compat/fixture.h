// What a release left behind, as files: every record of its topics, the groups' positions, and the
// stores of its tasks.
//
// - release.txt: lines for the release, the rules, the clock, where topics end, groups' positions.
// - log.bin: a topic after the other: text name, count(4), and of each record offset(8),
//   timestamp_ms(8), text key, has_value(1), text value, count(2) of headers, text name and text
//   value of each. A text is length(4) and bytes; all big-endian.
// - stores/TASK/PARTITION: RocksDB folders.
//
// For tests alone: what does not read back throws.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/bus/memory_log.h>
#include <kronika/domain/rules.h>

namespace kronika::compat {

struct Fixture {
  std::string release;
  domain::Generation generation;  ///< that its states were folded with
  Instant now;                    ///< its clock, when it ended
  std::shared_ptr<bus::MemoryLog> log;
};

/// Topics that fixtures hold, those without records too.
[[nodiscard]] std::vector<std::string> fixture_topics();
/// Without the stores: the drivers write those.
void write_fixture(const Fixture& fixture, const std::filesystem::path& folder);
[[nodiscard]] Fixture read_fixture(const std::filesystem::path& folder);

}  // namespace kronika::compat
