#include <algorithm>

#include <kronika/domain/unknown_codes.h>

namespace kronika::domain {

std::size_t code_system_label(std::string_view system) {
  const auto* const last = kCodeSystemLabels.end() - 1;
  return static_cast<std::size_t>(std::find(kCodeSystemLabels.begin(), last, system) -
                                  kCodeSystemLabels.begin());
}

const std::vector<UnknownCode>& UnknownCodeFinder::find(const Event& event) {
  found_.clear();
  if (event.op == Op::kCancel) return found_;
  if (const auto* d = std::get_if<DiagnosisRecorded>(&event.payload)) {
    diagnosis("diagnosis", d->code_system, d->code);
  } else if (const auto* r = std::get_if<ReferralSent>(&event.payload)) {
    for (const Coding& coding : r->diagnosis_codes)
      diagnosis("referral", coding.system, coding.code);
  } else if (const auto* m = std::get_if<MeasurementRecorded>(&event.payload)) {
    if (rules_->measure_code(m->code_system, m->code) == nullptr) {
      found_.push_back({"measurement", m->code_system, m->code});
    }
  } else if (const auto* i = std::get_if<InterventionStarted>(&event.payload)) {
    if (rules_->intervention(i->type) == nullptr) {
      found_.push_back({"intervention", "FSIII", i->type});
    }
  }
  return found_;
}

void UnknownCodeFinder::diagnosis(std::string_view use, std::string_view system,
                                  std::string_view code) {
  rows_.clear();
  rules_->find_diagnosis(system, code, rows_);
  if (rows_.empty()) found_.push_back({use, system, code});
}

}  // namespace kronika::domain
