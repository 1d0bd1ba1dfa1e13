// kronika: the operator's and newcomer's tool. This file is the command line alone; each command
// lives in its own.
#include "commands.h"
#include "publish_command.h"
#include "report_command.h"
#include "simulate_command.h"

#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <kronika/config/print.h>
#include <kronika/scenario/runner.h>
#include <kronika/telemetry/log.h>

namespace {

using namespace kronika;  // NOLINT(google-build-using-namespace): the program's own wiring

constexpr const char* kFooter =
    "Every command takes --json. Settings: config/kronika.yaml, then KRONIKA_SECTION_KEY in the "
    "environment, then\n"
    "--section.key=value; `kronika config print` shows them.\n"
    "Exit codes: 0 done; 1 not done (refused, unknown, differences); 2 a wrong option or setting; "
    "3 Kafka or the\n"
    "gateway does not answer.";

void add_citizen(CLI::App& command, cli::CitizenOptions& o) {
  command.add_option("--cpr", o.cpr, "CPR number; hashed at the gateway, never stored");
  command.add_option("--key", o.key, "person key, 32 hex digits");
  command.add_option("--identifier", o.identifier,
                     "SYSTEM|VALUE of an identifier that the settings allow");
  command.add_option("--as-of", o.as_of,
                     "clinical time: a date (its end) or an instant with offset; default now");
  command.add_option("--known-at", o.known_at, "what was known then; default everything");
}

// What the command line asked for, once it has been read.
using Run = std::function<int(const cli::Context&)>;

struct Options {
  cli::CitizenOptions citizen;
  cli::IndicatorOptions indicator;
  cli::TablesOptions tables;
  cli::CellOptions cells;
  cli::PublicationOptions publication;
  cli::DeadLetterOptions dead_letters;
  cli::KeyOptions keys;
  cli::MessageOptions messages;
  cli::ReconcileOptions reconcile;
  cli::ReportOptions report;
  cli::VerifyOptions verify;
  cli::RulesOptions rules;
  int wait_seconds = 60;
  std::vector<std::string> paths;
  bool strict = false;
  cli::SimulateOptions simulate;
};

int play_scenarios(const cli::Context& context, const std::vector<std::string>& files) {
  scenario::Options options;
  options.reference_folder = context.settings().reference.dir;
  options.organisations_file = context.settings().reference.organisations_file;
  return scenario::run_files(files, options, context.out);
}

void citizen_commands(CLI::App& app, Options& o, Run& run) {
  CLI::App& citizen =
      *app.add_subcommand("citizen", "one citizen: state, timeline, measurements, level");
  citizen.require_subcommand(1);
  CLI::App& show =
      *citizen.add_subcommand("show", "pathways, stays, levels with their reasons, latest values");
  add_citizen(show, o.citizen);
  show.add_flag("--transitions", o.citizen.transitions, "also how each pathway came to its state");
  show.callback(
      [&] { run = [&](const cli::Context& c) { return cli::citizen_show(c, o.citizen); }; });
  CLI::App& timeline =
      *citizen.add_subcommand("timeline", "every event in clinical order, and what it did");
  add_citizen(timeline, o.citizen);
  timeline.add_option("--limit", o.citizen.limit, "entries at most; default all");
  timeline.callback(
      [&] { run = [&](const cli::Context& c) { return cli::citizen_timeline(c, o.citizen); }; });
  CLI::App& measurements = *citizen.add_subcommand("measurements", "the series of one measure");
  add_citizen(measurements, o.citizen);
  measurements.add_option("measure", o.citizen.measure, "measure key, e.g. SPO2")->required();
  measurements.callback([&] {
    run = [&](const cli::Context& c) { return cli::citizen_measurements(c, o.citizen); };
  });
  CLI::App& explain = *citizen.add_subcommand(
      "explain", "why this level is proposed; what another rule version would propose");
  add_citizen(explain, o.citizen);
  explain.add_option("programme", o.citizen.programme, "e.g. KOL")->required();
  explain.add_option("--rules", o.citizen.ruleset_version,
                     "another version of the rule set (what-if)");
  explain.callback(
      [&] { run = [&](const cli::Context& c) { return cli::citizen_explain(c, o.citizen); }; });
}

void indicator_commands(CLI::App& app, Options& o, Run& run) {
  CLI::App& indicator =
      *app.add_subcommand("indicator", "monitoring indicators, small counts suppressed");
  indicator.require_subcommand(1);
  CLI::App& show = *indicator.add_subcommand("show", "one table");
  show.add_option("indicator", o.indicator.indicator, "e.g. I-01")->required();
  show.add_option("--period", o.indicator.period,
                  "2025Q1, or 2025Q1-R for 12 months; default the current quarter");
  show.add_option("--table", o.indicator.table,
                  "NATION, REGION (default), MUNICIPALITY, LEVEL, EDUCATION, SEX, AGE_BAND, or "
                  "REGION_SEX and its like; of I-10 also REASON, of I-19 SET");
  show.add_option(
      "--by", o.indicator.by,
      "LEVEL, EDUCATION, SEX or AGE_BAND: of the nation, or with --table REGION of each "
      "region");
  show.add_option("--programme", o.indicator.programme, "default all together");
  show.add_flag("--all", o.indicator.all_rows, "also areas where nothing is counted");
  show.callback(
      [&] { run = [&](const cli::Context& c) { return cli::indicator_show(c, o.indicator); }; });
  CLI::App& list =
      *indicator.add_subcommand("list", "all indicators, and which this build computes");
  list.callback([&] { run = cli::indicator_list; });
  CLI::App& tables = *indicator.add_subcommand(
      "tables", "all tables of all indicators, as the gateway answers them: JSON, one a line");
  tables.add_option("--indicator", o.tables.indicators, "these alone, e.g. I-01 I-05");
  tables.add_option("--from", o.tables.from, "first quarter; default the current one");
  tables.add_option("--to", o.tables.to, "last quarter; default the current one");
  tables.callback(
      [&] { run = [&](const cli::Context& c) { return cli::indicator_tables(c, o.tables); }; });
  CLI::App& cells = *indicator.add_subcommand(
      "cells", "the exact cells behind all indicators, small counts included: JSON, one a line");
  cells.add_option("--events", o.cells.events,
                   "compute them from a file of `simulate --out` instead of reading Kafka");
  cells.add_option("--as-of", o.cells.as_of, "with --events: a date (its end) or an instant");
  cells.callback(
      [&] { run = [&](const cli::Context& c) { return cli::indicator_cells(c, o.cells); }; });
}

void report_commands(CLI::App& app, Options& o, Run& run) {
  CLI::App& reports = *app.add_subcommand(
      "report", "what organisations report, and the final report: Markdown, HTML or JSON");
  reports.require_subcommand(1);
  const auto add = [&](const char* name, const char* what, auto command) -> CLI::App& {
    CLI::App& sub = *reports.add_subcommand(name, what);
    CLI::Option* html = sub.add_flag("--html", o.report.html, "one HTML page");
    sub.add_flag("--markdown")->description("Markdown, which is the default")->excludes(html);
    sub.add_option("--output", o.report.output, "write to this file; default standard output");
    sub.add_option("--as-of", o.report.as_of,
                   "of the reports: a date (its end) or an instant with offset; default now");
    sub.add_option("--known-at", o.report.known_at, "what was known then; default everything");
    sub.callback([&o, &run, command] {
      run = [&o, command](const cli::Context& c) { return command(c, o.report); };
    });
    return sub;
  };
  constexpr const char* kOrganisation = "SOR id, or the code of a municipality or region";
  CLI::App& goals = add("goals", "the goal register: nine areas", cli::report_goals);
  goals.add_option("--org", o.report.organisation, std::string(kOrganisation) + "; default all");
  goals.add_option("--area", o.report.area, "1 to 9; default all");
  CLI::App& annual =
      add("annual", "the annual documentation of one organisation", cli::report_annual);
  annual.add_option("organisation", o.report.organisation, kOrganisation)->required();
  annual.add_option("--year", o.report.year, "default all");
  CLI::App& final_report =
      add("final", "the final report of seven sections, with computed figures", cli::report_final);
  final_report.add_option("--period", o.report.period,
                          "2026Q3; default the last quarter that has ended");
  final_report.add_option("--texts", o.report.texts,
                          "file with texts of your own, each under a heading such as: # 3a");
  final_report.add_option("--org", o.report.organisation,
                          std::string(kOrganisation) + ": its goals and answers; default all");
}

void publication_commands(CLI::App& app, Options& o, Run& run) {
  CLI::App& publication =
      *app.add_subcommand("publication", "figures as everyone may see them, under revisions");
  publication.require_subcommand(1);
  CLI::App& create =
      *publication.add_subcommand("create", "publishes a period that is over; at most daily");
  create.add_option("indicator", o.publication.indicator, "e.g. I-08, or all")->required();
  create.add_option("period", o.publication.period, "2025Q1, or 2025Q1-R for 12 months")
      ->required();
  create.callback([&] {
    run = [&](const cli::Context& c) { return cli::publication_create(c, o.publication); };
  });
  CLI::App& list = *publication.add_subcommand("list", "what is published");
  list.add_option("indicator", o.publication.indicator, "default all");
  list.add_option("period", o.publication.period, "default all");
  list.callback([&] {
    run = [&](const cli::Context& c) { return cli::publication_list(c, o.publication); };
  });
  CLI::App& show = *publication.add_subcommand("show", "one table of a publication");
  show.add_option("indicator", o.publication.indicator, "e.g. I-08")->required();
  show.add_option("period", o.publication.period, "2025Q1, or 2025Q1-R for 12 months")->required();
  show.add_option("--revision", o.publication.revision, "default the latest");
  show.add_option("--table", o.publication.table,
                  "NATION, REGION (default), MUNICIPALITY, LEVEL, EDUCATION, SEX, AGE_BAND");
  show.add_option("--programme", o.publication.programme, "default all together");
  show.add_flag("--all", o.publication.all_rows, "also areas where nothing is counted");
  show.callback([&] {
    run = [&](const cli::Context& c) { return cli::publication_show(c, o.publication); };
  });
}

void message_commands(CLI::App& app, Options& o, Run& run) {
  CLI::App& message = *app.add_subcommand("message", "where did my message go?");
  message.require_subcommand(1);
  CLI::App& show = *message.add_subcommand("show", "one message: its events and what they did");
  show.add_option("id", o.messages.id,
                  "as the sender named it (Bundle.id, MSH-10), or the SHA-256 of its bytes")
      ->required();
  show.callback(
      [&] { run = [&](const cli::Context& c) { return cli::message_show(c, o.messages); }; });
  CLI::App& list = *message.add_subcommand("list", "messages of a sender, a citizen, a reason");
  list.add_option("--sender", o.messages.sender, "SOR id; alone, or with one of the others");
  list.add_flag("--effects", o.messages.effects, "each with what its events did, as show does");
  list.add_option("--reason", o.messages.reason,
                  "of what was refused, e.g. CODE_UNKNOWN; or DUPLICATE, SUPERSEDED, IRREGULAR, "
                  "UNIMPLEMENTED");
  list.add_option("--cpr", o.messages.citizen.cpr, "CPR number; hashed at the gateway");
  list.add_option("--key", o.messages.citizen.key, "person key, 32 hex digits");
  list.add_option("--identifier", o.messages.citizen.identifier, "SYSTEM|VALUE");
  list.add_option("--from", o.messages.from, "received since: a date or an instant");
  list.add_option("--to", o.messages.to, "received until: a date (its end) or an instant");
  list.add_option("--limit", o.messages.limit, "at most, the oldest first; 0 all; default 50");
  list.callback(
      [&] { run = [&](const cli::Context& c) { return cli::message_list(c, o.messages); }; });
  CLI::App& reconcile = *app.add_subcommand(
      "reconcile",
      "by sender and day: is everything that was received and published accounted for?");
  reconcile.add_option("--day", o.reconcile.day, "civil date; default all days that are kept");
  reconcile.add_option("--from", o.reconcile.from, "first civil date");
  reconcile.add_option("--to", o.reconcile.to, "last civil date");
  reconcile.add_option("--sender", o.reconcile.sender, "SOR id; default all");
  reconcile.add_option("--wait", o.reconcile.wait_seconds,
                       "seconds to wait until nothing is pending and all was compared; default 0");
  reconcile.callback(
      [&] { run = [&](const cli::Context& c) { return cli::reconcile(c, o.reconcile); }; });
}

void log_commands(CLI::App& app, Options& o, Run& run) {
  CLI::App& codes = *app.add_subcommand("codes", "the codes that senders use");
  codes.require_subcommand(1);
  codes.add_subcommand("unknown", "codes that are in no table of the reference data, with counts")
      ->callback([&] { run = cli::codes_unknown; });

  CLI::App& topics = *app.add_subcommand("topics", "the topics on Kafka");
  topics.require_subcommand(1);
  topics.add_subcommand("create", "creates what is missing, then checks")->callback([&] {
    run = cli::topics_create;
  });
  topics.add_subcommand("check", "partition counts and settings")->callback([&] {
    run = cli::topics_check;
  });

  CLI::App& letters =
      *app.add_subcommand("dead-letters", "what was refused, why, and sending it once more");
  letters.alias("dead-letter");
  letters.require_subcommand(1);
  const auto choose = [&o](CLI::App& command) {
    command.add_option("--stage", o.dead_letters.stage, "edge, citizen, indicators");
    command.add_option("--reason", o.dead_letters.reason, "reason code, e.g. CODE_UNKNOWN");
    command.add_option("--sender", o.dead_letters.sender, "SOR id");
    command.add_option("--from", o.dead_letters.from, "refused since: a date or an instant");
    command.add_option("--to", o.dead_letters.to, "refused until: a date (its end) or an instant");
  };
  constexpr const char* kPurpose = "why, in your words, for the audit record";
  CLI::App& list = *letters.add_subcommand("list", "counts by reason, and the latest ones");
  choose(list);
  list.add_flag("--waiting", o.dead_letters.waiting,
                "those that were neither sent once more nor closed");
  list.add_option("--limit", o.dead_letters.limit, "how many of the latest; 0 all; default 20");
  list.callback([&] {
    run = [&](const cli::Context& c) { return cli::dead_letters_list(c, o.dead_letters); };
  });
  CLI::App& show = *letters.add_subcommand("show", "one dead letter");
  show.add_option("place", o.dead_letters.places, "PARTITION:OFFSET, as list shows it")
      ->required()
      ->expected(1);
  show.add_flag("--open", o.dead_letters.open,
                "open the sealed message with seal.key_file; it may hold a CPR number. Audited");
  show.add_option("--purpose", o.dead_letters.purpose, kPurpose);
  show.callback([&] {
    run = [&](const cli::Context& c) { return cli::dead_letters_show(c, o.dead_letters); };
  });
  CLI::App& replay = *letters.add_subcommand(
      "replay", "sends letters once more, through the adapters as they are now");
  replay.add_option("place", o.dead_letters.places, "PARTITION:OFFSET of each; or choose by:");
  choose(replay);
  replay.add_flag("--dry-run", o.dead_letters.dry_run,
                  "say what would be accepted or refused; sends nothing");
  replay.add_flag("--again", o.dead_letters.again,
                  "also those that were accepted when sent once more before; changes nothing");
  replay.add_option("--purpose", o.dead_letters.purpose, kPurpose);
  replay.callback([&] {
    run = [&](const cli::Context& c) { return cli::dead_letters_replay(c, o.dead_letters); };
  });
  CLI::App& close = *letters.add_subcommand(
      "close", "nobody needs to look at them any more: the sender has sent it again, mended");
  close.add_option("place", o.dead_letters.places, "PARTITION:OFFSET of each; or choose by:");
  choose(close);
  close.add_flag("--dry-run", o.dead_letters.dry_run, "count them; closes nothing");
  close.add_option("--purpose", o.dead_letters.purpose, kPurpose)->required();
  close.callback([&] {
    run = [&](const cli::Context& c) { return cli::dead_letters_close(c, o.dead_letters); };
  });
}

void verify_command(CLI::App& app, Options& o, Run& run) {
  CLI::App& verify = *app.add_subcommand(
      "verify",
      "recomputes everything from the log and compares with states, cells and the gateway; with "
      "--rules: what other rules would change");
  verify.add_option("--max-differences", o.verify.max_differences,
                    "listed at most; with --rules rows of tables; default 20");
  CLI::Option* gateway =
      verify.add_flag("!--no-gateway", o.verify.gateway, "do not ask the gateway");
  CLI::Option* shared = verify.add_flag(
      "--shared-facts", o.verify.shared_facts,
      "list fact keys under two persons (K_TWO_PERSONS); takes memory for every fact");
  CLI::Option* rules =
      verify.add_option("--rules", o.rules.folder,
                        "a folder of reference data, or the word configured: this program with its "
                        "own settings. Says what a rollout would change; writes nothing");
  rules->excludes(gateway)->excludes(shared);
  verify
      .add_option("--generation", o.rules.generation,
                  "its number; default reference.generation + 1, of configured "
                  "reference.generation")
      ->needs(rules);
  verify
      .add_option("--organisations", o.rules.organisations,
                  "its register of organisations; default the settings' own")
      ->needs(rules);
  verify
      .add_option("--citizens", o.rules.citizens,
                  "write the person keys of those who change to this new file, readable by you "
                  "alone")
      ->needs(rules);
  verify
      .add_flag("--exact", o.rules.exact,
                "exact counts of people, and the cells; default rounded to five, or <5")
      ->needs(rules);
  verify.callback([&] {
    o.rules.max_rows = o.verify.max_differences;
    run = [&](const cli::Context& c) {
      return o.rules.folder.empty() ? cli::verify(c, o.verify) : cli::verify_rules(c, o.rules);
    };
  });
}

void key_commands(CLI::App& app, Options& o, Run& run) {
  CLI::App& keys = *app.add_subcommand("keys", "sealing keys, one a month");
  keys.require_subcommand(1);
  const auto add = [&](const char* name, const char* what, auto command) -> CLI::App& {
    CLI::App& sub = *keys.add_subcommand(name, what);
    sub.add_option("--file", o.keys.file, "file of keys; default seal.key_file");
    sub.callback(
        [&o, &run, command] { run = [&o, command](const auto& c) { return command(c, o.keys); }; });
    return sub;
  };
  add("list", "months that have a key, and until when", cli::keys_list);
  add("make", "makes the keys of the present month and the next where they are missing",
      cli::keys_make)
      .add_option("--months", o.keys.months, "beyond the present one; default 3")
      ->check(CLI::Range(0, 120));
  add("destroy", "forgets a month's key: its originals are erased, for ever", cli::keys_destroy)
      .add_option("month", o.keys.month, "a month that is over, e.g. 2026-08")
      ->required();
}

void other_commands(CLI::App& app, Options& o, Run& run) {
  CLI::App& publish = *app.add_subcommand("publish", "reads messages and publishes their events");
  publish.add_option("path", o.paths, "files, folders, or - for standard input")->required();
  publish.add_flag("--strict", o.strict, "a refused message makes the exit code non-zero");
  publish.callback(
      [&] { run = [&](const cli::Context& c) { return cli::publish(c, o.paths, o.strict); }; });
  CLI::App& simulate =
      *app.add_subcommand("simulate", "invented citizens and their events, marked as simulated");
  simulate.add_option("--citizens", o.simulate.citizens,
                      "size of the population; default sim.citizens");
  simulate.add_option("--months", o.simulate.months,
                      "months of history up to now; default sim.months");
  simulate.add_option("--seed", o.simulate.seed,
                      "the same seed gives the same people; default sim.seed");
  simulate.add_flag("--publish", o.simulate.publish, "publish the events");
  simulate.add_option("--out", o.simulate.out,
                      "write them to a file, one JSON object a line; - is standard output");
  simulate.add_option("--residents", o.simulate.residents,
                      "also write the resident counts that fit (gateway.residents_file); alone: "
                      "nothing else");
  simulate.callback(
      [&] { run = [&](const cli::Context& c) { return cli::simulate(c, o.simulate); }; });
  CLI::App& scenario = *app.add_subcommand("scenario", "plays scenario files; a line a scenario");
  scenario.add_option("file", o.paths, "scenario files")->required();
  scenario.callback(
      [&] { run = [&](const cli::Context& c) { return play_scenarios(c, o.paths); }; });
  app.add_subcommand("status", "how far the gateway has read, and what it holds")->callback([&] {
    run = cli::status;
  });
  CLI::App& summary =
      *app.add_subcommand("summary", "what came out of everything that was published");
  summary.add_option("--wait", o.wait_seconds,
                     "seconds to wait until everything published is visible; default 60");
  summary.callback(
      [&] { run = [&](const cli::Context& c) { return cli::summary(c, o.wait_seconds); }; });
}

}  // namespace

int main(int argc, char** argv) {
  const auto loaded = config::load(config::source_of_process(argc, argv));
  if (!loaded) {
    std::cerr << "kronika: " << loaded.error().context << '\n';
    return cli::kUsage;
  }
  if (loaded->check_only) return cli::kDone;
  // The configuration command reads its own arguments: `config print --env` feeds shell scripts.
  if (!loaded->rest.empty() && loaded->rest.front() == "config") {
    return config::run_config_command(*loaded, {loaded->rest.begin() + 1, loaded->rest.end()},
                                      std::cout, std::cerr);
  }
  telemetry::log::configure(
      {.component = "kronika", .level = telemetry::log::Level::kWarn, .fd = 2});

  CLI::App app("kronika: chronic-care pathways, from messages to answers", "kronika");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough();
  bool json = false;
  app.add_flag("--json", json, "one JSON object instead of text");
  app.add_subcommand("config",
                     "print [--json|--env|--template|--reference]: the settings in force");
  Options options;
  Run run;
  citizen_commands(app, options, run);
  indicator_commands(app, options, run);
  publication_commands(app, options, run);
  report_commands(app, options, run);
  message_commands(app, options, run);
  log_commands(app, options, run);
  verify_command(app, options, run);
  key_commands(app, options, run);
  other_commands(app, options, run);
  try {
    std::vector<std::string> arguments(loaded->rest.rbegin(), loaded->rest.rend());
    app.parse(arguments);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? cli::kDone : cli::kUsage;
  }
  const cli::Context context{*loaded, json, std::cout, std::cerr};
  try {
    return run(context);
  } catch (const std::exception& e) {
    return cli::report(context, e.what(), cli::kNotDone);
  }
}
