#include "report_answer.h"

#include "citizen_answer.h"
#include "text.h"

#include <kronika/base/ids.h>

namespace kronika::gateway {

using namespace domain;  // NOLINT(google-build-using-namespace): one message a domain type

namespace {

std::string_view sector_text(Sector sector) {
  switch (sector) {
    case Sector::kHospital:
      return "HOSPITAL";
    case Sector::kGp:
      return "GP";
    case Sector::kMunicipality:
      return "MUNICIPALITY";
    case Sector::kRegion:
      return "REGION";
    case Sector::kTelemedicine:
      return "TELEMEDICINE";
    case Sector::kPatient:
      return "PATIENT";
    case Sector::kPatientOrg:
      return "PATIENT_ORG";
    case Sector::kPrivate:
      return "PRIVATE";
    case Sector::kJobCentre:
      return "JOB_CENTRE";
    case Sector::kSocial:
      return "SOCIAL";
    case Sector::kUnknown:
      break;
  }
  return "UNKNOWN";
}

/// A row of an annual report: what the report states, and nothing that later ones added.
void fill_stated(const GoalProgressReported& said, const AnnualReport& report,
                 query::v1::Goal& out) {
  const CivilDate on = civil_date_of(report.occurred_at);
  out.set_area(said.area);
  out.set_organisation(report.organisation);
  out.set_owner(plain_text(said.owner));
  out.set_measurable_target(plain_text(said.measurable_target));
  if (said.deadline) out.set_deadline(date_text(*said.deadline));
  out.set_status(std::string(name_of(said.status)));
  out.set_evidence_link(plain_text(said.evidence_link));
  for (const std::string& point : said.measuring_points) {
    query::v1::MeasuringPoint& p = *out.add_measuring_points();
    p.set_text(plain_text(point));
    p.set_added_on(date_text(on));
  }
  out.set_evidence_missing(said.status == GoalStatus::kReached && out.evidence_link().empty());
  out.set_simulated(report.simulated);
}

}  // namespace

void fill_basis(const Rules& rules, const Reporting& reporting, const Visibility& visibility,
                query::v1::ReportBasis& out) {
  set_time(visibility.as_of, out.mutable_as_of_time());
  if (visibility.known_at != Instant::max()) {
    set_time(visibility.known_at, out.mutable_known_at_time());
  }
  fill_generation(rules, *out.mutable_rules());
  bool simulated = false;
  for (const GoalRow& row : reporting.goals) simulated = simulated || row.simulated;
  for (const AnnualReport& report : reporting.annual) simulated = simulated || report.simulated;
  for (const FinalAnswer& answer : reporting.answers) simulated = simulated || answer.simulated;
  out.set_includes_simulated(simulated);
  const ReportTally& tally = reporting.tally;
  out.set_records(tally.records);
  out.set_effective(tally.effective);
  out.set_superseded(tally.superseded);
  out.set_cancelled(tally.cancelled);
  out.set_duplicate(tally.duplicate);
  out.set_refused_count(tally.refused);
  for (const RefusedReport& refused : reporting.refused) {
    if (out.refused_size() == static_cast<int>(kMostRefused)) break;
    query::v1::RefusedReport& r = *out.add_refused();
    // A key that is no SOR id is whatever somebody wrote there; it goes no further.
    r.set_organisation(refused.refusal.reason == Reason::kUndecodable ||
                               refused.refusal.reason == Reason::kKeyMismatch ||
                               refused.refusal.reason == Reason::kSorFormat
                           ? std::string()
                           : refused.organisation);
    r.set_partition(refused.origin.partition);
    r.set_offset(refused.origin.offset);
    r.set_reason(std::string(slug(refused.refusal.reason)));
    r.set_sentence(refused.refusal.sentence);
  }
}

void fill_organisations(const Rules& rules, std::span<const std::string> sor_ids, CivilDate date,
                        google::protobuf::RepeatedPtrField<query::v1::Organisation>& out) {
  for (const std::string& id : sor_ids) {
    query::v1::Organisation& o = *out.Add();
    o.set_sor_id(id);
    o.set_sector("UNKNOWN");
    const Organisation* known = rules.organisation(id, date);
    if (known == nullptr) continue;
    o.set_name(known->name);
    o.set_sector(std::string(sector_text(known->sector)));
    o.set_municipality(municipality_text(known->municipality));
    o.set_region(known->region_code.empty()
                     ? std::string(rules.region_of(known->municipality, date))
                     : known->region_code);
  }
}

void fill_goal(const GoalRow& row, query::v1::Goal& out) {
  out.set_area(row.area);
  out.set_organisation(row.organisation);
  out.set_owner(row.owner);
  out.set_measurable_target(row.measurable_target);
  if (row.deadline) out.set_deadline(date_text(*row.deadline));
  out.set_status(std::string(name_of(row.status)));
  out.set_evidence_link(row.evidence_link);
  for (const MeasuringPoint& point : row.measuring_points) {
    query::v1::MeasuringPoint& p = *out.add_measuring_points();
    p.set_text(point.text);
    p.set_added_on(date_text(point.added_on));
    p.set_after_first_year(point.after_first_year);
  }
  for (const GoalStep& step : row.steps) {
    query::v1::GoalStep& s = *out.add_steps();
    s.set_on(date_text(step.on));
    s.set_status(std::string(name_of(step.status)));
    s.set_event_id(uuid_text(step.event_id));
    s.set_annual(step.annual);
  }
  out.set_overdue(row.overdue);
  out.set_evidence_missing(row.evidence_missing);
  out.set_simulated(row.simulated);
}

void fill_area(const GoalArea& area, std::span<const GoalRow> rows, query::v1::GoalArea& out) {
  out.set_number(area.number);
  out.set_title(std::string(area.title));
  out.set_danish_title(std::string(area.danish));
  out.set_plan_period(std::string(area.plan_period));
  for (const GoalRow& row : rows) {
    if (row.area == area.number) fill_goal(row, *out.add_goals());
  }
}

void fill_year(std::span<const AnnualReport> reports, query::v1::OrganisationYear& out) {
  out.set_organisation(reports.front().organisation);
  out.set_year(reports.front().said.year);
  for (const AnnualReport& report : reports) {
    query::v1::AnnualReport& r = *out.add_reports();
    r.set_event_id(uuid_text(report.event_id));
    r.set_source_system(report.source_system);
    r.set_source_message_id(report.source_message_id);
    r.set_source_version(report.source_version);
    set_time(report.occurred_at, r.mutable_occurred_time());
    set_time(report.recorded_at, r.mutable_recorded_time());
    for (const GoalProgressReported& row : report.said.progress) {
      fill_stated(row, report, *r.add_progress());
    }
    r.set_health_effects(report.said.health_effects);
    r.set_economic_effects(report.said.economic_effects);
    r.set_simulated(report.simulated);
  }
  const std::vector<SpendDocument> documents = spend_by_document(reports);
  for (const SpendDocument& document : documents) {
    query::v1::SpendDocument& d = *out.add_documents();
    d.set_document(document.document);
    for (const Spend& line : document.lines) {
      query::v1::SpendLine& l = *d.add_lines();
      l.set_purpose(line.purpose);
      l.set_amount_oere(line.amount_oere);
    }
    d.set_total_oere(document.total_oere);
    d.set_event_id(uuid_text(document.report));
  }
  for (std::string& purpose : disagreeing_purposes(documents)) {
    out.add_disagreeing_purposes(std::move(purpose));
  }
}

}  // namespace kronika::gateway
