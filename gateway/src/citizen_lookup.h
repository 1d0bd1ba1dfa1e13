// From the way a caller names a citizen to the citizen's events and state.
#pragma once

#include <optional>
#include <vector>

#include <kronika/domain/fold.h>
#include <kronika/gateway/server.h>
#include <kronika/query/v1/query.pb.h>

namespace kronika::gateway {

/// as_of and known_at of a request; default as_of is now.
struct Asked {
  domain::Visibility visibility;
  bool default_as_of = true;
  bool default_known_at = true;
};

class CitizenLookup {
 public:
  CitizenLookup(const ServerOptions& options, const Services& services)
      : options_(options), services_(services) {}

  /// Errors: view_catching_up, citizen_not_named, cpr_invalid, person_key_malformed,
  /// identifier_not_accepted. A CPR number is hashed here and goes no further.
  [[nodiscard]] Result<PersonKey> person(const query::v1::CitizenName& name) const;

  /// Error: time_invalid. Works for every request that has both fields.
  template <class Request>
  [[nodiscard]] Result<Asked> asked(const Request& request) const {
    return asked(request.has_as_of() ? &request.as_of() : nullptr,
                 request.has_known_at() ? &request.known_at() : nullptr);
  }

  /// The stored state evaluated by nobody yet; the fast way, for the default as_of and known_at.
  /// Follows a replaced CPR number. Nothing where the state was folded by other rules than ours:
  /// then the journal must be folded.
  struct Stored {
    std::optional<domain::CitizenState> state;
    PersonKey person;  ///< the key that holds the events
  };
  /// Error: citizen_unknown.
  [[nodiscard]] Result<Stored> stored(const PersonKey& person) const;

  /// The citizen's journal, and which of its entries are effective for the visibility.
  struct Events {
    PersonKey person;
    std::vector<domain::JournalEntry> entries;
    domain::EffectiveSet effective;  ///< points into entries
    Events() = default;
    Events(Events&&) = default;
    Events& operator=(Events&&) = default;
    Events(const Events&) = delete;
    Events& operator=(const Events&) = delete;
  };
  /// Error: citizen_unknown (also where no event is visible).
  [[nodiscard]] Result<Events> events(const PersonKey& person,
                                      const domain::Visibility& visibility) const;

 private:
  [[nodiscard]] Result<Asked> asked(const google::protobuf::Timestamp* as_of,
                                    const google::protobuf::Timestamp* known_at) const;

  const ServerOptions& options_;
  const Services& services_;
};

}  // namespace kronika::gateway
