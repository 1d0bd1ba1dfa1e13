#include "outcome.h"

#include <cctype>
#include <cstdlib>

#include <nlohmann/json.hpp>

#include <kronika/edge/text.h>

namespace kronika::door_fhir {
namespace {

using domain::Reason;
using edge::valid_utf8;
using nlohmann::ordered_json;

constexpr std::string_view kReasonSystem = "urn:kronika:reason";

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const auto end = text.find(' ');
    if (end != 0) out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return out;
}

/// "Observation/abc" -> "Observation"; nothing where it does not begin like a type.
std::string_view type_of(std::string_view word) {
  if (word.empty() || std::isupper(static_cast<unsigned char>(word.front())) == 0) return {};
  return word.substr(0, word.find_first_of("/.[ "));
}

/// "(MessageHeader.sender)", "(Provenance admit-*)", "(Bundle.timestamp)": elsewhere in the
/// message.
std::string elsewhere(std::string_view inner) {
  const std::string_view type = type_of(inner);
  if (type.empty()) return {};
  std::string_view rest = inner.substr(type.size());
  rest = rest.substr(0, rest.find(' '));
  if (type == "Bundle") return "Bundle" + std::string(rest);
  return "Bundle.entry.resource.ofType(" + std::string(type) + ")" + std::string(rest);
}

}  // namespace

std::string fhir_path(std::string_view position) {
  // "Bundle.type", "MessageHeader.eventCoding": named from the root.
  const auto parenthesis = position.find('(');
  std::string_view inner;
  if (parenthesis != std::string_view::npos &&
      !position.substr(0, parenthesis).ends_with(".extension")) {
    const auto end = position.rfind(')');
    if (end != std::string_view::npos && end > parenthesis) {
      inner = position.substr(parenthesis + 1, end - parenthesis - 1);
      position = position.substr(0, parenthesis);
    }
  }
  std::string path;
  bool contained = false;
  bool has_field = false;
  for (const std::string_view word : words(position)) {
    if (word.starts_with("entry[") && path.empty()) {
      path = "Bundle." + std::string(word) + ".resource";
    } else if (word == "contained") {
      contained = true;
    } else if (word.front() == '.') {
      // An extension is named after its element in our places: ".extension(leave-period)".
      path += word.substr(0, word.find('('));
      has_field = true;
    } else if (const auto type = type_of(word); !type.empty()) {
      if (contained) {
        path += ".contained.ofType(" + std::string(type) + ")";
      } else if (path.empty()) {
        path = word.find('/') == std::string_view::npos && word.find('.') != std::string_view::npos
                   ? (type == "Bundle" ? std::string(word) : elsewhere(word))
                   : std::string(type);
      }
    }
  }
  if (!inner.empty() && !has_field) {
    if (std::string other = elsewhere(inner); !other.empty()) return valid_utf8(other);
  }
  return valid_utf8(path);
}

std::string_view issue_type(Reason reason) {
  switch (reason) {
    case Reason::kTypeUnknown:
    case Reason::kBundleUnknown:
    case Reason::kSchemaUnknown:
      return "not-supported";
    case Reason::kFieldMissing:
    case Reason::kReasonRequired:
    case Reason::kValueMissing:
    case Reason::kUnitMissing:
      return "required";
    case Reason::kEnumUnknown:
    case Reason::kCodeUnknown:
    case Reason::kUnitUnknown:
    case Reason::kMunicipalityUnknown:
      return "code-invalid";
    case Reason::kTimeNoZone:
    case Reason::kTimeFuture:
    case Reason::kCprFormat:
    case Reason::kCprDate:
    case Reason::kCprFuture:
    case Reason::kSorFormat:
    case Reason::kNotInteger:
    case Reason::kRangeHard:
      return "value";
    case Reason::kEcprNotAllowed:
    case Reason::kCprCycle:
    case Reason::kBeforeBirth:
    case Reason::kProgrammeUnresolved:
    case Reason::kReasonNotAllowed:
    case Reason::kSubscore:
    case Reason::kBpOrder:
    case Reason::kFevOrder:
    case Reason::kKeyMismatch:
      return "business-rule";
    case Reason::kEventIdReused:
    case Reason::kVersionConflict:
      return "conflict";
    case Reason::kUndecodable:
    case Reason::kJsonMalformed:
      return "structure";
    case Reason::kInternalInvariant:
      return "exception";
  }
  std::abort();
}

ordered_json issue(const codec::Fault& fault) {
  ordered_json out{
      {"severity", "error"},
      {"code", issue_type(fault.reason)},
      {"details",
       {{"coding", {{{"system", kReasonSystem}, {"code", domain::slug(fault.reason)}}}},
        {"text", valid_utf8(fault.sentence)}}}};
  if (!fault.position.empty()) out["diagnostics"] = valid_utf8(fault.position);
  if (std::string path = fhir_path(fault.position); !path.empty())
    out["expression"] = ordered_json::array({path});
  return out;
}

ordered_json issue(std::string_view severity, std::string_view type, std::string_view text) {
  return {{"severity", severity}, {"code", type}, {"details", {{"text", valid_utf8(text)}}}};
}

ordered_json operation_outcome(std::vector<ordered_json> issues) {
  return {{"resourceType", "OperationOutcome"}, {"issue", std::move(issues)}};
}

}  // namespace kronika::door_fhir
