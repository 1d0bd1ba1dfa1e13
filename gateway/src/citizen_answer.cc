#include "citizen_answer.h"

#include "text.h"

#include <algorithm>
#include <cstdio>

namespace kronika::gateway {
namespace {

using domain::Flag;
using domain::Warning;

std::string programme_id(const domain::Rules& rules, domain::ProgrammeIndex programme) {
  return programme < rules.programmes.size() ? rules.programmes[programme].id : std::string();
}

void fill_pathway(const domain::Rules& rules, const domain::Episode& episode,
                  const domain::PathwayEvaluation& now, query::v1::Pathway& out) {
  out.set_programme(programme_id(rules, now.programme));
  out.set_episode(now.episode);
  out.set_state(std::string(domain::state_name(now.state)));
  if (now.outcome != domain::Outcome::kNone)
    out.set_outcome(std::string(domain::outcome_name(now.outcome)));
  if (episode.state_since != domain::kNoInstant)
    set_time(episode.state_since, out.mutable_state_since_time());
  out.set_wait_clock(date_text(episode.wait_clock));
  out.set_ended_on(date_text(now.ended_on));
  out.set_receiver(episode.receiver);
  if (episode.stop_reason < rules.stop_reasons.size())
    out.set_stop_reason(rules.stop_reasons[episode.stop_reason].uuid);
  for (int i = 0; i < domain::kFlagCount; ++i) {
    if (now.flags.has(static_cast<Flag>(i)))
      out.add_flags(std::string(domain::flag_name(static_cast<Flag>(i))));
  }
  for (int i = 0; i < domain::kWarningCount; ++i) {
    if ((episode.warnings >> i & 1U) != 0)
      out.add_warnings(std::string(domain::warning_name(static_cast<Warning>(i))));
  }
  out.set_illegal_transitions(episode.illegal);
  out.set_level(now.level);
  out.set_level_assessed_on(date_text(now.level_at));
  if (now.current) fill_proposal(rules, now.proposal, *out.mutable_proposal());
  out.set_age_track(std::string(domain::age_track_name(now.age_track)));
  for (const domain::DueExamination& exam : now.due) {
    query::v1::DueExamination& one = *out.add_due();
    one.set_name(std::string(exam.name));
    if (exam.last != domain::kNoDate) one.set_last(domain::to_text(exam.last));
    one.set_due(domain::to_text(exam.due));
    one.set_overdue(exam.overdue);
  }
}

void fill_stay(const domain::CitizenState& state, const domain::Stay& stay, query::v1::Stay& out) {
  set_time(stay.start, out.mutable_start_time());
  if (!stay.open()) set_time(stay.end, out.mutable_end_time());
  out.set_contacts(stay.contacts);
  out.set_admission(stay.admission);
  out.set_acute(std::string(tri_text(stay.acute)));
  out.set_discharged_alive(stay.discharged_alive);
  out.set_kol_stay(stay.in(domain::StaySet::kKol));
  const std::size_t end =
      std::min<std::size_t>(stay.first_contact + stay.contacts, state.contacts.size());
  for (std::size_t i = stay.first_contact; i < end; ++i) {
    if (state.contacts[i].end_before_start) out.set_end_before_start(true);
  }
}

void fill_irregularities(const domain::Rules& rules, const domain::CitizenState& state,
                         query::v1::Irregularities& out) {
  out.set_illegal_transitions(state.illegal);
  out.set_after_death(state.after_death);
  out.set_end_without_start(static_cast<std::int64_t>(state.orphan_ends.size()));
  out.set_excluded_measurements(state.excluded);
  for (const domain::IllegalEvent& e : state.illegal_events) {
    query::v1::Irregular& one = *out.add_latest();
    one.set_event_id(uuid_text(e.event_id));
    one.set_reason("illegal_transition");
    one.set_type(std::string(domain::event_type_name(e.type)));
    one.set_state(std::string(domain::state_name(e.state)));
    one.set_programme(programme_id(rules, e.programme));
  }
  for (const domain::ExcludedMeasurement& e : state.excluded_measurements) {
    query::v1::Irregular& one = *out.add_latest();
    one.set_event_id(uuid_text(e.event_id));
    one.set_reason(e.fev_order ? "FEV_ORDER" : "BP_ORDER");
  }
}

void fill_latest(const domain::Rules& rules, const domain::LatestValue& value,
                 query::v1::Measurement& out) {
  if (value.measure >= rules.measures.size()) return;
  const domain::Measure& measure = rules.measures[value.measure];
  out.set_measure_key(measure.key);
  out.set_value(value_text(measure, value.value));
  out.set_unit(measure.ucum_unit);
  set_time(value.at, out.mutable_time());
  out.set_event_id(uuid_text(value.event_id));
  if (value.soft_range) out.add_flags("soft_range");
  if (value.cross_check) out.add_flags("cross_check");
}

}  // namespace

void fill_generation(const domain::Rules& rules, query::v1::RuleGeneration& out) {
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016llx",
                static_cast<unsigned long long>(rules.generation.hash));
  out.set_ordinal(rules.generation.ordinal);
  out.set_hash(hash);
}

void fill_proposal(const domain::Rules& rules, const domain::Proposal& proposal,
                   query::v1::LevelExplanation& out) {
  out.set_proposed_level(level_text(proposal.level));
  out.set_ruleset_id(std::string(proposal.ruleset_id));
  out.set_ruleset_version(std::string(proposal.version));
  out.set_what_if(proposal.what_if);
  for (const domain::RuleOutput& o : proposal.outputs) {
    query::v1::Output& output = *out.add_outputs();
    output.set_name(std::string(o.name));
    output.set_value(std::string(o.value));
  }
  for (const domain::UsedInput& i : proposal.inputs) {
    if (i.measure >= rules.measures.size()) continue;
    const domain::Measure& measure = rules.measures[i.measure];
    query::v1::UsedInput& input = *out.add_inputs();
    input.set_measure_key(measure.key);
    input.set_value(value_text(measure, i.value));
    input.set_unit(measure.ucum_unit);
    set_time(i.at, input.mutable_measured_time());
    input.set_event_id(uuid_text(i.event_id));
  }
  for (const domain::MeasureIndex m : proposal.missing) {
    if (m < rules.measures.size()) out.add_missing(rules.measures[m].key);
  }
  for (const domain::RuleSet& set : rules.rule_sets) {
    if (set.id == proposal.ruleset_id && set.version == proposal.version)
      out.set_source(set.source);
  }
}

void fill_axes(const domain::Evaluation& evaluation, query::v1::LevelExplanation& out) {
  const auto add = [&](std::string_view name, std::string_view value) {
    query::v1::Output& axis = *out.add_axes();
    axis.set_name(std::string(name));
    axis.set_value(std::string(value));
  };
  add("self_care", self_care_text(evaluation.self_care));
  add("high_use_risk", tri_text(evaluation.high_use_risk));
  add("multimorbid", evaluation.multimorbid ? "TRUE" : "FALSE");
  add("coordination_indicated", evaluation.coordination_indicated ? "TRUE" : "FALSE");
}

void fill_citizen(const domain::Rules& rules, const domain::CitizenState& state,
                  const domain::Evaluation& evaluation, Instant as_of, query::v1::Citizen& out) {
  out.set_person_key(to_hex(state.person.view()));
  if (state.birth_date) out.set_birth_date(domain::to_text(*state.birth_date));
  out.set_sex(std::string(sex_text(state.sex)));
  if (evaluation.age) out.set_age(*evaluation.age);
  out.set_deceased(state.deceased());
  out.set_municipality(municipality_text(evaluation.municipality));
  out.set_region(
      std::string(rules.region_of(evaluation.municipality, domain::civil_date_of(as_of))));
  out.set_care_setting(std::string(domain::care_setting_name(evaluation.care_setting)));

  const std::size_t episodes = std::min(state.episodes.size(), evaluation.pathways.size());
  for (std::size_t i = 0; i < episodes; ++i) {
    fill_pathway(rules, state.episodes[i], evaluation.pathways[i], *out.add_pathways());
  }
  for (const domain::Stay& stay : evaluation.stays) fill_stay(state, stay, *out.add_stays());
  if (!state.coordination[0].empty() || !state.coordination[1].empty()) {
    out.mutable_coordination()->set_tovholder(state.coordination[0]);
    out.mutable_coordination()->set_forloebskoordinator(state.coordination[1]);
  }
  for (std::size_t g = 0; g < rules.groups.size() && g < 32; ++g) {
    if ((evaluation.groups >> g & 1U) != 0) out.add_groups(rules.groups[g]);
  }
  out.set_multimorbid(evaluation.multimorbid);
  if (evaluation.weight_loss) out.add_flags("weight_loss");
  if (evaluation.overdue_telemonitoring) out.add_flags("overdue_telemonitoring");
  if (evaluation.multimorbid_rh) out.add_flags("multimorbid_rh");
  if (evaluation.coordination_indicated) out.add_flags("coordination_indicated");
  fill_irregularities(rules, state, *out.mutable_irregularities());
  for (const domain::UnknownCodeCount& unknown : state.unknown_codes) {
    query::v1::UnknownCode& one = *out.add_unknown_codes();
    one.set_system(unknown.system);
    one.set_code(unknown.code);
    one.set_count(unknown.count);
  }
  for (const domain::LatestValue& value : state.latest)
    fill_latest(rules, value, *out.add_latest());
  out.set_simulated(state.simulated);
  out.set_event_count(state.events);
  fill_generation(rules, *out.mutable_rules());
  out.set_notice(std::string(kNotice));
}

void fill_transitions(const domain::Fold& fold, const PersonKey& person,
                      std::span<const domain::JournalEntry* const> events,
                      const domain::Rules& rules, query::v1::Citizen& out) {
  const auto pathway = [&](const domain::Episode& episode) -> query::v1::Pathway* {
    for (query::v1::Pathway& p : *out.mutable_pathways()) {
      if (p.episode() == episode.number && p.programme() == programme_id(rules, episode.programme))
        return &p;
    }
    return nullptr;
  };
  domain::CitizenState state;
  state.person = person;
  std::vector<domain::State> before;
  domain::Trace trace;
  for (const domain::JournalEntry* entry : events) {
    before.clear();
    for (const domain::Episode& e : state.episodes) before.push_back(e.state);
    trace.clear();
    fold.append(state, entry->event, &trace);
    for (std::size_t i = 0; i < state.episodes.size(); ++i) {
      const domain::Episode& episode = state.episodes[i];
      if (i < before.size() && before[i] == episode.state) continue;
      query::v1::Pathway* at = pathway(episode);
      if (at == nullptr) continue;
      query::v1::Transition& transition = *at->add_transitions();
      transition.set_state(std::string(domain::state_name(episode.state)));
      set_time(episode.state_since, transition.mutable_time());
      for (const domain::TraceStep& step : trace) {
        if (step.programme != episode.programme || step.episode != episode.number) continue;
        transition.set_row(step.row);
        // A timer has no event of its own: the next event only brought it to light.
        if (step.row != "timer" && !step.event_id.is_zero())
          transition.set_event_id(uuid_text(step.event_id));
        break;
      }
    }
  }
}

}  // namespace kronika::gateway
