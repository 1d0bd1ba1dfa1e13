// From the records of one person key, as they lie in the view, to the journal entries that the
// citizen task holds.
#pragma once

#include <string_view>
#include <vector>

#include <kronika/domain/journal.h>

namespace kronika::gateway {

/// Collects records and gives the entries. One a citizen and query.
class JournalReader {
 public:
  /// `origin` is the record's place; `flytning`: the bytes are a Flytning. Bytes that cannot be
  /// decoded are left out (the citizen task refused them).
  void add(const domain::Origin& origin, bool flytning, std::string_view bytes);
  /// One entry a (fact, version, path), as domain::admit decides, in the order received.
  [[nodiscard]] std::vector<domain::JournalEntry> take();

 private:
  void add_flytning(std::string_view bytes);

  std::vector<domain::JournalEntry> arrived_;
};

}  // namespace kronika::gateway
