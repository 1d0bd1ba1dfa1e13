#include "expect.h"

#include <algorithm>
#include <ostream>
#include <random>
#include <set>

#include <kronika/refdata/loader.h>
#include <kronika/scenario/errc.h>
#include <kronika/scenario/runner.h>

namespace kronika::scenario {
namespace {

using Order = std::vector<const Arrival*>;

struct Played {
  std::string name;
  Order order;
};

/// Shuffling by hand: std::shuffle gives each standard library its own order for one seed.
void shuffle(Order& order, std::mt19937_64& random) {
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[random() % i]);
  }
}

std::vector<Played> orders_of(const Scenario& scenario, const Options& options) {
  Order given;
  for (const Arrival& a : scenario.arrivals) given.push_back(&a);
  std::vector<Played> all{{"as given", given}};
  if (scenario.arrival_matters || given.empty()) return all;
  all.push_back({"reversed", {given.rbegin(), given.rend()}});
  Order twice;
  for (const Arrival* a : given) twice.insert(twice.end(), 2, a);
  all.push_back({"each message twice", twice});
  std::mt19937_64 random(options.seed);
  for (int i = 1; i <= options.shuffles; ++i) {
    Order shuffled = i % 2 == 0 ? twice : given;
    shuffle(shuffled, random);
    all.push_back(
        {"shuffle " + std::to_string(i) + " of seed " + std::to_string(options.seed), shuffled});
  }
  return all;
}

std::string text_of(const Quarantine& quarantine) {
  std::string text = "[";
  for (const auto& [line, reason] : quarantine) {
    text += (text.size() > 1 ? ", " : "") + std::to_string(line) + " " + reason;
  }
  return text + "]";
}

/// Who was received first decides conflicts, so counts belong to the given order alone.
void compare_counts(const Scenario& scenario, const World& world, Findings& findings) {
  Quarantine expected;
  for (const YAML::Node& q : scenario.quarantine) {
    expected.emplace(q["line"].as<int>(), q["reason"].as<std::string>());
  }
  if (expected != world.quarantine()) {
    findings.problems.push_back("quarantine: expected " + text_of(expected) + ", got " +
                                text_of(world.quarantine()));
  }
  const auto count = [&findings](const char* name, int wanted, int actual) {
    if (wanted == actual) return;
    findings.problems.push_back(std::string(name) + ": expected " + std::to_string(wanted) +
                                ", got " + std::to_string(actual));
  };
  count("duplicates", scenario.duplicates, world.duplicates());
  count("superseded", scenario.superseded, world.superseded());
}

void unique(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

Outcome play(const Scenario& scenario, const File& file, const domain::Fold& fold,
             const Options& options) {
  Outcome outcome{scenario.id, scenario.title, Status::kPass, {}, {}};
  for (const Arrival& a : scenario.arrivals) {
    // Replaced numbers never reach the fold: the journals are joined before (architecture A16).
    if (!a.refused && a.event.type() != domain::EventType::kCprReplaced &&
        !domain::Fold::handles(a.event.type())) {
      outcome.unimplemented.push_back("event " +
                                      std::string(domain::event_type_name(a.event.type())));
    }
  }
  for (const Played& played : orders_of(scenario, options)) {
    World world(file.rules, fold);
    world.receive(played.order);
    Findings findings;
    if (played.name == "as given") compare_counts(scenario, world, findings);
    for (const YAML::Node& check : scenario.checks) {
      compare_check(check, scenario, file, world, findings);
    }
    if (world.divergences() > 0) {
      findings.problems.emplace_back("the fast path gave another state than the refold");
    }
    outcome.unimplemented.insert(outcome.unimplemented.end(), findings.unimplemented.begin(),
                                 findings.unimplemented.end());
    if (findings.problems.empty()) continue;
    for (std::string& problem : findings.problems) {
      outcome.problems.push_back(played.name == "as given" ? std::move(problem)
                                                           : played.name + ": " + problem);
    }
    break;  // the first order that fails says enough
  }
  Findings tables;
  for (const YAML::Node& table : scenario.tables) compare_table(table, tables);
  outcome.problems.insert(outcome.problems.end(), tables.problems.begin(), tables.problems.end());
  unique(outcome.unimplemented);
  // An event without a fold explains any difference; it is named instead of failed.
  const bool blind = std::any_of(outcome.unimplemented.begin(), outcome.unimplemented.end(),
                                 [](const std::string& u) { return u.starts_with("event "); });
  if (!outcome.problems.empty() && !blind) {
    outcome.status = Status::kFail;
  } else if (!outcome.unimplemented.empty()) {
    outcome.status = Status::kUnimplemented;
  }
  return outcome;
}

}  // namespace

Result<std::vector<Outcome>> run_file(const std::string& path, const Options& options) {
  auto rules = refdata::load(options.reference_folder, options.organisations_file, 1);
  if (!rules) return tl::unexpected(rules.error());
  try {
    const File file = read_file(path, **rules);
    const domain::Fold fold(file.rules);
    std::vector<Outcome> outcomes;
    std::set<std::string> ids;
    for (const YAML::Node& node : file.scenarios) {
      const Scenario scenario = read_scenario(node, file);
      if (!ids.insert(scenario.id).second) throw FormError("id " + scenario.id + " stands twice");
      outcomes.push_back(play(scenario, file, fold, options));
    }
    return outcomes;
  } catch (const std::exception& e) {  // yaml-cpp throws, and so does the form
    return fail(code<Errc::kFile>(), path + ": " + e.what());
  }
}

int run_files(const std::vector<std::string>& paths, const Options& options, std::ostream& out) {
  int worst = 0;
  int passed = 0;
  int failed = 0;
  int unimplemented = 0;
  for (const std::string& path : paths) {
    const auto outcomes = run_file(path, options);
    if (!outcomes) {
      out << "ERROR " << outcomes.error().context << '\n';
      worst = 2;
      continue;
    }
    for (const Outcome& o : *outcomes) {
      const char* status = "PASS";
      switch (o.status) {
        case Status::kPass:
          ++passed;
          break;
        case Status::kFail:
          status = "FAIL";
          ++failed;
          worst = std::max(worst, 1);
          break;
        case Status::kUnimplemented:
          status = "UNIMPLEMENTED";
          ++unimplemented;
          break;
      }
      out << status << ' ' << o.id << ' ' << o.title << '\n';
      for (const std::string& u : o.unimplemented) out << "    UNIMPLEMENTED " << u << '\n';
      for (const std::string& p : o.problems) out << "    " << p << '\n';
    }
  }
  out << passed << " passed, " << failed << " failed, " << unimplemented
      << " not yet handled in full\n";
  return worst;
}

}  // namespace kronika::scenario
