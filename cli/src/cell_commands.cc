// `kronika indicator cells`: the stored cells, exact and at their finest grain, for checks by other
// programs. Small counts are in them, so this is for operations alone, like the topic itself.
#include "commands.h"
#include "log_scan.h"
#include "times.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <vector>

#include <nlohmann/json.hpp>

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

std::string municipality_text(domain::Municipality code) {
  if (code == 0) return "UNKNOWN";
  char text[8];
  std::snprintf(text, sizeof text, "%04d", static_cast<int>(code));
  return text;
}

std::string detail_text(const domain::Rules& rules, const domain::CellKey& key) {
  const std::size_t detail = key.at.detail;
  if (detail == 0) return "";
  switch (key.indicator) {
    case domain::Indicator::kI10Dropout:
      if (detail <= rules.stop_reasons.size()) return rules.stop_reasons[detail - 1].uuid;
      break;
    case domain::Indicator::kI19Acsc: {
      static constexpr const char* kSets[] = {"ACSC_ASTHMA", "ACSC_KOL", "ACSC_HF",
                                              "ACSC_DIABETES"};
      if (detail <= std::size(kSets)) return kSets[detail - 1];
      break;
    }
    case domain::Indicator::kI24ReportingCompleteness:
      return key.at.detail == static_cast<std::uint8_t>(domain::ReportingSector::kMunicipality)
                 ? "MUNICIPALITY"
                 : "REGION";
    default:
      break;
  }
  return std::to_string(detail);
}

nlohmann::json json_of(const domain::Rules& rules, const domain::CellKey& key,
                       const domain::CellValue& value) {
  static constexpr const char* kEducation[] = {"UNKNOWN", "LOW", "HIGH"};
  static constexpr const char* kSex[] = {"UNKNOWN", "MALE", "FEMALE"};
  static constexpr const char* kAge[] = {"UNKNOWN", "0-17",  "18-29", "30-44",
                                         "45-64",   "65-74", "75-84", "85+"};
  const domain::Dimensions& at = key.at;
  nlohmann::json buckets = nlohmann::json::array();
  for (const auto& [days, count] : value.buckets) buckets.push_back({days, count});
  return {
      {"indicator", domain::id_of(key.indicator)},
      {"period", domain::to_text(key.period)},
      {"rolling", key.rolling},
      {"canary", key.canary},
      {"municipality", municipality_text(at.municipality)},
      {"programme", at.programme == domain::kNoProgramme ? "" : rules.programmes[at.programme].id},
      {"level", at.level},
      {"education", kEducation[static_cast<std::size_t>(at.education)]},
      {"sex", kSex[static_cast<std::size_t>(at.sex)]},
      {"age", kAge[static_cast<std::size_t>(at.age)]},
      {"detail", detail_text(rules, key)},
      {"numerator", value.numerator},
      {"numerator2", value.numerator2},
      {"denominator", value.denominator},
      {"unknown", value.unknown},
      {"excluded", value.excluded},
      {"sum_thousandths", value.sum_thousandths},
      {"buckets", buckets}};
}

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
  for (const auto& [key, value] : cells) context.out << json_of(**rules, key, value).dump() << '\n';
  return kDone;
}

}  // namespace kronika::cli
