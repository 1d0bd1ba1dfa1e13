// One partition of the citizen task as the log tells it: the records of citizen-state at the cut of
// the last progress record, and the events up to the positions that this names. Shared by what
// compares them (states.cc) and what folds them with other rules (rule_change.cc).
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <kronika/base/ids.h>
#include <kronika/base/result.h>
#include <kronika/bus/topics.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/domain/journal.h>
#include <kronika/verify/log_source.h>

namespace kronika::verify {

/// Input topics of the citizen task; their order is that of domain::Origin::topic.
inline constexpr std::string_view kInputs[] = {bus::kHenvisning, bus::kUdskrivning, bus::kMaaling,
                                               bus::kForloeb,    bus::kPerson,      bus::kFlytning};
inline constexpr std::uint8_t kFlytningIndex = 5;

/// A record's place in the partition.
struct Place {
  std::uint8_t topic = 0;
  std::int64_t offset = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};
/// Those of refused records that the fold leaves out: all but what loses to a copy.
[[nodiscard]] std::set<Place> places_of(const std::vector<codec::RefusedRecord>& refused);

/// One record of citizen-state, as last written at the cut.
struct StateRecord {
  std::int64_t offset = 0;
  std::string message;
};
struct CitizenCut {
  /// Nothing: the citizen task has committed nothing here yet.
  std::optional<codec::ProgressRecord> progress;
  std::unordered_map<PersonKey, StateRecord> records;
  std::vector<std::int64_t> unreadable;  ///< offsets of progress records that do not read back
};
[[nodiscard]] Result<CitizenCut> read_cut(LogSource& log, std::int32_t partition);

/// An event's record as read, decoded when its citizen's turn comes: a partition's events fit in
/// memory as bytes.
struct RawEvent {
  Instant timestamp;
  std::uint8_t topic = 0;
  std::int64_t offset = 0;
  std::string message;
};
struct PartitionEvents {
  std::unordered_map<PersonKey, std::vector<RawEvent>> people;
  std::int64_t count = 0;  ///< records of flytning left aside
};
/// `moved` sees every record of flytning, those behind the cut too: what an old key sent in its
/// last transaction may not have been handled at the new one yet. Empty: flytning is read to the
/// cut.
using Moved = std::function<void(const PersonKey&, std::string_view message)>;
[[nodiscard]] Result<PartitionEvents> read_events(LogSource& log, std::int32_t partition,
                                                  const codec::ProgressRecord& progress,
                                                  const Moved& moved);

/// The journal of one citizen, as the consumer has it.
[[nodiscard]] std::vector<domain::JournalEntry> entries_of(const PersonKey& person,
                                                           std::int32_t partition,
                                                           const std::vector<RawEvent>& events,
                                                           const std::set<Place>& refused);

}  // namespace kronika::verify
