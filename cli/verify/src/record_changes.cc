#include "record_changes.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace kronika::verify {
namespace {

using state::v1::CitizenStateRecord;
using state::v1::CitizenSummary;
using state::v1::Episode;
using state::v1::PathwaySummary;
using state::v1::Proposal;

std::string without(std::string_view prefix, std::string_view name) {
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  return name == "UNSPECIFIED" || name == "NONE" ? "none" : std::string(name);
}
std::string text_of(state::v1::PathwayState state) {
  return without("PATHWAY_STATE_", state::v1::PathwayState_Name(state));
}
std::string text_of(state::v1::PathwayOutcome outcome) {
  return without("PATHWAY_OUTCOME_", state::v1::PathwayOutcome_Name(outcome));
}
std::string text_of(state::v1::CareSetting setting) {
  return without("CARE_SETTING_", state::v1::CareSetting_Name(setting));
}
std::string yes_no(bool yes) { return yes ? "yes" : "no"; }
std::string level_text(std::uint32_t level, const char* none) {
  return level == 0 ? none : std::to_string(level);
}
std::string rule_set_of(const Proposal& proposal) {
  return proposal.ruleset_id().empty() ? "none"
                                       : proposal.ruleset_id() + " " + proposal.ruleset_version();
}

template <class Names>
std::set<std::string> set_of(const Names& names) {
  return {names.begin(), names.end()};
}

/// A pathway with the accumulators of its episode, which stand in the same order.
struct Pathway {
  const PathwaySummary* summary = nullptr;
  const Episode* episode = nullptr;
};
using Pathways = std::map<std::pair<std::string, std::uint32_t>, Pathway>;

Pathways pathways_of(const CitizenStateRecord& record) {
  Pathways out;
  for (int i = 0; i < record.summary().pathways_size(); ++i) {
    const PathwaySummary& summary = record.summary().pathways(i);
    const Episode* episode =
        i < record.fold().episodes_size() ? &record.fold().episodes(i) : nullptr;
    out[{summary.programme(), summary.episode()}] = {&summary, episode};
  }
  return out;
}

bool same_steps(const Episode& a, const Episode& b) {
  return std::equal(a.steps().begin(), a.steps().end(), b.steps().begin(), b.steps().end(),
                    [](const auto& x, const auto& y) {
                      return x.at_ms() == y.at_ms() && x.state() == y.state() &&
                             x.rehab_start() == y.rehab_start();
                    });
}

class Comparison {
 public:
  void citizen(const CitizenSummary& before, const CitizenSummary& after) {
    value("", "care_setting", text_of(before.care_setting()), text_of(after.care_setting()));
    value("", "municipality", before.municipality(), after.municipality());
    value("", "multimorbid", yes_no(before.multimorbid()), yes_no(after.multimorbid()));
    value("", "coordination_indicated", yes_no(before.coordination_indicated()),
          yes_no(after.coordination_indicated()));
    members("", "group ", set_of(before.groups()), set_of(after.groups()));
    const bool same_stays =
        std::equal(before.stays().begin(), before.stays().end(), after.stays().begin(),
                   after.stays().end(), same_bytes<state::v1::StaySummary>);
    if (!same_stays) changed("", "stays");
    const auto rest = [](const CitizenSummary& summary) {
      CitizenSummary copy = summary;
      copy.clear_care_setting();
      copy.clear_municipality();
      copy.clear_multimorbid();
      copy.clear_coordination_indicated();
      copy.clear_groups();
      copy.clear_stays();
      copy.clear_pathways();
      return copy;
    };
    if (!same_bytes(rest(before), rest(after))) changed("", "other");
  }

  void pathway(const std::string& programme, const Pathway& before, const Pathway& after) {
    if (before.summary == nullptr || after.summary == nullptr) {
      value(programme, "state",
            before.summary == nullptr ? "no pathway" : text_of(before.summary->state()),
            after.summary == nullptr ? "no pathway" : text_of(after.summary->state()));
      return;
    }
    const PathwaySummary& a = *before.summary;
    const PathwaySummary& b = *after.summary;
    value(programme, "state", text_of(a.state()), text_of(b.state()));
    value(programme, "outcome", text_of(a.outcome()), text_of(b.outcome()));
    value(programme, "level", level_text(a.level(), "none"), level_text(b.level(), "none"));
    members(programme, "flag ", set_of(a.flags()), set_of(b.flags()));
    members(programme, "warning ", set_of(a.warnings()), set_of(b.warnings()));
    proposal(programme, a.proposal(), b.proposal());
    if (before.episode != nullptr && after.episode != nullptr &&
        !same_steps(*before.episode, *after.episode)) {
      changed(programme, "transitions");
    }
    const auto rest = [](const PathwaySummary& summary) {
      PathwaySummary copy = summary;
      copy.clear_state();
      copy.clear_outcome();
      copy.clear_level();
      copy.clear_flags();
      copy.clear_warnings();
      copy.clear_proposal();
      return copy;
    };
    if (!same_bytes(rest(a), rest(b))) changed(programme, "other");
  }

  std::vector<Change> take() {
    std::sort(changes_.begin(), changes_.end());
    changes_.erase(std::unique(changes_.begin(), changes_.end()), changes_.end());
    return std::move(changes_);
  }

 private:
  template <class Message>
  static bool same_bytes(const Message& a, const Message& b) {
    return a.SerializeAsString() == b.SerializeAsString();
  }

  void proposal(const std::string& programme, const Proposal& a, const Proposal& b) {
    value(programme, "proposed_level", level_text(a.level(), "UNKNOWN"),
          level_text(b.level(), "UNKNOWN"));
    value(programme, "ruleset", rule_set_of(a), rule_set_of(b));
    std::map<std::string, std::pair<std::string, std::string>> outputs;
    for (const auto& output : a.outputs()) outputs[output.name()].first = output.value();
    for (const auto& output : b.outputs()) outputs[output.name()].second = output.value();
    for (const auto& [name, values] : outputs) {
      if (name == "proposed_level") continue;  // said above
      value(programme, "output " + name, values.first, values.second);
    }
    const bool same_reasons =
        std::equal(a.inputs().begin(), a.inputs().end(), b.inputs().begin(), b.inputs().end(),
                   same_bytes<state::v1::RuleInput>) &&
        std::equal(a.missing().begin(), a.missing().end(), b.missing().begin(), b.missing().end());
    if (!same_reasons) changed(programme, "reasons");
  }

  void value(const std::string& programme, std::string field, std::string before,
             std::string after) {
    if (before == after) return;
    changes_.push_back({programme, std::move(field), std::move(before), std::move(after)});
  }
  void changed(const std::string& programme, const char* field) {
    changes_.push_back({programme, field, "", ""});
  }
  void members(const std::string& programme, const std::string& field,
               const std::set<std::string>& before, const std::set<std::string>& after) {
    std::set<std::string> all = before;
    all.insert(after.begin(), after.end());
    for (const std::string& name : all)
      value(programme, field + name, yes_no(before.contains(name)), yes_no(after.contains(name)));
  }

  std::vector<Change> changes_;
};

}  // namespace

std::vector<Change> changes_between(const CitizenStateRecord& before,
                                    const CitizenStateRecord& after) {
  Comparison comparison;
  comparison.citizen(before.summary(), after.summary());
  const Pathways a = pathways_of(before);
  Pathways all = pathways_of(after);
  const Pathways b = all;
  all.insert(a.begin(), a.end());
  const auto find = [](const Pathways& in, const Pathways::key_type& key) {
    const auto at = in.find(key);
    return at == in.end() ? Pathway() : at->second;
  };
  for (const auto& [key, ignored] : all) comparison.pathway(key.first, find(a, key), find(b, key));
  return comparison.take();
}

}  // namespace kronika::verify
