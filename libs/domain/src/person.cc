// The person: what the envelope says, attributes, death, coordination and self-treatment.
#include "applier.h"

namespace kronika::domain {

void Applier::envelope() {
  if (!s_.birth_date && e_.birth_date) s_.birth_date = e_.birth_date;
  if (s_.sex == Sex::kUnknown) s_.sex = e_.sex;
  s_.canary = s_.canary || e_.canary;
  s_.simulated = s_.simulated || e_.simulated;
  if (!s_.residence_known && !e_.residence_municipality.empty()) {
    s_.residence_known = true;
    s_.initial_residence = t_.rules.municipality(e_.residence_municipality).code;
  }
}

void Applier::attributes(const PersonAttributesRecorded& p) {
  if (p.education_code.empty()) return;
  const EducationGroup group = t_.rules.education_group(p.education_code);
  if (!s_.education.empty() && s_.education.back().group == group) return;  // no change: not kept
  s_.education.push_back({date_, group});
}

void Applier::deceased() {
  s_.death = at_;
  for (Episode& ep : s_.episodes) {
    if (is_active(ep.state)) enter(ep, State::kDeceased, "T40");
  }
  for (Contact& c : s_.contacts) {
    if (!c.open()) continue;
    c.end = at_;
    c.implied_end = true;
    c.on_leave = false;
  }
}

void Applier::coordination(CoordinationRole role, std::string_view holder) {
  if (role == CoordinationRole::kUnspecified) return;
  // Two slots, never merged: a tovholder is not a forløbskoordinator (domain.md 2).
  s_.coordination[role == CoordinationRole::kTovholder ? 0 : 1] = holder;
}

void Applier::self_treatment(const SelfTreatmentChanged& p) {
  if (p.kind == SelfTreatmentKind::kUnspecified) return;
  auto& status = s_.self_treatment.at(static_cast<std::size_t>(p.kind) - 1);
  if (p.kind == SelfTreatmentKind::kTelekol) {
    if (p.status != SelfTreatmentStatus::kActive) {
      s_.telekol_since = kNoDate;
    } else if (status != SelfTreatmentStatus::kActive) {
      s_.telekol_since = date_;
    }
  }
  status = p.status;
}

}  // namespace kronika::domain
