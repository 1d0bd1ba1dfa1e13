// `kronika codes unknown`: an unknown code is kept and counted, never guessed; here it is visible,
// so that somebody can map it or tell the sender.
#include "commands.h"
#include "log_scan.h"
#include "table.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

#include <nlohmann/json.hpp>

#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/event_codec.h>
#include <kronika/domain/rules.h>
#include <kronika/refdata/loader.h>

namespace kronika::cli {
namespace {

/// Use, code system, code.
using Counts = std::map<std::tuple<std::string, std::string, std::string>, std::int64_t>;

class Collector {
 public:
  Collector(const domain::Rules& rules, Counts& counts) : rules_(rules), counts_(counts) {}

  void take(const domain::Event& event) {
    if (const auto* d = std::get_if<domain::DiagnosisRecorded>(&event.payload)) {
      diagnosis("diagnosis", d->code_system, d->code);
    } else if (const auto* r = std::get_if<domain::ReferralSent>(&event.payload)) {
      for (const domain::Coding& c : r->diagnosis_codes) diagnosis("referral", c.system, c.code);
    } else if (const auto* m = std::get_if<domain::MeasurementRecorded>(&event.payload)) {
      if (rules_.measure_code(m->code_system, m->code) == nullptr)
        ++counts_[{"measurement", m->code_system, m->code}];
    }
  }

 private:
  void diagnosis(const char* use, const std::string& system, const std::string& code) {
    found_.clear();
    rules_.find_diagnosis(system, code, found_);
    if (found_.empty()) ++counts_[{use, system, code}];
  }

  const domain::Rules& rules_;
  Counts& counts_;
  std::vector<const domain::DiagnosisRow*> found_;
};

}  // namespace

int codes_unknown(const Context& context) {
  const config::Settings& settings = context.settings();
  const auto rules = refdata::load(settings.reference.dir, settings.reference.organisations_file,
                                   settings.reference.generation);
  if (!rules) return report(context, rules.error());
  Counts counts;
  Collector collector(**rules, counts);
  domain::Event event;
  const auto done = scan_topics(
      context,
      {std::string(bus::kHenvisning), std::string(bus::kMaaling), std::string(bus::kForloeb)},
      [&](const bus::Record& record) -> Result<void> {
        const auto wire = bus::read_wire(record.value);
        if (wire && codec::decode_event(wire->message, event)) collector.take(event);
        return {};
      });
  if (!done) return report(context, done.error());

  std::vector<std::pair<Counts::key_type, std::int64_t>> rows(counts.begin(), counts.end());
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (context.json) {
    nlohmann::json all = nlohmann::json::array();
    for (const auto& [key, count] : rows) {
      const auto& [use, system, code] = key;
      all.push_back({{"use", use}, {"code_system", system}, {"code", code}, {"records", count}});
    }
    context.out << all.dump() << '\n';
    return kDone;
  }
  if (rows.empty()) {
    context.out << "Every code in the event topics is in a table of the reference data.\n";
    return kDone;
  }
  Table table({"use", "code system", "code", {"records", Table::kRight}});
  for (const auto& [key, count] : rows) {
    const auto& [use, system, code] = key;
    table.row({use, system, code, grouped(count)});
  }
  table.print(context.out);
  return kDone;
}

}  // namespace kronika::cli
