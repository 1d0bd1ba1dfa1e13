// A folded and evaluated citizen as the API's messages. Pure; thread: any.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include <kronika/domain/fold.h>
#include <kronika/query/v1/query.pb.h>

namespace kronika::gateway {

/// The caution that goes with every computed level.
inline constexpr std::string_view kNotice =
    "Levels marked as proposed are computed by rules that no responsible clinician has approved; a "
    "level is set by a clinician only.";

/// Fills everything but transitions, as_of and known_at.
void fill_citizen(const domain::Rules& rules, const domain::CitizenState& state,
                  const domain::Evaluation& evaluation, Instant as_of, query::v1::Citizen& out);
void fill_proposal(const domain::Rules& rules, const domain::Proposal& proposal,
                   query::v1::LevelExplanation& out);
void fill_axes(const domain::Evaluation& evaluation, query::v1::LevelExplanation& out);
void fill_generation(const domain::Rules& rules, query::v1::RuleGeneration& out);
/// Folds the events once more, one by one, and notes at which of them each pathway of `out` changed
/// its state.
void fill_transitions(const domain::Fold& fold, const PersonKey& person,
                      std::span<const domain::JournalEntry* const> events,
                      const domain::Rules& rules, query::v1::Citizen& out);

}  // namespace kronika::gateway
