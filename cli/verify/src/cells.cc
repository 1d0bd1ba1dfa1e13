// The sums of all contributions against indicator-state. The two are cuts at different moments: the
// differences between them (indicator-delta) carry the partition and transaction of the citizen
// task that sent them.
#include "impl.h"

#include <charconv>

#include <kronika/bus/wire.h>

namespace kronika::verify {
namespace {

std::optional<std::int64_t> header_number(const bus::Record& record, std::string_view name) {
  for (const bus::Header& h : record.headers) {
    if (h.key != name) continue;
    std::int64_t n = 0;
    const auto read = std::from_chars(h.value.data(), h.value.data() + h.value.size(), n);
    if (read.ec == std::errc()) return n;
  }
  return std::nullopt;
}

}  // namespace

Result<void> Verifier::Impl::check_cells() {
  const auto count = log.partitions(std::string(bus::kIndicatorState));
  if (!count) return tl::unexpected(count.error());
  std::map<std::int32_t, std::int64_t>
      summed;  // next offset of indicator-delta in each partition's cut
  std::set<std::pair<std::int32_t, std::int64_t>> refused;
  for (std::int32_t p = 0; p < *count; ++p) {
    Cells cut;
    std::map<domain::CellKey, std::optional<domain::CellValue>> waiting;
    const auto end = log.read(
        std::string(bus::kIndicatorState), p, [&](const bus::Record& record) -> Result<void> {
          const auto wire = bus::read_wire(record.value);
          const std::string where =
              "indicator-state/" + std::to_string(p) + "@" + std::to_string(record.offset);
          if (codec::is_progress_key(record.key)) {
            codec::ProgressRecord progress;
            if (!wire || !codec::decode_progress(wire->message, progress)) {
              differ("progress", where, "the progress record cannot be read");
              return {};
            }
            for (const auto& [key, value] : waiting) {
              if (value) {
                cut[key] = *value;
              } else {
                cut.erase(key);
              }
            }
            waiting.clear();
            for (const codec::TopicPosition& position : progress.positions)
              summed[p] = position.next_offset;
            for (const codec::RefusedRecord& r : progress.refused)
              refused.insert({r.partition, r.offset});
            return {};
          }
          const auto key = domain::CellKey::from_bytes(record.key);
          codec::IndicatorCell cell;
          if (!key || (!record.tombstone && (!wire || !codec::decode_cell(wire->message, cell)))) {
            differ("cell", where, "the cell cannot be read");
            return {};
          }
          waiting[*key] = record.tombstone ? std::nullopt : std::optional(cell.value);
          return {};
        });
    if (!end) return tl::unexpected(end.error());
    state_ends[p] = *end;
    actual.merge(cut);
  }

  // From the citizen tasks' cuts to the indicator tasks' cuts.
  const auto delta_partitions = log.partitions(std::string(bus::kIndicatorDelta));
  if (!delta_partitions) return tl::unexpected(delta_partitions.error());
  for (std::int32_t p = 0; p < *delta_partitions; ++p) {
    const auto end = log.read(
        std::string(bus::kIndicatorDelta), p, [&](const bus::Record& record) -> Result<void> {
          const auto source = header_number(record, "kronika-source-partition");
          const auto transaction = header_number(record, "kronika-transaction");
          const auto wire = bus::read_wire(record.value);
          codec::IndicatorDelta delta;
          if (!source || !transaction || !wire || !codec::decode_delta(wire->message, delta)) {
            if (!refused.contains({p, record.offset})) {
              differ("delta",
                     "indicator-delta/" + std::to_string(p) + "@" + std::to_string(record.offset),
                     "a difference without source or transaction, or unreadable");
            }
            return {};
          }
          const auto at = transactions.find(static_cast<std::int32_t>(*source));
          const bool in_states = at != transactions.end() && *transaction <= at->second;
          const bool in_cells = record.offset < summed[p];
          if (in_states == in_cells) return {};
          for (const auto& change : delta.changes) {
            if (in_states) {
              expected[change.cell] -= change.value;
            } else {
              expected[change.cell] += change.value;
            }
          }
          return {};
        });
    if (!end) return tl::unexpected(end.error());
  }

  static const domain::CellValue kZero;
  Cells all = expected;
  for (const auto& [key, value] : actual) all.try_emplace(key);
  for (const auto& [key, ignored] : all) {
    const auto mine = expected.find(key);
    const auto theirs = actual.find(key);
    const domain::CellValue& a = mine == expected.end() ? kZero : mine->second;
    const domain::CellValue& b = theirs == actual.end() ? kZero : theirs->second;
    ++report.cells;
    if (a == b || (a.is_zero() && b.is_zero())) continue;
    differ("cell", text_of(rules, key),
           "recomputed " + text_of(a) + "; indicator-state " + text_of(b));
  }
  say(std::to_string(report.cells) + " cells, " + std::to_string(report.difference_count) +
      " differences");
  return {};
}

}  // namespace kronika::verify
