// Whether a task begins with a rebuild (architecture A8). Asked once, where its compacted partition
// is empty: nothing of this partition was ever emitted, so the citizens of the log have yet to come
// out. What other partitions have emitted since lies in the derived topics already; that they began
// with nothing, too, is said by the genesis record in front of their compacted partitions.

#include "rebuild_mark.h"
#include "task_restore.h"

#include <algorithm>
#include <string>

#include <kronika/bus/errc.h>

namespace kronika::bus {

void TaskRestore::take_mark(const Record& record) {
  if (is_rebuilt_key(record.key)) {
    position_.rebuild = {};
    return;
  }
  // Read again only with an empty store. Where the rebuild is complete its other mark follows.
  if (const auto began = decode_genesis(record.value, input_count())) position_.rebuild = *began;
}

Result<bool> TaskRestore::nothing_derived() {
  bool empty = true;
  for (const std::string& topic : task_.spec().derived_topics) {
    const auto count = source_.partitions(topic);
    if (!count) return tl::unexpected(count.error());
    for (std::int32_t p = 0; p < *count && empty; ++p) {
      const auto ends = source_.ends(topic, p);
      if (!ends) return tl::unexpected(ends.error());
      empty = ends->low == ends->high;
    }
  }
  if (empty) return true;
  const std::string& compacted = task_.spec().compacted_topic;
  const auto count = source_.partitions(compacted);
  if (!count) return tl::unexpected(count.error());
  bool marked = false;
  for (std::int32_t p = 0; p < *count && !marked; ++p) {
    if (p == task_.partition()) continue;
    const auto ends = source_.ends(compacted, p);
    if (!ends) return tl::unexpected(ends.error());
    if (ends->low == ends->high) continue;
    const auto read = read_one(compacted, p, ends->low, [&](const Record& record) -> Result<void> {
      marked = is_genesis_key(record.key);
      return {};
    });
    if (!read) return tl::unexpected(read.error());
  }
  return marked;
}

Result<void> TaskRestore::plan_rebuild() {
  if (position_.rebuild.phase != RebuildPhase::kNone) {  // amid one that has emitted nothing yet
    task_.begin_with_mark();
    return {};
  }
  const TaskSpec& spec = task_.spec();
  // Taken before the ends: all that was published until then lies below them.
  const Instant now = task_.wall().now();
  std::int64_t waiting = 0;
  bool handled = false;
  Rebuild rebuild{RebuildPhase::kReading, now, {}};
  for (std::size_t i = 0; i < input_count(); ++i) {
    const auto ends = source_.ends(spec.input_topics[i], task_.partition());
    if (!ends) return tl::unexpected(ends.error());
    handled = handled || committed_[i].value_or(0) > ends->low;
    waiting += ends->high - ends->low;
    rebuild.targets.push_back(ends->high);
  }
  const auto nothing = nothing_derived();
  if (!nothing) return tl::unexpected(nothing.error());
  const std::string who = spec.name + "-" + std::to_string(task_.partition());
  if (handled && !*nothing) {
    return fail(code(Errc::kPositionsMissing),
                who + ": records were handled before, but " + spec.compacted_topic +
                    " holds nothing of them while topics derived from it do; empty those as well, "
                    "then everything is rebuilt from the log");
  }
  if (handled && spec.rebuild_min_records == 0) {
    return fail(code(Errc::kPositionsMissing), who + ": records were handled before, but " +
                                                   spec.compacted_topic +
                                                   " is empty, and the settings forbid a rebuild");
  }
  if (!*nothing) return {};
  task_.begin_with_mark();
  if (!handled && (spec.rebuild_min_records == 0 || waiting < spec.rebuild_min_records)) return {};
  position_.rebuild = std::move(rebuild);
  return {};
}

}  // namespace kronika::bus
