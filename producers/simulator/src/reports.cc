#include "messages.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include <kronika/simulator/simulator.h>

namespace kronika::simulator {

using namespace domain;

namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::uint64_t kStream = 0x4e9047ULL;  ///< apart from the citizens' streams
constexpr double kSilent = 13.0 / 98;           ///< never document (VIDEN: 85 of 98 answered)

struct Target {
  std::uint32_t area;
  std::string_view text;
  std::string_view point;  ///< a measuring point that may be added after the first year
};
constexpr std::array<Target, 4> kMunicipalTargets{
    {{1, "Mindst 80 % af borgere med KOL, diabetes og hjertesygdom er stratificeret",
      "Andel stratificerede borgere pr. kvartal"},
     {2, "60 medarbejdere har gennemført kursus i sundhedspædagogik", "Antal gennemførte kurser"},
     {5, "95 % af henvisningerne modtages med MedComs standarder",
      "Andel elektroniske henvisninger"},
     {7, "Alle patientuddannelser er kvalitetsvurderet, og mindst 75 % gennemfører",
      "Andel deltagere, der gennemfører"}}};
constexpr std::array<Target, 4> kRegionalTargets{
    {{1, "Forløbsprogrammer er implementeret i alle kommuner for fire sygdomsområder",
      "Antal kommuner med implementeret program"},
     {3, "Alle praksis har haft besøg af en praksiskonsulent", "Antal besøg pr. halvår"},
     {4, "Speciallægerådgivning inden for 2 hverdage på fire sygdomsområder",
      "Median svartid i hverdage"},
     {6, "40 % af hjertepatienter i AK-behandling styrer behandlingen selv",
      "Andel i egenbehandling"}}};

struct Answer {
  std::string_view section;
  std::array<std::string_view, 3> texts;
};
constexpr std::array<Answer, 9> kAnswers{{
    {"1",
     {"Indsatsen indgår i sundhedsaftalen og i klyngens fælles strategi for kronisk sygdom.",
      "Projektet samarbejder med jobcentret om borgere med muskel- og skeletlidelser.",
      "Indsatsen er del af kommunens strategi mod social ulighed i sundhed."}},
    {"2",
     {"Borgere med KOL, diabetes og hjertesygdom skal have et sammenhængende forløb.",
      "Flere borgere skal gennemføre rehabilitering; målgruppen er borgere på niveau 2 og 3.",
      "Formålet er færre frafald og kortere ventetid efter henvisning."}},
    {"3a",
     {"Afklarende samtale, holdtræning og opfølgning efter forløbsprogrammet.",
      "Fælles rehabiliteringshold på tværs af diagnoser.",
      "Forløbskoordinator til borgere med flere samtidige sygdomme."}},
    {"3b",
     {"Gruppebaseret patientuddannelse med individuel opfølgning.",
      "Kursus i sundhedspædagogik til alle undervisere.",
      "Undervisning sammen med sygehusets speciallæger."}},
    {"3c",
     {"Telemedicinsk hjemmemonitorering til borgere med svær KOL.",
      "Selvstyret AK-behandling i samarbejde med sygehuset.", "Ingen tiltag i perioden."}},
    {"4",
     {"Målene blev i hovedsagen nået; tilfredsheden blev målt ved afsluttende samtale.",
      "Målet for gennemførelse blev nået, målet for rekruttering ikke.",
      "Effekten er kun dokumenteret for dem, der gennemførte."}},
    {"5",
     {"Rekrutteringen gik langsommere end forventet, især blandt borgere i arbejde.",
      "De opstillede mål viste sig svære at operationalisere.",
      "Resultaterne svarer til projektbeskrivelsen."}},
    {"6",
     {"Tilbuddet fortsætter i drift.", "Erfaringerne bruges i den næste sundhedsaftale.",
      "Tilbuddet fortsætter på tværs af diagnoser."}},
    {"7",
     {"Erfaringerne er delt på netværksmøder og på hjemmesiden.",
      "Artikel i fagblad og oplæg på to konferencer.",
      "Resultaterne deles internt; en evaluering er på vej."}},
}};

class Writer {
 public:
  Writer(const Options& options, std::vector<Message>& out)
      : options_(options), timeline_(timeline_of(options)), out_(out) {}

  /// True: the organisation has reported something.
  bool write(const Organisation& organisation) {
    organisation_ = &organisation;
    const std::size_t before = out_.size();
    std::uint64_t stream = 0;
    for (const char c : organisation.sor_id)
      stream = stream * 10 + static_cast<std::uint64_t>(c - '0');
    random_ = Random(options_.seed, stream, kStream);
    fact_ = 0;
    stream_ = stream;
    const auto& targets =
        organisation.sector == Sector::kRegion ? kRegionalTargets : kMunicipalTargets;
    goals_.clear();
    // Two areas each, and never the same twice.
    const auto first = static_cast<std::size_t>(random_.between(0, 3));
    const auto second = (first + static_cast<std::size_t>(random_.between(1, 3))) % targets.size();
    for (const std::size_t i : {first, second}) begin(targets[i]);
    if (!random_.chance(kSilent)) years();
    if (random_.chance(0.05)) final_report();
    return out_.size() > before;
  }

 private:
  struct GoalState {
    const Target* target;
    GoalProgressReported said;
    CivilDate since;
  };

  void begin(const Target& target) {
    GoalProgressReported said;
    said.area = target.area;
    said.owner = organisation_->sector == Sector::kRegion ? "Sundhedsplanlægning"
                                                          : "Forebyggelse og Sundhed";
    said.measurable_target = target.text;
    const YearMonthDay from = year_month_day(timeline_.from);
    said.deadline = civil_date(from.year + random_.between(1, 3), 12, 31);
    said.status = random_.chance(0.4) ? GoalStatus::kNotStarted : GoalStatus::kInProgress;
    const CivilDate on = timeline_.from + random_.between(10, 60);
    goals_.push_back({&target, said, on});
    send(on, said);
  }

  void move_on(GoalState& goal, CivilDate on, const std::string& name) {
    if (goal.said.status == GoalStatus::kReached || goal.said.status == GoalStatus::kNotReached) {
      return;
    }
    const double x = random_.uniform();
    goal.said.status = x < 0.35   ? GoalStatus::kReached
                       : x < 0.43 ? GoalStatus::kNotReached
                                  : GoalStatus::kInProgress;
    if (goal.said.status == GoalStatus::kReached && random_.chance(0.7)) {
      goal.said.evidence_link = "https://example.dk/evaluering/" + name;
    }
    if (on - goal.since >= 365 && goal.said.measuring_points.empty() && random_.chance(0.5)) {
      goal.said.measuring_points.emplace_back(goal.target->point);
    }
  }

  void years() {
    for (int year = year_month_day(timeline_.from).year; year < year_month_day(timeline_.to).year;
         ++year) {
      const CivilDate on = *civil_date(year + 1, 2, 1) + random_.between(0, 58);
      AnnualDocumentation said;
      said.year = static_cast<std::uint32_t>(year);
      const std::string text = std::to_string(year);
      const std::int64_t programmes = random_.between(400, 4000) * 100'000LL;
      said.spend = {{"Regnskab " + text, "Forløbsprogrammer", programmes},
                    {"Regnskab " + text, "Patientuddannelse", programmes / 3}};
      // The project's own account is rarely the municipality's to the last krone.
      if (random_.chance(0.1)) {
        said.spend.push_back({"Projektrapport " + text, "Forløbsprogrammer",
                              programmes - random_.between(1, 50) * 10'000LL});
      }
      for (GoalState& goal : goals_) {
        move_on(goal, on, organisation_->sor_id + "-" + text);
        said.progress.push_back(goal.said);
      }
      if (random_.chance(0.4)) {
        said.health_effects =
            "Deltagerne gik i gennemsnit længere på seks minutter end ved start; der er ingen "
            "kontrolgruppe.";
      }
      if (random_.chance(0.2)) {
        said.economic_effects = "Udgift pr. forløb er opgjort; besparelser er ikke dokumenteret.";
      }
      send(on, std::move(said));
    }
  }

  void final_report() {
    FinalReportAnswered said;
    for (const Answer& answer : kAnswers) {
      const std::string_view text = answer.texts[static_cast<std::size_t>(random_.between(0, 2))];
      said.answers.push_back({std::string(answer.section), std::string(text)});
    }
    send(timeline_.to - random_.between(5, 60), std::move(said));
  }

  EventId id(std::uint64_t version) const {
    Random random(options_.seed ^ kStream, stream_, (fact_ << 8) + version);
    const std::uint64_t halves[2] = {random.next(), random.next()};
    EventId event_id;
    std::memcpy(event_id.bytes.data(), halves, sizeof halves);
    event_id.bytes[6] = static_cast<std::uint8_t>((event_id.bytes[6] & 0x0f) | 0x50);
    event_id.bytes[8] = static_cast<std::uint8_t>((event_id.bytes[8] & 0x3f) | 0x80);
    return event_id;
  }

  void push(Event event, Instant arrives, Kind kind) {
    if (arrives > timeline_.end) return;
    out_.push_back({{std::move(event), arrives}, kind});
  }

  void send(CivilDate on, Payload payload) {
    if (on < timeline_.from || !organisation_->validity.contains(on)) return;
    ++fact_;
    Event e;
    e.source_system = "SIM-" + std::to_string(options_.seed) + "-REPORT";
    e.source_message_id = organisation_->sor_id + "-" + std::to_string(fact_);
    e.source_version = 1;
    e.op = Op::kCreate;
    e.event_id = id(1);
    e.occurred_at = from_local(on, random_.between(8 * 60, 16 * 60) * 60'000LL).instant;
    e.time_precision = TimePrecision::kInstant;
    e.recorded_at = e.occurred_at + minutes(random_.between(0, 120));
    e.sender_org = organisation_->sor_id;
    e.simulated = true;
    e.payload = std::move(payload);
    const Instant arrives = e.recorded_at + minutes(random_.between(1, 600));

    const Faults& faults = options_.faults;
    if (random_.chance(faults.duplicate)) {
      push(e, arrives + hours(random_.between(1, 14 * 24)), Kind::kDuplicate);
    }
    if (random_.chance(faults.corrected)) {
      Event revised = e;
      revised.source_version = 2;
      revised.op = Op::kRevise;
      revised.event_id = id(2);
      revised.occurred_at = e.occurred_at - hours(random_.between(1, 20));
      revised.recorded_at = e.recorded_at + hours(random_.between(2, 120));
      push(std::move(revised), arrives + hours(121), Kind::kCorrection);
    }
    if (random_.chance(faults.cancelled)) {
      Event mistaken = e;
      mistaken.source_message_id += "-m";
      mistaken.event_id = id(101);
      Event cancel = mistaken;
      cancel.source_version = 2;
      cancel.op = Op::kCancel;
      cancel.event_id = id(102);
      cancel.recorded_at = e.recorded_at + hours(1);
      push(std::move(mistaken), arrives, Kind::kPlain);
      push(std::move(cancel), arrives + hours(2), Kind::kCancellation);
    }
    auto* goal = std::get_if<GoalProgressReported>(&e.payload);
    if (goal != nullptr && random_.chance(faults.refused * 5)) {
      Event vague = e;
      vague.source_message_id += "-x";
      vague.event_id = id(201);
      std::get<GoalProgressReported>(vague.payload).measurable_target.clear();
      push(std::move(vague), arrives, Kind::kRefusable);
    }
    push(std::move(e), arrives, Kind::kPlain);
  }

  const Options& options_;
  const Timeline timeline_;
  std::vector<Message>& out_;
  const Organisation* organisation_ = nullptr;
  Random random_{0};
  std::uint64_t stream_ = 0, fact_ = 0;
  std::vector<GoalState> goals_;
};

}  // namespace

ReportSummary simulate_reports(const Rules& rules, const Options& options,
                               const std::function<bool(const Arrival&)>& emit) {
  std::vector<Message> messages;
  Writer writer(options, messages);
  ReportSummary summary;
  const CivilDate begin = timeline_of(options).from;
  const Providers providers(rules, begin);
  for (const MunicipalityRow& row : rules.municipalities) {
    if (!row.validity.contains(begin)) continue;
    const Organisation* organisation = rules.organisation(providers.municipal(row.code), begin);
    const bool placed = organisation != nullptr && organisation->municipality == row.code &&
                        organisation->sector == Sector::kMunicipality;
    if (placed && writer.write(*organisation)) ++summary.organisations;
  }
  for (const Organisation& organisation : rules.organisations) {
    // The administrations: a region's own services send events about citizens, not reports.
    const bool administration =
        organisation.sector == Sector::kRegion && organisation.unit_type.empty();
    if (administration && writer.write(organisation)) ++summary.organisations;
  }
  std::stable_sort(messages.begin(), messages.end(), [](const Message& a, const Message& b) {
    return a.arrival.arrives_at < b.arrival.arrives_at;
  });
  for (const Message& message : messages) {
    ++summary.events;
    summary.duplicates += message.kind == Kind::kDuplicate ? 1 : 0;
    summary.corrections += message.kind == Kind::kCorrection ? 1 : 0;
    summary.cancellations += message.kind == Kind::kCancellation ? 1 : 0;
    summary.refusable += message.kind == Kind::kRefusable ? 1 : 0;
    if (!emit(message.arrival)) break;
  }
  return summary;
}

}  // namespace kronika::simulator
