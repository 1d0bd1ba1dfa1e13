#include "adapter/json.h"
#include "fhir/message.h"
#include "native/json_reader.h"

#include <utility>

#include <google/protobuf/util/json_util.h>

#include "kronika/event/v1/event.pb.h"
#include <kronika/codec/event_codec.h>
#include <kronika/codec/native_json.h>
#include <kronika/domain/identity.h>

namespace kronika::codec {

using domain::Reason;

Outcome read_native_json(std::string_view json, const AdapterSettings& settings,
                         Instant receive_time) {
  Draft draft;
  draft.position = "event";
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS || !root.is_object()) {
    draft.fault(Reason::kJsonMalformed, "", "This is no JSON object.");
    return Refused{std::move(draft.faults)};
  }
  Translation unused;
  const Message reader(Node{}, settings, receive_time, unused);
  Comforts comforts;
  read_event_json(Node(root), reader, draft, comforts);
  if (comforts.cpr_given && comforts.cpr.empty()) {
    draft.fault(Reason::kCprFormat, ".cpr", "The CPR number must be a text of ten digits.");
  }
  if (draft.event.schema_version > kEventSchemaVersion) {
    draft.fault(Reason::kSchemaUnknown, ".schema_version", "This release reads schema_version 1.");
  }

  domain::Event& event = draft.event;
  if (!event.source_message_id.empty()) draft.position += " " + shown(event.source_message_id);
  if (event.schema_version == 0) event.schema_version = kEventSchemaVersion;
  if (event.adapter_revision == 0) event.adapter_revision = kAdapterRevision;
  if (comforts.occurred.known()) {
    event.occurred_at = comforts.occurred.at;
    event.time_precision = comforts.occurred.precision;
  }
  if (comforts.recorded.known()) event.recorded_at = comforts.recorded.at;
  if (event.source_version == 0 && event.recorded_at.ms > 0) {
    event.source_version = static_cast<std::uint64_t>(event.recorded_at.ms);
  }
  const domain::CivilDate recorded = domain::civil_date_of(event.recorded_at);
  if (!comforts.cpr.empty()) {
    domain::Refusal refusal;
    const auto cpr = domain::read_cpr(comforts.cpr, recorded, /*ecpr_allowed=*/true, refusal);
    if (!cpr) {
      draft.fault(refusal.reason, ".cpr", refusal.sentence);
    } else {
      event.person_key = settings.hasher->hash_cpr(cpr->digits);
      event.birth_date = cpr->birth_date;
      event.sex = cpr->sex;
      draft.identifier = cpr->digits;
    }
  }
  if (auto* replaced = std::get_if<domain::CprReplaced>(&event.payload);
      replaced != nullptr && !comforts.old_cpr.empty()) {
    domain::Refusal refusal;
    const auto old = domain::read_cpr(comforts.old_cpr, recorded, /*ecpr_allowed=*/true, refusal);
    if (!old) {
      draft.fault(refusal.reason, ".cpr_replaced.old_cpr", refusal.sentence);
    } else {
      replaced->old_person_key = settings.hasher->hash_cpr(old->digits);
    }
  }
  return judge(std::move(draft), settings, receive_time);
}

std::string write_native_json(const domain::Event& event) {
  std::string bytes;
  encode_event(event, bytes);
  event::v1::Event message;
  std::string json;
  if (!message.ParseFromString(bytes)) return "{}";
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) return "{}";
  return json;
}

}  // namespace kronika::codec
