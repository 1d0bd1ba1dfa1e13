#include "form.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include <kronika/domain/identity.h>

namespace kronika::scenario {
namespace {

using namespace domain;

std::uint64_t hash_of(std::string_view text, std::uint64_t seed) {
  std::uint64_t h = 0xcbf29ce484222325ULL ^ seed;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  h ^= h >> 33;
  return h * 0xff51afd7ed558ccdULL;
}

/// Scenario numbers are made up, so a plain hash stands in for the keyed one of the edge.
template <class Id>
Id id_of(std::string_view text) {
  Id id;
  const std::uint64_t halves[2] = {hash_of(text, 1), hash_of(text, 2)};
  std::memcpy(id.bytes.data(), halves, sizeof halves);
  return id;
}

std::string_view default_sender(EventType type) {
  switch (type) {
    case EventType::kReferralSent:
    case EventType::kReferralRevoked:
    case EventType::kDiagnosisRecorded:
    case EventType::kDiagnosisExcluded:
    case EventType::kStratificationAssessed:
    case EventType::kMeasurementRecorded:
    case EventType::kQuestionnaireAnswered:
    case EventType::kPatientDeclined:
    case EventType::kHealthCheckCompleted:
    case EventType::kCoordinationAssigned:
    case EventType::kCoordinationEnded:
    case EventType::kSelfTreatmentChanged:
      return "G1";
    case EventType::kHospitalStayStarted:
    case EventType::kLeaveStarted:
    case EventType::kLeaveEnded:
    case EventType::kHospitalStayEnded:
    case EventType::kDischargeReportReceived:
      return "H1";
    case EventType::kPersonDeceased:
    case EventType::kResidenceChanged:
    case EventType::kCprReplaced:
    case EventType::kPersonAttributesRecorded:
      return "CPR";
    case EventType::kUnknown:
    case EventType::kVisitationDecided:
    case EventType::kInterviewHeld:
    case EventType::kInterventionStarted:
    case EventType::kInterventionAttended:
    case EventType::kInterventionStopped:
    case EventType::kPathwayPlanChanged:
    case EventType::kPathwayClosed:
    case EventType::kGoalProgressReported:
    case EventType::kAnnualDocumentation:
    case EventType::kFinalReportAnswered:
      return "M0751";
  }
  return "M0751";
}

Op op_of(const std::string& text) {
  if (text == "CREATE") return Op::kCreate;
  if (text == "REVISE") return Op::kRevise;
  if (text == "CANCEL") return Op::kCancel;
  return static_cast<Op>(0xfe);
}

Sector sector_of(const std::string& text) {
  static const std::map<std::string, Sector> kSectors{
      {"HOSPITAL", Sector::kHospital},         {"GP", Sector::kGp},
      {"MUNICIPALITY", Sector::kMunicipality}, {"REGION", Sector::kRegion},
      {"TELEMEDICINE", Sector::kTelemedicine}, {"PATIENT", Sector::kPatient},
      {"PATIENT_ORG", Sector::kPatientOrg},    {"PRIVATE", Sector::kPrivate},
      {"JOB_CENTRE", Sector::kJobCentre},      {"SOCIAL", Sector::kSocial}};
  const auto it = kSectors.find(text);
  if (it == kSectors.end()) throw FormError("sector '" + text + "' is unknown");
  return it->second;
}

/// The checks of the edge: those of the number come between the times and BEFORE_BIRTH.
std::optional<Reason> refusal_of(Event& event, const Person& person, bool ecpr_allowed,
                                 const Rules& rules) {
  Refusal identity;
  const auto cpr = read_cpr(person.cpr, civil_date_of(event.recorded_at), ecpr_allowed, identity);
  if (cpr) {
    event.birth_date = cpr->birth_date;
    event.sex = cpr->sex;
  }
  const auto content = check(rules, event, event.recorded_at);
  if (!cpr && (!content || content->reason > identity.reason)) return identity.reason;
  if (content) return content->reason;
  return std::nullopt;
}

class ScenarioReader {
 public:
  ScenarioReader(const YAML::Node& node, const File& file) : node_(node), file_(file) {}

  Scenario read() {
    s_.id = required("id");
    s_.title = text_at(node_, "title").value_or("");
    s_.arrival_matters = text_at(node_, "arrival_matters").value_or("false") == "true";
    s_.quarantine = child_of(node_, "quarantine");
    s_.checks = child_of(node_, "checks");
    s_.tables = child_of(node_, "tables");
    s_.duplicates = node_["duplicates"].as<int>(0);
    s_.superseded = node_["superseded"].as<int>(0);
    for (const auto& p : node_["persons"]) read_person(p.first.as<std::string>(), p.second);
    int line = 0;
    for (const YAML::Node& given : node_["given"]) read_line(++line, given);
    add_education();
    return std::move(s_);
  }

 private:
  std::string required(const std::string& key) const {
    const auto text = text_at(node_, key);
    if (!text) throw FormError("a scenario has no " + key);
    return *text;
  }

  void read_person(const std::string& label, const YAML::Node& node) {
    Person person;
    person.label = label;
    person.cpr = text_at(node, "cpr").value_or("");
    person.municipality = text_at(node, "municipality").value_or("");
    person.education = text_at(node, "education").value_or("");
    std::string digits = person.cpr;
    std::erase(digits, '-');
    person.key = id_of<PersonKey>(digits);
    s_.persons.emplace(label, std::move(person));
  }

  const Person& person(const std::string& label) const {
    const auto it = s_.persons.find(label);
    if (it == s_.persons.end()) throw FormError(s_.id + ": person " + label + " is not listed");
    return it->second;
  }

  void read_line(int line, const YAML::Node& given) {
    const YAML::Node p = given["p"];
    if (p.IsDefined() && p.IsSequence()) {
      for (const YAML::Node& label : p) {
        const auto name = label.as<std::string>();
        read_event(line, given, name, "-" + name);
      }
    } else {
      read_event(line, given, p.IsDefined() ? p.as<std::string>() : "A", "");
    }
  }

  void read_event(int line, const YAML::Node& given, const std::string& label,
                  const std::string& suffix) {
    const Person& who = person(label);
    const std::string type_name = text_at(given, "e").value_or("");
    const EventType type = event_type_from_name(type_name);
    const auto t = text_at(given, "t");
    if (!t) throw FormError(s_.id + " line " + std::to_string(line) + " has no t");
    const Moment occurred = read_moment(*t);
    char number[16];
    std::snprintf(number, sizeof number, "%03d", line);

    Event e;
    e.source_system = text_at(given, "src").value_or("SYS-A");
    e.source_message_id = text_at(given, "k").value_or(s_.id + "-" + number) + suffix;
    e.source_version = given["v"].as<std::uint64_t>(1);
    e.adapter_revision = given["adapter_revision"].as<std::uint32_t>(1);
    e.op = op_of(text_at(given, "op").value_or("CREATE"));
    e.person_key = who.key;
    e.occurred_at = occurred.instant;
    e.time_precision = occurred.date ? TimePrecision::kDate : TimePrecision::kInstant;
    const auto rec = text_at(given, "rec");
    e.recorded_at = rec ? read_moment(*rec).instant : occurred.instant;
    const std::string sender = text_at(given, "from").value_or(std::string(default_sender(type)));
    const auto org = file_.orgs.find(sender);
    e.sender_org = org == file_.orgs.end() ? sender : org->second;
    e.residence_municipality = who.municipality;
    e.canary = text_at(given, "canary").value_or("false") == "true";
    e.payload = read_payload(type, given, {file_, s_.persons});
    if (const auto id = text_at(given, "event_id")) {
      e.event_id = id_of<EventId>(*id);
    } else {
      // As an adapter would: a function of fact, version and content, equal for a resend.
      YAML::Node content = YAML::Clone(given);
      content.remove("rec");
      e.event_id = id_of<EventId>(e.source_system + '\n' + e.source_message_id + '\n' + label +
                                  '\n' + YAML::Dump(content));
    }
    Arrival arrival{line, std::move(e), std::nullopt};
    const bool ecpr_allowed = text_at(given, "via").value_or("") != "HN";
    arrival.refused = refusal_of(arrival.event, who, ecpr_allowed, file_.rules);
    s_.arrivals.push_back(std::move(arrival));
  }

  /// `education` of a person is what the register said before anything else happened.
  void add_education() {
    for (const auto& [label, who] : s_.persons) {
      if (who.education.empty()) continue;
      const auto first = std::find_if(
          s_.arrivals.begin(), s_.arrivals.end(),
          [&who](const Arrival& a) { return a.event.person_key == who.key && !a.refused; });
      if (first == s_.arrivals.end()) continue;
      Arrival a{0, first->event, std::nullopt};
      a.event.source_system = "REGISTER";
      a.event.source_message_id = "education-" + label;
      a.event.source_version = 1;
      a.event.op = Op::kCreate;
      const CivilDate start = *civil_date(2000, 1, 1);
      a.event.occurred_at = start_of_day(std::max(start, a.event.birth_date.value_or(start)));
      a.event.time_precision = TimePrecision::kInstant;
      a.event.recorded_at = a.event.occurred_at;
      a.event.payload = PersonAttributesRecorded{who.education, std::nullopt, ""};
      a.event.event_id = id_of<EventId>(s_.id + a.event.source_message_id);
      s_.arrivals.insert(s_.arrivals.begin(), std::move(a));
    }
  }

  const YAML::Node& node_;
  const File& file_;
  Scenario s_;
};

}  // namespace

YAML::Node child_of(const YAML::Node& node, const std::string& key) {
  const YAML::Node child = node[key];
  return child.IsDefined() ? child : YAML::Node();
}

std::optional<std::string> text_at(const YAML::Node& node, const std::string& key) {
  const YAML::Node value = node[key];
  if (!value.IsDefined() || value.IsNull() || !value.IsScalar()) return std::nullopt;
  return value.Scalar();
}

Moment read_moment(const std::string& text) {
  if (const auto date = parse_date(text)) return {start_of_day(*date), true};
  const auto bad = [&text]() -> Moment { throw FormError("'" + text + "' is no time"); };
  if (text.size() < 16) return bad();
  std::string full = text;
  if (full.size() == 16 || full[16] != ':') full.insert(16, ":00");
  // A blank may stand before the offset.
  const std::size_t blank = full.find(' ', 19);
  if (blank != std::string::npos) full.erase(blank, 1);
  const ParsedInstant parsed = parse_instant(full);
  if (parsed.fault == TimeFault::kNone) return {parsed.instant, false};
  if (parsed.fault == TimeFault::kMalformed) return bad();
  const ParsedInstant utc = parse_instant(full + "Z");
  const CivilDate date = *parse_date(full.substr(0, 10));
  const std::int64_t midnight = static_cast<std::int64_t>(date.days) * 86'400'000;
  return {from_local(date, utc.instant.ms - midnight).instant, false};
}

Instant read_as_of(const std::string& text) {
  if (const auto date = parse_date(text)) return end_of_day(*date);
  return read_moment(text).instant;
}

File read_file(const std::string& path, const Rules& rules) {
  const YAML::Node root = YAML::LoadFile(path);
  if (!root.IsMap() || !root["scenarios"].IsDefined() || !root["scenarios"].IsSequence()) {
    throw FormError("there is no list of scenarios");
  }
  if (root["form"].IsDefined() && root["form"]["version"].as<int>(1) != 1) {
    throw FormError("the form is of another version than 1");
  }
  File file{rules, {}, {}};
  for (const auto& org : root["orgs"]) {
    Organisation o;
    o.sor_id = text_at(org.second, "sor").value_or("");
    o.name = org.first.as<std::string>();
    o.sector = sector_of(text_at(org.second, "sector").value_or(""));
    o.municipality = rules.municipality(text_at(org.second, "municipality").value_or("")).code;
    o.region_code = text_at(org.second, "region").value_or("");
    if (const auto from = text_at(org.second, "valid_from")) {
      o.validity.from = parse_date(*from).value_or(o.validity.from);
    }
    if (const auto to = text_at(org.second, "valid_to")) {
      o.validity.to = parse_date(*to).value_or(o.validity.to);
    }
    std::erase_if(file.rules.organisations,
                  [&o](const Organisation& other) { return other.sor_id == o.sor_id; });
    file.orgs.emplace(o.name, o.sor_id);
    file.rules.organisations.push_back(std::move(o));
  }
  file.rules.index();
  for (const YAML::Node& s : root["scenarios"]) file.scenarios.push_back(s);
  return file;
}

Scenario read_scenario(const YAML::Node& node, const File& file) {
  return ScenarioReader(node, file).read();
}

}  // namespace kronika::scenario
