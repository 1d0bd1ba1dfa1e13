// Makes the fixture of a release: a deterministic run of the tasks over a log in memory, written to
// a folder with the stores that they leave. See README.md.
//
//   kronika-compat-fixture RELEASE FOLDER

#include "fixture.h"
#include "pathways.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>

#include <kronika/bus/task_test_driver.h>
#include <kronika/bus/topics.h>
#include <kronika/citizen/citizen_task.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/publication_codec.h>
#include <kronika/indicators/indicator_task.h>
#include <kronika/simulator/simulator.h>

namespace kronika::compat {
namespace {

using namespace citizen::testing;  // NOLINT: pathways and rules
using bus::MemoryLog;

constexpr std::uint32_t kSimulated = 50;

void append(MemoryLog& log, std::string_view topic, std::string key, std::string value,
            Instant at) {
  log.append(topic, 0, {0, at, std::move(key), std::move(value), {}});
}
void append(MemoryLog& log, const Event& e, Instant at) {
  append(log, domain::topic_of(e.type()), std::string(e.person_key.view()), bytes_of(e), at);
}
std::string wired(std::int32_t schema, std::string_view message) {
  std::string value;
  bus::append_wire_prefix(schema, value);
  return value += message;
}

/// Pathways with copies, revisions, cancellations, contradictions, bytes that nobody reads and a
/// replaced CPR number; and a small population with events of every programme.
void add_events(MemoryLog& log) {
  Instant at{kNow.ms - 1'000'000};
  const auto next = [&] { return Instant{at.ms += 1000}; };
  auto events = kol_pathways(3);
  const std::size_t ordinary = events.size();
  for (std::size_t i = 0; i < ordinary; i += 9) events.push_back(events[i]);
  for (std::size_t i = 4; i < ordinary; i += 17)
    events.push_back(version_of(events[i], 2, domain::Op::kCancel));
  for (std::size_t i = 6; i < ordinary; i += 13) {
    events.push_back(events[i]);
    events.back().residence_municipality = "0101";
  }
  events.push_back(event(20, "replace", 100, domain::CprReplaced{person(1)}));
  for (const Event& e : events) append(log, e, next());
  append(log, bus::kMaaling, std::string(person(3).view()), "garbage", next());
  append(log, bus::kMaaling, "nobody", "garbage", next());

  simulator::Options population;
  population.citizens = kSimulated;
  population.months = 5;
  population.seed = 6;
  population.end = kNow;
  population.person_key = [](std::string_view identifier) {
    PersonKey key;
    const std::uint64_t hash = domain::fact_hash("simulated", identifier);
    for (std::size_t i = 0; i < 16; ++i)
      key.bytes[i] = static_cast<std::uint8_t>(hash >> (8 * (i % 8)) ^ i);
    return key;
  };
  (void)simulator::simulate(*rules(), population, [&](const simulator::Arrival& arrival) {
    if (!arrival.event.person_key.is_zero()) append(log, arrival.event, next());
    return true;
  });
}

/// What edges, operators and publications write beside the events.
void add_others(MemoryLog& log) {
  domain::GoalProgressReported goal;
  goal.area = 2;
  goal.owner = "Sundhed";
  goal.measurable_target = "60 forløb";
  goal.status = domain::GoalStatus::kInProgress;
  Event report = event(0, "goal", 200, goal);
  report.person_key = {};
  append(log, bus::kRapport, report.sender_org, bytes_of(report), kNow);

  codec::MessageReceived received;
  received.sha256 = std::string(32, '\x11');
  received.message_id = "ADT-1";
  received.sender_org = "990000000000201";
  received.protocol = "hl7v2";
  received.door = "mllp";
  received.received_at = kNow;
  received.size_bytes = 300;
  received.events.push_back(
      {event(1, "f0", 0, domain::DiagnosisRecorded{}).event_id, "forloeb", 0, 0});
  received.refused.push_back({"CODE_UNKNOWN", 1});
  received.dead_letters.push_back({0, 0});
  std::string bytes;
  codec::encode_message_received(received, bytes);
  append(log, bus::kLedger, received.sha256, wired(codec::kMessageReceivedSchemaId, bytes), kNow);

  codec::AuditRecord audit;
  audit.time = kNow;
  audit.actor = "operator";
  audit.host = "host";
  audit.action = "dead-letter.open";
  audit.topic = "dead-letter";
  audit.purpose = "a fixture";
  bytes.clear();
  codec::encode_audit(audit, bytes);
  append(log, bus::kAudit, "operator", wired(codec::kAuditSchemaId, bytes), kNow);

  domain::Publication publication;
  publication.indicator = domain::Indicator::kI01Prevalence;
  publication.period = {*domain::parse_quarter("2025Q3"), false};
  publication.rules = rules()->generation;
  publication.as_of = publication.published_at = kNow;
  publication.cut.push_back({0, log.end(bus::kIndicatorState, 0)});
  domain::PublishedTable table;
  table.programme = "KOL";
  table.total.key = "TOTAL";
  table.total.numerator = {domain::FigureStatus::kShown, 5};
  table.rows.push_back(table.total);
  table.rows.back().key = "DK";
  publication.tables.push_back(table);
  append(log, bus::kPublikation,
         domain::publication_key(publication.indicator, publication.period, publication.revision),
         wired(codec::kPublicationSchemaId, codec::encode_publication(publication)), kNow);
}

void check(const Result<void>& done) {
  if (!done) throw std::runtime_error(done.error().context);
}

void run(const bus::TaskSpec& spec, const std::string& folder,
         const std::shared_ptr<MemoryLog>& log) {
  bus::TaskTestDriver::Options options;
  options.folder = folder;
  options.start = kNow;
  options.log = log;
  options.limits.max_records = 200;  // few transactions: a citizen's record is in the log once each
  auto driver = bus::TaskTestDriver::create(spec, options);
  if (!driver) throw std::runtime_error(driver.error().context);
  check((*driver)->run());
  check((*driver)->restart());  // everything is in files
}

/// Only what opening the store needs.
void strip(const std::filesystem::path& stores) {
  namespace fs = std::filesystem;
  std::vector<fs::path> superfluous;
  for (const auto& entry : fs::recursive_directory_iterator(stores)) {
    if (!entry.is_regular_file()) continue;
    const std::string name = entry.path().filename();
    if (name != "CURRENT" && !name.starts_with("MANIFEST-") && entry.path().extension() != ".sst")
      superfluous.push_back(entry.path());
  }
  for (const fs::path& file : superfluous) fs::remove(file);
}

void make(const std::string& release, const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder)) throw std::runtime_error(folder.string() + " exists");
  Fixture fixture{release, rules()->generation, kNow, std::make_shared<MemoryLog>(1)};
  add_events(*fixture.log);
  citizen::Options citizen;
  citizen.rules = rules();
  run(citizen::citizen_task_spec(citizen), (folder / "stores/citizen").string(), fixture.log);
  run(indicators::indicator_task_spec({}), (folder / "stores/indicators").string(), fixture.log);
  add_others(*fixture.log);
  write_fixture(fixture, folder);
  strip(folder / "stores");
}

}  // namespace
}  // namespace kronika::compat

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "kronika-compat-fixture RELEASE FOLDER\n";
    return 2;
  }
  try {
    kronika::compat::make(argv[1], argv[2]);
  } catch (const std::exception& e) {
    std::cerr << "kronika-compat-fixture: " << e.what() << '\n';
    return 1;
  }
  return 0;
}
