// Evaluates a rule set: branches are data (ruleset_branches.csv), what they look at is gathered
// here (domain.md 9). Three-valued: an absent or too old input makes a comparison UNKNOWN, and an
// UNKNOWN conjunction does not win; a rule that needs to tell "unknown" from "no" asks for
// "missing". The first branch that is true gives the output.
#include "fold_tables.h"

#include <algorithm>
#include <charconv>

namespace kronika::domain {

namespace {

constexpr std::string_view kUnknownText = "UNKNOWN";
constexpr int kSevereDays = 365;
constexpr int kHfDays = 182;
constexpr int kIhdDays = 91;
constexpr std::size_t kMaxInputs = 16;

bool compare(Comparison::Op op, double a, double b) {
  switch (op) {
    case Comparison::Op::kLess:
      return a < b;
    case Comparison::Op::kLessEqual:
      return a <= b;
    case Comparison::Op::kEqual:
      return a == b;
    case Comparison::Op::kNotEqual:
      return a != b;
    case Comparison::Op::kGreaterEqual:
      return a >= b;
    case Comparison::Op::kGreater:
      return a > b;
    case Comparison::Op::kMissing:
    case Comparison::Op::kPresent:
      break;
  }
  return false;
}

class Evaluator {
 public:
  Evaluator(const FoldTables& tables, const CompiledRuleSet& set, const RuleFacts& facts,
            Deadlines& deadlines)
      : t_(tables), set_(set), facts_(facts), deadlines_(deadlines) {}

  Proposal run() {
    gather();
    Proposal p;
    p.ruleset_id = set_.rules->id;
    p.version = set_.rules->version;
    outputs_.fill(kUnknownText);
    std::uint32_t decided = 0;
    for (const CompiledBranch& branch : set_.branches) {
      if ((decided >> branch.output & 1U) != 0) continue;
      if (!std::all_of(branch.when.begin(), branch.when.end(),
                       [this](const CompiledComparison& c) { return is_true(c); })) {
        continue;
      }
      decided |= 1U << branch.output;
      outputs_.at(branch.output) = branch.value;
    }
    const auto& names = set_.rules->outputs;
    p.outputs.reserve(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      p.outputs.push_back({names[i], outputs_.at(i)});
      if (names[i] == "proposed_level" && outputs_.at(i) != kUnknownText) {
        std::from_chars(outputs_.at(i).data(), outputs_.at(i).data() + outputs_.at(i).size(),
                        p.level);
      }
    }
    explain(p);
    return p;
  }

 private:
  void gather() {
    const auto& inputs = set_.rules->inputs;
    for (std::size_t i = 0; i < inputs.size() && i < kMaxInputs; ++i) {
      const LatestValue* v = facts_.state.latest_of(inputs[i].measure);
      if (v == nullptr) continue;
      if (inputs[i].max_age_days) {
        const CivilDate measured = civil_date_of(v->at);
        const int age = facts_.today - measured;
        if (age < 0 || age > *inputs[i].max_age_days) continue;
        deadlines_.past(measured, *inputs[i].max_age_days);
      }
      values_.at(i) = v;
    }
    // MRC = mMRC + 1; the later one counts, at the same time MRC (domain.md 6.7).
    if (set_.mrc != kNoIndex && set_.mmrc != kNoIndex) {
      const LatestValue*& mrc = values_.at(set_.mrc);
      const LatestValue*& mmrc = values_.at(set_.mmrc);
      if (mrc != nullptr && mmrc != nullptr) (mmrc->at > mrc->at ? mrc : mmrc) = nullptr;
    }
  }

  std::optional<double> derived(Derived which) {
    switch (which) {
      case Derived::kDyspnoea:
        if (set_.mrc != kNoIndex && values_.at(set_.mrc) != nullptr) {
          return values_.at(set_.mrc)->value;
        }
        if (set_.mmrc != kNoIndex && values_.at(set_.mmrc) != nullptr) {
          return values_.at(set_.mmrc)->value + 1;
        }
        return std::nullopt;
      case Derived::kSevereAdmissions:
        return admissions_ended_within(facts_, StaySet::kKol, kSevereDays, deadlines_);
      case Derived::kHfAdmission182:
        return admissions_ended_within(facts_, StaySet::kHf, kHfDays, deadlines_);
      case Derived::kIhdAdmission91:
        return admissions_ended_within(facts_, StaySet::kIhd, kIhdDays, deadlines_);
      case Derived::kIhd: {
        const ProgrammeFacts* f = facts_.state.facts_of(t_.ihd);
        return f != nullptr && f->first_diagnosis != kNoDate ? 1 : 0;
      }
      case Derived::kDurationYears: {
        if (set_.onset_year == kNoIndex || values_.at(set_.onset_year) == nullptr) {
          return std::nullopt;
        }
        const int year = year_month_day(facts_.today).year;
        if (const auto next = civil_date(year + 1, 1, 1)) deadlines_.on(*next);
        return year - values_.at(set_.onset_year)->value;
      }
      case Derived::kCount:
        break;
    }
    return std::nullopt;
  }

  bool is_true(const CompiledComparison& c) {
    using Op = Comparison::Op;
    if (c.source == CompiledComparison::Source::kOutput) {
      const std::string_view value = outputs_.at(c.index);
      const bool missing = value == kUnknownText;
      if (c.op == Op::kMissing) return missing;
      if (c.op == Op::kPresent) return !missing;
      if (missing) return false;
      if (c.op == Op::kEqual || c.op == Op::kNotEqual)
        return (value == c.text) == (c.op == Op::kEqual);
      double number = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
      return error == std::errc{} && end == value.data() + value.size() &&
             compare(c.op, number, c.number);
    }
    std::optional<double> value;
    if (c.source == CompiledComparison::Source::kDerived) {
      value = derived(static_cast<Derived>(c.index));
    } else if (const LatestValue* v = values_.at(c.index); v != nullptr) {
      value = v->value;
    }
    if (c.op == Op::kMissing) return !value;
    if (c.op == Op::kPresent) return value.has_value();
    if (!value) return c.optional && c.op == Op::kNotEqual;  // absent counts as "no"
    return compare(c.op, *value, c.number);
  }

  void explain(Proposal& p) const {
    const auto& inputs = set_.rules->inputs;
    p.inputs.reserve(inputs.size());
    for (std::size_t i = 0; i < inputs.size() && i < kMaxInputs; ++i) {
      if (const LatestValue* v = values_.at(i); v != nullptr) {
        p.inputs.push_back({v->measure, v->value, v->at, v->event_id});
        continue;
      }
      if (inputs[i].optional) continue;
      // One of MRC and mMRC is enough; neither is said as MRC.
      if (i == set_.mmrc && set_.mrc != kNoIndex) continue;
      if (i == set_.mrc && set_.mmrc != kNoIndex && values_.at(set_.mmrc) != nullptr) continue;
      p.missing.push_back(inputs[i].measure);
    }
  }

  const FoldTables& t_;
  const CompiledRuleSet& set_;
  const RuleFacts& facts_;
  Deadlines& deadlines_;
  std::array<const LatestValue*, kMaxInputs> values_{};
  std::array<std::string_view, kMaxInputs> outputs_{};
};

}  // namespace

int admissions_ended_within(const RuleFacts& facts, StaySet set, int days, Deadlines& deadlines) {
  int count = 0;
  for (const Stay& stay : facts.stays) {
    if (stay.open() || !stay.admission || !stay.in(set)) continue;
    const CivilDate ended = civil_date_of(stay.end);
    if (facts.today - ended > days) continue;
    deadlines.past(ended, days);
    ++count;
  }
  return count;
}

Proposal propose(const FoldTables& tables, const CompiledRuleSet& set, const RuleFacts& facts,
                 Deadlines& deadlines) {
  return Evaluator(tables, set, facts, deadlines).run();
}

}  // namespace kronika::domain
