#include "report_service.h"

#include "report_answer.h"

#include <iterator>
#include <set>

#include <kronika/domain/identity.h>
#include <kronika/gateway/errc.h>

namespace kronika::gateway {
namespace {

constexpr std::string_view kService = "kronika.query.v1.ReportService";

/// SOR ids of an answer, each once.
class Named {
 public:
  void add(const std::string& sor_id) { ids_.insert(sor_id); }
  [[nodiscard]] std::vector<std::string> list() const { return {ids_.begin(), ids_.end()}; }

 private:
  std::set<std::string> ids_;
};

}  // namespace

ReportService::ReportService(const ServerOptions& options, const Services& services)
    : options_(options),
      services_(services),
      lookup_(options, services),
      goals_(services.registry, kService, "ListGoals"),
      annual_(services.registry, kService, "GetAnnualDocumentation"),
      answers_(services.registry, kService, "ListFinalAnswers") {}

grpc::ServerUnaryReactor* ReportService::ListGoals(grpc::CallbackServerContext* context,
                                                   const query::v1::ListGoalsRequest* request,
                                                   query::v1::GoalRegister* response) {
  return serve(context, goals_, options_,
               [&](const Budget& budget) { return goals(*request, budget, *response); });
}

grpc::ServerUnaryReactor* ReportService::GetAnnualDocumentation(
    grpc::CallbackServerContext* context, const query::v1::GetAnnualDocumentationRequest* request,
    query::v1::AnnualDocumentation* response) {
  return serve(context, annual_, options_,
               [&](const Budget& budget) { return annual(*request, budget, *response); });
}

grpc::ServerUnaryReactor* ReportService::ListFinalAnswers(
    grpc::CallbackServerContext* context, const query::v1::ListFinalAnswersRequest* request,
    query::v1::FinalAnswers* response) {
  return serve(context, answers_, options_,
               [&](const Budget& budget) { return answers(*request, budget, *response); });
}

Result<std::vector<std::string>> ReportService::organisations(const std::string& named) const {
  if (domain::is_sor_id(named)) return std::vector<std::string>{named};
  const domain::Rules& rules = services_.rules;
  const bool region = std::any_of(rules.regions.begin(), rules.regions.end(),
                                  [&](const domain::Region& r) { return r.code == named; });
  const auto municipality = rules.municipality(named);
  if (!region && (!municipality.known || municipality.code == 0)) {
    return fail(code(Errc::kOrganisationMalformed),
                "organisation is a SOR id, or the code of a municipality or region");
  }
  Named ids;
  for (const domain::Organisation& o : rules.organisations) {
    if (region ? o.sector == domain::Sector::kRegion && o.region_code == named
               : o.sector == domain::Sector::kMunicipality && o.municipality == municipality.code) {
      ids.add(o.sor_id);
    }
  }
  return ids.list();
}

template <class Request>
Result<ReportService::Folded> ReportService::fold(const Request& request,
                                                  const Budget& budget) const {
  if (auto ok = check_caught_up(services_); !ok) return tl::unexpected(ok.error());
  const auto asked = lookup_.asked(request);
  if (!asked) return tl::unexpected(asked.error());
  std::vector<domain::ReportRecord> records;
  if (request.organisation().empty()) {
    auto all = services_.view.reports({});
    if (!all) return tl::unexpected(all.error());
    records = std::move(*all);
  } else {
    const auto ids = organisations(request.organisation());
    if (!ids) return tl::unexpected(ids.error());
    for (const std::string& id : *ids) {
      auto some = services_.view.reports(id);
      if (!some) return tl::unexpected(some.error());
      std::move(some->begin(), some->end(), std::back_inserter(records));
    }
  }
  if (auto ok = budget.check(); !ok) return tl::unexpected(ok.error());
  return Folded{domain::fold_reports(services_.rules, records, asked->visibility),
                asked->visibility};
}

Result<void> ReportService::goals(const query::v1::ListGoalsRequest& request, const Budget& budget,
                                  query::v1::GoalRegister& response) const {
  if (request.area() > domain::goal_areas().size()) {
    return fail(code(Errc::kGoalAreaUnknown), "area is 1 to 9, or 0 for all");
  }
  const auto folded = fold(request, budget);
  if (!folded) return tl::unexpected(folded.error());
  const auto& [reporting, visibility] = *folded;
  Named named;
  for (const domain::GoalArea& area : domain::goal_areas()) {
    if (request.area() != 0 && request.area() != area.number) continue;
    query::v1::GoalArea& out = *response.add_areas();
    fill_area(area, reporting.goals, out);
    for (const query::v1::Goal& goal : out.goals()) named.add(goal.organisation());
  }
  fill_organisations(services_.rules, named.list(), domain::civil_date_of(visibility.as_of),
                     *response.mutable_organisations());
  fill_basis(services_.rules, reporting, visibility, *response.mutable_basis());
  return {};
}

Result<void> ReportService::annual(const query::v1::GetAnnualDocumentationRequest& request,
                                   const Budget& budget,
                                   query::v1::AnnualDocumentation& response) const {
  if (request.organisation().empty()) {
    return fail(code(Errc::kOrganisationMalformed),
                "name the organisation: a SOR id, or the code of a municipality or region");
  }
  const auto folded = fold(request, budget);
  if (!folded) return tl::unexpected(folded.error());
  const auto& [reporting, visibility] = *folded;
  const std::span<const domain::AnnualReport> all = reporting.annual;
  Named named;
  for (std::size_t i = 0; i < all.size();) {
    std::size_t end = i + 1;
    while (end < all.size() && all[end].organisation == all[i].organisation &&
           all[end].said.year == all[i].said.year) {
      ++end;
    }
    if (request.year() == 0 || request.year() == all[i].said.year) {
      fill_year(all.subspan(i, end - i), *response.add_years());
      named.add(all[i].organisation);
    }
    i = end;
  }
  if (response.years_size() == 0) {
    return fail(code(Errc::kReportNone),
                "no annual documentation of this organisation (and year) is known");
  }
  for (const domain::GoalRow& row : reporting.goals) {
    fill_goal(row, *response.add_goals());
    named.add(row.organisation);
  }
  fill_organisations(services_.rules, named.list(), domain::civil_date_of(visibility.as_of),
                     *response.mutable_organisations());
  fill_basis(services_.rules, reporting, visibility, *response.mutable_basis());
  response.set_notice(std::string(kSpendNotice));
  return {};
}

Result<void> ReportService::answers(const query::v1::ListFinalAnswersRequest& request,
                                    const Budget& budget, query::v1::FinalAnswers& response) const {
  const auto folded = fold(request, budget);
  if (!folded) return tl::unexpected(folded.error());
  const auto& [reporting, visibility] = *folded;
  Named named;
  for (const domain::FinalQuestion& question : domain::final_questions()) {
    query::v1::FinalQuestion& out = *response.add_questions();
    out.set_section(std::string(question.section));
    out.set_title(std::string(question.title));
    out.set_danish_title(std::string(question.danish));
    for (const domain::FinalAnswer& answer : reporting.answers) {
      if (answer.section != question.section) continue;
      query::v1::FinalAnswer& a = *out.add_answers();
      a.set_organisation(answer.organisation);
      a.set_text(answer.text);
      a.set_on(domain::to_text(answer.on));
      a.set_event_id(uuid_text(answer.event_id));
      a.set_simulated(answer.simulated);
      named.add(answer.organisation);
    }
  }
  fill_organisations(services_.rules, named.list(), domain::civil_date_of(visibility.as_of),
                     *response.mutable_organisations());
  fill_basis(services_.rules, reporting, visibility, *response.mutable_basis());
  return {};
}

}  // namespace kronika::gateway
