// domain.md 11 point 2 for one figure of a set of tables: every line, by itself, to a fixpoint.
#pragma once

#include "move_search.h"

#include <vector>

#include <kronika/domain/suppression.h>

namespace kronika::domain {

/// Hides more of `hidden`; true: something changed.
bool close_lines(const FigureSet& set, const CountTable& table, std::vector<char>& hidden);

[[nodiscard]] CountTable denominators_of(const FigureSet& set);
[[nodiscard]] CountTable numerators_of(const FigureSet& set);
/// Primaries: small, or withheld from outside.
[[nodiscard]] std::vector<char> primary_denominators(const FigureSet& set);
/// Primaries, and the cells whose denominator is hidden.
[[nodiscard]] std::vector<char> primary_numerators(const FigureSet& set,
                                                   const std::vector<char>& hidden_denominators);

}  // namespace kronika::domain
