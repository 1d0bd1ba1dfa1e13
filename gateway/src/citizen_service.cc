#include "citizen_service.h"

#include "citizen_answer.h"
#include "text.h"

#include <algorithm>

#include <kronika/gateway/errc.h>

namespace kronika::gateway {
namespace {

constexpr std::string_view kService = "kronika.query.v1.CitizenService";

}  // namespace

CitizenService::CitizenService(const ServerOptions& options, const Services& services)
    : options_(options),
      services_(services),
      lookup_(options, services),
      get_(services.registry, kService, "GetCitizen"),
      timeline_(services.registry, kService, "ListTimeline"),
      measurements_(services.registry, kService, "ListMeasurements"),
      explain_(services.registry, kService, "ExplainLevel") {
  SetMessageAllocatorFor_GetCitizen(&get_memory_);
  SetMessageAllocatorFor_ListTimeline(&timeline_memory_);
  SetMessageAllocatorFor_ListMeasurements(&measurements_memory_);
  SetMessageAllocatorFor_ExplainLevel(&explain_memory_);
}

grpc::ServerUnaryReactor* CitizenService::GetCitizen(grpc::CallbackServerContext* context,
                                                     const query::v1::GetCitizenRequest* request,
                                                     query::v1::Citizen* response) {
  return serve(context, get_, options_,
               [&](const Budget& budget) { return get_citizen(*request, budget, *response); });
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
                                         const Budget& budget, query::v1::Citizen& response) const {
  const auto person = lookup_.person(request.citizen());
  if (!person) return tl::unexpected(person.error());
  const auto asked = lookup_.asked(request);
  if (!asked) return tl::unexpected(asked.error());
  const Instant as_of = asked->visibility.as_of;
  if (!asked->default_known_at)
    set_time(asked->visibility.known_at, response.mutable_known_at_time());

  if (asked->default_as_of && asked->default_known_at && !request.with_transitions()) {
    auto now = lookup_.stored(*person);
    if (!now) return tl::unexpected(now.error());
    if (now->state) {
      fill_citizen(services_.rules, *now->state, services_.fold.evaluate(*now->state, as_of), as_of,
                   response);
      return {};
    }
  }

  auto events = lookup_.events(*person, asked->visibility);
  if (!events) return tl::unexpected(events.error());
  if (auto ok = budget.check(); !ok) return ok;
  const domain::CitizenState state =
      services_.fold.refold(events->person, events->effective.events);
  fill_citizen(services_.rules, state, services_.fold.evaluate(state, as_of), as_of, response);
  if (request.with_transitions()) {
    fill_transitions(services_.fold, events->person, events->effective.events, services_.rules,
                     response);
  }
  return {};
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
