// Hospital contacts and the stays they merge into (domain.md 8). MedCom HospitalNotification sends
// no end at transfer, so a contact without end ends where the next one starts; contacts at most
// four hours apart are one stay, so that a transfer is never a readmission.
#include "applier.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace kronika::domain {

namespace {

constexpr std::chrono::hours kMergeGap{4};
constexpr std::chrono::hours kAdmission{12};

constexpr std::uint32_t bit(StaySet set) { return 1U << static_cast<unsigned>(set); }

/// The categories of preventable admissions (admission_sets.csv); I-20 does not tell them apart.
constexpr std::array<std::string_view, 9> kPreventable{
    "FOREBYG_DEHYDRERING",     "FOREBYG_FORSTOPPELSE",
    "FOREBYG_NEDRE_LUFTVEJ",   "FOREBYG_BLAEREBETAENDELSE",
    "FOREBYG_GASTROENTERITIS", "FOREBYG_BRUD",
    "FOREBYG_ANAEMI",          "FOREBYG_SOCIALE_FORHOLD",
    "FOREBYG_TRYKSAAR"};

bool same(const std::string& a, const std::string& b) { return !a.empty() && a == b; }

std::uint32_t sets_of(const Rules& rules, const DischargeReportReceived& p) {
  std::uint32_t sets = bit(StaySet::kReport);
  const std::string main = normalised_diagnosis("SKS", p.main_diagnosis);
  const bool dj44_secondary = std::any_of(
      p.secondary_diagnoses.begin(), p.secondary_diagnoses.end(),
      [](const auto& code) { return normalised_diagnosis("SKS", code).starts_with("DJ44"); });
  if (rules.in_admission_set("KOL_MAIN", main) ||
      (dj44_secondary && rules.in_admission_set("KOL_WITH_DJ44_SECONDARY", main))) {
    sets |= bit(StaySet::kKol);
  }
  if (rules.in_admission_set("HF_MAIN", main)) sets |= bit(StaySet::kHf);
  if (rules.in_admission_set("IHD_MAIN", main)) sets |= bit(StaySet::kIhd);
  if (rules.in_admission_set("AMI_MAIN", main)) sets |= bit(StaySet::kAmi);
  const auto acsc = [&](std::string_view set, StaySet to) {
    if (rules.in_admission_set(set, main)) sets |= bit(to);
  };
  acsc("ACSC_ASTHMA", StaySet::kAcscAsthma);
  acsc("ACSC_KOL", StaySet::kAcscKol);
  acsc("ACSC_HF", StaySet::kAcscHf);
  acsc("ACSC_DIABETES", StaySet::kAcscDiabetes);
  for (const std::string_view set : kPreventable) acsc(set, StaySet::kPreventable);
  if (main.starts_with("DC")) sets |= bit(StaySet::kCancer);
  if (main.starts_with("DO")) sets |= bit(StaySet::kBirth);
  for (const std::string& code : p.procedures) {
    if (rules.in_admission_set("REVASC_PROCEDURE", code)) sets |= bit(StaySet::kRevasc);
  }
  return sets;
}

}  // namespace

void Applier::stay_started(const HospitalStayStarted& p) {
  s_.last_stay_event = at_;
  for (Contact& c : s_.contacts) {
    if (!c.open()) continue;
    c.end = at_;
    c.implied_end = true;
    c.on_leave = false;
  }
  Contact& c = s_.contacts.emplace_back();
  c.contact_id = p.contact_id;
  c.episode_id = p.episode_id;
  c.start = at_;
  c.encounter_class = p.encounter_class;
  if (p.acute) {
    c.acute = *p.acute ? Tri::kTrue : Tri::kFalse;
  } else if (p.encounter_class == EncounterClass::kEmer) {
    c.acute = Tri::kTrue;
  }
  // What came before its start in clinical order: an end is ignored, a report counts.
  const auto of_this = [&](const auto& o) {
    return same(o.contact_id, c.contact_id) ||
           (o.contact_id.empty() && same(o.episode_id, c.episode_id));
  };
  if (std::erase_if(s_.orphan_ends, of_this) != 0) c.end_before_start = true;
  for (const OrphanReport& report : s_.orphan_reports) {
    if (of_this(report)) c.sets |= report.sets;
  }
  std::erase_if(s_.orphan_reports, of_this);
  note(kNoProgramme, 0, "stay", "contact started");
}

void Applier::leave(std::string_view contact_id, bool started) {
  s_.last_stay_event = at_;
  for (std::size_t i = s_.contacts.size(); i-- > 0;) {
    Contact& c = s_.contacts[i];
    if (c.contact_id != contact_id) continue;
    if (!c.open() || c.on_leave == started) break;
    c.on_leave = started;
    note(kNoProgramme, 0, "stay", started ? "leave started" : "leave ended");
    return;
  }
  irregular_ = true;
  note(kNoProgramme, 0, "irregular", "leave without an open contact: no effect");
}

void Applier::stay_ended(const HospitalStayEnded& p) {
  s_.last_stay_event = at_;
  bool known = false;
  bool ended = false;
  const auto end = [&](Contact& c) {
    c.end = at_;
    c.disposition = p.disposition;
    c.implied_end = false;
    c.on_leave = false;
    ended = true;
  };
  for (std::size_t i = s_.contacts.size(); i-- > 0;) {
    Contact& c = s_.contacts[i];
    if (!p.contact_id.empty()) {
      if (c.contact_id != p.contact_id) continue;
      known = true;
      // Its own end takes the place of the one that the next contact implied.
      if (c.open() || c.implied_end) end(c);
      break;
    }
    if (!same(c.episode_id, p.episode_id)) continue;
    known = true;
    if (c.open()) end(c);
  }
  if (!known) s_.orphan_ends.push_back({p.contact_id, p.episode_id});
  if (!ended) irregular_ = true;
  note(kNoProgramme, 0, ended ? "stay" : "irregular",
       ended   ? "contact ended"
       : known ? "already ended: no effect"
               : "end without start: kept");
}

void Applier::report(const DischargeReportReceived& p) {
  const std::uint32_t sets = sets_of(t_.rules, p);
  bool known = false;
  for (std::size_t i = s_.contacts.size(); i-- > 0;) {
    Contact& c = s_.contacts[i];
    const bool of_this =
        p.contact_id.empty() ? same(c.episode_id, p.episode_id) : c.contact_id == p.contact_id;
    if (!of_this) continue;
    known = true;
    c.sets |= sets;
    if (!p.contact_id.empty()) break;
  }
  if (!known) s_.orphan_reports.push_back({p.contact_id, p.episode_id, sets});
  irregular_ = irregular_ || !known;
  note(kNoProgramme, 0, known ? "stay" : "irregular",
       known ? "diagnoses of the stay" : "report without contact: kept until it starts");
}

std::vector<Stay> stays_of(const CitizenState& state, Instant as_of) {
  std::vector<Stay> stays;
  DischargeDisposition last = DischargeDisposition::kUnspecified;
  const auto close = [&](Stay& stay) {
    stay.admission = (stay.open() ? as_of : stay.end) - stay.start >= kAdmission;
    stay.discharged_alive = !stay.open() && last != DischargeDisposition::kDeceased &&
                            !(state.deceased() && state.death <= stay.end);
  };
  for (std::size_t i = 0; i < state.contacts.size(); ++i) {
    const Contact& c = state.contacts[i];
    Stay* stay = stays.empty() ? nullptr : &stays.back();
    const bool merges = stay != nullptr && (stay->open() || c.start - stay->end <= kMergeGap);
    if (!merges) {
      if (stay != nullptr) close(*stay);
      stay = &stays.emplace_back();
      stay->start = c.start;
      stay->end = c.start;  // replaced by that of the first contact
      stay->first_contact = static_cast<std::uint32_t>(i);
      stay->acute = c.acute;
      last = c.disposition;
    }
    ++stay->contacts;
    stay->sets |= c.sets;
    if (c.open()) {
      stay->end = kNoInstant;
    } else if (!stay->open() && c.end >= stay->end) {
      stay->end = c.end;
      last = c.disposition;
    }
  }
  if (!stays.empty()) close(stays.back());
  return stays;
}

}  // namespace kronika::domain
