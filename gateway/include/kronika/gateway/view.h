// The gateway's own copy of what it answers from, in RocksDB: every event of every citizen, the
// citizens' states, the indicator cells, and the reports by organisations, each written in one
// batch with the position that it covers. It may be deleted at any time: the next start reads the
// log again from the beginning.
//
//   journal: person (16) | topic (1) | partition (4) | offset (8)
//            -> record timestamp (8) | message
//   states:  person (16) -> CitizenStateRecord
//   cells:   the cell's 12 canonical bytes -> IndicatorCell
//   reports: record key | 0 | partition (4) | offset (8)
//            -> record timestamp (8) | 1 | message, or 0 where there is no wire prefix
//   publications: head h or body b | indicator (1) | period (4) | rolling (1) | revision (4)
//            -> Publication bytes, those of a head without tables
//   ledger:  where each message went (ledger.h, src/ledger_keys.h)
//   meta:    identity, position/..., progress/..., refused/..., counts (src/view_keys.h)
//
// Numbers in keys and before messages are big-endian.
//
// The journal keeps records as they came, by their place on Kafka: writing needs no read, and a
// record read twice is the same key. Which copy of a version stays and which version is effective
// is found when a citizen is asked for, by domain/journal.h as everywhere else. What the citizen
// consumer has refused (A12), and what it has not handled yet, is left out, so a timeline and a
// state never disagree.
//
// Thread: apply() for one writer thread; everything else for any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kronika/base/ids.h>
#include <kronika/base/result.h>
#include <kronika/bus/task.h>
#include <kronika/bus/topics.h>
#include <kronika/domain/completeness.h>
#include <kronika/domain/indicators.h>
#include <kronika/domain/journal.h>
#include <kronika/domain/publication.h>
#include <kronika/domain/published_table.h>
#include <kronika/domain/reporting.h>
#include <kronika/gateway/ledger.h>
#include <kronika/gateway/options.h>

namespace kronika::gateway {

/// What the view reads, in the order of domain::Origin::topic: the citizen task's inputs, then the
/// two compacted topics, the reports by organisations, the publications, the ledger, and what was
/// refused.
inline constexpr std::string_view kViewTopics[] = {
    bus::kHenvisning, bus::kUdskrivning, bus::kMaaling,      bus::kForloeb,
    bus::kPerson,     bus::kFlytning,    bus::kCitizenState, bus::kIndicatorState,
    bus::kRapport,    bus::kPublikation, bus::kLedger,       bus::kDeadLetter};
inline constexpr int kInputTopics = 6;
inline constexpr std::uint8_t kFlytningTopic = 5;
/// These two are read where the view keeps a ledger.
inline constexpr std::uint8_t kLedgerTopic = 10, kDeadLetterTopic = 11;
/// Not read: the ledger knows its places, and Kafka its ends.
inline constexpr std::uint8_t kRawTopic = 12;
[[nodiscard]] constexpr std::string_view topic_name(std::uint8_t topic) {
  return topic == kRawTopic ? bus::kRaw : kViewTopics[topic];
}

struct ViewPosition {
  std::int64_t next_offset = 0;
  Instant last_record_time;  ///< Instant{0} before the first
};
struct TopicPartition {
  std::uint8_t topic = 0;  ///< index into kViewTopics
  std::int32_t partition = 0;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};
using ViewPositions = std::map<TopicPartition, ViewPosition>;

/// How many citizens have a current pathway in a state, by programme and state ("KOL",
/// "REHAB_ACTIVE").
struct ViewCounts {
  std::int64_t citizens = 0;
  std::int64_t simulated = 0;
  std::map<std::pair<std::string, std::string>, std::int64_t> pathways;
};

class View {
 public:
  /// Errors: view_foreign (another identity or layout: move the folder aside and open again),
  /// store_*.
  [[nodiscard]] static Result<std::unique_ptr<View>> open(const ViewOptions& options);
  virtual ~View() = default;

  /// Where to go on reading; absent: from the beginning.
  [[nodiscard]] virtual ViewPositions positions() const = 0;
  /// Records in the order of their partitions, with the offsets behind the last of them. `ends` may
  /// also move a position over offsets that hold no record (transaction markers).
  [[nodiscard]] virtual Result<void> apply(std::span<const bus::Record> batch,
                                           const std::map<TopicPartition, std::int64_t>& ends) = 0;
  [[nodiscard]] virtual Result<void> flush() = 0;

  /// CitizenStateRecord bytes; nothing: unknown citizen.
  [[nodiscard]] virtual Result<std::optional<std::string>> state(const PersonKey& person) const = 0;
  /// The next states in the order of their keys: of at most `limit` citizens behind `after`
  /// (nothing: from the first). For passing over all citizens in slices; fewer than `limit` are the
  /// last ones.
  [[nodiscard]] virtual Result<std::vector<std::pair<PersonKey, std::string>>> states(
      const std::optional<PersonKey>& after, std::size_t limit) const = 0;
  /// Differs from before once the citizen's state has changed (others' changes may show here too),
  /// and is odd while a state is being written. Read before state(): what is made from that state
  /// stands as long as this stays the same and is even.
  [[nodiscard]] virtual std::uint64_t state_version(const PersonKey& person) const = 0;
  /// All entries that the citizen task has journaled for this key, one a (fact, version, path):
  /// what domain::effective_events takes.
  [[nodiscard]] virtual Result<std::vector<domain::JournalEntry>> journal(
      const PersonKey& person) const = 0;
  /// The exact cells of an indicator's period, summed to the grain of the tables. Never to leave
  /// the process as they are.
  [[nodiscard]] virtual Result<domain::AreaCells> cells(domain::Indicator indicator,
                                                        domain::Quarter period,
                                                        bool rolling) const = 0;
  /// What reported in the quarter: I-24.
  [[nodiscard]] virtual Result<domain::ReportingCells> reporting(domain::Quarter period) const = 0;
  /// Changes with every write to a cell of the indicator.
  [[nodiscard]] virtual std::uint64_t cells_version(domain::Indicator indicator) const = 0;

  /// Every record of the topic rapport under this key (a SOR id); all, where it is empty. In no
  /// order, nothing left out: domain::fold_reports judges them. What is read is small (some ten
  /// records an organisation and year), so it is folded whenever it is asked for.
  [[nodiscard]] virtual Result<std::vector<domain::ReportRecord>> reports(
      std::string_view organisation) const = 0;
  /// What is known of each publication without its tables, by indicator, period and revision; from
  /// `after` on, which is left out, and `limit` of them at most. `indicator` kNone: of all.
  [[nodiscard]] virtual Result<std::vector<domain::Publication>> publications(
      domain::Indicator indicator, const std::optional<domain::PublicationPeriod>& period,
      const std::optional<domain::PublicationName>& after, std::size_t limit) const = 0;
  /// With its tables; revision 0: the latest. Nothing: there is none.
  [[nodiscard]] virtual Result<std::optional<domain::Publication>> publication(
      const domain::PublicationName& name) const = 0;
  [[nodiscard]] virtual std::int64_t publication_count() const = 0;

  /// Where messages went; nullptr where ViewOptions::ledger.days is 0.
  [[nodiscard]] virtual const Ledger* ledger() const = 0;
  /// One step of the ledger's reconciliation, and forgetting its oldest days. On Kafka now: `ends`
  /// of the event topics, the ledger, dead-letter and raw, `begins` of the latter two. For the
  /// writer's thread.
  struct LogBounds {
    std::map<TopicPartition, std::int64_t> begins, ends;
  };
  [[nodiscard]] virtual Result<void> check_ledger(Instant now, const LogBounds& bounds) = 0;
  /// Places of all records of the event topics under this key, refused ones and copies too.
  [[nodiscard]] virtual Result<std::vector<RecordAt>> records(const PersonKey& person) const = 0;

  [[nodiscard]] virtual ViewCounts counts() const = 0;
  /// Refused records that name no citizen.
  [[nodiscard]] virtual std::int64_t refused() const = 0;
  /// Next offsets of the citizen task, by input: what lies behind them is read, but not folded yet.
  [[nodiscard]] virtual std::map<TopicPartition, std::int64_t> handled() const = 0;
  /// Citizens that the citizen tasks have still to fold with their rules (A8).
  [[nodiscard]] virtual std::uint64_t awaiting_refold() const = 0;
  /// The smallest as_of of the indicator tasks' progress records; nothing before the first.
  [[nodiscard]] virtual std::optional<Instant> indicators_as_of() const = 0;
  [[nodiscard]] virtual store::Usage usage() const = 0;
};

}  // namespace kronika::gateway
