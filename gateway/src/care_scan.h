// One pass over the states of all citizens, a slice at a time, that counts their clinical timers.
// The view goes on changing meanwhile: a citizen counts as it was when its slice was read.
// Thread: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <kronika/base/result.h>
#include <kronika/domain/care_figures.h>
#include <kronika/domain/fold.h>
#include <kronika/gateway/view.h>

namespace kronika::gateway {

class CareScan {
 public:
  /// All must outlive the scan.
  CareScan(const domain::Rules& rules, const domain::Fold& fold, const View& view, Instant as_of)
      : rules_(rules),
        fold_(fold),
        view_(view),
        as_of_(as_of),
        counts_(rules, domain::civil_date_of(as_of)) {}

  enum class Progress : std::uint8_t {
    kMore,
    kDone,
    kOtherRules,  ///< a state was folded with another rule generation: its numbers mean others
  };
  /// Errors: view_record_unreadable, store_*.
  [[nodiscard]] Result<Progress> step(std::size_t citizens);

  /// Read so far, redirects and canaries among them.
  [[nodiscard]] std::int64_t citizens() const { return citizens_; }
  [[nodiscard]] Instant as_of() const { return as_of_; }
  [[nodiscard]] std::vector<domain::CareCell> cells() const { return counts_.cells(); }

 private:
  const domain::Rules& rules_;
  const domain::Fold& fold_;
  const View& view_;
  const Instant as_of_;
  domain::CareCounts counts_;
  std::optional<PersonKey> last_;
  std::int64_t citizens_ = 0;
};

}  // namespace kronika::gateway
