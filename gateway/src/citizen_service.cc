#include "citizen_service.h"

#include "citizen_answer.h"
#include "text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include <google/protobuf/arena.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/wire_format_lite.h>

#include <kronika/domain/time.h>
#include <kronika/gateway/errc.h>

namespace kronika::gateway {
namespace {

constexpr std::string_view kService = "kronika.query.v1.CitizenService";

// A citizen's message has dozens of small ones, and freeing them one by one is a measurable part of
// making it.
class CallArena {
 public:
  CallArena() : arena_(first_block_.data(), first_block_.size()) {}
  template <class Message>
  [[nodiscard]] Message& make() {
    return *google::protobuf::Arena::CreateMessage<Message>(&arena_);
  }

 private:
  alignas(std::max_align_t) std::array<char, 4096> first_block_;
  google::protobuf::Arena arena_;
};

bool read(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite& out) {
  grpc::Slice slice;
  const bool got = bytes.TrySingleSlice(&slice).ok() || bytes.DumpToSingleSlice(&slice).ok();
  return got && out.ParseFromArray(slice.begin(), static_cast<int>(slice.size()));
}

grpc::Slice slice_of(const google::protobuf::MessageLite& message) {
  grpc::Slice slice(message.ByteSizeLong());
  // Nobody else has the slice yet: it may be written.
  message.SerializeWithCachedSizesToArray(const_cast<std::uint8_t*>(slice.begin()));
  return slice;
}

// Citizen.as_of_time alone: a message's fields may come in any order, so this goes behind the rest.
grpc::Slice as_of_field(Instant as_of) {
  using Wire = google::protobuf::internal::WireFormatLite;
  google::protobuf::Timestamp time;
  set_time(as_of, &time);
  constexpr auto kTag =
      Wire::MakeTag(query::v1::Citizen::kAsOfTimeFieldNumber, Wire::WIRETYPE_LENGTH_DELIMITED);
  static_assert(kTag < 128, "one byte");
  std::array<std::uint8_t, 32> field{};  // a Timestamp has at most 22 bytes
  const std::size_t size = time.ByteSizeLong();
  field[0] = static_cast<std::uint8_t>(kTag);
  field[1] = static_cast<std::uint8_t>(size);
  time.SerializeWithCachedSizesToArray(field.data() + 2);
  return {field.data(), size + 2};
}

}  // namespace

CitizenService::CitizenService(const ServerOptions& options, const Services& services)
    : options_(options),
      services_(services),
      lookup_(options, services),
      get_(services.registry, kService, "GetCitizen"),
      timeline_(services.registry, kService, "ListTimeline"),
      measurements_(services.registry, kService, "ListMeasurements"),
      explain_(services.registry, kService, "ExplainLevel"),
      answers_(options.answer_cache_bytes) {
  SetMessageAllocatorFor_ListTimeline(&timeline_memory_);
  SetMessageAllocatorFor_ListMeasurements(&measurements_memory_);
  SetMessageAllocatorFor_ExplainLevel(&explain_memory_);
}

grpc::ServerUnaryReactor* CitizenService::GetCitizen(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* request,
                                                     grpc::ByteBuffer* response) {
  query::v1::GetCitizenRequest message;
  if (!read(*request, message)) {
    // As gRPC itself answers for the other methods.
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish({grpc::StatusCode::INTERNAL, "the request is no GetCitizenRequest"});
    return reactor;
  }
  return serve(context, get_, options_,
               [&](const Budget& budget) { return get_citizen(message, budget, *response); });
}
grpc::ServerUnaryReactor* CitizenService::ListTimeline(
    grpc::CallbackServerContext* context, const query::v1::ListTimelineRequest* request,
    query::v1::ListTimelineResponse* response) {
  return serve(context, timeline_, options_,
               [&](const Budget& budget) { return list_timeline(*request, budget, *response); });
}
grpc::ServerUnaryReactor* CitizenService::ListMeasurements(
    grpc::CallbackServerContext* context, const query::v1::ListMeasurementsRequest* request,
    query::v1::ListMeasurementsResponse* response) {
  return serve(context, measurements_, options_, [&](const Budget& budget) {
    return list_measurements(*request, budget, *response);
  });
}
grpc::ServerUnaryReactor* CitizenService::ExplainLevel(
    grpc::CallbackServerContext* context, const query::v1::ExplainLevelRequest* request,
    query::v1::LevelExplanation* response) {
  return serve(context, explain_, options_,
               [&](const Budget& budget) { return explain_level(*request, budget, *response); });
}

Result<void> CitizenService::get_citizen(const query::v1::GetCitizenRequest& request,
                                         const Budget& budget, grpc::ByteBuffer& response) {
  const auto person = lookup_.person(request.citizen());
  if (!person) return tl::unexpected(person.error());
  const auto asked = lookup_.asked(request);
  if (!asked) return tl::unexpected(asked.error());
  const Instant as_of = asked->visibility.as_of;

  std::optional<grpc::Slice> body;
  if (asked->default_as_of && asked->default_known_at && !request.with_transitions()) {
    auto now = answer_from_state(*person, as_of);
    if (!now) return tl::unexpected(now.error());
    body = std::move(*now);
  }
  if (!body) {
    auto folded = answer_from_journal(request, *person, *asked, budget);
    if (!folded) return tl::unexpected(folded.error());
    body = std::move(*folded);
  }
  const std::array<grpc::Slice, 2> parts{*std::move(body), as_of_field(as_of)};
  response = grpc::ByteBuffer(parts.data(), parts.size());
  return {};
}

Result<std::optional<grpc::Slice>> CitizenService::answer_from_state(const PersonKey& person,
                                                                     Instant as_of) {
  const std::uint64_t version = services_.view.state_version(person);
  if (auto kept = answers_.find(person, version, as_of)) return kept;
  const auto now = lookup_.stored(person);
  if (!now) return tl::unexpected(now.error());
  if (!now->state) return std::nullopt;
  const domain::Evaluation evaluation = services_.fold.evaluate(*now->state, as_of);
  CallArena arena;
  auto& citizen = arena.make<query::v1::Citizen>();
  fill_citizen(services_.rules, *now->state, evaluation, as_of, citizen);
  grpc::Slice body = slice_of(citizen);
  // The answer under a replaced key hangs on two states, its version on one: it is not kept.
  if (now->person == person) {
    // The region is found by the date, and is no part of the evaluation.
    const Instant midnight = domain::start_of_day(domain::civil_date_of(as_of) + 1);
    answers_.keep(person, {version, as_of,
                           std::min(midnight, evaluation.next_change.value_or(midnight)), body});
  }
  return body;
}

Result<grpc::Slice> CitizenService::answer_from_journal(const query::v1::GetCitizenRequest& request,
                                                        const PersonKey& person, const Asked& asked,
                                                        const Budget& budget) const {
  auto events = lookup_.events(person, asked.visibility);
  if (!events) return tl::unexpected(events.error());
  if (auto ok = budget.check(); !ok) return tl::unexpected(ok.error());
  const Instant as_of = asked.visibility.as_of;
  const domain::CitizenState state =
      services_.fold.refold(events->person, events->effective.events);
  CallArena arena;
  auto& citizen = arena.make<query::v1::Citizen>();
  if (!asked.default_known_at) set_time(asked.visibility.known_at, citizen.mutable_known_at_time());
  fill_citizen(services_.rules, state, services_.fold.evaluate(state, as_of), as_of, citizen);
  if (request.with_transitions()) {
    fill_transitions(services_.fold, events->person, events->effective.events, services_.rules,
                     citizen);
  }
  return slice_of(citizen);
}

Result<void> CitizenService::explain_level(const query::v1::ExplainLevelRequest& request,
                                           const Budget& budget,
                                           query::v1::LevelExplanation& response) const {
  const auto person = lookup_.person(request.citizen());
  if (!person) return tl::unexpected(person.error());
  const auto asked = lookup_.asked(request);
  if (!asked) return tl::unexpected(asked.error());
  const domain::Rules& rules = services_.rules;
  const domain::ProgrammeIndex programme = rules.programme(request.programme());
  if (programme == domain::kNoProgramme) {
    return fail(code(Errc::kProgrammeUnknown),
                "no programme has this id; data/reference/programmes.csv lists them");
  }
  const std::string& ruleset = rules.programmes[programme].level_ruleset;
  if (ruleset == "CLINICIAN_SET") {
    return fail(code(Errc::kRulesetNone), "the level of " + request.programme() +
                                              " is set by clinicians; no rule set proposes one");
  }
  const std::string& version = request.ruleset_version();
  const bool known_version =
      version.empty() ||
      std::any_of(rules.rule_sets.begin(), rules.rule_sets.end(),
                  [&](const auto& s) { return s.id == ruleset && s.version == version; });
  if (!known_version) {
    return fail(
        code(Errc::kRulesetVersionUnknown),
        "rule set " + ruleset + " has no such version; data/reference/rulesets.csv lists them");
  }
  auto events = lookup_.events(*person, asked->visibility);
  if (!events) return tl::unexpected(events.error());
  if (auto ok = budget.check(); !ok) return ok;
  const domain::CitizenState state =
      services_.fold.refold(events->person, events->effective.events);
  const Instant as_of = asked->visibility.as_of;
  const domain::Evaluation evaluation =
      version.empty() ? services_.fold.evaluate(state, as_of)
                      : services_.fold.evaluate_with(state, as_of, ruleset, version);
  for (const domain::PathwayEvaluation& pathway : evaluation.pathways) {
    if (pathway.programme != programme || !pathway.current) continue;
    fill_proposal(rules, pathway.proposal, response);
    fill_axes(evaluation, response);
    return {};
  }
  return fail(code(Errc::kPathwayNone),
              "the citizen has no pathway of " + request.programme() + " at as_of");
}

}  // namespace kronika::gateway
