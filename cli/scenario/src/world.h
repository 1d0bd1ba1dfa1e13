// The journals of a scenario's persons after one order of arrival, and what the fold makes of them.
#pragma once

#include "form.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <kronika/domain/fold.h>

namespace kronika::scenario {

/// (line, reason), each once: an event of several persons counts as one line.
using Quarantine = std::set<std::pair<int, std::string>>;

struct View {
  domain::CitizenState state;
  domain::Evaluation evaluation;
  std::size_t revised_without_create = 0;
};

class World {
 public:
  World(const domain::Rules& rules, const domain::Fold& fold) : rules_(rules), fold_(fold) {}

  void receive(const std::vector<const Arrival*>& arrivals);

  /// Nothing where no effective event of the person is visible. A replaced number leads to the
  /// person it was replaced by.
  [[nodiscard]] std::optional<View> view(const PersonKey& key, Instant as_of,
                                         Instant known_at) const;
  /// The key under which a person lives at known_at.
  [[nodiscard]] PersonKey resolve(const PersonKey& key, Instant known_at) const;

  [[nodiscard]] Quarantine quarantine() const;
  [[nodiscard]] int duplicates() const { return duplicates_; }
  [[nodiscard]] int superseded() const { return superseded_; }
  /// Persons whose fast path gave another state than the refold.
  [[nodiscard]] int divergences() const { return divergences_; }
  [[nodiscard]] const domain::Fold& fold() const { return fold_; }
  [[nodiscard]] const domain::Rules& rules() const { return rules_; }

 private:
  struct Link {
    PersonKey to;
    const domain::JournalEntry* entry;
  };
  /// Effective replacements known then, by the key they replace; cycles opened.
  [[nodiscard]] std::map<PersonKey, Link> links(Instant known_at) const;
  [[nodiscard]] std::vector<domain::JournalEntry> journal_of(const PersonKey& key,
                                                             Instant known_at) const;
  void admit_one(const domain::JournalEntry& incoming, int line);
  void append_or_refold(const domain::JournalEntry& incoming, bool news, bool new_fact);

  const domain::Rules& rules_;
  const domain::Fold& fold_;
  std::map<PersonKey, std::vector<domain::JournalEntry>> journals_;
  std::map<PersonKey, domain::CitizenState> states_;  ///< kept by the fast path where it may
  std::map<std::string, int> lines_;                  ///< of an event id
  Quarantine refused_;
  int duplicates_ = 0;
  int superseded_ = 0;
  int divergences_ = 0;
};

}  // namespace kronika::scenario
