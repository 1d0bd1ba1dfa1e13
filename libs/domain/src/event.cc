#include <array>

#include <kronika/domain/event.h>

namespace kronika::domain {
namespace {

struct TypeRow {
  std::string_view name;
  std::string_view topic;
};

constexpr std::array<TypeRow, kEventTypeCount> kTypes{{
    {"Unknown", ""},
    {"ReferralSent", "henvisning"},
    {"ReferralRevoked", "henvisning"},
    {"VisitationDecided", "henvisning"},
    {"HospitalStayStarted", "udskrivning"},
    {"LeaveStarted", "udskrivning"},
    {"LeaveEnded", "udskrivning"},
    {"HospitalStayEnded", "udskrivning"},
    {"DischargeReportReceived", "udskrivning"},
    {"MeasurementRecorded", "maaling"},
    {"QuestionnaireAnswered", "maaling"},
    {"HealthCheckCompleted", "forloeb"},
    {"DiagnosisRecorded", "forloeb"},
    {"DiagnosisExcluded", "forloeb"},
    {"StratificationAssessed", "forloeb"},
    {"InterviewHeld", "forloeb"},
    {"InterventionStarted", "forloeb"},
    {"InterventionAttended", "forloeb"},
    {"InterventionStopped", "forloeb"},
    {"PatientDeclined", "forloeb"},
    {"PathwayPlanChanged", "forloeb"},
    {"PathwayClosed", "forloeb"},
    {"CoordinationAssigned", "forloeb"},
    {"CoordinationEnded", "forloeb"},
    {"SelfTreatmentChanged", "forloeb"},
    {"PersonDeceased", "person"},
    {"ResidenceChanged", "person"},
    {"CprReplaced", "person"},
    {"PersonAttributesRecorded", "person"},
    {"GoalProgressReported", "rapport"},
    {"AnnualDocumentation", "rapport"},
    {"FinalReportAnswered", "rapport"},
}};
static_assert(std::variant_size_v<Payload> == kEventTypeCount);
static_assert(
    std::is_same_v<
        std::variant_alternative_t<static_cast<std::size_t>(EventType::kPersonDeceased), Payload>,
        PersonDeceased>);

}  // namespace

std::string_view event_type_name(EventType type) {
  return kTypes[static_cast<std::size_t>(type)].name;
}

EventType event_type_from_name(std::string_view name) {
  for (std::size_t i = 1; i < kTypes.size(); ++i) {
    if (kTypes[i].name == name) return static_cast<EventType>(i);
  }
  return EventType::kUnknown;
}

std::string_view topic_of(EventType type) { return kTypes[static_cast<std::size_t>(type)].topic; }

bool same_content(const Event& a, const Event& b) {
  return a.source_version == b.source_version && a.op == b.op && a.occurred_at == b.occurred_at &&
         a.time_precision == b.time_precision && a.person_key == b.person_key &&
         a.schema_version == b.schema_version && a.birth_date == b.birth_date && a.sex == b.sex &&
         a.canary == b.canary && a.simulated == b.simulated &&
         a.correlation_id == b.correlation_id && a.source_message_id == b.source_message_id &&
         a.source_system == b.source_system && a.sender_org == b.sender_org &&
         a.residence_municipality == b.residence_municipality && a.payload == b.payload;
}

}  // namespace kronika::domain
