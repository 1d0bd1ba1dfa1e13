#include "care_scan.h"

#include <kronika/codec/citizen_codec.h>
#include <kronika/gateway/errc.h>

namespace kronika::gateway {

Result<CareScan::Progress> CareScan::step(std::size_t citizens) {
  const auto slice = view_.states(last_, citizens);
  if (!slice) return tl::unexpected(slice.error());
  codec::CitizenRecord record;
  for (const auto& [person, bytes] : *slice) {
    if (!codec::decode_citizen(bytes, record)) {
      return fail(code(Errc::kViewRecordUnreadable),
                  "a citizen's state cannot be read; delete the gateway's view");
    }
    // Who has another key now is counted there.
    if (record.moved_to || record.state.canary) continue;
    if (record.generation != rules_.generation) return Progress::kOtherRules;
    counts_.add(record.state, fold_.evaluate(record.state, as_of_), as_of_);
  }
  citizens_ += static_cast<std::int64_t>(slice->size());
  if (slice->size() < citizens) return Progress::kDone;
  last_ = slice->back().first;
  return Progress::kMore;
}

}  // namespace kronika::gateway
