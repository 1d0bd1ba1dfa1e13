#include "life.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace kronika::simulator {

using namespace domain;

namespace {

constexpr std::int64_t kMsPerMinute = 60'000;

struct CodeRow {
  std::string_view programme;
  std::array<std::string_view, 3> codes;  // SKS
};
constexpr std::array<CodeRow, 14> kCodes{{{"KOL", {"DJ449", "DJ448", "DJ440"}},
                                          {"T2D", {"DE119", "DE118", "DE112"}},
                                          {"T1D", {"DE109", "DE108", "DE103"}},
                                          {"HEART_IHD", {"DI259", "DI209", "DI252"}},
                                          {"HEART_HF", {"DI509", "DI500", "DI501"}},
                                          {"HEART_ARR", {"DI489", "DI480", "DI482"}},
                                          {"HEART_VALVE", {"DI350", "DI340", "DI351"}},
                                          {"CANCER_REHAB", {"DC509", "DC619", "DC189"}},
                                          {"CANCER_FOLLOWUP", {"DC509", "DC619", "DC189"}},
                                          {"LBP", {"DM545", "DM511", "DM544"}},
                                          {"MSK", {"DM169", "DM179", "DM069"}},
                                          {"DEMENTIA", {"DF009", "DF019", "DG309"}},
                                          {"SCZ", {"DF209", "DF200", "DF250"}},
                                          {"ABI", {"DI639", "DI619", "DS065"}}}};

double rounded(double value, int decimals) {
  const double scale = std::pow(10.0, decimals);
  return std::round(value * scale) / scale;
}

}  // namespace

LifeWriter::LifeWriter(const Rules& rules, const Population& population, const Providers& providers,
                       std::uint64_t seed)
    : rules_(rules), providers_(providers), timeline_(population.timeline()), seed_(seed) {}

std::vector<Draft> LifeWriter::write(const Citizen& citizen) {
  citizen_ = &citizen;
  random_ = Random(seed_, citizen.index, 2);
  names_ = 0;
  drafts_.clear();
  person();
  for (std::size_t i = 0; i < citizen.diseases.size(); ++i) disease(citizen.diseases[i], i);
  stays();
  return std::move(drafts_);
}

std::string LifeWriter::name(char kind) {
  return kind + std::to_string(citizen_->index) + "-" + std::to_string(++names_);
}

const std::string& LifeWriter::practice(Day day) const {
  return providers_.practice(citizen_->municipality_on(day), citizen_->index);
}

Instant LifeWriter::office_hour(Day day) {
  // Monday to Friday, 8 to 16.
  const int weekday = ((day.days + 3) % 7 + 7) % 7;  // 0: Monday
  if (weekday > 4) day = day + (7 - weekday);
  return from_local(day, (8 * 60 + random_.between(0, 479)) * kMsPerMinute).instant;
}

void LifeWriter::add_at(Instant at, Source source, std::string sender, Payload payload) {
  if (at > timeline_.end || civil_date_of(at) < citizen_->birth) return;
  if (citizen_->death && civil_date_of(at) >= *citizen_->death) return;
  Draft d;
  d.occurred = at;
  d.initial_load = civil_date_of(at) < timeline_.from;
  d.source = source;
  d.sender = std::move(sender);
  d.payload = std::move(payload);
  drafts_.push_back(std::move(d));
}

void LifeWriter::add(Day day, Source source, std::string sender, Payload payload) {
  add_at(office_hour(day), source, std::move(sender), std::move(payload));
}

void LifeWriter::measure(Day day, Source source, const std::string& sender, std::string_view key,
                         double value, Timepoint timepoint) {
  const MeasureIndex m = rules_.measure(key);
  if (m == kNoMeasure) return;
  const Measure& measure = rules_.measures[m];
  MeasurementRecorded p;
  p.code_system = measure.first_code.system;
  p.code = measure.first_code.code;
  // The hard range is impossible; people are inside.
  value = std::clamp(value, measure.hard_min.value_or(value), measure.hard_max.value_or(value));
  p.value = measure.kind == ValueKind::kOrdinal ? std::round(value) : value;
  p.unit = measure.ucum_unit;
  p.timepoint = timepoint;
  if (source == Source::kTelemedicine) {
    p.setting = Setting::kHome;
    p.performer = Performer::kPatient;
  } else {
    p.setting = Setting::kClinic;
    p.performer = Performer::kProfessional;
  }
  add(day, source, sender, std::move(p));
}

void LifeWriter::measure_coded(Day day, std::string_view key, std::string_view value) {
  const MeasureIndex m = rules_.measure(key);
  if (m == kNoMeasure) return;
  MeasurementRecorded p;
  p.code_system = rules_.measures[m].first_code.system;
  p.code = rules_.measures[m].first_code.code;
  p.value = std::string(value);
  add(day, Source::kPractice, practice(day), std::move(p));
}

std::string LifeWriter::diagnosis_code(ProgrammeIndex programme) {
  const std::string& wanted = id(programme);
  for (const CodeRow& row : kCodes) {
    if (row.programme == wanted) return std::string(row.codes[random_.next() % row.codes.size()]);
  }
  return "DZ000";
}

void LifeWriter::person() {
  const std::string& reg = providers_.person_register();
  const Instant load = start_of_day(timeline_.from - 1);
  const bool chronic = !citizen_->diseases.empty();
  // Registers answer for everybody who is in contact; the healthy appear when something happens.
  if (chronic && !citizen_->education.empty()) {
    PersonAttributesRecorded p;
    p.education_code = citizen_->education;
    p.lives_alone = random_.chance(0.35);
    add_at(load, Source::kRegister, reg, std::move(p));
  }
  for (const Move& move : citizen_->moves) {
    char code[8];
    std::snprintf(code, sizeof code, "%04d", static_cast<int>(move.to));
    add_at(start_of_day(move.on), Source::kRegister, reg, ResidenceChanged{code});
    if (!drafts_.empty()) drafts_.back().date_only = true;
  }
  if (citizen_->death) {
    const Instant at =
        start_of_day(*citizen_->death) + std::chrono::minutes(random_.between(0, 1439));
    if (at <= timeline_.end && civil_date_of(at) == *citizen_->death) {
      Draft d;
      d.occurred = at;
      d.source = Source::kRegister;
      d.sender = reg;
      d.payload = PersonDeceased{};
      drafts_.push_back(std::move(d));
    }
  }
  if (!chronic && random_.chance(0.01)) {
    const Day day = timeline_.from + random_.between(0, timeline_.days() - 1);
    add(day, Source::kPractice, practice(day), HealthCheckCompleted{});
  }
}

void LifeWriter::disease(const Disease& disease, std::size_t nth) {
  const bool prevalent = disease.since < timeline_.from;
  const Day since = disease.since;
  const std::string& programme = id(disease.programme);
  const bool hospital_led = programme == "T1D" || programme == "CANCER_FOLLOWUP" ||
                            programme == "SCZ" || programme == "ABI";
  const bool at_hospital = hospital_led || random_.chance(0.25);
  const std::string& hospital =
      providers_.hospital(citizen_->municipality_on(since), citizen_->index);

  if (!prevalent && programme == "KOL" && random_.chance(0.3)) {
    MeasurementRecorded spirometry;
    const MeasureIndex m = rules_.measure("FEV1_FVC");
    spirometry.code_system = rules_.measures[m].first_code.system;
    spirometry.code = rules_.measures[m].first_code.code;
    spirometry.value = rounded(0.5 + 0.19 * random_.uniform(), 2);
    spirometry.unit = "1";
    spirometry.method = "POST_BRONCHODILATOR";
    add(since - random_.between(3, 20), Source::kPractice, practice(since), std::move(spirometry));
  }
  // Both cancer programmes come from one diagnosis.
  const bool told = programme == "CANCER_FOLLOWUP" && nth > 0 &&
                    id(citizen_->diseases[nth - 1].programme) == "CANCER_REHAB";
  if (!told) {
    DiagnosisRecorded d{"SKS", diagnosis_code(disease.programme),
                        at_hospital ? DiagnosisSetting::kHospital : DiagnosisSetting::kGp};
    add(since, at_hospital ? Source::kHospital : Source::kPractice,
        at_hospital ? hospital : practice(since), std::move(d));
  }
  controls(disease);

  const Day story = prevalent ? timeline_.from + random_.between(0, timeline_.days() - 1)
                              : since + random_.between(1, 30);
  if (random_.chance(0.75)) {
    StratificationAssessed s;
    s.programme = programme;
    const std::array<double, 3> levels{0.55, 0.33, 0.12};
    s.level = static_cast<std::uint32_t>(random_.pick(levels)) + 1;
    s.assessor_role = at_hospital ? "HOSPITAL" : "GP";
    const std::array<double, 3> care{0.6, 0.3, 0.1};
    s.self_care = static_cast<SelfCare>(random_.pick(care) + 1);
    add(story, at_hospital ? Source::kHospital : Source::kPractice,
        at_hospital ? hospital : practice(story), std::move(s));
  }
  if (random_.chance(0.3)) {
    add(story, Source::kPractice, practice(story),
        CoordinationAssigned{CoordinationRole::kTovholder, practice(story)});
  }
  if (random_.chance(prevalent ? 0.18 : 0.45)) {
    const Municipality home = citizen_->municipality_on(story);
    pathway(disease, story + random_.between(0, 14),
            hospital_led ? hospital : providers_.municipal(home));
  }
  if (programme == "KOL" && random_.chance(0.06)) telemonitoring(story + 20);
}

void LifeWriter::pathway(const Disease& disease, Day from, const std::string& receiver) {
  const std::string& programme = id(disease.programme);
  const Organisation* organisation = rules_.organisation(receiver, from);
  const bool hospital = organisation != nullptr && organisation->sector == Sector::kHospital;
  const Source provider = hospital ? Source::kHospital : Source::kMunicipality;

  ReferralSent referral;
  referral.referral_id = name('R');
  referral.receiver_org = receiver;
  referral.requested_service =
      hospital ? RequestedService::kHospitalOutpatient
               : (random_.chance(0.85) ? RequestedService::kMunicipalRehab
                                       : RequestedService::kNonSpecificMunicipal);
  referral.programme = programme;
  referral.priority = random_.chance(0.08) ? Priority::kUrgent : Priority::kRoutine;
  if (programme == "LBP") referral.pain_onset_date = from - random_.between(60, 400);
  const std::string referral_id = referral.referral_id;
  add(from, Source::kPractice, practice(from), std::move(referral));

  if (random_.chance(0.02)) {
    add(from + random_.between(1, 10), Source::kPractice, practice(from),
        ReferralRevoked{referral_id, "sent by mistake"});
    return;
  }
  const Day decided = from + random_.between(1, random_.chance(0.12) ? 35 : 14);
  const double fate = random_.uniform();
  if (fate < 0.05) {
    add(decided, provider, receiver,
        VisitationDecided{referral_id, VisitationDecision::kReject, "no offer fits", "", {}});
    return;
  }
  if (fate < 0.08) return;  // forgotten: becomes visitation_overdue
  if (fate < 0.95) {        // the rest is taken in without a decision being sent
    add(decided, provider, receiver,
        VisitationDecided{referral_id, VisitationDecision::kAccept, "", "", {}});
  }
  const Day interview = decided + random_.between(3, random_.chance(0.15) ? 50 : 25);
  if (random_.chance(0.06)) {
    add(interview, Source::kPractice, practice(interview), PatientDeclined{programme, ""});
    return;
  }
  add(interview, provider, receiver, InterviewHeld{InterviewKind::kInitial, {programme}});
  if (rules_.programmes[disease.programme].lasting_follow_up) {
    add(interview + random_.between(7, 30), provider, receiver,
        InterviewHeld{InterviewKind::kFollowUp, {programme}});
    return;
  }
  if (random_.chance(0.05)) {
    add(interview + 1, provider, receiver, PathwayClosed{programme, CloseReason::kNoNeed});
    return;
  }
  rehabilitation(disease.programme, interview + random_.between(3, 30), receiver);
}

void LifeWriter::rehabilitation(ProgrammeIndex programme, Day from, const std::string& receiver) {
  const std::string& p = id(programme);
  const Organisation* organisation = rules_.organisation(receiver, from);
  const Source provider = organisation != nullptr && organisation->sector == Sector::kHospital
                              ? Source::kHospital
                              : Source::kMunicipality;
  const auto type_of = [this](std::string_view kind) -> std::string {
    for (const InterventionType& t : rules_.interventions) {
      if (t.kind == kind) return t.uuid;
    }
    return rules_.interventions.front().uuid;
  };
  struct Active {
    std::string id;
    int weeks;
  };
  std::vector<Active> active;
  const std::array<std::string_view, 4> kinds{
      "TRAINING", "EDUCATION", p == "KOL" ? "SMOKING_CESSATION" : "DIET_ADVICE", "MENTAL"};
  const int count = random_.between(1, 3);
  for (int i = 0; i < count; ++i) {
    InterventionStarted start;
    start.intervention_id = name('I');
    start.programmes = {p};
    start.type = type_of(kinds[static_cast<std::size_t>(i)]);
    start.delivery = random_.chance(0.7)   ? Delivery::kGroup
                     : random_.chance(0.8) ? Delivery::kIndividual
                                           : Delivery::kDigital;
    active.push_back({start.intervention_id, random_.between(6, 12)});
    add(from + i, provider, receiver, std::move(start));
  }
  const double walk = 420 + 80 * random_.normal();
  const double wellbeing = 55 + 15 * random_.normal();
  measure(from, provider, receiver, "WALK_6MIN", rounded(walk, 0), Timepoint::kBaseline);
  measure(from, provider, receiver, "SIT_TO_STAND_30S", 11 + 3 * random_.normal(),
          Timepoint::kBaseline);
  measure(from, provider, receiver, "WHO5", wellbeing, Timepoint::kBaseline);

  // One fate for the citizen: completed, gone without a word, or stopped with a reason.
  const double fate = random_.uniform();
  const int last_week = fate < 0.78 ? 100 : random_.between(1, 5);
  Day end = from;
  for (const Active& a : active) {
    const int weeks = std::min(a.weeks, last_week);
    for (int w = 0; w < weeks; ++w) {
      add(from + 7 * w + random_.between(1, 4), provider, receiver,
          InterventionAttended{a.id, {p}, random_.chance(0.88)});
    }
    end = std::max(end, from + 7 * weeks);
  }
  if (fate >= 0.96) return;  // silence: suspected_dropout
  if (fate >= 0.78) {
    const ReasonClass wanted = fate < 0.90   ? ReasonClass::kDropout
                               : fate < 0.93 ? ReasonClass::kEarly
                                             : ReasonClass::kEvent;
    std::vector<const StopReason*> reasons;
    for (const StopReason& r : rules_.stop_reasons) {
      if (r.reason_class == wanted) reasons.push_back(&r);
    }
    const std::string reason = reasons[random_.next() % reasons.size()]->uuid;
    for (const Active& a : active) {
      add(end, provider, receiver, InterventionStopped{a.id, {p}, StopStatus::kCancelled, reason});
    }
    return;
  }
  for (const Active& a : active) {
    add(from + 7 * a.weeks, provider, receiver,
        InterventionStopped{a.id, {p}, StopStatus::kCompleted, ""});
  }
  const Day final = end + random_.between(5, 20);
  if (random_.chance(0.92)) {
    add(final, provider, receiver, InterviewHeld{InterviewKind::kFinal, {p}});
  }
  measure(final, provider, receiver, "WALK_6MIN", rounded(walk + 25 + 30 * random_.normal(), 0),
          Timepoint::kEnd);
  measure(final, provider, receiver, "SIT_TO_STAND_30S", 12 + 3 * random_.normal(),
          Timepoint::kEnd);
  measure(final, provider, receiver, "WHO5", wellbeing + 6 + 8 * random_.normal(), Timepoint::kEnd);
  if (random_.chance(0.6)) {
    QuestionnaireAnswered q;
    q.instrument = Instrument::kSatisfaction;
    const std::array<double, 5> grades{0.02, 0.05, 0.18, 0.45, 0.30};
    q.scores = {{"SATISFACTION", static_cast<double>(random_.pick(grades) + 1)}};
    q.programme = p;
    add(final + random_.between(0, 14), provider, receiver, std::move(q));
  }
  if (random_.chance(0.55)) {
    add(final + random_.between(60, 100), provider, receiver,
        InterviewHeld{InterviewKind::kFollowUp, {p}});
  }
  if (random_.chance(0.8)) {
    add(final + random_.between(105, 150), provider, receiver,
        PathwayClosed{p, CloseReason::kFull});
  }
}

void LifeWriter::controls(const Disease& disease) {
  const std::string& p = id(disease.programme);
  // A fifth never come, the others about once or twice a year.
  if (random_.chance(0.2)) return;
  const double severity = random_.uniform();
  const int every = p == "T2D" || p == "T1D" ? 182 : 365;
  const Day begin = std::max(disease.since, timeline_.from - every);
  bool first = true;
  for (Day day = begin + random_.between(0, every); day <= timeline_.to;
       day = day + every + random_.between(-40, 60)) {
    const std::string& gp = practice(day);
    const auto gp_measure = [&](std::string_view key, double value) {
      measure(day, Source::kPractice, gp, key, value);
    };
    if (p == "KOL") {
      gp_measure("MRC", 1 + 4 * severity + 0.5 * random_.normal());
      gp_measure("CAT", 4 + 26 * severity + 3 * random_.normal());
      gp_measure("FEV1_PCT", rounded(95 - 65 * severity + 5 * random_.normal(), 0));
      gp_measure("EXACERBATIONS_12M", std::max(0.0, 3 * severity - 1 + 0.7 * random_.normal()));
      const std::array<double, 4> smoking{0.33, 0.05, 0.5, 0.12};
      const std::array<std::string_view, 4> names{"DAILY", "OCCASIONAL", "FORMER", "NEVER"};
      if (random_.chance(0.85)) measure_coded(day, "SMOKING", names[random_.pick(smoking)]);
      if (severity > 0.93 && first) measure_coded(day, "HOME_OXYGEN", "YES");
    } else if (p == "T2D" || p == "T1D") {
      gp_measure("HBA1C", rounded(44 + 28 * severity + 4 * random_.normal(), 0));
      gp_measure("LDL", rounded(2.1 + 0.7 * random_.normal(), 1));
      if (random_.chance(0.75))
        gp_measure("UACR", rounded(std::exp(1.5 + 2.5 * severity + 0.7 * random_.normal()), 0));
      if (random_.chance(0.6)) measure_coded(day, "EYE_EXAM", "DONE");
      if (random_.chance(0.6)) measure_coded(day, "FOOT_EXAM", "DONE");
      if (first) gp_measure("DIABETES_ONSET_YEAR", year_month_day(disease.since).year);
    } else if (p == "HEART_HF") {
      gp_measure("NYHA", 1 + 3 * severity);
      gp_measure("LVEF", rounded(58 - 32 * severity + 4 * random_.normal(), 0));
    } else if (p == "HEART_IHD") {
      gp_measure("CCS", 3.2 * severity);
      gp_measure("LDL", rounded(1.8 + 0.6 * random_.normal(), 1));
    } else if (p == "LBP") {
      QuestionnaireAnswered q;
      q.instrument = Instrument::kStartBack;
      const double total = std::round(9 * severity);
      q.scores = {{"START_TOTAL", total},
                  {"START_PSYCH", std::min({5.0, total, std::round(5 * severity)})}};
      q.programme = p;
      add(day, Source::kPractice, gp, std::move(q));
    }
    // Both pressures belong to one moment.
    const double systolic = rounded(134 + 14 * random_.normal(), 0);
    gp_measure("SBP", systolic);
    const Instant moment = drafts_.empty() ? office_hour(day) : drafts_.back().occurred;
    gp_measure("DBP", rounded(std::min(systolic - 25, 80 + 9 * random_.normal()), 0));
    if (!drafts_.empty()) drafts_.back().occurred = moment;
    if (random_.chance(0.5)) gp_measure("WEIGHT", rounded(79 + 15 * random_.normal(), 1));
    first = false;
  }
}

void LifeWriter::telemonitoring(Day from) {
  const std::string& hospital =
      providers_.hospital(citizen_->municipality_on(from), citizen_->index);
  add(from, Source::kHospital, hospital,
      SelfTreatmentChanged{SelfTreatmentKind::kTelekol, SelfTreatmentStatus::kOffered});
  add(from + 7, Source::kHospital, hospital,
      SelfTreatmentChanged{SelfTreatmentKind::kTelekol, SelfTreatmentStatus::kActive});
  const Day end = from + random_.between(60, 300);
  const double usual = 93 + 2 * random_.normal();
  // Twice a week, with holidays.
  for (Day day = from + 8; day < end && day <= timeline_.to;
       day = day + (random_.chance(0.05) ? 14 : random_.between(3, 4))) {
    measure(day, Source::kTelemedicine, hospital, "SPO2",
            rounded(usual + 1.2 * random_.normal(), 0));
    measure(day, Source::kTelemedicine, hospital, "PULSE", rounded(78 + 9 * random_.normal(), 0));
  }
  add(end, Source::kHospital, hospital,
      SelfTreatmentChanged{SelfTreatmentKind::kTelekol, SelfTreatmentStatus::kEnded});
}

void LifeWriter::stays() {
  const int age = age_on(citizen_->birth, timeline_.from);
  const double years = timeline_.days() / 365.0;
  double a_year = age < 65 ? 0.05 : age < 80 ? 0.16 : 0.32;
  for (const Disease& d : citizen_->diseases) {
    const std::string& p = id(d.programme);
    a_year += p == "KOL" || p == "HEART_HF" ? 0.25 : 0.06;
  }
  double expected = a_year * years;
  while (expected > 0 && random_.chance(std::min(1.0, expected))) {
    expected -= 1;
    Day day = timeline_.from + random_.between(0, timeline_.days() - 1);
    day = stay(day, random_.chance(0.7));
    if (random_.chance(0.13)) (void)stay(day + random_.between(1, 29), random_.chance(0.85));
  }
}

LifeWriter::Day LifeWriter::stay(Day from, bool acute) {
  const std::string& hospital =
      providers_.hospital(citizen_->municipality_on(from), citizen_->index + 1);
  Instant at = start_of_day(from) + std::chrono::minutes(random_.between(0, 1439));
  const std::string episode = name('E');
  std::string contact = name('C');
  const bool first_emergency = acute && random_.chance(0.6);
  if (first_emergency) {
    add_at(at, Source::kHospital, hospital,
           HospitalStayStarted{contact, EncounterClass::kEmer, episode, std::nullopt, "FAM"});
    at = at + std::chrono::minutes(random_.between(60, 600));
    if (random_.chance(0.25)) {  // sent home
      add_at(at, Source::kHospital, hospital,
             HospitalStayEnded{DischargeDisposition::kHome, contact, episode});
      return civil_date_of(at);
    }
    contact = name('C');  // no end: the next contact implies it
  }
  add_at(at, Source::kHospital, hospital,
         HospitalStayStarted{contact, EncounterClass::kImp, episode,
                             random_.chance(0.8) ? std::optional<bool>(acute) : std::nullopt, ""});
  const Instant begin = at;
  at = at + std::chrono::minutes(60 * random_.between(10, random_.chance(0.2) ? 400 : 120));
  const std::int64_t minutes = (at - begin).count() / kMsPerMinute;
  if (minutes > 72 * 60 && random_.chance(0.1)) {
    const Instant leave = begin + std::chrono::minutes(minutes / 3);
    add_at(leave, Source::kHospital, hospital, LeaveStarted{contact});
    add_at(leave + std::chrono::hours(20), Source::kHospital, hospital, LeaveEnded{contact});
  }
  add_at(at, Source::kHospital, hospital,
         HospitalStayEnded{
             random_.chance(0.95) ? DischargeDisposition::kHome : DischargeDisposition::kTransfer,
             contact, random_.chance(0.5) ? episode : std::string()});
  if (random_.chance(0.92)) {
    DischargeReportReceived report;
    report.contact_id = contact;
    const std::array<std::string_view, 8> others{"DJ189", "DN390", "DS720", "DK590",
                                                 "DR074", "DA099", "DM169", "DE869"};
    if (!citizen_->diseases.empty() && random_.chance(0.45)) {
      const Disease& d = citizen_->diseases[random_.next() % citizen_->diseases.size()];
      report.main_diagnosis = id(d.programme) == "KOL" ? "DJ441" : diagnosis_code(d.programme);
    } else {
      report.main_diagnosis = others[random_.next() % others.size()];
    }
    for (const Disease& d : citizen_->diseases) {
      if (random_.chance(0.5)) report.secondary_diagnoses.push_back(diagnosis_code(d.programme));
    }
    add_at(at + std::chrono::minutes(random_.between(30, 4000)), Source::kHospital, hospital,
           std::move(report));
  }
  return civil_date_of(at);
}

}  // namespace kronika::simulator
