#include "request.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <simdjson.h>

#include <kronika/domain/time.h>

namespace kronika::door_fhir {
namespace {

using simdjson::dom::element;

constexpr std::string_view kBase = "/fhir";
constexpr std::string_view kHealth = "/health/";
constexpr std::string_view kMedcomEvents =
    "http://medcomfhir.dk/ig/terminology/CodeSystem/medcom-messaging-eventCodes";

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::erase(out, ' ');
  return out;
}

std::string text_at(const element& of, std::string_view pointer) {
  std::string_view text;
  if (of.at_pointer(pointer).get(text) != simdjson::SUCCESS) return {};
  return std::string(text);
}

/// The Organization that a reference names, as JSON; empty where the bundle does not carry it.
std::string organisation(const simdjson::dom::array& entries, const std::string& reference) {
  if (reference.empty()) return {};
  for (const element entry : entries) {
    const std::string url = text_at(entry, "/fullUrl");
    const std::string type = text_at(entry, "/resource/resourceType");
    if (type != "Organization") continue;
    const bool named = url == reference || type + "/" + text_at(entry, "/resource/id") == reference;
    element resource;
    if (named && entry.at_key("resource").get(resource) == simdjson::SUCCESS) {
      return simdjson::minify(resource);
    }
  }
  return {};
}

std::optional<Body::MedcomHeader> medcom_header(const simdjson::dom::array& entries) {
  for (const element entry : entries) {
    if (text_at(entry, "/resource/resourceType") != "MessageHeader") continue;
    if (text_at(entry, "/resource/eventCoding/system") != kMedcomEvents) return std::nullopt;
    if (text_at(entry, "/resource/eventCoding/code") == "acknowledgement-message") {
      return std::nullopt;  // it is an answer itself
    }
    Body::MedcomHeader header;
    header.id = text_at(entry, "/resource/id");
    if (header.id.empty()) return std::nullopt;
    header.source = text_at(entry, "/resource/source/endpoint");
    header.destination = text_at(entry, "/resource/destination/0/endpoint");
    header.sender = organisation(entries, text_at(entry, "/resource/sender/reference"));
    header.receiver =
        organisation(entries, text_at(entry, "/resource/destination/0/receiver/reference"));
    return header;
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_text(Operation operation) {
  switch (operation) {
    case Operation::kNone:
      return "other";
    case Operation::kHealth:
      return "health";
    case Operation::kMetadata:
      return "metadata";
    case Operation::kProcessMessage:
      return "process-message";
    case Operation::kBundle:
      return "bundle";
    case Operation::kResource:
      return "resource";
  }
  return {};
}

Route route_of(std::string_view target) {
  target = target.substr(0, target.find('?'));
  if (target.size() > 1 && target.ends_with('/')) target.remove_suffix(1);
  if (target.starts_with(kHealth)) {
    return {Operation::kHealth, std::string(target.substr(kHealth.size()))};
  }
  if (target == kBase) return {Operation::kBundle, {}};
  if (!target.starts_with(kBase) || target[kBase.size()] != '/') return {};
  const std::string_view rest = target.substr(kBase.size() + 1);
  if (rest == "metadata") return {Operation::kMetadata, {}};
  if (rest == "$process-message" || rest == "%24process-message") {
    return {Operation::kProcessMessage, {}};
  }
  const auto& types = resource_types();
  if (std::find(types.begin(), types.end(), rest) == types.end()) return {};
  return {Operation::kResource, std::string(rest)};
}

const std::vector<std::string>& resource_types() {
  static const std::vector<std::string> types{"CarePlan",      "Condition",      "Encounter",
                                              "EpisodeOfCare", "Observation",    "Organization",
                                              "Patient",       "Practitioner",   "PractitionerRole",
                                              "Procedure",     "ServiceRequest", "Task"};
  return types;
}

bool is_json(std::string_view content_type) {
  const std::string value = lower(content_type);
  const auto semicolon = value.find(';');
  const std::string media = value.substr(0, semicolon);
  if (media != "application/fhir+json" && media != "application/json") return false;
  const auto charset = value.find("charset=");
  if (charset == std::string::npos) return true;
  std::string name = value.substr(charset + 8);
  name = name.substr(0, name.find(';'));
  std::erase(name, '"');
  return name == "utf-8" || name == "utf8";
}

bool accepts_json(std::string_view accept) {
  const std::string value = lower(accept);
  return value.empty() || value.find("json") != std::string::npos ||
         value.find("*/*") != std::string::npos || value.find("application/*") != std::string::npos;
}

Body read_body(std::string_view bytes) {
  Body body;
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  const simdjson::padded_string padded(bytes);
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(padded).get(root) != simdjson::SUCCESS || !root.is_object()) return body;
  body.type = text_at(root, "/resourceType");
  if (body.type != "Bundle") return body;
  body.bundle_type = text_at(root, "/type");
  body.timestamp = text_at(root, "/timestamp");
  if (domain::parse_instant(body.timestamp).fault != domain::TimeFault::kNone) {
    body.timestamp.clear();
  }
  simdjson::dom::array entries;
  if (root.at_key("entry").get(entries) != simdjson::SUCCESS) return body;
  for (const element entry : entries) {
    body.entries.push_back(
        {text_at(entry, "/resource/resourceType"), text_at(entry, "/resource/id")});
  }
  if (body.bundle_type == "message") body.medcom = medcom_header(entries);
  return body;
}

}  // namespace kronika::door_fhir
