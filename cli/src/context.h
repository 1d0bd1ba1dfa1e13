// What every command works with: the settings, where answers go, and how errors end the program.
#pragma once

#include <iosfwd>
#include <string>

#include <kronika/base/result.h>
#include <kronika/bus/options.h>
#include <kronika/bus/topic_admin.h>
#include <kronika/config/load.h>

namespace kronika::cli {

/// Documented in README.md and in --help.
enum Exit : int {
  kDone = 0,
  kNotDone = 1,  ///< what was asked for did not succeed: refused messages, differences, an unknown
                 ///< citizen
  kUsage = 2,    ///< a wrong option or setting
  kUnreachable = 3,  ///< Kafka or the gateway does not answer
};

struct Context {
  const config::Loaded& loaded;
  bool json = false;
  std::ostream& out;
  std::ostream& err;

  [[nodiscard]] const config::Settings& settings() const { return loaded.settings; }
};

/// Prints one sentence with its remedy and gives the exit code that belongs to the error.
int report(const Context& context, const Error& error);
int report(const Context& context, const std::string& sentence, int exit_code);

[[nodiscard]] bus::ClientOptions client_options(const Context& context);
[[nodiscard]] bus::TopicSettings topic_settings(const Context& context);

}  // namespace kronika::cli
