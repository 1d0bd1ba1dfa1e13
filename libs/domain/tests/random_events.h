// Random events of one citizen, of every type that the fold handles: times on a coarse grid, so
// that instants and fact keys collide; few programmes, referrals and contacts, so that events meet.
#pragma once

#include "event_factory.h"

#include <random>
#include <vector>

#include <kronika/domain/journal.h>

namespace kronika::domain::testing {

class RandomEvents {
 public:
  explicit RandomEvents(std::uint64_t seed) : random_(seed) {}

  /// `facts` facts with resends, revisions and cancellations among them, in order of arrival.
  std::vector<JournalEntry> arrivals(int facts) {
    std::vector<JournalEntry> all;
    for (int f = 0; f < facts; ++f) {
      const int versions = chance(6) ? 2 : 1;
      Event e = fact(f);
      for (int v = 1; v <= versions; ++v) {
        if (v > 1) {
          e.source_version = static_cast<std::uint64_t>(v);
          e.op = chance(2) ? Op::kCancel : Op::kRevise;
          e.event_id = next_id();
          if (chance(2)) e.occurred_at = time();
        }
        JournalEntry entry;
        entry.event = e;
        all.push_back(entry);
        if (chance(8)) all.push_back(entry);
      }
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i].origin.offset = static_cast<std::int64_t>(i);
    }
    return all;
  }

  void shuffle(std::vector<JournalEntry>& entries) {
    std::shuffle(entries.begin(), entries.end(), random_);
  }
  /// True once in n times.
  bool chance(int n) { return below(n) == 0; }
  int below(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }
  std::int64_t between(std::int64_t from, std::int64_t to) {  // [from, to)
    return from + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(to - from));
  }

 private:
  template <class T>
  T one_of(std::initializer_list<T> items) {
    return items.begin()[below(static_cast<int>(items.size()))];
  }
  std::string programme() {
    return one_of<const char*>({"KOL", "KOL", "KOL", "T2D", "T1D", "CANCER_REHAB", "DEMENTIA",
                                "LBP", "HEART_HF", "HEART_IHD", "ABI"});
  }
  std::vector<std::string> programmes() {
    if (chance(4)) return {programme(), programme()};
    return {programme()};
  }
  std::string referral_id() { return one_of<const char*>({"R1", "R2", "R3"}); }
  std::string contact_id() { return one_of<const char*>({"C1", "C2", "C3", "C4", ""}); }
  std::string org() {
    return one_of<const char*>({"990000000000301", "990000000000302", "990000000000101",
                                "990000000000201", "990000000000999"});
  }
  std::string reason() {
    return one_of<const char*>({"4bbf6d6a-a1c6-41c2-b8c1-7352b7378adf",
                                "3a5a72b7-addf-4857-b80c-04e4246e3072",
                                "82e99421-31da-4915-96ed-168ccfa1d20c"});
  }
  Instant time() {
    // Two years in days, three times of day.
    const Instant base = parse_instant("2025-01-01T07:00:00Z").instant;
    const int day = chance(3) ? below(60) : below(730);
    return base + std::chrono::hours(24 * day + 4 * below(3));
  }
  EventId next_id() {
    EventId e;
    ++ids_;
    e.bytes[0] = 1;
    e.bytes[14] = static_cast<std::uint8_t>(ids_ >> 8);
    e.bytes[15] = static_cast<std::uint8_t>(ids_);
    return e;
  }

  Payload measurement() {
    struct Kind {
      const char* system;
      const char* code;
      double low, step;
      const char* unit;
    };
    static constexpr Kind kKinds[] = {
        {"NPU", "DNK05472", 100, 10, "mm[Hg]"}, {"NPU", "DNK05473", 70, 15, "mm[Hg]"},
        {"MCS", "MCS88015", 1, 0.8, "L"},       {"MCS", "MCS88016", 1.5, 0.8, "L"},
        {"NPU", "NPU27300", 40, 6, "mmol/mol"}, {"NPU", "NPU03835", 5.5, 0.5, "%"},
        {"MCS", "MCS88021", 1, 1, "1"},         {"KRONIKA", "MMRC", 0, 1, "1"},
        {"MCS", "MCS88137", 4, 5, "1"},         {"MCS", "MCS88022", 0, 1, "1"},
        {"MCS", "MCS88023", 25, 20, "%"},       {"NPU", "NPU03804", 70, 3, "kg"},
        {"MCS", "MCS88017", 0.6, 0.05, "1"},    {"NPU", "NPU19661", 10, 80, "mg/g"},
        {"NPU", "NPU03011", 90, 2, "%"},        {"NPU", "NPU01568", 1.4, 0.2, "mmol/L"},
        {"MCS", "MCS88156", 60, 20, "W"},
    };
    const Kind& k = kKinds[below(static_cast<int>(std::size(kKinds)))];
    MeasurementRecorded m;
    m.code_system = k.system;
    m.code = k.code;
    m.value = k.low + k.step * below(5);
    m.unit = k.unit;
    m.preliminary = chance(12);
    if (chance(2)) m.method = "POST_BRONCHODILATOR";
    return m;
  }

  Payload payload() {
    switch (below(30)) {
      case 0:
      case 1: {
        ReferralSent r;
        r.referral_id = referral_id();
        r.receiver_org = org();
        r.requested_service =
            one_of({RequestedService::kMunicipalRehab, RequestedService::kHospitalRehab,
                    RequestedService::kGpFollowup});
        if (chance(6)) {
          r.diagnosis_codes = {{"SKS", "DC509"}, {"SNOMED", "1" + std::to_string(below(30))}};
        } else {
          r.programme = programme();
        }
        if (chance(4)) r.replaces_referral_id = referral_id();
        return r;
      }
      case 2:
        return ReferralRevoked{referral_id(), ""};
      case 3:
      case 4: {
        VisitationDecided v;
        v.referral_id = referral_id();
        v.decision = one_of({VisitationDecision::kAccept, VisitationDecision::kAccept,
                             VisitationDecision::kReject, VisitationDecision::kForward,
                             VisitationDecision::kPriorityChange});
        v.new_receiver_org = org();
        return v;
      }
      case 5:
      case 6: {
        HospitalStayStarted s;
        s.contact_id = contact_id();
        s.encounter_class = one_of({EncounterClass::kImp, EncounterClass::kEmer});
        if (chance(2)) s.episode_id = one_of<const char*>({"E1", "E2"});
        if (chance(2)) s.acute = chance(2);
        return s;
      }
      case 7:
        if (chance(2)) return LeaveStarted{contact_id()};
        return LeaveEnded{contact_id()};
      case 8:
      case 9: {
        HospitalStayEnded s;
        s.disposition = one_of({DischargeDisposition::kHome, DischargeDisposition::kTransfer,
                                DischargeDisposition::kDeceased});
        if (chance(3)) {
          s.episode_id = "E1";
        } else {
          s.contact_id = contact_id();
        }
        return s;
      }
      case 10: {
        DischargeReportReceived d;
        d.contact_id = contact_id();
        if (d.contact_id.empty()) d.episode_id = "E2";
        d.main_diagnosis = one_of<const char*>({"DJ441", "DC509", "DI509", "DJ189", "DI219"});
        if (chance(2)) d.secondary_diagnoses = {"DJ449"};
        return d;
      }
      case 11: {
        QuestionnaireAnswered q;
        q.instrument = Instrument::kStartBack;
        q.scores = {{"START_TOTAL", static_cast<double>(below(9))}, {"START_PSYCH", 2}};
        return q;
      }
      case 12:
        return HealthCheckCompleted{programmes()};
      case 13:
      case 14: {
        DiagnosisRecorded d;
        d.code_system = "SKS";
        d.code = one_of<const char*>({"DJ449", "DJ439", "DE119", "DE109", "DC509", "DF009", "DM545",
                                      "DI509", "DI251", "DE139", "DI639", "DX999"});
        if (chance(8)) d.code = "DX" + std::to_string(below(40));
        d.setting = one_of({DiagnosisSetting::kGp, DiagnosisSetting::kHospital});
        return d;
      }
      case 15:
        return DiagnosisExcluded{programme()};
      case 16: {
        StratificationAssessed s;
        s.programme = programme();
        s.level = static_cast<std::uint32_t>(1 + below(3));
        if (chance(2)) s.self_care = one_of({SelfCare::kGood, SelfCare::kLow});
        return s;
      }
      case 17:
        return InterviewHeld{
            one_of({InterviewKind::kInitial, InterviewKind::kInitial, InterviewKind::kNeeds,
                    InterviewKind::kFinal, InterviewKind::kFollowUp}),
            programmes()};
      case 18:
      case 19: {
        InterventionStarted i;
        i.intervention_id = one_of<const char*>({"I1", "I2"});
        i.programmes = programmes();
        i.type = one_of<const char*>(
            {"ab87c0b5-40be-4e0a-b749-d9f833bfed2d", "c9a99304-1788-43b7-b7be-e187b092ae9c"});
        return i;
      }
      case 20:
        return InterventionAttended{one_of<const char*>({"I1", "I2", "I3"}), programmes(),
                                    !chance(3)};
      case 21: {
        InterventionStopped i;
        i.intervention_id = one_of<const char*>({"I1", "I2"});
        i.programmes = programmes();
        i.status = one_of({StopStatus::kCompleted, StopStatus::kCancelled});
        if (i.status == StopStatus::kCancelled) i.reason = reason();
        return i;
      }
      case 22: {
        PathwayPlanChanged p;
        p.plan_id = one_of<const char*>({"P1", "P2"});
        p.programmes = programmes();
        p.category = one_of({PlanCategory::kIntervention, PlanCategory::kFollowUp});
        p.status = one_of({PlanStatus::kActive, PlanStatus::kCompleted, PlanStatus::kCancelled});
        if (p.status == PlanStatus::kCancelled) p.reason = reason();
        p.goals = {{"WEIGHT", 70.0 + below(2)}};
        p.legal_basis =
            one_of({LegalBasis::kUnspecified, LegalBasis::kSection119, LegalBasis::kSection140});
        return p;
      }
      case 23:
        if (chance(3)) return PatientDeclined{programme(), ""};
        return PathwayClosed{programme(), one_of({CloseReason::kFull, CloseReason::kNoNeed})};
      case 24:
        if (chance(2)) return CoordinationAssigned{CoordinationRole::kTovholder, org()};
        return CoordinationEnded{CoordinationRole::kForloebskoordinator};
      case 25:
        return SelfTreatmentChanged{
            one_of({SelfTreatmentKind::kTelekol, SelfTreatmentKind::kAk}),
            one_of({SelfTreatmentStatus::kActive, SelfTreatmentStatus::kEnded})};
      case 26:
        if (chance(6)) return PersonDeceased{};
        return ResidenceChanged{one_of<const char*>({"0751", "0740", "0955"})};
      case 27: {
        PersonAttributesRecorded a;
        a.education_code = one_of<const char*>({"10", "60", "0"});
        return a;
      }
      case 28:
        return CprReplaced{};  // not the fold's business: must change nothing
      default:
        return measurement();
    }
  }

  Event fact(int number) {
    Event e = event(chance(4) ? measurement() : payload(), "m" + std::to_string(number));
    e.source_system = chance(3) ? "SYS-B" : "SYS-A";
    e.event_id = next_id();
    e.occurred_at = time();
    e.recorded_at = e.occurred_at;
    e.time_precision = chance(5) ? TimePrecision::kDate : TimePrecision::kInstant;
    e.sender_org = org();
    if (chance(3)) e.residence_municipality = one_of<const char*>({"0751", "0740"});
    if (chance(10)) e.birth_date.reset();
    e.simulated = chance(20);
    return e;
  }

  std::mt19937_64 random_;
  unsigned ids_ = 0;
};

}  // namespace kronika::domain::testing
