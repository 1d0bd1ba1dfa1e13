// Codes of an event that lead to nothing in the reference data. Such a code is kept and counted,
// never guessed (domain.md 3, 6): a diagnosis stands in the journal and opens nothing, a
// measurement or an intervention is refused. One definition for the metric of the citizen task and
// for `kronika codes unknown`.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include <kronika/domain/event.h>
#include <kronika/domain/rules.h>

namespace kronika::domain {

/// What a label may say: the code systems of the reference data and, last, the rest. DNK codes
/// stand in NPU's system, as MedCom sends them. ICD-10 is looked up in SKS. FSIII: intervention
/// types.
inline constexpr std::array<std::string_view, 11> kCodeSystemLabels{
    "SKS", "ICD-10", "ICPC-2", "SNOMED", "NPU", "MCS", "LOINC", "DIB", "KRONIKA", "FSIII", "other"};

/// Index into kCodeSystemLabels; what is no name there gives the last.
[[nodiscard]] std::size_t code_system_label(std::string_view system);

/// Views into the event.
struct UnknownCode {
  std::string_view use;  ///< "diagnosis", "referral", "measurement", "intervention"
  std::string_view system;
  std::string_view code;
};

/// Looks each code of an event up once. For one thread: it keeps its working memory.
class UnknownCodeFinder {
 public:
  explicit UnknownCodeFinder(const Rules& rules) : rules_(&rules) {}

  /// The unknown codes of DiagnosisRecorded, ReferralSent, MeasurementRecorded and
  /// InterventionStarted; other events carry none that the tables should know. Valid until the next
  /// call. A CANCEL has none: its payload may be empty.
  [[nodiscard]] const std::vector<UnknownCode>& find(const Event& event);

 private:
  void diagnosis(std::string_view use, std::string_view system, std::string_view code);

  const Rules* rules_;
  std::vector<const DiagnosisRow*> rows_;
  std::vector<UnknownCode> found_;
};

}  // namespace kronika::domain
