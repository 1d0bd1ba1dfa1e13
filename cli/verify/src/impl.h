// Shared by the steps of a verification.
#pragma once

#include "citizen_log.h"

#include <set>
#include <unordered_map>

#include <kronika/bus/topics.h>
#include <kronika/codec/citizen_codec.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/verify/verify.h>

namespace kronika::verify {

using Cells = std::map<domain::CellKey, domain::CellValue>;

struct Verifier::Impl {
  const domain::Rules& rules;
  const domain::Fold& fold;
  LogSource& log;
  const Options options;
  Report report;

  std::map<std::int32_t, std::int64_t> transactions;  ///< of the citizen partitions' cuts
  Cells expected;  ///< sums of all contributions, at the citizen cuts
  Cells actual;    ///< indicator-state
  std::map<std::int32_t, std::int64_t> state_ends;  ///< behind what was read of indicator-state
  /// Old key -> facts of its journal; new key -> facts that were moved to it.
  std::map<PersonKey, std::set<std::string>> left, arrived;
  std::map<PersonKey, PersonKey> moved_to;
  /// First person and record of a fact, by its hash; and the second ones of those that have two.
  struct Owner {
    PersonKey person;
    std::uint8_t topic = 0;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
  };
  std::unordered_map<std::uint64_t, Owner> owners;
  std::vector<std::pair<Owner, Owner>> shared;

  void differ(std::string kind, std::string where, std::string detail);
  void say(const std::string& line) const {
    if (options.progress) options.progress(line);
  }

  // states.cc
  Result<void> check_states();
  Result<void> check_partition(std::int32_t partition);
  /// Of a partition without a progress record.
  Result<void> note_unhandled(std::int32_t partition);
  void check_citizen(std::int32_t partition, const PersonKey& person,
                     std::vector<domain::JournalEntry> entries, const CitizenCut& cut);
  void check_moves();
  void note_owners(const PersonKey& person, const std::vector<domain::JournalEntry>& entries);
  /// Of `shared`, those whose persons are not one after all, because a CPR number was replaced.
  void list_shared_facts();
  // cells.cc
  Result<void> check_cells();
  // tables.cc
  Result<void> check_tables(GatewaySource& gateway);
  // reports.cc
  Result<void> check_reports(GatewaySource* gateway);
};

/// "I-12 2025Q1 0751 KOL level 2 ...", for people.
[[nodiscard]] std::string text_of(const domain::Rules& rules, const domain::CellKey& key);
[[nodiscard]] std::string text_of(const domain::CellValue& value);

}  // namespace kronika::verify
