// `kronika indicator cells`: the stored cells, exact and at their finest grain, for checks by other
// programs. Small counts are in them, so this is for operations alone, like the topic itself.
#include "cell_json.h"
#include "commands.h"
#include "log_scan.h"
#include "times.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/citizen_codec.h>
#include <kronika/codec/native_json.h>
#include <kronika/domain/differences.h>
#include <kronika/domain/fold.h>
#include <kronika/domain/indicators.h>
#include <kronika/domain/journal.h>
#include <kronika/refdata/loader.h>

namespace kronika::cli {
namespace {

using Cells = std::map<domain::CellKey, domain::CellValue>;
using domain::JournalEntry;

Result<Cells> stored_cells(const Context& context) {
  Cells cells;
  const auto read = scan_topics(context, {std::string(bus::kIndicatorState)},
                                [&](const bus::Record& record) -> Result<void> {
                                  const auto key = domain::CellKey::from_bytes(record.key);
                                  if (!key) return {};  // a progress record
                                  if (record.tombstone) {
                                    cells.erase(*key);
                                    return {};
                                  }
                                  const auto wire = bus::read_wire(record.value);
                                  if (!wire) return tl::unexpected(wire.error());
                                  codec::IndicatorCell cell;
                                  if (auto ok = codec::decode_cell(wire->message, cell); !ok)
                                    return ok;
                                  cells.insert_or_assign(*key, std::move(cell.value));
                                  return {};
                                });
  if (!read) return tl::unexpected(read.error());
  return cells;
}

/// What the events of a file come to, without Kafka: one fold a person at `as_of`. Nothing: the
/// file cannot be read. A CprReplaced moves nobody here.
std::optional<Cells> cells_of_file(const domain::Rules& rules, const std::string& path,
                                   Instant as_of) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  codec::AdapterSettings settings;
  settings.rules = &rules;
  std::map<PersonKey, std::vector<JournalEntry>> arrived;
  const Instant received = SystemClock().now();
  std::int64_t offset = 0;
  for (std::string line; std::getline(file, line);) {
    codec::Outcome outcome = codec::read_native_json(line, settings, received);
    auto* accepted = std::get_if<codec::Accepted>(&outcome);
    // A report is about an organisation, not a citizen.
    if (accepted == nullptr || accepted->event.person_key.is_zero()) continue;
    JournalEntry entry;
    entry.event = std::move(accepted->event);
    entry.origin.offset = ++offset;
    arrived[entry.event.person_key].push_back(std::move(entry));
  }
  const domain::Fold fold(rules);
  domain::CellDeltas sums;
  for (auto& [person, entries] : arrived) {
    const auto journal = domain::merge_copies(std::move(entries));
    const auto effective = domain::effective_events(journal, {.as_of = as_of});
    const domain::CitizenState state = fold.refold(person, effective.events);
    domain::add_difference({}, fold.contributions(state, as_of), state.canary, sums);
  }
  return Cells(sums.begin(), sums.end());
}

}  // namespace

int indicator_cells(const Context& context, const CellOptions& options) {
  const config::Settings& settings = context.settings();
  const auto rules = refdata::load(settings.reference.dir, settings.reference.organisations_file,
                                   settings.reference.generation);
  if (!rules) return report(context, rules.error());
  Cells cells;
  if (options.events.empty()) {
    auto stored = stored_cells(context);
    if (!stored) return report(context, stored.error());
    cells = std::move(*stored);
  } else {
    const auto as_of = read_time(options.as_of);
    if (!as_of) return report(context, "--events needs --as-of: a date or an instant", kUsage);
    auto computed = cells_of_file(**rules, options.events, *as_of);
    if (!computed) return report(context, "cannot read " + options.events, kNotDone);
    cells = std::move(*computed);
  }
  for (const auto& [key, value] : cells) {
    nlohmann::json line = json_of(**rules, key, programme_of(**rules, key));
    line.update(json_of(value));
    context.out << line.dump() << '\n';
  }
  return kDone;
}

}  // namespace kronika::cli
