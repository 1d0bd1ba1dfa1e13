// Code systems, as their FHIR URIs and OIDs name them, to the short names of the reference data.
#pragma once

#include <optional>
#include <string_view>

#include <kronika/domain/event.h>

namespace kronika::codec {

inline constexpr std::string_view kCprSystem = "urn:oid:1.2.208.176.1.2";
inline constexpr std::string_view kEcprSystemPrefix = "urn:oid:1.2.208.176.1.6.1";
inline constexpr std::string_view kSorSystem = "urn:oid:1.2.208.176.1.1";

/// "LOINC" for "http://loinc.org", ...; a short name stands for itself; empty: unknown.
[[nodiscard]] std::string_view code_system_name(std::string_view uri);
/// SKS, ICD-10, ICPC-2 or SNOMED.
[[nodiscard]] bool is_diagnosis_system(std::string_view name);
/// A FHIR code that stands for a row of measurement_values.csv ("266919005" -> "NEVER"); empty:
/// none.
[[nodiscard]] std::string_view coded_value(std::string_view measure_key, std::string_view code);
[[nodiscard]] std::optional<domain::RequestedService> requested_service(std::string_view system,
                                                                        std::string_view code);
/// The kind of an interview of KL-term (interventions.csv, event_type InterviewHeld); kUnspecified:
/// none.
[[nodiscard]] domain::InterviewKind interview_kind(std::string_view fsiii_uuid);
[[nodiscard]] domain::Priority priority(std::string_view fhir_code);

}  // namespace kronika::codec
