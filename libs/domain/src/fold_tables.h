// Rules prepared for the fold: indexes resolved once, rule sets compiled. Built by Fold's
// constructor, immutable afterwards.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <kronika/domain/citizen.h>
#include <kronika/domain/evaluation.h>
#include <kronika/domain/rules.h>

namespace kronika::domain {

/// Inputs that the fold derives from history (named in ruleset_branches.csv).
enum class Derived : std::uint8_t {
  kDyspnoea,          ///< MRC, or mMRC + 1 (domain.md 6.7)
  kSevereAdmissions,  ///< KOL stays that are admissions and ended within 365 days
  kHfAdmission182,    ///< HF stays that are admissions and ended within 182 days
  kIhdAdmission91,    ///< IHD stays that are admissions and ended within 91 days
  kIhd,               ///< 1 if a DiagnosisRecorded of HEART_IHD exists
  kDurationYears,     ///< year of as_of - DIABETES_ONSET_YEAR
  kCount
};

struct CompiledComparison {
  enum class Source : std::uint8_t { kInput, kDerived, kOutput };
  Source source = Source::kInput;
  std::uint8_t index = 0;  ///< into RuleSet::inputs, of Derived, or into RuleSet::outputs
  bool optional = false;   ///< an absent input counts as "no": every comparison but != is false
  Comparison::Op op = Comparison::Op::kEqual;
  double number = 0;      ///< a coded value is its index in Measure::allowed_values
  std::string_view text;  ///< of an output
};
struct CompiledBranch {
  std::uint8_t output = 0;
  std::vector<CompiledComparison> when;
  std::string_view value;
};
struct CompiledRuleSet {
  const RuleSet* rules = nullptr;
  std::vector<CompiledBranch> branches;
  std::uint8_t mrc = kNoIndex, mmrc = kNoIndex, onset_year = kNoIndex;  ///< into inputs
};

struct FoldTables {
  explicit FoldTables(const Rules& r);

  const Rules& rules;

  ProgrammeIndex kol, t1d, t2d, ihd, hf, lbp, abi, dementia, cancer_rehab, cancer_followup;
  std::uint32_t heart = 0;  ///< bit a programme of group HEART
  MeasureIndex hba1c, fev1_fvc, fev1, fvc, sbp, dbp, weight, height, bmi, spo2, pulse, mrc, mmrc,
      cat, exacerbations, fev1_pct, home_oxygen, hba1c_debut, uacr, eye_exam, foot_exam, smoking,
      work_capacity, ldl, satisfaction;
  /// Measures of I-21, in the order of Indicator::kI21aBmi and on.
  std::array<MeasureIndex, 6> outcome_measures{};
  std::vector<bool> in_outcomes;  ///< by measure: Applier::keep_outcome() wants it
  std::vector<bool> in_runs;      ///< by measure: Applier::keep_runs() wants it
  GroupIndex diabetes_group = kNoIndex, cancer_group = kNoIndex, lbp_group = kNoIndex;
  std::array<GroupIndex, kMaxProgrammes> group_of{};
  std::uint32_t core_groups = 0;
  std::vector<CompiledRuleSet> rule_sets;  ///< as Rules::rule_sets

  /// The compiled version valid on `date`; nullptr if none.
  [[nodiscard]] const CompiledRuleSet* rule_set(std::string_view id, CivilDate date) const;
  [[nodiscard]] const CompiledRuleSet* rule_set(std::string_view id,
                                                std::string_view version) const;
  /// Whether a coded value (an index) stands for `text`.
  [[nodiscard]] bool is_value(MeasureIndex m, double value, std::string_view text) const {
    const auto& allowed = rules.measures[m].allowed_values;
    const auto i = static_cast<std::size_t>(value);
    return i < allowed.size() && allowed[i] == text;
  }
  [[nodiscard]] bool lasting_follow_up(ProgrammeIndex p) const {
    return rules.programmes[p].lasting_follow_up;
  }
};

/// The earliest of the instants at which an answer changes by time alone. Only what lies after
/// as_of counts.
class Deadlines {
 public:
  Deadlines(Instant as_of, CivilDate today) : as_of_(as_of), today_(today) {}
  /// Something changes at 00:00 local of `date`.
  void on(CivilDate date) {
    if (date > today_ && date < day_) day_ = date;
  }
  /// "More than n days after base" becomes true; the window of n days after base ends.
  void past(CivilDate base, int n) {
    if (base != kNoDate) on(base + (n + 1));
  }
  void at(Instant t) {
    if (t > as_of_ && t < instant_) instant_ = t;
  }
  [[nodiscard]] std::optional<Instant> next() const;

 private:
  Instant as_of_;
  CivilDate today_;
  CivilDate day_{INT32_MAX};
  Instant instant_ = Instant::max();
};

/// What a rule set may look at.
struct RuleFacts {
  const CitizenState& state;
  const std::vector<Stay>& stays;
  Instant as_of;
  CivilDate today;
};

/// Number of admissions in `set` that ended within `days` before as_of.
[[nodiscard]] int admissions_ended_within(const RuleFacts& facts, StaySet set, int days,
                                          Deadlines& deadlines);
/// The answer of one rule set (stratification.cc).
[[nodiscard]] Proposal propose(const FoldTables& tables, const CompiledRuleSet& set,
                               const RuleFacts& facts, Deadlines& deadlines);

/// Contributions and the instants at which they change (contributions.cc).
void contribution_deadlines(const FoldTables& tables, const CitizenState& state,
                            const std::vector<Stay>& stays, CivilDate today, Deadlines& deadlines);

}  // namespace kronika::domain
