// Settings as text: what is in force, the commented file, the reference page. All from the one
// table. The command-line tool hands `kronika config ...` to run_config_command(). Thread: any.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include <kronika/config/load.h>

namespace kronika::config {

enum class Format : std::uint8_t {
  kTable,  ///< for a person: name, value, origin
  kJson,   ///< one object: {"kafka.partitions": {"value": "6", "origin": "default"}, ...}
  kEnv,    ///< KRONIKA_KAFKA_PARTITIONS='6', one a line, for a shell
};
[[nodiscard]] std::string print(const Loaded& loaded, Format format);

/// config/kronika.yaml: every setting with its default and explanation.
[[nodiscard]] std::string file_template();
/// docs/config.md.
[[nodiscard]] std::string reference_page();

/// `args` after "config": print [--json|--env|--template|--reference]. Returns the exit code.
int run_config_command(const Loaded& loaded, const std::vector<std::string>& args,
                       std::ostream& out, std::ostream& err);

}  // namespace kronika::config
