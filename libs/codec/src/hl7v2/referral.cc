// REF^I12 and RRI^I12: referral and visitation.
#include "adapter/codes.h"
#include "hl7v2/hl7v2.h"

#include <algorithm>
#include <array>
#include <utility>

#include <kronika/domain/identity.h>

namespace kronika::codec::hl7v2 {
namespace {

using domain::Op;
using domain::Reason;

constexpr std::array<std::string_view, 4> kStatuses{"P", "A", "R", "E"};  // HL7 table 0283
constexpr std::array<std::string_view, 3> kPriorities{"S", "A", "R"};     // HL7 table 0280
constexpr std::array<FieldRule, 5> kReferralProfile{{
    {SegmentId::kRf1, 1, 1, Usage::kRequired, false, Form::kTable, kStatuses},
    {SegmentId::kRf1, 2, 1, Usage::kOptional, false, Form::kTable, kPriorities},
    {SegmentId::kRf1, 6, 1, Usage::kRequired, false, Form::kText, {}},
    {SegmentId::kRf1, 7, 0, Usage::kOptional, false, Form::kTime, {}},
    {SegmentId::kRf1, 9, 0, Usage::kOptional, false, Form::kTime, {}},
}};

domain::Priority priority_of(std::string_view code) {
  if (code == "S") return domain::Priority::kStat;
  if (code == "A") return domain::Priority::kAsap;
  return domain::Priority::kRoutine;
}

class Referral {
 public:
  explicit Referral(Reader& reader) : reader_(reader) {
    rf1_ = reader_.require(SegmentId::kRf1, "the referral");
    if (rf1_) reader_.check_header(rf1_, kReferralProfile);
    id_ = reader_.text(rf1_, 6, 1, told_);
    const Syntax& syntax = reader_.syntax();
    for (std::size_t i = 0; i < syntax.segments.size(); ++i) {
      const SegmentId id = syntax.segments[i].id;
      if (id == SegmentId::kPrd) {
        const Segment prd = syntax.segment(i);
        if (prd.raw(1) == "RT" && !receiver_) receiver_ = prd;
        if (prd.raw(1) == "RP" && !sender_) sender_ = prd;
      } else if (id == SegmentId::kDg1 || id == SegmentId::kPr1) {
        parts_.push_back(syntax.segment(i));
      } else if (id == SegmentId::kNte && i > 0 && syntax.segments[i - 1].id == SegmentId::kRf1) {
        note_ = syntax.segment(i);
      }
    }
  }

  [[nodiscard]] explicit operator bool() const { return static_cast<bool>(rf1_); }
  [[nodiscard]] std::string_view status() const { return rf1_.raw(1); }
  [[nodiscard]] std::string sender() const { return organisation(sender_); }
  [[nodiscard]] std::string receiver() const { return organisation(receiver_); }

  /// Diagnoses and service decide whether this is a referral of the catalogue at all.
  void sent() {
    domain::ReferralSent referral;
    referral.referral_id = id_;
    referral.receiver_org = receiver();
    referral.priority = priority_of(rf1_.raw(2));
    Draft draft = reader_.draft();
    add_diagnosis(rf1_, 10, referral, draft.faults);
    auto service = requested(rf1_, 3);
    for (const Segment& part : parts_) {
      if (part.id() == SegmentId::kDg1) add_diagnosis(part, 3, referral, draft.faults);
      if (part.id() == SegmentId::kPr1 && !service) service = requested(part, 3);
    }
    if (!service && !opens_programme(referral)) {
      return reader_.ignore("Referral for a service that is no pathway referral", rf1_.place(3));
    }
    if (!service) {
      draft.faults.push_back(
          {Reason::kEnumUnknown, rf1_.place(3, 1),
           "The reason is a chronic disease, but neither RF1-3 nor PR1-3 names a "
           "service of the catalogue (urn:kronika:requested-service or KL)."});
    }
    referral.requested_service = service.value_or(domain::RequestedService::kUnspecified);
    draft.event.payload = std::move(referral);
    draft.event.source_message_id = "referral/" + id_;
    const When when = reader_.time(rf1_, 7);
    if (rf1_.raw(7).empty()) {
      draft.faults.push_back(
          {Reason::kFieldMissing, rf1_.place(7), "The time of the referral is missing."});
    }
    put(std::move(draft), when, 7);
  }

  void decided(domain::VisitationDecision decision) {
    domain::VisitationDecided visitation;
    visitation.referral_id = id_;
    visitation.decision = decision;
    Draft draft = reader_.draft();
    const bool reject = decision == domain::VisitationDecision::kReject;
    if (reject) {
      if (note_) visitation.reason = reader_.text(note_, 3, 1, draft.faults);
      if (visitation.reason.empty()) visitation.reason = reader_.text(rf1_, 10, 1, draft.faults);
    }
    draft.event.payload = std::move(visitation);
    draft.event.source_message_id = "referral/" + id_ + (reject ? "/rejected" : "/accepted");
    // RF1-7 is the referral's own date; RF1-9 says when it was processed.
    When when = reader_.time(rf1_, 9);
    if (rf1_.raw(9).empty()) when = {reader_.recorded(), domain::TimePrecision::kInstant};
    put(std::move(draft), when, 9);
  }

 private:
  /// The SOR id in PRD-7 (identifiers) or PRD-4 (location); empty: none.
  [[nodiscard]] static std::string organisation(const Segment& prd) {
    if (!prd) return {};
    for (int i = 1; i <= static_cast<int>(prd.repetitions(7)); ++i) {
      if (prd.raw(7, 2, 1, i) == "SOR") return std::string(prd.raw(7, 1, 1, i));
    }
    for (const int part : {1, 2}) {
      const std::string_view facility = prd.raw(4, 4, part);
      if (domain::is_sor_id(facility)) return std::string(facility);
    }
    return {};
  }

  void add_diagnosis(const Segment& segment, int field, domain::ReferralSent& referral,
                     std::vector<Fault>& faults) const {
    domain::Coding coding = diagnosis_of(reader_, segment, field, faults);
    if (!coding.code.empty()) referral.diagnosis_codes.push_back(std::move(coding));
  }

  [[nodiscard]] static std::optional<domain::RequestedService> requested(const Segment& segment,
                                                                         int field) {
    for (const int first : {1, 4}) {
      const auto service =
          requested_service(segment.raw(field, first + 2), segment.raw(field, first));
      if (service) return service;
    }
    return std::nullopt;
  }

  [[nodiscard]] bool opens_programme(const domain::ReferralSent& referral) const {
    std::vector<const domain::DiagnosisRow*> rows;
    for (const domain::Coding& coding : referral.diagnosis_codes) {
      reader_.rules().find_diagnosis(coding.system, coding.code, rows);
    }
    return std::any_of(rows.begin(), rows.end(), [](const domain::DiagnosisRow* row) {
      return row->programme != domain::kNoProgramme;
    });
  }

  void put(Draft draft, const When& when, int field) {
    if (id_.empty() || (!when.known() && !rf1_.raw(field).empty())) return;  // header faults
    draft.event.occurred_at = when.at;
    draft.event.time_precision = when.precision;
    const std::string time = rf1_.place(field);
    const std::string to = receiver_ ? receiver_.place(7) : "PRD";
    const std::string service = rf1_.place(3);
    draft.places = {{"occurred_at", time},
                    {"recorded_at", "MSH-7"},
                    {"birth_date", "PID-3"},
                    {"sender_org", "MSH-4"},
                    {"referral_sent.receiver_org", to},
                    {"referral_sent.requested_service", service},
                    {"referral_sent.programme", "DG1"},
                    {"referral_sent.diagnosis_codes", "DG1"},
                    {"visitation_decided.reason", "NTE"}};
    reader_.finish(std::move(draft), rf1_.place());
  }

  Reader& reader_;
  Segment rf1_, receiver_, sender_, note_;
  std::vector<Segment> parts_;  ///< DG1 and PR1
  std::string id_;
  std::vector<Fault> told_;  ///< check_header() has reported them
};

}  // namespace

void read_referral(Reader& reader) {
  Referral referral(reader);
  const bool rejected = referral.status() == "R";
  reader.read_sender(rejected ? referral.receiver() : referral.sender());
  reader.read_person();
  if (!referral) return;
  if (rejected) return referral.decided(domain::VisitationDecision::kReject);
  if (referral.status() == "E") return reader.ignore("Referral that has expired", "RF1-1");
  if (!referral.status().empty()) referral.sent();
}

void read_referral_answer(Reader& reader) {
  Referral referral(reader);
  reader.read_sender(referral.receiver());
  reader.read_person();
  if (!referral) return;
  if (referral.status() == "A") return referral.decided(domain::VisitationDecision::kAccept);
  if (referral.status() == "R") return referral.decided(domain::VisitationDecision::kReject);
  if (!referral.status().empty()) {
    reader.ignore("Answer to a referral that decides nothing", "RF1-1");
  }
}

}  // namespace kronika::codec::hl7v2
