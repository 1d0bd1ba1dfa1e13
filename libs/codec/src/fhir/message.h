// One FHIR message being read: its entries, the references between them, and the drafts that become
// events. Shared by the MedCom and the FHIR R4 adapters; lives for one translate() call.
#pragma once

#include "adapter/json.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kronika/codec/adapter.h>
#include <kronika/domain/time.h>

namespace kronika::codec {

/// One fact on its way to an event, with the faults found so far.
struct Draft {
  domain::Event event;
  std::string position;  ///< "entry[3] Observation/abc"
  std::vector<Fault> faults;
  std::string identifier;  ///< the CPR number; checked not to stand in any field, then forgotten
  /// Where a field of the event came from, for faults that domain::check() finds.
  std::vector<std::pair<std::string_view, std::string_view>> places;

  /// `path` begins with ".".
  void fault(domain::Reason reason, std::string_view path, std::string sentence);
};

struct When {
  Instant at;
  domain::TimePrecision precision = domain::TimePrecision::kUnspecified;
  [[nodiscard]] bool known() const { return precision != domain::TimePrecision::kUnspecified; }
};

class Message {
 public:
  struct Entry {
    Node resource;
    std::string_view type;
    std::string_view id;
    std::string_view full_url;
    std::string position;
    const Entry* container = nullptr;  ///< of a contained resource
  };

  /// A Bundle with its entries (contained resources follow their container), or a single resource.
  Message(Node root, const AdapterSettings& settings, Instant receive_time, Translation& out);

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] const Node& root() const { return root_; }
  [[nodiscard]] bool is_bundle() const { return bundle_; }
  [[nodiscard]] const AdapterSettings& settings() const { return *settings_; }
  [[nodiscard]] const domain::Rules& rules() const { return *settings_->rules; }
  [[nodiscard]] const Entry* first_of(std::string_view type) const;

  /// The entry that a Reference names (fullUrl, Type/id, #contained); nullptr where the message
  /// does not carry it.
  [[nodiscard]] const Entry* resolve(const Node& reference, const Entry* from = nullptr) const;
  /// The last part of Reference.reference, or its identifier's value: a name for what is not
  /// carried.
  [[nodiscard]] static std::string reference_id(const Node& reference);

  [[nodiscard]] Draft draft(const Entry& entry) const;

  /// FHIR date, dateTime or instant. Absent: unknown, without a fault. Malformed or local time: a
  /// fault.
  [[nodiscard]] When read_time(const Node& value, std::string_view path, Draft& draft) const;
  /// Meta.lastUpdated, else Bundle.timestamp, else unknown.
  [[nodiscard]] When transport_time(const Entry& entry, Draft& draft) const;
  /// Sets occurred_at, recorded_at and source_version; `recorded` falls back to the transport's
  /// time, then to `occurred`.
  void set_times(const Entry& entry, const When& occurred, When recorded, Draft& draft) const;

  /// SOR id of an Organization (or PractitionerRole's) reference; empty where none is to be had.
  [[nodiscard]] std::string sor_of(const Node& reference, const Entry* from = nullptr) const;
  /// Sets sender_org from the first reference that has one, else the default sender.
  void set_sender(std::initializer_list<Node> references, const Entry& entry, std::string_view path,
                  Draft& draft) const;

  /// Sets person key, birth date, sex and residence from the Patient that `reference` names (or its
  /// logical identifier). After set_times: a birth date is judged against recorded_at.
  void set_person(const Node& reference, const Entry& from, std::string_view path,
                  bool ecpr_allowed, Draft& draft) const;

  /// The same, where the entry is the Patient itself.
  void set_patient(const Entry& patient, std::string_view path, bool ecpr_allowed,
                   Draft& draft) const;

  /// Checks the draft and puts it out as an event or a refusal.
  void finish(Draft draft);
  void ignore(const Entry& entry, std::string what);
  void refuse(std::string position, domain::Reason reason, std::string sentence);

 private:
  void add(Node resource, std::string_view full_url, const std::string& place);
  /// Facts of one message are mostly about one person.
  [[nodiscard]] PersonKey key_of(const std::string& cpr) const;
  void identify(const Node& identifiers, const Node& patient, std::string_view path,
                bool ecpr_allowed, Draft& draft) const;

  Node root_;
  const AdapterSettings* settings_;
  Instant receive_time_;
  Translation* out_;
  bool bundle_ = false;
  std::vector<Entry> entries_;
  mutable std::string last_cpr_;
  mutable PersonKey last_key_;
};

/// A sender's id as it may be shown: one that holds ten digits in a row, as a CPR number has, is
/// withheld.
[[nodiscard]] std::string shown(std::string_view id);

/// Where a field of the event came from, in the sender's terms; empty: not known. Asked only where
/// something is refused.
using PlaceOf = std::function<std::string(std::string_view field)>;

/// Runs domain::check(), makes sure that no field holds `identifier`, derives the event id, and
/// gives the outcome. `place_of` is for adapters whose places are not Draft::places. Shared with
/// the other adapters.
[[nodiscard]] Outcome judge(Draft draft, const AdapterSettings& settings, Instant receive_time,
                            const PlaceOf& place_of = {});

}  // namespace kronika::codec
