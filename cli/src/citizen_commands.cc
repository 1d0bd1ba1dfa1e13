#include "citizen_name.h"
#include "commands.h"
#include "gateway_client.h"
#include "table.h"
#include "times.h"

#include <iostream>
#include <string>

namespace kronika::cli {
namespace {

using query::v1::Citizen;

// Fills what all citizen requests share; returns a sentence where the command line is not right.
template <class Request>
std::string fill(const CitizenOptions& options, Request& request) {
  if (std::string wrong = fill_citizen(options, *request.mutable_citizen()); !wrong.empty()) {
    return wrong;
  }
  return fill_clocks(options, request);
}

template <class List>
std::string joined(const List& list, const char* between = ", ") {
  std::string out;
  for (const auto& item : list) out += (out.empty() ? "" : between) + std::string(item);
  return out;
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string proposal_text(const query::v1::LevelExplanation& proposal) {
  if (proposal.ruleset_id().empty()) return "-";
  std::string out = proposal.proposed_level();
  for (const auto& output : proposal.outputs()) {
    if (output.name() != "proposed_level") out += ", " + output.name() + " " + output.value();
  }
  out += " (rules " + proposal.ruleset_id() + " " + proposal.ruleset_version() + ")";
  if (!proposal.missing().empty()) out += "; missing: " + joined(proposal.missing());
  return out;
}

void print_pathways(const Context& context, const Citizen& citizen) {
  if (citizen.pathways().empty()) {
    context.out << "\nNo pathway.\n";
    return;
  }
  context.out << "\nPathways\n";
  Table table(
      {"programme", "episode", "state", "since", "level", "wait since", "receiver", "ended"});
  for (const auto& p : citizen.pathways()) {
    table.row({p.programme(), std::to_string(p.episode()),
               p.state() + (p.outcome().empty() ? "" : " " + p.outcome()),
               p.has_state_since_time() ? local_date(p.state_since_time()) : "-",
               p.level() == 0 ? "-" : std::to_string(p.level()), or_dash(p.wait_clock()),
               or_dash(p.receiver()), or_dash(p.ended_on())});
  }
  table.print(context.out, "  ");
  for (const auto& p : citizen.pathways()) {
    const std::string name = "  " + p.programme() + "/" + std::to_string(p.episode()) + " ";
    if (!p.flags().empty()) context.out << name << "flags: " << joined(p.flags()) << '\n';
    if (!p.warnings().empty()) context.out << name << "warnings: " << joined(p.warnings()) << '\n';
    if (p.has_proposal() && !p.proposal().ruleset_id().empty()) {
      context.out << name << "proposed level: " << proposal_text(p.proposal()) << '\n';
    }
    for (const auto& t : p.transitions()) {
      context.out << name << local_text(t.time()) << "  " << t.row() << " -> " << t.state()
                  << (t.event_id().empty() ? "  (timer)" : "  event " + t.event_id()) << '\n';
    }
  }
}

void print_stays(const Context& context, const Citizen& citizen) {
  if (citizen.stays().empty()) return;
  context.out << "\nHospital stays\n";
  Table table({"start", "end", "contacts", "admission", "acute", "discharged alive", "KOL"});
  const auto yes = [](bool b) { return std::string(b ? "yes" : "no"); };
  for (const auto& s : citizen.stays()) {
    table.row({local_text(s.start_time()), s.has_end_time() ? local_text(s.end_time()) : "open",
               std::to_string(s.contacts()), yes(s.admission()), s.acute(),
               s.has_end_time() ? yes(s.discharged_alive()) : "-", yes(s.kol_stay())});
  }
  table.print(context.out, "  ");
}

void print_latest(const Context& context, const Citizen& citizen) {
  if (citizen.latest().empty()) return;
  context.out << "\nLatest values\n";
  Table table({"measure", {"value", Table::kRight}, "unit", "measured", "flags"});
  for (const auto& m : citizen.latest()) {
    table.row({m.measure_key(), m.value(), m.unit(), local_text(m.time()), joined(m.flags())});
  }
  table.print(context.out, "  ");
}

void print_unknown_codes(const Context& context, const Citizen& citizen) {
  if (citizen.unknown_codes().empty()) return;
  context.out << "\nUnknown codes of diagnoses and referrals (kept, of no effect)\n";
  Table table({"system", "code", {"times", Table::kRight}});
  for (const auto& unknown : citizen.unknown_codes()) {
    table.row({unknown.system(), unknown.code().empty() ? "further ones" : unknown.code(),
               grouped(unknown.count())});
  }
  table.print(context.out, "  ");
}

void print_citizen(const Context& context, const Citizen& citizen) {
  std::ostream& out = context.out;
  out << "Citizen " << citizen.person_key() << (citizen.simulated() ? "  (SIMULATED)" : "") << '\n';
  out << "  as of " << local_text(citizen.as_of_time());
  if (citizen.has_known_at_time()) out << ", as known on " << local_text(citizen.known_at_time());
  out << ", from " << grouped(citizen.event_count()) << " events\n  ";
  out << (citizen.sex() == "UNKNOWN" ? "sex unknown" : citizen.sex() == "MALE" ? "man" : "woman");
  if (citizen.has_age()) out << ", " << citizen.age() << " years";
  out << ", municipality " << or_dash(citizen.municipality()) << ", region "
      << or_dash(citizen.region());
  out << ", " << (citizen.deceased() ? "DECEASED" : "care setting " + citizen.care_setting())
      << '\n';
  if (!citizen.groups().empty()) {
    out << "  chronic groups: " << joined(citizen.groups())
        << (citizen.multimorbid() ? " (multimorbid)" : "") << '\n';
  }
  if (!citizen.coordination().tovholder().empty()) {
    out << "  tovholder: " << citizen.coordination().tovholder() << '\n';
  }
  if (!citizen.coordination().forloebskoordinator().empty()) {
    out << "  forloebskoordinator: " << citizen.coordination().forloebskoordinator() << '\n';
  }
  if (!citizen.flags().empty()) out << "  flags: " << joined(citizen.flags()) << '\n';
  print_pathways(context, citizen);
  print_stays(context, citizen);
  print_latest(context, citizen);
  const auto& odd = citizen.irregularities();
  if (odd.illegal_transitions() + odd.after_death() + odd.end_without_start() +
          odd.excluded_measurements() >
      0) {
    out << "\nEvents without effect: " << odd.illegal_transitions() << " illegal transitions, "
        << odd.after_death() << " after death, " << odd.end_without_start()
        << " ends without start, " << odd.excluded_measurements() << " excluded measurements\n";
  }
  print_unknown_codes(context, citizen);
  out << '\n' << citizen.notice() << '\n';
}

}  // namespace

std::string fill_citizen(const CitizenOptions& options, query::v1::CitizenName& name) {
  const int named = static_cast<int>(!options.cpr.empty()) +
                    static_cast<int>(!options.key.empty()) +
                    static_cast<int>(!options.identifier.empty());
  if (named != 1) {
    return "name the citizen by one of --cpr NUMBER, --key HEX or --identifier 'SYSTEM|VALUE'";
  }
  if (!options.cpr.empty()) name.set_cpr(options.cpr);
  if (!options.key.empty()) name.set_person_key(options.key);
  if (!options.identifier.empty()) {
    const std::size_t bar = options.identifier.rfind('|');
    if (bar == std::string::npos) return "--identifier is written SYSTEM|VALUE";
    name.mutable_identifier()->set_system(options.identifier.substr(0, bar));
    name.mutable_identifier()->set_value(options.identifier.substr(bar + 1));
  }
  return {};
}

int citizen_show(const Context& context, const CitizenOptions& options) {
  query::v1::GetCitizenRequest request;
  if (const std::string fault = fill(options, request); !fault.empty()) {
    return report(context, fault, kUsage);
  }
  request.set_with_transitions(options.transitions);
  GatewayClient client(context);
  Citizen citizen;
  const grpc::Status status = client.call(&query::v1::CitizenService::Stub::GetCitizen,
                                          client.citizens(), request, citizen);
  if (!status.ok()) return report(context, status);
  if (context.json) {
    print_json(context, citizen);
  } else {
    print_citizen(context, citizen);
  }
  return kDone;
}

int citizen_timeline(const Context& context, const CitizenOptions& options) {
  query::v1::ListTimelineRequest request;
  if (const std::string fault = fill(options, request); !fault.empty()) {
    return report(context, fault, kUsage);
  }
  GatewayClient client(context);
  query::v1::ListTimelineResponse all;
  do {
    query::v1::ListTimelineResponse page;
    const grpc::Status status = client.call(&query::v1::CitizenService::Stub::ListTimeline,
                                            client.citizens(), request, page);
    if (!status.ok()) return report(context, status);
    request.set_page_token(page.next_page_token());
    all.mutable_entries()->MergeFrom(page.entries());
  } while (!request.page_token().empty() &&
           (options.limit == 0 || all.entries_size() < options.limit));
  if (options.limit > 0 && all.entries_size() > options.limit) {
    all.mutable_entries()->DeleteSubrange(options.limit, all.entries_size() - options.limit);
  }
  if (context.json) {
    print_json(context, all);
    return kDone;
  }
  Table table({"when", "event", "what it says", "what it did"});
  for (const auto& e : all.entries()) {
    std::string effects;
    for (const auto& effect : e.effects()) {
      if (!effects.empty()) effects += "; ";
      if (!effect.programme().empty()) {
        effects += effect.programme() + "/" + std::to_string(effect.episode()) + " ";
      }
      effects += effect.row() + (effect.detail().empty() ? "" : " " + effect.detail());
    }
    if (e.status() != "EFFECTIVE") effects = e.status();
    table.row({e.date_only() ? local_date(e.occurred_time()) : local_text(e.occurred_time()),
               e.type() + (e.op() == "CREATE" ? "" : " " + e.op()), e.summary(), effects});
  }
  table.print(context.out);
  return kDone;
}

int citizen_measurements(const Context& context, const CitizenOptions& options) {
  query::v1::ListMeasurementsRequest request;
  if (const std::string fault = fill(options, request); !fault.empty()) {
    return report(context, fault, kUsage);
  }
  request.set_measure_key(options.measure);
  GatewayClient client(context);
  query::v1::ListMeasurementsResponse all;
  do {
    query::v1::ListMeasurementsResponse page;
    const grpc::Status status = client.call(&query::v1::CitizenService::Stub::ListMeasurements,
                                            client.citizens(), request, page);
    if (!status.ok()) return report(context, status);
    request.set_page_token(page.next_page_token());
    all.mutable_measurements()->MergeFrom(page.measurements());
  } while (!request.page_token().empty());
  if (context.json) {
    print_json(context, all);
    return kDone;
  }
  if (all.measurements().empty()) {
    context.out << "No " << options.measure << " is known of this citizen.\n";
    return kDone;
  }
  Table table({"when", {"value", Table::kRight}, "unit", "setting", "flags", "event"});
  for (const auto& m : all.measurements()) {
    table.row({m.date_only() ? local_date(m.time()) : local_text(m.time()), m.value(), m.unit(),
               or_dash(m.setting()), or_dash(joined(m.flags())), m.event_id()});
  }
  table.print(context.out);
  return kDone;
}

int citizen_explain(const Context& context, const CitizenOptions& options) {
  query::v1::ExplainLevelRequest request;
  if (const std::string fault = fill(options, request); !fault.empty()) {
    return report(context, fault, kUsage);
  }
  request.set_programme(options.programme);
  request.set_ruleset_version(options.ruleset_version);
  GatewayClient client(context);
  query::v1::LevelExplanation level;
  const grpc::Status status = client.call(&query::v1::CitizenService::Stub::ExplainLevel,
                                          client.citizens(), request, level);
  if (!status.ok()) return report(context, status);
  if (context.json) {
    print_json(context, level);
    return kDone;
  }
  std::ostream& out = context.out;
  out << "Proposed level " << level.proposed_level() << " by rule set " << level.ruleset_id() << ' '
      << level.ruleset_version() << (level.what_if() ? "  (WHAT-IF: not the version in force)" : "")
      << "\n  source: " << level.source() << '\n';
  for (const auto& output : level.outputs()) {
    out << "  " << output.name() << ": " << output.value() << '\n';
  }
  if (!level.inputs().empty()) {
    out << "Used\n";
    Table table({"measure", {"value", Table::kRight}, "unit", "measured", "event"});
    for (const auto& i : level.inputs()) {
      table.row(
          {i.measure_key(), i.value(), i.unit(), local_text(i.measured_time()), i.event_id()});
    }
    table.print(out, "  ");
  }
  if (!level.missing().empty()) out << "Missing or too old: " << joined(level.missing()) << '\n';
  out << "Axes\n";
  for (const auto& axis : level.axes()) out << "  " << axis.name() << ": " << axis.value() << '\n';
  return kDone;
}

}  // namespace kronika::cli
