#include "text.h"

#include <charconv>

namespace kronika::gateway {

using namespace domain;  // NOLINT(google-build-using-namespace): this file only names domain values

std::string_view sex_text(Sex sex) {
  switch (sex) {
    case Sex::kMale:
      return "MALE";
    case Sex::kFemale:
      return "FEMALE";
    case Sex::kUnknown:
      return "UNKNOWN";
  }
  return "UNKNOWN";
}

std::string_view tri_text(Tri tri) {
  switch (tri) {
    case Tri::kTrue:
      return "TRUE";
    case Tri::kFalse:
      return "FALSE";
    case Tri::kUnknown:
      return "UNKNOWN";
  }
  return "UNKNOWN";
}

std::string_view self_care_text(SelfCare care) {
  switch (care) {
    case SelfCare::kGood:
      return "GOOD";
    case SelfCare::kReduced:
      return "REDUCED";
    case SelfCare::kLow:
      return "LOW";
    case SelfCare::kUnspecified:
      return "UNKNOWN";
  }
  return "UNKNOWN";
}

std::string_view setting_text(Setting setting) {
  switch (setting) {
    case Setting::kClinic:
      return "CLINIC";
    case Setting::kHome:
      return "HOME";
    case Setting::kTelemed:
      return "TELEMED";
    case Setting::kUnspecified:
      return "";
  }
  return "";
}

std::string_view op_text(Op op) {
  switch (op) {
    case Op::kCreate:
      return "CREATE";
    case Op::kRevise:
      return "REVISE";
    case Op::kCancel:
      return "CANCEL";
    case Op::kUnspecified:
      return "";
  }
  return "";
}

std::string municipality_text(Municipality code) {
  if (code == 0) return {};
  const std::string digits = std::to_string(code);
  return std::string(digits.size() < 4 ? 4 - digits.size() : 0, '0') + digits;
}

std::string number_text(double value) {
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
  return {buffer, end.ptr};
}

std::string value_text(const Measure& measure, double value) {
  if (measure.kind == ValueKind::kCode) {
    const auto i = static_cast<std::size_t>(value);
    if (value >= 0 && i < measure.allowed_values.size()) return measure.allowed_values[i];
  }
  return number_text(value);
}

std::string level_text(std::uint8_t level) {
  return level == 0 ? "UNKNOWN" : std::to_string(level);
}

std::string date_text(CivilDate date) { return date == kNoDate ? std::string() : to_text(date); }
std::string date_text(Instant instant) {
  return instant == kNoInstant ? std::string() : to_text(civil_date_of(instant));
}

void set_time(Instant instant, google::protobuf::Timestamp* out) {
  std::int64_t seconds = instant.ms / 1000, ms = instant.ms % 1000;
  if (ms < 0) --seconds, ms += 1000;
  out->set_seconds(seconds);
  out->set_nanos(static_cast<std::int32_t>(ms * 1'000'000));
}

namespace {

std::string list(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "" : ", ") + item;
  return out;
}

template <std::size_t N, class Enum>
std::string pick(const std::string_view (&names)[N], Enum value) {
  const auto i = static_cast<std::size_t>(value);
  return std::string(i < N ? names[i] : std::string_view("?"));
}

constexpr std::string_view kServices[] = {"?",
                                          "MUNICIPAL_REHAB",
                                          "NON_SPECIFIC_MUNICIPAL",
                                          "HOSPITAL_REHAB",
                                          "HOSPITAL_OUTPATIENT",
                                          "GP_FOLLOWUP",
                                          "SELF_CARE_OFFER"};
constexpr std::string_view kDecisions[] = {"?", "ACCEPT", "REJECT", "FORWARD", "PRIORITY_CHANGE"};
constexpr std::string_view kClasses[] = {"?", "IMP", "EMER"};
constexpr std::string_view kDispositions[] = {"?", "HOME", "TRANSFER", "DECEASED", "OTHER"};
constexpr std::string_view kInstruments[] = {"?",    "START_BACK", "CAT",
                                             "WHO5", "PROMIS10",   "SATISFACTION"};
constexpr std::string_view kInterviews[] = {"?", "INITIAL", "NEEDS", "FINAL", "FOLLOW_UP"};
constexpr std::string_view kStops[] = {"?", "COMPLETED", "CANCELLED"};
constexpr std::string_view kCategories[] = {"?", "INTERVENTION", "FOLLOW_UP"};
constexpr std::string_view kPlanStatus[] = {"?", "ACTIVE", "COMPLETED", "CANCELLED"};
constexpr std::string_view kCloses[] = {"?", "FULL", "NO_NEED"};
constexpr std::string_view kRoles[] = {"?", "TOVHOLDER", "FORLOEBSKOORDINATOR"};
constexpr std::string_view kKinds[] = {"?", "AK", "TELEKOL", "TELE_WOUND", "OTHER"};
constexpr std::string_view kTreatment[] = {"?", "OFFERED", "ACTIVE", "ENDED"};

struct Summary {
  std::string operator()(const std::monostate&) const {
    return "a type that this build does not know";
  }
  std::string operator()(const ReferralSent& e) const {
    return "referral " + e.referral_id + " to " + e.receiver_org + " for " +
           pick(kServices, e.requested_service) +
           (e.programme.empty() ? "" : " (" + e.programme + ")");
  }
  std::string operator()(const ReferralRevoked& e) const {
    return "referral " + e.referral_id + " revoked";
  }
  std::string operator()(const VisitationDecided& e) const {
    return "visitation of referral " + e.referral_id + ": " + pick(kDecisions, e.decision) +
           (e.new_receiver_org.empty() ? "" : " to " + e.new_receiver_org);
  }
  std::string operator()(const HospitalStayStarted& e) const {
    return "admitted, class " + pick(kClasses, e.encounter_class);
  }
  std::string operator()(const LeaveStarted&) const { return "leave from hospital begins"; }
  std::string operator()(const LeaveEnded&) const { return "leave from hospital ends"; }
  std::string operator()(const HospitalStayEnded& e) const {
    return "discharged: " + pick(kDispositions, e.disposition);
  }
  std::string operator()(const DischargeReportReceived& e) const {
    return "discharge report, main diagnosis " + e.main_diagnosis;
  }
  std::string operator()(const MeasurementRecorded& e) const {
    std::string value = "no value";
    if (const auto* number = std::get_if<double>(&e.value)) value = number_text(*number);
    if (const auto* text = std::get_if<std::string>(&e.value)) value = *text;
    return e.code + " = " + value + (e.unit.empty() ? "" : " " + e.unit) +
           (e.preliminary ? " (preliminary)" : "");
  }
  std::string operator()(const QuestionnaireAnswered& e) const {
    std::string out = pick(kInstruments, e.instrument);
    for (const Score& s : e.scores) out += ", " + s.measure_key + " = " + number_text(s.value);
    return out;
  }
  std::string operator()(const HealthCheckCompleted& e) const {
    return e.programmes.empty() ? "health check, nothing flagged"
                                : "health check flags " + list(e.programmes);
  }
  std::string operator()(const DiagnosisRecorded& e) const { return "diagnosis " + e.code; }
  std::string operator()(const DiagnosisExcluded& e) const {
    return "diagnosis excluded: " + e.programme;
  }
  std::string operator()(const StratificationAssessed& e) const {
    return e.programme + " level " + std::to_string(e.level) + " assessed";
  }
  std::string operator()(const InterviewHeld& e) const {
    return pick(kInterviews, e.kind) + " interview (" + list(e.programmes) + ")";
  }
  std::string operator()(const InterventionStarted& e) const {
    return "intervention started (" + list(e.programmes) + ")";
  }
  std::string operator()(const InterventionAttended& e) const {
    return std::string(e.attended ? "attended" : "did not attend") + " (" + list(e.programmes) +
           ")";
  }
  std::string operator()(const InterventionStopped& e) const {
    return "intervention " + pick(kStops, e.status) +
           (e.reason.empty() ? "" : ", reason " + e.reason) + " (" + list(e.programmes) + ")";
  }
  std::string operator()(const PatientDeclined& e) const { return "declined " + e.programme; }
  std::string operator()(const PathwayPlanChanged& e) const {
    return pick(kCategories, e.category) + " plan " + pick(kPlanStatus, e.status) + " (" +
           list(e.programmes) + ")";
  }
  std::string operator()(const PathwayClosed& e) const {
    return e.programme + " closed: " + pick(kCloses, e.reason);
  }
  std::string operator()(const CoordinationAssigned& e) const {
    return pick(kRoles, e.role) + " is " + e.holder;
  }
  std::string operator()(const CoordinationEnded& e) const {
    return pick(kRoles, e.role) + " ended";
  }
  std::string operator()(const SelfTreatmentChanged& e) const {
    return "self-treatment " + pick(kKinds, e.kind) + ": " + pick(kTreatment, e.status);
  }
  std::string operator()(const PersonDeceased&) const { return "died"; }
  std::string operator()(const ResidenceChanged& e) const {
    return "lives in municipality " + e.municipality;
  }
  std::string operator()(const CprReplaced&) const { return "CPR number replaced"; }
  std::string operator()(const PersonAttributesRecorded& e) const {
    return "attributes" + (e.education_code.empty() ? "" : ", education " + e.education_code);
  }
  std::string operator()(const GoalProgressReported& e) const {
    return "goal area " + std::to_string(e.area);
  }
  std::string operator()(const AnnualDocumentation& e) const {
    return "documentation of " + std::to_string(e.year);
  }
  std::string operator()(const FinalReportAnswered& e) const {
    return std::to_string(e.answers.size()) + " answers";
  }
};

}  // namespace

std::string summary_of(const Event& event) { return std::visit(Summary{}, event.payload); }

}  // namespace kronika::gateway
