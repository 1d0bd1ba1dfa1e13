// MedCom's Acknowledgement message 2.0: ok, or fatal-error with an OperationOutcome; "try again" is
// HTTP's 503. Every id and time in it is a function of the message, so that a resend gets the same
// acknowledgement from any replica (architecture A17): the ids are UUIDs (version 5) of the
// message's hash, and the times are the message's own, where it has one.
#include "answer.h"
#include "outcome.h"

#include <nlohmann/json.hpp>

#include <kronika/codec/uuid5.h>
#include <kronika/domain/time.h>
#include <kronika/edge/text.h>

namespace kronika::door_fhir {
namespace {

using nlohmann::ordered_json;

// Canonical addresses of MedCom's guides (acknowledgement 2.0, messaging, terminology).
constexpr std::string_view kProfiles =
    "http://medcomfhir.dk/ig/acknowledgement/StructureDefinition/";
constexpr std::string_view kMessaging = "http://medcomfhir.dk/ig/messaging/StructureDefinition/";
constexpr std::string_view kCodes = "http://medcomfhir.dk/ig/terminology/CodeSystem/";
constexpr std::string_view kAddress = "https://medcomfhir.dk/ig/acknowledgement/";
constexpr std::string_view kDefinition =
    "http://medcomfhir.dk/ig/acknowledgement/medcom-acknowledgement-message-definition|2.0.0";
/// Name space of the ids of our acknowledgements: ours, drawn once.
constexpr std::string_view kNameSpace = "5e1f3b52-6c3a-4d0e-9d55-0f6f5b8a7c11";

std::string join(std::string_view a, std::string_view b) { return std::string(a).append(b); }

std::string id_of(const edge::Account& account, std::string_view part) {
  const EventId name_space = uuid_from_text(kNameSpace).value_or(EventId{});
  return uuid_text(codec::uuid_v5(name_space, account.sha256 + "/" + std::string(part)));
}

ordered_json coding(std::string_view system, std::string_view code) {
  return {{"system", join(kCodes, system)}, {"code", code}};
}

/// A list with one element.
ordered_json one(ordered_json element) {
  ordered_json list = ordered_json::array();
  list.push_back(std::move(element));
  return list;
}

ordered_json entry(const ordered_json& resource) {
  return {{"fullUrl", std::string(kAddress) + resource.at("resourceType").get<std::string>() + "/" +
                          resource.at("id").get<std::string>()},
          {"resource", resource}};
}

/// A reference to one of the message's organisations, which travels along; nothing if it is not
/// one.
ordered_json reference_to(const ordered_json& organisation) {
  if (!organisation.is_object() || !organisation.contains("id")) return nullptr;
  return {{"reference", "Organization/" + organisation.at("id").get<std::string>()}};
}

ordered_json parse(const std::string& organisation) {
  ordered_json read = ordered_json::parse(organisation, nullptr, /*allow_exceptions=*/false);
  const bool usable = read.is_object() && read.contains("id") && read.at("id").is_string();
  return usable ? read : ordered_json(nullptr);
}

}  // namespace

std::string acknowledgement(const Body& body, const edge::Account& account) {
  const Body::MedcomHeader& asked = *body.medcom;
  const ordered_json them = parse(asked.sender);  // the message's sender is our destination
  const ordered_json us = parse(asked.receiver);
  const std::string time =
      body.timestamp.empty() ? domain::to_text(account.received) : body.timestamp;
  const std::string header_id = id_of(account, "MessageHeader");

  ordered_json outcome;
  if (!account.whole()) {
    std::vector<ordered_json> issues;
    for (const edge::Fact& fact : account.facts) {
      if (const auto* refused = std::get_if<codec::Refused>(&fact)) {
        for (const codec::Fault& fault : refused->faults) issues.push_back(issue(fault));
      }
    }
    outcome = operation_outcome(std::move(issues));
    outcome["id"] = id_of(account, "OperationOutcome");
    outcome["meta"] = {
        {"profile", one(join(kProfiles, "medcom-acknowledgement-operationoutcome"))}};
  }

  ordered_json destination{
      {"extension",
       {{{"url", join(kMessaging, "medcom-messaging-destinationUseExtension")},
         {"valueCoding", coding("medcom-messaging-destinationUse", "primary")}}}}};
  destination["endpoint"] = edge::valid_utf8(asked.source);
  if (const auto receiver = reference_to(them); !receiver.is_null()) {
    destination["receiver"] = receiver;
  }
  ordered_json response{{"identifier", edge::valid_utf8(asked.id)},
                        {"code", account.whole() ? "ok" : "fatal-error"}};
  if (!outcome.is_null()) {
    response["details"] = {
        {"reference", "OperationOutcome/" + outcome.at("id").get<std::string>()}};
  }
  ordered_json header{
      {"resourceType", "MessageHeader"},
      {"id", header_id},
      {"meta", {{"profile", one(join(kProfiles, "medcom-messaging-acknowledgementHeader"))}}},
      {"eventCoding", coding("medcom-messaging-eventCodes", "acknowledgement-message")},
      {"destination", one(destination)}};
  if (const auto sender = reference_to(us); !sender.is_null()) header["sender"] = sender;
  header["source"] = {{"endpoint", edge::valid_utf8(asked.destination)}};
  header["response"] = response;
  header["definition"] = kDefinition;

  ordered_json provenance{
      {"resourceType", "Provenance"},
      {"id", id_of(account, "Provenance")},
      {"meta", {{"profile", one(join(kMessaging, "medcom-messaging-provenance"))}}},
      {"target", {{{"reference", "MessageHeader/" + header_id}}}},
      {"occurredDateTime", time},
      {"recorded", time},
      {"activity", {{"coding", one(coding("medcom-messaging-activityCodes", "acknowledgement"))}}}};
  if (const auto who = reference_to(us); !who.is_null()) {
    provenance["agent"] = ordered_json::array({{{"who", who}}});
  }
  provenance["entity"] = ordered_json::array(
      {{{"role", "revision"},
        {"what", {{"reference", "MessageHeader/" + edge::valid_utf8(asked.id)}}}}});

  ordered_json entries = ordered_json::array({entry(header), entry(provenance)});
  if (!them.is_null()) entries.push_back(entry(them));
  if (!us.is_null() && us != them) entries.push_back(entry(us));
  if (!outcome.is_null()) entries.push_back(entry(outcome));
  const ordered_json bundle{
      {"resourceType", "Bundle"},
      {"id", id_of(account, "Bundle")},
      {"meta", {{"profile", one(join(kProfiles, "medcom-messaging-acknowledgement"))}}},
      {"type", "message"},
      {"timestamp", time},
      {"entry", entries}};
  return bundle.dump();
}

}  // namespace kronika::door_fhir
