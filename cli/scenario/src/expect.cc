#include "expect.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <kronika/domain/identity.h>

namespace kronika::scenario {
namespace {

using namespace domain;

std::string text_of(bool value) { return value ? "true" : "false"; }

std::string text_of(Tri value) {
  switch (value) {
    case Tri::kUnknown:
      return "UNKNOWN";
    case Tri::kFalse:
      return "false";
    case Tri::kTrue:
      return "true";
  }
  return "UNKNOWN";
}

std::string self_care_text(SelfCare value) {
  switch (value) {
    case SelfCare::kUnspecified:
      return "UNKNOWN";
    case SelfCare::kGood:
      return "GOOD";
    case SelfCare::kReduced:
      return "REDUCED";
    case SelfCare::kLow:
      return "LOW";
  }
  return "UNKNOWN";
}

std::string sex_text(Sex sex) {
  switch (sex) {
    case Sex::kUnknown:
      return "UNKNOWN";
    case Sex::kMale:
      return "M";
    case Sex::kFemale:
      return "F";
  }
  return "UNKNOWN";
}

std::string phase_text(HeartPhase phase) {
  switch (phase) {
    case HeartPhase::kNone:
      return "none";
    case HeartPhase::kOne:
      return "I";
    case HeartPhase::kTwo:
      return "II";
    case HeartPhase::kThree:
      return "III";
  }
  return "none";
}

std::string municipality_text(Municipality code) {
  if (code == 0) return "UNKNOWN";
  char text[8];
  std::snprintf(text, sizeof text, "%04d", static_cast<int>(code));
  return text;
}

std::vector<std::string> words(const YAML::Node& node) {
  std::vector<std::string> result;
  if (node.IsScalar()) result.push_back(node.Scalar());
  for (const YAML::Node& n : node) result.push_back(n.as<std::string>());
  std::sort(result.begin(), result.end());
  return result;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text = "[";
  for (const std::string& p : parts) text += (text.size() > 1 ? ", " : "") + p;
  return text + "]";
}

bool is_a_flag(std::string_view name) {
  for (int i = 0; i < kFlagCount; ++i) {
    if (flag_name(static_cast<Flag>(i)) == name) return true;
  }
  return false;
}

class Comparison {
 public:
  Comparison(std::string at, const Scenario& scenario, const File& file, const World& world,
             Instant as_of, Instant known_at, Findings& findings)
      : at_(std::move(at)),
        scenario_(scenario),
        file_(file),
        world_(world),
        as_of_(as_of),
        known_at_(known_at),
        findings_(findings) {}

  void subject(const std::string& name, const YAML::Node& expected) {
    subject_ = name;
    const std::size_t dot = name.find('.');
    const auto person = scenario_.persons.find(name.substr(0, dot));
    if (person == scenario_.persons.end()) {
      throw FormError("check of " + name + ": the person is not listed");
    }
    const bool wants_none = expected.IsScalar() && expected.Scalar() == "none";
    const auto view = world_.view(person->second.key, as_of_, known_at_);
    if (dot == std::string::npos) {
      if (wants_none) {
        if (view) differs("", "none", "a citizen");
      } else if (!view) {
        differs("", "a citizen", "none");
      } else {
        compare_person(expected, *view, person->second);
      }
      return;
    }
    const Episode* episode = view ? find_episode(view->state, name.substr(dot + 1)) : nullptr;
    if (wants_none) {
      if (episode != nullptr) differs("", "none", std::string(state_name(episode->state)));
    } else if (episode == nullptr) {
      differs("", "an episode", "none");
    } else {
      compare_pathway(expected, *view, *episode);
    }
  }

 private:
  void differs(const std::string& key, const std::string& expected, const std::string& actual) {
    findings_.problems.push_back(at_ + " " + subject_ + (key.empty() ? "" : " " + key) +
                                 ": expected " + expected + ", got " + actual);
  }
  void equal(const std::string& key, const YAML::Node& expected, const std::string& actual) {
    const std::string wanted = expected.IsScalar() ? expected.Scalar()
                               : expected.IsNull() ? "none"
                                                   : YAML::Dump(expected);
    if (!(expected.IsScalar() && same_value(expected, actual)) &&
        !(expected.IsNull() && actual == "none")) {
      differs(key, wanted, actual);
    }
  }
  void unimplemented(const std::string& what) { findings_.unimplemented.push_back(what); }

  const Episode* find_episode(const CitizenState& state, const std::string& name) const {
    const std::size_t hash = name.find('#');
    const ProgrammeIndex programme = file_.rules.programme(name.substr(0, hash));
    if (programme == kNoProgramme) throw FormError("programme " + name + " is unknown");
    if (hash == std::string::npos) return state.current(programme);
    const int number = std::stoi(name.substr(hash + 1));
    for (const Episode& e : state.episodes) {
      if (e.programme == programme && e.number == number) return &e;
    }
    return nullptr;
  }

  /// A date is compared as a civil date, a time as an instant.
  void moment(const std::string& key, const YAML::Node& expected, Instant actual) {
    if (!expected.IsScalar() || expected.Scalar() == "none") {
      if (actual != kNoInstant) differs(key, "none", to_local_text(actual));
      return;
    }
    const Moment wanted = read_moment(expected.Scalar());
    if (actual == kNoInstant) return differs(key, expected.Scalar(), "none");
    const bool same = wanted.date ? civil_date_of(wanted.instant) == civil_date_of(actual)
                                  : wanted.instant == actual;
    if (!same) differs(key, expected.Scalar(), to_local_text(actual));
  }
  void date(const std::string& key, const YAML::Node& expected, CivilDate actual) {
    equal(key, expected, actual == kNoDate ? "none" : to_text(actual));
  }
  void org(const std::string& key, const YAML::Node& expected, const std::string& actual) {
    const auto label = file_.orgs.find(expected.Scalar());
    const std::string wanted = label == file_.orgs.end() ? expected.Scalar() : label->second;
    if (wanted != actual) differs(key, expected.Scalar(), actual.empty() ? "none" : actual);
  }
  void set(const std::string& key, const YAML::Node& expected, std::vector<std::string> actual) {
    std::sort(actual.begin(), actual.end());
    if (words(expected) != actual) differs(key, joined(words(expected)), joined(actual));
  }
  void flags(const YAML::Node& expected, bool wanted, const std::vector<std::string>& actual,
             const std::function<bool(const std::string&)>& known) {
    for (const std::string& name : words(expected)) {
      const bool present = std::find(actual.begin(), actual.end(), name) != actual.end();
      if (!known(name)) {
        unimplemented("flag " + name);
      } else if (present != wanted) {
        differs("flags", (wanted ? "" : "no ") + name, joined(actual));
      }
    }
  }

  void compare_person(const YAML::Node& expected, const View& view, const Person& person);
  void compare_pathway(const YAML::Node& expected, const View& view, const Episode& episode);
  void stays(const YAML::Node& expected, const std::vector<Stay>& actual);
  /// BP: "2026-01-01", with " overdue" behind where it is.
  void examinations(const YAML::Node& expected, const PathwayEvaluation& pathway);
  void values(const YAML::Node& expected, const CitizenState& state);
  void slots(const YAML::Node& expected, const CitizenState& state);
  void self_treatment(const YAML::Node& expected, const CitizenState& state);

  std::string at_;
  std::string subject_;
  const Scenario& scenario_;
  const File& file_;
  const World& world_;
  Instant as_of_;
  Instant known_at_;
  Findings& findings_;
};

void Comparison::compare_person(const YAML::Node& expected, const View& view,
                                const Person& person) {
  const CitizenState& s = view.state;
  const Evaluation& v = view.evaluation;
  Refusal ignored;
  const auto cpr = read_cpr(person.cpr, civil_date_of(as_of_), true, ignored);
  std::vector<std::string> groups;
  for (std::size_t g = 0; g < file_.rules.groups.size(); ++g) {
    if ((v.groups >> g & 1U) != 0) groups.push_back(file_.rules.groups[g]);
  }
  std::vector<std::string> person_flags;
  const auto flag_if = [&person_flags](bool on, const char* name) {
    if (on) person_flags.emplace_back(name);
  };
  flag_if(v.weight_loss, "weight_loss");
  flag_if(v.overdue_telemonitoring, "overdue_telemonitoring");
  flag_if(cpr && cpr->mod11_fail, "mod11_fail");
  flag_if(view.revised_without_create > 0, "revise_without_create");
  flag_if(s.after_death > 0, "after_death");
  flag_if(std::any_of(s.latest.begin(), s.latest.end(),
                      [](const LatestValue& l) { return l.soft_range; }),
          "soft_range");
  flag_if(std::any_of(s.latest.begin(), s.latest.end(),
                      [](const LatestValue& l) { return l.cross_check; }),
          "cross_check");
  flag_if(std::any_of(s.contacts.begin(), s.contacts.end(),
                      [](const Contact& c) { return c.end_before_start; }),
          "end_before_start");
  flag_if(std::any_of(s.contacts.begin(), s.contacts.end(),
                      [](const Contact& c) { return c.implied_end; }),
          "implied_end");
  flag_if(!s.orphan_ends.empty(), "end_without_start");
  const auto known_flag = [](const std::string& name) {
    static const std::set<std::string> kKnown{"weight_loss", "overdue_telemonitoring",
                                              "mod11_fail",  "revise_without_create",
                                              "after_death", "soft_range",
                                              "cross_check", "end_before_start",
                                              "implied_end", "end_without_start"};
    return kKnown.contains(name);
  };

  for (const auto& item : expected) {
    const auto key = item.first.as<std::string>();
    const YAML::Node& want = item.second;
    if (key == "birth_date") {
      equal(key, want, s.birth_date ? to_text(*s.birth_date) : "UNKNOWN");
    } else if (key == "age") {
      equal(key, want, v.age ? std::to_string(*v.age) : "UNKNOWN");
    } else if (key == "sex") {
      equal(key, want, sex_text(s.sex));
    } else if (key == "mod11_fail") {
      equal(key, want, text_of(cpr && cpr->mod11_fail));
    } else if (key == "municipality") {
      equal(key, want, municipality_text(v.municipality));
    } else if (key == "region") {
      const std::string region(file_.rules.region_of(v.municipality, civil_date_of(as_of_)));
      equal(key, want, region.empty() ? "UNKNOWN" : region);
    } else if (key == "care_setting") {
      equal(key, want, std::string(care_setting_name(v.care_setting)));
    } else if (key == "deceased") {
      equal(key, want, text_of(s.deceased()));
    } else if (key == "after_death") {
      equal(key, want, std::to_string(s.after_death));
    } else if (key == "end_without_start") {
      equal(key, want, std::to_string(s.orphan_ends.size()));
    } else if (key == "illegal") {
      equal(key, want, std::to_string(s.illegal));
    } else if (key == "revise_without_create") {
      equal(key, want, std::to_string(view.revised_without_create));
    } else if (key == "stays") {
      stays(want, v.stays);
    } else if (key == "groups") {
      set(key, want, groups);
    } else if (key == "multimorbid") {
      equal(key, want, text_of(v.multimorbid));
    } else if (key == "multimorbid_rh") {
      equal(key, want, text_of(v.multimorbid_rh));
    } else if (key == "coordination_indicated") {
      equal(key, want, text_of(v.coordination_indicated));
    } else if (key == "high_use_risk") {
      equal(key, want, text_of(v.high_use_risk));
    } else if (key == "self_care") {
      equal(key, want, self_care_text(v.self_care));
    } else if (key == "weight_loss") {
      equal(key, want, text_of(v.weight_loss));
    } else if (key == "overdue_telemonitoring") {
      equal(key, want, text_of(v.overdue_telemonitoring));
    } else if (key == "slots") {
      slots(want, s);
    } else if (key == "self_treatment") {
      self_treatment(want, s);
    } else if (key == "values") {
      values(want, s);
    } else if (key == "flags" || key == "no_flags") {
      flags(want, key == "flags", person_flags, known_flag);
    } else {
      unimplemented("person value " + key);
    }
  }
}

void Comparison::compare_pathway(const YAML::Node& expected, const View& view,
                                 const Episode& episode) {
  const PathwayEvaluation* p = nullptr;
  for (const PathwayEvaluation& candidate : view.evaluation.pathways) {
    if (candidate.programme == episode.programme && candidate.episode == episode.number) {
      p = &candidate;
    }
  }
  if (p == nullptr) return differs("", "an evaluation of the episode", "none");
  std::vector<std::string> set_flags;
  for (int i = 0; i < kFlagCount; ++i) {
    if (p->flags.has(static_cast<Flag>(i))) {
      set_flags.emplace_back(flag_name(static_cast<Flag>(i)));
    }
  }
  std::vector<std::string> warnings;
  for (int i = 0; i < kWarningCount; ++i) {
    if ((episode.warnings >> i & 1) != 0) {
      warnings.emplace_back(warning_name(static_cast<Warning>(i)));
    }
  }
  for (const auto& item : expected) {
    const auto key = item.first.as<std::string>();
    const YAML::Node& want = item.second;
    if (key == "episode") {
      equal(key, want, std::to_string(p->episode));
    } else if (key == "state") {
      equal(key, want, std::string(state_name(p->state)));
    } else if (key == "outcome") {
      const std::string outcome(outcome_name(p->outcome));
      equal(key, want, outcome.empty() ? "none" : outcome);
    } else if (key == "level") {
      equal(key, want, p->level == 0 ? "none" : std::to_string(p->level));
    } else if (key == "flags" || key == "no_flags") {
      flags(want, key == "flags", set_flags, is_a_flag);
    } else if (key == "warnings") {
      set(key, want, warnings);
    } else if (key == "illegal") {
      equal(key, want, std::to_string(episode.illegal));
    } else if (key == "receiver") {
      org(key, want, episode.receiver);
    } else if (key == "wait_clock") {
      moment(key, want, episode.wait_clock);
    } else if (key == "ended_on") {
      date(key, want, p->ended_on);
    } else if (key == "stop_reason") {
      const std::string uuid = episode.stop_reason == kNoIndex
                                   ? "none"
                                   : file_.rules.stop_reasons[episode.stop_reason].uuid;
      if (!uuid.starts_with(want.Scalar())) differs(key, want.Scalar(), uuid);
    } else if (key == "age_track") {
      equal(key, want, std::string(age_track_name(p->age_track)));
    } else if (key == "due") {
      examinations(want, *p);
    } else if (key == "heart_phase") {
      equal(key, want, phase_text(p->heart_phase));
    } else if (key == "proposed_level") {
      equal(key, want, p->proposal.level == 0 ? "UNKNOWN" : std::to_string(p->proposal.level));
    } else if (key == "ruleset_version") {
      equal(key, want, std::string(p->proposal.version));
    } else if (key == "values") {
      values(want, view.state);
    } else if (std::any_of(file_.rules.rule_sets.begin(), file_.rules.rule_sets.end(),
                           [&key](const RuleSet& r) {
                             return std::find(r.outputs.begin(), r.outputs.end(), key) !=
                                    r.outputs.end();
                           })) {
      equal(key, want, std::string(p->proposal.output(key)));
    } else {
      unimplemented("pathway value " + key);
    }
  }
}

void Comparison::examinations(const YAML::Node& expected, const PathwayEvaluation& pathway) {
  for (const auto& item : expected) {
    const auto name = item.first.as<std::string>();
    std::string actual = "none";
    for (const DueExamination& exam : pathway.due) {
      if (exam.name == name) actual = to_text(exam.due) + (exam.overdue ? " overdue" : "");
    }
    equal("due " + name, item.second, actual);
  }
}

void Comparison::stays(const YAML::Node& expected, const std::vector<Stay>& actual) {
  if (expected.size() != actual.size()) {
    return differs("stays", std::to_string(expected.size()), std::to_string(actual.size()));
  }
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const Stay& stay = actual[i];
    const std::string name = "stay " + std::to_string(i + 1) + " ";
    for (const auto& item : expected[i]) {
      const auto key = item.first.as<std::string>();
      const YAML::Node& want = item.second;
      if (key == "start") {
        moment(name + key, want, stay.start);
      } else if (key == "end") {
        moment(name + key, want, stay.end);
      } else if (key == "contacts") {
        equal(name + key, want, std::to_string(stay.contacts));
      } else if (key == "admission") {
        equal(name + key, want, text_of(stay.admission));
      } else if (key == "acute") {
        equal(name + key, want, text_of(stay.acute));
      } else if (key == "discharged_alive") {
        equal(name + key, want, text_of(stay.discharged_alive));
      } else if (key == "kol") {
        equal(name + key, want, text_of(stay.in(StaySet::kKol)));
      } else {
        unimplemented("stay value " + key);
      }
    }
  }
}

void Comparison::values(const YAML::Node& expected, const CitizenState& state) {
  for (const auto& item : expected) {
    const auto key = item.first.as<std::string>();
    const MeasureIndex m = file_.rules.measure(key);
    if (m == kNoMeasure) throw FormError("measure " + key + " is unknown");
    const LatestValue* latest = state.latest_of(m);
    if (latest == nullptr) {
      equal(key, item.second, "none");
      continue;
    }
    const Measure& measure = file_.rules.measures[m];
    equal(key, item.second,
          measure.kind == ValueKind::kCode
              ? measure.allowed_values[static_cast<std::size_t>(latest->value)]
              : number_text(latest->value));
  }
}

void Comparison::slots(const YAML::Node& expected, const CitizenState& state) {
  static const std::array<std::string, 2> kRoles{"TOVHOLDER", "FORLOEBSKOORDINATOR"};
  for (std::size_t i = 0; i < kRoles.size(); ++i) {
    const YAML::Node want = expected[kRoles[i]];
    if (want.IsDefined()) {
      org(kRoles[i], want, state.coordination[i]);
    } else if (!state.coordination[i].empty()) {
      differs(kRoles[i], "nobody", state.coordination[i]);
    }
  }
}

void Comparison::self_treatment(const YAML::Node& expected, const CitizenState& state) {
  static const std::array<std::string, 4> kKinds{"AK", "TELEKOL", "TELE_WOUND", "OTHER"};
  static const std::array<std::string, 4> kStatus{"NONE", "OFFERED", "ACTIVE", "ENDED"};
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    const YAML::Node want = expected[kKinds[i]];
    if (want.IsDefined()) {
      equal(kKinds[i], want, kStatus[static_cast<std::size_t>(state.self_treatment[i])]);
    }
  }
}

}  // namespace

std::string number_text(double value) {
  if (std::nearbyint(value) == value && std::abs(value) < 1e15) {
    return std::to_string(static_cast<std::int64_t>(value));
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

bool same_value(const YAML::Node& expected, const std::string& actual) {
  const std::string& wanted = expected.Scalar();
  if (wanted == actual) return true;
  try {
    std::size_t a = 0;
    std::size_t b = 0;
    const double x = std::stod(wanted, &a);
    const double y = std::stod(actual, &b);
    return a == wanted.size() && b == actual.size() && std::abs(x - y) <= 1e-6;
  } catch (const std::exception&) {
    return false;
  }
}

void compare_check(const YAML::Node& check, const Scenario& scenario, const File& file,
                   const World& world, Findings& findings) {
  const auto as_of = text_at(check, "as_of");
  if (!as_of) throw FormError(scenario.id + ": a check has no as_of");
  const auto known = text_at(check, "known_at");
  const Instant known_at = known ? read_as_of(*known) : Instant::max();
  const std::string at = *as_of + (known ? " known " + *known : "");
  Comparison comparison(at, scenario, file, world, read_as_of(*as_of), known_at, findings);
  for (const auto& item : check["expect"]) {
    comparison.subject(item.first.as<std::string>(), item.second);
  }
  for (const YAML::Node& indicator : check["indicators"]) {
    compare_indicator(indicator, at, scenario, world, read_as_of(*as_of), known_at, findings);
  }
}

}  // namespace kronika::scenario
