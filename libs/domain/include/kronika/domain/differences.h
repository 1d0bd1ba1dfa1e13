// Sums of what changes in cells when citizens' contributions change: many citizens touch few cells,
// so the sum is kept by cell from the start.
//
//   DifferenceSum sum;
//   sum.add(contributions_before, contributions_after, canary);   // for each citizen
//   for (const CellDifference& d : sum.take()) ...
//
// Thread: one.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <kronika/domain/indicators.h>

namespace kronika::domain {

/// What is to be added to a cell.
struct CellDifference {
  CellKey cell;
  CellValue value;
};
using CellDifferences = std::vector<CellDifference>;

class DifferenceSum {
 public:
  DifferenceSum();
  ~DifferenceSum();
  DifferenceSum(DifferenceSum&&) noexcept;
  DifferenceSum& operator=(DifferenceSum&&) noexcept;

  void add(const std::vector<Contribution>& before, const std::vector<Contribution>& after,
           bool canary);
  /// One entry a cell, in order of the cells' bytes, zero ones left out. Nothing is left behind.
  [[nodiscard]] CellDifferences take();
  void clear();

 private:
  struct Index;
  std::unique_ptr<Index> index_;
  CellDifferences cells_;
};

/// The same of one citizen into a map, which loses its zero cells.
void add_difference(const std::vector<Contribution>& before, const std::vector<Contribution>& after,
                    bool canary, CellDeltas& into);

}  // namespace kronika::domain
