#include "adapter/json.h"
#include "fhir/fhir_r4.h"
#include "fhir/message.h"
#include "hl7v2/hl7v2.h"
#include "medcom/medcom.h"
#include "xml/xml.h"

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include <kronika/codec/adapter.h>
#include <kronika/codec/native_json.h>

namespace kronika::codec {
namespace {

using domain::Reason;

std::string_view without_bom(std::string_view bytes) {
  return bytes.starts_with("\xef\xbb\xbf") ? bytes.substr(3) : bytes;
}

std::string_view trimmed(std::string_view bytes) {
  bytes = without_bom(bytes);
  const auto at = bytes.find_first_not_of(" \t\r\n\v");
  return at == std::string_view::npos ? std::string_view{} : bytes.substr(at);
}

/// MessageHeader.eventCoding.code of a message bundle.
std::string_view message_event(const Node& root) {
  std::string_view event;
  root["entry"].each([&](const Node& entry, std::size_t) {
    const Node resource = entry["resource"];
    if (!event.empty() || resource.text("resourceType") != "MessageHeader") return;
    event = resource["eventCoding"].text("code");
  });
  return event;
}

Protocol protocol_of(const Node& root) {
  const std::string_view type = root.text("resourceType");
  if (type.empty()) return root.is_object() ? Protocol::kNativeJson : Protocol::kUnknown;
  if (type != "Bundle") return Protocol::kFhirResource;
  if (root.text("type") != "message") return Protocol::kFhirBundle;
  const std::string_view event = message_event(root);
  if (event == "hospital-notification-message") return Protocol::kMedcomHospitalNotification;
  if (event == "homecareobservation-message") return Protocol::kMedcomHomeCareObservation;
  return Protocol::kMedcomOther;
}

/// Of what is no JSON, by its first bytes.
Protocol protocol_of_bytes(std::string_view bytes) {
  const std::string_view start = trimmed(bytes);
  if (hl7v2::looks_like_hl7v2(start)) return Protocol::kHl7v2;
  if (start.starts_with("<")) return Protocol::kXml;
  return Protocol::kUnknown;
}

/// A message as JSON. The parser and the padded copy that it reads from are kept for the thread's
/// next message, unless this one was large.
class Document {
 public:
  explicit Document(std::string_view bytes) : buffers_(std::exchange(kept(), nullptr)) {
    if (!buffers_) buffers_ = std::make_unique<Buffers>();
    bytes = without_bom(bytes);
    std::string& copy = buffers_->copy;
    copy.reserve(bytes.size() + simdjson::SIMDJSON_PADDING);
    copy.assign(bytes).append(simdjson::SIMDJSON_PADDING, '\0');
    simdjson::dom::element root;
    ok_ =
        buffers_->parser.parse(copy.data(), bytes.size(), /*realloc_if_needed=*/false).get(root) ==
        simdjson::SUCCESS;
    if (ok_) root_ = Node(root);
  }
  ~Document() {
    if (buffers_->copy.capacity() <= kKeptBytes) kept() = std::move(buffers_);
  }
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] const Node& root() const { return root_; }

 private:
  struct Buffers {
    std::string copy;
    simdjson::dom::parser parser;
  };
  static constexpr std::size_t kKeptBytes = 256 << 10U;
  static std::unique_ptr<Buffers>& kept() {
    thread_local std::unique_ptr<Buffers> buffers;
    return buffers;
  }

  std::unique_ptr<Buffers> buffers_;
  Node root_;
  bool ok_ = false;
};

void refuse(Translation& out, Reason reason, std::string position, std::string sentence) {
  out.outcomes.emplace_back(Refused{{{reason, std::move(position), std::move(sentence)}}});
}

void read_bundle(Message& message, Translation& out) {
  const std::string_view type = message.root().text("type");
  if (type == "collection" || type == "transaction" || type == "batch") return read_fhir(message);
  refuse(out, Reason::kBundleUnknown, "Bundle.type",
         "Bundles of type collection, transaction and batch are read, and MedCom messages; this is "
         "another type.");
}

}  // namespace

std::string_view to_text(Protocol protocol) {
  switch (protocol) {
    case Protocol::kUnknown:
      return "unknown";
    case Protocol::kMedcomHospitalNotification:
      return "medcom-hn";
    case Protocol::kMedcomHomeCareObservation:
      return "medcom-hco";
    case Protocol::kMedcomOther:
      return "medcom-other";
    case Protocol::kFhirBundle:
      return "fhir-bundle";
    case Protocol::kFhirResource:
      return "fhir-resource";
    case Protocol::kNativeJson:
      return "native-json";
    case Protocol::kHl7v2:
      return "hl7v2";
    case Protocol::kXml:
      return "xml";
  }
  std::abort();
}

Protocol detect(std::string_view bytes) {
  const Protocol plain = protocol_of_bytes(bytes);
  if (plain != Protocol::kUnknown) return plain;
  const Document document(bytes);
  return document.ok() ? protocol_of(document.root()) : plain;
}

Translation translate(std::string_view bytes, const AdapterSettings& settings,
                      Instant receive_time) {
  Translation out;
  out.protocol = protocol_of_bytes(bytes);
  if (out.protocol == Protocol::kHl7v2) {
    hl7v2::read_message(trimmed(bytes), settings, receive_time, out);
    return out;
  }
  if (out.protocol == Protocol::kXml) {
    read_xml(trimmed(bytes), settings, receive_time, out);
    return out;
  }
  const Document document(bytes);
  if (!document.ok()) {
    refuse(out, Reason::kJsonMalformed, "message",
           "These bytes are no JSON document, no HL7 v2 message (MSH) and no XML: damaged, cut "
           "short, or of another format.");
    return out;
  }

  const Node& root = document.root();
  out.protocol = protocol_of(root);
  out.message_id = root.text("id");
  switch (out.protocol) {
    case Protocol::kNativeJson:
      out.outcomes.push_back(read_native_json(without_bom(bytes), settings, receive_time));
      return out;
    case Protocol::kUnknown:
    case Protocol::kHl7v2:
    case Protocol::kXml:
      refuse(out, Reason::kTypeUnknown, "message",
             "This JSON is neither a FHIR resource nor a native event.");
      return out;
    case Protocol::kMedcomOther:
      if (message_event(root) == "care-communication-message") {
        // Free text with categories: no pathway event is derived from it (domain.md 13.5).
        out.outcomes.emplace_back(
            Ignored{"MedCom CareCommunication: recorded, not interpreted", "MessageHeader"});
        return out;
      }
      refuse(out, Reason::kBundleUnknown, "MessageHeader.eventCoding",
             "Of MedCom's FHIR messages HospitalNotification and HomeCareObservation are read and "
             "CareCommunication is recorded; this is another, or has no MessageHeader.");
      return out;
    case Protocol::kMedcomHospitalNotification:
    case Protocol::kMedcomHomeCareObservation:
    case Protocol::kFhirBundle:
    case Protocol::kFhirResource:
      break;
  }
  Message message(root, settings, receive_time, out);
  if (out.protocol == Protocol::kMedcomHospitalNotification) {
    read_hospital_notification(message);
  } else if (out.protocol == Protocol::kMedcomHomeCareObservation) {
    read_home_care_observation(message);
  } else if (out.protocol == Protocol::kFhirBundle) {
    read_bundle(message, out);
  } else {
    read_fhir(message);
  }
  return out;
}

}  // namespace kronika::codec
