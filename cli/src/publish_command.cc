#include "publish_command.h"

#include <iostream>
#include <unistd.h>

#include <kronika/edge/setup.h>
#include <kronika/publisher/publish.h>

namespace kronika::cli {

int publish(const Context& context, const std::vector<std::string>& paths, bool strict) {
  const config::Settings& settings = context.settings();
  const auto setup = edge::EdgeSetup::open(settings, "kronika-publish", nullptr,
                                           2 * settings.kafka.request_timeout);
  if (!setup) return report(context, setup.error());
  publisher::PublishOptions options;
  options.flush_timeout = 2 * settings.kafka.request_timeout;
  options.paths = paths;
  options.strict = strict;
  options.input = &std::cin;
  options.progress = context.json || ::isatty(STDERR_FILENO) == 0 ? nullptr : &context.err;
  const publisher::PublishReport done =
      publisher::run_publish(options, {(*setup)->tools(), (*setup)->options(), &(*setup)->clock()});
  if (context.json) {
    publisher::print_json(done, context.out);
  } else {
    publisher::print_human(done, context.out);
  }
  return publisher::exit_code(done, strict);
}

}  // namespace kronika::cli
