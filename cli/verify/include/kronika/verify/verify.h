// An independent check of what the platform says: the log, folded plainly, against citizen-state,
// indicator-state and the gateway.
//
//   Verifier verifier(rules, fold, source, options);
//   if (auto ok = verifier.run(); !ok) ...            // the log could not be read
//   verifier.report().differences ...                 // empty: everything agrees
//
// The comparison is exact at a cut: each citizen partition is recomputed up to the input offsets of
// its last progress record, and the cells are moved from that cut to the one of the indicator tasks
// by the differences (indicator-delta) between them, told apart by transaction number (architecture
// A9, A10). So it may run while messages come in. Memory: one partition's events at a time. Thread:
// one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <kronika/base/ids.h>
#include <kronika/base/result.h>
#include <kronika/domain/fold.h>
#include <kronika/domain/indicators.h>
#include <kronika/domain/published_table.h>
#include <kronika/domain/reporting.h>
#include <kronika/domain/table_maker.h>
#include <kronika/verify/log_source.h>

namespace kronika::verify {

struct Difference {
  std::string kind;    ///< "state", "state_missing", "cell", "table", ...
  std::string where;   ///< a place on Kafka, a cell, a table; never a person
  std::string detail;  ///< one sentence
};

/// One fact key under two persons (K_TWO_PERSONS, domain.md 4.2): each of them keeps it. Places on
/// Kafka, of the first record of each.
struct SharedFact {
  std::string first;
  std::string second;
};

struct Report {
  std::int64_t events = 0;
  std::int64_t refused = 0;
  std::int64_t citizens = 0;
  std::int64_t moved = 0;
  std::int64_t cells = 0;
  std::int64_t tables = 0;
  std::int64_t reports = 0;  ///< records of the topic rapport
  /// Citizens that the consumer has still to fold with its rules, after a change of rules or amid a
  /// rebuild (A8). Above 0 nothing was compared: run it again when the consumer is done.
  std::uint64_t awaiting_refold = 0;
  std::int64_t difference_count = 0;
  std::vector<Difference> differences;   ///< the first ones, at most Options::max_differences
  std::int64_t shared_fact_count = 0;    ///< senders' faults, no difference
  std::vector<SharedFact> shared_facts;  ///< the first ones, at most Options::max_differences
  std::vector<std::string> notes;        ///< what could not be compared, and why
  [[nodiscard]] bool agrees() const { return difference_count == 0 && awaiting_refold == 0; }
};

struct Options {
  std::size_t max_differences = 20;
  /// Look for fact keys under two persons. Needs every partition at once: some 60 bytes of memory
  /// a fact of the log.
  bool shared_facts = false;
  domain::TableSettings tables;  ///< as the gateway's: resident counts, start of the data
  std::function<void(const std::string&)> progress;  ///< one line each step; empty: none
};

/// What the gateway answers for one table: the rows, and the total last. Nothing: it did not
/// answer.
struct TableQuery {
  domain::Indicator indicator = domain::Indicator::kNone;
  domain::Quarter period;
  bool rolling = false;
  domain::TableKind table = domain::TableKind::kNation;
  domain::ProgrammeIndex programme = domain::kNoProgramme;
};
class GatewaySource {
 public:
  virtual ~GatewaySource() = default;
  /// Next offsets of indicator-state in the gateway's view, by partition.
  [[nodiscard]] virtual Result<std::map<std::int32_t, std::int64_t>> positions() = 0;
  [[nodiscard]] virtual Result<std::vector<domain::PublishedRow>> table(
      const TableQuery& query) = 0;
  /// lines_of() what the gateway answers about organisations' reports at this as-of.
  [[nodiscard]] virtual Result<std::vector<std::string>> reports(Instant as_of) = 0;
};
/// What is compared of organisations' reports: a line with the tally, which begins with the number
/// of records, then a line a goal in the register's order.
[[nodiscard]] std::vector<std::string> lines_of(const domain::Reporting& reporting);

class Verifier {
 public:
  Verifier(const domain::Rules& rules, const domain::Fold& fold, LogSource& log,
           const Options& options);
  ~Verifier();

  /// Compares states and cells, and the gateway's tables and reports where `gateway` is given.
  /// Errors: those of the sources.
  [[nodiscard]] Result<void> run(GatewaySource* gateway);
  [[nodiscard]] const Report& report() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kronika::verify
