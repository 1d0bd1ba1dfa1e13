#include "publish_command.h"

#include <iostream>
#include <unistd.h>

#include <kronika/publisher/publish.h>
#include <kronika/publisher/setup.h>

namespace kronika::cli {

int publish(const Context& context, const std::vector<std::string>& paths, bool strict) {
  const auto setup = publisher::PublishSetup::open(context.settings());
  if (!setup) return report(context, setup.error());
  publisher::PublishOptions options = (*setup)->options();
  options.paths = paths;
  options.strict = strict;
  options.input = &std::cin;
  options.progress = context.json || ::isatty(STDERR_FILENO) == 0 ? nullptr : &context.err;
  const publisher::PublishReport done = publisher::run_publish(options, (*setup)->tools());
  if (context.json) {
    publisher::print_json(done, context.out);
  } else {
    publisher::print_human(done, context.out);
  }
  return publisher::exit_code(done, strict);
}

}  // namespace kronika::cli
