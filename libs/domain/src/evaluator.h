// What evaluate() works with; person-level rules in evaluate.cc, flags of pathways in flags.cc.
#pragma once

#include "fold_tables.h"

namespace kronika::domain {

class StateEvaluator {
 public:
  StateEvaluator(const FoldTables& tables, const CitizenState& state, Instant as_of)
      : t_(tables),
        s_(state),
        as_of_(as_of),
        today_(civil_date_of(as_of)),
        deadlines_(as_of, today_) {}

  /// `what_if` takes the place of the version in force of its rule set; nullptr: none.
  Evaluation run(const CompiledRuleSet* what_if);

 private:
  // evaluate.cc
  void person();
  void care_setting();
  void groups();
  void high_use();
  void measurements();
  void coordination();

  // flags.cc
  void pathway(const Episode& ep, bool current, const CompiledRuleSet* what_if);
  void flags(const Episode& ep, const ProgrammeFacts& facts, PathwayEvaluation& out);
  void silence(const Episode& ep, PathwayEvaluation& out);
  void cancer_assessment(const Episode& ep, PathwayEvaluation& out);
  void telekol(PathwayEvaluation& out);
  void private_choice(const Episode& ep, PathwayEvaluation& out);
  void examinations(const ProgrammeFacts& facts, PathwayEvaluation& out);
  [[nodiscard]] AgeTrack age_track(const PathwayEvaluation& out) const;
  [[nodiscard]] HeartPhase heart_phase(const PathwayEvaluation& out) const;
  void proposal(const Episode& ep, const CompiledRuleSet* what_if, PathwayEvaluation& out);

  /// "More than n days after base", and a deadline for the day on which it becomes true.
  bool past(CivilDate base, int n) {
    deadlines_.past(base, n);
    return base != kNoDate && today_ - base > n;
  }
  /// The latest value of at most `days` age; a deadline for the day on which it is too old.
  const LatestValue* fresh(MeasureIndex measure, int days);
  [[nodiscard]] CivilDate last_discharge() const;

  const FoldTables& t_;
  const CitizenState& s_;
  const Instant as_of_;
  const CivilDate today_;
  Deadlines deadlines_;
  Evaluation out_;
};

}  // namespace kronika::domain
