#include "citizen_name.h"
#include "commands.h"
#include "gateway_client.h"
#include "table.h"
#include "times.h"

#include <chrono>
#include <iostream>
#include <thread>

#include <kronika/domain/time.h>

namespace kronika::cli {
namespace {

using namespace std::chrono_literals;

/// Empty, or a sentence that says what is wrong with the text.
std::string fill_time(const std::string& option, const std::string& text, bool end,
                      google::protobuf::Timestamp* out) {
  if (const auto date = domain::parse_date(text)) {
    set_time(domain::start_of_day(end ? *date + 1 : *date), out);
    return {};
  }
  const auto instant = read_time(text);
  if (!instant) {
    return option + " is a date (2026-01-31) or an instant with offset (2026-01-31T10:00:00+01:00)";
  }
  set_time(*instant, out);
  return {};
}

std::string refused_text(const query::v1::MessageAccount& message) {
  std::string text;
  for (const auto& refused : message.refused()) {
    text += (text.empty() ? "" : " ") + refused.reason() + "=" + std::to_string(refused.facts());
  }
  return text;
}

/// "2 APPLIED, 1 DUPLICATE"
std::string fates(const query::v1::MessageAccount& message) {
  std::map<std::string, int> counts;
  for (const auto& event : message.events()) ++counts[event.outcome()];
  std::string text;
  for (const auto& [fate, n] : counts) {
    text += (text.empty() ? "" : ", ") + std::to_string(n) + " " + fate;
  }
  return text;
}

void print_message(std::ostream& out, const query::v1::MessageAccount& m) {
  out << (m.message_id().empty() ? "(without id)" : m.message_id()) << "  " << m.outcome() << '\n';
  if (m.outcome() != "UNANNOUNCED") {
    out << "  received " << local_text(m.received_time()) << " by " << m.door() << " as "
        << m.protocol() << " from "
        << (m.sender_org().empty() ? "an unnamed sender" : m.sender_org()) << ", "
        << grouped(static_cast<std::int64_t>(m.size_bytes())) << " bytes\n"
        << "  SHA-256 " << m.sha256() << '\n';
  }
  if (!m.replay_of().empty()) out << "  sent once more from dead letter " << m.replay_of() << '\n';
  if (m.refused_size() > 0) out << "  refused: " << refused_text(m) << '\n';
  for (const auto& letter : m.dead_letters()) {
    out << "  kept: kronika dead-letters show " << letter << '\n';
  }
  for (const auto& place : m.lost()) out << "  LOST: " << place << " is not on its topic\n";
  if (m.ignored() > 0) out << "  " << m.ignored() << " resources without an event\n";
  for (const auto& kind : m.ignored_by_name()) {
    out << "    " << kind.name() << "=" << kind.resources() << '\n';
  }
  Table table({"event", "place", "became", "effect"});
  for (const auto& event : m.events()) {
    std::string became = event.outcome();
    if (!event.reason().empty()) became += " " + event.reason();
    if (event.irregular()) became += ", irregular";
    if (event.unimplemented()) became += ", UNIMPLEMENTED type";
    std::string effect;
    for (const auto& e : event.effects()) {
      effect += (effect.empty() ? "" : "; ") + e.programme();
      if (e.episode() != 0) effect += " " + std::to_string(e.episode());
      effect += (e.programme().empty() ? "" : ": ") + e.row();
      if (!e.detail().empty()) effect += " (" + e.detail() + ")";
    }
    table.row({event.event_id().empty() ? "-" : event.event_id(), event.place(), became,
               effect.empty() ? "-" : effect});
  }
  if (!table.empty()) table.print(out, "  ");
}

}  // namespace

int message_show(const Context& context, const MessageOptions& options) {
  GatewayClient client(context);
  query::v1::FindMessagesRequest request;
  request.set_message_id(options.id);
  request.set_with_effects(true);
  query::v1::FindMessagesResponse response;
  const grpc::Status status = client.call(&query::v1::LedgerService::Stub::FindMessages,
                                          client.ledger(), request, response);
  if (!status.ok()) return report(context, status);
  if (response.messages().empty()) {
    return report(
        context,
        "no message of this id or hash was received since " + local_text(response.since_time()) +
            "; an edge that could not write to Kafka has told its sender to send it again",
        kNotDone);
  }
  if (context.json) {
    print_json(context, response);
    return kDone;
  }
  for (const auto& message : response.messages()) print_message(context.out, message);
  return kDone;
}

int message_list(const Context& context, const MessageOptions& options) {
  GatewayClient client(context);
  query::v1::FindMessagesRequest request;
  const CitizenOptions& c = options.citizen;
  const bool citizen = !c.cpr.empty() || !c.key.empty() || !c.identifier.empty();
  if ((!options.reason.empty() && citizen) ||
      (options.reason.empty() && options.sender.empty() && !citizen)) {
    return report(context,
                  "choose by --sender, by --reason, or by --cpr, --key or --identifier; --sender "
                  "goes with each",
                  kUsage);
  }
  if (options.reason.empty() && !citizen) {
    request.set_sender_org(options.sender);
  } else {
    request.set_from_sender_org(options.sender);
  }
  if (!options.reason.empty()) request.set_reason(options.reason);
  request.set_with_effects(options.effects);
  if (citizen) {
    if (const std::string wrong = fill_citizen(c, *request.mutable_citizen()); !wrong.empty()) {
      return report(context, wrong, kUsage);
    }
  }
  std::string wrong;
  if (!options.from.empty()) {
    wrong = fill_time("--from", options.from, false, request.mutable_from_time());
  }
  if (wrong.empty() && !options.to.empty()) {
    wrong = fill_time("--to", options.to, true, request.mutable_to_time());
  }
  if (!wrong.empty()) return report(context, wrong, kUsage);
  query::v1::FindMessagesResponse all;
  for (;;) {
    const int rest = options.limit > 0 ? options.limit - all.messages_size() : 1000;
    request.set_page_size(std::min(rest, 1000));
    query::v1::FindMessagesResponse page;
    const grpc::Status status =
        client.call(&query::v1::LedgerService::Stub::FindMessages, client.ledger(), request, page);
    if (!status.ok()) return report(context, status);
    for (auto& message : *page.mutable_messages()) all.add_messages()->Swap(&message);
    *all.mutable_since_time() = page.since_time();
    all.set_next_page_token(page.next_page_token());
    request.set_page_token(page.next_page_token());
    const bool enough = options.limit > 0 && all.messages_size() >= options.limit;
    if (enough || page.next_page_token().empty()) break;
  }
  if (context.json) {
    print_json(context, all);
    return kDone;
  }
  if (options.effects) {
    for (const auto& message : all.messages()) print_message(context.out, message);
    return kDone;
  }
  Table table({"received", "id", "sender", "door", "outcome", "refused", "events"});
  for (const auto& m : all.messages()) {
    const bool known = m.outcome() != "UNANNOUNCED";
    table.row({known ? local_text(m.received_time()) : "-",
               m.message_id().empty() ? (known ? m.sha256().substr(0, 12) : "-") : m.message_id(),
               m.sender_org().empty() ? "-" : m.sender_org(), known ? m.door() : "-", m.outcome(),
               refused_text(m), fates(m)});
  }
  if (!table.empty()) table.print(context.out, "  ");
  context.out << grouped(all.messages_size()) << " messages since " << local_text(all.since_time())
              << (all.next_page_token().empty() ? "\n" : "; there are more (--limit)\n");
  return kDone;
}

int reconcile(const Context& context, const ReconcileOptions& options) {
  GatewayClient client(context);
  query::v1::ReconcileRequest request;
  request.set_from_day(options.day.empty() ? options.from : options.day);
  request.set_to_day(options.day.empty() ? options.to : options.day);
  request.set_sender_org(options.sender);
  query::v1::Reconciliation answer;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(options.wait_seconds);
  for (;;) {
    answer.Clear();
    const grpc::Status status =
        client.call(&query::v1::LedgerService::Stub::Reconcile, client.ledger(), request, answer);
    const bool again = std::chrono::steady_clock::now() < until;
    if (!status.ok() && !(again && status.error_code() == grpc::StatusCode::UNAVAILABLE)) {
      return report(context, status);
    }
    std::uint64_t pending = 0;
    for (const auto& row : answer.rows()) pending += row.pending();
    if (!again || (status.ok() && pending == 0 && answer.not_compared() == 0)) break;
    std::this_thread::sleep_for(500ms);
  }
  const int exit_code = answer.adds_up() ? kDone : kNotDone;
  if (context.json) {
    print_json(context, answer);
    return exit_code;
  }
  const auto right = [](const char* title) { return Table::Column(title, Table::kRight); };
  Table table({"day", "sender", right("received"), right("accepted"), right("rejected"),
               right("published"), right("applied"), right("duplicate"), right("superseded"),
               right("rejected"), right("pending"), right("missing"), "adds up"});
  const auto text = [](std::uint64_t n) { return grouped(static_cast<std::int64_t>(n)); };
  for (const auto& row : answer.rows()) {
    table.row({row.day(), row.sender_org().empty() ? "-" : row.sender_org(), text(row.received()),
               text(row.accepted()), text(row.rejected()), text(row.published()),
               text(row.applied()), text(row.duplicate()), text(row.superseded()),
               text(row.events_rejected()), text(row.pending()),
               text(row.not_booked() + row.not_on_topic() + row.without_original() +
                    row.without_dead_letter()),
               row.adds_up() ? "yes" : "NO"});
  }
  if (!table.empty()) table.print(context.out);
  for (const auto& missing : answer.missing()) {
    context.out << missing.what() << ' ' << missing.place() << ", " << missing.day() << ", sender "
                << (missing.sender_org().empty() ? "unknown" : missing.sender_org()) << '\n';
  }
  if (answer.not_compared() > 0) {
    context.out << grouped(answer.not_compared()) << " events were not compared yet\n";
  }
  context.out << (answer.adds_up() ? "Everything adds up.\n" : "It does NOT add up.\n");
  return exit_code;
}

}  // namespace kronika::cli
