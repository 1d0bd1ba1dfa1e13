// Keys of the view's column families. Changing any of them needs another kViewLayout.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <kronika/base/bytes.h>
#include <kronika/base/ids.h>
#include <kronika/domain/publication.h>
#include <kronika/store/state_store.h>

namespace kronika::gateway::keys {

/// Written into the identity record; a view with another one is rebuilt.
inline constexpr std::string_view kViewLayout = "5";

inline constexpr store::ColumnFamily kJournal = 1;
inline constexpr store::ColumnFamily kStates = 2;
inline constexpr store::ColumnFamily kCells = 3;
inline constexpr store::ColumnFamily kReports = 4;
inline constexpr store::ColumnFamily kPublications = 5;
// 6: ledger (ledger_keys.h).
// Of column family kPublications: a publication without its tables, and with them.
inline constexpr char kHead = 'h';
inline constexpr char kBody = 'b';

// Of column family kMeta.
inline constexpr std::string_view kIdentity = "identity";
inline constexpr std::string_view kCounts = "counts";
inline constexpr std::string_view kPositionPrefix = "position/";  // topic (1) | partition (4)
inline constexpr std::string_view kProgressPrefix = "progress/";  // topic (1) | partition (4)
inline constexpr std::string_view kRefusedPrefix =
    "refused/";  // topic (1) | partition (4) | offset (8)

struct Place {
  std::uint8_t topic = 0;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

inline void append_topic_partition(std::string& out, std::uint8_t topic, std::int32_t partition) {
  out.push_back(static_cast<char>(topic));
  append_be(out, static_cast<std::uint32_t>(partition));
}
inline void append_place(std::string& out, const Place& place) {
  append_topic_partition(out, place.topic, place.partition);
  append_be(out, static_cast<std::uint64_t>(place.offset));
}
inline std::optional<Place> read_place(std::string_view raw) {
  if (raw.size() != 13) return std::nullopt;
  return Place{static_cast<std::uint8_t>(raw[0]),
               static_cast<std::int32_t>(read_be<std::uint32_t>(raw, 1)),
               static_cast<std::int64_t>(read_be<std::uint64_t>(raw, 5))};
}

/// What all records under a key begin with; empty for the empty key: all records.
inline std::string report_prefix(std::string_view record_key) {
  std::string out(record_key);
  if (!out.empty()) out.push_back('\0');
  return out;
}
inline std::string report_key(std::string_view record_key, std::int32_t partition,
                              std::int64_t offset) {
  std::string out(record_key);
  out.push_back('\0');
  append_be(out, static_cast<std::uint32_t>(partition));
  append_be(out, static_cast<std::uint64_t>(offset));
  return out;
}
/// Length of what report_key() puts behind the record's key.
inline constexpr std::size_t kReportPlaceBytes = 1 + 4 + 8;

/// Revision 0: what all revisions of the indicator and period begin with.
inline std::string publication_key(char part, const domain::PublicationName& name) {
  std::string key{part, static_cast<char>(name.indicator)};
  append_be(key, static_cast<std::uint32_t>(name.period.quarter.value));
  key.push_back(name.period.rolling ? '\1' : '\0');
  if (name.revision != 0) append_be(key, name.revision);
  return key;
}

}  // namespace kronika::gateway::keys
