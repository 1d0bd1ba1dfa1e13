#include "fhir/message.h"

#include "adapter/codes.h"

#include <algorithm>
#include <cctype>

#include <kronika/codec/event_codec.h>
#include <kronika/codec/uuid5.h>
#include <kronika/domain/identity.h>

namespace kronika::codec {
namespace {

using domain::Reason;

std::string_view without_uuid_prefix(std::string_view id) {
  constexpr std::string_view kPrefix = "urn:uuid:";
  return id.starts_with(kPrefix) ? id.substr(kPrefix.size()) : id;
}

bool digits_only(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

}  // namespace

std::string shown(std::string_view id) {
  std::string out;
  std::size_t run = 0;  // digits in a row, a hyphen after six of them left out
  for (std::size_t i = 0; i <= id.size(); ++i) {
    const bool digit = i < id.size() && id[i] >= '0' && id[i] <= '9';
    const bool hyphen = i < id.size() && id[i] == '-' && run == 6;
    if (digit) {
      ++run;
    } else if (!hyphen) {
      if (run == 10) return "(id withheld)";
      run = 0;
    }
    if (i < id.size() && i < 80) {
      const auto byte = static_cast<unsigned char>(id[i]);
      out += byte < 0x20 || byte == 0x7f ? '?' : id[i];
    }
  }
  return out;
}

void Draft::fault(Reason reason, std::string_view path, std::string sentence) {
  std::string place = position;
  if (!place.empty() && !path.empty()) place += ' ';
  place += path;
  faults.push_back({reason, std::move(place), std::move(sentence)});
}

namespace {

/// Whether a CPR number stands in the bytes, with its hyphen or without.
bool holds(std::string_view bytes, std::string_view cpr) {
  if (cpr.empty()) return false;
  const std::string_view date = cpr.substr(0, 6), serial = cpr.substr(date.size());
  for (auto at = bytes.find(date); at != std::string_view::npos; at = bytes.find(date, at + 1)) {
    std::string_view rest = bytes.substr(at + date.size());
    if (rest.starts_with(serial)) return true;
    if (rest.starts_with('-') && rest.substr(1).starts_with(serial)) return true;
  }
  return false;
}

}  // namespace

Outcome judge(Draft draft, const AdapterSettings& settings, Instant receive_time,
              const PlaceOf& place_of) {
  domain::Event& event = draft.event;
  std::string content;
  content.reserve(kUsualEventBytes);
  encode_content(event, content);
  if (event.event_id.is_zero()) event.event_id = derive_event_id(content);
  if (draft.faults.empty()) {
    if (const auto refusal = domain::check(*settings.rules, event, receive_time)) {
      std::string path = place_of ? place_of(refusal->field) : std::string();
      for (const auto& [field, place] : draft.places) {
        if (field == refusal->field) path = place;
      }
      if (path.empty()) path = refusal->field;
      draft.fault(refusal->reason, path, refusal->sentence);
    }
  }
  if (draft.faults.empty()) {
    if (holds(content, draft.identifier)) {
      draft.fault(Reason::kCprFormat, "",
                  "The person's CPR number stands in another field (an id or a text), which must "
                  "not leave the edge; send it as identifier only.");
    } else if (domain::Event back; !decode_event(content, back)) {
      // What consumers cannot read must not leave the edge: a text that is not valid in the
      // character set that the message declares.
      draft.fault(Reason::kUndecodable, "",
                  "A text of this fact is not valid in the character set of the message; send it "
                  "in the one that the message declares.");
    }
  }
  if (!draft.faults.empty()) {
    // The order of the enumerators is the order of the checks.
    std::stable_sort(draft.faults.begin(), draft.faults.end(),
                     [](const Fault& a, const Fault& b) { return a.reason < b.reason; });
    return Refused{std::move(draft.faults)};
  }
  return Accepted{std::move(event), std::move(draft.position)};
}

Message::Message(Node root, const AdapterSettings& settings, Instant receive_time, Translation& out)
    : root_(root), settings_(&settings), receive_time_(receive_time), out_(&out) {
  bundle_ = root_.text("resourceType") == "Bundle";
  if (!bundle_) {
    add(root_, {}, "");
  } else {
    root_["entry"].each([&](const Node& entry, std::size_t i) {
      const Node resource = entry["resource"];
      if (resource.is_object()) {
        add(resource, entry.text("fullUrl"), "entry[" + std::to_string(i) + "] ");
      }
    });
  }
  // Pointers into the vector are taken only now that it stands still.
  const std::size_t top = entries_.size();
  std::vector<std::pair<std::size_t, Node>> contained;
  for (std::size_t i = 0; i < top; ++i) {
    entries_[i].resource["contained"].each(
        [&](const Node& r, std::size_t) { contained.emplace_back(i, r); });
  }
  entries_.reserve(top + contained.size());
  for (const auto& [owner, resource] : contained) {
    add(resource, {}, entries_[owner].position + " contained ");
    entries_.back().container = &entries_[owner];
  }
}

void Message::add(Node resource, std::string_view full_url, const std::string& place) {
  Entry entry;
  entry.resource = resource;
  entry.type = resource.text("resourceType");
  entry.id = resource.text("id");
  entry.full_url = full_url;
  entry.position = place + std::string(entry.type.empty() ? "resource" : entry.type);
  if (!entry.id.empty()) entry.position += "/" + shown(entry.id);
  entries_.push_back(std::move(entry));
}

const Message::Entry* Message::first_of(std::string_view type) const {
  for (const Entry& e : entries_) {
    if (e.type == type && e.container == nullptr) return &e;
  }
  return nullptr;
}

const Message::Entry* Message::resolve(const Node& reference, const Entry* from) const {
  const std::string_view target = reference.text("reference");
  if (target.empty()) return nullptr;
  if (target.front() == '#') {
    for (const Entry& e : entries_) {
      const bool same_container =
          from != nullptr && e.container == (from->container != nullptr ? from->container : from);
      if (same_container && e.id == target.substr(1)) return &e;
    }
    return nullptr;
  }
  for (const Entry& e : entries_) {
    if (e.container != nullptr) continue;
    if (!e.full_url.empty() && e.full_url == target) return &e;
  }
  // Type/id, perhaps behind a base address, perhaps before a version ("/_history/2").
  std::string_view path = target.substr(0, target.find("/_history/"));
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return nullptr;
  const std::string_view id = path.substr(slash + 1);
  const std::string_view head = path.substr(0, slash);
  const auto before = head.rfind('/');
  const std::string_view type = before == std::string_view::npos ? head : head.substr(before + 1);
  for (const Entry& e : entries_) {
    if (e.container == nullptr && e.type == type && e.id == id && !id.empty()) return &e;
  }
  return nullptr;
}

std::string Message::reference_id(const Node& reference) {
  std::string_view target = reference.text("reference");
  target = target.substr(0, target.find("/_history/"));
  if (target.starts_with("urn:uuid:")) return std::string(without_uuid_prefix(target));
  const auto slash = target.rfind('/');
  if (slash != std::string_view::npos) return std::string(target.substr(slash + 1));
  if (!target.empty()) return std::string(target);
  return std::string(reference["identifier"].text("value"));
}

Draft Message::draft(const Entry& entry) const {
  Draft d;
  d.position = entry.position;
  d.event.op = domain::Op::kCreate;
  d.event.schema_version = kEventSchemaVersion;
  d.event.adapter_revision = kAdapterRevision;
  return d;
}

When Message::read_time(const Node& value, std::string_view path, Draft& draft) const {
  if (!value) return {};
  const std::string_view text = value.text();
  if (const auto date = domain::parse_date(text)) {
    return {domain::start_of_day(*date), domain::TimePrecision::kDate};
  }
  const auto parsed = domain::parse_instant(text);
  switch (parsed.fault) {
    case domain::TimeFault::kNone:
      return {parsed.instant, domain::TimePrecision::kInstant};
    case domain::TimeFault::kNoZone:
      draft.fault(Reason::kTimeNoZone, path,
                  "The time has no offset from UTC; send one, e.g. +01:00, or a date alone.");
      return {};
    case domain::TimeFault::kMalformed:
      break;
  }
  draft.fault(Reason::kTimeNoZone, path,
              "This is neither a full date nor a time with offset (RFC 3339).");
  return {};
}

When Message::transport_time(const Entry& entry, Draft& draft) const {
  When t = read_time(entry.resource["meta"]["lastUpdated"], ".meta.lastUpdated", draft);
  if (!t.known() && bundle_) t = read_time(root_["timestamp"], "(Bundle.timestamp)", draft);
  return t;
}

void Message::set_times(const Entry& entry, const When& occurred, When recorded,
                        Draft& draft) const {
  if (!recorded.known()) recorded = transport_time(entry, draft);
  if (!recorded.known()) recorded = occurred;
  draft.event.occurred_at = occurred.at;
  draft.event.time_precision = occurred.precision;
  draft.event.recorded_at = recorded.at;

  // The sender's version where it counts them; else the latest time at which it touched the
  // resource.
  const std::string_view version = entry.resource["meta"].text("versionId");
  std::uint64_t number = 0;
  if (!version.empty() && version.size() <= 18 && digits_only(version)) {
    for (const char c : version) number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (number == 0) {
    const When touched =
        read_time(entry.resource["meta"]["lastUpdated"], ".meta.lastUpdated", draft);
    const std::int64_t ms = touched.known() ? touched.at.ms : recorded.at.ms;
    number = ms > 0 ? static_cast<std::uint64_t>(ms) : 1;  // before 1970: the first version
  }
  draft.event.source_version = number;
}

std::string Message::sor_of(const Node& reference, const Entry* from) const {
  const Node logical = reference["identifier"];
  if (logical.text("system") == kSorSystem) return std::string(logical.text("value"));
  const Entry* entry = resolve(reference, from);
  if (entry == nullptr) return {};
  if (entry->type == "PractitionerRole") return sor_of(entry->resource["organization"], entry);
  if (entry->type != "Organization") return {};
  std::string found;
  entry->resource["identifier"].each([&](const Node& identifier, std::size_t) {
    if (found.empty() && identifier.text("system") == kSorSystem) {
      found = std::string(identifier.text("value"));
    }
  });
  return found;
}

void Message::set_sender(std::initializer_list<Node> references, const Entry& entry,
                         std::string_view path, Draft& draft) const {
  for (const Node& reference : references) {
    if (!draft.event.sender_org.empty()) break;
    draft.event.sender_org = sor_of(reference, &entry);
  }
  if (draft.event.sender_org.empty()) draft.event.sender_org = settings_->default_sender_org;
  if (out_->sender_org.empty() && domain::is_sor_id(draft.event.sender_org)) {
    out_->sender_org = draft.event.sender_org;
  }
  if (draft.event.sender_org.empty()) {
    draft.fault(Reason::kFieldMissing, path,
                "The message names no sending organisation with a SOR id; send one, or set "
                "identity.default_sender_org for this sender.");
  }
}

void Message::set_person(const Node& reference, const Entry& from, std::string_view path,
                         bool ecpr_allowed, Draft& draft) const {
  if (const Entry* patient = resolve(reference, &from)) {
    if (patient->type == "Patient") return set_patient(*patient, path, ecpr_allowed, draft);
  } else if (const Node identifier = reference["identifier"]; identifier.is_object()) {
    identify(identifier, {}, path, ecpr_allowed, draft);
    return;
  }
  draft.fault(Reason::kFieldMissing, path,
              "The message does not say which person this is about: carry the Patient with its CPR "
              "number in the bundle, or give the number as a logical identifier here.");
}

void Message::set_patient(const Entry& patient, std::string_view path, bool ecpr_allowed,
                          Draft& draft) const {
  identify(patient.resource["identifier"], patient.resource, path, ecpr_allowed, draft);
}

PersonKey Message::key_of(const std::string& cpr) const {
  if (cpr != last_cpr_) {
    last_key_ = settings_->hasher->hash_cpr(cpr);
    last_cpr_ = cpr;
  }
  return last_key_;
}

void Message::identify(const Node& identifiers, const Node& patient, std::string_view path,
                       bool ecpr_allowed, Draft& draft) const {
  // An old number does not stand in for a current one.
  const auto find = [&](auto&& accepts) {
    Node best;
    bool best_old = true;
    const auto look = [&](const Node& identifier, std::size_t) {
      if (!accepts(identifier.text("system")) || !identifier["value"]) return;
      const bool old = identifier.text("use") == "old";
      if (!best || (best_old && !old)) {
        best = identifier;
        best_old = old;
      }
    };
    if (identifiers.is_array()) {
      identifiers.each(look);
    } else if (identifiers.is_object()) {
      look(identifiers, 0);
    }
    return best;
  };

  domain::Event& event = draft.event;
  patient["address"].each([&](const Node& address, std::size_t) {
    address["extension"].each([&](const Node& extension, std::size_t) {
      if (extension.text("url").ends_with("dk-core-municipalityCodes")) {
        const std::string_view code =
            extension["valueCodeableConcept"]["coding"].first().text("code");
        if (event.residence_municipality.empty()) event.residence_municipality = code;
      }
    });
  });

  const Node cpr = find([](std::string_view system) {
    return system == kCprSystem || system == kCprSystem.substr(8) ||
           system.starts_with(kEcprSystemPrefix);
  });
  if (cpr) {
    domain::Refusal refusal;
    const auto number = domain::read_cpr(
        cpr.text("value"), domain::civil_date_of(event.recorded_at), ecpr_allowed, refusal);
    if (!number) {
      draft.fault(refusal.reason, std::string(path) + " (Patient.identifier)", refusal.sentence);
      return;
    }
    event.person_key = key_of(number->digits);
    event.birth_date = number->birth_date;
    event.sex = number->sex;
    draft.identifier = number->digits;
    return;
  }
  for (const std::string& allowed : settings_->extra_identifier_systems) {
    const Node other = find([&](std::string_view system) { return system == allowed; });
    if (!other || other.text("value").empty()) continue;
    event.person_key = settings_->hasher->hash_identifier(allowed, other.text("value"));
    event.birth_date = domain::parse_date(patient.text("birthDate"));
    const std::string_view gender = patient.text("gender");
    event.sex = gender == "male"     ? domain::Sex::kMale
                : gender == "female" ? domain::Sex::kFemale
                                     : domain::Sex::kUnknown;
    return;
  }
  draft.fault(
      Reason::kFieldMissing, std::string(path) + " (Patient.identifier)",
      "The Patient has no CPR number (system 1.2.208.176.1.2) and no identifier of a system "
      "that identity.extra_identifier_systems allows.");
}

void Message::finish(Draft draft) {
  out_->outcomes.push_back(judge(std::move(draft), *settings_, receive_time_));
}

void Message::ignore(const Entry& entry, std::string what) {
  out_->outcomes.emplace_back(Ignored{std::move(what), entry.position});
}

void Message::refuse(std::string position, Reason reason, std::string sentence) {
  out_->outcomes.emplace_back(Refused{{{reason, std::move(position), std::move(sentence)}}});
}

}  // namespace kronika::codec
