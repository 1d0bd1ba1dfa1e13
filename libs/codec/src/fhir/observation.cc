#include "fhir/observation.h"

#include "adapter/codes.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>

namespace kronika::codec {
namespace {

using domain::MeasurementRecorded;
using domain::Op;
using domain::Reason;

struct Code {
  std::string_view system;
  std::string_view code;
  const domain::MeasureCode* row = nullptr;
};

/// The first coding that the reference data knows; else the first coding, for its name.
Code find_code(const domain::Rules& rules, const Node& concept_node) {
  Code found;
  concept_node["coding"].each([&](const Node& coding, std::size_t) {
    if (found.row != nullptr) return;
    const std::string_view system = code_system_name(coding.text("system"));
    const std::string_view code = coding.text("code");
    const domain::MeasureCode* row = system.empty() ? nullptr : rules.measure_code(system, code);
    if (row != nullptr || found.code.empty()) {
      found = {system.empty() ? coding.text("system") : system, code, row};
    }
  });
  return found;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

bool allows(const domain::Measure& measure, std::string_view value) {
  return std::find(measure.allowed_values.begin(), measure.allowed_values.end(), value) !=
         measure.allowed_values.end();
}

/// Reads value[x] of an Observation or component. Returns why it is no measurement, if it is none.
std::string read_value(const Node& from, const domain::Measure& measure, MeasurementRecorded& m) {
  const bool coded = measure.kind == domain::ValueKind::kCode;
  if (const Node quantity = from["valueQuantity"]) {
    if (!quantity.text("comparator").empty()) {
      return "value with comparator: a bound is no measurement";
    }
    if (const auto number = quantity["value"].number()) m.value = *number;
    m.unit = quantity.text("code");
    if (m.unit.empty()) m.unit = quantity.text("unit");
    return {};
  }
  if (const Node integer = from["valueInteger"]) {
    if (const auto number = integer.number()) m.value = *number;
    return {};
  }
  if (const Node flag = from["valueBoolean"]; flag && flag.boolean()) {
    const bool yes = *flag.boolean();
    m.value = allows(measure, "YES") ? (yes ? "YES" : "NO") : (yes ? "DONE" : "NOT_DONE");
    return {};
  }
  if (const Node text = from["valueString"]) {
    const auto number = text.number();
    if (!coded && number) {
      m.value = *number;
    } else if (!text.text().empty()) {
      m.value = upper(text.text());
    }
    return {};
  }
  if (const Node concept_node = from["valueCodeableConcept"]) {
    std::string_view first;
    std::string found;
    concept_node["coding"].each([&](const Node& coding, std::size_t) {
      const std::string_view code = coding.text("code");
      if (first.empty()) first = code;
      if (!found.empty()) return;
      if (allows(measure, code)) found = code;
      if (found.empty()) found = coded_value(measure.key, code);
    });
    // Smoking "unknown if ever smoked" is uoplyst: not a value.
    if (found.empty() && measure.key == "SMOKING" && first == "266927001") {
      return "SMOKING unknown: no value";
    }
    if (!found.empty()) {
      m.value = found;
    } else if (!first.empty()) {
      m.value = std::string(first);  // check() says ENUM_UNKNOWN
    }
  }
  return {};
}

When effective(const Message& message, const Node& observation, Draft& draft) {
  for (const std::string_view name : {"effectiveDateTime", "effectiveInstant"}) {
    if (const Node t = observation[name])
      return message.read_time(t, "." + std::string(name), draft);
  }
  if (const Node start = observation["effectivePeriod"]["start"]) {
    return message.read_time(start, ".effectivePeriod.start", draft);
  }
  return {};
}

}  // namespace

void read_observation(Message& message, const Message::Entry& entry,
                      const ObservationContext& context) {
  const Node& observation = entry.resource;
  const domain::Rules& rules = message.rules();

  struct Part {
    Node from;
    Code code;
    std::string path;  ///< "" or ".component[0]"
  };
  std::vector<Part> parts;
  const Code own = find_code(rules, observation["code"]);
  if (own.row != nullptr) parts.push_back({observation, own, ""});
  std::size_t components = 0;
  observation["component"].each([&](const Node& component, std::size_t i) {
    ++components;
    const Code code = find_code(rules, component["code"]);
    if (code.row != nullptr) {
      parts.push_back({component, code, ".component[" + std::to_string(i) + "]"});
    }
  });
  if (parts.empty()) {
    const std::string name = own.code.empty()
                                 ? std::string("Observation without code")
                                 : "Observation code " + shown(own.system) + " " + shown(own.code);
    if (message.is_bundle()) {
      message.ignore(entry, name);
    } else {
      message.refuse(
          entry.position + " .code",
          own.code.empty() ? Reason::kFieldMissing : Reason::kCodeUnknown,
          "No measure of the reference data has this code; see data/reference/measurements.csv.");
    }
    return;
  }

  for (const Part& part : parts) {
    Draft draft = message.draft(entry);
    domain::Event& event = draft.event;
    MeasurementRecorded m;
    m.code_system = part.code.system;
    m.code = part.code.code;
    m.setting = context.setting;

    const std::string_view status = observation.text("status");
    if (status == "cancelled" || status == "entered-in-error") {
      event.op = Op::kCancel;
    } else if (status == "amended" || status == "corrected") {
      event.op = Op::kRevise;
    } else if (status == "preliminary" || status == "registered") {
      m.preliminary = true;
    } else if (status.empty()) {
      draft.fault(Reason::kFieldMissing, ".status", "The Observation has no status.");
    } else if (status != "final") {
      draft.fault(Reason::kEnumUnknown, ".status", "This status says nothing about the value.");
    }
    if (context.op && event.op != Op::kCancel) event.op = *context.op;

    const domain::Measure& measure = rules.measures[part.code.row->measure];
    const std::string no_value = read_value(part.from, measure, m);
    if (!no_value.empty() && event.op != Op::kCancel) {
      message.ignore(entry, no_value);
      continue;
    }
    if (observation["method"]["coding"].first().text("code") == "POST_BRONCHODILATOR") {
      m.method = "POST_BRONCHODILATOR";
    }
    if (const std::string_view performer = observation["performer"].first().text("reference");
        !performer.empty()) {
      m.performer = performer.find("Patient/") != std::string_view::npos
                        ? domain::Performer::kPatient
                        : domain::Performer::kProfessional;
    }
    event.payload = std::move(m);

    const When when = effective(message, observation, draft);
    if (!when.known() && draft.faults.empty()) {
      draft.fault(Reason::kFieldMissing, ".effective[x]",
                  "The time of the measurement is missing.");
    }
    const When recorded = context.recorded.known()
                              ? context.recorded
                              : message.read_time(observation["issued"], ".issued", draft);
    message.set_times(entry, when, recorded, draft);
    if (context.version_is_recorded) {
      event.source_version = recorded.at.ms > 0 ? static_cast<std::uint64_t>(recorded.at.ms) : 1;
    }
    message.set_sender({context.sender, observation["performer"].first()}, entry, ".performer",
                       draft);
    message.set_person(observation["subject"], entry, ".subject", /*ecpr_allowed=*/true, draft);

    event.source_system =
        context.source_system.empty() ? "fhir/" + event.sender_org : context.source_system;
    const std::string_view id = entry.id.empty() ? context.fallback_id : entry.id;
    if (id.empty()) {
      draft.fault(Reason::kFieldMissing, ".id",
                  "Without an id a correction could not find this Observation.");
    }
    event.source_message_id =
        context.source_system.empty() ? "Observation/" + std::string(id) : std::string(id);
    if (!part.path.empty()) event.source_message_id += "#" + std::string(part.code.code);

    const std::string value_path = part.path + ".value[x]";
    const std::string unit_path = part.path + ".valueQuantity.unit";
    const std::string code_path = part.path + ".code";
    draft.places = {{"measurement_recorded.value", value_path},
                    {"measurement_recorded.unit", unit_path},
                    {"measurement_recorded.code", code_path},
                    {"occurred_at", ".effective[x]"},
                    {"recorded_at", context.recorded.known() ? "(Provenance.recorded)" : ".issued"},
                    {"sender_org", ".performer"},
                    {"birth_date", ".subject (Patient.identifier)"}};
    const bool whole_resource = !draft.faults.empty();
    message.finish(std::move(draft));
    if (whole_resource) return;  // every component has the same fault: one refusal names it
  }
}

}  // namespace kronika::codec
