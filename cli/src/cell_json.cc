#include "cell_json.h"

#include <cstdio>
#include <iterator>

namespace kronika::cli {
namespace {

std::string municipality_text(domain::Municipality code) {
  if (code == 0) return "UNKNOWN";
  char text[8];
  std::snprintf(text, sizeof text, "%04d", static_cast<int>(code));
  return text;
}

std::string detail_text(const domain::Rules& rules, const domain::CellKey& key) {
  const std::size_t detail = key.at.detail;
  if (detail == 0) return "";
  switch (key.indicator) {
    case domain::Indicator::kI10Dropout:
      if (detail <= rules.stop_reasons.size()) return rules.stop_reasons[detail - 1].uuid;
      break;
    case domain::Indicator::kI19Acsc: {
      static constexpr const char* kSets[] = {"ACSC_ASTHMA", "ACSC_KOL", "ACSC_HF",
                                              "ACSC_DIABETES"};
      if (detail <= std::size(kSets)) return kSets[detail - 1];
      break;
    }
    case domain::Indicator::kI24ReportingCompleteness:
      return key.at.detail == static_cast<std::uint8_t>(domain::ReportingSector::kMunicipality)
                 ? "MUNICIPALITY"
                 : "REGION";
    default:
      break;
  }
  return std::to_string(detail);
}

}  // namespace

std::string programme_of(const domain::Rules& rules, const domain::CellKey& key) {
  return key.at.programme == domain::kNoProgramme ? "" : rules.programmes[key.at.programme].id;
}

nlohmann::json json_of(const domain::Rules& rules, const domain::CellKey& key,
                       const std::string& programme) {
  static constexpr const char* kEducation[] = {"UNKNOWN", "LOW", "HIGH"};
  static constexpr const char* kSex[] = {"UNKNOWN", "MALE", "FEMALE"};
  static constexpr const char* kAge[] = {"UNKNOWN", "0-17",  "18-29", "30-44",
                                         "45-64",   "65-74", "75-84", "85+"};
  const domain::Dimensions& at = key.at;
  return {{"indicator", domain::id_of(key.indicator)},
          {"period", domain::to_text(key.period)},
          {"rolling", key.rolling},
          {"canary", key.canary},
          {"municipality", municipality_text(at.municipality)},
          {"programme", programme},
          {"level", at.level},
          {"education", kEducation[static_cast<std::size_t>(at.education)]},
          {"sex", kSex[static_cast<std::size_t>(at.sex)]},
          {"age", kAge[static_cast<std::size_t>(at.age)]},
          {"detail", detail_text(rules, key)}};
}

nlohmann::json json_of(const domain::CellValue& value) {
  nlohmann::json buckets = nlohmann::json::array();
  for (const auto& [days, count] : value.buckets) buckets.push_back({days, count});
  return {{"numerator", value.numerator},
          {"numerator2", value.numerator2},
          {"denominator", value.denominator},
          {"unknown", value.unknown},
          {"excluded", value.excluded},
          {"sum_thousandths", value.sum_thousandths},
          {"buckets", buckets}};
}

}  // namespace kronika::cli
