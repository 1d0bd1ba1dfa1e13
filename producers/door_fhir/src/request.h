// What a request asks for, and what its body is, as far as the answer needs it: the edge reads the
// message itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/base/clock.h>

namespace kronika::door_fhir {

enum class Operation : std::uint8_t {
  kNone,            ///< no such place
  kHealth,          ///< GET /health/...; `name` says which
  kMetadata,        ///< GET /fhir/metadata
  kProcessMessage,  ///< POST /fhir/$process-message
  kBundle,          ///< POST /fhir
  kResource,        ///< POST /fhir/<name>
};
[[nodiscard]] std::string_view to_text(Operation operation);

struct Route {
  Operation operation = Operation::kNone;
  std::string name;
};
/// Of a request's target; the query is passed over.
[[nodiscard]] Route route_of(std::string_view target);

/// The types that may be posted alone.
[[nodiscard]] const std::vector<std::string>& resource_types();

/// Whether the value of Content-Type is FHIR JSON or JSON, in UTF-8.
[[nodiscard]] bool is_json(std::string_view content_type);
/// Whether the value of Accept leaves room for JSON.
[[nodiscard]] bool accepts_json(std::string_view accept);

/// The parts of a body that its answer repeats. Everything is empty where the body lacks it.
struct Body {
  struct Entry {
    std::string type, id;
  };
  std::string type;         ///< resourceType
  std::string bundle_type;  ///< of a Bundle
  std::vector<Entry> entries;

  /// Of a message bundle in MedCom's event codes that is no acknowledgement itself.
  struct MedcomHeader {
    std::string id;
    std::string source, destination;  ///< endpoints
    std::string sender, receiver;     ///< Organization resources as JSON
  };
  std::optional<MedcomHeader> medcom;
  std::string timestamp;  ///< of the Bundle, where it is an instant
};
/// Never fails: what is no JSON has nothing.
[[nodiscard]] Body read_body(std::string_view bytes);

}  // namespace kronika::door_fhir
