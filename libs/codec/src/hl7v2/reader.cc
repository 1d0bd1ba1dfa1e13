#include "hl7v2/reader.h"

#include "adapter/codes.h"

#include <algorithm>
#include <array>
#include <utility>

#include <kronika/codec/event_codec.h>
#include <kronika/domain/identity.h>

namespace kronika::codec::hl7v2 {
namespace {

using domain::Reason;

constexpr std::array<std::string_view, 3> kProcessingIds{"P", "T", "D"};  // HL7 table 0103
constexpr std::array<std::string_view, 13> kVersions{"2.1", "2.2",   "2.3",  "2.3.1", "2.4",
                                                     "2.5", "2.5.1", "2.6",  "2.7",   "2.7.1",
                                                     "2.8", "2.8.1", "2.8.2"};
constexpr std::array<std::string_view, 3> kCharsets{"ASCII", "8859/1", "UNICODE UTF-8"};

constexpr std::array<FieldRule, 7> kMshProfile{{
    {SegmentId::kMsh, 7, 0, Usage::kRequired, false, Form::kInstant, {}},
    {SegmentId::kMsh, 9, 1, Usage::kRequired, false, Form::kText, {}},
    {SegmentId::kMsh, 9, 2, Usage::kRequired, false, Form::kText, {}},
    {SegmentId::kMsh, 10, 0, Usage::kRequired, false, Form::kText, {}},
    {SegmentId::kMsh, 11, 1, Usage::kRequired, false, Form::kTable, kProcessingIds},
    {SegmentId::kMsh, 12, 1, Usage::kRequired, false, Form::kTable, kVersions},
    {SegmentId::kMsh, 18, 0, Usage::kOptional, false, Form::kTable, kCharsets},
}};

constexpr std::array<FieldRule, 2> kPidProfile{{
    {SegmentId::kPid, 3, 1, Usage::kRequired, true, Form::kText, {}},
    {SegmentId::kPid, 29, 0, Usage::kOptional, false, Form::kTime, {}},
}};

std::string list_of(std::span<const std::string_view> table) {
  std::string out;
  for (const std::string_view value : table) {
    if (!out.empty()) out += value == table.back() ? " or " : ", ";
    out += value;
  }
  return out;
}

/// "1.2.208.176.1.2" of that, of "urn:oid:1.2.208.176.1.2", or of anything else unchanged.
std::string_view without_urn(std::string_view system) {
  constexpr std::string_view kPrefix = "urn:oid:";
  return system.starts_with(kPrefix) ? system.substr(kPrefix.size()) : system;
}

/// A SOR id as an HD or an identifier writes it: the digits, or behind SOR's OID; else empty.
std::string_view sor_in(std::string_view text) {
  const std::string_view prefix = without_urn(kSorSystem);
  if (text.starts_with(prefix) && text.size() > prefix.size() && text[prefix.size()] == '.') {
    text.remove_prefix(prefix.size() + 1);
  }
  return domain::is_sor_id(text) ? text : std::string_view{};
}

}  // namespace

bool Reader::is_text_of_charset(std::string_view raw) const {
  const char escape = syntax_->separators.escape;
  const bool plain = std::all_of(raw.begin(), raw.end(), [escape](char c) {
    return static_cast<unsigned char>(c) < 0x80 && c != escape;
  });
  if (plain) return true;  // ASCII is of every set
  std::string ignored;
  return decode(raw, syntax_->separators, charset_, ignored);
}

void Reader::header_fault(Reason reason, std::string place, std::string sentence) {
  header_faults_.push_back({reason, std::move(place), std::move(sentence)});
}

void Reader::check(const Segment& segment, std::span<const FieldRule> profile,
                   std::vector<Fault>& faults) {
  for (const FieldRule& rule : profile) {
    if (rule.segment != segment.id()) continue;
    const std::string_view raw = segment.raw(rule.field, std::max(rule.component, 1));
    const auto fault = [&](Reason reason, std::string sentence) {
      faults.push_back({reason, segment.place(rule.field, rule.component), std::move(sentence)});
    };
    if (!rule.repeats && segment.repetitions(rule.field) > 1) {
      fault(Reason::kUndecodable, "This field has one value; several were sent.");
      continue;
    }
    if (raw.empty()) {
      if (rule.usage == Usage::kRequired) {
        fault(Reason::kFieldMissing, "This field is required; send the message again with it.");
      }
      continue;
    }
    if (raw.size() > kMaxText) {
      fault(Reason::kUndecodable, "This field is longer than any of its kind; 255 bytes are read.");
      continue;
    }
    switch (rule.form) {
      case Form::kText:
        if (!is_text_of_charset(raw)) {
          fault(Reason::kUndecodable,
                "These bytes are not of the character set that MSH-18 declares (none declared: "
                "ASCII), or hold a broken escape.");
        }
        break;
      case Form::kTime:
      case Form::kInstant: {
        const When when = parse_time(raw).when;
        if (!when.known()) {
          fault(Reason::kTimeNoZone,
                "This is no date or time of HL7: YYYYMMDD[HHMM[SS[.S]]][+ZZZZ].");
        } else if (rule.form == Form::kInstant &&
                   when.precision != domain::TimePrecision::kInstant) {
          fault(Reason::kTimeNoZone, "A date alone is not enough here; send the time of day.");
        }
        break;
      }
      case Form::kTable:
        if (std::find(rule.table.begin(), rule.table.end(), raw) == rule.table.end()) {
          fault(Reason::kEnumUnknown, "Send " + list_of(rule.table) + ".");
        }
        break;
    }
  }
}

Segment Reader::require(SegmentId id, std::string_view what) {
  const Segment segment = syntax_->first(id);
  if (!segment) {
    header_fault(Reason::kFieldMissing, std::string(name_of(id)),
                 "The message has no " + std::string(name_of(id)) + " segment (" +
                     std::string(what) + "); send it again with it.");
  }
  return segment;
}

bool Reader::read_msh() {
  header_.op = domain::Op::kCreate;
  header_.schema_version = kEventSchemaVersion;
  header_.adapter_revision = kAdapterRevision;
  header_faults_ = syntax_->faults;
  const Segment msh = syntax_->first(SegmentId::kMsh);
  if (!msh) return false;
  const auto charset = charset_of(msh.raw(18));
  if (charset) charset_ = *charset;
  check_header(msh, kMshProfile);
  header_.recorded_at = time(msh, 7).at;
  if (header_.recorded_at > receive_time_ + std::chrono::minutes(5)) {
    header_fault(Reason::kTimeFuture, msh.place(7), std::string(explain(Reason::kTimeFuture)));
    header_.recorded_at = receive_time_;  // the facts are judged without it
  }
  header_.source_version =
      header_.recorded_at.ms > 0 ? static_cast<std::uint64_t>(header_.recorded_at.ms) : 1;
  out_->message_id = shown(msh.raw(10));
  return true;
}

void Reader::read_sender(std::string_view organisation) {
  std::string& sender = header_.sender_org;
  const Segment msh = syntax_->first(SegmentId::kMsh);
  sender = organisation;
  if (sender.empty()) {
    for (const int component : {1, 2}) {
      if (sender.empty()) sender = sor_in(msh.raw(4, component));
    }
    // What begins with a digit was meant as a SOR id; another name of a facility may have a
    // default.
    const std::string_view named = msh.raw(4);
    const bool meant = !named.empty() && named.front() >= '0' && named.front() <= '9';
    if (sender.empty() && !meant) sender = settings_->default_sender_org;
    if (sender.empty() && !named.empty()) {
      return header_fault(Reason::kSorFormat, msh.place(4, 1),
                          std::string(domain::explain(Reason::kSorFormat)));
    }
  }
  if (domain::is_sor_id(sender)) out_->sender_org = sender;
  if (sender.empty()) {
    header_fault(Reason::kFieldMissing, msh.place(4),
                 "The message names no sending organisation with a SOR id; send one in MSH-4, or "
                 "set identity.default_sender_org for this sender.");
  }
}

void Reader::read_person() {
  const Segment pid = require(SegmentId::kPid, "the patient");
  if (!pid) return;
  check_header(pid, kPidProfile);

  // The number, and what says whose number it is: assigning authority as namespace or OID.
  const auto find = [&](auto&& accepts, int from) {
    for (int i = from; i <= static_cast<int>(pid.repetitions(3)); ++i) {
      if (pid.raw(3, 1, 1, i).empty()) continue;
      for (const int part : {2, 1}) {
        const std::string_view authority = pid.raw(3, 4, part, i);
        if (!authority.empty() && accepts(without_urn(authority))) return i;
      }
    }
    return 0;
  };
  const auto is_cpr = [](std::string_view authority) {
    return authority == without_urn(kCprSystem) ||
           authority.starts_with(without_urn(kEcprSystemPrefix));
  };
  if (const int at = find(is_cpr, 1); at != 0) {
    const Instant recorded = header_.recorded_at.ms == 0 ? receive_time_ : header_.recorded_at;
    domain::Refusal refusal;
    const auto number = domain::read_cpr(pid.raw(3, 1, 1, at), domain::civil_date_of(recorded),
                                         /*ecpr_allowed=*/true, refusal);
    if (!number) {
      return header_fault(refusal.reason, pid.place(3, 1, at), refusal.sentence);
    }
    const int other = find(is_cpr, at + 1);
    if (other != 0 && pid.raw(3, 1, 1, other) != pid.raw(3, 1, 1, at)) {
      return header_fault(Reason::kCprFormat, pid.place(3, 1, other),
                          "PID-3 holds two different person numbers; send the current one alone.");
    }
    header_.person_key = settings_->hasher->hash_cpr(number->digits);
    header_.birth_date = number->birth_date;
    header_.sex = number->sex;
    identifier_ = number->digits;
    return;
  }
  for (const std::string& allowed : settings_->extra_identifier_systems) {
    const int at =
        find([&](std::string_view authority) { return authority == without_urn(allowed); }, 1);
    if (at == 0) continue;
    header_.person_key = settings_->hasher->hash_identifier(allowed, pid.raw(3, 1, 1, at));
    const When born = parse_time(pid.raw(7)).when;
    if (born.known()) header_.birth_date = domain::civil_date_of(born.at);
    const std::string_view sex = pid.raw(8);
    header_.sex = sex == "M"   ? domain::Sex::kMale
                  : sex == "F" ? domain::Sex::kFemale
                               : domain::Sex::kUnknown;
    return;
  }
  header_fault(Reason::kFieldMissing, pid.place(3, 4),
               "PID-3 has no CPR number (assigning authority 1.2.208.176.1.2) and no identifier of "
               "a system that identity.extra_identifier_systems allows.");
}

std::string Reader::text(const Segment& segment, int field, int component,
                         std::vector<Fault>& faults, int repetition) const {
  const std::string_view raw = segment.raw(field, component, 1, repetition);
  std::string out;
  if (!decode(raw, syntax_->separators, charset_, out)) {
    const std::string place = segment.place(field, component, repetition);
    const bool told = std::any_of(faults.begin(), faults.end(),
                                  [&](const Fault& f) { return f.position == place; });
    if (!told) {
      faults.push_back({Reason::kUndecodable, place,
                        "These bytes are not of the character set that MSH-18 declares (none "
                        "declared: ASCII), or hold a broken escape."});
    }
    out.clear();
  }
  return out;
}

When Reader::time(const Segment& segment, int field) {
  const std::string_view raw = segment.raw(field);
  if (raw.empty()) return {};
  const Hl7Time time = parse_time(raw);
  if (time.ambiguous) ignore("flag time_ambiguous", segment.place(field));
  return time.when;
}

Draft Reader::draft() const {
  Draft d;
  d.event = header_;
  d.event.source_system = "hl7v2/" + header_.sender_org;
  d.identifier = identifier_;
  return d;
}

void Reader::finish(Draft draft, std::string where, const PlaceOf& place_of) {
  const bool stand_in = !header_faults_.empty();
  if (stand_in) {
    // The header's faults are told once, by its own refusal; here only the fact is checked.
    draft.event.person_key.bytes.fill(1);
    draft.event.birth_date.reset();
    draft.event.sender_org = "00000000000";
    draft.event.source_system = "hl7v2/00000000000";
    if (draft.event.recorded_at.ms == 0) {
      draft.event.recorded_at = receive_time_;
      draft.event.source_version = 1;
    }
    if (draft.event.occurred_at.ms == 0) {  // it was to be MSH-7
      draft.event.occurred_at = draft.event.recorded_at;
      draft.event.time_precision = domain::TimePrecision::kInstant;
    }
    if (draft.event.source_message_id.empty()) draft.event.source_message_id = "?";
  }
  Outcome outcome = judge(std::move(draft), *settings_, receive_time_, place_of);
  if (auto* accepted = std::get_if<Accepted>(&outcome)) {
    if (stand_in) return;
    accepted->position = std::move(where);
  }
  out_->outcomes.push_back(std::move(outcome));
}

void Reader::ignore(std::string what, std::string where) {
  out_->outcomes.emplace_back(Ignored{std::move(what), std::move(where)});
}

void Reader::close() {
  if (header_faults_.empty()) return;
  std::stable_sort(header_faults_.begin(), header_faults_.end(),
                   [](const Fault& a, const Fault& b) { return a.reason < b.reason; });
  out_->outcomes.insert(out_->outcomes.begin(), Refused{std::move(header_faults_)});
}

std::string_view coding_system(std::string_view name) {
  // HL7 table 0396, as far as the reference data have the system.
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kTable{{
      {"LN", "LOINC"},
      {"SCT", "SNOMED"},
      {"SNOMED", "SNOMED"},
      {"I10", "ICD-10"},
      {"ICD10", "ICD-10"},
      {"ICPC", "ICPC-2"},
      {"ICPC2", "ICPC-2"},
      {"SKS", "SKS"},
      {"NPU", "NPU"},
      {"MCS", "MCS"},
  }};
  for (const auto& [hl7, ours] : kTable) {
    if (hl7 == name) return ours;
  }
  if (const std::string_view known = code_system_name(name); !known.empty()) return known;
  if (!name.empty() && name.front() >= '0' && name.front() <= '2') {
    return code_system_name("urn:oid:" + std::string(name));
  }
  return {};
}

domain::Coding diagnosis_of(Reader& reader, const Segment& segment, int field,
                            std::vector<Fault>& faults) {
  domain::Coding found;
  bool opens = false;
  for (const int first : {1, 4}) {
    const std::string_view system = coding_system(segment.raw(field, first + 2));
    if (opens || !is_diagnosis_system(system)) continue;
    std::string code = reader.text(segment, field, first, faults);
    if (code.empty()) continue;
    std::vector<const domain::DiagnosisRow*> rows;
    reader.rules().find_diagnosis(system, code, rows);
    if (found.code.empty() || !rows.empty()) {
      found = {std::string(system), std::move(code)};
      opens = !rows.empty();
    }
  }
  return found;
}

}  // namespace kronika::codec::hl7v2
