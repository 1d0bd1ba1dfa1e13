// Organisations' reports: the log folded once more, against what the gateway answers.
#include "impl.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include <kronika/bus/wire.h>
#include <kronika/codec/errc.h>
#include <kronika/codec/event_codec.h>
#include <kronika/domain/reporting.h>

namespace kronika::verify {
namespace {

using namespace std::chrono_literals;
constexpr int kTries = 20;
constexpr std::int64_t kDayMs = 86'400'000;

}  // namespace

std::vector<std::string> lines_of(const domain::Reporting& reporting) {
  const domain::ReportTally& t = reporting.tally;
  const auto n = [](std::int64_t v) { return std::to_string(v); };
  std::vector<std::string> lines{n(t.records) + " records: " + n(t.effective) + " effective, " +
                                 n(t.superseded) + " superseded, " + n(t.cancelled) +
                                 " cancelled, " + n(t.duplicate) + " duplicate, " + n(t.refused) +
                                 " refused"};
  for (const domain::GoalRow& goal : reporting.goals) {
    lines.push_back("area " + std::to_string(goal.area) + " of " + goal.organisation + ", " +
                    goal.owner + ", " + goal.measurable_target + ": " +
                    std::string(domain::name_of(goal.status)) + " after " +
                    std::to_string(goal.steps.size()) + " reports");
  }
  return lines;
}

Result<void> Verifier::Impl::check_reports(GatewaySource* gateway) {
  std::vector<domain::ReportRecord> records;
  const std::string topic(bus::kRapport);
  const auto count = log.partitions(topic);
  if (!count) return tl::unexpected(count.error());
  Instant last;
  for (std::int32_t p = 0; p < *count; ++p) {
    const auto end = log.read(topic, p, [&](const bus::Record& record) -> Result<void> {
      domain::ReportRecord& r = records.emplace_back();
      r.key = std::string(record.key);
      r.origin = {record.timestamp, 0, record.partition, record.offset};
      last = std::max(last, record.timestamp);
      const auto wire = bus::read_wire(record.value);
      if (!wire) return {};
      const auto decoded = codec::decode_event(wire->message, r.event.emplace());
      if (decoded) return {};
      r.event.reset();
      if (decoded.error().code == codec::kSchemaUnknown) r.fault = domain::Reason::kSchemaUnknown;
      return {};
    });
    if (!end) return tl::unexpected(end.error());
  }
  // Nothing that was accepted lies a day behind the newest record.
  const Instant as_of{last.ms + kDayMs};
  const domain::Reporting mine = domain::fold_reports(rules, records, {as_of, Instant::max()});
  report.reports = mine.tally.records;
  if (gateway == nullptr) return {};
  const std::vector<std::string> wanted = lines_of(mine);
  for (int i = 0; i < kTries; ++i) {
    if (i > 0) std::this_thread::sleep_for(250ms);
    const auto theirs = gateway->reports(as_of);
    if (!theirs) return tl::unexpected(theirs.error());
    if (theirs->empty() || theirs->front().substr(0, theirs->front().find(' ')) !=
                               std::to_string(mine.tally.records)) {
      continue;  // it has not read what we read, or more by now
    }
    const std::size_t common = std::min(theirs->size(), wanted.size());
    for (std::size_t line = 0; line < common; ++line) {
      if ((*theirs)[line] == wanted[line]) continue;
      differ("report", "rapport", "expected " + wanted[line] + "; gateway: " + (*theirs)[line]);
    }
    if (theirs->size() != wanted.size()) {
      differ("report", "rapport",
             "expected " + std::to_string(wanted.size() - 1) +
                 " goals; gateway: " + std::to_string(theirs->size() - 1));
    }
    return {};
  }
  report.notes.emplace_back(
      "reports were not compared: the gateway has not read the same ones; run again when it is "
      "quieter");
  return {};
}

}  // namespace kronika::verify
