#include "messages.h"

#include <algorithm>
#include <cstring>

namespace kronika::simulator {

using namespace domain;

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::string_view source_name(Source source) {
  switch (source) {
    case Source::kPractice:
      return "GP";
    case Source::kHospital:
      return "HOSPITAL";
    case Source::kMunicipality:
      return "MUNICIPALITY";
    case Source::kTelemedicine:
      return "TELEMEDICINE";
    case Source::kRegister:
      return "REGISTER";
  }
  return "GP";
}

/// Shaped like a UUID of version 5: a function of fact and version, equal for a resend.
EventId event_id(std::uint64_t seed, std::uint32_t citizen, std::uint32_t fact,
                 std::uint64_t version) {
  Random random(seed ^ 0x5eedULL, citizen, (static_cast<std::uint64_t>(fact) << 8) + version);
  const std::uint64_t halves[2] = {random.next(), random.next()};
  EventId id;
  std::memcpy(id.bytes.data(), halves, sizeof halves);
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x50);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id;
}

}  // namespace

std::vector<Message> MessageWriter::write(const Citizen& citizen, std::vector<Draft> drafts) const {
  std::vector<Message> messages;
  messages.reserve(drafts.size() + drafts.size() / 16);
  Random random(options_.seed, citizen.index, 3);
  const Faults& faults = options_.faults;
  const PersonKey key = options_.person_key(citizen.identifier);
  char home[8];
  std::snprintf(home, sizeof home, "%04d", static_cast<int>(citizen.home));
  const std::string prefix = "SIM-" + std::to_string(options_.seed) + "-";
  std::uint32_t fact = 0;

  const auto push = [&](Event event, Instant arrives_at, Kind kind) {
    if (arrives_at > timeline_.end || event.recorded_at > timeline_.end) return;
    messages.push_back({{std::move(event), arrives_at}, kind});
  };

  for (Draft& draft : drafts) {
    Event e;
    e.source_system = prefix + std::string(source_name(draft.source));
    e.source_message_id = std::to_string(citizen.index) + "-" + std::to_string(++fact);
    e.source_version = 1;
    e.op = Op::kCreate;
    e.event_id = event_id(options_.seed, citizen.index, fact, 1);
    e.person_key = key;
    e.birth_date = citizen.birth;
    e.sex = citizen.sex;
    e.occurred_at = draft.occurred;
    e.time_precision = draft.date_only ? TimePrecision::kDate : TimePrecision::kInstant;
    e.sender_org = std::move(draft.sender);
    e.residence_municipality = home;
    e.simulated = true;
    e.payload = std::move(draft.payload);
    if (draft.initial_load) {
      e.recorded_at = start_of_day(timeline_.from) + minutes(random.between(0, 2 * 24 * 60));
    } else if (random.chance(0.9)) {
      e.recorded_at = e.occurred_at + minutes(random.between(0, 30));
    } else {
      e.recorded_at = e.occurred_at + minutes(random.between(60, 3 * 24 * 60));
    }
    Instant arrives = e.recorded_at + seconds(random.between(1, 120));
    Kind kind = Kind::kPlain;
    if (random.chance(faults.late)) {
      arrives =
          e.recorded_at + hours(24 * random.between(3, 30)) + seconds(random.between(0, 86'399));
      kind = Kind::kLate;
    }

    if (std::holds_alternative<MeasurementRecorded>(e.payload) && random.chance(faults.refused)) {
      Event wrong = e;
      wrong.source_message_id += "-x";
      wrong.event_id = event_id(options_.seed, citizen.index, fact, 201);
      auto& measured = std::get<MeasurementRecorded>(wrong.payload);
      if (auto* value = std::get_if<double>(&measured.value)) {
        *value = *value * 1000 + 100'000;  // a lost decimal sign
        push(std::move(wrong), arrives, Kind::kRefusable);
      }
    }
    if (random.chance(faults.cancelled)) {
      Event mistaken = e;
      mistaken.source_message_id += "-m";
      mistaken.event_id = event_id(options_.seed, citizen.index, fact, 101);
      Event cancel = mistaken;
      cancel.source_version = 2;
      cancel.op = Op::kCancel;
      cancel.event_id = event_id(options_.seed, citizen.index, fact, 102);
      cancel.recorded_at = e.recorded_at + hours(random.between(1, 72));
      push(std::move(mistaken), arrives, Kind::kPlain);
      const Instant cancelled_at = cancel.recorded_at + seconds(random.between(1, 120));
      push(std::move(cancel), cancelled_at, Kind::kCancellation);
    }
    const bool corrected = random.chance(faults.corrected);
    const bool duplicated = random.chance(faults.duplicate);
    if (duplicated) push(e, arrives + hours(random.between(1, 14 * 24)), Kind::kDuplicate);
    if (corrected && e.time_precision == TimePrecision::kInstant) {
      // What was sent is right in the end; the first version had another time of the same fact.
      Event revised = e;
      revised.source_version = 2;
      revised.op = Op::kRevise;
      revised.event_id = event_id(options_.seed, citizen.index, fact, 2);
      revised.occurred_at =
          std::max(start_of_day(citizen.birth + 1), e.occurred_at - hours(random.between(1, 20)));
      revised.recorded_at = e.recorded_at + hours(random.between(2, 120));
      const Instant revised_at = revised.recorded_at + seconds(random.between(1, 120));
      push(std::move(revised), revised_at, Kind::kCorrection);
    }
    push(std::move(e), arrives, kind);
  }
  return messages;
}

}  // namespace kronika::simulator
