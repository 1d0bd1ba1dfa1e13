#include "adapter/json.h"
#include "fhir/message.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <google/protobuf/util/json_util.h>
#include <openssl/evp.h>

#include "kronika/event/v1/event.pb.h"
#include <kronika/codec/event_codec.h>
#include <kronika/codec/native_json.h>
#include <kronika/domain/identity.h>

namespace kronika::codec {
namespace {

using domain::Reason;
namespace util = google::protobuf::util;

std::string base64(std::string_view raw) {
  std::string out(4 * ((raw.size() + 2) / 3) + 1, '\0');
  const int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                reinterpret_cast<const unsigned char*>(raw.data()),
                                static_cast<int>(raw.size()));
  out.resize(static_cast<std::size_t>(n));
  return out;
}

/// UUID text or hex to base64, anything else as it is (base64 already, or protobuf's to refuse).
std::string id_json(const Node& value) {
  const std::string_view text = value.text();
  if (const auto id = uuid_from_text(text)) return "\"" + base64(id->view()) + "\"";
  if (text.size() == 32) {
    if (const auto raw = from_hex(text)) return "\"" + base64(*raw) + "\"";
  }
  return value.json();
}

class Object {
 public:
  void raw(std::string_view key, std::string_view json) {
    text_ += text_.empty() ? "{\"" : ",\"";
    text_ += key;
    text_ += "\":";
    text_ += json;
  }
  [[nodiscard]] std::string take() { return (text_.empty() ? "{" : std::move(text_)) + "}"; }

 private:
  std::string text_;
};

/// protobuf's message is "(path): what value ..."; the path alone is free of values.
std::string path_in(std::string_view message) {
  const auto open = message.find('(');
  const auto close = message.find(')', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) return {};
  const std::string_view path = message.substr(open + 1, close - open - 1);
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '.' || c == '[' || c == ']';
    if (!plain) return {};
  }
  return std::string(path.substr(0, 80));
}

/// Whether the member at "diagnosis_recorded.setting" is an enumeration of the contract.
bool is_enum(std::string_view path) {
  const google::protobuf::Descriptor* message = event::v1::Event::descriptor();
  const google::protobuf::FieldDescriptor* field = nullptr;
  while (!path.empty() && message != nullptr) {
    const auto cut = path.find('.');
    const std::string name(path.substr(0, std::min(cut, path.find('['))));
    path = cut == std::string_view::npos ? std::string_view{} : path.substr(cut + 1);
    field = message->FindFieldByName(name);
    if (field == nullptr) field = message->FindFieldByCamelcaseName(name);
    message = field == nullptr ? nullptr : field->message_type();
  }
  return path.empty() && field != nullptr && field->enum_type() != nullptr;
}

struct Comforts {
  std::string cpr_text;
  std::string old_cpr_text;
  When occurred;
  When recorded;
};

/// Member names that may be shown: those of the contract, not the sender's own.
bool plain_name(std::string_view key) {
  for (const char c : key) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9');
    if (!plain) return false;
  }
  return key.size() < 64;
}

std::string with_old_key(const Node& replaced, std::string& old_cpr) {
  Object out;
  replaced.members([&](std::string_view key, const Node& value) {
    if (key == "old_cpr" || key == "oldCpr") {
      old_cpr = value.text();
    } else if (key == "old_person_key" || key == "oldPersonKey") {
      out.raw("old_person_key", id_json(value));
    } else if (plain_name(key)) {
      out.raw(key, value.json());
    }
  });
  return out.take();
}

}  // namespace

Outcome read_native_json(std::string_view json, const AdapterSettings& settings,
                         Instant receive_time) {
  Draft draft;
  draft.position = "event";
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(simdjson::padded_string(json)).get(root) != simdjson::SUCCESS ||
      !root.is_object()) {
    draft.fault(Reason::kJsonMalformed, "", "This is no JSON object.");
    return Refused{std::move(draft.faults)};
  }

  // Times are read as Message reads them, so a local time gives the same refusal everywhere.
  Translation unused;
  const Message reader(Node{}, settings, receive_time, unused);
  Comforts comforts;
  Object out;
  Node(root).members([&](std::string_view key, const Node& value) {
    if (key == "cpr") {
      comforts.cpr_text = value.text();
      if (comforts.cpr_text.empty()) {
        draft.fault(Reason::kCprFormat, ".cpr", "The CPR number must be a text of ten digits.");
      }
    } else if (key == "occurred_at" || key == "occurredAt") {
      comforts.occurred = reader.read_time(value, ".occurred_at", draft);
    } else if (key == "recorded_at" || key == "recordedAt") {
      comforts.recorded = reader.read_time(value, ".recorded_at", draft);
    } else if (key == "birth_date" || key == "birthDate") {
      if (const auto date = domain::parse_date(value.text())) {
        out.raw("birth_date_days", std::to_string(date->days));
      } else {
        draft.fault(Reason::kTimeNoZone, ".birth_date", "This is no date (YYYY-MM-DD).");
      }
    } else if (key == "event_id" || key == "eventId") {
      out.raw("event_id", id_json(value));
    } else if (key == "correlation_id" || key == "correlationId") {
      out.raw("correlation_id", id_json(value));
    } else if (key == "person_key" || key == "personKey") {
      out.raw("person_key", id_json(value));
    } else if (key == "cpr_replaced" || key == "cprReplaced") {
      out.raw("cpr_replaced", with_old_key(value, comforts.old_cpr_text));
    } else if (!plain_name(key)) {
      draft.fault(Reason::kJsonMalformed, "", "A member's name is not one of the contract.");
    } else {
      out.raw(key, value.json());
    }
  });

  event::v1::Event message;
  const auto status = util::JsonStringToMessage(out.take(), &message);
  if (!status.ok()) {
    const std::string text(status.message());
    const std::string path = path_in(text);
    if (is_enum(path)) {
      draft.fault(Reason::kEnumUnknown, path, "A value is not one of the enumeration.");
    } else if (text.find("Cannot find field") != std::string::npos) {
      draft.fault(
          path.empty() ? Reason::kTypeUnknown : Reason::kJsonMalformed, path,
          "The contract (event.proto) has no such member here: a misspelt name, or an event "
          "type of another release.");
    } else {
      draft.fault(Reason::kJsonMalformed, path,
                  "A value is not of the contract's type (event.proto).");
    }
    return Refused{std::move(draft.faults)};
  }
  if (const auto decoded = decode_event(message.SerializeAsString(), draft.event); !decoded) {
    draft.fault(Reason::kJsonMalformed, "",
                "An id or key is not 16 bytes, or the schema is unknown.");
    return Refused{std::move(draft.faults)};
  }

  domain::Event& event = draft.event;
  if (!event.source_message_id.empty() && plain_name(event.source_message_id))
    draft.position += " " + shown(event.source_message_id);
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
  if (!comforts.cpr_text.empty()) {
    domain::Refusal refusal;
    const auto cpr = domain::read_cpr(comforts.cpr_text, recorded, /*ecpr_allowed=*/true, refusal);
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
      replaced != nullptr && !comforts.old_cpr_text.empty()) {
    domain::Refusal refusal;
    const auto old =
        domain::read_cpr(comforts.old_cpr_text, recorded, /*ecpr_allowed=*/true, refusal);
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
  util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  if (!util::MessageToJsonString(message, &json, options).ok()) return "{}";
  return json;
}

}  // namespace kronika::codec
