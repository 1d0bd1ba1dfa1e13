#include "events.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace kronika::bench {
namespace {

using namespace domain;  // NOLINT(google-build-using-namespace): this file is about events alone

constexpr std::size_t kRecent = 4096;
constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kSpanMs = 730 * kDayMs;
constexpr std::string_view kPractice = "990000000000101";
constexpr std::string_view kHospital = "990000000000201";
constexpr std::string_view kMunicipality = "990000000000301";
constexpr std::string_view kTraining = "ab87c0b5-40be-4e0a-b749-d9f833bfed2d";

/// SplitMix64: a good mix of one number, so that nothing needs to be remembered.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

template <class Id>
Id id_of(std::uint64_t a, std::uint64_t b) {
  Id id;
  const std::array<std::uint64_t, 2> words{mix(a ^ mix(b)), mix(a + mix(b ^ 0x5851f42d4c957f2d))};
  std::memcpy(id.bytes.data(), words.data(), id.bytes.size());
  return id;
}

std::string text(std::string_view stem, std::uint64_t a, std::uint64_t b) {
  return std::string(stem) + '-' + std::to_string(a) + '-' + std::to_string(b);
}

struct Measure {
  std::string_view system, code, unit;
  double low, span;
  bool whole;
};
constexpr Measure kSpo2{"NPU", "NPU03011", "%", 86, 12, false};
constexpr Measure kFev1Pct{"MCS", "MCS88023", "%", 28, 60, false};
constexpr Measure kMrc{"MCS", "MCS88021", "{score}", 1, 5, true};
constexpr Measure kCat{"MCS", "MCS88137", "{score}", 3, 30, true};
constexpr Measure kSystolic{"NPU", "DNK05472", "mm[Hg]", 105, 60, false};
constexpr Measure kPulse{"NPU", "NPU21692", "/min", 55, 50, false};
constexpr Measure kWeight{"NPU", "NPU03804", "kg", 50, 60, false};
constexpr Measure kHba1c{"NPU", "NPU27300", "mmol/mol", 40, 50, false};

Payload measured(const Measure& m, std::uint64_t random) {
  MeasurementRecorded p;
  p.code_system = m.system;
  p.code = m.code;
  double value = m.low + m.span * static_cast<double>(random % 1000) / 1000;
  value = m.whole ? static_cast<double>(static_cast<int>(value))
                  : static_cast<double>(static_cast<int>(value * 10)) / 10;
  p.value = value;
  p.unit = m.unit;
  p.setting = random % 3 == 0 ? Setting::kClinic : Setting::kHome;
  p.performer = random % 3 == 0 ? Performer::kProfessional : Performer::kPatient;
  return p;
}

struct Made {
  Payload payload;
  std::string_view sender;
};

Made diagnosis(std::string_view code) {
  DiagnosisRecorded p;
  p.code_system = "SKS";
  p.code = code;
  p.setting = DiagnosisSetting::kGp;
  return {p, kPractice};
}

Made referral(std::string_view programme, std::uint64_t citizen) {
  ReferralSent p;
  p.referral_id = text("ref", citizen, 1);
  p.receiver_org = kMunicipality;
  p.requested_service = RequestedService::kMunicipalRehab;
  p.programme = programme;
  p.diagnosis_codes = {{"SKS", programme == "KOL" ? "DJ449" : "DE119"}};
  p.priority = Priority::kRoutine;
  return {p, kPractice};
}

Made stay_started(std::uint64_t citizen, std::uint64_t number, bool acute) {
  HospitalStayStarted p;
  p.contact_id = text("con", citizen, number);
  p.encounter_class = EncounterClass::kImp;
  p.acute = acute;
  return {p, kHospital};
}

Made stay_ended(std::uint64_t citizen, std::uint64_t number) {
  HospitalStayEnded p;
  p.contact_id = text("con", citizen, number);
  p.disposition = DischargeDisposition::kHome;
  return {p, kHospital};
}

Made report(std::uint64_t citizen, std::uint64_t number, std::string_view main) {
  DischargeReportReceived p;
  p.contact_id = text("con", citizen, number);
  p.main_diagnosis = main;
  return {p, kHospital};
}

/// The way through a programme, one event a step; measurements at home before, between and after.
Made pathway(std::string_view programme, std::uint64_t citizen, std::uint64_t step,
             std::uint64_t random) {
  const bool kol = programme == "KOL";
  const std::vector<std::string> programmes{std::string(programme)};
  switch (step) {
    case 0:
      return diagnosis(kol ? "DJ449" : "DE119");
    case 1:
      return {measured(kol ? kFev1Pct : kHba1c, random), kPractice};
    case 2:
      return {measured(kol ? kMrc : kWeight, random), kPractice};
    case 3:
      return referral(programme, citizen);
    case 4: {
      VisitationDecided p;
      p.referral_id = text("ref", citizen, 1);
      p.decision = VisitationDecision::kAccept;
      return {p, kMunicipality};
    }
    case 5: {
      StratificationAssessed p;
      p.programme = programme;
      p.level = 1 + static_cast<std::uint32_t>(random % 3);
      p.assessor_role = "GP";
      return {p, kPractice};
    }
    case 6:
    case 15: {
      InterviewHeld p;
      p.kind = step == 6 ? InterviewKind::kInitial : InterviewKind::kFinal;
      p.programmes = programmes;
      return {p, kMunicipality};
    }
    case 7: {
      InterventionStarted p;
      p.intervention_id = text("int", citizen, 1);
      p.programmes = programmes;
      p.type = kTraining;
      p.delivery = Delivery::kGroup;
      return {p, kMunicipality};
    }
    case 9:
    case 10: {
      InterventionAttended p;
      p.intervention_id = text("int", citizen, 1);
      p.programmes = programmes;
      p.attended = random % 8 != 0;
      return {p, kMunicipality};
    }
    case 11:
      return stay_started(citizen, 1, true);
    case 12:
      return stay_ended(citizen, 1);
    case 13:
      return report(citizen, 1, kol ? "DJ441" : "DE119");
    case 14: {
      InterventionStopped p;
      p.intervention_id = text("int", citizen, 1);
      p.programmes = programmes;
      p.status = StopStatus::kCompleted;
      return {p, kMunicipality};
    }
    default:
      break;
  }
  if (!kol) return {measured(random % 2 == 0 ? kHba1c : kSystolic, random >> 8), kPractice};
  return {measured(random % 4 == 0 ? kCat : kSpo2, random >> 8), kMunicipality};
}

/// No programme: measurements, now and then a stay in hospital.
Made measurements(std::uint64_t citizen, std::uint64_t step, std::uint64_t random) {
  if (step == 0) {
    ResidenceChanged p;
    p.municipality = random % 2 == 0 ? "0751" : "0791";
    return {p, kMunicipality};
  }
  switch (step % 12) {
    case 4:
      return stay_started(citizen, step / 12, random % 2 == 0);
    case 5:
      return stay_ended(citizen, step / 12);
    case 6:
      return report(citizen, step / 12, "DI109");
    default:
      break;
  }
  const Measure& m = random % 3 == 0 ? kWeight : random % 3 == 1 ? kPulse : kSystolic;
  return {measured(m, random >> 8), kPractice};
}

}  // namespace

PersonKey person_key(std::uint64_t seed, std::uint64_t index) {
  return id_of<PersonKey>(seed, index);
}

EventSource::EventSource(const Plan& plan) : plan_(plan), steps_(plan.citizens, 0) {
  recent_.reserve(kRecent);
  recent_citizens_.reserve(kRecent);
}

bool EventSource::next(Event& event) {
  if (made_ == plan_.events) return false;
  const std::uint64_t number = made_++;
  const std::uint64_t random = mix(plan_.seed * 0x100000001b3 ^ number);
  const std::uint64_t chance = mix(random) % 1000;
  const std::uint64_t place = (random >> 20) % kRecent;
  const bool repeats = place < recent_.size();
  if (repeats && chance < plan_.duplicate_per_mille) {
    event = recent_[place];
    citizen_ = recent_citizens_[place];
    return true;
  }
  if (repeats && chance < plan_.duplicate_per_mille + plan_.corrected_per_mille) {
    Event& before = recent_[place];
    if (auto* p = std::get_if<MeasurementRecorded>(&before.payload)) {
      auto* value = std::get_if<double>(&p->value);
      if (value != nullptr && *value > 5) *value += before.source_version % 2 == 1 ? 1 : -1;
      ++before.source_version;
      before.op = Op::kRevise;
      before.event_id = id_of<EventId>(number, 7);
      before.recorded_at = before.recorded_at + std::chrono::hours(1);
      event = before;
      citizen_ = recent_citizens_[place];
      return true;
    }
  }

  citizen_ = mix(random ^ 0x5bd1e995) % plan_.citizens;
  const std::uint64_t step = steps_[citizen_]++;
  const std::uint64_t kind = mix(plan_.seed ^ citizen_) % 100;
  fill_envelope(number, event);
  Made made = kind < 50   ? pathway("KOL", citizen_, step, mix(random ^ 1))
              : kind < 65 ? pathway("T2D", citizen_, step, mix(random ^ 1))
                          : measurements(citizen_, step, mix(random ^ 1));
  event.payload = std::move(made.payload);
  event.sender_org = made.sender;
  event.source_system = "BENCH-" + std::string(topic_of(event.type()));
  if (chance >= 1000 - plan_.late_per_mille) {
    event.occurred_at = event.occurred_at - std::chrono::milliseconds(random % 20 * kDayMs);
  }
  if (recent_.size() < kRecent) {
    recent_.push_back(event);
    recent_citizens_.push_back(citizen_);
  } else {
    recent_[number % kRecent] = event;
    recent_citizens_[number % kRecent] = citizen_;
  }
  return true;
}

void EventSource::fill_envelope(std::uint64_t number, Event& event) {
  event.event_id = id_of<EventId>(plan_.seed ^ 0xe7e7, number);
  event.source_message_id = text("msg", plan_.seed, number);
  event.source_version = 1;
  event.adapter_revision = 1;
  event.schema_version = 1;
  event.op = Op::kCreate;
  event.person_key = person_key(plan_.seed, citizen_);
  const std::uint64_t person = mix(citizen_ ^ 0xabcdef);
  event.birth_date = CivilDate{-12'000 + static_cast<std::int32_t>(person % 18'000)};
  event.sex = person % 2 == 0 ? Sex::kMale : Sex::kFemale;
  const auto offset =
      static_cast<std::int64_t>(static_cast<double>(kSpanMs) * static_cast<double>(number + 1) /
                                static_cast<double>(plan_.events));
  event.occurred_at = plan_.end - std::chrono::milliseconds(kSpanMs - offset);
  event.time_precision = TimePrecision::kInstant;
  event.recorded_at = event.occurred_at + std::chrono::minutes(10);
  event.residence_municipality = person % 4 < 2 ? "0751" : "0791";
  event.simulated = true;
}

}  // namespace kronika::bench
