// Payloads of a scenario line, with the defaults that the form gives (top of golden.yaml).
#include "form.h"

#include <algorithm>
#include <charconv>

namespace kronika::scenario {
namespace {

using namespace domain;

/// A name that is not in the list becomes a number that is not in the enum: the checks must see it.
template <class E>
E enum_of(const std::optional<std::string>& text,
          std::initializer_list<std::pair<std::string_view, E>> names, E absent = E{}) {
  if (!text) return absent;
  for (const auto& [name, value] : names) {
    if (name == *text) return value;
  }
  return static_cast<E>(0xfe);
}

class Reader {
 public:
  Reader(const YAML::Node& node, const PayloadContext& context) : node_(node), context_(context) {}

  [[nodiscard]] std::optional<std::string> opt(const std::string& key) const {
    return text_at(node_, key);
  }
  /// Absent: the default; null: empty, as if the sender had left it out.
  [[nodiscard]] std::string text(const std::string& key, std::string absent = "") const {
    if (!node_[key].IsDefined()) return absent;
    return opt(key).value_or("");
  }
  [[nodiscard]] std::vector<std::string> list(const std::string& key) const {
    std::vector<std::string> items;
    const YAML::Node n = child_of(node_, key);
    if (n.IsScalar()) items.push_back(n.as<std::string>());
    if (n.IsSequence()) {
      for (const YAML::Node& item : n) items.push_back(item.as<std::string>());
    }
    return items;
  }
  [[nodiscard]] std::optional<bool> boolean(const std::string& key) const {
    const auto t = opt(key);
    if (!t) return std::nullopt;
    if (*t != "true" && *t != "false") throw FormError(key + " is neither true nor false");
    return *t == "true";
  }
  [[nodiscard]] std::optional<CivilDate> date(const std::string& key) const {
    const auto t = opt(key);
    if (!t) return std::nullopt;
    const auto d = parse_date(*t);
    if (!d) throw FormError(key + " '" + *t + "' is no date");
    return d;
  }
  [[nodiscard]] std::string org(const std::string& key, const std::string& absent = "") const {
    const std::string label = text(key, absent);
    const auto it = context_.file.orgs.find(label);
    return it == context_.file.orgs.end() ? label : it->second;
  }
  /// A kind of interventions.csv stands for the first row of that kind.
  [[nodiscard]] std::string intervention_type() const {
    const std::string kind = text("type", "TRAINING");
    for (const InterventionType& t : context_.file.rules.interventions) {
      if (t.kind == kind) return t.uuid;
    }
    return kind;
  }
  [[nodiscard]] std::string stop_reason() const {
    const std::string start = text("reason");
    if (start.size() < 8) return start;
    for (const StopReason& r : context_.file.rules.stop_reasons) {
      if (r.uuid.starts_with(start)) return r.uuid;
    }
    return start;
  }
  [[nodiscard]] std::vector<Coding> codings(const std::string& key) const {
    std::vector<Coding> result;
    const YAML::Node codes = node_[key];
    if (!codes.IsDefined()) return result;
    for (const YAML::Node& n : codes) {
      if (n.IsMap()) {
        result.push_back({text_at(n, "system").value_or("SKS"), text_at(n, "code").value_or("")});
      } else {
        result.push_back({"SKS", n.as<std::string>()});
      }
    }
    return result;
  }
  [[nodiscard]] const YAML::Node& node() const { return node_; }
  [[nodiscard]] const PayloadContext& context() const { return context_; }

 private:
  const YAML::Node& node_;
  const PayloadContext& context_;
};

std::optional<double> number(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Timepoint timepoint(const Reader& r) {
  return enum_of<Timepoint>(r.opt("timepoint"), {{"BASELINE", Timepoint::kBaseline},
                                                 {"END", Timepoint::kEnd},
                                                 {"FOLLOW_UP", Timepoint::kFollowUp},
                                                 {"NONE", Timepoint::kNone}});
}

Priority priority(const Reader& r) {
  return enum_of<Priority>(r.opt("priority"), {{"routine", Priority::kRoutine},
                                               {"urgent", Priority::kUrgent},
                                               {"asap", Priority::kAsap},
                                               {"stat", Priority::kStat}});
}

ReferralSent referral(const Reader& r) {
  ReferralSent p;
  p.referral_id = r.text("referral_id", "R1");
  p.receiver_org = r.org("receiver_org", "M0751");
  using S = RequestedService;
  p.requested_service = r.node()["requested_service"].IsDefined()
                            ? enum_of<S>(r.opt("requested_service"),
                                         {{"MUNICIPAL_REHAB", S::kMunicipalRehab},
                                          {"NON_SPECIFIC_MUNICIPAL", S::kNonSpecificMunicipal},
                                          {"HOSPITAL_REHAB", S::kHospitalRehab},
                                          {"HOSPITAL_OUTPATIENT", S::kHospitalOutpatient},
                                          {"GP_FOLLOWUP", S::kGpFollowup},
                                          {"SELF_CARE_OFFER", S::kSelfCareOffer}})
                            : S::kMunicipalRehab;
  p.programme = r.text("programme");
  p.diagnosis_codes = r.codings("diagnosis_codes");
  p.priority = priority(r);
  p.pain_onset_date = r.date("pain_onset_date");
  p.replaces_referral_id = r.text("replaces_referral_id");
  p.special_needs = r.text("special_needs");
  p.reason = r.text("reason");
  return p;
}

VisitationDecided visitation(const Reader& r) {
  VisitationDecided p;
  p.referral_id = r.text("referral_id", "R1");
  using D = VisitationDecision;
  p.decision = enum_of<D>(r.opt("decision"), {{"ACCEPT", D::kAccept},
                                              {"REJECT", D::kReject},
                                              {"FORWARD", D::kForward},
                                              {"PRIORITY_CHANGE", D::kPriorityChange}});
  p.reason = r.text("reason");
  p.new_receiver_org = r.org("new_receiver_org");
  p.priority = priority(r);
  return p;
}

HospitalStayStarted stay_started(const Reader& r) {
  HospitalStayStarted p;
  p.contact_id = r.text("contact_id");
  p.encounter_class = enum_of<EncounterClass>(
      r.opt("class"), {{"IMP", EncounterClass::kImp}, {"EMER", EncounterClass::kEmer}});
  p.episode_id = r.text("episode_id");
  p.acute = r.boolean("acute");
  p.unit = r.text("unit");
  return p;
}

MeasurementRecorded measurement(const Reader& r) {
  MeasurementRecorded p;
  p.code_system = r.text("code_system");
  p.code = r.text("code");
  if (const auto key = r.opt("m")) {
    const MeasureIndex m = r.context().file.rules.measure(*key);
    const Coding coding =
        m == kNoMeasure ? Coding{"KRONIKA", *key} : r.context().file.rules.measures[m].first_code;
    p.code_system = coding.system;
    p.code = coding.code;
  }
  if (const YAML::Node value = r.node()["value"]; value.IsDefined() && value.IsScalar()) {
    const std::string text = value.Scalar();
    const bool quoted = value.Tag() == "!";
    const auto n = number(text);
    if (n && !quoted) {
      p.value = *n;
    } else {
      p.value = text;
    }
  }
  p.unit = r.text("unit");
  p.timepoint = timepoint(r);
  p.setting = enum_of<Setting>(
      r.opt("setting"),
      {{"CLINIC", Setting::kClinic}, {"HOME", Setting::kHome}, {"TELEMED", Setting::kTelemed}});
  p.performer = enum_of<Performer>(r.opt("performer"), {{"PROFESSIONAL", Performer::kProfessional},
                                                        {"PATIENT", Performer::kPatient}});
  p.method = r.text("method");
  p.programme = r.text("programme");
  p.preliminary = r.boolean("preliminary").value_or(false);
  return p;
}

QuestionnaireAnswered questionnaire(const Reader& r) {
  QuestionnaireAnswered p;
  using I = Instrument;
  p.instrument = enum_of<I>(r.opt("instrument"), {{"START_BACK", I::kStartBack},
                                                  {"CAT", I::kCat},
                                                  {"WHO5", I::kWho5},
                                                  {"PROMIS10", I::kPromis10},
                                                  {"SATISFACTION", I::kSatisfaction}});
  for (const auto& score : r.node()["scores"]) {
    const auto n = number(score.second.as<std::string>());
    if (!n) throw FormError("a score is no number");
    p.scores.push_back({score.first.as<std::string>(), *n});
  }
  p.timepoint = timepoint(r);
  p.programme = r.text("programme");
  return p;
}

StratificationAssessed stratification(const Reader& r) {
  StratificationAssessed p;
  p.programme = r.text("programme");
  p.level = static_cast<std::uint32_t>(number(r.text("level", "0")).value_or(99));
  p.assessor_role = r.text("assessor_role", "GP");
  p.self_care = enum_of<SelfCare>(
      r.opt("self_care"),
      {{"GOOD", SelfCare::kGood}, {"REDUCED", SelfCare::kReduced}, {"LOW", SelfCare::kLow}});
  p.severity = r.text("severity");
  p.progression = r.text("progression");
  p.social = r.text("social");
  p.ruleset_id = r.text("ruleset_id");
  p.ruleset_version = r.text("ruleset_version");
  return p;
}

PathwayPlanChanged plan(const Reader& r) {
  PathwayPlanChanged p;
  p.plan_id = r.text("plan_id");
  p.programmes = r.list("programmes");
  p.category = enum_of<PlanCategory>(
      r.opt("category"),
      {{"INTERVENTION", PlanCategory::kIntervention}, {"FOLLOW_UP", PlanCategory::kFollowUp}});
  p.status = enum_of<PlanStatus>(r.opt("status"), {{"ACTIVE", PlanStatus::kActive},
                                                   {"COMPLETED", PlanStatus::kCompleted},
                                                   {"CANCELLED", PlanStatus::kCancelled}});
  p.reason = r.stop_reason();
  const YAML::Node goals = child_of(r.node(), "goals");
  if (goals.IsMap()) {
    for (const auto& g : goals)
      p.goals.push_back({g.first.as<std::string>(), g.second.as<double>()});
  } else if (goals.IsSequence()) {
    for (const YAML::Node& g : goals) {
      const auto key = text_at(g, "measure_key");
      p.goals.push_back(
          {key ? *key : text_at(g, "measure").value_or(""), g["target"].as<double>()});
    }
  }
  p.shared_decision = r.boolean("shared_decision");
  p.version = r.text("version");
  p.legal_basis = enum_of<LegalBasis>(
      r.opt("legal_basis"),
      {{"SECTION_119", LegalBasis::kSection119}, {"SECTION_140", LegalBasis::kSection140}});
  return p;
}

CoordinationRole role(const Reader& r) {
  return enum_of<CoordinationRole>(
      r.opt("role"), {{"TOVHOLDER", CoordinationRole::kTovholder},
                      {"FORLOEBSKOORDINATOR", CoordinationRole::kForloebskoordinator}});
}

SelfTreatmentChanged self_treatment(const Reader& r) {
  using K = SelfTreatmentKind;
  using S = SelfTreatmentStatus;
  return {enum_of<K>(r.opt("kind"), {{"AK", K::kAk},
                                     {"TELEKOL", K::kTelekol},
                                     {"TELE_WOUND", K::kTeleWound},
                                     {"OTHER", K::kOther}}),
          enum_of<S>(r.opt("status"),
                     {{"OFFERED", S::kOffered}, {"ACTIVE", S::kActive}, {"ENDED", S::kEnded}})};
}

GoalProgressReported goal_progress(const YAML::Node& node) {
  GoalProgressReported p;
  p.area = static_cast<std::uint32_t>(number(text_at(node, "area").value_or("0")).value_or(0));
  p.owner = text_at(node, "owner").value_or("");
  if (const auto d = text_at(node, "deadline")) p.deadline = parse_date(*d);
  p.measurable_target = text_at(node, "measurable_target").value_or("");
  using G = GoalStatus;
  p.status = enum_of<G>(text_at(node, "status"), {{"NOT_STARTED", G::kNotStarted},
                                                  {"IN_PROGRESS", G::kInProgress},
                                                  {"REACHED", G::kReached},
                                                  {"NOT_REACHED", G::kNotReached}});
  p.evidence_link = text_at(node, "evidence_link").value_or("");
  for (const YAML::Node& n : node["measuring_points"]) {
    p.measuring_points.push_back(n.as<std::string>());
  }
  return p;
}

AnnualDocumentation annual(const Reader& r) {
  AnnualDocumentation p;
  p.year = static_cast<std::uint32_t>(number(r.text("year", "0")).value_or(0));
  for (const YAML::Node& n : r.node()["spend"]) {
    p.spend.push_back({text_at(n, "document").value_or(""), text_at(n, "purpose").value_or(""),
                       n["amount_oere"].as<std::int64_t>(0)});
  }
  for (const YAML::Node& n : r.node()["progress"]) p.progress.push_back(goal_progress(n));
  p.health_effects = r.text("health_effects");
  p.economic_effects = r.text("economic_effects");
  return p;
}

}  // namespace

Payload read_payload(EventType type, const YAML::Node& node, const PayloadContext& context) {
  const Reader r(node, context);
  switch (type) {
    case EventType::kUnknown:
      return {};
    case EventType::kReferralSent:
      return referral(r);
    case EventType::kReferralRevoked:
      return ReferralRevoked{r.text("referral_id", "R1"), r.text("reason")};
    case EventType::kVisitationDecided:
      return visitation(r);
    case EventType::kHospitalStayStarted:
      return stay_started(r);
    case EventType::kLeaveStarted:
      return LeaveStarted{r.text("contact_id")};
    case EventType::kLeaveEnded:
      return LeaveEnded{r.text("contact_id")};
    case EventType::kHospitalStayEnded: {
      using D = DischargeDisposition;
      return HospitalStayEnded{enum_of<D>(r.opt("disposition"), {{"HOME", D::kHome},
                                                                 {"TRANSFER", D::kTransfer},
                                                                 {"DECEASED", D::kDeceased},
                                                                 {"OTHER", D::kOther}}),
                               r.text("contact_id"), r.text("episode_id")};
    }
    case EventType::kDischargeReportReceived:
      return DischargeReportReceived{r.text("contact_id"), r.text("episode_id"),
                                     r.text("main_diagnosis"), r.list("secondary_diagnoses"),
                                     r.list("procedures")};
    case EventType::kMeasurementRecorded:
      return measurement(r);
    case EventType::kQuestionnaireAnswered:
      return questionnaire(r);
    case EventType::kHealthCheckCompleted:
      return HealthCheckCompleted{r.list("programmes")};
    case EventType::kDiagnosisRecorded:
      return DiagnosisRecorded{
          r.text("code_system", "SKS"), r.text("code"),
          r.node()["setting"].IsDefined()
              ? enum_of<DiagnosisSetting>(r.opt("setting"),
                                          {{"GP", DiagnosisSetting::kGp},
                                           {"HOSPITAL", DiagnosisSetting::kHospital},
                                           {"OTHER", DiagnosisSetting::kOther}})
              : DiagnosisSetting::kGp};
    case EventType::kDiagnosisExcluded:
      return DiagnosisExcluded{r.text("programme")};
    case EventType::kStratificationAssessed:
      return stratification(r);
    case EventType::kInterviewHeld:
      return InterviewHeld{
          enum_of<InterviewKind>(r.opt("kind"), {{"INITIAL", InterviewKind::kInitial},
                                                 {"NEEDS", InterviewKind::kNeeds},
                                                 {"FINAL", InterviewKind::kFinal},
                                                 {"FOLLOW_UP", InterviewKind::kFollowUp}}),
          r.list("programmes")};
    case EventType::kInterventionStarted: {
      InterventionStarted p;
      p.intervention_id = r.text("intervention_id", "I1");
      p.programmes = r.list("programmes");
      p.type = r.intervention_type();
      p.delivery = enum_of<Delivery>(r.opt("delivery"), {{"GROUP", Delivery::kGroup},
                                                         {"INDIVIDUAL", Delivery::kIndividual},
                                                         {"DIGITAL", Delivery::kDigital},
                                                         {"ROBOT", Delivery::kRobot}});
      p.diagnosis_specific = r.boolean("diagnosis_specific");
      p.plan_id = r.text("plan_id");
      return p;
    }
    case EventType::kInterventionAttended:
      return InterventionAttended{r.text("intervention_id", "I1"), r.list("programmes"),
                                  r.boolean("attended").value_or(true)};
    case EventType::kInterventionStopped:
      return InterventionStopped{
          r.text("intervention_id", "I1"), r.list("programmes"),
          enum_of<StopStatus>(r.opt("status"), {{"COMPLETED", StopStatus::kCompleted},
                                                {"CANCELLED", StopStatus::kCancelled}}),
          r.stop_reason()};
    case EventType::kPatientDeclined:
      return PatientDeclined{r.text("programme"), r.text("reason")};
    case EventType::kPathwayPlanChanged:
      return plan(r);
    case EventType::kPathwayClosed:
      return PathwayClosed{
          r.text("programme"),
          enum_of<CloseReason>(r.opt("reason"),
                               {{"FULL", CloseReason::kFull}, {"NO_NEED", CloseReason::kNoNeed}})};
    case EventType::kCoordinationAssigned:
      return CoordinationAssigned{role(r), r.org("holder")};
    case EventType::kCoordinationEnded:
      return CoordinationEnded{role(r)};
    case EventType::kSelfTreatmentChanged:
      return self_treatment(r);
    case EventType::kPersonDeceased:
      return PersonDeceased{};
    case EventType::kResidenceChanged:
      return ResidenceChanged{r.text("municipality")};
    case EventType::kCprReplaced: {
      const std::string label = r.text("old_person_key");
      const auto it = context.persons.find(label);
      return CprReplaced{it == context.persons.end() ? PersonKey{} : it->second.key};
    }
    case EventType::kPersonAttributesRecorded:
      return PersonAttributesRecorded{r.text("education_code"), r.boolean("lives_alone"),
                                      r.text("labour_market_status")};
    case EventType::kGoalProgressReported:
      return goal_progress(node);
    case EventType::kAnnualDocumentation:
      return annual(r);
    case EventType::kFinalReportAnswered: {
      FinalReportAnswered p;
      for (const YAML::Node& n : node["answers"]) {
        p.answers.push_back({text_at(n, "section").value_or(""), text_at(n, "text").value_or("")});
      }
      return p;
    }
  }
  return {};
}

}  // namespace kronika::scenario
