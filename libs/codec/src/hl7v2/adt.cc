// ADT: hospital stays and the diagnoses of their DG1 segments.
#include "hl7v2/hl7v2.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace kronika::codec::hl7v2 {
namespace {

using domain::DischargeDisposition;
using domain::Op;
using domain::Reason;

constexpr std::array<FieldRule, 2> kVisitProfile{{
    {SegmentId::kPv1, 2, 0, Usage::kRequired, false, Form::kText, {}},
    {SegmentId::kPv1, 19, 1, Usage::kRequired, false, Form::kText, {}},
}};
constexpr std::array<FieldRule, 1> kStartRequired{
    {{SegmentId::kPv1, 44, 0, Usage::kRequired, false, Form::kTime, {}}}};
constexpr std::array<FieldRule, 1> kStartOptional{
    {{SegmentId::kPv1, 44, 0, Usage::kOptional, false, Form::kTime, {}}}};
constexpr std::array<FieldRule, 1> kEndRequired{
    {{SegmentId::kPv1, 45, 0, Usage::kRequired, false, Form::kTime, {}}}};
constexpr std::array<FieldRule, 1> kEndOptional{
    {{SegmentId::kPv1, 45, 0, Usage::kOptional, false, Form::kTime, {}}}};

constexpr std::array<std::string_view, 3> kDiagnosisTypes{"A", "W", "F"};     // HL7 table 0052
constexpr std::array<std::string_view, 5> kActions{"A", "D", "S", "U", "X"};  // HL7 table 0206
constexpr std::array<FieldRule, 6> kDiagnosisProfile{{
    {SegmentId::kDg1, 3, 1, Usage::kRequired, false, Form::kText, {}},
    {SegmentId::kDg1, 3, 3, Usage::kRequired, false, Form::kText, {}},
    {SegmentId::kDg1, 5, 0, Usage::kOptional, false, Form::kTime, {}},
    {SegmentId::kDg1, 6, 0, Usage::kRequired, false, Form::kTable, kDiagnosisTypes},
    {SegmentId::kDg1, 20, 1, Usage::kOptional, false, Form::kText, {}},
    {SegmentId::kDg1, 21, 0, Usage::kOptional, false, Form::kTable, kActions},
}};

/// HL7 table 0112 (discharge disposition); other values are a site's own.
DischargeDisposition disposition(std::string_view code) {
  if (code == "01" || code == "1") return DischargeDisposition::kHome;
  if (code == "20" || code == "40" || code == "41" || code == "42") {
    return DischargeDisposition::kDeceased;
  }
  if (code == "02" || code == "03" || code == "04" || code == "05") {
    return DischargeDisposition::kTransfer;
  }
  return DischargeDisposition::kOther;
}

/// HL7 table 0007 (admission type).
std::optional<bool> acute(std::string_view type) {
  if (type == "A" || type == "E" || type == "U") return true;
  if (type == "C" || type == "R") return false;
  return std::nullopt;
}

class Visit {
 public:
  Visit(Reader& reader, std::string_view trigger) : reader_(reader), trigger_(trigger) {}

  void read() {
    pv1_ = reader_.require(SegmentId::kPv1, "the visit");
    if (pv1_) {
      reader_.check_header(pv1_, kVisitProfile);
      stay();
    }
    diagnoses();
  }

 private:
  void stay() {
    std::vector<Fault> told;  // check_header() has them
    contact_ = reader_.text(pv1_, 19, 1, told);
    const std::string_view klass = pv1_.raw(2);
    if (klass.empty()) return;
    if (klass != "I" && klass != "E") {
      return reader_.ignore("Patient class " + shown(klass) + ": no hospital stay", pv1_.place(2));
    }
    hospital_ = true;
    if (trigger_ == "A01") {
      reader_.check_header(pv1_, kStartRequired);
      start(Op::kCreate);
    } else if (trigger_ == "A03") {
      reader_.check_header(pv1_, kEndRequired);
      end(Op::kCreate);
    } else if (trigger_ == "A08") {
      update();
    } else if (trigger_ == "A11") {
      reader_.check_header(pv1_, kStartOptional);
      start(Op::kCancel);
    } else {  // A13
      reader_.check_header(pv1_, kEndOptional);
      end(Op::kCancel);
    }
  }

  void update() {
    reader_.check_header(pv1_, kStartOptional);
    reader_.check_header(pv1_, kEndOptional);
    const bool starts = !pv1_.raw(44).empty();
    const bool ends = !pv1_.raw(45).empty();
    if (starts) start(Op::kRevise);
    if (ends) end(Op::kRevise);
    if (!starts && !ends) reader_.ignore("ADT^A08 without a time of the stay", pv1_.place(44));
  }

  /// The time in `field`; what is withdrawn may have lost it, and has the message's.
  [[nodiscard]] When time_of(int field, Op op) {
    const When when = reader_.time(pv1_, field);
    if (when.known() || op != Op::kCancel) return when;
    return {reader_.recorded(), domain::TimePrecision::kInstant};
  }

  void put(domain::Payload payload, const When& when, int field, std::string_view suffix, Op op) {
    if (!when.known() || contact_.empty()) return;  // header faults
    Draft draft = reader_.draft();
    draft.event.op = op;
    draft.event.payload = std::move(payload);
    draft.event.occurred_at = when.at;
    draft.event.time_precision = when.precision;
    draft.event.source_message_id = contact_ + std::string(suffix);
    const std::string time_place = pv1_.place(field);
    draft.places = {{"occurred_at", time_place},
                    {"recorded_at", "MSH-7"},
                    {"birth_date", "PID-3"},
                    {"sender_org", "MSH-4"}};
    reader_.finish(std::move(draft), pv1_.place(field));
  }

  void start(Op op) {
    domain::HospitalStayStarted started;
    started.contact_id = contact_;
    const bool emergency = pv1_.raw(2) == "E";
    started.encounter_class =
        emergency ? domain::EncounterClass::kEmer : domain::EncounterClass::kImp;
    started.acute = acute(pv1_.raw(4));
    if (emergency) started.acute = true;
    put(std::move(started), time_of(44, op), 44, "/start", op);
  }

  void end(Op op) {
    const DischargeDisposition how = disposition(pv1_.raw(36));
    const When when = time_of(45, op);
    put(domain::HospitalStayEnded{how, contact_, {}}, when, 45, "/end", op);
    // As HospitalNotification: a stay that ends with death tells both. A withdrawn discharge takes
    // back a death that it may have told.
    if (how == DischargeDisposition::kDeceased || op == Op::kCancel) {
      put(domain::PersonDeceased{}, when, 45, "/death", op);
    }
  }

  void diagnoses() {
    for (std::size_t i = 0; i < reader_.syntax().segments.size(); ++i) {
      if (reader_.syntax().segments[i].id == SegmentId::kDg1) {
        diagnosis(reader_.syntax().segment(i));
      }
    }
  }

  void diagnosis(const Segment& dg1) {
    // A cancelled admission or discharge repeats the visit's diagnoses and says nothing about them.
    if (trigger_ == "A11" || trigger_ == "A13") {
      return reader_.ignore("DG1 of a cancelled step", dg1.place());
    }
    Draft draft = reader_.draft();
    reader_.check(dg1, kDiagnosisProfile, draft.faults);
    const std::string_view type = dg1.raw(6);
    if (draft.faults.empty() && type != "F") {
      return reader_.ignore("Diagnosis not confirmed (DG1-6 " + std::string(type) + ")",
                            dg1.place(6));
    }
    domain::Coding coding = diagnosis_of(reader_, dg1, 3, draft.faults);
    if (draft.faults.empty() && coding.code.empty()) {
      return reader_.ignore("Diagnosis code of an unsupported system", dg1.place(3));
    }
    When when = reader_.time(dg1, 5);
    if (!when.known()) when = {reader_.recorded(), domain::TimePrecision::kInstant};
    const std::string own_id = reader_.text(dg1, 20, 1, draft.faults);
    draft.event.op = dg1.raw(21) == "D"                        ? Op::kCancel
                     : dg1.raw(21) == "U" || trigger_ == "A08" ? Op::kRevise
                                                               : Op::kCreate;
    draft.event.occurred_at = when.at;
    draft.event.time_precision = when.precision;
    draft.event.source_message_id =
        contact_ + "/diagnosis/" +
        (own_id.empty() ? domain::normalised_diagnosis(coding.system, coding.code) : own_id);
    draft.event.payload = domain::DiagnosisRecorded{coding.system, coding.code, setting()};
    const std::string code_place = dg1.place(3, 1);
    const std::string time_place = dg1.place(5);
    draft.places = {{"occurred_at", time_place},
                    {"recorded_at", "MSH-7"},
                    {"birth_date", "PID-3"},
                    {"diagnosis_recorded.code", code_place}};
    reader_.finish(std::move(draft), dg1.place());
  }

  [[nodiscard]] domain::DiagnosisSetting setting() const {
    if (hospital_) return domain::DiagnosisSetting::kHospital;
    const auto* sender = reader_.rules().organisation(reader_.sender_org(),
                                                      domain::civil_date_of(reader_.recorded()));
    if (sender != nullptr && sender->sector == domain::Sector::kHospital) {
      return domain::DiagnosisSetting::kHospital;
    }
    if (sender != nullptr && sender->sector == domain::Sector::kGp) {
      return domain::DiagnosisSetting::kGp;
    }
    return domain::DiagnosisSetting::kOther;
  }

  Reader& reader_;
  std::string_view trigger_;
  Segment pv1_;
  std::string contact_;
  bool hospital_ = false;
};

}  // namespace

void read_adt(Reader& reader, std::string_view trigger) {
  reader.read_sender();
  reader.read_person();
  Visit(reader, trigger).read();
}

}  // namespace kronika::codec::hl7v2
