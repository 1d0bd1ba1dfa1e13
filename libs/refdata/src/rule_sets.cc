// Rule sets of stratification: versions, inputs, and the ordered branches of each output.
//
// A branch's column `when` is a conjunction, empty where the branch always applies:
//
//   when       = [ comparison { " and " comparison } ]
//   comparison = input op value | input "missing" | input "present"
//   op         = "<" | "<=" | "=" | "!=" | ">=" | ">"
//
// An input is a measure key of ruleset_inputs.csv, an input that the fold derives (kDerived), or an
// output of the same rule set with branches further up. A value is a number or a coded value.
#include "tables.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace kronika::refdata {
namespace {

using domain::Comparison;
using domain::RuleSet;

/// What the fold computes from the history; docs/domain.md says how.
constexpr std::array<std::string_view, 6> kDerived{
    "dyspnoea", "severe_admissions", "hf_admission_182d", "ihd_admission_91d",
    "ihd",      "duration_years"};

RuleSet* find_rule_set(domain::Rules& rules, const Row& row) {
  const std::string& id = row.required("ruleset_id");
  const std::string& version = row.required("version");
  for (RuleSet& set : rules.rule_sets) {
    if (set.id == id && set.version == version) return &set;
  }
  row.refuse("rule set " + id + " version " + version + " is not in rulesets.csv");
  return nullptr;
}

std::optional<Comparison::Op> op_from(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, Comparison::Op>, 8> kOps{{
      {"<", Comparison::Op::kLess},
      {"<=", Comparison::Op::kLessEqual},
      {"=", Comparison::Op::kEqual},
      {"!=", Comparison::Op::kNotEqual},
      {">=", Comparison::Op::kGreaterEqual},
      {">", Comparison::Op::kGreater},
      {"missing", Comparison::Op::kMissing},
      {"present", Comparison::Op::kPresent},
  }};
  for (const auto& [name, op] : kOps) {
    if (name == text) return op;
  }
  return std::nullopt;
}

/// Whether `a` can only be true where `b` is true as well. Both speak of one input.
bool implies(const Comparison& a, const Comparison& b) {
  using Op = Comparison::Op;
  if (a.op == b.op && a.number == b.number && a.text == b.text) return true;
  if (a.op == Op::kMissing || b.op == Op::kMissing) return false;
  if (b.op == Op::kPresent) return true;
  if (!a.text.empty() || !b.text.empty()) {
    return a.op == Op::kEqual && b.op == Op::kNotEqual && a.text != b.text;
  }
  switch (b.op) {
    case Op::kLess:
      return (a.op == Op::kLess && a.number <= b.number) ||
             ((a.op == Op::kLessEqual || a.op == Op::kEqual) && a.number < b.number);
    case Op::kLessEqual:
      return (a.op == Op::kLess || a.op == Op::kLessEqual || a.op == Op::kEqual) &&
             a.number <= b.number;
    case Op::kGreater:
      return (a.op == Op::kGreater && a.number >= b.number) ||
             ((a.op == Op::kGreaterEqual || a.op == Op::kEqual) && a.number > b.number);
    case Op::kGreaterEqual:
      return (a.op == Op::kGreater || a.op == Op::kGreaterEqual || a.op == Op::kEqual) &&
             a.number >= b.number;
    case Op::kNotEqual:
      return (a.op == Op::kEqual && a.number != b.number) ||
             ((a.op == Op::kLess) && a.number <= b.number) ||
             ((a.op == Op::kLessEqual) && a.number < b.number) ||
             ((a.op == Op::kGreater) && a.number >= b.number) ||
             ((a.op == Op::kGreaterEqual) && a.number > b.number);
    case Op::kEqual:
    case Op::kMissing:
    case Op::kPresent:
      return false;
  }
  return false;
}

/// Whether every case of `later` was already taken by `earlier`.
bool covers(const std::vector<Comparison>& earlier, const std::vector<Comparison>& later) {
  return std::all_of(earlier.begin(), earlier.end(), [&later](const Comparison& e) {
    return std::any_of(later.begin(), later.end(),
                       [&e](const Comparison& l) { return l.input == e.input && implies(l, e); });
  });
}

class BranchReader {
 public:
  BranchReader(const Row& row, const domain::Rules& rules, const RuleSet& set)
      : row_(row), rules_(rules), set_(set) {}

  [[nodiscard]] std::vector<Comparison> when() const {
    std::vector<Comparison> conjunction;
    std::vector<std::string> words = split(row_.text("when"), ' ');
    std::erase(words, "");
    std::size_t i = 0;
    while (i < words.size()) {
      if (!conjunction.empty() && words[i++] != "and") {
        row_.refuse("when: expected 'and' before '" + words[i - 1] + "'");
        break;
      }
      if (i + 1 >= words.size()) {
        row_.refuse("when: a comparison is cut short");
        break;
      }
      Comparison c;
      c.input = words[i];
      const auto op = op_from(words[i + 1]);
      if (!op) {
        row_.refuse("when: '" + words[i + 1] + "' is no comparison");
        break;
      }
      c.op = *op;
      i += 2;
      check_input(c.input);
      if (c.op != Comparison::Op::kMissing && c.op != Comparison::Op::kPresent) {
        if (i >= words.size()) {
          row_.refuse("when: a comparison is cut short");
          break;
        }
        set_value(c, words[i++]);
      }
      conjunction.push_back(std::move(c));
    }
    return conjunction;
  }

 private:
  void check_input(const std::string& input) const {
    if (const domain::MeasureIndex m = rules_.measure(input); m != domain::kNoMeasure) {
      const bool listed = std::any_of(set_.inputs.begin(), set_.inputs.end(),
                                      [m](const domain::RuleInput& i) { return i.measure == m; });
      if (!listed)
        row_.refuse("when: " + input + " is no input of the rule set in ruleset_inputs.csv");
      return;
    }
    if (std::find(kDerived.begin(), kDerived.end(), input) != kDerived.end()) return;
    const bool earlier =
        std::any_of(set_.branches.begin(), set_.branches.end(),
                    [&input](const domain::Branch& b) { return b.output == input; });
    if (!earlier) {
      row_.refuse("when: '" + input + "' is no measure, no derived input and no earlier output");
    }
  }

  void set_value(Comparison& c, const std::string& value) const {
    const domain::MeasureIndex m = rules_.measure(c.input);
    const bool coded =
        m != domain::kNoMeasure && rules_.measures[m].kind == domain::ValueKind::kCode;
    const bool is_output =
        std::find(set_.outputs.begin(), set_.outputs.end(), c.input) != set_.outputs.end();
    const auto number = parse_number(value);
    if (number && !coded) {
      c.number = *number;
      if (is_output) c.text = value;
      return;
    }
    if (c.op != Comparison::Op::kEqual && c.op != Comparison::Op::kNotEqual) {
      row_.refuse("when: '" + value + "' is no number");
    } else if (coded) {
      const auto& allowed = rules_.measures[m].allowed_values;
      if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
        row_.refuse("when: '" + value + "' is no value of " + c.input);
      }
    } else if (m != domain::kNoMeasure) {
      row_.refuse("when: '" + value + "' is no number");
    }
    c.text = value;
  }

  const Row& row_;
  const domain::Rules& rules_;
  const RuleSet& set_;
};

}  // namespace

void read_rule_sets(const Table& table, domain::Rules& rules) {
  std::map<std::string, std::vector<domain::Validity>> periods;
  std::set<std::string> versions;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table[i];
    RuleSet set;
    set.id = row.required("ruleset_id");
    set.version = row.required("version");
    set.programme = rules.programme(row.required("programme"));
    if (set.programme == domain::kNoProgramme) {
      row.refuse("programme '" + row.text("programme") + "' is not in programmes.csv");
    } else if (rules.programmes[set.programme].level_ruleset != set.id) {
      row.refuse("programme " + row.text("programme") + " does not name rule set " + set.id);
    }
    set.validity = row.validity();
    set.outputs = row.list("output");
    if (set.outputs.empty()) row.refuse("output is empty");
    set.source = row.required("source");
    if (!versions.insert(set.id + ' ' + set.version).second) {
      row.refuse("rule set " + set.id + " version " + set.version + " stands twice");
    }
    auto& earlier = periods[set.id];
    for (const domain::Validity& other : earlier) {
      if (overlap(other, set.validity)) {
        row.refuse("the validity of rule set " + set.id + " overlaps an earlier version");
        break;
      }
    }
    earlier.push_back(set.validity);
    rules.rule_sets.push_back(std::move(set));
  }
  for (const domain::Programme& p : rules.programmes) {
    if (p.level_ruleset != "CLINICIAN_SET" && !periods.contains(p.level_ruleset)) {
      table.refuse(1, "rule set " + p.level_ruleset + " of programme " + p.id + " has no row");
    }
  }
}

void read_rule_inputs(const Table& table, domain::Rules& rules) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table[i];
    RuleSet* set = find_rule_set(rules, row);
    domain::RuleInput input;
    const std::string& key = row.required("measure_key");
    input.measure = rules.measure(key);
    if (input.measure == domain::kNoMeasure) {
      row.refuse("measure_key '" + key + "' is not in measurements.csv");
    }
    input.max_age_days = row.integer("max_age_days");
    if (input.max_age_days && *input.max_age_days < 0) row.refuse("max_age_days is negative");
    input.optional = row.yes_no("optional");
    if (set == nullptr) continue;
    if (!seen.insert(set->id + ' ' + set->version + ' ' + key).second) {
      row.refuse("input " + key + " stands twice");
    }
    set->inputs.push_back(input);
  }
}

void read_rule_branches(const Table& table, domain::Rules& rules) {
  std::set<std::string> closed;    // outputs that have their branch without condition
  std::set<std::string> finished;  // outputs whose group of branches has ended
  std::map<std::string, std::string> current;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table[i];
    RuleSet* set = find_rule_set(rules, row);
    if (set == nullptr) continue;
    const std::string& output = row.required("output");
    if (std::find(set->outputs.begin(), set->outputs.end(), output) == set->outputs.end()) {
      row.refuse("output '" + output + "' is not an output of the rule set in rulesets.csv");
    }
    const std::string version = set->id + ' ' + set->version;
    std::string& open = current[version];
    if (open != output) {
      if (!open.empty()) finished.insert(version + ' ' + open);
      open = output;
    }
    const std::string key = version + ' ' + output;
    if (finished.contains(key))
      row.refuse("the branches of output " + output + " are not together");
    domain::Branch branch;
    branch.output = output;
    branch.when = BranchReader(row, rules, *set).when();
    branch.value = row.required("value");
    branch.line = row.line();
    for (const domain::Branch& earlier : set->branches) {
      if (earlier.output == output && covers(earlier.when, branch.when)) {
        row.refuse("the branch can never be reached: line " + std::to_string(earlier.line) +
                   " takes all its cases");
      }
    }
    if (branch.when.empty()) closed.insert(key);
    set->branches.push_back(std::move(branch));
  }
  for (const RuleSet& set : rules.rule_sets) {
    for (const std::string& output : set.outputs) {
      if (!closed.contains(set.id + ' ' + set.version + ' ' + output)) {
        table.refuse(1, "output " + output + " of rule set " + set.id + " version " + set.version +
                            " has no last branch without condition");
      }
    }
  }
}

}  // namespace kronika::refdata
