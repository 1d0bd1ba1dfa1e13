// What sectors send, to events: MedCom HospitalNotification and HomeCareObservation, FHIR R4
// resources and bundles, HL7 v2, and the native event as JSON. A pure function of bytes, settings
// and receive time (architecture A17): no memory of earlier messages, so any replica gives a resend
// the same answer. docs/messages.md has the mapping tables.
//
//   const Translation t = translate(bytes, settings, clock.now());
//   for (const Outcome& o : t.outcomes) std::visit(..., o);   // Accepted, Refused or Ignored
//
// Nothing throws, whatever the bytes. Thread-safe: settings are only read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/codec/person_hasher.h>
#include <kronika/domain/checks.h>
#include <kronika/domain/event.h>
#include <kronika/domain/rules.h>

namespace kronika::codec {

enum class Protocol : std::uint8_t {
  kUnknown,
  kMedcomHospitalNotification,
  kMedcomHomeCareObservation,
  kMedcomOther,  ///< a MedCom FHIR message of another kind: recognised, not interpreted
  kFhirBundle,   ///< collection, transaction, batch
  kFhirResource,
  kNativeJson,
  kHl7v2,
  kXml,  ///< legacy MedCom XML: recognised by name and checked, not interpreted
};
/// "medcom-hn", "fhir-bundle", ...: the metric label `protocol`.
[[nodiscard]] std::string_view to_text(Protocol protocol);

/// Raised whenever an adapter reads the same bytes differently than before; breaks ties after
/// source_version.
inline constexpr std::uint32_t kAdapterRevision = 1;

struct AdapterSettings {
  const domain::Rules* rules = nullptr;
  const PersonHasher* hasher = nullptr;
  /// Setting identity.extra_identifier_systems: identifier systems that may stand for a CPR number
  /// (foreign FHIR), first match first. Birth date and sex then come from the Patient.
  std::vector<std::string> extra_identifier_systems;
  /// Setting identity.default_sender_org: the SOR id of senders that give none. Empty: such a
  /// message is refused.
  std::string default_sender_org;
};

/// One fault, where it stands and what to do. Never patient data.
struct Fault {
  domain::Reason reason = domain::Reason::kTypeUnknown;
  std::string position;  ///< "entry[3] Observation/abc .valueQuantity.unit", "OBX[2]-6"
  std::string sentence;
};

struct Accepted {
  domain::Event event;
  std::string position;  ///< "entry[3] Observation/abc"
};
/// One fact, or the whole message, that gives no event. The first fault in the order of the checks
/// is the reason.
struct Refused {
  std::vector<Fault> faults;
  [[nodiscard]] domain::Reason reason() const { return faults.front().reason; }
};
/// Understood, counted by name and kept with the message, without an event in the catalogue.
struct Ignored {
  std::string what;  ///< "Claim", "Observation code LOINC 72514-3", "Encounter class AMB: no stay"
  std::string position;
};
using Outcome = std::variant<Accepted, Refused, Ignored>;

struct Translation {
  Protocol protocol = Protocol::kUnknown;
  std::string message_id;  ///< Bundle.id or the like; for the ledger, decides nothing
  std::string sender_org;  ///< SOR id of the first sender that it names, refused or not
  std::vector<Outcome> outcomes;
};

/// Which adapter reads these bytes, by their content.
[[nodiscard]] Protocol detect(std::string_view bytes);

[[nodiscard]] Translation translate(std::string_view bytes, const AdapterSettings& settings,
                                    Instant receive_time);

}  // namespace kronika::codec
