#include "fold_tables.h"

#include <algorithm>
#include <charconv>

namespace kronika::domain {

namespace {

Derived derived_from(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, Derived>, 6> kNames{{
      {"dyspnoea", Derived::kDyspnoea},
      {"severe_admissions", Derived::kSevereAdmissions},
      {"hf_admission_182d", Derived::kHfAdmission182},
      {"ihd_admission_91d", Derived::kIhdAdmission91},
      {"ihd", Derived::kIhd},
      {"duration_years", Derived::kDurationYears},
  }};
  for (const auto& [text, derived] : kNames) {
    if (text == name) return derived;
  }
  return Derived::kCount;
}

std::uint8_t index_in(const std::vector<std::string>& list, std::string_view text) {
  const auto it = std::find(list.begin(), list.end(), text);
  return it == list.end() ? kNoIndex : static_cast<std::uint8_t>(it - list.begin());
}

std::uint8_t input_index(const RuleSet& set, MeasureIndex measure) {
  for (std::size_t i = 0; i < set.inputs.size(); ++i) {
    if (set.inputs[i].measure == measure) return static_cast<std::uint8_t>(i);
  }
  return kNoIndex;
}

CompiledComparison compile(const Rules& rules, const RuleSet& set, const Comparison& from) {
  CompiledComparison c;
  c.op = from.op;
  c.number = from.number;
  const MeasureIndex measure = rules.measure(from.input);
  if (const std::uint8_t i = measure == kNoMeasure ? kNoIndex : input_index(set, measure);
      i != kNoIndex) {
    c.source = CompiledComparison::Source::kInput;
    c.index = i;
    c.optional = set.inputs[i].optional;
    const Measure& m = rules.measures[measure];
    if (m.kind == ValueKind::kCode) c.number = index_in(m.allowed_values, from.text);
  } else if (const Derived d = derived_from(from.input); d != Derived::kCount) {
    c.source = CompiledComparison::Source::kDerived;
    c.index = static_cast<std::uint8_t>(d);
  } else {
    c.source = CompiledComparison::Source::kOutput;
    c.index = index_in(set.outputs, from.input);
    c.text = from.text;
  }
  return c;
}

CompiledRuleSet compile(const Rules& rules, const RuleSet& set) {
  CompiledRuleSet out;
  out.rules = &set;
  out.mrc = input_index(set, rules.measure("MRC"));
  out.mmrc = input_index(set, rules.measure("MMRC"));
  out.onset_year = input_index(set, rules.measure("DIABETES_ONSET_YEAR"));
  for (const Branch& branch : set.branches) {
    CompiledBranch& b = out.branches.emplace_back();
    b.output = index_in(set.outputs, branch.output);
    b.value = branch.value;
    for (const Comparison& c : branch.when) b.when.push_back(compile(rules, set, c));
  }
  return out;
}

}  // namespace

FoldTables::FoldTables(const Rules& r) : rules(r) {
  kol = r.programme("KOL");
  t1d = r.programme("T1D");
  t2d = r.programme("T2D");
  ihd = r.programme("HEART_IHD");
  hf = r.programme("HEART_HF");
  lbp = r.programme("LBP");
  abi = r.programme("ABI");
  dementia = r.programme("DEMENTIA");
  cancer_rehab = r.programme("CANCER_REHAB");
  cancer_followup = r.programme("CANCER_FOLLOWUP");
  hba1c = r.measure("HBA1C");
  fev1_fvc = r.measure("FEV1_FVC");
  fev1 = r.measure("FEV1");
  fvc = r.measure("FVC");
  sbp = r.measure("SBP");
  dbp = r.measure("DBP");
  weight = r.measure("WEIGHT");
  height = r.measure("HEIGHT");
  bmi = r.measure("BMI");
  spo2 = r.measure("SPO2");
  pulse = r.measure("PULSE");
  mrc = r.measure("MRC");
  mmrc = r.measure("MMRC");
  cat = r.measure("CAT");
  exacerbations = r.measure("EXACERBATIONS_12M");
  fev1_pct = r.measure("FEV1_PCT");
  home_oxygen = r.measure("HOME_OXYGEN");
  hba1c_debut = r.measure("HBA1C_DEBUT");
  uacr = r.measure("UACR");
  eye_exam = r.measure("EYE_EXAM");
  foot_exam = r.measure("FOOT_EXAM");
  smoking = r.measure("SMOKING");
  work_capacity = r.measure("WORK_CAPACITY");
  ldl = r.measure("LDL");
  satisfaction = r.measure("SATISFACTION");
  outcome_measures = {bmi,
                      weight,
                      r.measure("WAIST"),
                      r.measure("WALK_6MIN"),
                      r.measure("SIT_TO_STAND_30S"),
                      r.measure("WHO5")};
  in_outcomes.resize(r.measures.size());
  for (const MeasureIndex m : outcome_measures) {
    if (m < in_outcomes.size()) in_outcomes[m] = true;
  }
  if (satisfaction < in_outcomes.size()) in_outcomes[satisfaction] = true;
  in_runs.resize(r.measures.size());
  for (const MeasureIndex m :
       {mrc, mmrc, hba1c, sbp, uacr, eye_exam, foot_exam, smoking, work_capacity, ldl}) {
    if (m < in_runs.size()) in_runs[m] = true;
  }
  diabetes_group = index_in(r.groups, "DIABETES");
  cancer_group = index_in(r.groups, "CANCER");
  lbp_group = index_in(r.groups, "LBP");
  group_of.fill(kNoIndex);
  for (std::size_t i = 0; i < r.programmes.size(); ++i) {
    const Programme& p = r.programmes[i];
    group_of[i] = index_in(r.groups, p.group);
    if (p.group == "HEART") heart |= 1U << i;
    if (p.core_five && group_of[i] != kNoIndex) core_groups |= 1U << group_of[i];
  }
  for (const RuleSet& set : r.rule_sets) rule_sets.push_back(compile(r, set));
}

const CompiledRuleSet* FoldTables::rule_set(std::string_view id, CivilDate date) const {
  for (const CompiledRuleSet& set : rule_sets) {
    if (set.rules->id == id && set.rules->validity.contains(date)) return &set;
  }
  return nullptr;
}

const CompiledRuleSet* FoldTables::rule_set(std::string_view id, std::string_view version) const {
  for (const CompiledRuleSet& set : rule_sets) {
    if (set.rules->id == id && set.rules->version == version) return &set;
  }
  return nullptr;
}

std::optional<Instant> Deadlines::next() const {
  Instant next = instant_;
  if (day_.days != INT32_MAX) next = std::min(next, start_of_day(day_));
  return next == Instant::max() ? std::nullopt : std::optional(next);
}

}  // namespace kronika::domain
