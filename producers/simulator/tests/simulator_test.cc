#include <cstring>
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include <kronika/domain/checks.h>
#include <kronika/domain/fold.h>
#include <kronika/refdata/loader.h>
#include <kronika/simulator/simulator.h>

namespace kronika::simulator {
namespace {

using namespace domain;

const Rules& rules() {
  static const auto loaded =
      refdata::load(KRONIKA_SOURCE_DIR "/data/reference",
                    KRONIKA_SOURCE_DIR "/data/reference/organisations.csv", 1);
  EXPECT_TRUE(loaded) << loaded.error().context;
  return **loaded;
}

Options options(std::uint32_t citizens = 3000, int months = 12) {
  Options o;
  o.citizens = citizens;
  o.months = months;
  o.seed = 7;
  o.end = end_of_day(*civil_date(2026, 3, 31));
  o.person_key = [](std::string_view identifier) {
    PersonKey key;
    std::memcpy(key.bytes.data(), identifier.data(), std::min<std::size_t>(16, identifier.size()));
    return key;
  };
  return o;
}

std::vector<Arrival> all(const Options& o, Summary* summary = nullptr) {
  std::vector<Arrival> arrivals;
  const Summary s = simulate(rules(), o, [&arrivals](const Arrival& a) {
    arrivals.push_back(a);
    return true;
  });
  if (summary != nullptr) *summary = s;
  return arrivals;
}

TEST(Simulator, TheSameSeedGivesTheSameEventsAndAnotherSeedOthers) {
  const auto a = all(options(500));
  const auto b = all(options(500));
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_TRUE(same_content(a[i].event, b[i].event));
    ASSERT_EQ(a[i].event.event_id, b[i].event.event_id);
    ASSERT_EQ(a[i].arrives_at, b[i].arrives_at);
  }
  Options other = options(500);
  other.seed = 8;
  EXPECT_NE(all(other).front().event.event_id, a.front().event.event_id);
}

TEST(Simulator, ArrivesInOrderAndEndsOnTime) {
  Summary s;
  const Options o = options();
  const auto arrivals = all(o, &s);
  ASSERT_EQ(arrivals.size(), s.events);
  Instant last = Instant::min();
  for (const Arrival& a : arrivals) {
    ASSERT_LE(last, a.arrives_at);
    ASSERT_LE(a.event.recorded_at, a.arrives_at);
    ASSERT_LE(a.arrives_at, o.end);
    ASSERT_TRUE(a.event.simulated);
    last = a.arrives_at;
  }
}

TEST(Simulator, OnlyWhatIsMeantToBeRefusedIs) {
  Summary s;
  std::uint64_t refused = 0;
  for (const Arrival& a : all(options(), &s)) {
    const auto refusal = check(rules(), a.event, a.arrives_at);
    if (!refusal) continue;
    ++refused;
    ASSERT_EQ(refusal->reason, Reason::kRangeHard) << refusal->sentence;
  }
  EXPECT_EQ(refused, s.refusable);
  EXPECT_GT(refused, 0U);
}

TEST(Simulator, FaultsComeInTheirShares) {
  Summary s;
  (void)all(options(6000, 24), &s);
  const auto share = [&s](std::uint64_t n) {
    return static_cast<double>(n) / static_cast<double>(s.events);
  };
  EXPECT_NEAR(share(s.late), 0.04, 0.015);
  EXPECT_NEAR(share(s.duplicates), 0.02, 0.007);
  EXPECT_NEAR(share(s.corrections), 0.015, 0.005);
  EXPECT_NEAR(share(s.cancellations), 0.005, 0.002);
  EXPECT_FALSE(s.example_identifier.empty());
  EXPECT_TRUE(s.example_identifier.starts_with("99"));
}

TEST(Simulator, FoldsIntoPathwaysOfEveryKindWithFewIllegalSteps) {
  std::map<PersonKey, std::vector<JournalEntry>> journals;
  std::uint64_t events = 0;
  for (const Arrival& a : all(options(6000, 24))) {
    if (check(rules(), a.event, a.arrives_at)) continue;
    auto& journal = journals[a.event.person_key];
    JournalEntry incoming{a.event, {a.arrives_at, 0, 0, static_cast<std::int64_t>(++events)}, {}};
    const Receipt r = receive(journal, incoming);
    ASSERT_NE(r.admission, Admission::kConflict);
    ASSERT_NE(r.admission, Admission::kEventIdReused);
  }
  const Fold fold(rules());
  std::set<State> states;
  std::set<std::string> programmes;
  std::uint64_t illegal = 0;
  const Instant end = options().end;
  for (const auto& [key, journal] : journals) {
    const EffectiveSet set = effective_events(journal, {});
    const CitizenState state = fold.refold(key, set.events);
    illegal += state.illegal;
    for (const PathwayEvaluation& p : fold.evaluate(state, end).pathways) {
      states.insert(p.state);
      programmes.insert(rules().programmes[p.programme].id);
    }
  }
  EXPECT_EQ(programmes.size(), rules().programmes.size());
  for (const State s :
       {State::kDiagnosed, State::kStratified, State::kReferred, State::kVisitated,
        State::kInitialInterview, State::kRehabActive, State::kFinalInterview, State::kFollowUp,
        State::kCompleted, State::kDroppedOut, State::kInterrupted, State::kDeclined,
        State::kMovedOut, State::kDeceased}) {
    EXPECT_TRUE(states.contains(s)) << state_name(s);
  }
  EXPECT_LT(static_cast<double>(illegal) / static_cast<double>(events), 0.02);
}

TEST(Simulator, ResidentsAddUpToThePopulation) {
  const Options o = options(2000, 12);
  std::ostringstream out;
  write_residents(rules(), o, out);
  std::istringstream in(out.str());
  std::string line;
  std::getline(in, line);
  EXPECT_EQ(line, "municipality,sex,age_band,quarter,residents_first_day,residents_last_day");
  std::map<std::string, int> last_day;
  while (std::getline(in, line)) {
    std::vector<std::string> fields;
    std::istringstream row(line);
    for (std::string f; std::getline(row, f, ',');) fields.push_back(f);
    ASSERT_EQ(fields.size(), 6U);
    EXPECT_TRUE(rules().municipality(fields[0]).known);
    last_day[fields[3]] += std::stoi(fields[5]);
  }
  EXPECT_EQ(last_day.size(), 5U);  // 31 March 2025 to 31 March 2026 touch five quarters
  for (const auto& [quarter, residents] : last_day) {
    EXPECT_GT(residents, 1900) << quarter;
    EXPECT_LE(residents, 2000) << quarter;
  }
}

std::vector<Arrival> reports(const Options& o, ReportSummary* summary = nullptr) {
  std::vector<Arrival> arrivals;
  const ReportSummary s = simulate_reports(rules(), o, [&arrivals](const Arrival& a) {
    arrivals.push_back(a);
    return true;
  });
  if (summary != nullptr) *summary = s;
  return arrivals;
}

TEST(SimulatorReports, AreTheSameForTheSameSeedAndHoldNoPerson) {
  const auto a = reports(options(10, 36));
  const auto b = reports(options(99, 36));
  ASSERT_EQ(a.size(), b.size()) << "organisations report whatever the population is";
  Instant last = Instant::min();
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(a[i].event.event_id, b[i].event.event_id);
    ASSERT_TRUE(same_content(a[i].event, b[i].event));
    ASSERT_TRUE(a[i].event.person_key.is_zero());
    ASSERT_TRUE(a[i].event.simulated);
    ASSERT_EQ(topic_of(a[i].event.type()), "rapport");
    ASSERT_LE(last, a[i].arrives_at);
    ASSERT_LE(a[i].arrives_at, options().end);
    last = a[i].arrives_at;
  }
}

TEST(SimulatorReports, OnlyGoalsWithoutTargetAreRefused) {
  ReportSummary s;
  std::map<EventType, int> types;
  std::uint64_t refused = 0;
  for (const Arrival& a : reports(options(10, 36), &s)) {
    ++types[a.event.type()];
    const auto refusal = check(rules(), a.event, a.arrives_at);
    if (!refusal) continue;
    ++refused;
    EXPECT_EQ(refusal->field, "goal_progress_reported.measurable_target");
  }
  EXPECT_EQ(refused, s.refusable);
  EXPECT_GT(refused, 0U);
  EXPECT_GT(s.duplicates + s.corrections + s.cancellations, 0U);
  EXPECT_EQ(s.organisations, 98U + 5U) << "before 2027 there are five regions";
  EXPECT_GT(types[EventType::kGoalProgressReported], 200);
  EXPECT_GT(types[EventType::kAnnualDocumentation], 150);
  EXPECT_GT(types[EventType::kFinalReportAnswered], 2);
}

}  // namespace
}  // namespace kronika::simulator
