// Rules, citizens and pathways for tests of the citizen task.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <kronika/bus/wire.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/domain/journal.h>
#include <kronika/domain/rules.h>
#include <kronika/refdata/loader.h>

namespace kronika::citizen::testing {

using domain::Event;

inline constexpr Instant kNow{1'767'225'600'000};  // 2026-01-01T00:00:00Z
inline constexpr std::int64_t kDay = 86'400'000;

inline std::shared_ptr<const domain::Rules> rules() {
  static const auto loaded =
      refdata::load(KRONIKA_SOURCE_DIR "/data/reference",
                    KRONIKA_SOURCE_DIR "/data/reference/organisations.csv", 1);
  if (!loaded) throw std::runtime_error(loaded.error().context);
  return *loaded;
}

inline PersonKey person(int n) {
  PersonKey key;
  key.bytes[0] = 0x42;
  key.bytes[15] = static_cast<std::uint8_t>(n);
  return key;
}

inline Event event(int n, std::string fact, std::int64_t day, domain::Payload payload) {
  Event e;
  e.source_system = "TEST";
  e.source_message_id = std::move(fact);
  e.source_version = 1;
  e.op = domain::Op::kCreate;
  e.person_key = person(n);
  e.birth_date = domain::civil_date(1950, 1, 1);
  e.sex = domain::Sex::kFemale;
  e.occurred_at = Instant{kNow.ms - 300 * kDay + day * kDay};
  e.time_precision = domain::TimePrecision::kInstant;
  e.recorded_at = e.occurred_at;
  e.sender_org = "990000000000301";
  e.residence_municipality = "0751";
  e.payload = std::move(payload);
  std::uint64_t seed = domain::fact_hash(e.source_message_id, std::to_string(n));
  for (auto& byte : e.event_id.bytes) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    byte = static_cast<std::uint8_t>(seed >> 56);
  }
  return e;
}

/// Another version of `e`: a message of its own, recorded later.
inline Event version_of(Event e, std::uint8_t version, domain::Op op) {
  e.source_version = version;
  e.op = op;
  e.event_id.bytes[0] = static_cast<std::uint8_t>(e.event_id.bytes[0] + version);
  e.recorded_at.ms += version * 1000;
  return e;
}

inline std::string bytes_of(const Event& e) {
  std::string value;
  bus::append_wire_prefix(codec::kEventSchemaId, value);
  codec::encode_event(e, value);
  return value;
}

inline domain::ReferralSent referral(std::string id) {
  domain::ReferralSent sent;
  sent.referral_id = std::move(id);
  sent.receiver_org = "990000000000301";
  sent.requested_service = domain::RequestedService::kMunicipalRehab;
  sent.programme = "KOL";
  return sent;
}

inline domain::MeasurementRecorded measurement(std::string code, double value, std::string unit) {
  domain::MeasurementRecorded m;
  m.code_system = "MCS";
  m.code = std::move(code);
  m.value = value;
  m.unit = std::move(unit);
  return m;
}

/// A KOL pathway from diagnosis to rehabilitation, with a hospital stay.
inline std::vector<Event> kol_pathway(int n) {
  std::vector<Event> events;
  const auto add = [&](std::int64_t day, domain::Payload payload) {
    events.push_back(event(n, "f" + std::to_string(events.size()), day, std::move(payload)));
  };
  add(0, domain::DiagnosisRecorded{"SKS", "DJ449", domain::DiagnosisSetting::kGp});
  add(1, measurement("MCS88021", 3, "{score}"));
  add(2, measurement("MCS88137", 14, "{score}"));
  add(3, measurement("MCS88022", 1, "1"));
  add(4, measurement("MCS88023", 45, "%"));
  domain::StratificationAssessed assessed;
  assessed.programme = "KOL";
  assessed.level = 2;
  assessed.assessor_role = "GP";
  add(5, assessed);
  add(6, referral("R1"));
  domain::VisitationDecided accepted;
  accepted.referral_id = "R1";
  accepted.decision = domain::VisitationDecision::kAccept;
  add(10, accepted);
  add(17, domain::InterviewHeld{domain::InterviewKind::kInitial, {"KOL"}});
  domain::InterventionStarted training;
  training.intervention_id = "I1";
  training.programmes = {"KOL"};
  training.type = "ab87c0b5-40be-4e0a-b749-d9f833bfed2d";
  add(24, training);
  domain::HospitalStayStarted admitted;
  admitted.contact_id = "C1";
  admitted.encounter_class = domain::EncounterClass::kEmer;
  add(40, admitted);
  domain::HospitalStayEnded discharged;
  discharged.contact_id = "C1";
  discharged.disposition = domain::DischargeDisposition::kHome;
  add(44, discharged);
  add(60, domain::InterventionAttended{"I1", {"KOL"}, true});
  return events;
}

inline std::vector<Event> kol_pathways(int citizens) {
  std::vector<Event> all;
  for (int n = 1; n <= citizens; ++n) {
    for (auto& e : kol_pathway(n)) all.push_back(std::move(e));
  }
  return all;
}

}  // namespace kronika::citizen::testing
