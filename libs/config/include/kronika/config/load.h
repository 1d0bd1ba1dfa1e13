// Reading settings: built-in default < file < environment KRONIKA_SECTION_KEY < flag
// --section.key=value.
//
//   int main(int argc, char** argv) {
//     auto loaded = config::load(config::source_of_process(argc, argv));
//     if (!loaded) { std::cerr << loaded.error().context << '\n'; return 2; }
//     if (loaded->check_only) return 0;                  // --check-config
//     const config::Settings& settings = loaded->settings;
//
// The file is the one named by --config FILE, else by KRONIKA_CONFIG, else config/kronika.yaml
// under KRONIKA_HOME (the working directory where unset) if there is one. Relative paths in any
// setting start at KRONIKA_HOME too. An unknown name, a value that does not fit and two that
// exclude each other are errors. Thread: at start, before there are others.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/base/result.h>
#include <kronika/config/settings.h>

namespace kronika::config {

struct Source {
  std::vector<std::string> args;                   ///< without the program's name
  std::map<std::string, std::string> environment;  ///< all of it; only KRONIKA_* is looked at
};
[[nodiscard]] Source source_of_process(int argc, char** argv);

/// One setting as it is in force.
struct Effective {
  std::string name;
  std::string value;
  std::string origin;  ///< "default", "config/kronika.yaml:12", "environment KRONIKA_DATA_DIR",
                       ///< "flag --data_dir"
};

struct Loaded {
  Settings settings;
  std::vector<Effective> effective;  ///< in the table's order
  std::vector<std::string> rest;     ///< arguments that are no settings, in order
  std::string file;                  ///< the file read; empty: none
  std::filesystem::path home;        ///< where relative paths start
  bool check_only = false;           ///< --check-config was given
  Source source;                     ///< what was read
};

/// Errors: config_file, config_unknown, config_malformed, config_contradiction; all mean exit
/// code 2. `rest` keeps an unknown option only when its name has no dot and is no setting
/// ("--json"); after "--" everything.
[[nodiscard]] Result<Loaded> load(const Source& source);

/// log.level as it is set now: the file is read again, environment and flags are those of the
/// start. Errors: as load().
[[nodiscard]] Result<std::string> log_level_now(const Loaded& loaded);

/// Hex hash of the values in force that shape behaviour, equal on all replicas of a rollout:
/// without instance, ports and folders. For kronika_config_info.
[[nodiscard]] std::string config_hash(const Loaded& loaded);

/// 32 bytes, from a file of 64 hex digits. Errors: config_secret (absent, readable by everyone,
/// malformed; the text names the file and never its content).
[[nodiscard]] Result<std::string> read_secret(const std::filesystem::path& file);

}  // namespace kronika::config
