#include "ledger_service.h"

#include "page.h"
#include "text.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include <kronika/base/bytes.h>
#include <kronika/domain/time.h>
#include <kronika/gateway/errc.h>

namespace kronika::gateway {
namespace {

constexpr std::string_view kService = "kronika.query.v1.LedgerService";
constexpr std::size_t kMostMissing = 100;

using Effects = std::unordered_map<EventId, std::vector<domain::TraceStep>>;

std::string text_of(const RecordAt& at) {
  return std::string(topic_name(at.topic)) + "/" + std::to_string(at.partition) + "@" +
         std::to_string(at.offset);
}
std::string text_of(const codec::RecordPlace& place) {
  return std::to_string(place.partition) + ":" + std::to_string(place.offset);
}
std::string sender_text(std::uint64_t sender) {
  return sender == 0 ? std::string() : std::to_string(sender);
}
Instant instant_of(const google::protobuf::Timestamp& t) {
  return {t.seconds() * 1000 + t.nanos() / 1'000'000};
}

Ledger::Offsets handled_of(const View& view) {
  Ledger::Offsets offsets;
  for (const auto& [at, next] : view.handled()) offsets[{at.topic, at.partition}] = next;
  return offsets;
}

std::string_view outcome_of(const codec::MessageReceived& received) {
  if (received.refused.empty()) return received.events.empty() ? "IGNORED" : "ACCEPTED";
  return received.events.empty() ? "REFUSED" : "PARTLY";
}

void fill(const MessageAccount& account, query::v1::MessageAccount& out) {
  if (const auto& received = account.received) {
    out.set_message_id(received->message_id);
    out.set_sha256(to_hex(received->sha256));
    out.set_sender_org(received->sender_org);
    out.set_protocol(received->protocol);
    out.set_door(received->door);
    set_time(received->received_at, out.mutable_received_time());
    out.set_size_bytes(received->size_bytes);
    out.set_adapter_revision(received->adapter_revision);
    out.set_outcome(std::string(outcome_of(*received)));
    for (const auto& refused : received->refused) {
      auto& reason = *out.add_refused();
      reason.set_reason(refused.reason);
      reason.set_facts(refused.facts);
    }
    out.set_ignored(received->ignored);
    for (const auto& letter : received->dead_letters) out.add_dead_letters(text_of(letter));
    if (!received->replay_of.empty()) out.set_replay_of(text_of(received->replay_of.front()));
    out.set_traceparent(received->traceparent);
    if (received->has_original()) {
      out.set_original(text_of(RecordAt{kRawTopic, received->raw.partition, received->raw.offset}));
    }
    for (const RecordAt& lost : account.lost) out.add_lost(text_of(lost));
    for (const auto& ignored : received->ignored_by_name) {
      auto& kind = *out.add_ignored_by_name();
      kind.set_name(ignored.name);
      kind.set_resources(ignored.resources);
    }
  } else {
    out.set_outcome("UNANNOUNCED");
    if (!account.events.empty()) out.set_sender_org(sender_text(account.events.front().sender));
  }
  for (const EventAccount& event : account.events) {
    auto& one = *out.add_events();
    if (event.id != EventId{}) one.set_event_id(uuid_text(event.id));
    one.set_place(text_of(event.at));
    one.set_outcome(std::string(to_text(event.fate)));
    one.set_reason(event.reason);
    one.set_irregular(event.irregular);
    one.set_unimplemented(event.unimplemented);
  }
}

void fill(const DayRow& row, query::v1::SenderDay& out) {
  const SenderDay& c = row.counts;
  out.set_day(domain::to_text(row.day));
  out.set_sender_org(sender_text(row.sender));
  out.set_received(c.received);
  out.set_accepted(c.accepted);
  out.set_rejected(c.rejected);
  out.set_published(c.published);
  out.set_applied(c.applied);
  out.set_duplicate(c.duplicate);
  out.set_superseded(c.superseded);
  out.set_events_rejected(c.refused);
  out.set_pending(c.pending());
  out.set_irregular(c.irregular);
  out.set_unimplemented(c.unimplemented);
  out.set_not_booked(c.not_booked);
  out.set_not_on_topic(c.not_on_topic);
  out.set_without_original(c.without_original);
  out.set_without_dead_letter(c.without_letter);
  out.set_adds_up(c.adds_up());
}

}  // namespace

namespace {

/// The indices of reasons and citizens know days, and not who sent.
Result<void> keep_wanted(const query::v1::FindMessagesRequest& request, const Ledger::Range& range,
                         Ledger::Page& page) {
  if (request.has_message_id()) return {};
  const std::uint64_t sender = Ledger::sender_code(request.from_sender_org());
  if (sender == 0 && !request.from_sender_org().empty()) {
    return fail(code(Errc::kOrganisationMalformed), "from_sender_org is a SOR id");
  }
  std::erase_if(page.messages, [&](const MessageAccount& account) {
    const auto& received = account.received;
    if (received && (received->received_at < range.from || received->received_at >= range.to)) {
      return true;
    }
    if (sender == 0) return false;
    if (received) return Ledger::sender_code(received->sender_org) != sender;
    return account.events.empty() || account.events.front().sender != sender;
  });
  return {};
}

}  // namespace

LedgerService::LedgerService(const ServerOptions& options, const Services& services)
    : options_(options),
      services_(services),
      lookup_(options, services),
      find_(services.registry, kService, "FindMessages"),
      reconcile_(services.registry, kService, "Reconcile") {}

grpc::ServerUnaryReactor* LedgerService::FindMessages(grpc::CallbackServerContext* context,
                                                      const query::v1::FindMessagesRequest* request,
                                                      query::v1::FindMessagesResponse* response) {
  return serve(context, find_, options_,
               [&](const Budget& budget) { return find(*request, budget, *response); });
}

grpc::ServerUnaryReactor* LedgerService::Reconcile(grpc::CallbackServerContext* context,
                                                   const query::v1::ReconcileRequest* request,
                                                   query::v1::Reconciliation* response) {
  return serve(context, reconcile_, options_,
               [&](const Budget&) { return reconcile(*request, *response); });
}

Result<const Ledger*> LedgerService::ledger() const {
  if (auto ok = check_caught_up(services_); !ok) return tl::unexpected(ok.error());
  if (const Ledger* ledger = services_.view.ledger()) return ledger;
  return fail(code(Errc::kLedgerOff),
              "this gateway keeps no ledger: gateway.ledger_days is 0 in its settings");
}

Result<Ledger::Page> LedgerService::of_citizen(const Ledger& ledger,
                                               const query::v1::CitizenName& citizen,
                                               const Ledger::Range& range,
                                               const Ledger::Offsets& handled) const {
  const auto named = lookup_.person(citizen);
  if (!named) return tl::unexpected(named.error());
  // A replaced number's events stand on the topics under the old key, and count for the new one.
  std::set<PersonKey> keys{*named};
  if (const auto stored = lookup_.stored(*named)) {
    keys.insert(stored->person);
    const auto journal = services_.view.journal(stored->person);
    if (!journal) return tl::unexpected(journal.error());
    for (const auto& entry : *journal) {
      for (const auto& hop : entry.path) keys.insert(hop.person_key);
    }
  }
  std::vector<RecordAt> places;
  for (const PersonKey& key : keys) {
    const auto records = services_.view.records(key);
    if (!records) return tl::unexpected(records.error());
    places.insert(places.end(), records->begin(), records->end());
  }
  auto accounts = ledger.by_events(places, handled);
  if (!accounts) return tl::unexpected(accounts.error());
  const auto time = [](const MessageAccount& a) {
    return a.received ? a.received->received_at : Instant{};
  };
  std::erase_if(*accounts, [&](const MessageAccount& a) {
    return a.received && (time(a) < range.from || time(a) >= range.to);
  });
  std::sort(accounts->begin(), accounts->end(),
            [&](const MessageAccount& a, const MessageAccount& b) {
              return std::make_pair(time(a), a.at) < std::make_pair(time(b), b.at);
            });
  // Some hundred messages at most: the token is how many were given.
  const std::size_t first = range.after.size() == 4 ? read_be<std::uint32_t>(range.after, 0) : 0;
  Ledger::Page page;
  for (std::size_t i = first; i < std::min(accounts->size(), first + range.limit); ++i) {
    page.messages.push_back(std::move((*accounts)[i]));
  }
  if (first + range.limit < accounts->size()) {
    append_be(page.next, static_cast<std::uint32_t>(first + range.limit));
  }
  return page;
}

Result<Ledger::Page> LedgerService::page_of(const Ledger& ledger,
                                            const query::v1::FindMessagesRequest& request,
                                            const Ledger::Range& range,
                                            const Ledger::Offsets& handled) const {
  using By = query::v1::FindMessagesRequest;
  switch (request.by_case()) {
    case By::kMessageId:
      return ledger.by_message(request.message_id(), handled, range.limit);
    case By::kSenderOrg: {
      const std::uint64_t sender = Ledger::sender_code(request.sender_org());
      if (sender == 0) {
        return fail(code(Errc::kOrganisationMalformed), "sender_org is a SOR id");
      }
      return ledger.by_sender(sender, range, handled);
    }
    case By::kReason:
      return ledger.by_reason(request.reason(), range, handled);
    case By::kCitizen:
      return of_citizen(ledger, request.citizen(), range, handled);
    case By::BY_NOT_SET:
      break;
  }
  return fail(code(Errc::kMessageNotNamed),
              "name a message_id, a sender_org, a citizen or a reason");
}

Result<void> LedgerService::find(const query::v1::FindMessagesRequest& request,
                                 const Budget& budget,
                                 query::v1::FindMessagesResponse& response) const {
  const auto ledger = this->ledger();
  if (!ledger) return tl::unexpected(ledger.error());
  const auto size = page_size(request.page_size(), options_);
  if (!size) return tl::unexpected(size.error());
  Ledger::Range range;
  range.from = request.has_from_time() ? instant_of(request.from_time()) : (*ledger)->since();
  range.to = request.has_to_time() ? instant_of(request.to_time())
                                   : Instant{services_.clock.now().ms + 86'400'000};
  range.limit = *size;
  if (!request.page_token().empty()) {
    auto after = from_hex(request.page_token());
    if (!after) {
      return fail(code(Errc::kPageTokenInvalid),
                  "page_token is not one that this gateway gave; begin again without it");
    }
    range.after = std::move(*after);
  }
  auto page = page_of(**ledger, request, range, handled_of(services_.view));
  if (!page) return tl::unexpected(page.error());
  if (auto ok = keep_wanted(request, range, *page); !ok) return ok;
  for (const MessageAccount& account : page->messages) fill(account, *response.add_messages());
  if (!page->next.empty()) response.set_next_page_token(to_hex(page->next));
  set_time((*ledger)->since(), response.mutable_since_time());
  return request.with_effects() ? add_effects(*page, budget, response) : Result<void>();
}

Result<void> LedgerService::add_effects(const Ledger::Page& page, const Budget& budget,
                                        query::v1::FindMessagesResponse& response) const {
  std::map<PersonKey, Effects> effects;
  for (std::size_t m = 0; m < page.messages.size(); ++m) {
    const auto& events = page.messages[m].events;
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (!events[i].person || events[i].fate != EventFate::kApplied) continue;
      const auto [known, fresh] = effects.try_emplace(*events[i].person);
      if (fresh) {
        if (auto ok = budget.check(); !ok) return ok;
        const auto found =
            lookup_.events(*events[i].person, {services_.clock.now(), Instant::max()});
        if (found) {
          domain::Trace trace;
          (void)services_.fold.refold(found->person, found->effective.events, &trace);
          for (domain::TraceStep& step : trace) {
            known->second[step.event_id].push_back(std::move(step));
          }
        }
      }
      const auto steps = known->second.find(events[i].id);
      if (steps == known->second.end()) continue;
      auto& out =
          *response.mutable_messages(static_cast<int>(m))->mutable_events(static_cast<int>(i));
      for (const domain::TraceStep& step : steps->second) {
        query::v1::Effect& effect = *out.add_effects();
        if (step.programme < services_.rules.programmes.size()) {
          effect.set_programme(services_.rules.programmes[step.programme].id);
        }
        effect.set_episode(step.episode);
        effect.set_row(step.row);
        effect.set_detail(step.detail);
      }
    }
  }
  return {};
}

Result<void> LedgerService::reconcile(const query::v1::ReconcileRequest& request,
                                      query::v1::Reconciliation& response) const {
  const auto ledger = this->ledger();
  if (!ledger) return tl::unexpected(ledger.error());
  const auto day = [](const std::string& text, domain::CivilDate fallback) {
    return text.empty() ? std::optional(fallback) : domain::parse_date(text);
  };
  const auto from = day(request.from_day(), domain::civil_date_of((*ledger)->since()));
  const auto to = day(request.to_day(), domain::civil_date_of(services_.clock.now()) + 1);
  if (!from || !to) {
    return fail(code(Errc::kTimeInvalid), "from_day and to_day are civil dates: YYYY-MM-DD");
  }
  std::optional<std::uint64_t> sender;
  if (!request.sender_org().empty()) {
    sender = Ledger::sender_code(request.sender_org());
    if (*sender == 0) {
      return fail(code(Errc::kOrganisationMalformed), "sender_org is a SOR id");
    }
  }
  response.set_adds_up(true);
  for (const DayRow& row : (*ledger)->days(*from, *to, sender)) {
    fill(row, *response.add_rows());
    if (!row.counts.adds_up()) response.set_adds_up(false);
  }
  const auto missing = (*ledger)->missing(*from, *to, kMostMissing);
  if (!missing) return tl::unexpected(missing.error());
  for (const Ledger::Missing& one : *missing) {
    if (sender && one.sender != *sender) continue;
    query::v1::MissingEvent& out = *response.add_missing();
    out.set_day(domain::to_text(one.day));
    out.set_sender_org(sender_text(one.sender));
    out.set_place(text_of(one.at));
    out.set_what(std::string(to_text(one.fate)));
  }
  set_time((*ledger)->since(), response.mutable_since_time());
  const Ledger::Offsets compared = (*ledger)->compared();
  Ledger::Offsets read;
  std::int64_t rest = 0;
  for (const auto& [at, position] : services_.view.positions()) {
    if (at.topic >= kFlytningTopic) continue;
    const auto done = compared.find({at.topic, at.partition});
    rest += position.next_offset - (done == compared.end() ? 0 : done->second);
    read[{at.topic, at.partition}] = position.next_offset;
  }
  const auto unread = (*ledger)->announced_beyond(read);
  if (!unread) return tl::unexpected(unread.error());
  response.set_not_compared(rest + *unread);
  return {};
}

}  // namespace kronika::gateway
