// `kronika codes unknown`: an unknown code is kept and counted, never guessed; here it is visible,
// so that somebody can map it or tell the sender.
#include "commands.h"
#include "log_scan.h"
#include "unknown_code_report.h"

#include <kronika/bus/topics.h>
#include <kronika/refdata/loader.h>

namespace kronika::cli {

int codes_unknown(const Context& context) {
  const config::Settings& settings = context.settings();
  const auto rules = refdata::load(settings.reference.dir, settings.reference.organisations_file,
                                   settings.reference.generation);
  if (!rules) return report(context, rules.error());
  UnknownCodeReport codes(**rules);
  const auto done = scan_topics(
      context,
      {std::string(bus::kHenvisning), std::string(bus::kMaaling), std::string(bus::kForloeb)},
      [&codes](const bus::Record& record) -> Result<void> {
        codes.take(record.value);
        return {};
      });
  if (!done) return report(context, done.error());
  codes.print(context.json, context.out);
  return kDone;
}

}  // namespace kronika::cli
