// From the edge's account to FHIR's answer: status and body. docs/doors.md has the table.
#pragma once

#include "request.h"

#include <string>
#include <string_view>

#include <kronika/edge/account.h>

namespace kronika::door_fhir {

struct Answer {
  unsigned status = 200;
  std::string body;          ///< FHIR JSON
  bool retry_later = false;  ///< with Retry-After
  std::string allow{};       ///< methods, of a 405
  std::string trace_id{};    ///< X-Request-Id, by which we can find the message
};

[[nodiscard]] Answer answer_of(const Route& route, const Body& body, const edge::Account& account);
/// "Not now", or too large.
[[nodiscard]] Answer answer_of(const Error& error);
/// An OperationOutcome with one issue.
[[nodiscard]] Answer plain_answer(unsigned status, std::string_view issue_type,
                                  std::string_view text);
/// The CapabilityStatement.
[[nodiscard]] std::string capability_statement();
/// MedCom's Acknowledgement of a message that was read (acknowledgement.cc).
[[nodiscard]] std::string acknowledgement(const Body& body, const edge::Account& account);

}  // namespace kronika::door_fhir
