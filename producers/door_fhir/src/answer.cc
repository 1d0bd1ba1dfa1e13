#include "answer.h"

#include "outcome.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <nlohmann/json.hpp>

#include <kronika/edge/errc.h>
#include <kronika/edge/text.h>
#include <kronika/telemetry/service.h>

namespace kronika::door_fhir {
namespace {

using domain::Reason;
using edge::valid_utf8;
using nlohmann::ordered_json;

/// An answer tells each fault once, but not without end.
constexpr std::size_t kMostIssues = 500;

/// 3 of "entry[3] Observation/abc".
std::optional<std::size_t> entry_of(std::string_view position) {
  constexpr std::string_view kEntry = "entry[";
  if (!position.starts_with(kEntry)) return std::nullopt;
  std::size_t index = 0;
  const char* const begin = position.data() + kEntry.size();
  const auto [end, fault] = std::from_chars(begin, position.data() + position.size(), index);
  if (fault != std::errc{}) return std::nullopt;
  return index;
}

ordered_json ignored_issue(const codec::Ignored& ignored) {
  ordered_json out = issue("information", "informational",
                           "Understood and kept; has no event in the catalogue: " + ignored.what);
  if (std::string path = fhir_path(ignored.position); !path.empty())
    out["expression"] = ordered_json::array({path});
  return out;
}

std::string published(std::size_t n) {
  return n == 1 ? std::string("1 fact was published.")
                : std::to_string(n) + " facts were published.";
}

/// Everything in one OperationOutcome.
ordered_json outcome_of(const edge::Account& account) {
  std::vector<ordered_json> issues;
  std::size_t more = 0;
  const auto add = [&](ordered_json one) {
    if (issues.size() < kMostIssues) {
      issues.push_back(std::move(one));
    } else {
      ++more;
    }
  };
  for (const edge::Fact& fact : account.facts) {
    if (const auto* refused = std::get_if<codec::Refused>(&fact)) {
      for (const codec::Fault& fault : refused->faults) add(issue(fault));
    }
  }
  if (account.refused == 0) {
    for (const edge::Fact& fact : account.facts) {
      if (const auto* ignored = std::get_if<codec::Ignored>(&fact)) add(ignored_issue(*ignored));
    }
  }
  if (more > 0) {
    issues.push_back(
        issue("information", "informational", "And " + std::to_string(more) + " more."));
  }
  if (account.accepted > 0 || issues.empty()) {
    issues.push_back(issue("information", "informational", published(account.accepted)));
  }
  return operation_outcome(std::move(issues));
}

/// A body that is no FHIR of this place is a bad request; one that breaks a rule is unprocessable.
unsigned refused_status(const edge::Account& account) {
  for (const edge::Fact& fact : account.facts) {
    const auto* refused = std::get_if<codec::Refused>(&fact);
    if (refused == nullptr) continue;
    const Reason reason = refused->reason();
    const bool no_fhir = reason == Reason::kJsonMalformed || reason == Reason::kTypeUnknown;
    if (!no_fhir) return 422;
  }
  return account.accepted > 0 ? 422 : 400;
}

struct EntryAnswer {
  std::size_t accepted = 0;
  bool refused = false;
  std::vector<ordered_json> issues;
};

ordered_json bundle_response(const Body& body, const edge::Account& account) {
  std::vector<EntryAnswer> answers(body.entries.size());
  for (const edge::Fact& fact : account.facts) {
    std::string_view position;
    if (const auto* accepted = std::get_if<edge::AcceptedFact>(&fact)) {
      position = accepted->position;
    } else if (const auto* refused = std::get_if<codec::Refused>(&fact)) {
      position = refused->faults.front().position;
    } else {
      position = std::get<codec::Ignored>(fact).position;
    }
    const auto index = entry_of(position);
    if (!index || *index >= answers.size()) continue;
    EntryAnswer& answer = answers[*index];
    if (std::holds_alternative<edge::AcceptedFact>(fact)) {
      ++answer.accepted;
    } else if (const auto* refused = std::get_if<codec::Refused>(&fact)) {
      answer.refused = true;
      for (const codec::Fault& fault : refused->faults) answer.issues.push_back(issue(fault));
    } else {
      answer.issues.push_back(ignored_issue(std::get<codec::Ignored>(fact)));
    }
  }
  ordered_json out{{"resourceType", "Bundle"},
                   {"type", body.bundle_type + "-response"},
                   {"entry", ordered_json::array()}};
  for (EntryAnswer& answer : answers) {
    const char* status = answer.refused        ? "422 Unprocessable Entity"
                         : answer.accepted > 0 ? "201 Created"
                                               : "200 OK";
    ordered_json response{{"status", status}};
    if (!answer.issues.empty()) response["outcome"] = operation_outcome(std::move(answer.issues));
    out["entry"].push_back({{"response", std::move(response)}});
  }
  return out;
}

}  // namespace

Answer plain_answer(unsigned status, std::string_view type, std::string_view text) {
  const char* severity = status < 400 ? "information" : "error";
  return {status, operation_outcome({issue(severity, type, text)}).dump()};
}

Answer answer_of(const Error& error) {
  if (error.code == edge::kTooLarge) return plain_answer(413, "too-long", error.context);
  const bool again = error.code.disposition() == Disposition::kRetryCall;
  const bool throttled = error.code == edge::kThrottled;
  Answer answer = throttled ? plain_answer(429, "throttled", error.context)
                  : again   ? plain_answer(503, "transient", error.context)
                            : plain_answer(500, "exception", error.context);
  answer.retry_later = again;
  return answer;
}

Answer answer_of(const Route& route, const Body& body, const edge::Account& account) {
  Answer answer;
  answer.trace_id = account.trace_id;
  const bool bundle = route.operation == Operation::kBundle;
  if (route.operation == Operation::kProcessMessage && body.medcom) {
    answer.status = account.whole() ? 200 : 422;
    answer.body = acknowledgement(body, account);
  } else if (bundle && (body.bundle_type == "batch" ||
                        (body.bundle_type == "transaction" && account.whole()))) {
    // Entries of a batch stand alone; a transaction answers with one outcome where it fails.
    answer.body = bundle_response(body, account).dump();
  } else {
    if (!account.whole()) {
      answer.status = refused_status(account);
    } else if (route.operation == Operation::kResource && account.accepted > 0) {
      answer.status = 201;
    }
    answer.body = outcome_of(account).dump();
  }
  return answer;
}

std::string capability_statement() {
  ordered_json resources = ordered_json::array();
  for (const std::string& type : resource_types()) {
    resources.push_back({{"type", type}, {"interaction", {{{"code", "create"}}}}});
  }
  const ordered_json statement{
      {"resourceType", "CapabilityStatement"},
      {"status", "active"},
      {"date", "2026-11-22"},
      {"kind", "instance"},
      {"software", {{"name", "kronika"}, {"version", telemetry::version()}}},
      {"implementation",
       {{"description",
         "Takes events of chronic-care pathways; what was taken is read through other doors."}}},
      {"fhirVersion", "4.0.1"},
      {"format", {"application/fhir+json", "json"}},
      {"rest",
       {{{"mode", "server"},
         {"documentation",
          "A resource's facts are published as events and not served back. A positive answer means "
          "that they are on all in-sync replicas; 503 means: send the same again."},
         {"resource", resources},
         {"interaction", {{{"code", "transaction"}}, {{"code", "batch"}}}},
         {"operation",
          {{{"name", "process-message"},
            {"definition",
             "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message"}}}}}}},
      {"messaging",
       {{{"documentation",
          "MedCom HospitalNotification and HomeCareObservation, each answered with MedCom's "
          "Acknowledgement."},
         {"supportedMessage",
          {{{"mode", "receiver"},
            {"definition",
             "http://medcomfhir.dk/ig/hospitalnotification/StructureDefinition/"
             "medcom-hospitalNotification-message"}},
           {{"mode", "receiver"},
            {"definition",
             "http://medcomfhir.dk/ig/homecareobservation/StructureDefinition/"
             "medcom-homecareobservation-message"}}}}}}}};
  return statement.dump();
}

}  // namespace kronika::door_fhir
