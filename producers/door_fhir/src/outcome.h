// FHIR's words for faults: OperationOutcome with the kind of issue, our reason code, a sentence,
// and the place as FHIRPath.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <kronika/codec/adapter.h>

namespace kronika::door_fhir {

/// "entry[3] Observation/abc .valueQuantity.unit" as "Bundle.entry[3].resource.valueQuantity.unit";
/// what stands in parentheses is elsewhere in the message: "(MessageHeader.sender)" is
/// "Bundle.entry.resource.ofType(MessageHeader).sender". Empty where there is no such place.
[[nodiscard]] std::string fhir_path(std::string_view position);

/// IssueType of FHIR R4.
[[nodiscard]] std::string_view issue_type(domain::Reason reason);

/// One element of OperationOutcome.issue.
[[nodiscard]] nlohmann::ordered_json issue(const codec::Fault& fault);
[[nodiscard]] nlohmann::ordered_json issue(std::string_view severity, std::string_view type,
                                           std::string_view text);
[[nodiscard]] nlohmann::ordered_json operation_outcome(std::vector<nlohmann::ordered_json> issues);

}  // namespace kronika::door_fhir
