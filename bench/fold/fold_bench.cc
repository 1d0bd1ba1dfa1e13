// The fold alone: events a second on the fast path (can_append + append to a state in memory) and
// on refold, for citizens with 10 to 10,000 events; what a transaction adds for each citizen it
// touches (evaluate, contributions, encoding of the record); and the size of a state.
//
// Input: a KOL citizen's ordinary life, repeated: diagnosis, levels, referrals, rehab, stays, and
// for the rest home measurements (SBP and DBP at one instant, SPO2, pulse, MRC, CAT), in clinical
// order. One core, release build. Aims: 1,000,000 events/s on the fast path, 1,000 events refolded
// in 1 ms.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>

#include <kronika/codec/citizen_codec.h>
#include <kronika/domain/fold.h>
#include <kronika/refdata/loader.h>

namespace {

using namespace kronika;          // NOLINT(google-build-using-namespace): a program of its own
using namespace kronika::domain;  // NOLINT(google-build-using-namespace)

const Rules& rules() {
  static const std::shared_ptr<const Rules> kRules = [] {
    auto loaded = refdata::load(KRONIKA_SOURCE_DIR "/data/reference",
                                KRONIKA_SOURCE_DIR "/data/reference/organisations.csv", 1);
    if (!loaded) {
      std::fprintf(stderr, "%s\n", loaded.error().context.c_str());
      std::exit(1);
    }
    return *loaded;
  }();
  return *kRules;
}

const Fold& fold() {
  static const Fold kFold(rules());
  return kFold;
}

Payload measure(const char* system, const char* code, double value, const char* unit) {
  MeasurementRecorded m;
  m.code_system = system;
  m.code = code;
  m.value = value;
  m.unit = unit;
  m.setting = Setting::kHome;
  return m;
}

/// One event in ten concerns the pathway or the hospital, the rest are measurements.
Payload payload(int i) {
  const std::string contact = "990000000000201/episode/" + std::to_string(i / 100);
  const std::string referral = "referral-" + std::to_string(i / 100);
  ReferralSent sent;
  sent.referral_id = referral;
  sent.receiver_org = "990000000000301";
  sent.requested_service = RequestedService::kMunicipalRehab;
  sent.programme = "KOL";
  InterventionStarted start;
  start.intervention_id = "I1";
  start.programmes = {"KOL"};
  start.type = "ab87c0b5-40be-4e0a-b749-d9f833bfed2d";
  InterventionStopped stop;
  stop.intervention_id = "I1";
  stop.programmes = {"KOL"};
  stop.status = StopStatus::kCompleted;
  StratificationAssessed level;
  level.programme = "KOL";
  level.level = 2;
  HospitalStayStarted stay;
  stay.contact_id = contact;
  stay.encounter_class = EncounterClass::kEmer;
  switch (i % 100) {
    case 0:
      return DiagnosisRecorded{"SKS", "DJ449", DiagnosisSetting::kGp};
    case 5:
      return level;
    case 15:
      return sent;
    case 25:
      return VisitationDecided{referral, VisitationDecision::kAccept, "", "", {}};
    case 35:
      return InterviewHeld{InterviewKind::kInitial, {"KOL"}};
    case 45:
      return start;
    case 55:
      return stay;
    case 65:
      return HospitalStayEnded{DischargeDisposition::kHome, contact, ""};
    case 75:
      return stop;
    case 85:
      return InterviewHeld{InterviewKind::kFinal, {"KOL"}};
    case 95:
      return PathwayClosed{"KOL", CloseReason::kFull};
    default:
      break;
  }
  switch (i % 6) {
    case 0:
      return measure("MCS", "MCS88019", 120 + i % 20, "mm[Hg]");
    case 1:
      return measure("MCS", "MCS88020", 70 + i % 20, "mm[Hg]");
    case 2:
      return measure("NPU", "NPU03011", 91 + i % 8, "%");
    case 3:
      return measure("NPU", "NPU21692", 70 + i % 30, "/min");
    case 4:
      return measure("MCS", "MCS88021", 1 + i % 5, "{score}");
    default:
      return measure("MCS", "MCS88137", i % 40, "{score}");
  }
}

std::vector<JournalEntry> life(int events) {
  std::vector<JournalEntry> all(static_cast<std::size_t>(events));
  const Instant start = parse_instant("2023-01-01T08:00:00Z").instant;
  for (int i = 0; i < events; ++i) {
    Event& e = all[static_cast<std::size_t>(i)].event;
    e.event_id.bytes[0] = 1;
    for (std::size_t b = 0; b < 4; ++b) {
      e.event_id.bytes[12 + b] = static_cast<std::uint8_t>(i >> (8 * b));
    }
    e.source_system = "telemedicine-east";
    char id[64];
    std::snprintf(id, sizeof id, "8f2c1d9e-0b7a-4c53-9e1f-%012d", i);
    e.source_message_id = id;
    e.source_version = 1;
    e.op = Op::kCreate;
    e.person_key.bytes[0] = 9;
    e.birth_date = civil_date(1950, 5, 1);
    e.sex = Sex::kFemale;
    // Two events an instant, so that SBP and DBP share one.
    e.occurred_at = start + std::chrono::hours(4 * (i / 2));
    e.recorded_at = e.occurred_at;
    e.time_precision = TimePrecision::kInstant;
    e.sender_org = "990000000000301";
    e.residence_municipality = "0751";
    e.payload = payload(i);
  }
  // Clinical order is the order of arrival here.
  std::stable_sort(all.begin(), all.end(), [](const JournalEntry& a, const JournalEntry& b) {
    return sorts_before(a.event, b.event);
  });
  return all;
}

std::vector<const JournalEntry*> pointers(const std::vector<JournalEntry>& entries) {
  std::vector<const JournalEntry*> all;
  for (const JournalEntry& e : entries) all.push_back(&e);
  return all;
}

void append(benchmark::State& bench) {
  const auto events = life(static_cast<int>(bench.range(0)));
  std::int64_t refused = 0;
  CitizenState state;
  for (auto _ : bench) {
    state = CitizenState{};
    for (const JournalEntry& e : events) {
      if (fold().can_append(state, e.event)) {
        fold().append(state, e.event);
      } else {
        ++refused;
      }
    }
    benchmark::DoNotOptimize(state);
  }
  if (refused != 0) bench.SkipWithError("the fast path refused ordinary events");
  bench.SetItemsProcessed(bench.iterations() * bench.range(0));
}
BENCHMARK(append)->RangeMultiplier(10)->Range(10, 10'000);

void refold(benchmark::State& bench) {
  const auto events = life(static_cast<int>(bench.range(0)));
  const auto list = pointers(events);
  for (auto _ : bench) {
    benchmark::DoNotOptimize(fold().refold(events.front().event.person_key, list));
  }
  bench.SetItemsProcessed(bench.iterations() * bench.range(0));
}
BENCHMARK(refold)->RangeMultiplier(10)->Range(10, 10'000)->Unit(benchmark::kMicrosecond);

struct Citizen {
  explicit Citizen(std::int64_t n) : events(life(static_cast<int>(n))) {
    record.state = fold().refold(events.front().event.person_key, pointers(events));
    record.as_of = events.back().event.occurred_at + std::chrono::hours(1);
    now = fold().evaluate(record.state, record.as_of);
    record.contributions = fold().contributions(record.state, record.as_of);
  }
  std::vector<JournalEntry> events;
  codec::CitizenRecord record;
  Evaluation now;
};

void evaluate(benchmark::State& bench) {
  const Citizen c(bench.range(0));
  for (auto _ : bench) {
    benchmark::DoNotOptimize(fold().evaluate(c.record.state, c.record.as_of));
  }
}
BENCHMARK(evaluate)->RangeMultiplier(10)->Range(10, 10'000);

void contributions(benchmark::State& bench) {
  const Citizen c(bench.range(0));
  for (auto _ : bench) {
    benchmark::DoNotOptimize(fold().contributions(c.record.state, c.record.as_of));
  }
}
BENCHMARK(contributions)->RangeMultiplier(10)->Range(10, 10'000);

void encode(benchmark::State& bench) {
  const Citizen c(bench.range(0));
  std::string bytes;
  for (auto _ : bench) {
    bytes.clear();
    codec::encode_citizen(rules(), c.record, &c.now, bytes);
    benchmark::DoNotOptimize(bytes);
  }
  std::string accumulators;
  codec::encode_fold(c.record.state, accumulators);
  bench.counters["record_bytes"] = static_cast<double>(bytes.size());
  bench.counters["fold_bytes"] = static_cast<double>(accumulators.size());
}
BENCHMARK(encode)->RangeMultiplier(10)->Range(10, 10'000);

void decode(benchmark::State& bench) {
  const Citizen c(bench.range(0));
  std::string bytes;
  codec::encode_citizen(rules(), c.record, &c.now, bytes);
  codec::CitizenRecord record;
  for (auto _ : bench) {
    if (!codec::decode_citizen(bytes, record)) bench.SkipWithError("unreadable");
    benchmark::DoNotOptimize(record);
  }
}
BENCHMARK(decode)->RangeMultiplier(10)->Range(10, 10'000);

}  // namespace

BENCHMARK_MAIN();
