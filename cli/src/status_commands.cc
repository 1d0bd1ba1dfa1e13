#include "commands.h"
#include "figures.h"
#include "gateway_client.h"
#include "log_scan.h"
#include "table.h"
#include "times.h"

#include <chrono>
#include <iostream>
#include <map>
#include <thread>

#include <nlohmann/json.hpp>

#include <kronika/base/clock.h>
#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/citizen_codec.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/domain/time.h>

namespace kronika::cli {
namespace {

using namespace std::chrono_literals;

// Reading more than this for a few counts would keep a newcomer waiting.
constexpr std::int64_t kMostLedgerEntries = 3'000'000;

std::string_view outcome_text(codec::LedgerOutcome outcome) {
  switch (outcome) {
    case codec::LedgerOutcome::kApplied:
      return "applied";
    case codec::LedgerOutcome::kDuplicate:
      return "duplicate";
    case codec::LedgerOutcome::kSuperseded:
      return "superseded";
    case codec::LedgerOutcome::kRejected:
      return "rejected";
    case codec::LedgerOutcome::kUnspecified:
      return "unspecified";
  }
  return "";
}

// What the ledger and the dead-letter topic say of the messages so far.
struct Books {
  bool counted = false;  ///< false: the ledger is too long to be read for a summary
  std::map<std::string, std::int64_t> outcomes;
  std::int64_t irregular = 0;
  std::int64_t unimplemented = 0;
  std::map<std::string, std::int64_t> refused;  ///< messages, by reason
  std::int64_t refused_count = 0;
  std::int64_t refused_at_edge = 0;
};

Result<Books> read_books(const Context& context) {
  Books books;
  auto done = scan_topics(context, {std::string(bus::kDeadLetter)},
                          [&](const bus::Record& record) -> Result<void> {
                            ++books.refused_count;
                            for (const bus::Header& h : record.headers) {
                              if (h.key == "kronika-dlq-stage" && h.value == "edge") {
                                ++books.refused_at_edge;
                              }
                              if (h.key == "kronika-dlq-reason")
                                ++books.refused[std::string(h.value)];
                            }
                            return {};
                          });
  if (!done) return tl::unexpected(done.error());
  const auto size = topic_size(context, std::string(bus::kLedger));
  if (!size) return tl::unexpected(size.error());
  books.counted = *size <= kMostLedgerEntries;
  if (!books.counted) return books;
  codec::LedgerEntry entry;
  done = scan_topics(context, {std::string(bus::kLedger)},
                     [&](const bus::Record& record) -> Result<void> {
                       const auto wire = bus::read_wire(record.value);
                       // MessageReceived, the edges' account, stands on the same topic.
                       if (!wire || wire->schema_id != codec::kLedgerEntrySchemaId) return {};
                       if (!codec::decode_ledger_entry(wire->message, entry)) return {};
                       if (entry.topic == bus::kDeadLetter) return {};  // counted above
                       ++books.outcomes[std::string(outcome_text(entry.outcome))];
                       books.irregular += entry.irregular ? 1 : 0;
                       books.unimplemented += entry.unimplemented ? 1 : 0;
                       return {};
                     });
  if (!done) return tl::unexpected(done.error());
  return books;
}

// A simulated citizen with a pathway, so that the first command to try finds somebody; empty: none.
std::string example_citizen(const Context& context) {
  std::string example;
  codec::CitizenRecord record;
  (void)scan_topics(context, {std::string(bus::kCitizenState)},
                    [&](const bus::Record& r) -> Result<void> {
                      if (!example.empty() || r.key.size() != 16 || r.tombstone) return {};
                      const auto wire = bus::read_wire(r.value);
                      if (!wire || !codec::decode_citizen(wire->message, record)) return {};
                      if (record.state.simulated && record.state.contacts.size() > 1 &&
                          !record.state.episodes.empty()) {
                        example = to_hex(r.key);
                      }
                      return {};
                    });
  return example;
}

grpc::Status get_status(GatewayClient& client, query::v1::Status& out) {
  return client.call(&query::v1::StatusService::Stub::GetStatus, client.status(),
                     query::v1::GetStatusRequest(), out);
}

std::int64_t behind(const query::v1::Status& status) {
  std::int64_t records = 0;
  for (const auto& p : status.positions()) {
    if (p.end_offset() > p.next_offset()) records += p.end_offset() - p.next_offset();
  }
  return records;
}

// A line a programme: a table of all states would not fit a screen.
void print_pathways(const Context& context, const query::v1::Status& status) {
  std::map<std::string, std::string> lines;
  for (const auto& c : status.pathways()) {
    std::string& line = lines[c.programme()];
    line += (line.empty() ? "" : ", ") + text_of(c.citizens()) + " " + c.state();
  }
  Table table({"programme", "citizens and states"});
  for (const auto& [programme, line] : lines) table.row({programme, line});
  if (!table.empty()) table.print(context.out, "    ");
}

// The view is complete when the citizen consumer has handled everything, and the view stands still
// at the end of every topic.
void wait_until_still(GatewayClient& client, int seconds, query::v1::Status& status,
                      grpc::Status& outcome) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  std::int64_t events = -1, citizens = -1;
  int still = 0;
  while (true) {
    status.Clear();
    outcome = get_status(client, status);
    if (outcome.ok()) {
      const bool same = behind(status) == 0 && status.pending_events() == 0 &&
                        status.awaiting_refold() == 0 && status.events() == events &&
                        status.citizens() == citizens;
      still = same ? still + 1 : 0;
      events = status.events();
      citizens = status.citizens();
      // Consumers commit each 100 ms by default; three quiet looks are ten commits.
      if (still >= 3) return;
    }
    if (std::chrono::steady_clock::now() >= until) return;
    std::this_thread::sleep_for(400ms);
  }
}

}  // namespace

int status(const Context& context) {
  GatewayClient client(context);
  query::v1::Status status;
  const grpc::Status outcome = get_status(client, status);
  if (!outcome.ok()) return report(context, outcome);
  if (context.json) {
    print_json(context, status);
    return kDone;
  }
  context.out << "kronika " << status.version() << ", rules generation " << status.rules().ordinal()
              << " (" << status.rules().hash() << ")\n"
              << grouped(status.events()) << " events, " << grouped(status.citizens())
              << " citizens (" << grouped(status.simulated_citizens()) << " simulated), "
              << grouped(status.reports()) << " reports\n";
  if (status.pending_events() > 0)
    context.out << grouped(status.pending_events()) << " events wait for the citizen consumer\n";
  if (status.awaiting_refold() > 0) {
    context.out << "at least " << grouped(static_cast<std::int64_t>(status.awaiting_refold()))
                << " citizens are still to be folded with these rules: states and figures are not "
                   "complete\n";
  }
  struct Topic {
    std::int64_t next = 0, end = 0;
    google::protobuf::Timestamp last;
    bool unknown_end = false;
  };
  std::map<std::string, Topic> topics;
  for (const auto& p : status.positions()) {
    Topic& t = topics[p.topic()];
    t.next += p.next_offset();
    t.end += p.end_offset();
    t.unknown_end = t.unknown_end || p.end_offset() < 0;
    if (p.last_record_time().seconds() > t.last.seconds()) t.last = p.last_record_time();
  }
  Table table({"topic", {"read", Table::kRight}, {"behind", Table::kRight}, "last record"});
  for (const auto& [name, t] : topics) {
    table.row({name, grouped(t.next), t.unknown_end ? "?" : grouped(t.end - t.next),
               t.last.seconds() == 0 ? "-" : local_text(t.last)});
  }
  table.print(context.out, "  ");
  print_pathways(context, status);
  return kDone;
}

int summary(const Context& context, int wait_seconds) {
  GatewayClient client(context);
  query::v1::Status status;
  grpc::Status outcome;
  wait_until_still(client, wait_seconds, status, outcome);
  if (!outcome.ok()) return report(context, outcome);
  const auto books = read_books(context);
  if (!books) return report(context, books.error());

  query::v1::GetIndicatorRequest request;
  const auto quarter = domain::quarter_of(domain::civil_date_of(SystemClock().now()));
  struct Shown {
    const char* id;
    std::string period;
  };
  const Shown shown[] = {{"I-01", domain::to_text(quarter)},
                         {"I-05", domain::to_text(quarter - 1) + "-R"},
                         {"I-12", domain::to_text(quarter - 1) + "-R"}};
  std::vector<query::v1::IndicatorTable> tables;
  for (const Shown& s : shown) {
    request.set_indicator(s.id);
    request.set_period(s.period);
    request.set_table("NATION");
    query::v1::IndicatorTable table;
    if (client
            .call(&query::v1::IndicatorService::Stub::GetIndicator, client.indicators(), request,
                  table)
            .ok()) {
      tables.push_back(std::move(table));
    }
  }

  if (context.json) {
    nlohmann::json all = {{"events", status.events()},
                          {"citizens", status.citizens()},
                          {"simulated_citizens", status.simulated_citizens()},
                          {"reports", status.reports()},
                          {"refused_messages", books->refused_count},
                          {"refused_by_reason", books->refused}};
    if (books->counted) {
      all["outcomes"] = books->outcomes;
      all["irregular"] = books->irregular;
      all["unimplemented"] = books->unimplemented;
    }
    context.out << all.dump() << '\n';
    return kDone;
  }

  std::ostream& out = context.out;
  out << "What came out\n"
      << "  " << grouped(status.events()) << " events accepted";
  if (books->counted) {
    for (const auto& [name, n] : books->outcomes) out << ", " << grouped(n) << ' ' << name;
    out << " (" << grouped(books->irregular) << " irregular, " << grouped(books->unimplemented)
        << " of types UNIMPLEMENTED in this build)";
  }
  out << "\n  " << grouped(books->refused_count)
      << " refused and kept as dead letters: " << grouped(books->refused_at_edge)
      << " messages at the edge, " << grouped(books->refused_count - books->refused_at_edge)
      << " events by the consumers\n";
  Table reasons({"reason", {"count", Table::kRight}});
  for (const auto& [reason, n] : books->refused) reasons.row({reason, grouped(n)});
  if (!reasons.empty()) reasons.print(out, "    ");
  out << "  " << grouped(status.citizens()) << " citizens, " << grouped(status.simulated_citizens())
      << " of them SIMULATED; pathways by state:\n";
  print_pathways(context, status);
  out << "    * suppressed: 1 to 4\n  " << grouped(status.reports())
      << " reports by municipalities and regions\n\nIndicators, whole nation, all programmes "
         "(live)\n";
  Table indicators({"indicator",
                    "title",
                    "period",
                    {"numerator", Table::kRight},
                    {"denominator", Table::kRight},
                    {"rate", Table::kRight},
                    {"median days", Table::kRight}});
  for (const auto& t : tables) {
    indicators.row({t.indicator(), t.title(), t.period(), text_of(t.total().numerator()),
                    text_of(t.total().denominator()), rate_text(t.total().rate(), t.rate_per()),
                    number(t.total().median())});
  }
  indicators.print(out, "  ");
  const config::Gateway& gateway = context.settings().gateway;
  const std::string example =
      status.citizens() > 100'000 ? std::string() : example_citizen(context);
  const std::string citizen = example.empty() ? "--cpr NUMBER" : "--key " + example;
  out << "\nTry next\n"
      << "  ./kronika citizen show " << citizen << "\n"
      << "  ./kronika citizen timeline " << citizen << "\n"
      << "  ./kronika indicator show I-01 --table REGION\n"
      << "  ./kronika report final --html --output final.html\n"
      << "  ./kronika dead-letters list     what was refused, and why\n"
      << "  ./kronika verify                recomputes everything from the log and compares\n"
      << "  grpcurl -plaintext " << gateway.address << ":" << gateway.port << " list\n";
  return kDone;
}

}  // namespace kronika::cli
