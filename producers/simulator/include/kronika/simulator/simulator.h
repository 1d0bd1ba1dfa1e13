// A plausible national population and its events, for demonstration, load and tests. Everything is
// a function of the options: the same seed gives the same events, byte for byte, on every machine.
// Shares and their reasons are in docs/simulation.md.
//
//   Options o{.citizens = 20'000, .months = 36, .seed = 7, .end = clock.now()};
//   o.person_key = [&](std::string_view identifier) { return keys.of(identifier); };
//   Summary s = simulate(rules, o, [&](const Arrival& a) { return publisher.publish(a.event); });
//
// Events come in the order in which they would arrive. Memory is bounded: the time line is cut into
// windows and citizens are generated again for each. Thread: any; simulate() keeps no state.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

#include <kronika/base/clock.h>
#include <kronika/base/ids.h>
#include <kronika/domain/event.h>
#include <kronika/domain/rules.h>

namespace kronika::simulator {

/// Of the messages; each is drawn by itself.
struct Faults {
  double late = 0.04;        ///< arrive 3 to 30 days after recording
  double duplicate = 0.02;   ///< are sent a second time, hours to days later
  double corrected = 0.015;  ///< first have a wrong time, put right by a REVISE
  double cancelled = 0.005;  ///< are followed by a copy entered by mistake and its CANCEL
  double refused = 0.002;    ///< measurements with an impossible value: dead letters
};

struct Options {
  std::uint32_t citizens = 1000;  ///< the whole population, healthy ones included
  int months = 12;                ///< length of the time line, which ends at `end`
  std::uint64_t seed = 1;
  Instant end;  ///< nothing arrives later
  Faults faults;
  /// The keyed hash of the edge. Identifiers are ten digits beginning with 99, which is no day: no
  /// CPR number, issued or administrative, looks like that.
  std::function<PersonKey(std::string_view identifier)> person_key;
};

struct Arrival {
  domain::Event event;  ///< marked as simulated
  Instant arrives_at;   ///< virtual time; not earlier than event.recorded_at
};

struct Summary {
  std::uint64_t citizens = 0;
  std::uint64_t citizens_with_events = 0;
  std::uint64_t events = 0;  ///< emitted
  std::uint64_t late = 0, duplicates = 0, corrections = 0, cancellations = 0, refusable = 0;
  std::array<std::uint64_t, domain::kEventTypeCount> by_type{};  ///< by EventType
  Instant first, last;                                           ///< arrival
  std::string example_identifier;  ///< of a citizen with a pathway, for queries; may be empty
};

/// `emit` returns false to stop early. Pre: options.person_key is set, months >= 1.
[[nodiscard]] Summary simulate(const domain::Rules& rules, const Options& options,
                               const std::function<bool(const Arrival&)>& emit);

struct ReportSummary {
  std::uint64_t organisations = 0;  ///< that reported something
  std::uint64_t events = 0;         ///< emitted
  std::uint64_t duplicates = 0, corrections = 0, cancellations = 0, refusable = 0;
};

/// Reports by municipalities and regions on their own work, by the same options, apart from the
/// citizens' events: goals when the time line begins, documentation of each year in the next
/// February or March, and a few final reports at the end. In order of arrival; `emit` returns false
/// to stop early.
[[nodiscard]] ReportSummary simulate_reports(const domain::Rules& rules, const Options& options,
                                             const std::function<bool(const Arrival&)>& emit);

/// CSV of residents that fits the same options: municipality, sex, age_band, quarter, count on the
/// first and on the last day of each quarter of the time line. Age bands are those of domain.md
/// 0.2, but 0-17 is split at 15, which I-19 needs.
void write_residents(const domain::Rules& rules, const Options& options, std::ostream& out);

}  // namespace kronika::simulator
