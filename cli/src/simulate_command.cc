#include "simulate_command.h"

#include "table.h"

#include <chrono>
#include <fstream>
#include <iostream>

#include <nlohmann/json.hpp>

#include <kronika/bus/publisher.h>
#include <kronika/codec/native_json.h>
#include <kronika/codec/person_hasher.h>
#include <kronika/domain/time.h>
#include <kronika/publisher/event_publisher.h>
#include <kronika/refdata/loader.h>
#include <kronika/simulator/simulator.h>

namespace kronika::cli {
namespace {

using namespace std::chrono_literals;

void print(const Context& context, const simulator::Summary& done,
           const simulator::ReportSummary& reports, const std::string& where,
           const std::string& example) {
  if (context.json) {
    nlohmann::json types = nlohmann::json::object();
    for (std::size_t t = 1; t < done.by_type.size(); ++t) {
      if (done.by_type[t] > 0) {
        types[std::string(domain::event_type_name(static_cast<domain::EventType>(t)))] =
            done.by_type[t];
      }
    }
    context.out << nlohmann::json{{"citizens", done.citizens},
                                  {"citizens_with_events", done.citizens_with_events},
                                  {"events", done.events},
                                  {"late", done.late},
                                  {"duplicates", done.duplicates},
                                  {"corrections", done.corrections},
                                  {"cancellations", done.cancellations},
                                  {"refusable", done.refusable},
                                  {"by_type", types},
                                  {"reports", reports.events},
                                  {"reporting_organisations", reports.organisations},
                                  {"example_person_key", example}}
                       .dump()
                << '\n';
    return;
  }
  const auto n = [](std::uint64_t v) { return grouped(static_cast<std::int64_t>(v)); };
  context.out << n(done.events) << " events of " << n(done.citizens_with_events)
              << " invented citizens (of a population of " << n(done.citizens) << ") " << where
              << "\n  " << n(done.late) << " late, " << n(done.duplicates) << " sent twice, "
              << n(done.corrections) << " corrected, " << n(done.cancellations) << " cancelled, "
              << n(done.refusable) << " with an impossible value\n"
              << n(reports.events) << " reports of " << n(reports.organisations)
              << " municipalities and regions\n";
  if (!example.empty()) {
    context.out << "  one of them: ./kronika citizen show --key " << example << '\n';
  }
}

}  // namespace

int simulate(const Context& context, const SimulateOptions& options) {
  const bool events = options.publish || !options.out.empty();
  if ((options.publish && !options.out.empty()) || (!events && options.residents.empty())) {
    return report(context,
                  "say where the events go: either --publish or --out FILE; --residents FILE alone "
                  "writes the resident counts that fit",
                  kUsage);
  }
  const config::Settings& settings = context.settings();
  const auto rules = refdata::load(settings.reference.dir, settings.reference.organisations_file,
                                   settings.reference.generation);
  if (!rules) return report(context, rules.error());

  simulator::Options how;
  const std::int32_t citizens = options.citizens.value_or(settings.sim.citizens);
  how.months = options.months.value_or(settings.sim.months);
  if (citizens < 1 || how.months < 1) {
    return report(context, "--citizens and --months are 1 or more", kUsage);
  }
  how.citizens = static_cast<std::uint32_t>(citizens);
  how.seed = options.seed.value_or(settings.sim.seed);
  how.end = SystemClock().now();
  if (!options.residents.empty()) {
    std::ofstream file(options.residents);
    simulator::write_residents(**rules, how, file);
    if (!file.flush().good()) return report(context, "cannot write " + options.residents, kNotDone);
    if (!events) {
      if (!context.json) context.out << "resident counts written to " << options.residents << '\n';
      return kDone;
    }
  }

  const auto hasher = codec::PersonHasher::from_file(settings.identity.secret_file);
  if (!hasher) return report(context, hasher.error());
  how.person_key = [&](std::string_view identifier) { return hasher->hash_cpr(identifier); };
  const auto example_of = [&](const simulator::Summary& done) {
    if (done.example_identifier.empty()) return std::string();
    return to_hex(hasher->hash_cpr(done.example_identifier).view());
  };

  if (!options.publish) {
    std::ofstream file;
    if (options.out != "-") file.open(options.out);
    std::ostream& out = options.out == "-" ? context.out : file;
    const simulator::Summary done =
        simulator::simulate(**rules, how, [&](const simulator::Arrival& arrival) {
          out << codec::write_native_json(arrival.event) << '\n';
          return out.good();
        });
    const simulator::ReportSummary reports =
        simulator::simulate_reports(**rules, how, [&](const simulator::Arrival& arrival) {
          out << codec::write_native_json(arrival.event) << '\n';
          return out.good();
        });
    if (!out.flush().good()) return report(context, "cannot write " + options.out, kNotDone);
    if (options.out != "-")
      print(context, done, reports, "written to " + options.out, example_of(done));
    return kDone;
  }

  auto bus = bus::Publisher::open(client_options(context));
  if (!bus) return report(context, bus.error());
  publisher::EventPublisher out(**bus);
  std::optional<Error> failure;
  const simulator::Summary done =
      simulator::simulate(**rules, how, [&](const simulator::Arrival& arrival) {
        if (auto sent = out.publish(arrival.event); !sent) failure = sent.error();
        return !failure;
      });
  const simulator::ReportSummary reports =
      simulator::simulate_reports(**rules, how, [&](const simulator::Arrival& arrival) {
        if (failure) return false;
        if (auto sent = out.publish(arrival.event); !sent) failure = sent.error();
        return !failure;
      });
  if (failure) return report(context, *failure);
  const auto totals = out.finish(60s);
  if (!totals) return report(context, totals.error());
  if (totals->failed > 0) return report(context, *totals->first_failure);
  print(context, done, reports, "published", example_of(done));
  return kDone;
}

}  // namespace kronika::cli
