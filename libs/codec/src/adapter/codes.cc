#include "adapter/codes.h"

#include <algorithm>
#include <array>
#include <utility>

namespace kronika::codec {
namespace {

using Row = std::pair<std::string_view, std::string_view>;

template <std::size_t N>
std::string_view look_up(const std::array<Row, N>& table, std::string_view key) {
  const auto* row =
      std::find_if(table.begin(), table.end(), [&](const Row& r) { return r.first == key; });
  return row == table.end() ? std::string_view{} : row->second;
}

}  // namespace

std::string_view code_system_name(std::string_view uri) {
  // Sources: dk-core and MedCom terminology (OIDs), HL7 FHIR R4 terminologies-systems (URIs).
  static constexpr std::array<Row, 21> kSystems{{
      {"http://loinc.org", "LOINC"},
      {"http://snomed.info/sct", "SNOMED"},
      {"urn:oid:1.2.208.176.2.1", "NPU"},
      {"http://medcomfhir.dk/ig/terminology/CodeSystem/medcom-observation-codes", "MCS"},
      {"urn:oid:1.2.208.184.100.8", "MCS"},
      {"urn:oid:1.2.208.176.2.4", "SKS"},
      {"http://hl7.org/fhir/sid/icd-10", "ICD-10"},
      {"urn:oid:2.16.840.1.113883.6.3", "ICD-10"},
      {"http://hl7.org/fhir/sid/icpc-2", "ICPC-2"},
      {"urn:oid:2.16.840.1.113883.6.139", "ICPC-2"},
      {"urn:kronika:measurement", "KRONIKA"},
      {"NPU", "NPU"},
      {"MCS", "MCS"},
      {"LOINC", "LOINC"},
      {"SNOMED", "SNOMED"},
      {"DIB", "DIB"},
      {"KRONIKA", "KRONIKA"},
      {"SKS", "SKS"},
      {"ICD-10", "ICD-10"},
      {"ICPC-2", "ICPC-2"},
      {"urn:kronika:dib", "DIB"},
  }};
  return look_up(kSystems, uri);
}

bool is_diagnosis_system(std::string_view name) {
  return name == "SKS" || name == "ICD-10" || name == "ICPC-2" || name == "SNOMED";
}

std::string_view coded_value(std::string_view measure_key, std::string_view code) {
  // SNOMED CT, value set of US Core smoking status, as Synthea sends it (public codes, verify).
  static constexpr std::array<Row, 8> kSmoking{{
      {"449868002", "DAILY"},
      {"77176002", "DAILY"},
      {"428071000124103", "DAILY"},
      {"428061000124105", "DAILY"},
      {"428041000124106", "OCCASIONAL"},
      {"8517006", "FORMER"},
      {"266919005", "NEVER"},
      {"8392000", "NEVER"},
  }};
  if (measure_key == "SMOKING") return look_up(kSmoking, code);
  return {};
}

std::optional<domain::RequestedService> requested_service(std::string_view system,
                                                          std::string_view code) {
  using domain::RequestedService;
  // KL-term: Sundhedsfremme og forebyggelse (kl_codes.csv, SERVICE_TYPE).
  if (code == "a71921ea-fe83-441d-933b-cc21d0b3c8c3") return RequestedService::kMunicipalRehab;
  if (system != "urn:kronika:requested-service") return std::nullopt;
  if (code == "MUNICIPAL_REHAB") return RequestedService::kMunicipalRehab;
  if (code == "NON_SPECIFIC_MUNICIPAL") return RequestedService::kNonSpecificMunicipal;
  if (code == "HOSPITAL_REHAB") return RequestedService::kHospitalRehab;
  if (code == "HOSPITAL_OUTPATIENT") return RequestedService::kHospitalOutpatient;
  if (code == "GP_FOLLOWUP") return RequestedService::kGpFollowup;
  if (code == "SELF_CARE_OFFER") return RequestedService::kSelfCareOffer;
  return std::nullopt;
}

domain::InterviewKind interview_kind(std::string_view fsiii_uuid) {
  using domain::InterviewKind;
  if (fsiii_uuid == "6eddbaf7-2a73-49d4-91e7-6138d419f58c") return InterviewKind::kInitial;
  if (fsiii_uuid == "ee5606ac-1bed-487e-aa3c-72dcc30ec037") return InterviewKind::kNeeds;
  if (fsiii_uuid == "03a3ebdb-9e2d-4be1-b32b-42f0bd2a3362") return InterviewKind::kFinal;
  if (fsiii_uuid == "d1e016b5-150a-4ac4-97ba-d3e19e28471e") return InterviewKind::kFollowUp;
  return InterviewKind::kUnspecified;
}

domain::Priority priority(std::string_view fhir_code) {
  if (fhir_code == "urgent") return domain::Priority::kUrgent;
  if (fhir_code == "asap") return domain::Priority::kAsap;
  if (fhir_code == "stat") return domain::Priority::kStat;
  if (fhir_code.empty() || fhir_code == "routine") return domain::Priority::kRoutine;
  return static_cast<domain::Priority>(0xff);  // check() says ENUM_UNKNOWN
}

}  // namespace kronika::codec
